"""The order in which writes became visible, for what follows tables from memory (live_index.py).

Every write that such a follower has to hear of sets the row's `change`. On SQLite, where writers stand in a queue, it is one more
than the tenant's greatest. On PostgreSQL commits come in another order than numbers are given out, so that "greater than the
last one" would miss a row that is committed late; there it is the transaction's own number, and a follower reads again from the
oldest transaction that was still under way when it last looked (postgresql.org/docs, section 9.28.10, pg_snapshot_xmin).
"""

from __future__ import annotations

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


def horizon(connection: sa.Connection, tenant_id: int) -> tuple[int, int]:
    """Return the numbers of threats and of incidents from which changes that this transaction does not see will be found."""
    if connection.dialect.name == "postgresql":
        oldest = connection.execute(sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")).scalar_one()
        return oldest, oldest
    threats, incidents = connection.execute(sa.select(_next(Threat, tenant_id), _next(Incident, tenant_id))).one()
    return threats, incidents


def _next(model: type[Threat | Incident], tenant_id: int) -> sa.ScalarSelect[int]:
    latest = sa.select(sa.func.coalesce(sa.func.max(model.change), 0) + 1).where(model.tenant_id == tenant_id)
    return latest.scalar_subquery()
