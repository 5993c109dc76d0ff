"""CSV, RFC 4180, in UTF-8 with the mark that tells spreadsheets so."""

from __future__ import annotations

import csv
import re
from collections.abc import Generator
from io import StringIO
from typing import Any

import orjson

from app.service.export.table import Chunks, Row, Table

# What a spreadsheet would take for a formula: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = re.compile(r"[=+\-@\t\r]")
NEGATIVE = re.compile(r"-\d+(\.\d+)?", re.ASCII)


def write(chunks: Chunks, table: Table, _title: str, _withheld: int) -> Generator[bytes, None, None]:
    """Yield the file: a line of names, then a line for each row; coordinates become lat and lng.

    Lists are parted by semicolons, objects written as JSON. A text that a spreadsheet would run as a formula gets an
    apostrophe before it. What is withheld has no line: the page that leads to the file says how much it is.
    """
    names = [name for field in table.fields for name in (("lat", "lng") if field == "coordinates" else (field,))]
    yield b"\xef\xbb\xbf" + _lines([names])
    for rows in chunks:
        yield _lines([_cells(row, table) for row in rows])


def safe(text: str) -> str:
    """Return the text so that no spreadsheet runs it; a plain negative number is one."""
    return f"'{text}" if FORMULA.match(text) and not NEGATIVE.fullmatch(text) else text


def _lines(rows: list[list[Any]]) -> bytes:
    file = StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def _cells(row: Row, table: Table) -> list[Any]:
    cells: list[Any] = []
    for field in table.fields:
        value = row[field]
        if field == "coordinates":
            cells += [value["lat"], value["lng"]] if value else [None, None]
        elif isinstance(value, str):
            cells.append(safe(value))
        elif isinstance(value, bool):
            cells.append("true" if value else "false")
        elif isinstance(value, list | dict):
            cells.append(safe(_joined(value)))
        else:
            cells.append(value)
    return cells


def _joined(value: list[Any] | dict[str, Any]) -> str:
    if not value:
        return ""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return orjson.dumps(value).decode()
