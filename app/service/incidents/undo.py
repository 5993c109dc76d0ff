"""Undo: an act reversed by a new act, unless later work stands on it.

Whatever the kind, an act is fields changed, links added, and links removed or restored, so one way back serves all; an undo is
an act like any other and can itself be reversed.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from app.db import db, transaction
from app.errors import Conflict, NotFound, VersionMismatch
from app.models import Activity, ActivityOther, Incident, LinkChange, ThreatLink
from app.service.actor import Actor, guarded, owned
from app.service.incidents.acts import Act, Link, hold_all, in_timeline_of, read_back, refuse_too_late
from app.service.incidents.built_upon import made_by, refuse_if_built_upon
from app.service.incidents.read import IncidentView, view
from app.terms import Permission

UNDOABLE = frozenset(
    {
        "incident_created",
        "threat_linked",
        "threat_unlinked",
        "moved",
        "split",
        "merged",
        "status_changed",
        "incident_updated",
        "deleted",
        "restored",
        "undone",
    }
)


@guarded(Permission.INCIDENTS_WRITE)
def undo(actor: Actor, incident_id: UUID, act_id: UUID, expected: int | None = None) -> IncidentView:
    """Reverse an act of this incident as one new act, and return the incident as it is then, deleted or not.

    Raises NotFound; Conflict `undo_blocked` naming the later act that stands in the way, or `state_conflict` for an act
    that can't be reversed or was already; VersionMismatch.
    """
    with transaction():
        wrong = _act_of(actor, incident_id, act_id)
        held = {incident.id: incident for incident in hold_all(actor, _incidents_of(actor, wrong))}
        if expected is not None and held[incident_id].version != expected:
            raise VersionMismatch(held[incident_id].version)
        refuse_if_built_upon(actor, wrong, held)
        for incident in held.values():
            refuse_too_late(incident)
        reversal = Act(actor, "undone", [held.pop(incident_id), *held.values()], undone_kind=wrong.kind)
        reversal.row.undoes_id = wrong.id
        for incident in reversal.held:
            if wrong.kind != "incident_created":  # what is deleted keeps its links, to be restored with them
                _turn_links(actor, wrong, incident, reversal)
            for name, (before, _) in wrong.data.get("changes", {}).get(str(incident.id), {}).items():
                reversal.change(incident, **{name: read_back(name, before)})
            if incident.id == made_by(wrong):
                reversal.change(incident, deleted_at=reversal.at)
            reversal.recount(incident)
        reversal.finish()
        return view(actor, reversal.held[0])


def _act_of(actor: Actor, incident_id: UUID, act_id: UUID) -> Activity:
    """Return the act if it belongs to the timeline of the incident. Raises NotFound; Conflict if it can't be reversed."""
    found = db.session.scalar(
        sa.select(Activity).where(owned(actor, Activity), Activity.id == act_id, in_timeline_of(actor, [incident_id]))
    )
    if found is None:
        raise NotFound("act")
    if found.kind not in UNDOABLE:
        raise Conflict("state_conflict", "An act of this kind can't be undone.")
    if db.session.scalar(sa.select(Activity.id).where(owned(actor, Activity), Activity.undoes_id == act_id)):
        raise Conflict("state_conflict", "This was undone already.")
    return found


def _incidents_of(actor: Actor, wrong: Activity) -> list[UUID]:
    others = db.session.scalars(
        sa.select(ActivityOther.incident_id).where(owned(actor, ActivityOther), ActivityOther.act_id == wrong.id)
    )
    return [incident_id for incident_id in (wrong.incident_id, *others) if incident_id]


def _turn_links(actor: Actor, wrong: Activity, incident: Incident, reversal: Act) -> None:
    """Remove the links that the act added or restored, and restore those that it removed."""
    rows = db.session.execute(
        sa.select(LinkChange.link_id, LinkChange.threat_id, LinkChange.removed)
        .where(owned(actor, LinkChange), LinkChange.incident_id == incident.id, LinkChange.act_id == wrong.id)
        .order_by(LinkChange.link_id)
    ).all()
    reversal.unlink(incident, _added(actor, wrong, incident))
    reversal.restore(incident, [(link_id, threat_id) for link_id, threat_id, removed in rows if removed])
    reversal.unlink(incident, [(link_id, threat_id) for link_id, threat_id, removed in rows if not removed])


def _added(actor: Actor, wrong: Activity, incident: Incident) -> list[Link]:
    rows = db.session.execute(
        sa.select(ThreatLink.id, ThreatLink.threat_id).where(
            owned(actor, ThreatLink), ThreatLink.incident_id == incident.id, ThreatLink.added_by == wrong.id
        )
    )
    return [(link_id, threat_id) for link_id, threat_id in rows]
