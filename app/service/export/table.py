"""What is exported: rows of plain values under the API's names, and what a writer has to know of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.service.threats.withheld import NAMES

Row = dict[str, Any]
"""Text, numbers, flags, lists and objects, as JSON has them; times as RFC 3339 in UTC; `coordinates` with lat and lng."""

Chunks = Iterable[list[Row]]


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of rows: what they are called, their fields in order, and which one says when a row happened."""

    kind: str
    fields: tuple[str, ...]
    when: str


THREATS = Table(
    "threats",
    (
        "id",
        "title",
        "severity",
        "status",
        "pinned",
        "threat_type",
        "description",
        "observed_at",
        "expires_at",
        "location",
        "location_country",
        "coordinates",
        "location_precision_level",
        "location_uncertainty_km",
        "risk_score",
        "risk_level",
        "likelihood",
        "likelihood_rationale",
        "impact_severity",
        "impact_rationale",
        "threat_rationale",
        "dismissal_reason",
        "attribution_types",
        "sources",
        "affected_assets",
        "source",
        "external_id",
        "url",
        "incident_ids",
        "created_at",
        "updated_at",
        "last_version_at",
        "version_count",
        "development_count",
        "latest_development_title",
    ),
    "observed_at",
)
INCIDENTS = Table(
    "incidents",
    (
        "id",
        "title",
        "status",
        "scope",
        "description",
        "started_at",
        "resolved_at",
        "threat_link_count",
        "coordinates",
        "area",
        "created_at",
        "updated_at",
        "version",
    ),
    "started_at",
)


def time(value: datetime | None) -> str | None:
    """Return RFC 3339 in UTC with milliseconds and Z."""
    return None if value is None else value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def withheld_words(number: int) -> str:
    """Say how many rows a file goes without, and why; nothing for none."""
    names = " and ".join(NAMES.values())
    return (
        f"Without {number:,} threat{'' if number == 1 else 's'} of {names}, whose terms forbid passing them on." if number else ""
    )


def geometry(row: Row) -> dict[str, Any] | None:
    """Return where a row lies as GeoJSON: its area, or its coordinates; None for one without a place."""
    if row.get("area"):
        area: dict[str, Any] = row["area"]
        return area
    place = row["coordinates"]
    return place and {"type": "Point", "coordinates": [place["lng"], place["lat"]]}
