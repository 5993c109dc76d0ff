"""What every parser yields: records and problems, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True, kw_only=True)  # making a frozen one takes four times as long
class Record:
    """One threat as its source tells it, before any rule of ours was applied. It is never changed.

    Text is as found (trimmed); times are aware datetimes in UTC; `lat` and `lng` are WGS84 degrees. The values may break our
    rules (a latitude of 95): the threat service checks them, so that a file, a form and the API hear the same words.

    `source` and `external_id` are the identity; `aliases` are further ids under which the same source knows the same event.
    `replaces` are ids of earlier statements that this one takes the place of: it is told of the first threat that goes by
    one of its ids, and others among them end. With `is_end` the record says only that the threats which go by its ids are
    over, at `expires_at` or else at `source_updated_at`; all else that was said of them stands.
    `area` is a GeoJSON Polygon or MultiPolygon (lng, lat; rings closed) of what is more than a point, in full detail; `lat` and
    `lng` then say its middle, the uncertainty its reach. `references` are ids beyond the source, after a colon and the name of
    whose ids they are (`glide:EQ-2026-000001-TUR`, `usgs:us6000pi9w`). `raw` gives the record as the source wrote it, in
    text; it is called only for what is new or changed.
    `source_updated_at` is the source's own stamp of this version. `row` is where the record stands in the file, from 1:
    the line for CSV, the ordinal for features and items.
    """

    row: int
    source: str
    external_id: str
    title: str
    severity: str | None = None
    status: str | None = None
    description: str | None = None
    threat_type: str | None = None
    threat_rationale: str | None = None
    location: str | None = None
    location_country: str | None = None
    lat: float | None = None
    lng: float | None = None
    location_precision_level: str | None = None
    location_uncertainty_km: float | None = None
    observed_at: datetime | None = None
    expires_at: datetime | None = None
    source_updated_at: datetime | None = None
    likelihood: str | None = None
    impact_severity: str | None = None
    risk_score: float | None = None
    risk_level: str | None = None
    likelihood_rationale: str | None = None
    impact_rationale: str | None = None
    url: str | None = None
    aliases: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    is_end: bool = False
    sources: tuple[str, ...] = ()
    attribution_types: tuple[str, ...] = ()
    affected_assets: tuple[dict[str, Any], ...] = ()
    references: tuple[str, ...] = ()
    area: dict[str, Any] | None = None
    raw: Callable[[], str] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that could not become a record, and why, in a sentence for a person."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that is no threat of its own though nothing is wrong with it, and what it is, in the plural: "exercises"."""

    row: int
    reason: str


Item = Record | Problem | LeftOut
