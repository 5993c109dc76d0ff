"""Waypoints, routes and tracks of GPX: each is a row of a table; routes and tracks are the middle of their points.

Format: GPX 1.1 and 1.0, https://www.topografix.com/GPX/1/1. Positions are the attributes `lat` and `lon`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from app.errors import Unreadable
from app.feeds import prose
from app.feeds.choosing import guess, records
from app.feeds.collected import Collected, without_place
from app.feeds.columns import Columns
from app.feeds.geometry import around, check_number
from app.feeds.look import Look
from app.feeds.record import Item, LeftOut, Problem
from app.feeds.table import Table
from app.feeds.values import BadRow, decimal, shown
from app.feeds.xmlfile import below, children, load, name, word

EMPTY = "routes and tracks without points"
_KINDS = {"wpt": ("waypoint", "wpt"), "rte": ("route", "rtept"), "trk": ("track", "trkpt")}


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.root == "gpx"


def parse(data: bytes, columns: Mapping[str, str] | None = None, source: str = "upload") -> Iterator[Item]:
    """Read waypoints, routes and tracks; `columns` names an element for any of our fields but lat and lng.

    `row` counts all three together from 1. Raises Unreadable for what is no GPX, and for an element that does not exist.
    """
    return records(_table(data), without_place(columns, "GPX"), source)


def guess_columns(data: bytes, columns: Mapping[str, str] | None = None) -> Columns:
    """Say how `parse` would read the file. Raises Unreadable for what is no GPX."""
    return guess(_table(data), without_place(columns, "GPX"))


def _table(data: bytes) -> Table:
    root = load(data)
    if name(root) != "gpx":
        raise Unreadable(f"This is XML, but not GPX; its root is “{shown(name(root))}”.")
    found = Collected()
    for number, element in enumerate((child for child in root if name(child) in _KINDS), 1):
        kind, of_points = _KINDS[name(element)]
        points = list(below(element, of_points))
        if not points:
            found.others.append(LeftOut(number, EMPTY))
            continue
        try:
            check_number(len(points))
            where = around(list(dict.fromkeys(map(_position, points))))
        except BadRow as reason:
            found.others.append(Problem(number, str(reason)))
            continue
        times = (word(point, "time") for point in points)
        links = children(element, "link")
        words = {
            "title": prose.title(word(element, "name")) or "",
            "description": prose.text(word(element, "desc") or word(element, "cmt")) or "",
            "type": prose.term(word(element, "type")) or kind,
            "time": next(filter(None, times), ""),
            "symbol": prose.term(word(element, "sym")) or "",
            "url": prose.web((links[0].get("href") if links else "") or word(element, "url")) or "",
        }
        found.add(number, words, where, "", element)
    return found.table(["Places are read from the points."], ids_are_kept=False)


def _position(point: Element) -> tuple[float, float]:
    lat, lng = decimal(point.get("lat", "").strip(), "latitude"), decimal(point.get("lon", "").strip(), "longitude")
    if lat is None or lng is None:
        raise BadRow("A point has no latitude or no longitude.")
    return lat, lng
