"""The threats of a tenant at one moment, and what changes make of them. Nothing in it changes once it is made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from app.index.part import STATUSES, Facts, Ids, Mask, Part
from app.index.terms import Terms

LATER_MAX = 20_000
"""So many threats stated later than the rest, or a fortieth of the rest, are kept apart; more are sorted into the rest."""

NO_IDS: Ids = np.empty(0, "S16")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The texts of a tenant's threats."""

    kinds: Terms = field(default_factory=Terms)
    sources: Terms = field(default_factory=Terms)
    countries: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All threats of one tenant as of the write that `version` names.

    `parts` are those from before and those stated since; each threat is alive in one of them only.
    """

    parts: tuple[Part, Part]
    words: Dictionary
    version: str = ""

    @classmethod
    def of(cls, ids: Ids, facts: Facts, words: Dictionary, version: str = "") -> Self:
        """Make a snapshot of threats in any order."""
        return cls((Part.of(ids, facts), Part.of(NO_IDS, facts[:0])), words, version)

    def __len__(self) -> int:
        return sum(int(part.alive.sum()) for part in self.parts)

    def state(self, ids: Ids, facts: Facts) -> Snapshot:
        """Return the snapshot after these threats were added or stated anew, in the incidents they were in."""
        if not len(ids):
            return self
        main, later = self.parts
        facts = replace(facts, grouped=main.are_grouped(ids) | later.are_grouped(ids))
        kept_ids, kept = later.without(ids).living()
        main = main.without(ids)
        ids, facts = np.concatenate((kept_ids, ids)), Facts.joined([kept, facts])
        if len(ids) <= max(LATER_MAX, len(main) // 40):
            return Snapshot((main, Part.of(ids, facts)), self.words, self.version)
        main_ids, main_facts = main.living()
        return Snapshot.of(np.concatenate((main_ids, ids)), Facts.joined([main_facts, facts]), self.words, self.version)

    def without(self, ids: Ids) -> Snapshot:
        """Return the snapshot after these threats were taken out."""
        if not len(ids):
            return self
        main, later = self.parts
        return Snapshot((main.without(ids), later.without(ids)), self.words, self.version)

    def group(self, ids: Ids, grouped: Mask) -> Snapshot:
        """Return the snapshot after these threats came into an incident, or into none."""
        if not len(ids):
            return self
        main, later = (part.with_grouped(ids, grouped) for part in self.parts)
        return Snapshot((main, later), self.words, self.version)

    def by_severity(self, masks: list[Mask]) -> list[int]:
        """Return how many rows, given for each part, there are of each severity, 0 to 4."""
        categories = np.concatenate([part.facts.categories[mask] for part, mask in zip(self.parts, masks, strict=True)])
        return [int(count) for count in np.bincount(categories // STATUSES, minlength=5)]

    def nbytes(self) -> int:
        """Return the bytes that the arrays take."""
        total = 0
        for part in self.parts:
            arrays: list[NDArray[Any]] = [part.ids, part.row_of, part.id_at, part.keys, part.alive]
            arrays += [getattr(part.facts, name) for name in Facts.__slots__]
            total += sum(array.nbytes for array in arrays)
        return total
