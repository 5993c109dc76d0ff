"""Reading a selection from JSON."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.api.bodies import SelectionBody
from app.api.reading import NAME_SHOWN, unknown
from app.errors import Faults
from app.geo import outline
from app.geo.box import Box
from app.geo.circle import Circle
from app.geo.polygon import Polygon
from app.service import query, rules, threats
from app.service.incidents import THREAT_IDS_MAX
from app.service.selection import Selection, Shape

PARAMS = threats.FILTERS
BY_NAME = {param.name: param for param in PARAMS}


def selection(body: SelectionBody, at: str, faults: Faults) -> Selection:
    """Return the selection; what can't be read is a fault under `at`."""
    shape, drawn = _area(body.area, f"{at}.area", faults) if body.area is not None else (None, None)
    read = Selection(
        area=shape,
        outline=drawn,
        filters=query.read(PARAMS, _pairs(body.filters or {}, f"{at}.filters", faults), faults, f"{at}.filters."),
        include=_ids(body.include, f"{at}.include", faults),
        exclude=_ids(body.exclude, f"{at}.exclude", faults),
    )
    if body.area is None and not body.filters and not body.include and not faults.within(at):
        faults.add(at, "field_required", "Say what to select: an area, filters or ids.")
    return read


def _ids(values: list[str] | None, at: str, faults: Faults) -> tuple[UUID, ...]:
    return tuple(rules.identifiers(values or (), at, faults, maximum=THREAT_IDS_MAX))


def _area(area: dict[str, Any], at: str, faults: Faults) -> tuple[Shape | None, dict[str, Any] | None]:
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
    faults.add(at, "field_invalid", "Give a GeoJSON Polygon or MultiPolygon, a center with radius_km, or a bbox of 4 numbers.")
    return None, None


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Give numbers for coordinates and distances.")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("A number of the area is too large.") from None


def _pairs(filters: dict[str, Any], at: str, faults: Faults) -> list[tuple[str, str]]:
    """Return the filters as the pairs that a query string would have had."""
    pairs = []
    for name, value in filters.items():
        field = f"{at}.{name[:NAME_SHOWN]}"
        if name not in BY_NAME:
            unknown(name, BY_NAME, field, faults)
        elif isinstance(value, list) and not (value and BY_NAME[name].repeatable):
            faults.add(field, "field_invalid", "Give at least one value." if not value else "Give one value, not a list.")
        else:
            pairs += [(name, _written(item, field, faults)) for item in (value if isinstance(value, list) else [value])]
    return [(name, text) for name, text in pairs if text is not None]


def _written(value: Any, field: str, faults: Faults) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    faults.add(field, "field_invalid", "Write this as text, as in the query of the list.")
    return None
