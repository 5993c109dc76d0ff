"""The rules for a threat as a source states it, the same for a file, the API and a form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from app.errors import Faults
from app.feeds.record import Record
from app.models.threat import SHORT_TEXT_MAX, TEXT_MAX, THREAT_TITLE_MAX, URL_MAX
from app.service import rules
from app.service.rules import is_plain
from app.terms import Precision, Severity, ThreatStatus

LIST_MAX = 50
UNCERTAINTY_MAX_KM = 20_040
"""Half the Earth's circumference."""


def clean(record: Record, at: str, faults: Faults) -> dict[str, Any]:
    """Return the record's values after our rules; an empty dictionary if one is broken, which `faults` then names."""
    before = len(faults)

    # Paths are made for what needs a closer look only: most values are absent or plain.
    def text(name: str, maximum: int, required: str = "") -> str | None:
        value: str | None = getattr(record, name)
        if value is None and not required:
            return None
        if value and is_plain(value, maximum):
            return value
        return rules.text(value, f"{at}.{name}", faults, maximum=maximum, required=required)

    def listed(name: str) -> list[str]:
        items = getattr(record, name)
        if len(items) > LIST_MAX:
            faults.add(f"{at}.{name}", "field_invalid", f"Give at most {LIST_MAX}; this has {len(items):,}.")
            return []
        return [
            rules.text(item, f"{at}.{name}[{i}]", faults, maximum=SHORT_TEXT_MAX, required="Give some text.") or ""
            for i, item in enumerate(items)
        ]

    def number(name: str, low: float, high: float, what: str) -> float | None:
        value: float | None = getattr(record, name)
        if value is None:
            return None
        field = f"{at}.coordinates.{name}" if name in {"lat", "lng"} else f"{at}.{name}"
        return rules.number(value, field, faults, low=low, high=high, what=what)

    if (record.lat is None) != (record.lng is None):
        faults.add(f"{at}.coordinates", "field_invalid", "Give both latitude and longitude, or neither.")
    values = {
        "source": text("source", SHORT_TEXT_MAX, "Say which source this comes from."),
        "external_id": text("external_id", SHORT_TEXT_MAX, "Give the id that the source knows this by."),
        "aliases": sorted(set(listed("aliases")) - {(record.external_id or "").strip()}) if record.aliases else [],
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
        "lat": number("lat", -90, 90, "Latitude"),
        "lng": number("lng", -180, 180, "Longitude"),
        "location_precision_level": rules.term(
            record.location_precision_level, Precision, f"{at}.location_precision_level", faults
        ),
        "location_uncertainty_km": number("location_uncertainty_km", 0, UNCERTAINTY_MAX_KM, "Uncertainty in km"),
        "observed_at": _time(record.observed_at),
        "expires_at": _time(record.expires_at),
        "likelihood": text("likelihood", SHORT_TEXT_MAX),
        "impact_severity": text("impact_severity", SHORT_TEXT_MAX),
        "risk_score": number("risk_score", -1e9, 1e9, "Risk score"),
        "risk_level": text("risk_level", SHORT_TEXT_MAX),
        "likelihood_rationale": text("likelihood_rationale", TEXT_MAX),
        "impact_rationale": text("impact_rationale", TEXT_MAX),
        "attribution_types": listed("attribution_types"),
        "sources": listed("sources"),
        "affected_assets": _assets(record, f"{at}.affected_assets", faults) if record.affected_assets else [],
        "url": rules.web_address(record.url, f"{at}.url", faults, maximum=URL_MAX) if record.url else None,
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
    return value.replace(microsecond=value.microsecond // 1000 * 1000) if value and value.microsecond % 1000 else value


def fill_countries(rows: Sequence[dict[str, Any]]) -> None:
    """Set the country of clean values without one to that of their coordinates, unless these stand for a whole country."""
    open_ones = [
        row
        for row in rows
        if row["location_country"] is None and row["lat"] is not None and row["location_precision_level"] is not Precision.COUNTRY
    ]
    try:
        from app.geo.countries import countries_at  # noqa: PLC0415
    except ImportError:
        return
    if open_ones:
        found = countries_at(np.array([row["lat"] for row in open_ones]), np.array([row["lng"] for row in open_ones]))
        for row, country in zip(open_ones, found, strict=True):
            row["location_country"] = country
