"""Runs of the importer, over uploads and over what feeds brought, and what they could not use."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id


class ImportRun(Base):
    """One file on its way in. The counts add up: `seen` is the sum of the other five.

    `position` is how many of its `total` items were read, so that a run that
    was cut off goes on there; `left_out` counts those that are no threats of their own, by reason. `acts` are the ids of the
    acts by which its threats came in, for undoing them, and `undo` is how far that got (see service.imports.undo). `feed_id` is
    the feed whose answer this is, if it is no upload.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        sa.CheckConstraint("state IN ('draft', 'running', 'done', 'failed', 'undoing', 'undone')", "state"),
        sa.CheckConstraint("seen = new + updated + unchanged + older + failed", "counts_add_up"),
        sa.ForeignKeyConstraint(["tenant_id", "feed_id"], ["feed.tenant_id", "feed.id"]),
        sa.Index(None, "tenant_id", "feed_id", "id"),
    )

    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    filename: Mapped[str] = mapped_column(sa.String(255))
    format: Mapped[str] = mapped_column(sa.String(40))
    source: Mapped[str] = mapped_column(sa.String(200))
    columns: Mapped[dict[str, Any]]
    # The file, for the version before this one, which may still run on this schema; a later migration drops it.
    content_before: Mapped[bytes | None] = mapped_column("content", sa.LargeBinary, deferred=True)
    size: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(10))
    message: Mapped[str | None] = mapped_column(sa.Text)
    feed_id: Mapped[UUID | None]
    total: Mapped[int | None]
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    left_out: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    acts: Mapped[list[Any]] = mapped_column(default=list, server_default="[]", deferred=True)
    undo: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    seen: Mapped[int] = mapped_column(default=0)
    new: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    older: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(sa.String(100))
    beat_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ImportFile(Base):
    """The file of a run until it is over: apart from the run, for SQLite writes a row whole whatever changes in it."""

    __tablename__ = "import_file"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "run_id"], ["import_run.tenant_id", "import_run.id"], ondelete="CASCADE"),
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)


class ImportProblem(Base):
    """A row of a file that was not used, and why."""

    __tablename__ = "import_problem"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "run_id"], ["import_run.tenant_id", "import_run.id"]),
        {"sqlite_with_rowid": False},
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    row: Mapped[int]
    reason: Mapped[str] = mapped_column(sa.Text)
