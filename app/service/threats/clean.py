"""The rules for a threat as a source states it, the same for a file, the API and a form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np

from app.errors import Faults
from app.feeds.record import Record
from app.geo.countries import countries_at
from app.models.threat import SHORT_TEXT_MAX, TEXT_MAX, THREAT_TITLE_MAX, URL_MAX
from app.service import rules
from app.service.rules import is_plain
from app.terms import Precision, Severity, ThreatStatus

LIST_MAX = 50
UNCERTAINTY_MAX_KM = 20_040
"""Half the Earth's circumference."""
TEXTS = (
    ("source", SHORT_TEXT_MAX, "Say which source this comes from."),
    ("external_id", SHORT_TEXT_MAX, "Give the id that the source knows this by."),
    ("title", THREAT_TITLE_MAX, "Enter a title."),
    ("description", TEXT_MAX, ""),
    ("threat_type", SHORT_TEXT_MAX, ""),
    ("threat_rationale", TEXT_MAX, ""),
    ("location", THREAT_TITLE_MAX, ""),
    ("likelihood", SHORT_TEXT_MAX, ""),
    ("impact_severity", SHORT_TEXT_MAX, ""),
    ("risk_level", SHORT_TEXT_MAX, ""),
    ("likelihood_rationale", TEXT_MAX, ""),
    ("impact_rationale", TEXT_MAX, ""),
)
"""Name, most characters, and how it is asked for where it may not be absent."""
NUMBERS = (
    ("lat", -90, 90, "Latitude"),
    ("lng", -180, 180, "Longitude"),
    ("location_uncertainty_km", 0, UNCERTAINTY_MAX_KM, "Uncertainty in km"),
    ("risk_score", -1e9, 1e9, "Risk score"),
)
TERMS: tuple[tuple[str, type[StrEnum]], ...] = (
    ("severity", Severity),
    ("status", ThreatStatus),
    ("location_precision_level", Precision),
)
TIMES = ("observed_at", "expires_at", "source_updated_at")
LISTS = ("aliases", "replaces", "attribution_types", "sources")
NOTHING: dict[str, Any] = dict.fromkeys([*(text[0] for text in TEXTS), *(number[0] for number in NUMBERS), "url"])
NOTHING |= dict.fromkeys(name for name, _ in TERMS)


def clean(record: Record, at: str, faults: Faults) -> dict[str, Any]:
    """Return the record's values after our rules; an empty dictionary if one is broken, which `faults` then names."""
    before = len(faults)
    values = dict(NOTHING)
    _add_texts(values, record, at, faults)
    if (record.lat is None) != (record.lng is None):
        faults.add(f"{at}.coordinates", "field_invalid", "Give both latitude and longitude, or neither.")
    for name, low, high, what in NUMBERS:
        said = getattr(record, name)
        if said is not None:
            field = f"{at}.coordinates.{name}" if name in {"lat", "lng"} else f"{at}.{name}"
            values[name] = rules.number(said, field, faults, low=low, high=high, what=what)
    for name, terms in TERMS:
        said = getattr(record, name)
        if said is not None:
            values[name] = rules.term(said, terms, f"{at}.{name}", faults)
    values |= {name: _time(getattr(record, name)) for name in TIMES}
    values |= {name: _listed(said, f"{at}.{name}", faults) if (said := getattr(record, name)) else [] for name in LISTS}
    if values["aliases"]:
        values["aliases"] = sorted(set(values["aliases"]) - {values["external_id"]})
    values["is_end"] = record.is_end
    values["location_country"] = rules.country(record.location_country, f"{at}.location_country", faults)
    values["affected_assets"] = _assets(record, f"{at}.affected_assets", faults) if record.affected_assets else []
    if record.url:
        values["url"] = rules.web_address(record.url, f"{at}.url", faults, maximum=URL_MAX)
    return values if len(faults) == before else {}


def _add_texts(values: dict[str, Any], record: Record, at: str, faults: Faults) -> None:
    for name, maximum, required in TEXTS:
        said = getattr(record, name)
        if said is not None or required:
            is_fit = said and is_plain(said, maximum)
            values[name] = said if is_fit else rules.text(said, f"{at}.{name}", faults, maximum=maximum, required=required)


def _listed(items: Sequence[str], at: str, faults: Faults) -> list[str]:
    if len(items) > LIST_MAX:
        faults.add(at, "field_invalid", f"Give at most {LIST_MAX}; this has {len(items):,}.")
        return []
    return [
        rules.text(item, f"{at}[{i}]", faults, maximum=SHORT_TEXT_MAX, required="Give some text.") or ""
        for i, item in enumerate(items)
    ]


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
    if open_ones:
        found = countries_at(np.array([row["lat"] for row in open_ones]), np.array([row["lng"] for row in open_ones]))
        for row, country in zip(open_ones, found, strict=True):
            row["location_country"] = country
