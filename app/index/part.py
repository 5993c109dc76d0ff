"""Threats as columns: one array for each fact, 64 bytes a threat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.index.morton import keys_of

Ids = NDArray[np.bytes_]
"""UUIDs as 16 bytes each (dtype S16), which sort as the UUIDs do."""
Mask = NDArray[np.bool_]

UNDATED = int(np.iinfo(np.int64).min)
STATUSES = 8
"""A category is the severity's rank * STATUSES + the status' place."""


def ids_of(values: Iterable[bytes]) -> Ids:
    """Return ids given as 16 bytes each."""
    return np.frombuffer(b"".join(values), "S16")


def bytes_of(ids: Ids) -> Iterator[bytes]:
    """Return ids as 16 bytes each."""
    raw = ids.tobytes()
    return (raw[i : i + 16] for i in range(0, len(raw), 16))


def uuids_of(ids: Ids) -> list[UUID]:
    """Return ids as UUIDs."""
    return [UUID(bytes=raw) for raw in bytes_of(ids)]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the index knows of threats, in one order or another.

    Places are in degrees, NaN without one; times in ms since 1970, UNDATED without one; uncertainties in km, NaN if unknown,
    and only as exact as a drawn circle needs. Kinds, sources and countries are codes of Terms, 0 for none.
    """

    lngs: NDArray[np.float64]
    lats: NDArray[np.float64]
    times: NDArray[np.int64]
    categories: NDArray[np.uint8]
    precisions: NDArray[np.uint8]
    uncertainties: NDArray[np.float16]
    kinds: NDArray[np.unsignedinteger[Any]]
    sources: NDArray[np.unsignedinteger[Any]]
    countries: NDArray[np.unsignedinteger[Any]]
    grouped: Mask

    def __getitem__(self, which: Any) -> Facts:
        return Facts(*(getattr(self, field.name)[which] for field in fields(self)))

    @classmethod
    def joined(cls, several: Sequence[Facts]) -> Facts:
        """Return the facts of several, one after the other."""
        return cls(*(np.concatenate([getattr(facts, field.name) for facts in several]) for field in fields(cls)))

    @property
    def severities(self) -> NDArray[np.uint8]:
        """Return the ranks, 0 to 4."""
        return self.categories // np.uint8(STATUSES)


@dataclass(frozen=True, slots=True)
class Part:
    """Threats in Morton order, those without a place at the end; a row is a position in this order.

    The ids stand in their own order, by which they are found: `row_of` leads from there to the row, `id_at` back. A row that is
    no longer `alive` is stated anew by a later part.
    """

    ids: Ids
    row_of: NDArray[np.uint32]
    id_at: NDArray[np.uint32]
    keys: NDArray[np.uint32]
    """Of those with a place, which are as many as there are keys."""
    facts: Facts
    alive: Mask

    @classmethod
    def of(cls, ids: Ids, facts: Facts) -> Self:
        """Make a part of threats in any order, no id twice."""
        size = len(ids)
        has_place = ~np.isnan(facts.lngs)
        keys = keys_of(facts.lngs[has_place], facts.lats[has_place])
        by_key = np.argsort(keys, kind="stable")
        order = np.concatenate((np.flatnonzero(has_place)[by_key], np.flatnonzero(~has_place)))
        by_id = np.argsort(ids, kind="stable")
        id_at, row_of = np.empty(size, np.uint32), np.empty(size, np.uint32)
        counting = np.arange(size, dtype=np.uint32)
        id_at[by_id] = counting
        id_at = id_at[order]
        row_of[id_at] = counting
        return cls(ids[by_id], row_of, id_at, keys[by_key], facts[order], np.ones(size, np.bool_))

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, ids: Ids) -> NDArray[np.int64]:
        """Return the living rows of these ids, -1 for those that have none here."""
        if not len(self):
            return np.full(len(ids), -1, np.int64)
        at = np.minimum(np.searchsorted(self.ids, ids), len(self) - 1)
        rows = self.row_of[at].astype(np.int64)
        return np.where((self.ids[at] == ids) & self.alive[rows], rows, -1)

    def mark(self, ids: Ids) -> Mask:
        """Return which rows have one of these ids."""
        marked = np.zeros(len(self), np.bool_)
        rows = self.find(np.sort(ids))  # in order they are found five times as fast
        marked[rows[rows >= 0]] = True
        return marked

    def ids_at(self, rows: Any) -> Ids:
        """Return the ids of rows."""
        ids: Ids = self.ids[self.id_at[rows]]
        return ids

    def without(self, ids: Ids) -> Part:
        """Return the part with the rows of these ids no longer alive."""
        return replace(self, alive=self.alive & ~self.mark(ids))

    def are_grouped(self, ids: Ids) -> Mask:
        """Return for each id whether it is here and in an incident."""
        rows = self.find(ids)
        return (rows >= 0) & self.facts.grouped[rows] if len(self) else np.zeros(len(ids), np.bool_)

    def with_grouped(self, ids: Ids, grouped: Mask) -> Part:
        """Return the part with these threats in an incident, or in none."""
        rows = self.find(ids)
        here = rows >= 0
        flags = self.facts.grouped.copy()
        flags[rows[here]] = grouped[here]
        return replace(self, facts=replace(self.facts, grouped=flags))

    def living(self) -> tuple[Ids, Facts]:
        """Return the ids and facts of the rows that are alive."""
        return self.ids_at(self.alive), self.facts[self.alive]
