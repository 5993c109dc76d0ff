"""The one table of formats, and telling them apart by what a file holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.errors import Unreadable
from app.feeds import (
    acled,
    cap,
    cap_index,
    cot,
    csv_table,
    eonet,
    firms,
    gdacs,
    gdacs_json,
    gdacs_rss,
    gdelt,
    geojson,
    gpx,
    kml,
    nws,
    rss,
    ucdp,
    usgs,
    usgs_csv,
    usgs_geojson,
)
from app.feeds.columns import Columns
from app.feeds.look import Look, is_kmz, look
from app.feeds.record import Item
from app.feeds.values import shown


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file.

    `fits` says whether a file looks like one; the first format that fits in the order of the table has it. `parse` takes
    the bytes. It raises Unreadable at once, before the first row, so that nothing is taken of a file that
    can't be read to its end. Where `takes_columns`, also a mapping of our fields to columns and the name of the source:
    `parse(data, columns, source)`, and `guess_columns(data, columns)` says how that would read. `attribution` is the
    line that the source's terms ask for, empty where only the uploader knows.
    """

    name: str
    label: str
    fits: Callable[[Look], bool]
    parse: Callable[..., Iterator[Item]]
    guess_columns: Callable[..., Columns] | None = None
    attribution: str = ""

    @property
    def takes_columns(self) -> bool:
        """Say whether a person may choose which column holds what."""
        return self.guess_columns is not None


FORMATS: dict[str, Format] = {
    format_.name: format_
    for format_ in (
        Format("usgs_geojson", "USGS earthquakes (GeoJSON)", usgs_geojson.fits, usgs_geojson.parse, attribution=usgs.ATTRIBUTION),
        Format("usgs_csv", "USGS earthquake catalogue (CSV)", usgs_csv.fits, usgs_csv.parse, attribution=usgs.ATTRIBUTION),
        Format("gdacs_rss", "GDACS disaster alerts (RSS)", gdacs_rss.fits, gdacs_rss.parse, attribution=gdacs.ATTRIBUTION),
        Format("gdacs_json", "GDACS disaster alerts (JSON)", gdacs_json.fits, gdacs_json.parse, attribution=gdacs.ATTRIBUTION),
        Format("nws", "NWS alerts (GeoJSON)", nws.fits, nws.parse, attribution=nws.ATTRIBUTION),
        Format("eonet", "NASA EONET events (JSON, GeoJSON)", eonet.fits, eonet.parse, attribution=eonet.ATTRIBUTION),
        Format("firms", "NASA FIRMS fires (CSV)", firms.fits, firms.parse, attribution=firms.ATTRIBUTION),
        Format("ucdp", "UCDP conflict events (CSV, JSON, GeoJSON)", ucdp.fits, ucdp.parse, attribution=ucdp.ATTRIBUTION),
        Format("gdelt", "GDELT 2.0 events", gdelt.fits, gdelt.parse, attribution=gdelt.ATTRIBUTION),
        Format("acled", "ACLED events (CSV, JSON)", acled.fits, acled.parse, attribution=acled.ATTRIBUTION),
        Format("cap", "CAP alerts (XML)", cap.fits, cap.parse),
        Format("cap_index", "Index of CAP alerts (Atom, RSS)", cap_index.fits, cap_index.parse),
        Format("cot", "TAK Cursor on Target", cot.fits, cot.parse),
        Format("kml", "KML, KMZ", kml.fits, kml.parse, kml.guess_columns),
        Format("gpx", "GPX", gpx.fits, gpx.parse, gpx.guess_columns),
        Format("rss", "RSS, Atom, GeoRSS", rss.fits, rss.parse, rss.guess_columns),
        Format("geojson", "GeoJSON", geojson.fits, geojson.parse, geojson.guess_columns),
        Format("csv", "Table (CSV)", csv_table.fits, csv_table.parse, csv_table.guess_columns),
    )
}

_BINARY = (
    (b"PK\x03\x04", "a zip archive, as Excel workbooks and KMZ files are: unpack it, or save it as CSV"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "compressed with gzip: unpack it first"),
    (b"BZh", "compressed with bzip2: unpack it first"),
    (b"\xfd7zXZ", "compressed with xz: unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it first"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file: save it as CSV"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)
_HTML = re.compile(r"<(!doctype html|html|head|body)\b", re.IGNORECASE)


def recognise(filename: str, data: bytes) -> Format:
    """Return the format of a file, by its content; the name only serves to speak of it.

    Raises Unreadable, in words for a person, for an empty file, a web page, a binary file and anything else unknown.
    """
    name = f"“{shown(filename)}”" if filename else "The file"
    for magic, what in _BINARY:
        if data.startswith(magic) and not is_kmz(data):
            raise Unreadable(f"{name} is {what}.")
    seen = look(data)
    if seen.kind == "xml" and _HTML.search(seen.begin[:1000]):
        raise Unreadable(f"{name} is a web page, not a feed: was the address that of a page, or is a sign-in needed?")
    try:
        found = next((format_ for format_ in FORMATS.values() if format_.fits(seen)), None)
    except Unreadable as error:  # Of the table, the last one tried: it says why this is none.
        start = shown(" ".join(seen.begin[:200].split()))
        raise Unreadable(f"{name} is of no known kind; it begins “{start}”. {error}") from None
    if found is not None:
        return found
    if seen.kind == "json":
        raise Unreadable(f"{name} is JSON, but not GeoJSON: it has neither a FeatureCollection nor a Feature.")
    kind = f"its root is “{shown(seen.root)}”" if seen.root else "it has no root"
    raise Unreadable(f"{name} is XML of no known kind ({kind}).")
