"""The selection that a form carries: hidden ids for threats on other pages, and the checkboxes of this one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app.errors import Faults
from app.service.actor import Actor
from app.service.rules import CANONICAL_UUID
from app.service.selection import Selection, Step, resolve
from app.terms import Severity
from app.web.reading import Pairs, first


@dataclass(frozen=True, slots=True)
class Chosen:
    """Threats that exist, with their severities, and how many ids were left out because they don't."""

    ids: tuple[UUID, ...] = ()
    severities: tuple[Severity, ...] = ()
    left_out: int = 0

    @property
    def by_severity(self) -> dict[Severity, int]:
        """Return how many there are of each severity, worst first."""
        return {severity: self.severities.count(severity) for severity in reversed(Severity)}

    def elsewhere(self, here: Iterable[UUID]) -> list[tuple[UUID, int]]:
        """Return the ids that are not among those on the page, with the ranks of their severities."""
        shown = set(here)
        pairs = zip(self.ids, self.severities, strict=True)
        return [(threat_id, severity.rank) for threat_id, severity in pairs if threat_id not in shown]


def written(pairs: Pairs) -> list[str]:
    """Return the ids that a form carries, as they were written: `selected` parted by spaces, and `threat_ids`."""
    ids = [part for name, value in pairs if name == "selected" for part in value.split()]
    ids += [value for name, value in pairs if name == "threat_ids" and value]
    return list(dict.fromkeys(ids))


def chosen_incident(pairs: Pairs) -> str:
    """Return the incident that a form is to lead threats to, as it was written: the id that was typed, or the one chosen."""
    return (first(pairs, "other_id") or "").strip() or (first(pairs, "to_incident_id") or "")


def chosen_to_merge(pairs: Pairs) -> list[str]:
    """Return the incidents to be merged, as they were written: those ticked, and the ids that were typed."""
    ids = [value for name, value in pairs if name == "incident_ids" and value]
    ids += [part for name, value in pairs if name == "other_id" for part in value.split()]
    return list(dict.fromkeys(ids))


def choose(actor: Actor, texts: list[str]) -> Chosen:
    """Return the threats of these ids that the actor's tenant has. One statement, however many there are."""
    ids = tuple(dict.fromkeys(UUID(text) for text in texts if CANONICAL_UUID.fullmatch(text)))
    if not ids:
        return Chosen(left_out=len(texts))
    # Ids that there are not are faults in the collector, which nobody reads: they are left out.
    selected = resolve(actor, Selection((Step(adds=True, ids=ids),)), Faults())
    return Chosen(tuple(selected.ids), tuple(selected.severities), len(texts) - len(selected.ids))
