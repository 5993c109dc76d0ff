"""Placemarks of KML, alone or zipped as KMZ: their data are read as the columns of a table.

Format: OGC KML 2.3 (12-007r2) and before, and Google's `gx:Track`. Coordinates are "lng,lat[,height]". Links to other
files are not followed, and what an `Update` would change elsewhere is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from app.errors import Unreadable
from app.feeds import prose
from app.feeds.areas import Ring, of_elements
from app.feeds.choosing import guess, records
from app.feeds.collected import Collected, without_place
from app.feeds.columns import Columns
from app.feeds.geometry import Place, around, check_number, check_text
from app.feeds.kmz import unpacked
from app.feeds.look import Look, is_kmz
from app.feeds.record import Item, Problem
from app.feeds.table import Table
from app.feeds.values import BadRow, decimal, shown
from app.feeds.xmlfile import MARKS_MAX, below, children, load, name, word

_FOLDERS = {"Folder", "Document"}
_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?")
_GROUP = re.compile(r"[^\s,]+\s*,\s*[^\s,]+(?:\s*,\s*[^\s,]*)?")


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.kind == "kmz" or seen.root == "kml"


def parse(data: bytes, columns: Mapping[str, str] | None = None, source: str = "upload") -> Iterator[Item]:
    """Read placemarks; `columns` names data for any of our fields but lat and lng, `row` counts placemarks from 1.

    Raises Unreadable for what is neither KML nor KMZ, and for data that do not exist.
    """
    return records(_table(data), without_place(columns, "KML"), source)


def guess_columns(data: bytes, columns: Mapping[str, str] | None = None) -> Columns:
    """Say how `parse` would read the file. Raises Unreadable for what is neither KML nor KMZ."""
    return guess(_table(data), without_place(columns, "KML"))


def _table(data: bytes) -> Table:
    root = load(unpacked(data) if is_kmz(data) else data, depth=MARKS_MAX)  # Folders may lie in folders without end.
    if name(root) != "kml":
        raise Unreadable(f"This is XML, but not KML; its root is “{shown(name(root))}”.")
    found = Collected()
    links = 0
    waiting: list[tuple[Element, str]] = [(root, "")]
    number = 0
    while waiting:  # Not a recursion, which a file nested deeply enough would break.
        element, folder = waiting.pop()
        kind = name(element)
        if kind == "Placemark":
            number += 1
            _add(found, number, element, folder)
        elif kind == "NetworkLink":
            links += 1
        elif kind != "Update":
            inside = _own_name(element) if kind in _FOLDERS else folder
            waiting += [(child, inside) for child in reversed(element)]
    notes = ["Places are read from the geometries."]
    if links:
        notes.append(
            f"The file links to {links:,} other{'' if links == 1 else 's'}, which {'is' if links == 1 else 'are'} not read."
        )
    return found.table(notes, ids_are_kept=False)


def _own_name(folder: Element) -> str:
    """Return a folder's name without what elements there may be in it, which may be all other folders."""
    return next(((child.text or "").strip() for child in children(folder, "name")), "")


def _add(found: Collected, number: int, placemark: Element, folder: str) -> None:
    try:
        where = _place(placemark)
    except BadRow as reason:
        found.others.append(Problem(number, str(reason)))
        return
    words = {
        "title": prose.title(prose.plain(word(placemark, "name"))) or "",
        "description": prose.text(prose.plain(word(placemark, "description"))) or "",
        "folder": prose.term(folder) or "",
        "address": prose.title(word(placemark, "address")) or "",
        "time": _time(word(placemark, "TimeStamp", "when") or word(placemark, "TimeSpan", "begin") or _first(placemark, "when")),
        "expires_at": _time(word(placemark, "TimeSpan", "end")),
    }
    for data in (*below(placemark, "Data"), *below(placemark, "SimpleData")):
        own = (data.get("name") or "").strip()
        if own and own not in words:
            words[own] = word(data, "value") if name(data) == "Data" else (data.text or "").strip()
    found.add(number, words, where, placemark.get("id") or "", placemark)


def _first(placemark: Element, wanted: str) -> str:
    return next(((one.text or "").strip() for one in below(placemark, wanted)), "")


def _time(word: str) -> str:
    """Return a time of KML as ISO 8601: a year or a month alone stands for its first day."""
    match = _DATE.fullmatch(word)
    return f"{match[1]}-{match[2] or '01'}-01" if match else word


def _place(placemark: Element) -> Place:
    corners: list[tuple[float, float]] = []
    read: dict[Element, Ring] = {}
    for element in placemark.iter():
        kind, text = name(element), (element.text or "").strip()
        if kind == "coordinates" and text:
            if ", " not in text:
                check_text(text, len(corners))
            groups = _groups(text)
            check_number(len(corners) + len(groups))
            read[element] = [_pair(group.split(",")) for group in groups]
            corners += read[element]
        elif kind == "coord" and text:
            corners.append(_pair(text.split()))
        elif kind == "Location" and children(element, "longitude"):
            corners.append(_pair([word(element, "longitude"), word(element, "latitude")]))
    return around(list(dict.fromkeys(corners)))._replace(area=of_elements(placemark, read))


def _groups(text: str) -> list[str]:
    """Return the groups of numbers; some programs put blanks after their commas."""
    groups = text.split()
    return groups if all("," in group.strip(",") for group in groups) else _GROUP.findall(text) or groups


def _pair(words: list[str]) -> tuple[float, float]:
    if len(words) < 2:
        raise BadRow(f"“{shown(' '.join(words))}” is not a longitude and a latitude.")
    lng, lat = decimal(words[0].strip(), "longitude"), decimal(words[1].strip(), "latitude")
    if lat is None or lng is None:
        raise BadRow("A position has an empty coordinate.")
    return lat, lng
