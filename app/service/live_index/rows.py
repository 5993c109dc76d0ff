"""Rows of the database as facts of the index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from app.index.part import STATUSES, UNDATED, Facts, Ids, Mask, ids_of
from app.index.snapshot import Dictionary
from app.models import Incident, Threat, ThreatGone, ThreatLink
from app.service.commit_order import Position, unread
from app.service.links import present_links
from app.terms import Precision, ThreatStatus

CHUNK = 50_000
STATUS_PLACES = {status.value: place for place, status in enumerate(ThreatStatus)}
PRECISION_PLACES: dict[str | None, int] = {precision.value: place for place, precision in enumerate(Precision)}
PRECISION_PLACES[None] = len(Precision)


def count(connection: sa.Connection, tenant_id: int) -> int:
    """Return how many threats a tenant has."""
    return connection.execute(sa.select(sa.func.count()).select_from(Threat).where(Threat.tenant_id == tenant_id)).scalar_one()


def load(connection: sa.Connection, tenant_id: int, words: Dictionary, told: Callable[[int], None]) -> tuple[Ids, Facts]:
    """Read all threats of a tenant. `told` is called with the number of those read so far."""
    ids: list[Ids] = [ids_of(())]
    facts = [_facts((), words)]
    cursor = _cursor(connection)
    statement = _statement(connection, tenant_id).order_by(Threat.id)
    cursor.execute(str(statement.compile(connection, compile_kwargs={"literal_binds": True})))
    while rows := cursor.fetchmany(CHUNK):
        ids.append(ids_of(row[0] for row in rows))
        facts.append(_facts(rows, words))
        told(sum(map(len, ids)))
    cursor.close()
    return np.concatenate(ids), Facts.joined(facts)


def _cursor(connection: sa.Connection) -> Any:
    """Return a cursor of the driver's own, which is twice as fast for a million rows; on PostgreSQL one that the server holds."""
    driver: Any = connection.connection.driver_connection
    return driver.cursor("threats") if connection.dialect.name == "postgresql" else driver.cursor()


def changed(connection: sa.Connection, tenant_id: int, words: Dictionary, since: Position) -> tuple[Ids, Facts]:
    """Read the threats written since a position."""
    rows = connection.execute(_statement(connection, tenant_id).where(unread(connection, Threat, since))).all()
    return ids_of(row[0] for row in rows), _facts(rows, words)


def gone(connection: sa.Connection, tenant_id: int, since: Position) -> Ids:
    """Read the ids of the threats taken out since a position that have not come again."""
    is_here = sa.exists().where(Threat.tenant_id == tenant_id, Threat.id == ThreatGone.id)
    out = sa.select(bytes_of(connection, ThreatGone.id)).where(ThreatGone.tenant_id == tenant_id, ~is_here)
    return ids_of(connection.execute(out.where(unread(connection, ThreatGone, since))).scalars())


def grouped(connection: sa.Connection, tenant_id: int) -> Ids:
    """Read the ids of the threats that are in an incident."""
    link = present_links(connection)
    found = (
        sa.select(bytes_of(connection, link.c.threat_id))
        .join(Incident, sa.and_(Incident.tenant_id == link.c.tenant_id, Incident.id == link.c.incident_id))
        .where(Incident.tenant_id == tenant_id, link.c.tenant_id == tenant_id, Incident.deleted_at.is_(None))
    )
    return ids_of(connection.execute(found.distinct()).scalars())


def regrouped(connection: sa.Connection, tenant_id: int, since: Position) -> tuple[Ids, Mask]:
    """Read the ids of threats that are or were linked to incidents changed since a position, and whether they are in one now."""
    is_present = sa.and_(ThreatLink.removed_at.is_(None), Incident.deleted_at.is_(None))
    touched = (
        sa.select(ThreatLink.threat_id, sa.func.max(sa.case((is_present, 1), else_=0)).label("here"))
        .select_from(Incident)
        .outerjoin(ThreatLink, sa.and_(ThreatLink.tenant_id == Incident.tenant_id, ThreatLink.incident_id == Incident.id))
        .where(Incident.tenant_id == tenant_id, unread(connection, Incident, since))
        .group_by(ThreatLink.threat_id)
        .subquery()
    )
    threat = bytes_of(connection, touched.c.threat_id)
    rows = connection.execute(sa.select(threat, touched.c.here)).cursor.fetchall()
    rows = [row for row in rows if row[0] is not None]  # an incident without links has none
    if not all(row[1] for row in rows):  # only those in none of the incidents are looked for in others
        link = present_links(connection)
        live = sa.and_(Incident.tenant_id == tenant_id, Incident.id == link.c.incident_id, Incident.deleted_at.is_(None))
        found = connection.execute(
            sa.select(threat, sa.func.count(Incident.id))
            .select_from(touched)
            .outerjoin(link, sa.and_(link.c.tenant_id == tenant_id, link.c.threat_id == touched.c.threat_id))
            .outerjoin(Incident, live)
            .where(touched.c.here == 0, touched.c.threat_id.is_not(None))
            .group_by(touched.c.threat_id)
        )
        rows = [*(row for row in rows if row[1]), *found.cursor.fetchall()]
    return ids_of(row[0] for row in rows), np.array([row[1] > 0 for row in rows], np.bool_)


def linked_to(connection: sa.Connection, tenant_id: int, incident_id: UUID) -> Ids:
    """Read the ids of the threats that are in an incident that is not deleted."""
    found = (
        sa.select(bytes_of(connection, ThreatLink.threat_id))
        .where(ThreatLink.tenant_id == tenant_id, ThreatLink.incident_id == incident_id, ThreatLink.removed_at.is_(None))
        .where(sa.exists().where(Incident.tenant_id == tenant_id, Incident.id == incident_id, Incident.deleted_at.is_(None)))
    )
    return ids_of(connection.execute(found).scalars())


def _statement(connection: sa.Connection, tenant_id: int) -> sa.Select[Any]:
    """Return the statement for the columns of the index, as plain values that need no conversion."""
    if connection.dialect.name == "postgresql":
        time: Any = sa.cast(sa.func.extract("epoch", Threat.observed_at) * 1000, sa.BigInteger)
    else:
        time = sa.type_coerce(Threat.observed_at, sa.BigInteger)
    return sa.select(
        bytes_of(connection, Threat.id),
        Threat.lng,
        Threat.lat,
        time,
        sa.type_coerce(Threat.severity, sa.SmallInteger),
        sa.type_coerce(Threat.status, sa.String),
        sa.type_coerce(Threat.location_precision_level, sa.String),
        Threat.location_uncertainty_km,
        Threat.threat_type,
        Threat.source,
        Threat.location_country,
    ).where(Threat.tenant_id == tenant_id)


def bytes_of(connection: sa.Connection, column: Any) -> Any:
    """Return an id's column as 16 bytes."""
    if connection.dialect.name == "postgresql":
        return sa.func.uuid_send(column, type_=sa.LargeBinary)
    return sa.type_coerce(column, sa.LargeBinary)


def _facts(rows: Sequence[Sequence[Any]], words: Dictionary) -> Facts:
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * 11
    _, lngs, lats, times, severities, statuses, precisions, uncertainties, kinds, sources, countries = columns
    categories = [severity * STATUSES + STATUS_PLACES[status] for severity, status in zip(severities, statuses, strict=True)]
    return Facts(
        lngs=np.array(lngs, np.float64),
        lats=np.array(lats, np.float64),
        times=np.array([UNDATED if time is None else time for time in times], np.int64),
        categories=np.array(categories, np.uint8),
        precisions=np.array([PRECISION_PLACES[precision] for precision in precisions], np.uint8),
        uncertainties=np.array(uncertainties, np.float64).astype(np.float16),
        kinds=words.kinds.learn(kinds),
        sources=words.sources.learn(sources),
        countries=words.countries.learn(countries),
        grouped=np.zeros(len(rows), np.bool_),
    )
