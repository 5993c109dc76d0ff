"""What can be done with an incident, each by a form: one act, told in a notice that can undo it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import abort
from flask.typing import ResponseReturnValue

from app.db import new_id
from app.errors import Conflict, Faults, Invalid, NotFound, VersionMismatch
from app.service import incidents
from app.service.incidents import Changes, NewIncident
from app.service.incidents.history import latest
from app.service.rules import CANONICAL_UUID
from app.terms import IncidentStatus
from app.web import clash, editing, incident_page
from app.web.access import actor, pages
from app.web.acting import Done, back, done, expected, perform
from app.web.chosen import chosen_incident, chosen_to_merge, written
from app.web.incident_page import Trouble
from app.web.reading import Pairs, first, form_pairs
from app.web.text import counted

SAID = {IncidentStatus.OPEN: "Reopened.", IncidentStatus.CLOSED: "Closed.", IncidentStatus.RESOLVED: "Resolved."}

blueprint = pages("acts")


def carry_out(
    incident_id: UUID, where: str, act: Callable[[Pairs], str], reopens: UUID | None = None, to: str = ""
) -> ResponseReturnValue:
    """Do an act of the form `where` that returns the notice's words; if it can't be done, show the page with the form again.

    An incident that was deleted or merged meanwhile has no forms: its page gives the words back. Raises NotFound for none.
    `reopens` is the incident that may have to be reopened for it; a button of the form then asks to do both at once.
    """
    pairs = form_pairs()

    def work() -> Done:
        since = new_id()
        if reopens and first(pairs, "reopen") == str(reopens):
            seen = expected(pairs) if reopens == incident_id else None
            incidents.change(actor(), reopens, Changes(status=IncidentStatus.OPEN), expected=seen)
        words = act(pairs)
        return done(words, to or f"/incidents/{incident_id}", incident_id, latest(actor(), incident_id, since))

    try:
        return perform(pairs, work)
    except (Invalid, VersionMismatch, Conflict, NotFound) as error:
        closed = isinstance(error, Conflict) and error.code == "incident_not_open"
        return incident_page.again(incident_id, Trouble(where, pairs, error, reopens if closed else None))


@blueprint.post("/incidents/<uuid:incident_id>/edit")
def edit(incident_id: UUID) -> ResponseReturnValue:
    """Change title, description, scope and start; or choose between two people's words, which writes nothing yet."""
    pairs = form_pairs()
    if first(pairs, "keep") is not None:
        return incident_page.again(incident_id, Trouble("edit", pairs, choosing=True))

    def act(pairs: Pairs) -> str:
        faults = Faults()
        changes = editing.changes(pairs, faults)
        try:
            incidents.change(actor(), incident_id, changes, faults, expected(pairs))
        except VersionMismatch as error:
            # A comment or a link makes a version too. Only another text of a field stands against this one.
            if clash.clashes(pairs, editing.shown(incidents.get(actor(), incident_id).incident)):
                raise
            incidents.change(actor(), incident_id, changes, faults, error.current)
        return "Saved."

    return carry_out(incident_id, "edit", act)


@blueprint.post("/incidents/<uuid:incident_id>/status")
def status(incident_id: UUID) -> ResponseReturnValue:
    """Close, resolve or reopen. The threats are left alone."""

    def act(pairs: Pairs) -> str:
        asked = first(pairs, "status") or ""
        view = incidents.change(actor(), incident_id, Changes(status=asked), expected=expected(pairs))
        return SAID[view.incident.status]

    return carry_out(incident_id, "status", act)


@blueprint.post("/incidents/<uuid:incident_id>/delete")
def delete(incident_id: UUID) -> ResponseReturnValue:
    """Delete the incident; its page then offers to restore it."""

    def act(pairs: Pairs) -> str:
        incidents.delete(actor(), incident_id, expected(pairs))
        return "Deleted. The threats are left alone."

    return carry_out(incident_id, "status", act)


@blueprint.post("/incidents/<uuid:incident_id>/restore")
def restore(incident_id: UUID) -> ResponseReturnValue:
    """Bring a deleted incident back."""

    def act(_pairs: Pairs) -> str:
        incidents.restore(actor(), incident_id)
        return "Restored."

    return carry_out(incident_id, "status", act)


@blueprint.post("/incidents/<uuid:incident_id>/comment")
def comment(incident_id: UUID) -> ResponseReturnValue:
    """Add a comment to the timeline."""

    def act(pairs: Pairs) -> str:
        incidents.comment(actor(), incident_id, first(pairs, "body"))
        return "Comment added."

    return carry_out(incident_id, "comment", act)


@blueprint.post("/incidents/<uuid:incident_id>/unlink")
def unlink(incident_id: UUID) -> ResponseReturnValue:
    """Take the selected threats out."""

    def act(pairs: Pairs) -> str:
        ids = written(pairs)
        incidents.unlink(actor(), incident_id, ids, expected=expected(pairs))
        return f"{counted(len(ids), 'threat')} taken out."

    return carry_out(incident_id, "threats", act)


@blueprint.post("/incidents/<uuid:incident_id>/move")
def move(incident_id: UUID) -> ResponseReturnValue:
    """Move the selected threats to another open incident."""
    pairs = form_pairs()
    target = chosen_incident(pairs)

    def act(pairs: Pairs) -> str:
        ids = written(pairs)
        _, there = incidents.move(actor(), incident_id, ids, target, expected=expected(pairs))
        return f"{counted(len(ids), 'threat')} moved to “{there.incident.title}”."

    return carry_out(incident_id, "threats", act, UUID(target) if CANONICAL_UUID.fullmatch(target) else None)


@blueprint.post("/incidents/<uuid:incident_id>/split")
def split(incident_id: UUID) -> ResponseReturnValue:
    """Make the selected threats an incident of their own."""

    def act(pairs: Pairs) -> str:
        ids = written(pairs)
        new = NewIncident(first(pairs, "new_title"), threat_ids=ids)
        _, parted = incidents.split(actor(), incident_id, new, expected=expected(pairs))
        return f"{counted(len(ids), 'threat')} split into “{parted.incident.title}”."

    return carry_out(incident_id, "threats", act)


@blueprint.post("/incidents/<uuid:incident_id>/selected")
def selected(incident_id: UUID) -> ResponseReturnValue:
    """Do what the fields say when Enter was pressed in one: a title means a split, an incident means a move."""
    pairs = form_pairs()
    if (first(pairs, "new_title") or "").strip():
        return split(incident_id)
    return move(incident_id)


@blueprint.post("/incidents/<uuid:incident_id>/merge")
def merge(incident_id: UUID) -> ResponseReturnValue:
    """Merge other incidents into this one."""

    def act(pairs: Pairs) -> str:
        ids = chosen_to_merge(pairs)
        incidents.merge(actor(), incident_id, ids, first(pairs, "reason"), expected=_unless_reopening(pairs))
        return f"{counted(len(ids), 'incident')} merged into this one."

    return carry_out(incident_id, "merge", act, incident_id)


@blueprint.post("/incidents/<uuid:incident_id>/undo")
def undo(incident_id: UUID) -> ResponseReturnValue:
    """Reverse an act; if later work stands on it, show the page with the act and the reason beside it."""
    pairs = form_pairs()
    act_id = first(pairs, "act_id") or ""
    if not CANONICAL_UUID.fullmatch(act_id):
        abort(404)
    to = back(pairs, f"/incidents/{incident_id}")

    def work() -> Done:
        since = new_id()
        incidents.undo(actor(), incident_id, UUID(act_id))
        return done("Undone.", to, incident_id, latest(actor(), incident_id, since))

    try:
        return perform(pairs, work)
    except Conflict as error:
        return incident_page.again(incident_id, Trouble("undo", pairs, error, act_id=act_id))


def _unless_reopening(pairs: Pairs) -> int | None:
    """Return the form's version, unless reopening in the same transaction makes a newer one."""
    return None if first(pairs, "reopen") else expected(pairs)
