"""Whether later work stands on an act, so that it can't be undone before that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn
from uuid import UUID

import sqlalchemy as sa

from app.db import among, db
from app.errors import Conflict
from app.models import Activity, Incident, LinkChange, ThreatLink
from app.service.actor import Actor, owned
from app.service.incidents.acts import in_timeline_of

SAID = {
    "threat_linked": "threats were linked",
    "threat_unlinked": "threats were taken out",
    "moved": "threats were moved",
    "split": "the incident was split",
    "merged": "incidents were merged",
    "status_changed": "the status was changed",
    "incident_updated": "the incident was edited",
    "deleted": "the incident was deleted",
    "restored": "the incident was restored",
    "comment_added": "a comment was added",
    "undone": "an act was undone",
}
ENDS = {"deleted_at", "merged_into_id"}
"""Fields whose change takes an incident out of use, so that nothing on it can be reversed before that is."""


def made_by(act: Activity) -> UUID | None:
    """Return the incident that the act made, which undoing it deletes."""
    if act.kind == "incident_created":
        return act.incident_id
    made = act.data.get("new_incident_id")
    return UUID(made) if made else None


def refuse_if_built_upon(actor: Actor, wrong: Activity, held: Mapping[UUID, Incident]) -> None:
    """Raise Conflict `undo_blocked`, naming the later act, if one touches what `wrong` touched and was not undone itself.

    `held` are all incidents that `wrong` touched. A constant number of statements.
    """
    later = _standing(actor, wrong, list(held))
    by_links = _later_on_links(actor, wrong, list(held))
    for act in later:
        if act.id in by_links or any(_touches_fields(act, wrong, str(incident_id)) for incident_id in held):
            _block(act)
    if made := made_by(wrong):
        for act in _standing(actor, wrong, [made]):
            _block(act)
    if twin := _twin(actor, wrong, list(held)):
        _block(twin)


def _standing(actor: Actor, wrong: Activity, incident_ids: list[UUID]) -> list[Activity]:
    """Return the acts since, oldest first, without those that were undone since and their undoings."""
    since = db.session.scalars(
        sa.select(Activity)
        .where(owned(actor, Activity), Activity.id > wrong.id, in_timeline_of(actor, incident_ids))
        .order_by(Activity.id)
    )
    standing: dict[UUID, Activity] = {}
    for act in since:
        if act.undoes_id in standing:
            del standing[act.undoes_id]
        else:
            standing[act.id] = act
    return list(standing.values())


def _touches_fields(act: Activity, wrong: Activity, incident_id: str) -> bool:
    touched = set(act.data.get("changes", {}).get(incident_id, {}))
    mine = set(wrong.data.get("changes", {}).get(incident_id, {}))
    return bool(touched & mine or touched & ENDS)


def _later_on_links(actor: Actor, wrong: Activity, incident_ids: list[UUID]) -> set[UUID]:
    """Return the later acts that removed or restored a link which `wrong` added, removed or restored."""
    # Each from one table: joined, PostgreSQL may take them for small, and compare each of 10,000 with each.
    later = db.session.execute(
        sa.select(LinkChange.act_id, LinkChange.link_id).where(
            owned(actor, LinkChange), LinkChange.incident_id.in_(incident_ids), LinkChange.act_id > wrong.id
        )
    ).all()
    added = sa.select(ThreatLink.id).where(
        owned(actor, ThreatLink), ThreatLink.incident_id.in_(incident_ids), ThreatLink.added_by == wrong.id
    )
    turned = sa.select(LinkChange.link_id).where(
        owned(actor, LinkChange), LinkChange.incident_id.in_(incident_ids), LinkChange.act_id == wrong.id
    )
    mine = set(db.session.scalars(added.union_all(turned))) if later else set()
    return {act_id for act_id, link_id in later if link_id in mine}


def _twin(actor: Actor, wrong: Activity, incident_ids: list[UUID]) -> Activity | None:
    """Return the act that linked a threat again which `wrong` had removed: the old link can't come back beside the new one."""
    removed: dict[UUID, list[UUID]] = {}
    for incident_id, threat_id in db.session.execute(
        sa.select(LinkChange.incident_id, LinkChange.threat_id).where(
            owned(actor, LinkChange),
            LinkChange.incident_id.in_(incident_ids),
            LinkChange.act_id == wrong.id,
            LinkChange.removed.is_(True),
        )
    ):
        removed.setdefault(incident_id, []).append(threat_id)
    present = [
        sa.and_(ThreatLink.incident_id == incident_id, among(ThreatLink.threat_id, threat_ids))
        for incident_id, threat_ids in removed.items()
    ]
    if not present:
        return None
    twin = db.session.execute(
        sa.select(ThreatLink.incident_id, ThreatLink.id, ThreatLink.added_by)
        .where(owned(actor, ThreatLink), ThreatLink.removed_at.is_(None), sa.or_(*present))
        .limit(1)
    ).first()
    if twin is None:
        return None
    # It is present, so the last change of it, if there is one, brought it back.
    brought_back = db.session.scalar(
        sa.select(LinkChange.act_id)
        .where(
            owned(actor, LinkChange),
            LinkChange.incident_id == twin.incident_id,
            LinkChange.link_id == twin.id,
        )
        .order_by(LinkChange.act_id.desc())
        .limit(1)
    )
    latest = brought_back or twin.added_by
    return db.session.scalar(sa.select(Activity).where(owned(actor, Activity), Activity.id == latest))


def _block(act: Activity) -> NoReturn:
    words = f"Later, on {act.at:%Y-%m-%d at %H:%M} UTC, {SAID[act.kind]} by {act.actor_name}. Undo that first."
    raise Conflict("undo_blocked", words)
