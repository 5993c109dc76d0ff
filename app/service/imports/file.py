"""The file of a run: kept until the run is over, with the choice of columns and source, and its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

import sqlalchemy as sa

from app.db import db
from app.errors import Conflict, Faults, Unreadable
from app.feeds.formats import FORMATS, Format
from app.feeds.record import Item
from app.models import ImportFile, ImportRun
from app.models.threat import SHORT_TEXT_MAX
from app.service import rules
from app.service.actor import Actor, owned


def choice(run: ImportRun, columns: Mapping[str, str] | None, source: str) -> tuple[dict[str, str], str]:
    """Return columns and source as chosen now or before.

    Raises Invalid where the format leaves no choice, Unreadable where it is none of this version any more.
    """
    if run.format not in FORMATS:
        raise Unreadable("This version of Cordon does not know this kind of file any more.")
    faults = Faults()
    chosen = dict(run.columns if columns is None else columns)
    name = rules.text(source, "source", faults, maximum=SHORT_TEXT_MAX) or run.source
    if not FORMATS[run.format].takes_columns:
        if chosen:
            faults.add("columns", "field_invalid", "The columns of this format are known; there is none to choose.")
        if name != run.source:
            faults.add("source", "field_invalid", f"Files of this format are always of the source {run.source}.")
    faults.raise_if_any()
    return chosen, name


def items(kind: Format, content: bytes, columns: Mapping[str, str], source: str) -> Iterator[Item]:
    """Return what the file holds. Raises Unreadable at once, before the first row."""
    return kind.parse(content, columns, source) if kind.takes_columns else kind.parse(content)


def keep(actor: Actor, run_id: UUID, content: bytes) -> None:
    """Keep the file of a run that was just added. Call it inside a transaction."""
    row = {"tenant_id": actor.tenant_id, "run_id": run_id, "content": content}
    db.session.execute(sa.insert(ImportFile), row)


def content_of(actor: Actor, run_id: UUID) -> bytes:
    """Return the file of a run. Raises Conflict once the run is over."""
    kept = sa.select(ImportFile.content).where(owned(actor, ImportFile), ImportFile.run_id == run_id)
    content = db.session.scalar(kept)
    if content is None:
        raise Conflict("state_conflict", "This import is over, and its file was let go.")
    return content


def let_go(actor: Actor, run_id: UUID) -> None:
    """Forget the file of a run that is over. Call it inside a transaction."""
    kept = sa.and_(owned(actor, ImportFile), ImportFile.run_id == run_id)
    db.session.execute(sa.delete(ImportFile).where(kept).execution_options(synchronize_session=False))


def fit(text: str) -> str:
    """Replace what no database can keep."""
    return rules.UNFIT.sub("\ufffd", text)


def left_out(reasons: Mapping[str, int]) -> str:
    """Say in a sentence, with a space before it, which rows are no threats of their own; nothing when there are none."""
    told = ", ".join(f"{reason} ({count:,})" for reason, count in sorted(reasons.items()) if count)
    return f" Left out: {told}." if told else ""
