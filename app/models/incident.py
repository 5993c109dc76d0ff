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
    links that are not removed; the service keeps it in step in the same transaction. `version` counts the changes. An incident
    that was merged into another keeps its links as they were then, for reading. `change` (of service.commit_order) moves on when
    what is linked to a live incident changes.
    """

    __tablename__ = "incident"
    __table_args__ = (
        sa.CheckConstraint(f"length(title) BETWEEN 1 AND {TITLE_MAX}", "title_length"),
        sa.CheckConstraint(f"length(description) <= {DESCRIPTION_MAX}", "description_length"),
        sa.CheckConstraint("(status = 'resolved') = (resolved_at IS NOT NULL)", "resolved_at_goes_with_status"),
        sa.CheckConstraint("link_count >= 0", "link_count_not_negative"),
        sa.CheckConstraint("merged_into_id IS NULL OR status = 'closed'", "merged_is_closed"),
        sa.ForeignKeyConstraint(["tenant_id", "merged_into_id"], ["incident.tenant_id", "incident.id"]),
        sa.Index(None, "tenant_id", "created_at", "id"),
        sa.Index(None, "tenant_id", "updated_at", "id"),
        sa.Index(None, "tenant_id", "change"),
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
    merged_into_id: Mapped[UUID | None]
    change: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")


class ThreatLink(Base):
    """A threat's place in an incident. A link is never deleted or copied: removal is a mark, with the act that made it.

    The primary key begins with the incident and link ids ascend, so an incident's links lie together in linking order. The acts
    have no foreign key and no index: no act is ever deleted, and they would double the time of an act on 10,000 links.
    """

    __tablename__ = "threat_link"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "incident_id"], ["incident.tenant_id", "incident.id"]),
        sa.ForeignKeyConstraint(["tenant_id", "threat_id"], ["threat.tenant_id", "threat.id"]),
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
        sa.Index(None, "tenant_id", "threat_id"),
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


class LinkChange(Base):
    """A removal of a link, or its restoration by an undo. The first addition stands in the link itself.

    It has no foreign keys, for the reason that a link has none to its acts; links are never deleted either.
    """

    __tablename__ = "link_change"
    __table_args__ = ({"sqlite_with_rowid": False},)

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(primary_key=True)
    act_id: Mapped[UUID] = mapped_column(primary_key=True)
    link_id: Mapped[UUID] = mapped_column(primary_key=True)
    threat_id: Mapped[UUID]
    removed: Mapped[bool]


class RefusedNewcomer(Base):
    """A threat that came in inside an incident's area and that someone said does not belong to it."""

    __tablename__ = "refused_newcomer"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "incident_id"], ["incident.tenant_id", "incident.id"]),
        sa.ForeignKeyConstraint(["tenant_id", "threat_id"], ["threat.tenant_id", "threat.id"]),
        sa.Index(None, "tenant_id", "threat_id"),
        {"sqlite_with_rowid": False},
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(primary_key=True)
    threat_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class KeptAnswer(Base):
    """What a request with an idempotency key was answered, kept in the same transaction as its effect."""

    __tablename__ = "kept_answer"

    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    body_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(index=True)
