"""Rows of a CSV text with the line on which each begins, RFC 4180."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from app.errors import Unreadable


def rows(text: str, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) for each row that is not blank; lines count from 1.

    Raises Unreadable, saying where, for a cell beyond 131,072 characters, which is what a quote without an end makes.
    """
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        raise Unreadable(f"The row that begins on line {line:,} has a cell without an end: is a quote missing?") from None
