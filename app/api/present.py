"""What each thing looks like in JSON: one function for each shape, every key written out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from app.models import Activity, ApiKey, Incident, Threat
from app.service import keys
from app.service.incidents import IncidentView, Item, LinkedThreat
from app.service.incidents.acts import read_back
from app.service.threats import ThreatView, Version


def time(value: datetime | None) -> str | None:
    """Return RFC 3339 in UTC with milliseconds and Z."""
    return None if value is None else value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def text(value: UUID | None) -> str | None:
    """Return an id's canonical form."""
    return None if value is None else str(value)


def coordinates(lat: float | None, lng: float | None) -> dict[str, float] | None:
    """Return WGS84 degrees, or None for a threat without a place."""
    return None if lat is None or lng is None else {"lat": lat, "lng": lng}


def incident(view: IncidentView) -> dict[str, Any]:
    """Return an incident with the links that the view holds, and the true number of them."""
    it: Incident = view.incident
    return {
        "id": str(it.id),
        "title": it.title,
        "status": it.status,
        "scope": it.scope,
        "threat_links": [threat_link(link) for link in view.links],
        "threat_link_count": it.link_count,
        "created_at": time(it.created_at),
        "updated_at": time(it.updated_at),
        "description": it.description,
        "started_at": time(it.started_at),
        "resolved_at": time(it.resolved_at),
        "area": it.area,
        "version": it.version,
        "merged_into_id": text(it.merged_into_id),
    }


def threat_link(link: LinkedThreat) -> dict[str, Any]:
    """Return a link with a summary of its threat."""
    return {
        "id": str(link.id),
        "threat_id": str(link.threat_id),
        "added_at": time(link.added_at),
        "threat": {
            "id": str(link.threat_id),
            "title": link.title,
            "severity": link.severity,
            "threat_type": link.threat_type,
            "location": link.location,
            "observed_at": time(link.observed_at),
            "coordinates": coordinates(link.lat, link.lng),
        },
    }


def activity_item(item: Item, incident_id: UUID) -> dict[str, Any]:
    """Return one item of the timeline of this incident."""
    act: Activity = item.act
    is_act = item.version is None
    return {
        "kind": item.kind,
        "at": time(item.at),
        "threat_id": text(item.threat_id),
        "link_id": text(item.link_id),
        "threat_version": item.version.number if item.version else None,
        "act_id": str(act.id) if is_act else None,
        "actor": act.actor_name,
        "edge": act.edge,
        "body": act.data.get("body"),
        "reason": act.data.get("reason"),
        "undoes_act_id": text(act.undoes_id),
        "changes": changes(act, incident_id) if item.link_id is None and is_act else [],
    }


def changes(act: Activity, incident_id: UUID) -> list[dict[str, Any]]:
    """Return what an act changed of this incident; times are written as everywhere, and what is for Cordon itself is left out."""
    told = act.data.get("changes", {}).get(str(incident_id), {})
    return [
        {"field": field, "before": _again(field, before), "after": _again(field, after)}
        for field, (before, after) in told.items()
        if field != "started_at_is_set"
    ]


def _again(field: str, kept: Any) -> Any:
    value = read_back(field, kept)
    return time(value) if isinstance(value, datetime) else kept


def version(it: Version) -> dict[str, Any]:
    """Return one version of a threat, with what it changed in words."""
    return {
        "number": it.number,
        "at": time(it.at),
        "actor": it.actor,
        "edge": it.edge,
        "act_id": str(it.act_id),
        "differences": [
            {"field": each.field, "label": each.label, "before": each.before, "after": each.after} for each in it.differences
        ],
    }


def whole_threat(view: ThreatView, same_as: list[UUID], area: str | None) -> dict[str, Any]:
    """Return one threat, with what only the answer about it alone tells; `area` is GeoJSON in text."""
    return {**threat(view), "same_as": [str(other_id) for other_id in same_as], "area": area and orjson.loads(area)}


def threat(view: ThreatView) -> dict[str, Any]:
    """Return a threat. Its developments are its versions after the first."""
    it: Threat = view.threat
    developed = it.version_count > 1
    return {
        "id": str(it.id),
        "title": it.title,
        "severity": it.severity,
        "status": it.status,
        "pinned": it.pinned,
        "created_at": time(it.created_at),
        "updated_at": time(it.updated_at),
        "attribution_types": it.attribution_types,
        "sources": it.sources,
        "affected_assets": it.affected_assets,
        "version_count": it.version_count,
        "development_count": it.version_count - 1,
        "description": it.description,
        "threat_rationale": it.threat_rationale,
        "threat_type": it.threat_type,
        "location": it.location,
        "location_country": it.location_country,
        "coordinates": coordinates(it.lat, it.lng),
        "observed_at": time(it.observed_at),
        "expires_at": time(it.expires_at),
        "likelihood": it.likelihood,
        "impact_severity": it.impact_severity,
        "risk_score": it.risk_score,
        "risk_level": it.risk_level,
        "likelihood_rationale": it.likelihood_rationale,
        "impact_rationale": it.impact_rationale,
        "dismissal_reason": it.dismissal_reason,
        "location_precision_level": it.location_precision_level,
        "location_uncertainty_km": it.location_uncertainty_km,
        "last_version_at": time(it.last_version_at),
        "latest_development_title": it.title if developed else None,
        "source": it.source,
        "external_id": it.external_id,
        "url": it.url,
        "incident_ids": [str(incident_id) for incident_id in view.incident_ids],
    }


def key(row: ApiKey, at: datetime) -> dict[str, Any]:
    """Return an API key as it stands at a time, without anything that would let one use it."""
    return {
        "id": str(row.id),
        "name": row.name,
        "prefix": row.prefix,
        "last4": row.last4,
        "state": keys.state(row, at),
        "scopes": row.scopes,
        "networks": row.networks or [],
        "created_at": time(row.created_at),
        "expires_at": time(row.expires_at),
        "last_used_at": time(row.last_used_at),
        "last_used_from": row.last_used_from,
        "refused_at": time(row.refused_at),
        "refused_from": row.refused_from,
        "revoked_at": time(row.revoked_at),
        "successor_id": text(row.successor_id),
    }


def new_key(row: ApiKey, secret: str, at: datetime) -> dict[str, Any]:
    """Return an API key that was just made, with the key itself."""
    return {**key(row, at), "key": secret, "key_withheld": False}
