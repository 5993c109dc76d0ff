"""Changing one incident: its texts, its status, its life and death, and what people say about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any
from uuid import UUID

from app.db import transaction
from app.errors import Conflict, Faults, NotFound
from app.models import Incident
from app.models.incident import DESCRIPTION_MAX, TITLE_MAX
from app.service import rules
from app.service.actor import Actor, guarded
from app.service.incidents.acts import Act, hold, hold_all, refuse_too_late
from app.service.incidents.read import IncidentView, view
from app.terms import IncidentStatus, Permission, Scope

COMMENT_MAX = 10_000


class Unset(Enum):
    """Says that a field is to stay as it is, where None means that it is to be empty."""

    UNSET = auto()


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be different, as an edge read it. `started_at` None gives the start back to the earliest threat."""

    title: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    scope: str | Unset = UNSET
    status: str | Unset = UNSET
    started_at: datetime | Unset | None = UNSET


@guarded(Permission.INCIDENTS_WRITE)
def change(
    actor: Actor, incident_id: UUID, changes: Changes, faults: Faults | None = None, expected: int | None = None
) -> IncidentView:
    """Change an incident and return it. A change of the status is an act of its own, so that it can be reversed alone.

    What is the same already is no change, and writes nothing. Raises Invalid, NotFound, Conflict, VersionMismatch.
    """
    faults = faults if faults is not None else Faults()
    values = _clean(changes, faults)
    with transaction():
        incident = hold(actor, incident_id, expected=expected)
        faults.raise_if_any()
        status = values.pop("status", incident.status)
        _edit(actor, incident, values)
        if status is not incident.status:
            _set_status(actor, incident, status)
        return view(actor, incident)


def _clean(changes: Changes, faults: Faults) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if not isinstance(changes.title, Unset):
        values["title"] = rules.text(changes.title, "title", faults, maximum=TITLE_MAX, required="Enter a title.")
    if not isinstance(changes.description, Unset):
        values["description"] = rules.text(changes.description, "description", faults, maximum=DESCRIPTION_MAX)
    if not isinstance(changes.scope, Unset):
        values["scope"] = rules.term(changes.scope, Scope, "scope", faults)
    if not isinstance(changes.status, Unset):
        values["status"] = rules.term(changes.status, IncidentStatus, "status", faults)
    if not isinstance(changes.started_at, Unset):
        values["started_at"] = changes.started_at
        values["started_at_is_set"] = changes.started_at is not None
    return values


def _edit(actor: Actor, incident: Incident, values: dict[str, Any]) -> None:
    given_back = values.get("started_at_is_set") is False
    if given_back and not incident.started_at_is_set:
        values = {name: value for name, value in values.items() if not name.startswith("started_at")}
    if any(getattr(incident, name) != value for name, value in values.items()):
        edited = Act(actor, "incident_updated", [incident])
        edited.change(incident, **values)
        if given_back:
            edited.recount(incident)
        edited.finish()


def _set_status(actor: Actor, incident: Incident, status: IncidentStatus) -> None:
    """Change the status; becoming resolved sets resolved_at, anything else clears it. The threats are left alone."""
    turned = Act(actor, "status_changed", [incident])
    turned.change(incident, status=status, resolved_at=turned.at if status is IncidentStatus.RESOLVED else None)
    turned.finish()


@guarded(Permission.INCIDENTS_WRITE)
def delete(actor: Actor, incident_id: UUID, expected: int | None = None) -> UUID:
    """Delete an incident softly and return the act's id: it can be restored within acts.RESTORE_WITHIN.

    Raises NotFound, VersionMismatch; Conflict for a merged one, whose links its target may need to give back.
    """
    with transaction():
        incident = hold(actor, incident_id, expected=expected)
        deleted = Act(actor, "deleted", [incident])
        deleted.change(incident, deleted_at=deleted.at)
        deleted.finish()
        return deleted.id


@guarded(Permission.INCIDENTS_WRITE)
def restore(actor: Actor, incident_id: UUID) -> IncidentView:
    """Bring a deleted incident back. Raises NotFound; Conflict if it is not deleted, or was too long ago."""
    with transaction():
        held = hold_all(actor, [incident_id])
        if not held:
            raise NotFound("incident")
        incident = held[0]
        if incident.deleted_at is None:
            raise Conflict("state_conflict", "This incident is not deleted.")
        refuse_too_late(incident)
        restored = Act(actor, "restored", [incident])
        restored.change(incident, deleted_at=None)
        restored.finish()
        return view(actor, incident)


@guarded(Permission.INCIDENTS_WRITE)
def comment(actor: Actor, incident_id: UUID, body: str | None, faults: Faults | None = None) -> UUID:
    """Add a comment to the timeline and return its act's id. Raises Invalid, NotFound, Conflict for a merged incident."""
    faults = faults if faults is not None else Faults()
    text = rules.text(body, "body", faults, maximum=COMMENT_MAX, required="Enter a comment.")
    faults.raise_if_any()
    with transaction():
        incident = hold(actor, incident_id)
        said = Act(actor, "comment_added", [incident], body=text)
        said.finish()
        return said.id
