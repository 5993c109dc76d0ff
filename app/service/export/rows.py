"""What each row is made of, every name written out: the names of the API."""

from __future__ import annotations

from typing import Any

from app.models import Incident, Threat
from app.service.export.table import Row, time

UNUSED = {"tenant_id", "status_is_set", "source_updated_at", "started_at_is_set", "deleted_at", "merged_into_id"}
THREAT_COLUMNS = [column for column in Threat.__table__.columns if column.name not in UNUSED]
INCIDENT_COLUMNS = [column for column in Incident.__table__.columns if column.name not in UNUSED]


def threat(it: Any, incident_ids: list[str]) -> Row:
    """Return a threat under the API's names."""
    return {
        "id": str(it.id),
        "title": it.title,
        "severity": it.severity,
        "status": it.status,
        "pinned": it.pinned,
        "threat_type": it.threat_type,
        "description": it.description,
        "observed_at": time(it.observed_at),
        "expires_at": time(it.expires_at),
        "location": it.location,
        "location_country": it.location_country,
        "coordinates": None if it.lat is None else {"lat": it.lat, "lng": it.lng},
        "location_precision_level": it.location_precision_level,
        "location_uncertainty_km": it.location_uncertainty_km,
        "risk_score": it.risk_score,
        "risk_level": it.risk_level,
        "likelihood": it.likelihood,
        "likelihood_rationale": it.likelihood_rationale,
        "impact_severity": it.impact_severity,
        "impact_rationale": it.impact_rationale,
        "threat_rationale": it.threat_rationale,
        "dismissal_reason": it.dismissal_reason,
        "attribution_types": it.attribution_types,
        "sources": it.sources,
        "affected_assets": it.affected_assets,
        "source": it.source,
        "external_id": it.external_id,
        "url": it.url,
        "incident_ids": incident_ids,
        "created_at": time(it.created_at),
        "updated_at": time(it.updated_at),
        "last_version_at": time(it.last_version_at),
        "version_count": it.version_count,
        "development_count": it.version_count - 1,
        "latest_development_title": it.title if it.version_count > 1 else None,
    }


def incident(it: Any, place: dict[str, float] | None) -> Row:
    """Return an incident under the API's names, without its links; `coordinates` is the middle of its threats."""
    return {
        "id": str(it.id),
        "title": it.title,
        "status": it.status,
        "scope": it.scope,
        "description": it.description,
        "started_at": time(it.started_at),
        "resolved_at": time(it.resolved_at),
        "threat_link_count": it.link_count,
        "coordinates": place,
        "area": it.area,
        "created_at": time(it.created_at),
        "updated_at": time(it.updated_at),
        "version": it.version,
    }
