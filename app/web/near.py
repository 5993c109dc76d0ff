"""Selecting without a map: everything within so many kilometres of a place, or everything that matches, by fields of the tray."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.errors import Faults
from app.geo.circle import Circle
from app.service import threats
from app.service.actor import Actor
from app.service.rules import CANONICAL_UUID
from app.web.lists import ListQuery
from app.web.reading import Pairs, first, printable

KM = "25"
"""What the field says until someone changes it."""
BY_WORD = {"latitude": "near_lat", "longitude": "near_lng"}


@dataclass(frozen=True, slots=True)
class Near:
    """The fields as they were written."""

    lat: str = ""
    lng: str = ""
    km: str = KM
    is_open: bool = False


def fields(actor: Actor, pairs: Pairs) -> Near:
    """Return what the fields say; a row's button puts its threat's place into them."""
    lat, lng, km = (printable(first(pairs, name)) for name in ("near_lat", "near_lng", "near_km"))
    of = first(pairs, "near_threat") or ""
    if CANONICAL_UUID.fullmatch(of):
        for threat in threats.some(actor, [UUID(of)]):
            if threat.lat is not None:
                lat, lng = f"{threat.lat:.5f}", f"{threat.lng:.5f}"
    step = first(pairs, "step") or ""
    return Near(lat, lng, km or KM, bool(of) or step.endswith("_near"))


def step_of(pairs: Pairs, query: ListQuery, faults: Faults) -> dict[str, Any] | None:
    """Return the step that the button which was pressed makes, with the filters in force; None for no such button."""
    op, _, what = (first(pairs, "step") or "").partition("_")
    if op not in {"add", "take"} or what not in {"near", "all"}:
        return None
    if len(query.faults):
        faults.add("selection", "field_invalid", "A filter can't be used, so nothing was selected.")
        return None
    step: dict[str, Any] = {"op": op, "filters": frozen(query)}
    if what == "all":
        return step
    circle = _circle(pairs, faults)
    if circle is None:
        return None
    center = {"lat": circle.lat, "lng": circle.lng}
    return {**step, "area": {"center": center, "radius_km": circle.radius_km}}


def _circle(pairs: Pairs, faults: Faults) -> Circle | None:
    numbers = []
    for name, what in (("near_lat", "latitude"), ("near_lng", "longitude"), ("near_km", "distance in km")):
        try:
            numbers.append(float((first(pairs, name) or "").replace(",", ".")))
        except ValueError:
            faults.add(name, "field_invalid", f"Give the {what} as a number.")
    if len(numbers) < 3:
        return None
    try:
        return Circle(*numbers)
    except ValueError as error:
        words = str(error)
        name = next((name for what, name in BY_WORD.items() if what in words), "near_km")
        faults.add(name, "field_invalid", words)
        return None


def frozen(query: ListQuery) -> dict[str, str | list[str]]:
    """Return the filters in force as a step keeps them: what is counted from now or the last visit begins at a time."""
    filters: dict[str, str | list[str]] = {}
    for name, value in query.pairs:
        if name not in query.values or name in {"sort", "cursor"}:
            continue
        kept = filters.get(name)
        filters[name] = value if kept is None else [*([kept] if isinstance(kept, str) else kept), value]
    for name in ("observed_from", "arrived_from"):
        start = query.values.get(name)
        if isinstance(start, datetime):
            filters[name] = start.isoformat()
    return filters
