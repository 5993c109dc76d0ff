"""Reading imports: one, the latest, the rows that one could not use, and what came of it in a sentence."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from app.db import db
from app.errors import NotFound
from app.models import ImportProblem, ImportRun
from app.service.actor import Actor, guarded, owned
from app.service.imports.file import left_out
from app.service.query import Page
from app.terms import Permission

COUNTS = ("new", "updated", "unchanged", "older", "failed")


@guarded(Permission.THREATS_READ)
def get(actor: Actor, run_id: UUID) -> ImportRun:
    """Return one import. Raises NotFound."""
    return run_of(actor, run_id)


@guarded(Permission.THREATS_READ)
def recent(actor: Actor, limit: int = 20, offset: int = 0) -> Page[ImportRun]:
    """Return imports of uploads, newest first, and their true number."""
    uploads = sa.and_(owned(actor, ImportRun), ImportRun.feed_id.is_(None))
    total = db.session.scalar(sa.select(sa.func.count()).select_from(ImportRun).where(uploads)) or 0
    newest = sa.select(ImportRun).where(uploads).order_by(ImportRun.id.desc()).limit(limit).offset(offset)
    return Page(list(db.session.scalars(newest.execution_options(populate_existing=True))), total, None)


@guarded(Permission.THREATS_READ)
def problems(actor: Actor, run_id: UUID, limit: int = 50, offset: int = 0) -> Page[ImportProblem]:
    """Return the rows of an import that could not be used, in the order in which they were met. Raises NotFound."""
    total = run_of(actor, run_id).failed
    statement = sa.select(ImportProblem).where(owned(actor, ImportProblem), ImportProblem.run_id == run_id)
    rows = db.session.scalars(statement.order_by(ImportProblem.number).limit(limit).offset(offset))
    return Page(list(rows), total, None)


def summary(run: ImportRun) -> str:
    """Return in words what came of an import's rows, and of those that were left out."""
    reasons = run.left_out
    if not run.seen:
        return f"The file holds no {'threats' if any(reasons.values()) else 'rows'}, so nothing changed.{left_out(reasons)}"
    words = {"older": "older than what is known", "failed": "not usable"}
    parts = [f"{getattr(run, name):,} {words.get(name, name)}" for name in COUNTS if getattr(run, name)]
    changed = "" if run.new or run.updated else " Nothing changed."
    return f"{run.seen:,} row{'' if run.seen == 1 else 's'}: {', '.join(parts)}.{changed}{left_out(reasons)}"


def run_of(actor: Actor, run_id: UUID) -> ImportRun:
    """Return the run as it is in the database now. Raises NotFound."""
    one = sa.select(ImportRun).where(owned(actor, ImportRun), ImportRun.id == run_id)
    run = db.session.scalar(one.execution_options(populate_existing=True))
    if run is None:
        raise NotFound("import")
    return run
