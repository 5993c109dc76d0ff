"""Threats that came in inside the area of an open incident after it was made, and that nobody has decided on yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from app.db import EPOCH, among, db, given_ids, now, transaction
from app.errors import Faults
from app.geo.polygon import Polygon
from app.index.part import bytes_of
from app.models import Incident, RefusedNewcomer, Threat, ThreatLink
from app.service import live_index, rules
from app.service.actor import Actor, guarded, owned
from app.service.incidents.acts import hold
from app.service.incidents.create import THREAT_IDS_MAX
from app.terms import IncidentStatus, Permission

INCIDENTS_MAX = 200
"""Of so many open incidents, the newest, are the areas looked at."""


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Threats that an incident may want, newest last."""

    incident_id: UUID
    title: str
    threat_ids: list[UUID]


@guarded(Permission.INCIDENTS_READ)
def newcomers(actor: Actor, incident_id: UUID | None = None) -> list[Newcomers]:
    """Return the newcomers of open incidents that have an area, or of one of them; those without any are left out.

    A threat is one if it lies in the area, came in after the incident was made, was never linked to it, and was not refused.
    An area without any extent holds none, and one with more corners than can be asked about is left out.
    Two statements, however many incidents there are. Raises Warming.
    """
    incidents = _with_area(actor, incident_id)
    if not incidents:
        return []
    (matches,) = live_index.ask(actor, {})
    pairs: list[tuple[UUID, UUID]] = []
    for row in incidents:
        area = _area(orjson.dumps(row.area))
        if area is not None:
            pairs += [(row.id, UUID(bytes=raw)) for raw in bytes_of(matches.inside_since(area, _first_id(row.created_at)))]
    by_incident = _undecided(actor, pairs)
    return [Newcomers(row.id, row.title, by_incident[row.id]) for row in incidents if row.id in by_incident]


@lru_cache(maxsize=2 * INCIDENTS_MAX)
def _area(written: bytes) -> Polygon | None:
    try:
        return Polygon.from_geojson(orjson.loads(written))
    except ValueError:  # it was drawn and accepted; the desk has to open all the same
        return None


def _first_id(time: datetime) -> bytes:
    """Return the least id of version 7 that can have been made at this time. A threat has its id later than its created_at."""
    return ((time - EPOCH) // timedelta(milliseconds=1) << 80).to_bytes(16)


@guarded(Permission.INCIDENTS_WRITE)
def refuse(actor: Actor, incident_id: UUID, threat_ids: Sequence[str], faults: Faults | None = None) -> int:
    """Say that threats do not belong to an incident, so that they are not proposed again. Return how many were not so before.

    What is linked stays linked. Raises Invalid for an id that there is not, and NotFound.
    """
    faults = faults if faults is not None else Faults()
    ids = rules.identifiers(threat_ids, "threat_ids", faults, maximum=THREAT_IDS_MAX)
    faults.raise_if_any()
    with transaction() as session:
        incident = hold(actor, incident_id)
        known = set(session.scalars(sa.select(Threat.id).where(owned(actor, Threat), among(Threat.id, ids))))
        for i, value in enumerate(threat_ids):
            if UUID(value) not in known:
                faults.add(f"threat_ids[{i}]", "threat_unknown", "No threat has this id.")
        faults.raise_if_any()
        before = sa.select(RefusedNewcomer.threat_id).where(
            owned(actor, RefusedNewcomer), RefusedNewcomer.incident_id == incident.id
        )
        fresh = sorted(known - set(session.scalars(before)))
        if fresh:
            base = {"tenant_id": actor.tenant_id, "incident_id": incident.id, "at": now()}
            session.execute(sa.insert(RefusedNewcomer), [{**base, "threat_id": threat_id} for threat_id in fresh])
        return len(fresh)


def _with_area(actor: Actor, incident_id: UUID | None) -> Sequence[Any]:
    statement = (
        sa.select(Incident.id, Incident.title, Incident.area, Incident.created_at)
        .where(
            owned(actor, Incident),
            Incident.status == IncidentStatus.OPEN,
            Incident.deleted_at.is_(None),
            Incident.area.is_not(None),
        )
        .order_by(Incident.created_at.desc(), Incident.id.desc())
        .limit(INCIDENTS_MAX)
    )
    if incident_id is not None:
        statement = statement.where(Incident.id == incident_id)
    return db.session.execute(statement).all()


def _undecided(actor: Actor, pairs: list[tuple[UUID, UUID]]) -> dict[UUID, list[UUID]]:
    """Return, of pairs of incident and threat, those of which nothing is known yet, by incident. One statement."""
    undecided: dict[UUID, list[UUID]] = defaultdict(list)
    if not pairs:
        return undecided
    given = given_ids([incident_id for incident_id, _ in pairs], [threat_id for _, threat_id in pairs])
    incident_ids = {incident_id for incident_id, _ in pairs}
    decided = [
        sa.select(model.incident_id, model.threat_id).where(owned(actor, model), model.incident_id.in_(incident_ids))
        for model in (ThreatLink, RefusedNewcomer)
    ]
    rows = db.session.execute(
        sa.select(given.c.id0, given.c.id1)
        .join(Incident, sa.and_(owned(actor, Incident), Incident.id == given.c.id0))
        .join(Threat, sa.and_(owned(actor, Threat), Threat.id == given.c.id1))
        .where(Threat.created_at > Incident.created_at, *(sa.tuple_(given.c.id0, given.c.id1).not_in(one) for one in decided))
        .order_by(given.c.id1)
    )
    for incident_id, threat_id in rows:
        undecided[incident_id].append(threat_id)
    return undecided
