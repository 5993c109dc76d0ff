"""Keeping a file to be imported, and showing how it would be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from uuid import UUID

import sqlalchemy as sa

from app.db import new_id, now, transaction
from app.errors import Unreadable
from app.feeds.columns import Columns
from app.feeds.formats import FORMATS, Format, recognise
from app.feeds.record import Item, LeftOut, Problem, Record
from app.models import ImportRun
from app.models.threat import SHORT_TEXT_MAX
from app.service.actor import Actor, guarded, owned
from app.service.imports.file import choice, content_of, fit, items, keep
from app.service.imports.read import run_of
from app.service.imports.shape import Shape
from app.terms import Permission

FILE_MAX = 32 * 1024 * 1024
FILENAME_MAX = 255
HEAD = 5
DRAFT_LIFE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Preview:
    """How a file would be read.

    `columns` is the guess with a person's choice laid over it, for formats that have a choice. `head` are the first few
    rows, `records` and `problems` count all of them; `left_out` counts those that are no threats of their own, by reason.
    `shape` is where and when the records lie. `obstacle` says why the file can't be read as it stands, if so.
    """

    run: ImportRun
    format: Format
    source: str
    columns: Columns | None
    head: list[Record | Problem]
    records: int
    problems: int
    left_out: Counter[str]
    shape: Shape
    obstacle: str = ""


@guarded(Permission.THREATS_WRITE)
def draft(actor: Actor, filename: str, content: bytes) -> ImportRun:
    """Keep a file to be imported. Raises Unreadable if it is empty, over FILE_MAX bytes, or of no known kind.

    Drafts that nobody started within DRAFT_LIFE are forgotten.
    """
    run = _drafted(actor, filename, content)
    with transaction() as session:
        mine, before = owned(actor, ImportRun), run.created_at - DRAFT_LIFE
        session.execute(sa.delete(ImportRun).where(mine, ImportRun.state == "draft", ImportRun.created_at < before))
        session.add(run)
        session.flush()
        keep(actor, run.id, content)
    return run


@guarded(Permission.THREATS_WRITE)
def look(actor: Actor, filename: str, content: bytes, columns: Mapping[str, str] | None = None, source: str = "") -> Preview:
    """Say how a file would be read, and keep nothing. Raises Unreadable as `draft` and Invalid as `start`."""
    return _preview(_drafted(actor, filename, content), content, columns, source)


@guarded(Permission.THREATS_WRITE)
def preview(actor: Actor, run_id: UUID, columns: Mapping[str, str] | None = None, source: str = "") -> Preview:
    """Say how a draft would be read, with these columns and source if given. Raises NotFound, Conflict, Invalid."""
    return _preview(run_of(actor, run_id), content_of(actor, run_id), columns, source)


def _drafted(actor: Actor, filename: str, content: bytes) -> ImportRun:
    """Return a run for the file, not yet in the database."""
    if len(content) > FILE_MAX:
        raise Unreadable(f"The file has more than {FILE_MAX // 1024**2} MB, the most that can be imported at once.")
    name = fit(PurePath(filename).name)[-FILENAME_MAX:]
    try:
        kind = recognise(name, content)
        if kind.guess_columns:
            kind.guess_columns(content)
            source = PurePath(name).stem[:SHORT_TEXT_MAX].strip() or kind.name
        else:
            first = next((item for item in kind.parse(content) if isinstance(item, Record)), None)
            source = first.source if first else kind.name
    except Unreadable as error:
        raise Unreadable(f"{error} Nothing was imported.") from None
    time = now()
    return ImportRun(
        tenant_id=actor.tenant_id,
        id=new_id(),
        filename=name,
        format=kind.name,
        source=source,
        columns={},
        size=len(content),
        state="draft",
        created_at=time,
        created_by=actor.name,
        beat_at=time,
    )


def _preview(run: ImportRun, content: bytes, columns: Mapping[str, str] | None, source: str) -> Preview:
    chosen, name = choice(run, columns, source)
    kind = FORMATS[run.format]
    guess = kind.guess_columns(content, chosen) if kind.guess_columns else None
    head: list[Record | Problem] = []
    counts: Counter[type[Item]] = Counter()
    left_out: Counter[str] = Counter()
    shape = Shape()
    obstacle = ""
    try:
        for item in items(kind, content, chosen, name):
            counts[type(item)] += 1
            if isinstance(item, Record):
                shape.add(item)
            if isinstance(item, LeftOut):
                left_out[item.reason] += 1
            elif len(head) < HEAD:
                head.append(item)
    except Unreadable as error:
        obstacle = str(error)
    return Preview(run, kind, name, guess, head, counts[Record], counts[Problem], left_out, shape, obstacle)
