"""The rules for a threat as a source states it, the same for a file, the API and a form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.errors import Faults
from app.feeds.record import Record
from app.models.threat import SHORT_TEXT_MAX, TEXT_MAX, THREAT_TITLE_MAX, URL_MAX
from app.service import rules
from app.terms import Precision, Severity, ThreatStatus

LIST_MAX = 50
UNCERTAINTY_MAX_KM = 20_040
"""Half the Earth's circumference."""


def clean(record: Record, at: str, faults: Faults) -> dict[str, Any]:
    """Return the record's values after our rules; an empty dictionary if one is broken, which `faults` then names."""
    before = len(faults)

    def text(name: str, maximum: int, required: str = "") -> str | None:
        return rules.text(getattr(record, name), f"{at}.{name}", faults, maximum=maximum, required=required)

    def listed(name: str) -> list[str]:
        items = getattr(record, name)
        if len(items) > LIST_MAX:
            faults.add(f"{at}.{name}", "field_invalid", f"Give at most {LIST_MAX}; this has {len(items):,}.")
            return []
        return [
            rules.text(item, f"{at}.{name}[{i}]", faults, maximum=SHORT_TEXT_MAX, required="Give some text.") or ""
            for i, item in enumerate(items)
        ]

    if (record.lat is None) != (record.lng is None):
        faults.add(f"{at}.coordinates", "field_invalid", "Give both latitude and longitude, or neither.")
    values = {
        "source": text("source", SHORT_TEXT_MAX, "Say which source this comes from."),
        "external_id": text("external_id", SHORT_TEXT_MAX, "Give the id that the source knows this by."),
        "aliases": sorted(set(listed("aliases")) - {(record.external_id or "").strip()}),
        "replaces": listed("replaces"),
        "is_end": record.is_end,
        "title": text("title", THREAT_TITLE_MAX, "Enter a title."),
        "severity": rules.term(record.severity, Severity, f"{at}.severity", faults),
        "status": rules.term(record.status, ThreatStatus, f"{at}.status", faults),
        "description": text("description", TEXT_MAX),
        "threat_type": text("threat_type", SHORT_TEXT_MAX),
        "threat_rationale": text("threat_rationale", TEXT_MAX),
        "location": text("location", THREAT_TITLE_MAX),
        "location_country": rules.country(record.location_country, f"{at}.location_country", faults),
        "lat": rules.number(record.lat, f"{at}.coordinates.lat", faults, low=-90, high=90, what="Latitude"),
        "lng": rules.number(record.lng, f"{at}.coordinates.lng", faults, low=-180, high=180, what="Longitude"),
        "location_precision_level": rules.term(
            record.location_precision_level, Precision, f"{at}.location_precision_level", faults
        ),
        "location_uncertainty_km": rules.number(
            record.location_uncertainty_km,
            f"{at}.location_uncertainty_km",
            faults,
            low=0,
            high=UNCERTAINTY_MAX_KM,
            what="Uncertainty in km",
        ),
        "observed_at": _time(record.observed_at),
        "expires_at": _time(record.expires_at),
        "likelihood": text("likelihood", SHORT_TEXT_MAX),
        "impact_severity": text("impact_severity", SHORT_TEXT_MAX),
        "risk_score": rules.number(record.risk_score, f"{at}.risk_score", faults, low=-1e9, high=1e9, what="Risk score"),
        "risk_level": text("risk_level", SHORT_TEXT_MAX),
        "likelihood_rationale": text("likelihood_rationale", TEXT_MAX),
        "impact_rationale": text("impact_rationale", TEXT_MAX),
        "attribution_types": listed("attribution_types"),
        "sources": listed("sources"),
        "affected_assets": _assets(record, f"{at}.affected_assets", faults),
        "url": rules.web_address(record.url, f"{at}.url", faults, maximum=URL_MAX),
        "source_updated_at": _time(record.source_updated_at),
    }
    return values if len(faults) == before else {}


def _assets(record: Record, at: str, faults: Faults) -> list[dict[str, Any]]:
    """Return the assets the source says are near, each with asset_id, asset_name, asset_type and distance_km."""
    if len(record.affected_assets) > LIST_MAX:
        faults.add(at, "field_invalid", f"Give at most {LIST_MAX}; this has {len(record.affected_assets):,}.")
        return []
    assets = []
    for i, asset in enumerate(record.affected_assets):
        own = f"{at}[{i}]"
        text = {
            name: rules.text(asset.get(name), f"{own}.{name}", faults, maximum=SHORT_TEXT_MAX, required=required)
            for name, required in (("asset_id", "Give the asset's id."), ("asset_name", ""), ("asset_type", ""))
        }
        distance = rules.number(
            asset.get("distance_km"),
            f"{own}.distance_km",
            faults,
            low=0,
            high=UNCERTAINTY_MAX_KM,
            what="Distance in km",
        )
        assets.append({**text, "distance_km": distance})
    return assets


def _time(value: datetime | None) -> datetime | None:
    """Cut a time to the milliseconds that the database keeps, so that the same file twice compares equal."""
    return value and value.replace(microsecond=value.microsecond // 1000 * 1000)
