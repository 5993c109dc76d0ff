"""Which threats of a snapshot are meant, and which rows those are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.geo.box import Box
from app.geo.cells import Cells
from app.geo.circle import Circle
from app.geo.polygon import Polygon
from app.index.morton import spans
from app.index.part import STATUSES, UNDATED, Ids, Mask, Part
from app.index.snapshot import NO_IDS, Snapshot

Rows = slice | NDArray[np.int64]
Shape = Box | Circle | Polygon | Cells

_WORLD = Box(-180, -90, 180, 90)
_WORTH_A_RUN = 512
"""Rows between two runs that are looked at rather than begin a new run."""


@dataclass(frozen=True, slots=True)
class Question:
    """Conditions that all hold; None is no condition.

    Severities are ranks, statuses their places among the statuses. Times are ms since 1970, the end not included; a threat
    without a time is in no period. `not_sources` are in small letters and leave out sources in whatever case. `among` are sets of
    ids, found by other means, of which each has to hold the threat.
    """

    severities: frozenset[int] | None = None
    statuses: frozenset[int] | None = None
    kinds: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    not_sources: frozenset[str] = frozenset()
    countries: frozenset[str] | None = None
    box: Box | None = None
    start: int | None = None
    end: int | None = None
    grouped: bool | None = None
    among: tuple[Ids, ...] = ()


class Matches:
    """The threats of a snapshot that answer a question. It works out only what it is asked for."""

    def __init__(self, snapshot: Snapshot, question: Question) -> None:
        self.snapshot = snapshot
        self._question = replace(question, among=())  # marked below; a million ids are 16 MB, and matches are kept
        self._categories = _category_table(question)
        words = snapshot.words
        self._codes = [
            (name, terms.mask(texts))
            for name, terms, texts in (
                ("kinds", words.kinds, question.kinds),
                ("sources", words.sources, question.sources),
                ("countries", words.countries, question.countries),
            )
            if texts is not None
        ]
        if question.not_sources:
            off = [text for text in words.sources.texts() if text and text.lower() in question.not_sources]
            self._codes.append(("sources", ~words.sources.mask(off)))
        self._among = [[part.mark(ids) for ids in question.among] for part in snapshot.parts]

    @cached_property
    def masks(self) -> list[Mask]:
        """Return which rows match, for each part."""
        box = self._question.box
        if box is None:
            return [self._mask(number, slice(0, len(part))) for number, part in enumerate(self.snapshot.parts)]
        masks = []
        for number, part in enumerate(self.snapshot.parts):
            mask = np.zeros(len(part), np.bool_)
            mask[self._inside(number, box)] = True
            masks.append(mask)
        return masks

    @cached_property
    def by_severity(self) -> list[int]:
        """Return how many threats of each severity match, 0 to 4."""
        return self.snapshot.by_severity(self.masks)

    @cached_property
    def unplaced(self) -> int:
        """Return how many that match have no place."""
        return sum(int(mask[len(part.keys) :].sum()) for part, mask in zip(self.snapshot.parts, self.masks, strict=True))

    def find(self, ids: Ids) -> list[NDArray[np.int64]]:
        """Return the rows of these ids, for each part, -1 for those that do not match or are not there."""
        found = [part.find(ids) for part in self.snapshot.parts]
        for number, rows in enumerate(found):
            here = np.flatnonzero(rows >= 0)
            rows[here[~self._mask(number, rows[here])]] = -1
        return found

    def inside(self, shape: Shape) -> list[NDArray[np.int64]]:
        """Return the rows that match and lie in the shape or on its edge, for each part, ascending."""
        found = [self._inside(number, shape if isinstance(shape, Box) else shape.box) for number in range(len(self._among))]
        if isinstance(shape, Box):
            return found
        return [
            rows[shape.contains(part.facts.lngs[rows], part.facts.lats[rows])]
            for part, rows in zip(self.snapshot.parts, found, strict=True)
        ]

    def inside_since(self, shape: Shape, first: bytes) -> Ids:
        """Return the ids, from `first` on, of those that match and lie in the shape. It looks at no others."""
        found = [NO_IDS]
        for number, part in enumerate(self.snapshot.parts):
            rows = np.sort(part.row_of[np.searchsorted(part.ids, np.array(first, "S16")) :]).astype(np.int64)
            rows = rows[self.masks[number][rows] & (rows < len(part.keys))]
            rows = rows[in_box(part, rows, shape if isinstance(shape, Box) else shape.box)]
            if not isinstance(shape, Box):
                rows = rows[shape.contains(part.facts.lngs[rows], part.facts.lats[rows])]
            found.append(part.ids_at(rows))
        return np.concatenate(found)

    def _inside(self, number: int, box: Box) -> NDArray[np.int64]:
        part = self.snapshot.parts[number]
        rows = _candidates(part, box)
        if "masks" in self.__dict__:  # worked out already, as for any view after the first
            mask = self.masks[number][rows].copy()
        else:
            mask = self._mask(number, rows)
            if self._question.box is not None and self._question.box != box:
                mask &= in_box(part, rows, self._question.box)
        if box != _WORLD:
            mask &= in_box(part, rows, box)
        return np.flatnonzero(mask) if isinstance(rows, slice) else rows[mask]

    def _mask(self, number: int, rows: Rows) -> Mask:
        """Return which of these rows match in all but their place."""
        part, question = self.snapshot.parts[number], self._question
        facts = part.facts
        mask: Mask = part.alive[rows].copy()
        if self._categories is not None:
            mask &= np.frombuffer(facts.categories[rows].tobytes().translate(self._categories), np.bool_)
        for name, table in self._codes:
            mask &= table[getattr(facts, name)[rows]]
        if question.start is not None or question.end is not None:
            mask &= _in_period(facts.times[rows], question.start, question.end)
        if question.grouped is not None:
            mask &= facts.grouped[rows] == question.grouped
        for marked in self._among[number]:
            mask &= marked[rows]
        return mask


def _category_table(question: Question) -> bytes | None:
    if question.severities is None and question.statuses is None:
        return None
    allowed = bytearray(256)
    for category in range(256):
        severity, status = divmod(category, STATUSES)
        allowed[category] = (question.severities is None or severity in question.severities) and (
            question.statuses is None or status in question.statuses
        )
    return bytes(allowed)


def _in_period(times: NDArray[np.int64], start: int | None, end: int | None) -> Mask:
    start = UNDATED + 1 if start is None else start
    within: Mask = times >= start
    return within if end is None else within & (times < end)


def in_box(part: Part, rows: Rows, box: Box) -> Mask:
    """Return which of these rows have a place in the box or on its edge."""
    lngs, lats = part.facts.lngs[rows], part.facts.lats[rows]
    within: Mask = np.zeros(len(lngs), np.bool_)
    for piece in box.split():
        here = (lats >= piece.min_lat) & (lats <= piece.max_lat)
        if (piece.min_lng, piece.max_lng) != (-180, 180):
            here &= (lngs >= piece.min_lng) & (lngs <= piece.max_lng)
        within |= here
    return within


def _candidates(part: Part, box: Box) -> Rows:
    """Return rows with a place that hold all those in the box: a few runs of them, or simply all."""
    runs = list(_runs(part, box))
    if 4 * sum(end - first for first, end in runs) > len(part.keys):
        return slice(0, len(part.keys))
    return np.concatenate([np.arange(first, end) for first, end in runs] or [np.empty(0, np.int64)])


def _runs(part: Part, box: Box) -> Iterator[tuple[int, int]]:
    bounds = np.array(spans(box), np.int64).reshape(-1, 2)
    firsts = np.searchsorted(part.keys, bounds[:, 0].astype(np.uint32))
    ends = np.searchsorted(part.keys, (bounds[:, 1] - 1).astype(np.uint32), side="right")
    run: tuple[int, int] | None = None
    for first, end in zip(firsts.tolist(), ends.tolist(), strict=True):
        if first == end:
            continue
        if run and first - run[1] < _WORTH_A_RUN:
            run = (run[0], end)
        else:
            if run:
                yield run
            run = (first, end)
    if run:
        yield run
