"""What a selection comes to without naming its threats: how many, by severity and step, and where and when they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from app.db import EPOCH
from app.geo.middle import middle_of
from app.index import order
from app.index.part import UNDATED, ids_of, uuids_of
from app.index.question import Matches
from app.service import live_index
from app.service.actor import Actor, guarded
from app.service.selection.resolve import evaluate
from app.service.selection.steps import Selection
from app.terms import Permission, Severity


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers of a selection, by severity, worst first.

    `changes` says by how many threats each step made it larger or smaller, `inside` which of the ids asked about are in it;
    `unknown` are ids of its steps that there are not.
    """

    by_severity: dict[Severity, int]
    changes: list[int]
    inside: list[bool]
    unknown: frozenset[UUID] = frozenset()

    @property
    def total(self) -> int:
        """Return how many are selected."""
        return sum(self.by_severity.values())


@guarded(Permission.THREATS_READ)
def summary(actor: Actor, selection: Selection, ids: Sequence[UUID] = ()) -> Summary:
    """Return what a selection comes to now, however many it is. Raises Warming while the threats are being read into memory."""
    if not selection.steps:
        return Summary(dict.fromkeys(reversed(Severity), 0), [], [False] * len(ids))
    matches = _asked(actor, selection)
    snapshot = matches[0].snapshot
    found = evaluate(selection, matches)
    counts = snapshot.by_severity(found.masks)
    inside = np.zeros(len(ids), np.bool_)
    wanted = ids_of(threat_id.bytes for threat_id in ids)
    for part, mask in zip(snapshot.parts, found.masks, strict=True):
        rows = part.find(wanted)
        here = rows >= 0
        inside[here] |= mask[rows[here]]
    return Summary(
        {severity: counts[severity.rank] for severity in reversed(Severity)},
        found.changes,
        inside.tolist(),
        frozenset(threat_id for _, threat_id in found.missing),
    )


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The middle of a selection as (lat, lng) in degrees, the times between which it was observed, and what is in incidents.

    `grouped` are those that are in an incident of whatever state, newest observed first, and not more than were asked for; there
    are `grouped_total`. The middle is None if none has a place or they lie all round the Earth, the times if none has one.
    """

    middle: tuple[float, float] | None
    times: tuple[datetime, datetime] | None
    grouped: list[UUID]
    grouped_total: int


@guarded(Permission.THREATS_READ)
def whereabouts(actor: Actor, selection: Selection, most: int = 0) -> Whereabouts:
    """Return where and when all of a selection is, with at most so many ids of those in incidents. Raises Warming."""
    if not selection.steps:
        return Whereabouts(None, None, [], 0)
    matches = _asked(actor, selection)
    snapshot = matches[0].snapshot
    masks = evaluate(selection, matches).masks
    parts = list(zip(snapshot.parts, masks, strict=True))
    lats, lngs, times = (
        np.concatenate([getattr(part.facts, name)[mask] for part, mask in parts]) for name in ("lats", "lngs", "times")
    )
    has_place, dated = ~np.isnan(lats), times[times != UNDATED]
    grouped = [mask & part.facts.grouped for part, mask in parts]
    ids = order.newest_of(snapshot, grouped)
    return Whereabouts(
        middle_of(lats[has_place], lngs[has_place]),
        (_time(dated.min()), _time(dated.max())) if len(dated) else None,
        uuids_of(ids[:most]),
        len(ids),
    )


def _asked(actor: Actor, selection: Selection) -> list[Matches]:
    return live_index.ask(actor, *({} if step.ids is not None else step.filters for step in selection.steps))


def _time(ms: np.int64) -> datetime:
    return EPOCH + timedelta(milliseconds=int(ms))
