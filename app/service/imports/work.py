"""Reading a file into threats, batch by batch, as a job."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db, now, refresh_statistics, transaction
from app.errors import Conflict, Faults, Unreadable
from app.feeds.formats import FORMATS
from app.feeds.record import Item, LeftOut, Problem, Record
from app.geo.outline import corners
from app.models import ImportProblem, ImportRun
from app.service import jobs
from app.service.actor import Actor, guarded, owned
from app.service.imports.file import choice, content_of, fit, items, let_go
from app.service.imports.read import COUNTS, run_of, summary
from app.service.jobs import Claim
from app.service.threats import THREAT_TABLES, UPSERT_MAX, upsert
from app.terms import Permission

CORNERS_AS_A_ROW = 20
"""So many corners of an area take as long to put in as a row without one."""
UNKNOWN = "ends of threats that are not known here"


@guarded(Permission.THREATS_WRITE)
def start(actor: Actor, run_id: UUID, columns: Mapping[str, str] | None = None, source: str = "") -> ImportRun:
    """Have a draft read in by a worker; only one caller gets to.

    `columns` maps our fields to columns of the file where the guess is wrong. Raises NotFound; Conflict if it is no draft any
    more; Invalid; Unreadable for columns that do not exist or do not suffice.
    """
    run, content = run_of(actor, run_id), content_of(actor, run_id)
    chosen, name = choice(run, columns, source)
    total = sum(1 for _ in items(FORMATS[run.format], content, chosen, name))
    with transaction():
        begun = {"state": "running", "columns": chosen, "source": name, "total": total, "beat_at": now()}
        if not _set(actor, run_id, "draft", begun):
            raise Conflict("state_conflict", "This file is being imported already.")
        jobs.enqueue(actor, "import", run_id)
    return run_of(actor, run_id)


def work(claim: Claim, on_progress: Callable[[int], None] | None = None) -> None:
    """Do the job of an upload: read its run to the end, done or failed; `message` then says what came of it.

    `on_progress` is called with the number of items read after each batch. Raises Lost and Stopped.
    """
    reason = read_in(claim, claim.subject, on_progress)
    with transaction():
        claim.hold()
        finish(claim.actor, claim.subject, reason)
        claim.done()
    if run_of(claim.actor, claim.subject).new >= UPSERT_MAX:
        refresh_statistics(*THREAT_TABLES)


def read_in(claim: Claim, run_id: UUID, on_progress: Callable[[int], None] | None = None) -> str:
    """Put in what a running run holds, from where it got to. Return why it can't be read, "" if all was.

    Each batch is one transaction with its counts, so that each row is put in and counted once.
    """
    run, content = run_of(claim.actor, run_id), content_of(claim.actor, run_id)
    position = run.position
    try:
        rows = islice(items(FORMATS[run.format], content, run.columns, run.source), position, None)
        while batch := _batch(rows):
            with transaction():
                claim.hold()
                _put(claim.actor, run_id, batch)
            position += len(batch)
            if on_progress:
                on_progress(position)
    except Unreadable as error:
        return f"{error} Nothing was imported."
    return ""


def _batch(rows: Iterator[Item]) -> list[Item]:
    """Return the next UPSERT_MAX rows, or fewer where areas are to be drawn simply: others wait to write meanwhile."""
    batch: list[Item] = []
    weight = 0
    while weight < UPSERT_MAX and (item := next(rows, None)) is not None:
        batch.append(item)
        weight += 1 + (corners(item.area) // CORNERS_AS_A_ROW if isinstance(item, Record) and item.area else 0)
    return batch


def finish(actor: Actor, run_id: UUID, reason: str = "") -> ImportRun:
    """End a running run, as failed if there is a reason, and let its file go. Call it inside a transaction."""
    run = run_of(actor, run_id)
    ended = {
        "state": "failed" if reason else "done",
        "message": reason or summary(run),
        "finished_at": now(),
    }
    _set(actor, run_id, "running", ended)
    let_go(actor, run_id)
    return run


def _put(actor: Actor, run_id: UUID, batch: Sequence[Item]) -> None:
    """Put a batch in, and add to the run what came of it, with a problem for each row that failed."""
    records = [item for item in batch if isinstance(item, Record)]
    faults = Faults()
    outcomes = upsert(actor, records, faults=faults, partial=True, run_id=run_id)
    counts = Counter(outcome.kind for outcome in outcomes)
    left_out = Counter(item.reason for item in batch if isinstance(item, LeftOut))
    left_out[UNKNOWN] += counts.pop("unknown", 0)
    problems = [*_broken(records, faults), *(item for item in batch if isinstance(item, Problem))]
    counts["failed"] = len(problems)
    wanted = sa.select(ImportRun.position, ImportRun.failed, ImportRun.left_out, ImportRun.acts)
    held = db.session.execute(wanted.where(owned(actor, ImportRun), ImportRun.id == run_id)).one()
    added = {
        **{name: getattr(ImportRun, name) + counts[name] for name in COUNTS},
        "seen": ImportRun.seen + counts.total(),
        "position": held.position + len(batch),
        "left_out": dict(Counter(held.left_out) + left_out),
        "acts": held.acts + sorted({str(outcome.act_id) for outcome in outcomes if outcome.act_id}),
        "beat_at": now(),
    }
    if not _set(actor, run_id, "running", added):
        raise Conflict("state_conflict", "This import is over.")
    rows = [
        {"tenant_id": actor.tenant_id, "run_id": run_id, "number": number, "row": problem.row, "reason": fit(problem.reason)}
        for number, problem in enumerate(sorted(problems, key=lambda problem: problem.row), held.failed + 1)
    ]
    if rows:
        db.session.execute(sa.insert(ImportProblem), rows)


def _broken(records: Sequence[Record], faults: Faults) -> list[Problem]:
    reasons: dict[int, list[str]] = defaultdict(list)
    for fault in faults:
        index, field = re.fullmatch(r"threats\[(\d+)\]\.(.+)", fault.field).groups()  # type: ignore[union-attr]  # every fault of upsert is so named
        reasons[int(index)].append(f"{field}: {fault.issue}")
    return [Problem(records[index].row, " ".join(said)) for index, said in reasons.items()]


def _set(actor: Actor, run_id: UUID, state: str, values: dict[str, Any]) -> bool:
    """Write to a run that is in a state; say whether it is."""
    one = sa.and_(owned(actor, ImportRun), ImportRun.id == run_id, ImportRun.state == state)
    statement = sa.update(ImportRun).where(one).values(values).returning(ImportRun.id)
    return db.session.scalar(statement.execution_options(synchronize_session=False)) is not None
