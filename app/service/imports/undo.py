"""Undoing an import: all that it brought is taken back, batch by batch, as a job; what has been used since is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db, now, refresh_statistics, transaction
from app.errors import Conflict
from app.models import ImportRun, Job
from app.service import jobs
from app.service.actor import Actor, act, guarded, owned
from app.service.imports.file import let_go
from app.service.imports.read import run_of
from app.service.imports.work import _set
from app.service.jobs import Claim
from app.service.threats import THREAT_TABLES
from app.service.threats.take_back import take_back, touched
from app.terms import Permission

BATCH = 1_000
KEPT = {
    "linked": "are or were in incidents",
    "judged": "were pinned or judged by a person",
    "changed": "were changed since",
}
"""Why a threat is kept, as it goes on after "kept because they"."""


@guarded(Permission.THREATS_WRITE)
def undo(actor: Actor, run_id: UUID) -> ImportRun:
    """Have an import undone by a worker; one that is being undone, or was, stands.

    `run.undo` then tells how far it is: `act_id`, `counts` of threats as take_back() has them, `total`, and `after`, the id of
    the last threat that was looked at. Raises NotFound; Conflict for one that is not over and not given up.
    """
    with transaction() as session:
        run = run_of(actor, run_id)
        if run.state in {"undoing", "undone"}:
            return run
        given_up = run.state == "running" and run.feed_id is None and not jobs.open_of(actor, "import", [run_id])
        if not (given_up or run.state in {"done", "failed"}):
            raise Conflict("state_conflict", "This import is not over, so it can't be undone yet.")
        undone = act(actor, "import_undone", run_id=str(run_id))
        begun: dict[str, Any] = {"act_id": str(undone.id), "counts": {}, "total": None, "after": None}
        if _set(actor, run_id, run.state, {"state": "undoing", "undo": begun, "beat_at": now()}):
            session.add(undone)
            dead = sa.and_(owned(actor, Job), Job.kind == "import", Job.subject == run_id, Job.state == "dead")
            session.execute(sa.delete(Job).where(dead).execution_options(synchronize_session=False))
            jobs.enqueue(actor, "undo_import", run_id)
    return run_of(actor, run_id)


def work_undo(claim: Claim) -> None:
    """Do the job of an undo to its end; `message` then says what came of it. Raises Lost and Stopped."""
    actor, run = claim.actor, run_of(claim.actor, claim.subject)
    if run.undo is None:
        raise Conflict("state_conflict", "This import is not being undone.")
    acts, undo_id = {UUID(act_id) for act_id in run.acts}, UUID(run.undo["act_id"])
    undone, counts = _undone(actor, run.id), Counter(run.undo["counts"])
    ids = touched(actor, acts, run.undo["after"] and UUID(run.undo["after"]))
    total = counts.total() + len(ids)
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        with transaction():
            claim.hold()
            counts += take_back(actor, acts, undo_id, batch, undone)
            state = {"act_id": str(undo_id), "counts": counts, "total": total, "after": str(batch[-1])}
            _set(actor, run.id, "undoing", {"undo": state, "beat_at": now()})
    with transaction():
        claim.hold()
        ended = {"state": "undone", "message": said(counts), "finished_at": now()}
        _set(actor, run.id, "undoing", ended)
        let_go(actor, run.id)
        claim.done()
    if total >= BATCH:
        refresh_statistics(*THREAT_TABLES)


def _undone(actor: Actor, but: UUID) -> dict[UUID, UUID]:
    """Return the acts of all other imports that were undone, or are being so, each with the act of its undo."""
    others = sa.and_(owned(actor, ImportRun), ImportRun.state.in_(("undoing", "undone")), ImportRun.id != but)
    rows = db.session.execute(sa.select(ImportRun.acts, ImportRun.undo).where(others))
    return {UUID(act_id): UUID(undo["act_id"]) for acts, undo in rows if undo for act_id in acts}


def said(counts: Mapping[str, int]) -> str:
    """Return in words what came of an undo."""
    if not any(counts.values()):
        return "Undone. It had changed no threat."
    parts = []
    if out := counts.get("out"):
        parts.append(f"{_threats(out)} taken out")
    if back := counts.get("back"):
        parts.append(f"{_threats(back)} put back to what {'it was' if back == 1 else 'they were'}")
    for why, words in KEPT.items():
        if kept := counts.get(why):
            one = words.replace("are or were", "is or was").replace("were", "was") if kept == 1 else words
            parts.append(f"{_threats(kept)} kept because {'it' if kept == 1 else 'they'} {one}")
    return f"Undone: {'; '.join(parts)}."


def _threats(count: int) -> str:
    return f"{count:,} threat{'' if count == 1 else 's'}"
