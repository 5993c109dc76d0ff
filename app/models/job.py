"""Work that is done beside the requests: what is waiting, what runs, and what was given up."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id

OPEN = sa.text("state IN ('waiting', 'running')")


class Job(Base):
    """One piece of work on a subject, such as an import run or a feed; open once at a time for each kind and subject.

    `due_at` is when a worker may take it: of a waiting one the time it is to be done, of a running one the end of the worker's
    lease. `claim` is the token of the worker that holds it; whoever lost it may write nothing more. `attempts` counts the times
    that it was taken since it last got on, and `failures` those of them that ended with an error. A dead one was given up and
    waits for a person, with the reason in `message`.
    """

    __tablename__ = "job"
    __table_args__ = (
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'dead')", "state"),
        sa.CheckConstraint("(state = 'running') = (claim IS NOT NULL)", "running_is_claimed"),
        sa.Index("uq_job_open", "tenant_id", "kind", "subject", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        sa.Index("ix_job_open_due_at", "due_at", sqlite_where=OPEN, postgresql_where=OPEN),
    )

    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(sa.String(20))
    subject: Mapped[UUID]
    state: Mapped[str] = mapped_column(sa.String(10), default="waiting")
    due_at: Mapped[datetime]
    claim: Mapped[UUID | None]
    attempts: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    message: Mapped[str | None] = mapped_column(sa.Text)
    actor_kind: Mapped[str] = mapped_column(sa.String(10))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(sa.String(100))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
