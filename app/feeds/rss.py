"""Any RSS or Atom feed, with the places of GeoRSS where it gives some: its elements are read as the columns of a table.

Format: RSS 2.0, 1.0 and 0.9x; RFC 4287; GeoRSS (OGC 17-002r1) Simple and GML, and W3C Basic Geo. Points, lines and
polygons are "lat lng lat lng", a box its south-west and north-east corners, a circle "lat lng metres".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from app.errors import Unreadable
from app.feeds import prose
from app.feeds.areas import Ring, of_circle, of_corners, of_elements, of_polygons, read_below, together
from app.feeds.choosing import guess, records
from app.feeds.collected import Collected, without_place
from app.feeds.columns import Columns
from app.feeds.geometry import Place, around, check_text, rim
from app.feeds.look import Look
from app.feeds.record import Item, Problem
from app.feeds.table import Table
from app.feeds.times import any_time
from app.feeds.values import BadRow, decimal, shown
from app.feeds.xmlfile import below, children, load, name, word

ROOTS = {"rss", "feed", "RDF"}
_KNOWN = {
    *("title", "description", "summary", "content", "encoded", "link", "guid", "id", "pubDate", "published", "issued", "date"),
    *("updated", "modified", "category", "where", "point", "line", "polygon", "box", "circle", "lat", "long", "Point", "author"),
}
_WORD_MAX = 2_000
"""Characters of an element that becomes a column of its own."""


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.root in ROOTS


def parse(data: bytes, columns: Mapping[str, str] | None = None, source: str = "upload") -> Iterator[Item]:
    """Read entries; `columns` names an element for any of our fields but lat and lng, `row` counts entries from 1.

    Raises Unreadable for what is neither RSS nor Atom, and for an element that does not exist.
    """
    return records(_table(data), without_place(columns, "A feed"), source)


def guess_columns(data: bytes, columns: Mapping[str, str] | None = None) -> Columns:
    """Say how `parse` would read the file. Raises Unreadable for what is neither RSS nor Atom."""
    return guess(_table(data), without_place(columns, "A feed"))


def _table(data: bytes) -> Table:
    root = load(data)
    if name(root) not in ROOTS:
        raise Unreadable(f"This is XML, but neither RSS nor Atom; its root is “{shown(name(root))}”.")
    channel = next(iter(children(root, "channel")), root)
    found = Collected()
    both = [*channel, *(root if channel is not root else ())]
    for number, entry in enumerate((one for one in both if name(one) in {"item", "entry"}), 1):
        try:
            where = _place(entry)
        except BadRow as reason:
            found.others.append(Problem(number, str(reason)))
            continue
        words = _words(entry)
        own_id = prose.term(word(entry, "guid") or word(entry, "id") or words["url"]) or ""
        found.add(number, words, where, own_id, entry)
    repeated = {own_id for own_id, count in Counter(found.ids).items() if count > 1}
    found.ids = ["" if own_id in repeated else own_id for own_id in found.ids]  # Such entries are told apart by what they say.
    return found.table(["Places are read from the feed’s points and areas."], ids_are_kept=True)


def _words(entry: Element) -> dict[str, str]:
    """Return what an entry says, under names by which columns are known; other short elements keep their own names."""
    published = _time(entry, "published", "pubDate", "issued", "date")
    updated = _time(entry, "updated", "modified")
    text = word(entry, "description") or word(entry, "summary") or word(entry, "encoded") or word(entry, "content")
    kinds = [one.get("term") or (one.text or "").strip() for one in children(entry, "category")]
    words = {
        "title": prose.title(prose.plain(word(entry, "title"))) or "",
        "description": prose.text(prose.plain(text)) or "",
        "category": prose.term(", ".join(filter(None, kinds))) or "",
        "published_at": published or updated,
        "updated": updated,
        "url": _link(entry),
    }
    for child in entry:
        own, value = name(child), (child.text or "").strip()
        if own and own not in _KNOWN and own not in words and value and not len(child) and len(value) <= _WORD_MAX:
            words[own] = value
    return words


def _time(entry: Element, *names: str) -> str:
    """Return the first of these times as ISO 8601; one that can't be read stays as it is, for its row to become a problem."""
    found = next(filter(None, (word(entry, one) for one in names)), "")
    try:
        time = any_time(found, "time")
    except BadRow:
        return found
    return time.isoformat() if time else ""


def _link(entry: Element) -> str:
    links = sorted(children(entry, "link"), key=lambda link: link.get("rel", "alternate") != "alternate")
    given = [*(link.get("href") or link.text for link in links), word(entry, "guid"), word(entry, "id")]
    return next(filter(None, map(prose.web, given)), "")


def _place(entry: Element) -> Place:
    """Return the one place that all points and areas of an entry stand for; a single circle is its centre and radius."""
    corners: list[tuple[float, float]] = []
    circles: list[tuple[float, float, float]] = []
    read: dict[Element, Ring] = {}
    lats: list[float] = []
    lngs: list[float] = []
    for element in entry.iter():
        space, own, text = str(element.tag).partition("}")[0].casefold(), name(element), element.text or ""
        if "georss" in space and own == "circle" and text.strip():
            lat, lng, metres = _numbers(text, 3)[0]
            circles.append((lat, lng, metres / 1000))
        elif ("georss" in space and own in {"point", "line", "polygon", "box"}) or (
            "/gml" in space and own in {"pos", "posList", "lowerCorner", "upperCorner"}
        ):
            width = 3 if element.get("srsDimension") == "3" else 2
            read[element] = [(numbers[0], numbers[1]) for numbers in _numbers(text, width)]
            corners += read[element]
        elif "wgs84_pos" in space and own in {"lat", "long"} and text.strip():
            (lats if own == "lat" else lngs).append(_numbers(text, 1)[0][0])
    if len(lats) != len(lngs):
        raise BadRow("The entry has only one of latitude and longitude.")
    corners += zip(lats, lngs, strict=True)
    if len(circles) == 1 and not corners:
        return Place(circles[0][0], circles[0][1], circles[0][2] or None, of_circle(*circles[0]))
    for lat, lng, radius_km in circles:
        corners += rim(lat, lng, radius_km) if radius_km else [(lat, lng)]
    where = around(list(dict.fromkeys(corners)))
    polygons = of_polygons([ring] for element, ring in read.items() if name(element) == "polygon")
    corners_of = [ring for element, ring in read.items() if name(element) == "box" and len(ring) == 2]
    corners_of += [read_below(one, read) for one in below(entry, "Envelope")]
    boxes = [of_corners(*ring[0], *ring[1]) for ring in corners_of if len(ring) == 2]
    return where._replace(area=together([polygons, *boxes, of_elements(entry, read), *(of_circle(*one) for one in circles)]))


def _numbers(text: str, width: int) -> list[tuple[float, ...]]:
    """Return groups of so many numbers, between blanks or commas. Raises BadRow for anything else."""
    check_text(text, numbers=width)
    words = re.split(r"[\s,]+", text.strip().strip(","))
    numbers = [decimal(one, "coordinate") or 0.0 for one in words if one]
    if not numbers or len(numbers) % width:
        raise BadRow(f"“{shown(' '.join(words))}” are not groups of {width} numbers.")
    return [tuple(numbers[start : start + width]) for start in range(0, len(numbers), width)]
