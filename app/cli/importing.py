"""`cordon import`: a file of threats."""

from __future__ import annotations

import signal
import sys
from dataclasses import fields
from pathlib import Path
from threading import Event
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from app.cli.command import FAILED, cordon, fail, print_json, the_operator, watched
from app.db import explain, new_id, transaction
from app.errors import Unreadable
from app.feeds.record import Problem, Record
from app.models import ImportRun
from app.service import imports, jobs
from app.service.actor import Actor
from app.service.imports import FILE_MAX, Preview, left_out
from app.service.jobs import Claim, Lost, Stopped

PROBLEMS_SHOWN = 20
KEPT = "The rows read so far are kept; import the file again for the rest."


@cordon.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="", help="The name to keep them under, for tables; the file's name if not given.")
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="A column of a table; repeatable.")
@click.option("--dry-run", is_flag=True, help="Only show how the file would be read.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_context
@with_appcontext
def import_file(ctx: click.Context, *, file: Path, source: str, mapping: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Import the threats in FILE, which may be of any format that the importer knows; --dry-run says which it is.

    The same file twice changes nothing; a newer file of the same source updates what it changes.
    """
    actor, columns, content = the_operator(), _columns(mapping), _read(file)
    preview = imports.look(actor, file.name, content, columns, source)
    if dry_run:
        print_json(_preview_json(preview)) if as_json else _show_preview(preview)
        return
    if preview.obstacle:
        raise Unreadable(f"{preview.obstacle} Nothing was imported.")
    run = imports.draft(actor, file.name, content)
    with transaction():  # started and taken at once, so that no worker gets it
        run = imports.start(actor, run.id, columns, source)
        claim = jobs.take(new_id(), only=(actor, "import", run.id))
    if claim:
        _work(claim, run)
    run = imports.get(actor, run.id)
    print_json(_run_json(actor, run)) if as_json else _show_run(actor, run)
    if run.state == "failed":
        ctx.exit(FAILED)


def _columns(mapping: tuple[str, ...]) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in mapping]
    for field, equals, _ in pairs:
        if not field or not equals:
            raise click.BadParameter("write it as FIELD=COLUMN, such as title=Headline.", param_hint="--map")
    return {field.strip(): column.strip() for field, _, column in pairs}


def _read(file: Path) -> bytes:
    """Return the file, but not much more of it than is accepted. Raises Unreadable."""
    try:
        with file.open("rb") as stream:
            return stream.read(FILE_MAX + 1)
    except OSError as error:
        raise Unreadable(f"{file} can't be read: {error.strerror}.") from error


def _work(claim: Claim, run: ImportRun) -> None:
    """Read the file in, with a bar if a person looks on; say what becomes of the rows if it is stopped."""
    # Ctrl-C in the middle of a commit would leave unsaid whether it took place; so it waits for the end of a batch.
    claim.stopping = stopping = Event()
    before = signal.signal(signal.SIGINT, lambda _number, _frame: stopping.set())
    try:
        if watched():
            _work_watched(claim, run)
        else:
            imports.work(claim)
    except Stopped:
        with transaction():
            jobs.cancel(claim.actor, "import", run.id)
            imports.finish(claim.actor, run.id, f"It was stopped. {KEPT}")
        fail(f"Stopped. {KEPT}")
    except Lost:  # as after a pause, which no heartbeat bridges here
        fail("It took so long that a worker has taken it over, which goes on with it.")
    except sa.exc.DBAPIError as error:
        fail(f"{explain(error)} {KEPT}")
    finally:
        signal.signal(signal.SIGINT, before)


def _work_watched(claim: Claim, run: ImportRun) -> None:
    label = f"Importing {run.filename}"
    with click.progressbar(range(run.total or 0), label=label, file=sys.stderr) as bar:
        imports.work(claim, lambda position: bar.update(position - bar.pos))


def _show_run(actor: Actor, run: ImportRun) -> None:
    click.echo(f"{run.filename}: {run.message}")
    page = imports.problems(actor, run.id, PROBLEMS_SHOWN)
    for problem in page.items:
        click.echo(f"  row {problem.row:,}: {problem.reason}")
    if page.total > len(page.items):
        click.echo(f"  and {page.total - len(page.items):,} more; --json lists them.")


def _run_json(actor: Actor, run: ImportRun) -> dict[str, Any]:
    names = ("id", "filename", "format", "source", "state", "message")
    counts = ("seen", "new", "updated", "unchanged", "older", "failed")
    rows = imports.problems(actor, run.id, max(run.failed, 1)).items
    return {
        **{name: getattr(run, name) for name in (*names, *counts)},
        "problems": [{"row": problem.row, "reason": problem.reason} for problem in rows],
    }


def _show_preview(preview: Preview) -> None:
    click.echo(f"{preview.run.filename} is {preview.format.label}, of the source {preview.source}.")
    if preview.columns:
        click.echo("\nColumns, to be changed with --map:")
        for field, column in preview.columns.chosen.items():
            click.echo(f"  {field:<18} {column or '-'}")
        for note in preview.columns.notes:
            click.echo(f"  {note}")
    if preview.obstacle:
        click.echo(f"\n{preview.obstacle}")
        return
    click.echo(f"\n{preview.records:,} rows can be read, {preview.problems:,} can't.{left_out(preview.left_out)} The first:")
    for item in preview.head:
        said = item.reason if isinstance(item, Problem) else f"{item.severity or 'medium'}, {item.title}"
        click.echo(f"  row {item.row:,}: {said}")
    click.echo("\nNothing was imported.")


def _preview_json(preview: Preview) -> dict[str, Any]:
    return {
        "filename": preview.run.filename,
        "format": preview.format.name,
        "source": preview.source,
        "columns": preview.columns and dict(preview.columns.chosen),
        "notes": preview.columns.notes if preview.columns else [],
        "records": preview.records,
        "problems": preview.problems,
        "left_out": preview.left_out,
        "obstacle": preview.obstacle,
        "head": [_row_json(item) for item in preview.head],
    }


def _row_json(item: Record | Problem) -> dict[str, Any]:
    return {field.name: getattr(item, field.name) for field in fields(item) if field.name != "raw"}
