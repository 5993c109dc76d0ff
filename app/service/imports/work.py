"""Reading a file into threats, batch by batch, by one worker at a time."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db, now, refresh_statistics, transaction
from app.errors import Conflict, Faults, Unreadable
from app.feeds.formats import FORMATS
from app.feeds.record import Item, LeftOut, Problem, Record
from app.models import ImportProblem, ImportRun
from app.service.actor import Actor, guarded, owned
from app.service.imports.file import choice, fit, items
from app.service.imports.read import COUNTS, CUT_OFF_AFTER, content_of, run_of, summary
from app.service.threats import THREAT_TABLES, UPSERT_MAX, upsert
from app.terms import Permission

UNKNOWN = "ends of threats that are not known here"


@guarded(Permission.THREATS_WRITE)
def start(actor: Actor, run_id: UUID, columns: Mapping[str, str] | None = None, source: str = "") -> ImportRun:
    """Take a draft, or an import that was cut off, to be worked on by the caller; only one caller gets it.

    `columns` maps our fields to columns of the file where the guess is wrong. Raises NotFound; Conflict if it runs or
    is over; Invalid; Unreadable for columns that do not exist or do not suffice.
    """
    run, content = run_of(actor, run_id), content_of(actor, run_id)
    chosen, name = choice(run, columns, source)
    next(items(FORMATS[run.format], content, chosen, name), None)
    time = now()
    cut_off = sa.and_(ImportRun.state == "running", ImportRun.beat_at < time - CUT_OFF_AFTER)
    with transaction() as session:
        taken = session.scalar(
            sa.update(ImportRun)
            .where(owned(actor, ImportRun), ImportRun.id == run_id, sa.or_(ImportRun.state == "draft", cut_off))
            .values(state="running", columns=chosen, source=name, beat_at=time, seen=0, **dict.fromkeys(COUNTS, 0))
            .returning(ImportRun.id)
            .execution_options(synchronize_session=False)
        )
        if taken is None:
            raise Conflict("state_conflict", "This file is being imported already.")
        session.execute(sa.delete(ImportProblem).where(owned(actor, ImportProblem), ImportProblem.run_id == run_id))
    return run_of(actor, run_id)


@guarded(Permission.THREATS_WRITE)
def work(actor: Actor, run_id: UUID, on_progress: Callable[[int], None] | None = None) -> ImportRun:
    """Read a started import to its end and return it, done or failed; `message` says what came of it.

    `on_progress` is called with the number of rows seen after each batch. Raises NotFound; Conflict if the import is
    not running, or if it was taken for cut off and started again by someone else.
    """
    run, content = run_of(actor, run_id), content_of(actor, run_id)
    if run.state != "running":
        raise Conflict("state_conflict", "Start this import first.")
    beat, seen, failed = run.beat_at, 0, 0
    told: Counter[str] = Counter()
    state, message = "done", ""
    try:
        rows = items(FORMATS[run.format], content, run.columns, run.source)
        while batch := list(islice(rows, UPSERT_MAX)):
            counts, problems = _put(actor, batch)
            told[UNKNOWN] += counts.pop("unknown", 0)
            told.update(item.reason for item in batch if isinstance(item, LeftOut))
            seen += len(batch)
            beat = _note(actor, run_id, beat, counts, [(failed + i, problem) for i, problem in enumerate(problems, 1)])
            failed += len(problems)
            if on_progress:
                on_progress(seen)
    except Unreadable as error:
        state, message = "failed", f"{error} Nothing was imported."
    with transaction():
        run = run_of(actor, run_id)
        message = message or summary(run, told)
        _advance(actor, run_id, beat, state=state, message=message, content=None, finished_at=now())
    if run.new >= UPSERT_MAX:
        refresh_statistics(*THREAT_TABLES)
    return run_of(actor, run_id)


def _put(actor: Actor, batch: Sequence[Item]) -> tuple[Counter[str], list[Problem]]:
    """Put a batch in; return how many rows had each outcome, and a problem for each that failed, by row."""
    records = [item for item in batch if isinstance(item, Record)]
    faults = Faults()
    counts = Counter(outcome.kind for outcome in upsert(actor, records, faults=faults, partial=True))
    reasons: dict[int, list[str]] = defaultdict(list)
    for fault in faults:
        index, field = re.fullmatch(r"threats\[(\d+)\]\.(.+)", fault.field).groups()  # type: ignore[union-attr]  # every fault of upsert is so named
        reasons[int(index)].append(f"{field}: {fault.issue}")
    broken = [Problem(records[index].row, " ".join(said)) for index, said in reasons.items()]
    unread = [item for item in batch if isinstance(item, Problem)]
    counts["failed"] += len(unread)
    return counts, sorted([*broken, *unread], key=lambda problem: problem.row)


def _note(actor: Actor, run_id: UUID, beat: datetime, counts: Mapping[str, int], numbered: list[tuple[int, Problem]]) -> datetime:
    """Add the outcome of a batch to the run, with its problems; return the new beat."""
    added = {name: getattr(ImportRun, name) + counts.get(name, 0) for name in COUNTS}
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "run_id": run_id,
            "number": number,
            "row": problem.row,
            "reason": fit(problem.reason),
        }
        for number, problem in numbered
    ]
    with transaction() as session:
        beat = _advance(actor, run_id, beat, seen=ImportRun.seen + sum(counts.values()), **added)
        if rows:
            session.execute(sa.insert(ImportProblem), rows)
    return beat


def _advance(actor: Actor, run_id: UUID, beat: datetime, **values: Any) -> datetime:
    """Write to a running import whose last beat is ours, and beat. Raises Conflict if someone else's came between."""
    fresh = max(now(), beat + timedelta(milliseconds=1))
    held = db.session.scalar(
        sa.update(ImportRun)
        .where(owned(actor, ImportRun), ImportRun.id == run_id, ImportRun.state == "running", ImportRun.beat_at == beat)
        .values(beat_at=fresh, **values)
        .returning(ImportRun.id)
        .execution_options(synchronize_session=False)
    )
    if held is None:
        raise Conflict("state_conflict", "This import seemed cut off and was started again elsewhere.")
    return fresh
