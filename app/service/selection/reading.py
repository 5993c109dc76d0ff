"""Reading selections from JSON, the same for the desk and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.errors import Faults
from app.geo import outline
from app.geo.box import Box
from app.geo.cells import Cells
from app.geo.circle import Circle
from app.geo.polygon import Polygon
from app.index.question import Shape
from app.service import query, rules, threats
from app.service.selection.steps import Selection, Step

STEPS_MAX = 100
FILTER_SETS_MAX = 20
IDS_MAX = 10_000
PARAMS = {param.name: param for param in threats.FILTERS}
NAME_MAX = 100
AREA_WORDS = "Give a GeoJSON Polygon or MultiPolygon, a center with radius_km, or a bbox of 4 numbers."


def read_steps(text: str, faults: Faults, at: str = "selection") -> Selection:
    """Read the steps that the desk keeps in its form. What can't be read is a fault under `at`."""
    try:
        values = orjson.loads(text or "[]")
    except orjson.JSONDecodeError:
        faults.add(at, "field_invalid", "The selection can't be read.")
        return Selection()
    if not isinstance(values, list) or len(values) > STEPS_MAX:
        faults.add(at, "field_invalid", f"A selection is a list of at most {STEPS_MAX} steps.")
        return Selection()
    steps = tuple(_step(value, f"{at}[{i}]", faults) for i, value in enumerate(values))
    # Each set of filters is a search over all threats.
    if len({tuple(sorted(step.filters.items())) for step in steps}) > FILTER_SETS_MAX:
        faults.add(at, "field_invalid", f"The steps of a selection have at most {FILTER_SETS_MAX} different sets of filters.")
    return Selection(steps)


def _step(value: object, at: str, faults: Faults) -> Step:
    match value:
        case {"op": "add" | "take" as op, "ids": [*ids], **rest} if not rest and all(isinstance(one, str) for one in ids):
            written = [one for one in ids if isinstance(one, str)]
            return Step(op == "add", ids=tuple(rules.identifiers(written, f"{at}.ids", faults, maximum=IDS_MAX)), at=f"{at}.ids")
        case {"op": "add" | "take" as op, **rest} if set(rest) <= {"area", "filters", "name"}:
            area, filters, name = rest.get("area"), rest.get("filters") or {}, rest.get("name") or ""
            if isinstance(area, dict | None) and isinstance(filters, dict) and isinstance(name, str) and len(name) <= NAME_MAX:
                shape, drawn = _area_of_step(area, f"{at}.area", faults) if area is not None else (None, None)
                return Step(op == "add", shape, drawn, read_filters(filters, f"{at}.filters", faults), name=name)
    faults.add(at, "field_invalid", "A step adds or takes away ids, or an area and filters.")
    return Step(adds=True, ids=())


def _area_of_step(area: dict[str, Any], at: str, faults: Faults) -> tuple[Shape | None, dict[str, Any] | None]:
    """Read an area that may also be the squares of a cluster, which only the desk's own map knows."""
    match area:
        case {"cells": {"level": level, "keys": [*keys], **more}, **rest} if not rest and not more:
            try:
                cells = Cells.of(level, keys)
            except ValueError as error:
                faults.add(at, "field_invalid", str(error))
                return None, None
            return cells, outline.of_squares(cells.boxes())
    return read_area(area, at, faults)


def read_area(area: Mapping[str, Any], at: str, faults: Faults) -> tuple[Shape | None, dict[str, Any] | None]:
    """Return the area to be asked about places, and the same as GeoJSON to be kept."""
    try:
        match area:
            case {"type": _, **rest} if set(rest) <= {"coordinates"}:
                polygon = Polygon.from_geojson(area)
                return polygon, polygon.outline
            case {"center": {"lat": lat, "lng": lng, **more}, "radius_km": radius, **rest} if not rest and not more:
                circle = Circle(_number(lat), _number(lng), _number(radius))
                return circle, outline.of_circle(circle)
            case {"bbox": [west, south, east, north], **rest} if not rest:
                box = Box(_number(west), _number(south), _number(east), _number(north))
                return box, outline.of_box(box)
    except ValueError as error:
        faults.add(at, "field_invalid", str(error))
        return None, None
    faults.add(at, "field_invalid", AREA_WORDS)
    return None, None


def read_filters(filters: Mapping[str, Any], at: str, faults: Faults) -> dict[str, Any]:
    """Return filters written as JSON as the values that a query string would have had."""
    pairs: list[tuple[str, str]] = []
    for name, value in filters.items():
        field = f"{at}.{name[: rules.NAME_SHOWN]}"
        if name not in PARAMS:
            rules.unknown(name, PARAMS, field, faults)
        elif isinstance(value, list) and not (value and PARAMS[name].repeatable):
            faults.add(field, "field_invalid", "Give at least one value." if not value else "Give one value, not a list.")
        else:
            pairs += _written(name, value if isinstance(value, list) else [value], field, faults)
    return query.read(list(PARAMS.values()), pairs, faults, f"{at}.")


def _written(name: str, values: Sequence[object], field: str, faults: Faults) -> list[tuple[str, str]]:
    pairs = []
    for value in values:
        if isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        elif isinstance(value, str):
            pairs.append((name, value))
        else:
            faults.add(field, "field_invalid", "Write this as text, as in the query of the list.")
    return pairs


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Give numbers for coordinates and distances.")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("A number of the area is too large.") from None
