"""GeoJSON, RFC 7946."""

from __future__ import annotations

from collections.abc import Generator

import orjson

from app.service.export.table import Chunks, Row, Table, geometry

PLACE = {"coordinates", "area"}
"""Fields that are the feature's geometry."""


def write(chunks: Chunks, _table: Table, title: str) -> Generator[bytes, None, None]:
    """Yield the file: a collection with a feature for each row, without geometry for one that has no place."""
    yield b'{"type":"FeatureCollection","title":%b,"features":[' % orjson.dumps(title)
    before = b"\n"
    for rows in chunks:
        yield before + b",\n".join(_feature(row) for row in rows)
        before = b",\n"
    yield b"\n]}\n"


def _feature(row: Row) -> bytes:
    properties = {name: value for name, value in row.items() if name not in PLACE}
    return orjson.dumps({"type": "Feature", "id": row["id"], "geometry": geometry(row), "properties": properties})
