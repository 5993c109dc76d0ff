"""Reading incidents: one, and a page of them, each with its links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.db import Id, db
from app.errors import Faults, NotFound
from app.models import Incident, Threat, ThreatLink
from app.service.actor import Actor, guarded, owned
from app.service.query import (
    BOX,
    ID,
    LIMIT_DEFAULT,
    MOMENT,
    PAGING,
    SEARCH_MAX,
    Page,
    Param,
    Sorting,
    one_of,
    paged,
    paging,
    words,
)
from app.service.threats.filters import contains_text, inside
from app.service.threats.withheld import stub, visible
from app.terms import IncidentStatus, Permission, Precision, Scope, Severity

LINKS_IN_ONE = 1_000
OUTLINES_MAX = 200
LINKS_IN_LIST = 100
LAST_ID = UUID(int=2**128 - 1)

SORTING = Sorting(
    columns={
        "created_at": Incident.created_at,
        "updated_at": Incident.updated_at,
        "started_at": Incident.started_at,
        "title": Incident.title,
    },
    id_column=Incident.id,
    default="-created_at",
)

LIST_PARAMS: tuple[Param, ...] = (
    Param("status", one_of(IncidentStatus), "Only this status."),
    Param("scope", one_of(Scope), "Only this scope."),
    Param("q", words(SEARCH_MAX), "Text in the title or the description, whatever the case."),
    Param("threat_id", ID, "Only those that this threat is linked to."),
    Param("bbox", BOX, "Only those with a linked threat inside minLng,minLat,maxLng,maxLat."),
    Param("created_from", MOMENT, "Only created at this time or later."),
    Param("created_to", MOMENT, "Only created before this time."),
    Param("sort", SORTING.kind, f"The order; {SORTING.default} if not given."),
    *PAGING,
)


LINK_COLUMNS = (
    ThreatLink.incident_id,
    ThreatLink.id,
    ThreatLink.added_at,
    ThreatLink.threat_id,
    Threat.source,
    Threat.title,
    Threat.severity,
    Threat.threat_type,
    Threat.location,
    Threat.location_country,
    Threat.observed_at,
    Threat.lat,
    Threat.lng,
    Threat.location_precision_level,
    Threat.location_uncertainty_km,
)


class LinkedThreat(NamedTuple):
    """A link with what a list needs to know of its threat."""

    incident_id: UUID
    id: UUID
    added_at: datetime
    threat_id: UUID
    source: str
    title: str
    severity: Severity
    threat_type: str | None
    location: str | None
    location_country: str | None
    observed_at: datetime | None
    lat: float | None
    lng: float | None
    location_precision_level: Precision | None
    location_uncertainty_km: float | None


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident with its links in linking order, cut at a limit; `incident.link_count` is the true number."""

    incident: Incident
    links: list[LinkedThreat]


@guarded(Permission.INCIDENTS_READ)
def get(actor: Actor, incident_id: UUID, *, deleted: bool = False) -> IncidentView:
    """Return one incident with at most LINKS_IN_ONE of its links; a deleted one only if asked for. Raises NotFound."""
    return view(actor, known(actor, incident_id, deleted=deleted))


def known(actor: Actor, incident_id: UUID, *, deleted: bool = False) -> Incident:
    """Return one incident, a deleted one only if asked for. Raises NotFound."""
    incident = db.session.scalar(sa.select(Incident).where(owned(actor, Incident), Incident.id == incident_id))
    if incident is None or (incident.deleted_at is not None and not deleted):
        raise NotFound("incident")
    return incident


def view(actor: Actor, incident: Incident) -> IncidentView:
    """Return an incident with at most LINKS_IN_ONE of its links."""
    return IncidentView(incident, links_of(actor, [incident.id], LINKS_IN_ONE).get(incident.id, []))


@guarded(Permission.INCIDENTS_READ)
def links_page(actor: Actor, incident_id: UUID, values: dict[str, Any], faults: Faults | None = None) -> Page[LinkedThreat]:
    """Return the page of an incident's links, in linking order, that values read by PAGING ask for. Raises NotFound, Invalid."""
    faults = faults if faults is not None else Faults()
    incident = known(actor, incident_id)
    limit = values.get("limit") or LIMIT_DEFAULT
    statement = (
        sa.select(*LINK_COLUMNS)
        .join(Threat, _same_threat())
        .where(owned(actor, ThreatLink), ThreatLink.incident_id == incident_id, ThreatLink.removed_at.is_(None))
        .order_by(ThreatLink.id)
        .limit(limit + 1)
        .offset(values.get("offset") or 0)
    )
    if (cursor := values.get("cursor")) is not None:
        if re.fullmatch("[0-9a-f]{32}", cursor):
            statement = statement.where(ThreatLink.id > UUID(hex=cursor))
        else:
            faults.add("cursor", "field_invalid", "This cursor is not one of this list.")
    faults.raise_if_any()
    links = [stub(actor, LinkedThreat._make(row)) for row in db.session.execute(statement)]
    more = len(links) > limit
    links = links[:limit]
    return Page(links, incident.link_count, links[-1].id.hex if more else None)


@guarded(Permission.INCIDENTS_READ)
def search(actor: Actor, values: dict[str, Any], faults: Faults | None = None) -> Page[IncidentView]:
    """Return the page of incidents that values read by LIST_PARAMS ask for, each with at most LINKS_IN_LIST links.

    Raises Invalid with all faults of the query.
    """
    page = paging(SORTING, values, faults or Faults())
    conditions = _matching(actor, values)
    statement = paged(sa.select(Incident).where(*conditions), SORTING, page)
    incidents = list(db.session.scalars(statement))
    total = db.session.scalar(sa.select(sa.func.count()).select_from(Incident).where(*conditions)) or 0
    more = len(incidents) > page.limit
    incidents = incidents[: page.limit]
    links = links_of(actor, [incident.id for incident in incidents], LINKS_IN_LIST)
    return Page(
        [IncidentView(incident, links.get(incident.id, [])) for incident in incidents],
        total,
        SORTING.cursor(page.sort, incidents[-1]) if more else None,
    )


@guarded(Permission.INCIDENTS_READ)
def outlines(actor: Actor, limit: int = OUTLINES_MAX) -> Page[Any]:
    """Return id, title, area and link_count of the open incidents that have an area, newest first, and how many there are."""
    conditions = (
        owned(actor, Incident),
        Incident.status == IncidentStatus.OPEN,
        Incident.deleted_at.is_(None),
        Incident.area.is_not(None),
    )
    rows = db.session.execute(
        sa.select(Incident.id, Incident.title, Incident.area, Incident.link_count)
        .where(*conditions)
        .order_by(Incident.created_at.desc(), Incident.id.desc())
        .limit(limit)
    ).all()
    total = len(rows)
    if total == limit:
        total = db.session.scalar(sa.select(sa.func.count()).select_from(Incident).where(*conditions)) or 0
    return Page(list(rows), total, None)


@guarded(Permission.INCIDENTS_READ)
def status_counts(actor: Actor, values: dict[str, Any]) -> dict[IncidentStatus, int]:
    """Return how many incidents have each status, of those that match the other filters in `values`."""
    conditions = _matching(actor, {name: value for name, value in values.items() if name != "status"})
    rows = db.session.execute(sa.select(Incident.status, sa.func.count()).where(*conditions).group_by(Incident.status))
    counts: dict[IncidentStatus, int] = {status: int(count) for status, count in rows}
    return {status: counts.get(status, 0) for status in IncidentStatus}


def _matching(actor: Actor, values: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    conditions = [owned(actor, Incident), Incident.deleted_at.is_(None)]
    for name, column in (("status", Incident.status), ("scope", Incident.scope)):
        if values.get(name):
            conditions.append(column == values[name])
    if query := values.get("q"):
        conditions.append(contains_text(query, Incident.title, Incident.description))
    if (start := values.get("created_from")) is not None:
        conditions.append(Incident.created_at >= start)
    if (end := values.get("created_to")) is not None:
        conditions.append(Incident.created_at < end)
    links = sa.select(ThreatLink.incident_id).where(owned(actor, ThreatLink), ThreatLink.removed_at.is_(None))
    if threat_id := values.get("threat_id"):
        conditions.append(Incident.id.in_(links.where(ThreatLink.threat_id == threat_id)))
    if box := values.get("bbox"):
        conditions.append(Incident.id.in_(links.join(Threat, _same_threat()).where(inside(box), visible(actor))))
    return conditions


def _same_threat() -> sa.ColumnElement[bool]:
    return sa.and_(Threat.tenant_id == ThreatLink.tenant_id, Threat.id == ThreatLink.threat_id)


def links_of(actor: Actor, incident_ids: Iterable[UUID], limit: int) -> dict[UUID, list[LinkedThreat]]:
    """Return the first `limit` links of each incident, in linking order. One statement, which reads no link beyond those."""
    other = aliased(ThreatLink)
    last = (
        sa.select(other.id)
        .where(owned(actor, other), other.incident_id == Incident.id, other.removed_at.is_(None))
        .order_by(other.id)
        .offset(limit - 1)
        .limit(1)
    )
    cut = (
        sa.select(Incident.id, sa.func.coalesce(last.scalar_subquery(), sa.literal(LAST_ID, Id)).label("last"))
        .where(owned(actor, Incident), Incident.id.in_(list(incident_ids)))
        .cte("cut")
        .prefix_with("MATERIALIZED")  # or SQLite would look for the last link anew at each link
    )
    rows = db.session.execute(
        sa.select(*LINK_COLUMNS)
        .select_from(cut)
        # Outer joins, which SQLite never reorders: without statistics it would begin with all links of the tenant.
        .outerjoin(
            ThreatLink,
            sa.and_(
                owned(actor, ThreatLink),
                ThreatLink.incident_id == cut.c.id,
                ThreatLink.id <= cut.c.last,
                ThreatLink.removed_at.is_(None),
            ),
        )
        .outerjoin(Threat, _same_threat())
        .order_by(cut.c.id, ThreatLink.id)
    )
    links: dict[UUID, list[LinkedThreat]] = {}
    for row in rows:
        if row.id is not None:
            links.setdefault(row.incident_id, []).append(stub(actor, LinkedThreat._make(row)))
    return links
