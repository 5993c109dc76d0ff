"""The versions of a threat, each with what it changed in words for a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db
from app.errors import NotFound
from app.models import Activity, Threat, ThreatVersion
from app.service.actor import Actor, guarded, owned
from app.service.query import Page
from app.service.threats.withheld import visible
from app.terms import Edge, Permission

ABSENT = "nothing"


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that a version changed, its label, and how it was and is, in words; `nothing` where it was or is empty."""

    field: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    """A version: number 1 is the threat's arrival and has no differences. `actor` is the name of who or what brought it."""

    number: int
    at: datetime
    actor: str
    edge: Edge
    act_id: UUID
    differences: list[Difference]


@guarded(Permission.THREATS_READ)
def versions(actor: Actor, threat_id: UUID, limit: int = 50, offset: int = 0) -> Page[Version]:
    """Return a page of the threat's versions, oldest first, and their true number. Raises NotFound."""
    threat = db.session.scalar(sa.select(Threat).where(owned(actor, Threat), visible(actor), Threat.id == threat_id))
    if threat is None:
        raise NotFound("threat")
    its = sa.and_(owned(actor, ThreatVersion), ThreatVersion.threat_id == threat_id)
    rows = db.session.execute(
        sa.select(ThreatVersion.number, ThreatVersion.at, ThreatVersion.act_id, ThreatVersion.changes)
        .add_columns(Activity.actor_name, Activity.edge)
        .join(Activity, sa.and_(Activity.tenant_id == ThreatVersion.tenant_id, Activity.id == ThreatVersion.act_id))
        .where(its)
        .order_by(ThreatVersion.number)
        .limit(limit)
        .offset(offset)
    ).all()
    total = db.session.scalar(sa.select(sa.func.count()).select_from(ThreatVersion).where(its)) or 0
    changes = {row.number: row.changes for row in rows}
    if any(("lat" in change) != ("lng" in change) for change in changes.values()):
        changes = _with_whole_places(actor, threat, changes)
    found = [Version(row.number, row.at, row.actor_name, row.edge, row.act_id, differences(changes[row.number])) for row in rows]
    return Page(found, total, None)


def differences(changes: dict[str, Any]) -> list[Difference]:
    """Return a version's changes (field to before and after, as kept in JSON) in words, latitude and longitude as one."""
    told = dict(changes)
    if "lat" in told and "lng" in told:
        pairs = zip(told.pop("lat"), told.pop("lng"), strict=True)
        told["coordinates"] = [None if lat is None or lng is None else (lat, lng) for lat, lng in pairs]
    return [
        Difference(name, LABELS.get(name, _label(name)), *(_words(name, value) for value in told[name]))
        for name in sorted(told, key=_place)
    ]


def _with_whole_places(actor: Actor, threat: Threat, changes: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Add the longitude to versions that changed the latitude alone, and the other way round, going back from the present."""
    at = {"lat": threat.lat, "lng": threat.lng}
    rows = db.session.execute(
        sa.select(ThreatVersion.number, ThreatVersion.changes)
        .where(owned(actor, ThreatVersion), ThreatVersion.threat_id == threat.id, ThreatVersion.number >= min(changes))
        .order_by(ThreatVersion.number.desc())
    )
    whole: dict[int, dict[str, Any]] = {}
    for number, change in rows:
        moved = at.keys() & change.keys()
        if number in changes:
            whole[number] = {**{name: [at[name], at[name]] for name in at if moved}, **change}
        for name in moved:
            at[name] = change[name][0]
    return whole


def _words(name: str, value: Any) -> str:
    if value is None or value in ("", []):
        return ABSENT
    say = WORDS.get(name)
    return say(value) if say else str(value)


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _place(name: str) -> tuple[int, str]:
    """Return where a field comes among the differences: the known ones in the order of LABELS."""
    return (list(LABELS).index(name) if name in LABELS else len(LABELS), name)


def _time(value: str) -> str:
    time = datetime.fromisoformat(value).astimezone(UTC)
    exact = "%H:%M:%S" if time.second or time.microsecond else "%H:%M"
    milliseconds = f".{time.microsecond // 1000:03}" if time.microsecond else ""
    return f"{time.strftime(f'%Y-%m-%d {exact}')}{milliseconds} UTC"


def _number(value: float) -> str:
    return str(value).removesuffix(".0")


def _asset(asset: dict[str, Any]) -> str:
    """Return an asset as its name, or its id, with how far away it is."""
    name, distance = str(asset.get("asset_name") or asset.get("asset_id")), asset.get("distance_km")
    return name if distance is None else f"{name} ({_number(distance)} km)"


# Fields in the order in which a person wants to hear of them, with their labels.
LABELS = {
    "title": "Title",
    "severity": "Severity",
    "status": "Status",
    "dismissal_reason": "Reason for dismissal",
    "pinned": "Pinned",
    "threat_type": "Type",
    "description": "Description",
    "observed_at": "Observed at",
    "expires_at": "Expires at",
    "location": "Place",
    "location_country": "Country",
    "coordinates": "Coordinates",
    "location_precision_level": "Precision of the place",
    "location_uncertainty_km": "Uncertainty of the place",
    "risk_score": "Risk score",
    "risk_level": "Risk level",
    "likelihood": "Likelihood",
    "likelihood_rationale": "Rationale of the likelihood",
    "impact_severity": "Severity of the impact",
    "impact_rationale": "Rationale of the impact",
    "threat_rationale": "Rationale",
    "attribution_types": "Attribution",
    "sources": "Sources",
    "affected_assets": "Affected assets",
    "url": "Web address",
}
# How values that are not text already are said.
WORDS: dict[str, Callable[[Any], str]] = {
    "severity": str.capitalize,
    "status": str.capitalize,
    "pinned": lambda value: "yes" if value else "no",
    "observed_at": _time,
    "expires_at": _time,
    "coordinates": lambda value: ", ".join(_number(part) for part in value),
    "location_precision_level": str.capitalize,
    "location_uncertainty_km": lambda value: f"{_number(value)} km",
    "risk_score": _number,
    "attribution_types": ", ".join,
    "sources": ", ".join,
    "affected_assets": lambda value: ", ".join(_asset(asset) for asset in value),
}
