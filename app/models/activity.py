"""The record of acts: one row for each, with who did it, by which edge, and what is needed to reverse it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, choice, new_id, now
from app.terms import Edge


class Activity(Base):
    """One act on an incident, or on threats. Links and versions point to the act that made them.

    `incident_id` is the incident acted on; others that a move, split or merge touched too are in `activity_other`. `data` holds
    what can't be found elsewhere: a reason, a comment, and under `changes` the fields of each incident before and after.
    `undoes_id` is the act that this one reversed; an act is reversed at most once.
    """

    __tablename__ = "activity"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "incident_id"], ["incident.tenant_id", "incident.id"]),
        sa.ForeignKeyConstraint(["tenant_id", "undoes_id"], ["activity.tenant_id", "activity.id"]),
        sa.Index(None, "tenant_id", "incident_id", "id"),
        sa.UniqueConstraint("tenant_id", "undoes_id"),
    )

    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    incident_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(sa.String(40))
    at: Mapped[datetime] = mapped_column(default=now)
    edge: Mapped[Edge] = mapped_column(choice(Edge, "edge"))
    actor_kind: Mapped[str] = mapped_column(sa.String(10))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(sa.String(100))
    data: Mapped[dict[str, Any]]
    undoes_id: Mapped[UUID | None]


class ActivityOther(Base):
    """A further incident in whose timeline an act belongs."""

    __tablename__ = "activity_other"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "incident_id"], ["incident.tenant_id", "incident.id"]),
        sa.ForeignKeyConstraint(["tenant_id", "act_id"], ["activity.tenant_id", "activity.id"]),
        {"sqlite_with_rowid": False},
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(primary_key=True)
    act_id: Mapped[UUID] = mapped_column(primary_key=True)
