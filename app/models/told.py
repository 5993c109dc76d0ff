"""What sources told of threats, beyond the threat's own row: the raw record, areas, references, and what may be told twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

REFERENCE_MAX = 200
_THREAT = ("tenant_id", "threat_id"), ("threat.tenant_id", "threat.id")


class ThreatRecord(Base):
    """A threat's latest record as its source wrote it, and when the source was first and last seen to tell of it.

    `digest` is a hash of all that the record says, so that the same one is known without comparing field by field.
    `seen_at` is written at most once an hour. `run_id` is the import or the fetch that brought this version, if it was one.
    There is no foreign key, for the reason told of ThreatText.
    """

    __tablename__ = "threat_record"
    __table_args__ = ({"sqlite_with_rowid": False},)

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    threat_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[int] = mapped_column(sa.BigInteger)
    first_seen_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    run_id: Mapped[UUID | None]
    raw: Mapped[str | None] = mapped_column(sa.Text)


class ThreatArea(Base):
    """The area of a threat that is more than a point: GeoJSON geometries, as told and simplified for the map."""

    __tablename__ = "threat_area"
    __table_args__ = (sa.ForeignKeyConstraint(*_THREAT),)

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    threat_id: Mapped[UUID] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(sa.Text, deferred=True)
    outline: Mapped[dict[str, Any]]


class ThreatReference(Base):
    """An id that a threat has beyond its source, such as `glide:EQ-2026-000001-TUR`: threats with one in common may be one."""

    __tablename__ = "threat_reference"
    __table_args__ = (sa.ForeignKeyConstraint(*_THREAT), sa.Index(None, "tenant_id", "threat_id"), {"sqlite_with_rowid": False})

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(sa.String(REFERENCE_MAX), primary_key=True)
    threat_id: Mapped[UUID] = mapped_column(primary_key=True)


class ThreatPair(Base):
    """Two threats that may be one event told by two sources, `low_id` < `high_id`, and what a person said of it.

    State: proposed, same (the one that is not `kept_id` was dismissed for it), different.
    """

    __tablename__ = "threat_pair"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "low_id"], ["threat.tenant_id", "threat.id"]),
        sa.ForeignKeyConstraint(["tenant_id", "high_id"], ["threat.tenant_id", "threat.id"]),
        sa.CheckConstraint("state IN ('proposed', 'same', 'different')", "state"),
        sa.CheckConstraint("low_id < high_id", "ids_are_ordered"),
        sa.CheckConstraint("(state = 'same') = (kept_id IS NOT NULL)", "same_keeps_one"),
        sa.Index(None, "tenant_id", "high_id"),
        sa.Index(None, "tenant_id", "state", "found_at"),
        {"sqlite_with_rowid": False},
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    low_id: Mapped[UUID] = mapped_column(primary_key=True)
    high_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(sa.String(200))
    state: Mapped[str] = mapped_column(sa.String(10), default="proposed")
    kept_id: Mapped[UUID | None]
    found_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(sa.String(100))


class ThreatGone(Base):
    """A threat that was taken out again, by undoing the import that brought it. `change` is of service.commit_order."""

    __tablename__ = "threat_gone"
    __table_args__ = (sa.Index(None, "tenant_id", "change"), {"sqlite_with_rowid": False})

    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    change: Mapped[int] = mapped_column(sa.BigInteger)
