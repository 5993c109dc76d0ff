"""Reading threats: one, a page of them, the points of a map, and the counts beside a list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db
from app.errors import Faults, NotFound
from app.models import Incident, Threat, ThreatLink
from app.service.actor import Actor, guarded, owned
from app.service.query import Page, paged
from app.service.threats.filters import SORTING, matching
from app.terms import Permission

POINTS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class ThreatView:
    """A threat with the ids of the incidents it is in, oldest first."""

    threat: Threat
    incident_ids: list[UUID]


@guarded(Permission.THREATS_READ)
def get(actor: Actor, threat_id: UUID) -> ThreatView:
    """Return one threat. Raises NotFound."""
    threat = db.session.scalar(sa.select(Threat).where(owned(actor, Threat), Threat.id == threat_id))
    if threat is None:
        raise NotFound("threat")
    return _views(actor, [threat])[0]


@guarded(Permission.THREATS_READ)
def search(actor: Actor, values: dict[str, Any], faults: Faults | None = None) -> Page[ThreatView]:
    """Return the page of threats that values read by LIST_PARAMS ask for. Raises Invalid with all faults of the query."""
    conditions = matching(actor, values) if not faults else []
    statement, sort, limit = paged(sa.select(Threat).where(*conditions), SORTING, values, faults or Faults())
    threats = list(db.session.scalars(statement))
    total = db.session.scalar(sa.select(sa.func.count()).select_from(Threat).where(*conditions)) or 0
    more = len(threats) > limit
    threats = threats[:limit]
    return Page(_views(actor, threats), total, SORTING.cursor(sort, threats[-1]) if more else None)


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
    """Return the types, sources and countries that occur in the tenant, each with its number of threats, greatest first."""
    counts: dict[str, list[tuple[str, int]]] = {}
    for column in (Threat.threat_type, Threat.source, Threat.location_country):
        number = sa.func.count()
        rows = db.session.execute(
            sa.select(column, number)
            .where(owned(actor, Threat), column.is_not(None))
            .group_by(column)
            .order_by(number.desc(), column)
        )
        counts[column.key] = [(value or "", count) for value, count in rows]
    return counts


def _views(actor: Actor, threats: Iterable[Threat]) -> list[ThreatView]:
    threats = list(threats)
    incident_ids: dict[UUID, list[UUID]] = defaultdict(list)
    rows = db.session.execute(
        sa.select(ThreatLink.threat_id, ThreatLink.incident_id)
        .join(Incident, sa.and_(Incident.tenant_id == ThreatLink.tenant_id, Incident.id == ThreatLink.incident_id))
        .where(
            owned(actor, ThreatLink),
            ThreatLink.threat_id.in_([threat.id for threat in threats]),
            ThreatLink.removed_at.is_(None),
            Incident.deleted_at.is_(None),
            Incident.merged_into_id.is_(None),
        )
        .order_by(ThreatLink.incident_id)
    )
    for threat_id, incident_id in rows:
        incident_ids[threat_id].append(incident_id)
    return [ThreatView(threat, incident_ids[threat.id]) for threat in threats]
