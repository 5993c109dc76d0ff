"""Which threats a selection means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.errors import Faults
from app.index import order
from app.index.part import Ids, Mask, ids_of, uuids_of
from app.index.question import Matches
from app.index.snapshot import NO_IDS, Snapshot
from app.service import live_index
from app.service.actor import Actor, guarded
from app.service.selection.steps import Selection, Step
from app.terms import Permission, Severity

SELECTION_MAX = 200_000
PREVIEW = 50


@dataclass(frozen=True, slots=True)
class Selected:
    """What a selection comes to: the ids, newest observed first, and the number of each severity, worst first."""

    ids: Ids
    by_severity: dict[Severity, int]

    @property
    def first(self) -> list[UUID]:
        """Return at most PREVIEW of the ids."""
        return uuids_of(self.ids[:PREVIEW])


@guarded(Permission.THREATS_READ)
def resolve(actor: Actor, selection: Selection, faults: Faults | None = None, at: str = "selection") -> Selected:
    """Return exactly the threats that the selection means now.

    An id that the tenant does not have, and a selection of more than SELECTION_MAX, are faults, which are raised as Invalid
    unless the caller gave a collector. Raises Warming while the threats are being read into memory.
    """
    raise_here, faults = faults is None, Faults() if faults is None else faults
    wrong = len(faults) > 0  # then filters may be unread, and only ids that there are not are still looked for
    matches = live_index.ask(actor, *({} if wrong or step.ids is not None else step.filters for step in selection.steps))
    if not selection.steps:
        return Selected(NO_IDS, dict.fromkeys(reversed(Severity), 0))
    snapshot = matches[0].snapshot
    masks = selected_rows(selection, matches, faults)
    total = sum(int(mask.sum()) for mask in masks)
    if not wrong and (words := too_many(total)):
        faults.add(at, "field_invalid", words)
        masks = [np.zeros_like(mask) for mask in masks]
    if raise_here:
        faults.raise_if_any()
    return _told(snapshot, masks)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The rows that a selection means, for each part of the snapshot.

    `changes` says by how many threats each step made it larger or smaller; `missing` are ids to be added that there are not, each
    with where it stands in the input.
    """

    masks: list[Mask]
    changes: list[int]
    missing: list[tuple[str, UUID]]


def evaluate(selection: Selection, matches: list[Matches]) -> Evaluated:
    """Take the steps in order, given what matches the filters of each."""
    snapshot = matches[0].snapshot
    masks = [np.zeros(len(part), np.bool_) for part in snapshot.parts]
    changes: list[int] = []
    missing: list[tuple[str, UUID]] = []
    total = 0
    for step, of_step in zip(selection.steps, matches, strict=True):
        for mask, rows in zip(masks, _rows(step, of_step, missing), strict=True):
            mask[rows] = step.adds
        before, total = total, sum(int(np.count_nonzero(mask)) for mask in masks)
        changes.append(abs(total - before))
    return Evaluated(masks, changes, missing)


def selected_rows(selection: Selection, matches: list[Matches], faults: Faults) -> list[Mask]:
    """Return the rows that a selection means, for each part of the snapshot; ids to be added that there are not are faults."""
    found = evaluate(selection, matches)
    for at, _ in found.missing:
        faults.add(at, "threat_unknown", "No threat has this id.")
    return found.masks


def too_many(total: int) -> str:
    """Return why so many can't be selected, or nothing."""
    return f"Select at most {SELECTION_MAX:,} threats; this comes to {total:,}." if total > SELECTION_MAX else ""


def _rows(step: Step, matches: Matches, missing: list[tuple[str, UUID]]) -> Sequence[NDArray[Any]]:
    if step.ids is None:
        return matches.masks if step.area is None else matches.inside(step.area)
    ids = ids_of(threat_id.bytes for threat_id in step.ids)
    found = matches.find(ids)
    if step.adds:
        missing += [(f"{step.at}[{i}]", step.ids[i]) for i in np.flatnonzero(np.maximum.reduce(found) < 0)]
    return [rows[rows >= 0] for rows in found]


def _told(snapshot: Snapshot, masks: list[Mask]) -> Selected:
    counts = snapshot.by_severity(masks)
    by_severity = {severity: counts[severity.rank] for severity in reversed(Severity)}
    return Selected(order.newest_of(snapshot, masks), by_severity)
