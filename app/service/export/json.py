"""JSON with the names of the API."""

from __future__ import annotations

from collections.abc import Generator

import orjson

from app.service.export.table import Chunks, Table


def write(chunks: Chunks, table: Table, title: str) -> Generator[bytes, None, None]:
    """Yield the file: an object with the title and, under the name of their kind, the rows, each on its line."""
    yield b'{"title":%b,"%b":[' % (orjson.dumps(title), table.kind.encode())
    before = b"\n"
    for rows in chunks:
        yield before + b",\n".join(map(orjson.dumps, rows))
        before = b",\n"
    yield b"\n]}\n"
