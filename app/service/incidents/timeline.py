"""The timeline of an incident: acts on it, links, and versions of the threats in it, oldest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import Id, db
from app.models import Activity, LinkChange, ThreatLink, ThreatVersion
from app.service.actor import Actor, guarded, owned
from app.service.incidents.acts import in_timeline_of
from app.service.incidents.read import known
from app.service.query import Page
from app.terms import Permission

# The kinds of items; an act that only links or unlinks shows as its links.
KINDS = (
    "incident_created",
    "incident_updated",
    "status_changed",
    "threat_linked",
    "threat_unlinked",
    "threat_version",
    "merged",
    "split",
    "moved",
    "comment_added",
    "undone",
    "restored",
    "deleted",
)
LINK_KINDS = ("threat_linked", "threat_unlinked")
VERSION = "threat_version"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened: to the incident, to a link of it, or to a threat in it.

    `version` is set for a threat's version, whose act is the one that brought it in.
    """

    kind: str
    at: datetime
    act: Activity
    threat_id: UUID | None
    link_id: UUID | None
    version: ThreatVersion | None


@guarded(Permission.INCIDENTS_READ)
def timeline(actor: Actor, incident_id: UUID, *, before_link: bool = False, limit: int = 50, offset: int = 0) -> Page[Item]:
    """Return a page of the incident's timeline, newest last, and the true number of items.

    With `before_link`, versions of its threats from before they were linked are items too. Raises NotFound.
    """
    known(actor, incident_id)
    items = sa.union_all(
        _acts(actor, incident_id),
        _linked(actor, incident_id),
        _turned(actor, incident_id),
        versions_of(actor, incident_id, before_link=before_link),
    ).subquery()
    total = db.session.scalar(sa.select(sa.func.count()).select_from(items)) or 0
    rows = db.session.execute(
        sa.select(items)
        .order_by(items.c.act_id, items.c.rank, items.c.link_id, items.c.threat_id, items.c.number)
        .limit(limit)
        .offset(offset)
    ).all()
    acts = acts_by_id(actor, {row.act_id for row in rows})
    versions = version_rows(actor, [(row.threat_id, row.number) for row in rows if row.number is not None])
    return Page([_item(row, acts[row.act_id], versions) for row in rows], total, None)


def _item(row: Any, act: Activity, versions: dict[tuple[UUID, int], ThreatVersion]) -> Item:
    version = versions.get((row.threat_id, row.number))
    return Item(row.kind, version.at if version else act.at, act, row.threat_id, row.link_id, version)


def _columns(kind: Any, act_id: Any, rank: int, link_id: Any = None, threat_id: Any = None, number: Any = None) -> list[Any]:
    """Return the columns of one part of the timeline; parts of one act come in order of their rank."""
    return [
        kind.label("kind"),
        act_id.label("act_id"),
        sa.literal_column(str(rank)).label("rank"),
        sa.cast(sa.null(), Id).label("link_id") if link_id is None else link_id.label("link_id"),
        sa.cast(sa.null(), Id).label("threat_id") if threat_id is None else threat_id.label("threat_id"),
        sa.cast(sa.null(), sa.Integer).label("number") if number is None else number.label("number"),
    ]


def _acts(actor: Actor, incident_id: UUID) -> sa.Select[Any]:
    return sa.select(*_columns(Activity.kind, Activity.id, 0)).where(
        owned(actor, Activity), in_timeline_of(actor, [incident_id]), Activity.kind.not_in(LINK_KINDS)
    )


def _linked(actor: Actor, incident_id: UUID) -> sa.Select[Any]:
    return sa.select(*_columns(sa.literal("threat_linked"), ThreatLink.added_by, 2, ThreatLink.id, ThreatLink.threat_id)).where(
        owned(actor, ThreatLink), ThreatLink.incident_id == incident_id
    )


def _turned(actor: Actor, incident_id: UUID) -> sa.Select[Any]:
    kind = sa.case((LinkChange.removed, "threat_unlinked"), else_="threat_linked")
    return sa.select(*_columns(kind, LinkChange.act_id, 1, LinkChange.link_id, LinkChange.threat_id)).where(
        owned(actor, LinkChange), LinkChange.incident_id == incident_id
    )


def versions_of(actor: Actor, incident_id: UUID, *, before_link: bool) -> sa.Select[Any]:
    """Return the versions of the incident's threats from while they were linked, and from before if asked for."""
    # From the links to the versions, which lie together by threat. SQLite never reorders an outer join, unless it sees by the
    # condition that an inner one would do, and would then go through all links of the incident for each version of the tenant.
    while_linked = sa.and_(
        owned(actor, ThreatVersion),
        ThreatVersion.threat_id == ThreatLink.threat_id,
        sa.or_(ThreatLink.removed_at.is_(None), ThreatVersion.at <= ThreatLink.removed_at),
    )
    if not before_link:
        while_linked = sa.and_(while_linked, ThreatVersion.act_id > ThreatLink.added_by)
    columns = _columns(sa.literal(VERSION), ThreatVersion.act_id, 3, None, ThreatVersion.threat_id, ThreatVersion.number)
    return (
        sa.select(*columns)
        .select_from(ThreatLink)
        .outerjoin(ThreatVersion, while_linked)
        .where(owned(actor, ThreatLink), ThreatLink.incident_id == incident_id, sa.func.coalesce(ThreatVersion.number, 0) > 0)
        .distinct()  # a threat may have been linked more than once
    )


def acts_by_id(actor: Actor, act_ids: Iterable[UUID]) -> dict[UUID, Activity]:
    """Return these acts by their ids."""
    rows = db.session.scalars(sa.select(Activity).where(owned(actor, Activity), Activity.id.in_(list(act_ids))))
    return {act.id: act for act in rows}


def version_rows(actor: Actor, keys: list[tuple[UUID, int]]) -> dict[tuple[UUID, int], ThreatVersion]:
    """Return these versions by threat and number."""
    if not keys:
        return {}
    rows = db.session.scalars(
        sa.select(ThreatVersion).where(
            owned(actor, ThreatVersion), sa.tuple_(ThreatVersion.threat_id, ThreatVersion.number).in_(keys)
        )
    )
    return {(version.threat_id, version.number): version for version in rows}
