"""Any table as CSV: delimiter, encoding, header and HXL tags are found out, columns guessed or named by a person.

Formats: RFC 4180 and its relatives with semicolons, tabs and bars; HXL 1.1 (https://hxlstandard.org), whose row of
hashtags stands right below the header within the first 25 rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice

from app.errors import Unreadable
from app.feeds.choosing import guess, records
from app.feeds.columns import Columns
from app.feeds.csvfile import rows
from app.feeds.encoding import decode
from app.feeds.look import Look
from app.feeds.record import Item, Problem
from app.feeds.table import Table
from app.feeds.values import BadRow, decimal

_DELIMITERS = ",;\t|"
_HXL_ROWS = 25
COLUMNS_MAX = 1_000


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format. Raises Unreadable, saying why not, for text that is no table."""
    return seen.kind == "text" and bool(_loaded(seen.text, []).names)


def parse(data: bytes, columns: Mapping[str, str] | None = None, source: str = "upload") -> Iterator[Item]:
    """Read a table; `columns` names a column for any of our fields, `row` is the line in the file.

    Raises Unreadable when this is no text, no table or has no header, for a column that does not exist, and when no
    column says what or where anything is.
    """
    return records(load(data), columns, source)


def guess_columns(data: bytes, columns: Mapping[str, str] | None = None) -> Columns:
    """Say how `parse` would read the table. Raises Unreadable when this is no text, no table or has no header."""
    return guess(load(data), columns)


def load(data: bytes) -> Table:
    """Return the cells of a CSV file. Raises Unreadable when this is no text, no table or has no header."""
    text, encoding = decode(data, legacy=True)
    return _loaded(text, ["The file is not UTF-8; it is read as Windows-1252."] if encoding == "cp1252" else [])


def _loaded(text: str, notes: list[str]) -> Table:
    if text[:4].lower() == "sep=":  # Excel's own way to name the delimiter.
        line, _, text = text.partition("\n")
        text, delimiter = f"\n{text}", line[4:5]
    else:
        delimiter = ""
    lines = rows(text, delimiter or _delimiter(text))
    head = [(number, _trimmed(cells)) for number, cells in islice(lines, _HXL_ROWS)]
    if not head:
        raise Unreadable("The file is empty.")
    tagged = next((index for index, (_, cells) in enumerate(head) if _is_tags(cells)), None)
    above = max(0, (tagged or 0) - 1)
    width = len(head[above][1])
    if width > COLUMNS_MAX:
        raise Unreadable(f"The table has {width:,} columns; at most {COLUMNS_MAX:,} can be read.")
    names = _names(head[above][1])
    if tagged is not None:
        notes.append("The row of HXL hashtags tells what the columns hold.")
    numbers, table, problems = [], [], []
    body = head[(above if tagged is None else tagged) + 1 :]
    for number, cells in chain(body, ((number, _trimmed(cells)) for number, cells in lines)):
        if len(cells) == width or (len(cells) > width and not any(cells[width:])):
            if any(cells):
                numbers.append(number)
                table.append(cells[:width])
        else:
            problems.append(Problem(number, f"The row has {len(cells)} cells; the header has {width}."))
    tags = head[tagged][1] if tagged is not None else ()
    return Table(names=names, numbers=numbers, cells=table, tags=tags, problems=problems, notes=notes)


def _trimmed(cells: list[str]) -> tuple[str, ...]:
    """Return a row as a tuple of text, which the garbage collector, unlike with lists, soon leaves alone."""
    return tuple(map(str.strip, cells))


def _delimiter(text: str) -> str:
    """Return the delimiter that cuts the most of the first 50 rows into as many cells as the first one has."""
    best, score = "", (0, 0)
    for delimiter in _DELIMITERS:
        widths = [len(cells) for _, cells in islice(rows(text[:65536], delimiter), 50)]
        if widths and widths[0] > 1:
            score, best = max((score, best), ((widths.count(widths[0]), widths[0]), delimiter))
    if not best:
        raise Unreadable("This is no table: its first line has no comma, semicolon, tab or bar between names of columns.")
    return best


def _is_tags(cells: Sequence[str]) -> bool:
    """Say whether a row is the HXL row: hashtags in at least two cells, and nothing else."""
    given = [cell for cell in cells if cell]
    return len(given) > 1 and all(cell[0] == "#" and cell[1:2].isalpha() for cell in given)


def _names(header: Sequence[str]) -> list[str]:
    """Return the names of the columns, each different. Raises Unreadable when they look like data."""
    given = [cell for cell in header if cell]
    if not given or sum(map(_is_number, given)) * 2 > len(given):
        raise Unreadable("The first row should name the columns, but it looks like data.")
    seen: Counter[str] = Counter()
    names = []
    for position, cell in enumerate(header, 1):
        name = cell or f"column {position}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _is_number(cell: str) -> bool:
    try:
        decimal(cell.replace(",", "."), "cell")
    except BadRow:
        return False
    return True
