"""KML 2.2, OGC 07-147r2; elements stand in the order of its schema."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from typing import Any

import orjson

from app.service.export.table import Chunks, Row, Table, geometry, withheld_words

# XML 1.0, section 2.2: these can't be written at all, not even escaped.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})
APART = {"title", "description", "coordinates", "area"}
"""Fields that have elements of their own."""


def write(chunks: Chunks, table: Table, title: str, withheld: int) -> Generator[bytes, None, None]:
    """Yield the file: a document with a placemark for each row, without geometry for one that has no place."""
    note = f"<description>{escaped(withheld_words(withheld))}</description>\n" if withheld else ""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
        f"<name>{escaped(title)}</name>\n{note}"
    ).encode()
    for rows in chunks:
        yield "".join(_placemark(row, table) for row in rows).encode()
    yield b"</Document>\n</kml>\n"


def escaped(text: str) -> str:
    """Return the text as it stands between tags or in an attribute."""
    return UNWRITABLE.sub("\ufffd", text).translate(ESCAPES)


def _placemark(row: Row, table: Table) -> str:
    parts = [f"<Placemark><name>{escaped(row['title'])}</name>"]
    if row["description"]:
        # Earth browsers show a description as HTML, so text is escaped once for them and once for XML.
        parts.append(f"<description>{escaped(escaped(row['description']))}</description>")
    if row[table.when]:
        parts.append(f"<TimeStamp><when>{row[table.when]}</when></TimeStamp>")
    parts.append("<ExtendedData>")
    for name, value in row.items():
        if name not in APART and value not in (None, []):
            parts.append(f'<Data name="{name}"><value>{escaped(_text(value))}</value></Data>')
    parts.append("</ExtendedData>")
    if shape := geometry(row):
        parts.append(_geometry(shape))
    parts.append("</Placemark>\n")
    return "".join(parts)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return orjson.dumps(value).decode()


def _geometry(shape: dict[str, Any]) -> str:
    if shape["type"] == "Point":
        return f"<Point><coordinates>{_corners([shape['coordinates']])}</coordinates></Point>"
    if shape["type"] == "Polygon":
        return _polygon(shape["coordinates"])
    return f"<MultiGeometry>{''.join(_polygon(rings) for rings in shape['coordinates'])}</MultiGeometry>"


def _polygon(rings: Sequence[Any]) -> str:
    outer, *holes = (f"<LinearRing><coordinates>{_corners(ring)}</coordinates></LinearRing>" for ring in rings)
    inner = "".join(f"<innerBoundaryIs>{hole}</innerBoundaryIs>" for hole in holes)
    return f"<Polygon><outerBoundaryIs>{outer}</outerBoundaryIs>{inner}</Polygon>"


def _corners(places: Sequence[Sequence[float]]) -> str:
    """Return places (lng, lat in degrees) as KML has them: parted by spaces, without a space within."""
    return " ".join(f"{lng},{lat}" for lng, lat, *_ in places)
