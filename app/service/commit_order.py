"""The order in which writes became visible, for what follows tables from memory (live_index.py).

Every write that such a follower has to hear of sets the row's `change`. On SQLite, where writers stand in a queue, it is one more
than the tenant's greatest. On PostgreSQL commits come in another order than numbers are given out, so that "greater than the
last one" would miss a row that is committed late; there it is the transaction's own number, and a follower reads again from the
oldest transaction that was still under way when it last looked (postgresql.org/docs, section 9.28.10, pg_snapshot_xmin).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.models import Incident, Threat
from app.service.actor import Actor


def change_number(actor: Actor, model: type[Threat | Incident]) -> Any:
    """Return the expression that a write sets `change` to."""
    if db.engine.dialect.name == "postgresql":
        return sa.cast(sa.cast(sa.func.pg_current_xact_id(), sa.Text), sa.BigInteger)
    return _next(model, actor.tenant_id)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a follower has read: the changes of `threats` and `incidents` with these numbers or greater are still to be read.

    `version` names the latest write that was seen; `seen` is the same for two positions that see the same.
    """

    threats: int
    incidents: int
    version: str
    seen: str


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
    latest = sa.select(sa.func.coalesce(sa.func.max(model.change), 0) + 1).where(model.tenant_id == tenant_id)
    return latest.scalar_subquery()
