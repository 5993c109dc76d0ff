"""Choosing columns of a table for our fields, and reading it with what was chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from heapq import merge

from app.errors import Unreadable
from app.feeds.clock import are_clocks
from app.feeds.columns import FIELDS, Columns, candidates, overridden
from app.feeds.degrees import coordinate, is_of
from app.feeds.record import Item
from app.feeds.table import TIMES, Reading, Table, translated
from app.feeds.times import time_reader
from app.feeds.words import severity_reader, status

_SAMPLE = 1000
AXES = {"lat": "latitude", "lng": "longitude"}


def guess(table: Table, columns: Mapping[str, str] | None) -> Columns:
    """Say how the table would be read, with a person's choice of columns laid over ours.

    Raises Unreadable for a field or a column that does not exist.
    """
    chosen, notes = _choose(table)
    final = overridden(chosen, columns, table.names)
    reading = Reading(table, final)
    return Columns(
        chosen={name: final.get(name) for name in FIELDS},
        names=tuple(table.names),
        rows=tuple(map(tuple, table.cells[:5])),
        notes=(*table.notes, *notes, *reading.notes),
    )


def records(table: Table, columns: Mapping[str, str] | None, source: str) -> Iterator[Item]:
    """Return the table's records and problems in the order of its rows.

    Raises Unreadable for a field or a column that does not exist, and when no column says what or where anything is.
    """
    chosen = overridden(_choose(table)[0], columns, table.names)
    if table.places is None:
        if ("lat" in chosen) != ("lng" in chosen):
            raise Unreadable("A place needs a column for latitude and one for longitude; only one of them is named.")
        if not chosen.keys() & {"title", "lat", "location"}:
            raise Unreadable(f"No column is known to hold a title or a place. The columns are: {', '.join(table.names)}.")
    read = Reading(table, chosen).records(source)
    return merge(table.problems, read, key=lambda item: item.row) if table.problems else read


def _choose(table: Table) -> tuple[dict[str, str | None], list[str]]:
    """Return for each field the likeliest column whose cells fit it, and notes about columns passed over."""
    chosen: dict[str, str | None] = {}
    notes: list[str] = []
    for name in FIELDS:
        if (name in {"lat", "lng"} and table.places is not None) or (name == "external_id" and table.ids is not None):
            continue
        for column in candidates(name, table.names, table.tags):
            why_not = _misfit(name, table.words(column), column)
            if why_not is None:
                chosen[name] = column
                break
            if why_not:
                notes.append(f"“{column}” is not read as {name}: {why_not}.")
    if ("lat" in chosen) != ("lng" in chosen):
        lone = chosen.pop("lat", None) or chosen.pop("lng", None)
        notes.append(f"“{lone}” is not read as a coordinate: there is no column for the other one.")
    return chosen, notes


def _either_axis(word: str, name: str) -> float | None:
    """Read a coordinate, also one of the other axis: columns the wrong way round are found out later."""
    plain = word.replace(",", ".")
    other = next(axis for axis in AXES.values() if axis != name)
    return coordinate(plain, other if is_of(plain, other) else name)


def _misfit(name: str, words: list[str], column: str) -> str | None:
    """Say why a column can't hold a field; "" when that is not worth a note, None when it can."""
    if not any(words):
        return "" if words else None
    if name in TIMES:
        if are_clocks(words):
            return ""
        return None if time_reader(words, column).known else "most of its cells are no times that are known"
    if name == "external_id":
        return None if all(words) and len(set(words)) == len(words) else "it is empty or repeats in some rows"
    sample = list(dict.fromkeys(filter(None, words)))[:_SAMPLE]
    reader: Callable[[str], object]
    if name in {"lat", "lng"}:
        reader, reason = (partial(_either_axis, name=AXES[name])), "most of its cells are not numbers"
    elif name == "severity":
        reader, reason = severity_reader(sample), "most of its words are not known"
    elif name == "status":
        reader, reason = status, "most of its words are not known"
    else:
        return None
    bad: dict[int, str] = {}
    translated(sample, reader, bad)
    return reason if len(bad) * 2 > len(sample) else None
