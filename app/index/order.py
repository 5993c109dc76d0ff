"""Pages of the threats that match, and how they spread over time and over terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.index.part import UNDATED, Ids, Mask, Part
from app.index.question import Matches
from app.index.snapshot import NO_IDS, Snapshot

BARS = 60
_DEEP = 1_000
"""Pages that lie deeper are first narrowed to the threats of their time."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Equal periods from `start` to `end` in ms, the end included, with the number of threats in each."""

    start: int
    end: int
    counts: NDArray[np.int64]
    undated: int


def newest(matches: Matches, limit: int, offset: int = 0, after: tuple[int, bytes] | None = None) -> Ids:
    """Return the ids of a page of the threats that match, newest observed first, then by id downwards; those without a time last.

    `after` is the time (UNDATED without one) and the id of the last threat of the page before.
    """
    found = []
    for part, mask in zip(matches.snapshot.parts, matches.masks, strict=True):
        rows = np.flatnonzero(mask)
        times = part.facts.times[rows]
        if after is not None:
            rows = rows[_are_later(part, rows, times, after)]
            times = part.facts.times[rows]
        found.append((part, rows, times))
    passed = 0
    if offset > _DEEP:
        every = np.concatenate([times for _, _, times in found])
        if offset >= len(every):
            return NO_IDS
        latest = np.partition(every, len(every) - 1 - offset)[len(every) - 1 - offset]
        passed = int((every > latest).sum())
        found = [(part, rows[times <= latest], times[times <= latest]) for part, rows, times in found]
    wanted = offset - passed + limit
    firsts = [(part, _first(part, rows, times, wanted)) for part, rows, times in found]
    ids = np.concatenate([part.ids_at(rows) for part, rows in firsts])
    order = np.lexsort((ids, np.concatenate([part.facts.times[rows] for part, rows in firsts])))[::-1]
    page: Ids = ids[order[offset - passed : wanted]]
    return page


def up_to(matches: Matches, after: tuple[int, bytes]) -> int:
    """Return how many of the threats that match come up to a place in the order of `newest`, that place included."""
    count = 0
    for part, mask in zip(matches.snapshot.parts, matches.masks, strict=True):
        rows = np.flatnonzero(mask)
        count += len(rows) - int(_are_later(part, rows, part.facts.times[rows], after).sum())
    return count


def _are_later(part: Part, rows: NDArray[np.int64], times: NDArray[np.int64], after: tuple[int, bytes]) -> Mask:
    """Return which rows, whose times are given, come after a place in the order of `newest`."""
    time, last = after
    later: Mask = times < time
    level = times == time
    later[level] = part.id_at[rows[level]] < np.searchsorted(part.ids, np.array(last, "S16"))
    return later


def _first(part: Part, rows: NDArray[np.int64], times: NDArray[np.int64], wanted: int) -> NDArray[np.int64]:
    """Return the rows that come first, in no order."""
    if len(rows) <= wanted:
        return rows
    least = np.partition(times, len(rows) - wanted)[len(rows) - wanted]
    above, level = rows[times > least], rows[times == least]
    places = part.id_at[level]
    beyond = len(level) - (wanted - len(above))
    return np.concatenate((above, level[places >= np.partition(places, beyond)[beyond]]))


def newest_of(snapshot: Snapshot, masks: list[Mask]) -> Ids:
    """Return the ids of rows, newest observed first, as `newest` orders them."""
    parts = list(zip(snapshot.parts, masks, strict=True))
    ids = np.concatenate([part.ids_at(mask) for part, mask in parts])
    times = np.concatenate([part.facts.times[mask] for part, mask in parts])
    latest_first: Ids = ids[np.lexsort((ids, times))[::-1]]
    return latest_first


def histogram(matches: Matches) -> Histogram:
    """Return how the threats that match spread over time, in BARS periods from the first to the last."""
    parts = zip(matches.snapshot.parts, matches.masks, strict=True)
    times = np.concatenate([part.facts.times[mask] for part, mask in parts])
    dated = times[times != UNDATED]
    if not len(dated):
        return Histogram(0, 0, np.zeros(BARS, np.int64), len(times))
    start, end = int(dated.min()), int(dated.max())
    bars = np.minimum(((dated - start) * (BARS / max(1, end - start))).astype(np.int64), BARS - 1)
    return Histogram(start, end, np.bincount(bars, minlength=BARS), len(times) - len(dated))


def by_text(snapshot: Snapshot, name: str) -> list[tuple[str, int]]:
    """Return the texts that occur in a column of codes (`kinds`, `sources`, `countries`), each with its number of threats.

    The most frequent comes first, then by text; threats without a text are left out.
    """
    texts = getattr(snapshot.words, name).texts()
    codes = np.concatenate([getattr(part.facts, name)[part.alive] for part in snapshot.parts])
    counts = np.bincount(codes, minlength=len(texts))
    found = [(text, int(count)) for text, count in zip(texts, counts, strict=True) if text is not None and count]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))
