"""Reading what is exported: in chunks by the key, all within one snapshot, so that memory stays flat and rows agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db
from app.models import Incident, Threat, ThreatLink
from app.service.actor import Actor, owned
from app.service.export.rows import INCIDENT_COLUMNS, THREAT_COLUMNS, incident, threat
from app.service.export.table import Row
from app.service.incidents.read import _matching as matching_incidents
from app.service.threats.filters import matching
from app.service.threats.withheld import visible

CHUNK = 1_000
BEFORE_ALL = UUID(int=0)

Step = Callable[[sa.Connection, UUID], tuple[list[Row], UUID | None]]
"""Reads the rows after a key; returns them with the key to go on from, or None at the end."""


def threats(actor: Actor, values: dict[str, Any]) -> Iterator[list[Row]]:
    """Return chunks of the threats that match values read by threats.FILTERS, in the order in which they came in."""
    its_key = Threat.id
    statement = _keyed(sa.select(*THREAT_COLUMNS, its_key.label("key")).where(*matching(actor, values)), its_key)
    return _walk(_threat_step(actor, statement, its_key))


def threats_of(actor: Actor, incident_id: UUID) -> Iterator[list[Row]]:
    """Return chunks of the threats linked to an incident, in linking order."""
    its_key = ThreatLink.id
    statement = (
        sa.select(*THREAT_COLUMNS, its_key.label("key"))
        .select_from(ThreatLink)
        .join(Threat, sa.and_(Threat.tenant_id == ThreatLink.tenant_id, Threat.id == ThreatLink.threat_id))
        .where(owned(actor, ThreatLink), ThreatLink.incident_id == incident_id, ThreatLink.removed_at.is_(None))
        .where(visible(actor))
    )
    return _walk(_threat_step(actor, _keyed(statement, its_key), its_key))


def incidents(actor: Actor, values: dict[str, Any]) -> Iterator[list[Row]]:
    """Return chunks of the incidents that match values read by incidents.LIST_PARAMS, in the order of their making."""
    conditions = (owned(actor, Incident), *matching_incidents(actor, values))
    statement = _keyed(sa.select(*INCIDENT_COLUMNS).where(*conditions), Incident.id)

    def step(connection: sa.Connection, after: UUID) -> tuple[list[Row], UUID | None]:
        found = connection.execute(statement.where(Incident.id > after)).all()
        places = _places(actor, connection, [row.id for row in found])
        return [incident(row, places.get(row.id)) for row in found], found[-1].id if len(found) == CHUNK else None

    return _walk(step)


def _keyed(statement: sa.Select[Any], key: Any) -> sa.Select[Any]:
    return statement.order_by(key).limit(CHUNK)


def _threat_step(actor: Actor, statement: sa.Select[Any], key: Any) -> Step:
    def step(connection: sa.Connection, after: UUID) -> tuple[list[Row], UUID | None]:
        found = connection.execute(statement.where(key > after)).all()
        incident_ids = _incident_ids(actor, connection, [row.id for row in found])
        return [threat(row, incident_ids[row.id]) for row in found], found[-1].key if len(found) == CHUNK else None

    return step


def _walk(step: Step) -> Iterator[list[Row]]:
    """Return the chunks. The connection is the caller's own from the first chunk until the last, or until it is closed."""
    engine = db.engine  # while there is an application context; the chunks may be read after it

    def chunks() -> Iterator[list[Row]]:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":  # SQLite's transactions see one state anyway
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            after: UUID | None = BEFORE_ALL
            while after is not None:
                rows, after = step(connection, after)
                if rows:
                    yield rows

    return chunks()


def _incident_ids(actor: Actor, connection: sa.Connection, threat_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the incidents that each threat is in, oldest first."""
    holding: dict[UUID, list[str]] = defaultdict(list)
    rows = connection.execute(
        sa.select(ThreatLink.threat_id, ThreatLink.incident_id)
        .join(Incident, sa.and_(Incident.tenant_id == ThreatLink.tenant_id, Incident.id == ThreatLink.incident_id))
        .where(
            owned(actor, ThreatLink),
            ThreatLink.threat_id.in_(threat_ids),
            ThreatLink.removed_at.is_(None),
            Incident.deleted_at.is_(None),
            Incident.merged_into_id.is_(None),
        )
        .order_by(ThreatLink.incident_id)
    )
    for threat_id, incident_id in rows:
        holding[threat_id].append(str(incident_id))
    return holding


def _places(actor: Actor, connection: sa.Connection, incident_ids: Sequence[UUID]) -> dict[UUID, dict[str, float]]:
    """Return the mean place of the linked threats of each incident, in degrees; over the antimeridian if that is shorter."""
    east = sa.case((Threat.lng < 0, Threat.lng + 360), else_=Threat.lng)
    mean = sa.func.avg
    rows = connection.execute(
        sa.select(ThreatLink.incident_id, mean(Threat.lat), mean(Threat.lng), mean(east))
        .add_columns(sa.func.max(Threat.lng) - sa.func.min(Threat.lng), sa.func.max(east) - sa.func.min(east))
        .join(Threat, sa.and_(Threat.tenant_id == ThreatLink.tenant_id, Threat.id == ThreatLink.threat_id))
        .where(owned(actor, ThreatLink), ThreatLink.incident_id.in_(incident_ids), ThreatLink.removed_at.is_(None))
        .where(Threat.lat.is_not(None), visible(actor))
        .group_by(ThreatLink.incident_id)
    )
    places = {}
    for incident_id, lat, lng, lng_east, width, width_east in rows:
        middle = lng if width <= width_east else lng_east
        places[incident_id] = {"lat": round(lat, 6), "lng": round(middle - 360 if middle > 180 else middle, 6)}
    return places
