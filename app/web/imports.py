"""Importing a file: upload, look at how it would be read, start, watch, see what came of every row, and undo it all."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.errors import Conflict, CordonError, Fault, Invalid, Unreadable
from app.feeds.columns import FIELDS
from app.feeds.formats import FORMATS
from app.models import ImportRun
from app.service import imports
from app.terms import Permission
from app.web.access import actor, pages
from app.web.export import sent
from app.web.forms import UploadForm
from app.web.lists import PAGE, PER_PAGE, ListQuery, read
from app.web.reading import Pairs, first, form_pairs, query_pairs
from app.web.small_map import points_of
from app.web.summary import Message, messages

COLUMN = "column-"
RUNS_PER_PAGE = 20
TARGETS = {"file": "file", "source": "source", "columns": "columns"}

blueprint = pages("imports")


@blueprint.get("/imports")
def index() -> ResponseReturnValue:
    """Show the upload form and the imports, the latest first."""
    return _index([], _page())


@blueprint.post("/imports")
def upload() -> ResponseReturnValue:
    """Keep the file and go to the page that shows how it would be read."""
    file = UploadForm().file.data
    try:
        if not file:
            raise Invalid([Fault("file", "field_required", "Choose a file.")])
        run = imports.draft(actor(), file.filename or "", file.read())
    except (Invalid, Unreadable) as error:
        return _index(_messages(error, "file"), read((PAGE,), ())), 422
    page = url_for("imports.show", run_id=run.id)
    # A script that told how far the file was goes on by itself.
    return ("", 201, {"Location": page}) if request.headers.get("X-Requested-With") == "fetch" else redirect(page, 303)


@blueprint.get("/imports/<uuid:run_id>")
def show(run_id: UUID) -> ResponseReturnValue:
    """Show one import: a draft with how it would be read, otherwise how far it is or what came of it."""
    run = imports.get(actor(), run_id)
    if run.state == "draft":
        return _draft(run_id, None, "", [])
    query, format_ = _page(), FORMATS.get(run.format)  # A later version may not know it any more.
    found = imports.problems(actor(), run_id, PER_PAGE, (query.page - 1) * PER_PAGE)
    return render_template(
        "imports/run.html",
        run=run,
        label=format_.label if format_ else run.format,
        is_of_one_source=(format_ and format_.takes_columns) or not run.feed_id,  # an answer of CAP has one for each sender
        progress=imports.progress(actor(), run),
        found=found,
        query=query,
        per_page=PER_PAGE,
        may_write=_may_write(),
    )


@blueprint.post("/imports/<uuid:run_id>")
def again(run_id: UUID) -> ResponseReturnValue:
    """Show how a draft would be read with the columns and the source of the form. Nothing is written."""
    pairs = form_pairs()
    try:
        return _draft(run_id, _columns(pairs), first(pairs, "source") or "", [])
    except (Invalid, Unreadable) as error:
        return _draft(run_id, None, "", _messages(error, "columns")), 422


@blueprint.post("/imports/<uuid:run_id>/start")
def start(run_id: UUID) -> ResponseReturnValue:
    """Have a draft read in by a worker."""
    pairs = form_pairs()
    try:
        imports.start(actor(), run_id, _columns(pairs), first(pairs, "source") or "")
    except Conflict:
        pass  # It runs or is over already, as after a double click; its page says which.
    except (Invalid, Unreadable) as error:
        return _draft(run_id, None, "", _messages(error, "columns")), 422
    return redirect(url_for("imports.show", run_id=run_id), 303)


@blueprint.post("/imports/<uuid:run_id>/retry")
def retry(run_id: UUID) -> ResponseReturnValue:
    """Have an import, or an undo, that was given up tried again."""
    with suppress(Conflict):  # It is tried again already, as after a double click; its page says how far it is.
        imports.retry(actor(), run_id)
    return redirect(url_for("imports.show", run_id=run_id), 303)


@blueprint.post("/imports/<uuid:run_id>/undo")
def undo(run_id: UUID) -> ResponseReturnValue:
    """Have an import undone by a worker."""
    imports.undo(actor(), run_id)
    return redirect(url_for("imports.show", run_id=run_id), 303)


@blueprint.get("/imports/<uuid:run_id>/problems.csv")
def problems(run_id: UUID) -> Response:
    """Send the rows that could not be used, each with the reason."""
    return sent(imports.problem_file(actor(), run_id))


def _page() -> ListQuery:
    """Return which page of a list the address asks for. Raises Invalid."""
    query = read((PAGE,), query_pairs())
    query.faults.raise_if_any()
    return query


def _index(errors: list[Message], query: ListQuery) -> str:
    found = imports.recent(actor(), RUNS_PER_PAGE, (query.page - 1) * RUNS_PER_PAGE)
    return render_template(
        "imports/index.html",
        found=found,
        query=query,
        per_page=RUNS_PER_PAGE,
        given_up={run.id for run in found.items if _is_given_up(run)},
        formats=FORMATS,
        errors=errors,
        may_write=_may_write(),
        megabytes=imports.FILE_MAX // 1024**2,
    )


def _draft(run_id: UUID, columns: dict[str, str] | None, source: str, errors: list[Message]) -> str:
    preview = imports.preview(actor(), run_id, columns, source)
    return render_template(
        "imports/draft.html",
        preview=preview,
        run=preview.run,
        points=points_of(preview.shape),
        fields=FIELDS,
        errors=errors,
        prefix=COLUMN,
    )


def _is_given_up(run: ImportRun) -> bool:
    progress = imports.progress(actor(), run)
    return progress is not None and progress.stands == "given_up"


def _columns(pairs: Pairs) -> dict[str, str] | None:
    """Return the columns that the form chooses; None when it has no such choice."""
    chosen = {name.removeprefix(COLUMN): value for name, value in pairs if name.startswith(COLUMN)}
    return chosen or None


def _messages(error: CordonError, field: str) -> list[Message]:
    faults = error.faults if isinstance(error, Invalid) else [Fault(field, "field_invalid", str(error))]
    return messages(faults, TARGETS)


def _may_write() -> bool:
    return Permission.THREATS_WRITE in actor().permissions
