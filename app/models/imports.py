"""Runs of the importer and what they could not use."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id


class ImportRun(Base):
    """One file on its way in. The counts add up: `seen` is the sum of the other five.

    `content` is the file, kept until the run is done so that a run cut off can be taken up again. `beat_at` is renewed while
    a process works on it; a running run whose beat is old was cut off.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        sa.CheckConstraint("state IN ('draft', 'running', 'done', 'failed')", "state"),
        sa.CheckConstraint("seen = new + updated + unchanged + older + failed", "counts_add_up"),
    )

    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    filename: Mapped[str] = mapped_column(sa.String(255))
    format: Mapped[str] = mapped_column(sa.String(40))
    source: Mapped[str] = mapped_column(sa.String(200))
    columns: Mapped[dict[str, Any]]
    content: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)
    size: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(10))
    message: Mapped[str | None] = mapped_column(sa.Text)
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
