"""How an import, or its undo, is getting on, and why if it is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.db import now
from app.errors import Conflict
from app.models import ImportRun, Job
from app.service import jobs
from app.service.actor import Actor, guarded
from app.service.imports.read import run_of
from app.terms import Permission

PATIENCE = timedelta(seconds=30)
"""How long after it was due a job is taken for one that nobody does, if none other is done either."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` (None until it is known) rows, or threats when `is_undo`.

    `stands` is "" while it gets on; `no_worker` if nobody has taken the job up, `resting` after a failure until it is tried
    again, `given_up` when it is not any more. `reason` is what was said of the last failure.
    """

    is_undo: bool
    done: int
    total: int | None
    stands: str
    reason: str

    @property
    def quarters(self) -> int:
        """Return how many quarters of it are done, for telling it now and then."""
        return 4 * self.done // self.total if self.total else 0


@guarded(Permission.THREATS_READ)
def progress(actor: Actor, run: ImportRun) -> Progress | None:
    """Return how a run gets on, None if it is neither being read nor being undone."""
    if run.state not in {"running", "undoing"}:
        return None
    job = _job(actor, run)
    if job is None or job.state == "dead":
        stands = "given_up"
    elif job.due_at < now() - PATIENCE and not jobs.is_any_in_hand(actor):
        stands = "no_worker"
    else:
        stands = "resting" if job.state == "waiting" and job.message else ""
    reason = (job and job.message) or ""
    if run.undo is None:
        return Progress(False, run.position, run.total, stands, reason)
    return Progress(True, sum(run.undo["counts"].values()), run.undo["total"], stands, reason)


@guarded(Permission.THREATS_WRITE)
def retry(actor: Actor, run_id: UUID) -> None:
    """Have what was given up tried again. Raises NotFound; Conflict if it was not given up."""
    job = _job(actor, run_of(actor, run_id))
    if job is None:
        raise Conflict("state_conflict", "This was not given up.")
    jobs.retry(actor, job.id)


def _job(actor: Actor, run: ImportRun) -> Job | None:
    """Return the job of the run that is open, or else the one that was given up."""
    kind, subject = ("undo_import", run.id) if run.undo else ("fetch", run.feed_id) if run.feed_id else ("import", run.id)
    return jobs.open_of(actor, kind, [subject]).get(subject) or jobs.given_up(actor, kind, subject)
