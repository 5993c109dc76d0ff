"""The history of an incident as a page shows it: one entry for each act, however many threats it touched, newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import Id, db
from app.models import Activity, ActivityOther, Incident, LinkChange, Threat, ThreatLink, ThreatVersion
from app.service.actor import Actor, guarded, owned
from app.service.incidents.acts import in_timeline_of
from app.service.incidents.read import known
from app.service.incidents.timeline import KINDS, VERSION, acts_by_id, version_rows, versions_of
from app.service.incidents.undo import UNDOABLE
from app.service.query import Page
from app.terms import Permission

TITLES = 5


@dataclass(slots=True)
class Named:
    """Threats that an act linked or unlinked: how many, and the first TITLES of them as (id, title)."""

    count: int = 0
    first: list[tuple[UUID, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entry:
    """One act on the incident, or one version of a threat in it.

    `changes` maps a field to its values before and after. `others` are the other incidents that the act touched, as
    (id, title). For a version, `act` is the one that brought it in, and `threat` is (id, title).
    """

    kind: str
    at: datetime
    act: Activity
    changes: dict[str, list[Any]]
    linked: Named
    unlinked: Named
    others: list[tuple[UUID, str]]
    undone: bool
    undoable: bool
    version: ThreatVersion | None
    threat: tuple[UUID, str] | None


@guarded(Permission.INCIDENTS_READ)
def history(
    actor: Actor, incident_id: UUID, kinds: Sequence[str] = (), limit: int = 50, offset: int = 0, *, before_link: bool = False
) -> Page[Entry]:
    """Return a page of the incident's history, newest first, and the true number of entries of these kinds.

    No kinds means all. With `before_link`, versions of its threats from before they were linked are entries too. A deleted
    incident has a history too. A constant number of statements. Raises NotFound.
    """
    known(actor, incident_id, deleted=True)
    items = _matching(actor, incident_id, kinds, before_link=before_link)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(items)) or 0
    order = (items.c.act_id.desc(), items.c.threat_id, items.c.number.desc())
    rows = db.session.execute(sa.select(items).order_by(*order).limit(limit).offset(offset)).all()
    act_ids = [row.act_id for row in rows]
    acts = acts_by_id(actor, act_ids)
    versions = version_rows(actor, [(row.threat_id, row.number) for row in rows if row.number is not None])
    named = _named(actor, incident_id, act_ids)
    others = _others(actor, incident_id, acts)
    undone, turned_back = _undone(actor, incident_id)
    titles = _titles(actor, [row.threat_id for row in rows if row.number is not None])

    def entry(row: Any) -> Entry:
        act = acts[row.act_id]
        version = versions.get((row.threat_id, row.number))
        return Entry(
            kind=row.kind,
            at=version.at if version else act.at,
            act=act,
            changes=act.data.get("changes", {}).get(str(incident_id), {}),
            linked=named[act.id, False],
            unlinked=named[act.id, True],
            others=others[act.id],
            undone=version is None and act.id in undone,
            undoable=version is None and act.kind in UNDOABLE and act.id not in turned_back,
            version=version,
            threat=(row.threat_id, titles[row.threat_id]) if version else None,
        )

    return Page([entry(row) for row in rows], total, None)


@guarded(Permission.INCIDENTS_READ)
def kinds_of(actor: Actor, incident_id: UUID, *, before_link: bool = False) -> dict[str, int]:
    """Return how many entries of each kind the history has, in the order of KINDS, without those that do not occur."""
    items = _matching(actor, incident_id, (), before_link=before_link)
    counts = {row.kind: row[1] for row in db.session.execute(sa.select(items.c.kind, sa.func.count()).group_by(items.c.kind))}
    return {kind: counts[kind] for kind in KINDS if kind in counts}


@guarded(Permission.INCIDENTS_READ)
def position(
    actor: Actor,
    incident_id: UUID,
    act_id: UUID,
    kinds: Sequence[str] = (),
    version: tuple[UUID, int] | None = None,
    *,
    before_link: bool = False,
) -> int:
    """Return how many entries of these kinds are before an act's in the history, for finding its page.

    One act brings in the versions of many threats: `version` is the one meant, as the threat's id and the number.
    """
    items = _matching(actor, incident_id, kinds, before_link=before_link)
    before = items.c.act_id > act_id
    if version:
        threat_id, number = version
        nearer = sa.or_(items.c.threat_id < threat_id, sa.and_(items.c.threat_id == threat_id, items.c.number > number))
        before = sa.or_(before, sa.and_(items.c.act_id == act_id, nearer))
    return db.session.scalar(sa.select(sa.func.count()).select_from(items).where(before)) or 0


@guarded(Permission.INCIDENTS_READ)
def latest(actor: Actor, incident_id: UUID, since: UUID) -> UUID | None:
    """Return the actor's newest act on the incident that can be undone, if it is newer than the id `since`."""
    return db.session.scalar(
        sa.select(Activity.id)
        .where(
            owned(actor, Activity),
            in_timeline_of(actor, [incident_id]),
            Activity.actor_id == actor.id,
            Activity.kind.in_(UNDOABLE),
            Activity.id > since,
        )
        .order_by(Activity.id.desc())
        .limit(1)
    )


def _undone(actor: Actor, incident_id: UUID) -> tuple[set[UUID | None], set[UUID | None]]:
    """Return the acts that are undone now, without those whose undo was itself undone; and all that were ever undone."""
    undos = db.session.execute(
        sa.select(Activity.id, Activity.undoes_id)
        .where(owned(actor, Activity), in_timeline_of(actor, [incident_id]), Activity.undoes_id.is_not(None))
        .order_by(Activity.id.desc())
    ).all()
    undone: set[UUID | None] = set()
    for act_id, undoes_id in undos:
        if act_id not in undone:
            undone.add(undoes_id)
    return undone, {undoes_id for _, undoes_id in undos}


def _matching(actor: Actor, incident_id: UUID, kinds: Sequence[str], *, before_link: bool) -> sa.Subquery:
    """Return the entries of the actor's tenant that match: kind, act_id, threat_id, number."""
    versions = versions_of(actor, incident_id, before_link=before_link).subquery()
    acts = sa.select(
        Activity.kind.label("kind"),
        Activity.id.label("act_id"),
        sa.cast(sa.null(), Id).label("threat_id"),
        sa.cast(sa.null(), sa.Integer).label("number"),
    ).where(owned(actor, Activity), in_timeline_of(actor, [incident_id]))
    of_threats = sa.select(versions.c.kind, versions.c.act_id, versions.c.threat_id, versions.c.number)
    if kinds:
        acts = acts.where(Activity.kind.in_([kind for kind in kinds if kind != VERSION]))
        of_threats = of_threats.where(sa.true() if VERSION in kinds else sa.false())
    return sa.union_all(acts, of_threats).subquery()


def _named(actor: Actor, incident_id: UUID, act_ids: list[UUID]) -> dict[tuple[UUID, bool], Named]:
    """Return the threats that these acts linked to the incident and unlinked from it, by act and whether unlinked."""
    added = sa.select(
        ThreatLink.added_by.label("act_id"), ThreatLink.threat_id, sa.false().label("removed"), ThreatLink.id.label("link_id")
    ).where(owned(actor, ThreatLink), ThreatLink.incident_id == incident_id, ThreatLink.added_by.in_(act_ids))
    turned = sa.select(LinkChange.act_id, LinkChange.threat_id, LinkChange.removed, LinkChange.link_id).where(
        owned(actor, LinkChange), LinkChange.incident_id == incident_id, LinkChange.act_id.in_(act_ids)
    )
    both = sa.union_all(added, turned).subquery()
    parts = (both.c.act_id, both.c.removed)
    totals = db.session.execute(sa.select(*parts, sa.func.count()).group_by(*parts)).all()
    if not totals:
        return defaultdict(Named)
    named = defaultdict(Named, {(act_id, bool(removed)): Named(total) for act_id, removed, total in totals})
    # Each part's first ones apart: a window would sort all links of the incident.
    firsts = (
        sa.select(both)
        .where(both.c.act_id == act_id, both.c.removed == removed)
        .order_by(both.c.link_id)
        .limit(min(total, TITLES))
        for act_id, removed, total in totals
    )
    first = sa.union_all(*(sa.select(part.subquery()) for part in firsts)).subquery()
    rows = db.session.execute(
        sa.select(first.c.act_id, first.c.removed, first.c.threat_id, Threat.title)
        .join(Threat, sa.and_(owned(actor, Threat), Threat.id == first.c.threat_id))
        .order_by(first.c.link_id)
    )
    for row in rows:
        named[row.act_id, bool(row.removed)].first.append((row.threat_id, row.title))
    return named


def _others(actor: Actor, incident_id: UUID, acts: dict[UUID, Activity]) -> dict[UUID, list[tuple[UUID, str]]]:
    """Return the other incidents that each act touched, the one acted on first."""
    rows = db.session.execute(
        sa.select(ActivityOther.act_id, ActivityOther.incident_id).where(
            owned(actor, ActivityOther), ActivityOther.act_id.in_(list(acts))
        )
    ).all()
    touched = [(act.id, act.incident_id) for act in acts.values() if act.incident_id] + [tuple(row) for row in rows]
    touched = [pair for pair in touched if pair[1] != incident_id]
    titles = {
        row.id: row.title
        for row in db.session.execute(
            sa.select(Incident.id, Incident.title).where(owned(actor, Incident), Incident.id.in_({pair[1] for pair in touched}))
        )
    }
    others: dict[UUID, list[tuple[UUID, str]]] = defaultdict(list)
    for act_id, other_id in touched:
        others[act_id].append((other_id, titles[other_id]))
    return others


def _titles(actor: Actor, threat_ids: list[UUID]) -> dict[UUID, str]:
    rows = db.session.execute(sa.select(Threat.id, Threat.title).where(owned(actor, Threat), Threat.id.in_(threat_ids)))
    return {row.id: row.title for row in rows}
