"""The order in which writes became visible, for what follows tables from memory (live_index.py).

Every write that such a follower has to hear of sets the row's `change`. On SQLite, where writers stand in a queue, it is one more
than the tenant's greatest. On PostgreSQL commits come in another order than numbers are given out, so that "greater than the
last one" would miss a row that is committed late; there it is the transaction's own number, and a follower reads what was written
by those that it did not see when it last looked (postgresql.org/docs, section 9.28.10, pg_visible_in_snapshot).

A threat that is taken out leaves a row in threat_gone, whose `change` is of the same order as those of threats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.models import Incident, Threat, ThreatGone
from app.service.actor import Actor


def change_number(actor: Actor, model: type[Threat | Incident]) -> Any:
    """Return the expression that a write sets `change` to; that of a threat that goes is of Threat."""
    if db.engine.dialect.name == "postgresql":
        return sa.cast(sa.cast(sa.func.pg_current_xact_id(), sa.Text), sa.BigInteger)
    return _next(model, actor.tenant_id)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a follower has read: no change of `threats` and `incidents` with a smaller number than these is still to be read.

    `version` names the latest write that was seen; `seen` is the same for two positions that see the same. On PostgreSQL it is
    the snapshot in which was read.
    """

    threats: int
    incidents: int
    version: str
    seen: str

    def is_before(self, other: Position) -> bool:
        """Say whether the database went back since: it is another one, or was restored."""
        return self.threats < other.threats or self.incidents < other.incidents


def unread(connection: sa.Connection, model: type[Threat | ThreatGone | Incident], since: Position) -> sa.ColumnElement[bool]:
    """Return the condition that a row was written by a transaction that a position does not see and this one does."""
    later = model.change >= (since.incidents if model is Incident else since.threats)
    if connection.dialect.name != "postgresql":
        return later
    # Rows restored from another server may have the numbers of transactions that are still to come here.
    begun = sa.cast(sa.cast(sa.func.pg_snapshot_xmax(sa.func.pg_current_snapshot()), sa.Text), sa.BigInteger)
    writer = sa.cast(sa.cast(model.change, sa.Text), _Xid8)
    return sa.and_(later, model.change < begun, ~sa.func.pg_visible_in_snapshot(writer, sa.cast(since.seen, _Snapshot)))


class _Xid8(sa.types.UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "xid8"


class _Snapshot(sa.types.UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "pg_snapshot"


def position(connection: sa.Connection, tenant_id: int) -> Position:
    """Return the position after everything that this transaction sees. One statement."""
    columns: list[Any] = [_next(Threat, tenant_id), _next(Incident, tenant_id)]
    if connection.dialect.name == "postgresql":
        state = sa.func.pg_current_snapshot()
        columns += [sa.cast(sa.cast(sa.func.pg_snapshot_xmin(state), sa.Text), sa.BigInteger), sa.cast(state, sa.Text)]
    threats, incidents, *snapshot = connection.execute(sa.select(*columns)).one()
    version = f"{threats - 1}.{incidents - 1}"
    if not snapshot:
        return Position(threats, incidents, version, version)
    oldest, seen = snapshot
    return Position(oldest, oldest, version, seen)


def _next(model: type[Threat | Incident], tenant_id: int) -> sa.ScalarSelect[int]:
    """Return one more than the greatest number of the tenant; that of threats may be of one that is gone."""
    models = (Incident,) if model is Incident else (Threat, ThreatGone)
    latest = (sa.select(sa.func.max(each.change).label("change")).where(each.tenant_id == tenant_id) for each in models)
    every = sa.union_all(*latest).subquery()
    return sa.select(sa.func.coalesce(sa.func.max(every.c.change), 0) + 1).scalar_subquery()
