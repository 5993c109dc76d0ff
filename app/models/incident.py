"""Incidents and their links to threats."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, choice, new_id
from app.terms import IncidentStatus, Scope

TITLE_MAX = 200
DESCRIPTION_MAX = 10_000


class Incident(Base):
    """Threats that belong together.

    `started_at` is the earliest `observed_at` of the linked threats until a person sets it. `link_count` is the number of
    links that are not removed; the service keeps it in step in the same transaction. `version` counts the changes.
    """

    __tablename__ = "incident"
    __table_args__ = (
        sa.CheckConstraint(f"length(title) BETWEEN 1 AND {TITLE_MAX}", "title_length"),
        sa.CheckConstraint(f"length(description) <= {DESCRIPTION_MAX}", "description_length"),
        sa.CheckConstraint("(status = 'resolved') = (resolved_at IS NOT NULL)", "resolved_at_goes_with_status"),
        sa.CheckConstraint("link_count >= 0", "link_count_not_negative"),
        sa.Index(None, "tenant_id", "created_at", "id"),
        sa.Index(None, "tenant_id", "updated_at", "id"),
    )

    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    title: Mapped[str] = mapped_column(sa.String(TITLE_MAX))
    description: Mapped[str | None] = mapped_column(sa.Text)
    status: Mapped[IncidentStatus] = mapped_column(choice(IncidentStatus, "status"))
    scope: Mapped[Scope] = mapped_column(choice(Scope, "scope"))
    started_at: Mapped[datetime | None]
    started_at_is_set: Mapped[bool] = mapped_column(default=False)
    resolved_at: Mapped[datetime | None]
    area: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    link_count: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class ThreatLink(Base):
    """A threat's place in an incident. A link is never deleted or copied: removal is a mark, with the act that made it.

    The primary key begins with the incident and link ids ascend, so an incident's links lie together in linking order.
    """

    __tablename__ = "threat_link"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "incident_id"], ["incident.tenant_id", "incident.id"]),
        sa.ForeignKeyConstraint(["tenant_id", "threat_id"], ["threat.tenant_id", "threat.id"]),
        sa.ForeignKeyConstraint(["tenant_id", "added_by"], ["activity.tenant_id", "activity.id"]),
        sa.ForeignKeyConstraint(["tenant_id", "removed_by"], ["activity.tenant_id", "activity.id"]),
        sa.CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", "removal_is_whole"),
        sa.Index(
            "uq_threat_link_present",
            "tenant_id",
            "threat_id",
            "incident_id",
            unique=True,
            sqlite_where=sa.text("removed_at IS NULL"),
            postgresql_where=sa.text("removed_at IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    threat_id: Mapped[UUID]
    added_at: Mapped[datetime]
    added_by: Mapped[UUID]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[UUID | None]
