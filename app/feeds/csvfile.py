"""Rows of a CSV text with the line on which each begins, RFC 4180."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from app.errors import Unreadable

LINE_MAX = 4_000_000
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n|(?<=[^\r\n])\Z)")


def rows(text: str, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) for each row that is not blank; lines count from 1.

    Raises Unreadable, saying where, for a cell beyond 131,072 characters, which is what a quote without an end makes, and
    for a line beyond LINE_MAX characters.
    """
    reader = csv.reader(_lines(text), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        raise Unreadable(f"The row that begins on line {line:,} has a cell without an end: is a quote missing?") from None


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their ends, one by one: the text is large enough without a copy."""
    for number, line in enumerate(_LINE.finditer(text), 1):
        if line.end() - line.start() > LINE_MAX:
            raise Unreadable(f"Line {number:,} has more than {LINE_MAX:,} characters, the most that can be read.")
        yield line[0]
