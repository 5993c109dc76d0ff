"""Two people at one form: what each wrote of every field, so that the second loses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.errors import Faults
from app.models import Incident
from app.service import rules
from app.service.incidents import UNSET, Changes
from app.web.lists import in_utc
from app.web.reading import Pairs, first, printable

LABELS = {"title": "Title", "description": "Description", "scope": "Scope", "started_at": "Began (UTC)"}
WAS = "was_"
"""Before a field's name: what it said when the form was made."""
MINE = "mine_"
"""Before a field's name: what the second editor wrote, while they choose."""


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that someone else changed meanwhile. `mine` is None where the second editor had not touched it."""

    name: str
    label: str
    mine: str | None
    theirs: str


def shown(incident: Incident) -> dict[str, str]:
    """Return the fields as the form shows them."""
    began = incident.started_at if incident.started_at_is_set else None
    return {
        "title": incident.title,
        "description": incident.description or "",
        "scope": incident.scope.value,
        "started_at": minute(began),
    }


def minute(time: datetime | None) -> str:
    """Return a time as a field of type datetime-local takes it, in UTC."""
    return time.astimezone(UTC).isoformat(timespec="minutes")[:16] if time else ""


def written(pairs: Pairs, name: str) -> str | None:
    """Return what a field of the form says, fit to be compared and shown."""
    text = first(pairs, name)
    return None if text is None else printable(text).strip()


def clashes(pairs: Pairs, incident: Incident) -> list[Clash]:
    """Return the fields that the form and someone else say differently, without those that only the form changed."""
    found = []
    for name, theirs in shown(incident).items():
        mine, was = written(pairs, name), written(pairs, WAS + name)
        if mine in (None, theirs) or was == theirs:
            continue
        found.append(Clash(name, LABELS[name], None if mine == was else mine, theirs))
    return found


def still_chosen(pairs: Pairs, incident: Incident) -> list[Clash]:
    """Return the clashes of a form in which the second editor is choosing already."""
    now = shown(incident)
    return [Clash(name, LABELS[name], mine, now[name]) for name in LABELS if (mine := written(pairs, MINE + name)) is not None]


def met_again(pairs: Pairs, incident: Incident) -> list[Clash]:
    """Return the clashes of a form that came too late, with what the second editor wrote before they began to choose."""
    found = {met.name: met for met in clashes(pairs, incident)}
    found |= {met.name: met for met in still_chosen(pairs, incident) if met.mine != met.theirs}
    return [found[name] for name in LABELS if name in found]


def chosen(pairs: Pairs, incident: Incident) -> dict[str, str]:
    """Return the fields with the one replaced for which a button was pressed: `keep` is "field mine" or "field theirs"."""
    values = {name: written(pairs, name) or "" for name in LABELS}
    name, _, whose = (first(pairs, "keep") or "").partition(" ")
    if name in values:
        values[name] = shown(incident)[name] if whose == "theirs" else written(pairs, MINE + name) or ""
    return values


def changes(pairs: Pairs, faults: Faults) -> Changes:
    """Return what the form changes. A field that says what it said when the form was made stays as it is."""
    values: dict[str, Any] = {}
    for name in LABELS:
        text = first(pairs, name)
        if text is None or (written(pairs, name) == written(pairs, WAS + name)):
            continue
        values[name] = _began(text, faults) if name == "started_at" else text
    return Changes(**values)


def _began(text: str, faults: Faults) -> Any:
    if not text.strip():
        return None
    return rules.moment(in_utc(text.strip()), "started_at", faults) or UNSET
