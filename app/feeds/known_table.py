"""Tables whose columns a source has named: each row goes to the parser of that source as words by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import merge

from app.errors import Unreadable
from app.feeds import raw
from app.feeds.record import Item, Problem
from app.feeds.table import Table
from app.feeds.values import BadRow

Words = dict[str, str]


def read(table: Table, names: Sequence[str], needed: Sequence[str], item: Callable[[int, Words], Item]) -> Iterator[Item]:
    """Return what `item` makes of each row and its words; a column that the table lacks gives "".

    Raises Unreadable, at once, when a needed column is missing.
    """
    missing = [name for name in needed if name not in table.names]
    if missing:
        raise Unreadable(f"The table has no column {', '.join(missing)}. It has: {', '.join(table.names)}.")
    made = _items(table, names, item)
    return merge(table.problems, made, key=lambda one: one.row) if table.problems else made


def _items(table: Table, names: Sequence[str], item: Callable[[int, Words], Item]) -> Iterator[Item]:
    columns = [table.words(name if name in table.names else None) for name in names]
    for number, row, *cells in zip(table.numbers, table.cells, *columns, strict=True):
        yield raw.told(attempt(number, dict(zip(names, cells, strict=True)), item), raw.of_cells(table.names, row))


def attempt(row: int, words: Words, item: Callable[[int, Words], Item]) -> Item:
    """Return what `item` makes of the words, or the problem that it raises as BadRow."""
    try:
        return item(row, words)
    except BadRow as reason:
        return Problem(row, str(reason))
