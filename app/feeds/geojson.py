"""Any GeoJSON, RFC 7946: properties are read as the columns of a table, places from the geometries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from app.errors import Unreadable
from app.feeds.choosing import guess, records
from app.feeds.collected import Collected, without_place
from app.feeds.columns import Columns
from app.feeds.geometry import place
from app.feeds.jsonfile import features, load, members
from app.feeds.look import Look
from app.feeds.record import Item, Problem
from app.feeds.table import Table
from app.feeds.values import BadRow, text

_GEOJSON = re.compile(r'"type"\s*:\s*"Feature(Collection)?"')


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.kind == "json" and bool(_GEOJSON.search(seen.text))


def parse(data: bytes, columns: Mapping[str, str] | None = None, source: str = "upload") -> Iterator[Item]:
    """Read features; `columns` names a property for any of our fields but lat and lng, `row` counts features from 1.

    Raises Unreadable when the file as a whole is no GeoJSON, or in another reference system than WGS84, and for a
    property that does not exist.
    """
    return records(_table(data), without_place(columns, "GeoJSON"), source)


def guess_columns(data: bytes, columns: Mapping[str, str] | None = None) -> Columns:
    """Say how `parse` would read the file. Raises Unreadable when the file as a whole is no GeoJSON."""
    return guess(_table(data), without_place(columns, "GeoJSON"))


def _table(data: bytes) -> Table:
    document = load(data)
    items = features(document)
    _check_reference_system(document)
    found = Collected()
    for number, item in enumerate(items, 1):
        try:
            feature = members(item, "feature")
            where = place(feature.get("geometry"))
            cells = {_cell(name): _cell(value) for name, value in members(feature.get("properties"), "properties").items()}
            own_id = text(feature.get("id"), "id") or ""
        except BadRow as reason:
            found.others.append(Problem(number, str(reason)))
            continue
        found.add(number, cells, where, own_id, item)
    return found.table(["Places are read from the geometries."], ids_are_kept=False)


def _cell(value: object) -> str:
    """Return a property as text; what is nested stays JSON."""
    try:
        return text(value, "property") or ""
    except BadRow:
        try:
            return json.dumps(value, sort_keys=True)
        except RecursionError:
            raise BadRow("A property is nested too deeply.") from None


def _check_reference_system(document: object) -> None:
    """Raise Unreadable for the `crs` member of older GeoJSON when it names anything but WGS84."""
    crs = document.get("crs") if isinstance(document, dict) else None
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if isinstance(name, str) and not name.upper().endswith(("CRS84", "CRS84H", ":4326", ":4979")):
        raise Unreadable(f"The coordinates are in the reference system {name[:60]}; save the file in WGS84 (EPSG:4326).")
