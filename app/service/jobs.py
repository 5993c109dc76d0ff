"""The queue of work that is done beside the requests: in the same database, so that a job is kept with what it is for.

A worker takes a job for LEASE and renews it in each transaction that has an effect (`Claim.hold`), and by its heartbeat in
between. When it is gone, the lease ends and another one takes the job. Whoever lost a job can't write any more, so each
effect is had once however often the work is begun.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.db import db, new_id, now, transaction
from app.errors import Conflict, NotFound
from app.models import Job
from app.service.actor import Actor, guarded, owned, worker
from app.service.query import Page
from app.terms import Permission

LEASE = timedelta(seconds=30)
FAILURES_MAX = 5
FIRST_REST = timedelta(seconds=10)
"""How long a job rests after its first failure; four times as long after each further one."""
CUTS_MAX = 20
"""A job that fails is known to; one whose worker is gone may only have had bad luck, so it gets more attempts."""
DONE_LIFE = timedelta(days=7)
CUT_OFF = f"It was cut off {CUTS_MAX} times without getting on."
OPEN = Job.state.in_(("waiting", "running"))


class Lost(Exception):
    """Another worker has the job now, or a person called it off. Nothing more may be written for it."""


class Stopped(Exception):
    """The worker is to stop; the job goes back to the queue as it is."""


@dataclass(slots=True)
class Claim:
    """A job in the hands of a worker. The methods are called inside `transaction()`; they raise Lost."""

    actor: Actor
    job_id: UUID
    token: UUID
    kind: str
    subject: UUID
    attempts: int
    lease: timedelta
    stopping: threading.Event | None = None

    def hold(self, *, got_on: bool = True) -> None:
        """Renew the lease, first in each transaction that has an effect; other workers wait for its end. Raises Stopped too."""
        if self.stopping and self.stopping.is_set():
            raise Stopped
        self._set(due_at=now() + self.lease, **({"attempts": 0, "failures": 0} if got_on else {}))

    def done(self) -> None:
        """Say that the job is over."""
        self._set(state="done", claim=None, message=None, finished_at=now())

    def again(self, due_at: datetime) -> None:
        """Put the job back, to be done anew at a time."""
        self._set(state="waiting", claim=None, message=None, attempts=0, failures=0, due_at=due_at)

    def failed(self, reason: str) -> None:
        """Put the job back for another attempt after a rest, or give it up after FAILURES_MAX in a row."""
        failures = (db.session.scalar(sa.select(Job.failures).where(owned(self.actor, Job), Job.id == self.job_id)) or 0) + 1
        if failures >= FAILURES_MAX:
            self._set(state="dead", claim=None, failures=failures, message=reason, finished_at=now())
            return
        rest = FIRST_REST * 4 ** (failures - 1) * random.uniform(0.8, 1.2)  # noqa: S311 - not to come all at once
        self._set(state="waiting", claim=None, failures=failures, message=reason, due_at=now() + rest)

    def _set(self, **values: Any) -> None:
        held = db.session.scalar(
            sa.update(Job)
            .where(owned(self.actor, Job), Job.id == self.job_id, Job.claim == self.token)
            .values(values)
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        )
        if held is None:
            raise Lost


def enqueue(actor: Actor, kind: str, subject: UUID, *, due_at: datetime | None = None) -> None:
    """Have a job done, now or at a time. One that is open already for the same subject stands."""
    time = now()
    row = {
        "tenant_id": actor.tenant_id,
        "id": new_id(),
        "kind": kind,
        "subject": subject,
        "state": "waiting",
        "due_at": due_at or time,
        "attempts": 0,
        "failures": 0,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "created_at": time,
    }
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    with transaction() as session:
        session.execute(insert(Job).values(row).on_conflict_do_nothing())


def bring_forward(actor: Actor, kind: str, subject: UUID) -> None:
    """Have a job done now, whenever it was due; one that runs stands."""
    with transaction() as session:
        waiting = sa.and_(_is(actor, kind, subject), Job.state == "waiting")
        session.execute(sa.update(Job).where(waiting).values(due_at=now()).execution_options(synchronize_session=False))
        enqueue(actor, kind, subject)


def cancel(actor: Actor, kind: str, subject: UUID) -> None:
    """Call off a job; a worker that has it can write nothing more for it."""
    with transaction() as session:
        session.execute(sa.delete(Job).where(_is(actor, kind, subject), OPEN).execution_options(synchronize_session=False))


def open_of(actor: Actor, kind: str, subjects: Collection[UUID]) -> dict[UUID, Job]:
    """Return the open jobs of a kind by their subjects."""
    wanted = sa.select(Job).where(owned(actor, Job), Job.kind == kind, Job.subject.in_(subjects), OPEN)
    return {job.subject: job for job in db.session.scalars(wanted.execution_options(populate_existing=True))}


def given_up(actor: Actor, kind: str, subject: UUID) -> Job | None:
    """Return the latest job of a kind for a subject that was given up."""
    latest = sa.select(Job).where(_is(actor, kind, subject), Job.state == "dead").order_by(Job.finished_at.desc()).limit(1)
    return db.session.scalar(latest.execution_options(populate_existing=True))


def is_any_in_hand(actor: Actor) -> bool:
    """Say whether a worker does a job of the tenant just now; those that are due may then only wait for their turn."""
    in_hand = sa.and_(owned(actor, Job), Job.state == "running", Job.due_at > now())
    return bool(db.session.scalar(sa.select(sa.exists().where(in_hand))))


@guarded(Permission.THREATS_READ)
def dead(actor: Actor, limit: int = 50, offset: int = 0) -> Page[Job]:
    """Return the jobs that were given up, the latest first."""
    given_up = sa.and_(owned(actor, Job), Job.state == "dead")
    total = db.session.scalar(sa.select(sa.func.count()).select_from(Job).where(given_up)) or 0
    rows = db.session.scalars(sa.select(Job).where(given_up).order_by(Job.finished_at.desc(), Job.id).limit(limit).offset(offset))
    return Page(list(rows), total, None)


@guarded(Permission.THREATS_WRITE)
def retry(actor: Actor, job_id: UUID) -> None:
    """Have a job that was given up tried again. Raises NotFound, and Conflict if it was not given up."""
    with transaction() as session:
        one = sa.select(Job).where(owned(actor, Job), Job.id == job_id).with_for_update()
        job = session.scalar(one.execution_options(populate_existing=True))
        if job is None:
            raise NotFound("job")
        if job.state != "dead":
            raise Conflict("state_conflict", "This job is not among those that were given up; perhaps someone else retried it.")
        session.execute(sa.delete(Job).where(owned(actor, Job), Job.id == job_id).execution_options(synchronize_session=False))
        enqueue(actor, job.kind, job.subject)


def take(
    token: UUID,
    *,
    lease: timedelta = LEASE,
    only: tuple[Actor, str, UUID] | None = None,
    stopping: threading.Event | None = None,
) -> Claim | None:
    """Take the job that has been due longest, of any tenant, or `only` this one as its actor; return None if there is none.

    A job whose lease ended CUTS_MAX times without getting on is given up here: it may be what ends its workers.
    """
    time = now()
    due = sa.and_(OPEN, Job.due_at <= time)
    if only:
        due = sa.and_(due, _is(*only))
    oldest = sa.select(Job.tenant_id, Job.id).where(due).order_by(Job.due_at).limit(1).with_for_update(skip_locked=True)
    with transaction() as session:
        while found := session.execute(oldest).first():
            key = sa.and_(Job.tenant_id == found.tenant_id, Job.id == found.id)
            is_spent = sa.and_(key, Job.state == "running", Job.attempts - Job.failures >= CUTS_MAX)
            values = {"state": "dead", "claim": None, "message": CUT_OFF, "finished_at": time}
            if session.scalar(_update(is_spent, values)) is None:
                taken = {"state": "running", "claim": token, "due_at": time + lease, "attempts": Job.attempts + 1}
                session.execute(_update(key, taken))
                job = session.scalars(sa.select(Job).where(key).execution_options(populate_existing=True)).one()
                actor = only[0] if only else worker(job.tenant_id, job.actor_kind, job.actor_id, job.actor_name)
                return Claim(actor, job.id, token, job.kind, job.subject, job.attempts, lease, stopping)
    return None


def keep(tokens: Collection[UUID], lease: timedelta = LEASE) -> None:
    """Renew the leases of jobs in hand, by the heartbeat of their worker."""
    with transaction() as session:
        mine = Job.claim.in_(tokens)
        values = {"due_at": now() + lease}
        session.execute(sa.update(Job).where(mine).values(values).execution_options(synchronize_session=False))


def forget_done() -> None:
    """Delete what was done longer than DONE_LIFE ago, in all tenants."""
    old = sa.and_(Job.state == "done", Job.finished_at < now() - DONE_LIFE)
    with transaction() as session:
        session.execute(sa.delete(Job).where(old).execution_options(synchronize_session=False))


def next_due() -> datetime | None:
    """Return when the next job is due, in any tenant."""
    return db.session.scalar(sa.select(sa.func.min(Job.due_at)).where(OPEN))


def _is(actor: Actor, kind: str, subject: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(owned(actor, Job), Job.kind == kind, Job.subject == subject)


def _update(condition: sa.ColumnElement[bool], values: dict[str, Any]) -> Any:
    statement = sa.update(Job).where(condition).values(values).returning(Job.id)
    return statement.execution_options(synchronize_session=False)
