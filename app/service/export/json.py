"""JSON with the names of the API."""

from __future__ import annotations

from collections.abc import Generator

import orjson

from app.service.export.table import Chunks, Table, withheld_words


def write(chunks: Chunks, table: Table, title: str, withheld: int) -> Generator[bytes, None, None]:
    """Yield the file: an object with the title and, under the name of their kind, the rows, each on its line.

    Last comes how many are withheld.
    """
    yield b'{"title":%b,"%b":[' % (orjson.dumps(title), table.kind.encode())
    before = b"\n"
    for rows in chunks:
        yield before + b",\n".join(map(orjson.dumps, rows))
        before = b",\n"
    yield b"\n]%b}\n" % ended(withheld)


def ended(withheld: int) -> bytes:
    """Return the members that come after the rows: what the file goes without."""
    return b',"withheld":%d,"withheld_reason":%b' % (withheld, orjson.dumps(withheld_words(withheld))) if withheld else b""
