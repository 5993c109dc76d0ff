"""The rows that an import could not use, as a file to take away."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa

from app.db import db
from app.models import ImportProblem
from app.service.actor import Actor, guarded, owned
from app.service.export import Export, csv
from app.service.export.files import _plain
from app.service.export.table import Row, Table
from app.service.imports.read import run_of
from app.terms import Permission

CHUNK = 1_000
PROBLEMS = Table("problems", ("row", "reason"), "row")


@guarded(Permission.THREATS_READ)
def problem_file(actor: Actor, run_id: UUID) -> Export:
    """Return a CSV with the row and the reason of each problem, read as it is sent. Raises NotFound."""
    run = run_of(actor, run_id)
    engine = db.engine  # while there is an application context; the chunks may be read after it
    wanted = sa.select(ImportProblem.number, ImportProblem.row, ImportProblem.reason)
    wanted = wanted.where(owned(actor, ImportProblem), ImportProblem.run_id == run_id).order_by(ImportProblem.number).limit(CHUNK)

    def chunks() -> Iterator[list[Row]]:
        after = 0
        with engine.connect() as connection:
            while rows := connection.execute(wanted.where(ImportProblem.number > after)).all():
                yield [{"row": row.row, "reason": row.reason} for row in rows]
                after = rows[-1].number

    name = f"problems-{_plain(run.filename) or run.id}.csv"
    return Export(name, "text/csv; charset=utf-8", csv.write(chunks(), PROBLEMS, "", 0))
