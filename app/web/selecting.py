"""The selection of the desk's form: steps made so far in a hidden field, and the checkboxes of the rows on this page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from app.errors import Faults, Warming
from app.service.actor import Actor
from app.service.rules import CANONICAL_UUID
from app.service.selection import Selection, Summary, read_steps, summary, too_many
from app.service.selection.reading import IDS_MAX
from app.terms import Severity
from app.web.reading import Pairs, first
from app.web.step_words import StepWords, words_of

LISTED_MAX = 1_000

Steps = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The selection that a form means, and what it comes to; `summary` is None while the threats are being read into memory."""

    steps: Steps
    selection: Selection
    summary: Summary | None

    @property
    def text(self) -> str:
        """Return the steps as the form carries them."""
        return orjson.dumps(self.steps).decode()

    @property
    def total(self) -> int | None:
        """Return how many are selected, None while that is not known."""
        return self.summary.total if self.summary else None

    @property
    def by_severity(self) -> dict[Severity, int]:
        """Return how many there are of each severity, worst first; zeros while that is not known."""
        return self.summary.by_severity if self.summary else dict.fromkeys(reversed(Severity), 0)

    @property
    def told(self) -> list[StepWords]:
        """Return the steps in words."""
        changes: Sequence[int | None] = self.summary.changes if self.summary else [None] * len(self.selection.steps)
        return [words_of(step, change) for step, change in zip(self.selection.steps, changes, strict=True)]

    @property
    def issue(self) -> str:
        """Return why so many can't become one incident, or nothing."""
        return too_many(self.total or 0)


def meant(actor: Actor, pairs: Pairs, faults: Faults) -> Steps:
    """Return the steps that a form means: those it carries, then what is ticked on its page added and what is not taken away.

    `listed` are the ids of the rows on the page. A step is made only where it changes something, as far as that is known now.
    """
    text = first(pairs, "selection") or "[]"
    selection = read_steps(text, faults)
    steps: Steps = orjson.loads(text) if selection.steps else []
    ticked = list(dict.fromkeys(value for name, value in pairs if name == "threat_ids" and value))
    listed = [value for value in (first(pairs, "listed") or "").split()[:LISTED_MAX] if value not in set(ticked)]
    if not steps:
        return with_singles([], ticked, [])
    if not ticked and not listed:
        return steps
    is_in = _inside(actor, selection, [*ticked, *listed])
    return with_singles(
        steps,
        [text for text in ticked if is_in.get(text) is not True],
        [text for text in listed if is_in.get(text, True)],
    )


def _inside(actor: Actor, selection: Selection, texts: Iterable[str]) -> dict[str, bool]:
    """Return which of the ids are selected; of those that can't be told nothing."""
    ids = [text for text in texts if CANONICAL_UUID.fullmatch(text)]
    try:
        found = summary(actor, selection, [UUID(text) for text in ids])
    except Warming:
        return {}
    return dict(zip(ids, found.inside, strict=True))


def with_singles(steps: Steps, added: list[str], taken: list[str]) -> Steps:
    """Return the steps with single ids added and taken away, joined with such steps at their end, so that they stay few."""
    if not added and not taken:
        return steps
    kept, adds, takes = list(steps), dict.fromkeys(added), dict.fromkeys(taken)
    while kept and "ids" in kept[-1] and len(adds) + len(takes) + len(kept[-1]["ids"]) <= IDS_MAX:
        last = kept.pop()
        # What came later stands.
        earlier = [text for text in last["ids"] if text not in adds and text not in takes]
        target = adds if last["op"] == "add" else takes
        target |= dict.fromkeys(earlier)
    for op, ids in (("add", adds), ("take", takes)):
        if ids:
            kept.append({"op": op, "ids": list(ids)})
    return kept


def choose(actor: Actor, steps: Steps, here: Sequence[UUID] = ()) -> tuple[Chosen, frozenset[UUID]]:
    """Return the selection that steps come to, without what is none of ours, and which of the ids `here` are in it."""
    steps = _readable(steps)
    selection = _read(steps)
    try:
        found = summary(actor, selection, here)
    except Warming:
        return Chosen(steps, selection, None), _ticked(steps, here)
    if found.unknown:
        unknown = {str(threat_id) for threat_id in found.unknown}
        return choose(actor, _without(steps, unknown), here)
    inside = frozenset(threat_id for threat_id, is_in in zip(here, found.inside, strict=True) if is_in)
    return Chosen(steps, selection, found), inside


def _read(steps: Steps) -> Selection:
    return read_steps(orjson.dumps(steps).decode(), Faults())


def _readable(steps: Steps) -> Steps:
    """Return the steps without ids that are none, and without steps that can't be read."""
    if not _faulty(steps):
        return steps
    kept = []
    for given in steps:
        step = given
        if isinstance(given, dict) and isinstance(given.get("ids"), list):
            ids = [text for text in given["ids"] if isinstance(text, str) and CANONICAL_UUID.fullmatch(text)]
            step = {**given, "ids": ids[:IDS_MAX]}
        if not _faulty([step]) and step.get("ids") != []:
            kept.append(step)
    return kept


def _faulty(steps: Steps) -> bool:
    faults = Faults()
    read_steps(orjson.dumps(steps).decode(), faults)
    return len(faults) > 0


def _without(steps: Steps, ids: set[str]) -> Steps:
    parts = [{**step, "ids": [text for text in step["ids"] if text not in ids]} if "ids" in step else step for step in steps]
    return [step for step in parts if step.get("ids") != []]


def _ticked(steps: Steps, here: Sequence[UUID]) -> frozenset[UUID]:
    """Return which of the ids the steps at the end name, which is all that is known while the threats are being read."""
    named: dict[str, bool] = {}
    for step in steps:
        named |= dict.fromkeys(step.get("ids", ()), step["op"] == "add")
    return frozenset(threat_id for threat_id in here if named.get(str(threat_id)))
