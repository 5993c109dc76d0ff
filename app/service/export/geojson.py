"""GeoJSON, RFC 7946."""

from __future__ import annotations

from collections.abc import Generator

import orjson

from app.service.export.json import ended
from app.service.export.table import Chunks, Row, Table, geometry

PLACE = {"coordinates", "area"}
"""Fields that are the feature's geometry."""


def write(chunks: Chunks, _table: Table, title: str, withheld: int) -> Generator[bytes, None, None]:
    """Yield the file: a collection with a feature for each row, without geometry for one that has no place.

    Last comes how many are withheld.
    """
    yield b'{"type":"FeatureCollection","title":%b,"features":[' % orjson.dumps(title)
    before = b"\n"
    for rows in chunks:
        yield before + b",\n".join(_feature(row) for row in rows)
        before = b",\n"
    yield b"\n]%b}\n" % ended(withheld)


def _feature(row: Row) -> bytes:
    properties = {name: value for name, value in row.items() if name not in PLACE}
    return orjson.dumps({"type": "Feature", "id": row["id"], "geometry": geometry(row), "properties": properties})
