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

    `data` holds what the act changed and can't be found elsewhere: a reason, the values before.
    """

    __tablename__ = "activity"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "incident_id"], ["incident.tenant_id", "incident.id"]),
        sa.Index(None, "tenant_id", "incident_id", "id"),
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
