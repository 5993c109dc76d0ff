"""Reading threats: one, a page of them, the points of a map, and the counts beside a list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import EPOCH, db
from app.errors import Faults, NotFound, Unavailable, Warming
from app.index import order
from app.index.part import UNDATED, bytes_of
from app.models import Incident, Threat
from app.service import live_index
from app.service.actor import Actor, guarded, owned
from app.service.links import present_links
from app.service.query import Page, Paging, paged, paging
from app.service.threats.filters import FILTERS, SORTING, matching
from app.service.threats.withheld import hidden, is_restricted, visible
from app.terms import Permission

POINTS_MAX = 10_000
COUNTED_BY_SQL = 50_000
FILTER_NAMES = frozenset(param.name for param in FILTERS)
# Columns whose texts are offered as filters, and what the index calls them.
FACETS = {"threat_type": "kinds", "source": "sources", "location_country": "countries"}


@dataclass(frozen=True, slots=True)
class ThreatView:
    """A threat with the ids of the incidents it is in, oldest first."""

    threat: Threat
    incident_ids: list[UUID]


@guarded(Permission.THREATS_READ)
def get(actor: Actor, threat_id: UUID) -> ThreatView:
    """Return one threat. Raises NotFound."""
    threat = db.session.scalar(sa.select(Threat).where(owned(actor, Threat), visible(actor), Threat.id == threat_id))
    if threat is None:
        raise NotFound("threat")
    return _views(actor, [threat])[0]


@guarded(Permission.THREATS_READ)
def search(actor: Actor, values: dict[str, Any], faults: Faults | None = None) -> Page[ThreatView]:
    """Return the page of threats that values read by LIST_PARAMS ask for. Raises Invalid with all faults of the query.

    The index tells how many match and, in the default order, which; until it is there, the database does.
    """
    page = paging(SORTING, values, Faults() if faults is None else faults)
    filters = {name: value for name, value in values.items() if name in FILTER_NAMES}
    threats, total, passed = _by_index(actor, filters, page)
    if threats is None:
        conditions = matching(actor, filters)
        threats = list(db.session.scalars(paged(sa.select(Threat).where(*conditions), SORTING, page)))
        if total is None:
            total = db.session.scalar(sa.select(sa.func.count()).select_from(Threat).where(*conditions)) or 0
    more = len(threats) > page.limit
    threats = threats[: page.limit]
    if page.after is None:
        passed = page.offset
    return Page(_views(actor, threats), total or 0, SORTING.cursor(page.sort, threats[-1]) if more else None, passed)


def _by_index(actor: Actor, filters: dict[str, Any], page: Paging) -> tuple[list[Threat] | None, int | None, int | None]:
    """Return the threats of a page and one more, how many match, and how many come before; None for what it can't tell."""
    try:
        (matches,) = live_index.ask(actor, filters)
    except Unavailable:
        return None, None, None
    total = sum(matches.by_severity)
    if page.sort != SORTING.default:
        return None, total, None
    after = None
    if page.after is not None:
        time, last = page.after
        after = UNDATED if time is None else (time - EPOCH) // timedelta(milliseconds=1), last.bytes
    ids = [UUID(bytes=raw) for raw in bytes_of(order.newest(matches, page.limit + 1, page.offset, after))]
    threats = some(actor, ids)
    # The session may look at a state from before a write that the index knows of already; then all is told from there.
    if len(threats) != len(ids):
        return None, None, None
    return threats, total, order.up_to(matches, after) if after else None


@guarded(Permission.THREATS_READ)
def some(actor: Actor, ids: Sequence[UUID]) -> list[Threat]:
    """Return those of these threats that the tenant has, in the order of the ids."""
    found = db.session.scalars(sa.select(Threat).where(owned(actor, Threat), visible(actor), Threat.id.in_(ids)))
    by_id = {threat.id: threat for threat in found}
    return [by_id[threat_id] for threat_id in ids if threat_id in by_id]


@guarded(Permission.THREATS_READ)
def points(actor: Actor, values: dict[str, Any], limit: int = POINTS_MAX) -> Page[Any]:
    """Return what a map draws of the threats that match: the newest `limit` with coordinates, and the true total of those.

    Rows have id, lat, lng, severity, location_precision_level, location_uncertainty_km and title.
    """
    conditions = [*matching(actor, values), Threat.lat.is_not(None)]
    rows = db.session.execute(
        sa.select(
            Threat.id,
            Threat.lat,
            Threat.lng,
            Threat.severity,
            Threat.location_precision_level,
            Threat.location_uncertainty_km,
            Threat.title,
        )
        .where(*conditions)
        .order_by(*SORTING.order("-observed_at"))
        .limit(limit)
    ).all()
    total = len(rows)
    if total == limit:
        total = db.session.scalar(sa.select(sa.func.count()).select_from(Threat).where(*conditions)) or 0
    return Page(list(rows), total, None)


@guarded(Permission.THREATS_READ)
def facets(actor: Actor) -> dict[str, list[tuple[str, int]]]:
    """Return the types, sources and countries that occur in the tenant, each with its number of threats, greatest first.

    The index tells them; until it is there, the database does, unless there are so many that it would take seconds: then none
    are told.
    """
    try:
        (matches,) = live_index.ask(actor, {})
    except Unavailable as error:
        if isinstance(error, Warming) and error.of > COUNTED_BY_SQL:
            return {name: [] for name in FACETS}
        return {name: _counted(actor, getattr(Threat, name)) for name in FACETS}
    return {name: order.by_text(matches.snapshot, column) for name, column in FACETS.items()}


@guarded(Permission.THREATS_READ)
def restricted(actor: Actor, values: dict[str, Any]) -> int:
    """Return how many of the threats that match are of restricted sources, which exports leave out."""
    try:
        (everything,) = live_index.ask(actor, {})
        if not hidden(everything.snapshot.words.sources.texts()):
            return 0
        matches, others = live_index.ask(actor, values, {**values, live_index.SHARED_ONLY: True})
    except Unavailable:
        conditions = (*matching(actor, values), is_restricted())
        return db.session.scalar(sa.select(sa.func.count()).select_from(Threat).where(*conditions)) or 0
    return sum(matches.by_severity) - sum(others.by_severity)


def _counted(actor: Actor, column: Any) -> list[tuple[str, int]]:
    rows = db.session.execute(
        sa.select(column, sa.func.count()).where(owned(actor, Threat), column.is_not(None)).group_by(column)
    )
    return sorted(((text, count) for text, count in rows), key=lambda pair: (-pair[1], pair[0]))


def _views(actor: Actor, threats: Iterable[Threat]) -> list[ThreatView]:
    threats = list(threats)
    incident_ids: dict[UUID, list[UUID]] = defaultdict(list)
    link = present_links(db.engine)
    live = sa.and_(
        owned(actor, Incident),
        Incident.id == link.c.incident_id,
        Incident.deleted_at.is_(None),
        Incident.merged_into_id.is_(None),
    )
    rows = db.session.execute(
        sa.select(link.c.threat_id, Incident.id)
        .select_from(link)
        .outerjoin(Incident, sa.and_(live, Incident.id == link.c.incident_id))
        .where(link.c.tenant_id == actor.tenant_id, link.c.threat_id.in_([threat.id for threat in threats]))
        .order_by(link.c.incident_id)
    )
    for threat_id, incident_id in rows:
        if incident_id is not None:
            incident_ids[threat_id].append(incident_id)
    return [ThreatView(threat, incident_ids[threat.id]) for threat in threats]
