"""Acts in the making: what every change of incidents and links goes through, so that every one can be reversed.

An act is made of changed fields of incidents and of links added, removed or restored. It writes them with one line of activity,
and keeps what follows from them in step: counts, starts, versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import randbits
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from app.db import among, db, given_ids, new_id, now
from app.errors import Conflict, Faults, NotFound, VersionMismatch
from app.index.part import Ids
from app.models import Activity, ActivityOther, Incident, LinkChange, Threat, ThreatLink
from app.service.actor import Actor, act, owned
from app.service.commit_order import change_number
from app.terms import IncidentStatus, Scope

Link = tuple[UUID, UUID]
"""A link's id and its threat's."""

RESTORE_WITHIN = timedelta(days=30)
GONE = "Some of these threats were taken out just now, as their import was undone. Nothing was changed. Try again."

# The fields of an incident that acts change, with how each is written in `data` and read from it again.
FIELDS: dict[str, Any] = {
    "title": str,
    "description": str,
    "status": IncidentStatus,
    "scope": Scope,
    "started_at": datetime.fromisoformat,
    "started_at_is_set": bool,
    "resolved_at": datetime.fromisoformat,
    "area": dict,
    "deleted_at": datetime.fromisoformat,
    "merged_into_id": UUID,
}


def plain(value: Any) -> Any:
    """Return a field's value as it is kept in JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | StrEnum) else value


def read_back(field: str, value: Any) -> Any:
    """Return a field's value from JSON."""
    return None if value is None else FIELDS[field](value)


def hold(actor: Actor, incident_id: UUID, *, expected: int | None = None) -> Incident:
    """Return the incident, locked until the transaction ends. `expected` is the version that the caller has seen of it.

    Raises NotFound, also for a deleted one; VersionMismatch; Conflict for one that was merged into another.
    """
    held = hold_all(actor, [incident_id])
    if not held or held[0].deleted_at is not None:
        raise NotFound("incident")
    incident = held[0]
    if expected is not None and incident.version != expected:
        raise VersionMismatch(incident.version)
    _refuse_merged(incident)
    return incident


def hold_others(actor: Actor, named: Mapping[str, UUID], faults: Faults) -> list[Incident]:
    """Return further incidents, locked, that an input names by these fields; one that there is not is a fault of its field.

    Raises Conflict for one that was merged into another.
    """
    by_id = {incident.id: incident for incident in hold_all(actor, named.values()) if incident.deleted_at is None}
    for field, incident_id in named.items():
        if incident_id not in by_id:
            faults.add(field, "incident_unknown", "No incident has this id.")
    for incident in by_id.values():
        _refuse_merged(incident)
    return list(by_id.values())


def hold_all(actor: Actor, ids: Iterable[UUID]) -> list[Incident]:
    """Return those of the incidents that there are, deleted and merged ones too, locked in the order of their ids."""
    return list(
        db.session.scalars(
            sa.select(Incident)
            .where(owned(actor, Incident), Incident.id.in_(list(ids)))
            .order_by(Incident.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _refuse_merged(incident: Incident) -> None:
    if incident.merged_into_id is not None:
        raise Conflict("state_conflict", f"“{incident.title}” was merged into another incident and can't be changed.")


def refuse_too_late(incident: Incident) -> None:
    """Raise Conflict if the incident was deleted so long ago that it can't be brought back."""
    if incident.deleted_at is not None and now() - incident.deleted_at > RESTORE_WITHIN:
        raise Conflict("state_conflict", f"It was deleted more than {RESTORE_WITHIN.days} days ago.")


def in_timeline_of(actor: Actor, incident_ids: Sequence[UUID]) -> sa.ColumnElement[bool]:
    """Return the condition that an act was on one of the incidents, or touched it too."""
    others = sa.select(ActivityOther.act_id).where(owned(actor, ActivityOther), ActivityOther.incident_id.in_(incident_ids))
    return sa.or_(Activity.incident_id.in_(incident_ids), Activity.id.in_(others))


def present_links(actor: Actor, incident_id: UUID, threat_ids: Sequence[UUID] | None = None) -> list[Link]:
    """Return the links of an incident that are not removed, in linking order; only those of the threats, if given."""
    statement = sa.select(ThreatLink.id, ThreatLink.threat_id).where(
        owned(actor, ThreatLink), ThreatLink.incident_id == incident_id, ThreatLink.removed_at.is_(None)
    )
    if threat_ids is not None:
        statement = statement.where(among(ThreatLink.threat_id, threat_ids))
    return [(link_id, threat_id) for link_id, threat_id in db.session.execute(statement.order_by(ThreatLink.id))]


class Act:
    """One act in the making. `finish` is called last, unless the incident is new and was written with all that follows.

    The caller's transaction makes it whole.
    """

    def __init__(self, actor: Actor, kind: str, held: Sequence[Incident], **data: Any) -> None:
        """Begin an act on `held`, of which the first is the one acted on and the others are touched too."""
        self._actor = actor
        self.held = list(held)
        self._changes: dict[str, dict[str, list[Any]]] = {}
        self._delta: dict[UUID, int] = {}
        self.row: Activity = act(actor, kind, incident_id=held[0].id, **data)
        self.row.id = max(self.row.id, self._after_all())
        self.at = self.row.at
        db.session.add(self.row)
        db.session.flush()
        db.session.add_all(
            ActivityOther(tenant_id=actor.tenant_id, incident_id=other.id, act_id=self.row.id) for other in self.held[1:]
        )

    def _after_all(self) -> UUID:
        """Return an id after those of all acts on the incidents: ids say the order, and clocks of two processes may differ."""
        ids = [incident.id for incident in self.held]
        others = sa.select(ActivityOther.act_id).where(owned(self._actor, ActivityOther), ActivityOther.incident_id.in_(ids))
        acts = sa.select(Activity.id).where(owned(self._actor, Activity), Activity.incident_id.in_(ids))
        both = sa.union_all(acts, others).subquery()
        latest = db.session.scalar(sa.select(both.c.id).order_by(both.c.id.desc()).limit(1))
        # Not the very next: two incidents may have the same last act, and what follows it on each has an id of its own.
        return UUID(int=latest.int + 1 + randbits(40)) if latest else UUID(int=0)

    @property
    def id(self) -> UUID:
        """Return the act's id."""
        return self.row.id

    def change(self, incident: Incident, **values: Any) -> None:
        """Set fields of an incident and remember how they were."""
        differing = {name: value for name, value in values.items() if getattr(incident, name) != value}
        for name, value in differing.items():
            pair = [plain(getattr(incident, name)), plain(value)]
            self._changes.setdefault(str(incident.id), {})[name] = pair
            setattr(incident, name, value)

    def link(self, incident: Incident, threat_ids: Sequence[UUID] | Ids) -> None:
        """Link threats that are not linked yet, in order. One statement. Raises Conflict if one is gone since it was found."""
        if not len(threat_ids):
            return
        given = given_ids(_link_ids(len(threat_ids)), threat_ids)
        row: dict[str, Any] = {
            "tenant_id": sa.literal(self._actor.tenant_id),
            "incident_id": sa.literal(incident.id, ThreatLink.incident_id.type),
            "id": given.c.id0,
            "threat_id": given.c.id1,
            "added_at": sa.literal(self.at, ThreatLink.added_at.type),
            "added_by": sa.literal(self.id, ThreatLink.added_by.type),
        }
        rows = sa.select(*row.values()).order_by(given.c.position)
        try:
            db.session.execute(sa.insert(ThreatLink).from_select(list(row), rows))
        except sa.exc.IntegrityError:  # the incident is held, so it can only be a threat that is not there
            raise Conflict("state_conflict", GONE) from None
        self._count(incident, len(threat_ids))

    def unlink(self, incident: Incident, links: Sequence[Link]) -> None:
        """Mark links as removed by this act. Two statements."""
        self._mark(incident, links, removed_at=self.at, removed_by=self.id)

    def restore(self, incident: Incident, links: Sequence[Link]) -> None:
        """Take the mark of removal off links. Two statements."""
        self._mark(incident, links, removed_at=None, removed_by=None)

    def recount(self, incident: Incident) -> None:
        """Let `finish` work out the start anew, though no link changes."""
        self._count(incident, 0)

    def finish(self) -> None:
        """Write the changed fields, and what follows: counts, versions, times of change, and starts that nobody set."""
        if self._changes:
            self.row.data = {**self.row.data, "changes": self._changes}
        for incident in self.held:
            incident.link_count += self._delta.get(incident.id, 0)
            incident.version += 1
            incident.updated_at = self.at
            if incident.id in self._delta or "deleted_at" in self._changes.get(str(incident.id), ()):
                incident.change = change_number(self._actor, Incident)
        db.session.flush()
        linked = [incident for incident in self.held if incident.id in self._delta and not incident.started_at_is_set]
        if linked:
            earliest = _earliest_by_incident(self._actor, [incident.id for incident in linked])
            for incident in linked:
                incident.started_at = earliest.get(incident.id)
            db.session.flush()

    def _mark(self, incident: Incident, links: Sequence[Link], *, removed_at: datetime | None, removed_by: UUID | None) -> None:
        if not links:
            return
        given = given_ids([link_id for link_id, _ in links], [threat_id for _, threat_id in links])
        mine = sa.and_(owned(self._actor, ThreatLink), ThreatLink.incident_id == incident.id)
        db.session.execute(
            sa.update(ThreatLink)
            .where(mine, among(ThreatLink.id, [link_id for link_id, _ in links]))
            .values(removed_at=removed_at, removed_by=removed_by)
            .execution_options(synchronize_session=False)
        )
        row: dict[str, Any] = {
            "tenant_id": sa.literal(self._actor.tenant_id),
            "incident_id": sa.literal(incident.id, LinkChange.incident_id.type),
            "link_id": given.c.id0,
            "act_id": sa.literal(self.id, LinkChange.act_id.type),
            "threat_id": given.c.id1,
            "removed": sa.literal(removed_at is not None),
        }
        db.session.execute(sa.insert(LinkChange).from_select(list(row), sa.select(*row.values()).order_by(given.c.position)))
        self._count(incident, -len(links) if removed_at else len(links))

    def _count(self, incident: Incident, difference: int) -> None:
        self._delta[incident.id] = self._delta.get(incident.id, 0) + difference


def _link_ids(count: int) -> Ids:
    """Return ascending ids, after all before and before all later ones of this process: `new_id` counts in the first 12 bytes."""
    first = new_id().bytes
    ids = np.empty(count, [("high", "S12"), ("low", ">u4")])
    ids["high"] = first[:12]
    ids["low"] = int.from_bytes(first[12:]) // 2 + np.arange(count)  # in the lower half, so that there is room after it
    return ids.view("S16")


def _earliest_by_incident(actor: Actor, incident_ids: list[UUID]) -> dict[UUID, datetime | None]:
    rows = db.session.execute(
        sa.select(ThreatLink.incident_id, sa.func.min(Threat.observed_at))
        .join(Threat, sa.and_(Threat.tenant_id == ThreatLink.tenant_id, Threat.id == ThreatLink.threat_id))
        .where(owned(actor, ThreatLink), ThreatLink.incident_id.in_(incident_ids), ThreatLink.removed_at.is_(None))
        .group_by(ThreatLink.incident_id)
    )
    return {row.incident_id: row[1] for row in rows}
