"""Which threats two sources tell at the same place and time: found by cells of space, kind and time, for many at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from app.geo.distance import EARTH_RADIUS_KM
from app.index.part import STATUSES, UNDATED, Facts, Ids
from app.index.snapshot import NO_IDS, Snapshot

NEAR_KM = 1.0
NEAR_MS = timedelta(days=1) // timedelta(milliseconds=1)
LOOKED_AT = 400
"""Of more in one cell within a day of a threat, so many, the nearest in time, are looked at."""
_CELL_KM = 2 * NEAR_KM
_SIDE = 1 << 13
"""Cells of an edge of the cube around the Earth, with room to spare."""
_KINDS = 1 << 24
_TIMES = 1 << 41
_SECOND = 1_000
_CORNERS = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * NEAR_KM


@dataclass(frozen=True, slots=True)
class Near:
    """Pairs of threats: those asked about, others near them, and how near: kilometres and days added."""

    ids: Ids
    others: Ids
    apart: NDArray[np.float64]


class Neighbours:
    """The threats of a snapshot that may be told by another source too.

    Those are alive, have a place as exact as `precisions` (places among the precisions) say, a time, none of the statuses
    `over`, and a kind that two sources tell, whatever the case of its letters. Places are points on a sphere, so that neither
    the antimeridian nor a pole is anything special.
    """

    def __init__(self, snapshot: Snapshot, precisions: Collection[int], over: Collection[int]) -> None:
        kind_of = _folded(snapshot.words.kinds.texts())
        rows = [_usable(part.facts, part.alive, kind_of, precisions, over) for part in snapshot.parts]
        facts = Facts.joined([part.facts[chosen] for part, chosen in zip(snapshot.parts, rows, strict=True)])
        ids = np.concatenate([part.ids_at(chosen) for part, chosen in zip(snapshot.parts, rows, strict=True)])
        kinds = kind_of[facts.kinds]
        told = np.unique(kinds * np.int64(1 << 32) + facts.sources)
        by_two = np.flatnonzero(np.bincount(told >> 32) > 1)
        kept = np.isin(kinds, by_two)
        self._ids, facts, self._kinds = ids[kept], facts[kept], kinds[kept]
        self._by_id = np.argsort(self._ids)
        self._times, self._sources = facts.times, facts.sources
        self._points = _points(facts.lats, facts.lngs)
        self._start = int(self._times.min(initial=0))
        self._groups, group = np.unique(_cell_keys(self._points, self._kinds), return_inverse=True)
        keys = group * np.int64(_TIMES) + self._seconds(self._times)
        self._order = np.argsort(keys)
        self._keys = keys[self._order]

    def of(self, ids: Ids, most: int) -> Near:
        """Return the pairs of which one is among these ids, the other of another source, alike in kind and near by.

        Of each id they are the nearest, and not more than `most`.
        """
        if not len(self._ids):
            return Near(NO_IDS, NO_IDS, np.empty(0))
        at = self._by_id[np.minimum(np.searchsorted(self._ids, ids, sorter=self._by_id), len(self._ids) - 1)]
        rows = at[self._ids[at] == ids]
        mine, others = self._in_cells(rows)
        apart = np.abs(self._times[mine] - self._times[others])
        good = (self._sources[mine] != self._sources[others]) & (apart <= NEAR_MS)
        mine, others, apart = mine[good], others[good], apart[good]
        chord = np.linalg.norm(self._points[mine] - self._points[others], axis=1)
        km = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(1, chord / (2 * EARTH_RADIUS_KM)))
        apart = km + apart / NEAR_MS
        best = np.lexsort((apart, mine))
        best = best[km[best] <= NEAR_KM]
        best = best[np.arange(len(best)) - np.searchsorted(mine[best], mine[best]) < most]
        return Near(self._ids[mine[best]], self._ids[others[best]], apart[best])

    def _in_cells(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rows and others in the cells that reach NEAR_KM around them, within a day and some seconds."""
        # Cells are twice as wide as what is near, so the corners of the cube around a place lie in all that it touches.
        corners = (self._points[rows][:, None, :] + _CORNERS).reshape(-1, 3)
        cells = _cell_keys(corners, np.repeat(self._kinds[rows], len(_CORNERS))).reshape(-1, len(_CORNERS))
        cells.sort(axis=1)
        is_first = np.concatenate((np.ones((len(rows), 1), np.bool_), cells[:, 1:] != cells[:, :-1]), axis=1)
        group = np.minimum(np.searchsorted(self._groups, cells), max(0, len(self._groups) - 1))
        of, column = np.nonzero(is_first & (self._groups[group] == cells))
        base = group[of, column] * np.int64(_TIMES)
        seconds = self._seconds(self._times[rows[of]])
        day = NEAR_MS // _SECOND + 1
        first = np.searchsorted(self._keys, base + np.maximum(0, seconds - day))
        end = np.searchsorted(self._keys, base + seconds + day, side="right")
        here = np.searchsorted(self._keys, base + seconds)
        first, end = np.maximum(first, here - LOOKED_AT // 2), np.minimum(end, here + LOOKED_AT // 2)
        sizes = end - first
        starts = np.repeat(first - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes)
        return np.repeat(rows[of], sizes), self._order[starts + np.arange(int(sizes.sum()))]

    def _seconds(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        seconds: NDArray[np.int64] = (times - self._start) // _SECOND
        return seconds


def _folded(texts: list[str | None]) -> NDArray[np.int64]:
    """Return, by code of a kind, one number for all ways of writing it; 0 for none."""
    numbers: dict[str, int] = {"": 0}
    return np.array([numbers.setdefault((text or "").strip().casefold(), len(numbers)) for text in texts], np.int64)


def _usable(
    facts: Facts, alive: NDArray[np.bool_], kind_of: NDArray[np.int64], precisions: Collection[int], over: Collection[int]
) -> NDArray[np.int64]:
    usable = alive & ~np.isnan(facts.lats) & (facts.times != UNDATED) & (kind_of[facts.kinds] > 0)
    usable &= np.isin(facts.precisions, list(precisions)) & ~np.isin(facts.categories % STATUSES, list(over))
    return np.flatnonzero(usable)


def _points(lats: NDArray[np.float64], lngs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places in degrees as points on the sphere, in km from its middle."""
    phi, lam = np.radians(lats), np.radians(lngs)
    flat = np.cos(phi)
    return EARTH_RADIUS_KM * np.stack((flat * np.cos(lam), flat * np.sin(lam), np.sin(phi)), axis=1)


def _cell_keys(points: NDArray[np.float64], kinds: NDArray[np.int64]) -> NDArray[np.int64]:
    x, y, z = (np.floor(points / _CELL_KM).astype(np.int64) + _SIDE // 2).T
    keys: NDArray[np.int64] = ((x * _SIDE + y) * _SIDE + z) * _KINDS + kinds
    return keys
