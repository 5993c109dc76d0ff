"""The one table of formats, and telling them apart by what a file holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.errors import Unreadable
from app.feeds import csv_table, gdacs_rss, geojson, usgs, usgs_csv, usgs_geojson
from app.feeds.columns import Columns
from app.feeds.csvfile import rows
from app.feeds.encoding import decode
from app.feeds.record import Problem, Record
from app.feeds.values import shown


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file.

    `parse` takes the bytes. It raises Unreadable at once, before the first row, so that nothing is taken of a file that
    can't be read to its end. Where `takes_columns`, also a mapping of our fields to columns and the name of the source:
    `parse(data, columns, source)`, and `guess_columns(data, columns)` says how that would read. `attribution` is the
    line that the source's terms ask for, empty where only the uploader knows.
    """

    name: str
    label: str
    parse: Callable[..., Iterator[Record | Problem]]
    guess_columns: Callable[..., Columns] | None = None
    attribution: str = ""

    @property
    def takes_columns(self) -> bool:
        """Say whether a person may choose which column holds what."""
        return self.guess_columns is not None


FORMATS: dict[str, Format] = {
    format_.name: format_
    for format_ in (
        Format("usgs_geojson", "USGS earthquakes (GeoJSON)", usgs_geojson.parse, attribution=usgs.ATTRIBUTION),
        Format("usgs_csv", "USGS earthquake catalogue (CSV)", usgs_csv.parse, attribution=usgs.ATTRIBUTION),
        Format("gdacs_rss", "GDACS disaster alerts (RSS)", gdacs_rss.parse, attribution=gdacs_rss.ATTRIBUTION),
        Format("geojson", "GeoJSON", geojson.parse, geojson.guess_columns),
        Format("csv", "Table (CSV)", csv_table.parse, csv_table.guess_columns),
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
_HEAD = 65536
_HTML = re.compile(r"<(!doctype html|html|head|body)\b", re.IGNORECASE)
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]*)")
_NOT_CONTENT = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*>", re.DOTALL)
_GEOJSON = re.compile(r'"type"\s*:\s*"Feature(Collection)?"')


def recognise(filename: str, data: bytes) -> Format:
    """Return the format of a file, by its content; the name only serves to speak of it.

    Raises Unreadable, in words for a person, for an empty file, a web page, a binary file and anything else unknown.
    """
    name = f"“{shown(filename)}”" if filename else "The file"
    for magic, what in _BINARY:
        if data.startswith(magic):
            raise Unreadable(f"{name} is {what}.")
    text, _ = decode(data, legacy=True)
    begin = text[:_HEAD].lstrip("\ufeff \t\r\n").removeprefix("ï»¿")
    if begin.startswith("<"):
        return _among_xml(name, begin)
    if begin.startswith(("{", "[")):
        return _among_json(name, begin, text)
    _, header = next(rows(begin.partition("\n")[0] + "\n"), (1, []))
    if set(usgs_csv.COLUMNS) <= {cell.strip() for cell in header}:
        return FORMATS["usgs_csv"]
    try:
        csv_table.load(data)
    except Unreadable as error:
        start = shown(" ".join(begin[:200].split()))
        raise Unreadable(f"{name} is of no known kind; it begins “{start}”. {error}") from None
    return FORMATS["csv"]


def _among_xml(name: str, begin: str) -> Format:
    content = _NOT_CONTENT.sub("", begin)
    root = _ROOT.search(content)
    if _HTML.search(begin[:1000]):
        raise Unreadable(f"{name} is a web page, not a feed: was the address that of a page, or is a sign-in needed?")
    if root and root[1] == "rss" and "http://www.gdacs.org" in begin:
        return FORMATS["gdacs_rss"]
    kind = f"its root is “{shown(root[1])}”" if root else "it has no root"
    raise Unreadable(f"{name} is XML of no known kind ({kind}). Of XML, GDACS feeds can be read.")


def _among_json(name: str, begin: str, text: str) -> Format:
    if '"magType"' in begin and '"ids"' in begin:
        return FORMATS["usgs_geojson"]
    if _GEOJSON.search(text):
        return FORMATS["geojson"]
    raise Unreadable(f"{name} is JSON, but not GeoJSON: it has neither a FeatureCollection nor a Feature.")
