"""Feeds: what is fetched and how fresh it is; adding one, trying it, switching it on and off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from flask import Flask, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.errors import Conflict, CordonError, Fault, Invalid, VersionMismatch
from app.feeds.sources import SOURCES, Source
from app.service import feeds, jobs
from app.terms import Permission
from app.web.access import actor, pages
from app.web.acting import Done, expected, perform
from app.web.reading import Pairs, first, form_pairs, printable
from app.web.small_map import points_of
from app.web.spark import spark
from app.web.summary import Message, messages

FIELD = "set-"

blueprint = pages("feeds")


def init_app(app: Flask) -> None:
    """Hand on what the settings say of feeds and their secrets, and let templates draw their latest runs."""
    with app.app_context():
        feeds.reach(allowed=app.config["FEED_NETWORKS"], contact=app.config["FEED_CONTACT"])
        feeds.seal_with(app.config["SECRET_KEY"])
    app.jinja_env.globals.update(spark=spark)


@blueprint.get("/feeds")
def index() -> ResponseReturnValue:
    """Show all feeds with their states, the catalogue, and the jobs that were given up."""
    return _index()


@blueprint.get("/feeds/state")
def state() -> ResponseReturnValue:
    """Answer the parts of the page that change by themselves, for its script; 304 if they have not."""
    response = make_response(render_template("feeds/_states.html", **_states()))
    response.add_etag()
    return response.make_conditional(request)


@blueprint.get("/feeds/fresh")
def fresh() -> ResponseReturnValue:
    """Answer the line of the desk that says how fresh the feeds are, for its script."""
    return render_template("desk/_freshness.html", freshness=feeds.freshness(actor()))


@blueprint.get("/feeds/add/<source>")
def new(source: str) -> ResponseReturnValue:
    """Show the form for a feed of a source."""
    found = feeds.source_of(actor(), source)
    offered = {question.name: str(feeds.default_of(question)) for question in found.questions}
    return _form(found, {**offered, "name": found.label, "interval_s": str(found.interval_s)})


@blueprint.post("/feeds/add/<source>")
def add(source: str) -> ResponseReturnValue:
    """Add a feed and switch it on, or try the settings."""
    found, pairs = feeds.source_of(actor(), source), form_pairs()

    def work() -> Done:
        feed = feeds.add(actor(), source, first(pairs, f"{FIELD}name"), first(pairs, f"{FIELD}interval_s") or "", _answers(pairs))
        return Done(f"“{feed.name}” is on. It is fetched now.", f"/feeds/{feed.id}")

    return _perform(found, pairs, work)


@blueprint.get("/feeds/<uuid:feed_id>")
def show(feed_id: UUID) -> ResponseReturnValue:
    """Show a feed with its latest runs, and its settings to those who may change them."""
    view = feeds.get(actor(), feed_id)
    feed = view.feed
    values = {
        **{name: str(value) for name, value in feed.settings.items()},
        "name": feed.name,
        "interval_s": str(feed.interval_s),
    }
    return _form(view.source, values, view)


@blueprint.post("/feeds/<uuid:feed_id>")
def change(feed_id: UUID) -> ResponseReturnValue:
    """Change a feed's settings, or try them."""
    view, pairs = feeds.get(actor(), feed_id), form_pairs()

    def work() -> Done:
        name, interval = first(pairs, f"{FIELD}name"), first(pairs, f"{FIELD}interval_s") or ""
        feed = feeds.change(actor(), feed_id, name, interval, _answers(pairs), expected(pairs))
        return Done(f"The settings of “{feed.name}” are saved.", f"/feeds/{feed_id}")

    return _perform(view.source, pairs, work, view)


@blueprint.post("/feeds/<uuid:feed_id>/switch")
def switch(feed_id: UUID) -> ResponseReturnValue:
    """Switch a feed on or off."""
    pairs = form_pairs()
    on = first(pairs, "on") == "1"

    def work() -> Done:
        feed = feeds.switch(actor(), feed_id, on=on)
        return Done(f"“{feed.name}” is {'on. It is fetched now' if on else 'off'}.", "/feeds")

    return perform(pairs, work)


@blueprint.post("/feeds/<uuid:feed_id>/run")
def run(feed_id: UUID) -> ResponseReturnValue:
    """Have a feed fetched at once."""
    return perform(form_pairs(), lambda: Done(f"“{feeds.run_now(actor(), feed_id).name}” is fetched now.", "/feeds"))


@blueprint.post("/feeds/<uuid:feed_id>/remove")
def remove(feed_id: UUID) -> ResponseReturnValue:
    """Remove a feed; its threats stay."""
    return perform(
        form_pairs(), lambda: Done(f"“{feeds.remove(actor(), feed_id).name}” is removed. Its threats are kept.", "/feeds")
    )


@blueprint.post("/feeds/jobs/<uuid:job_id>")
def retry(job_id: UUID) -> ResponseReturnValue:
    """Have a job that was given up tried again."""
    with suppress(Conflict):  # Someone else did, or a second click.
        jobs.retry(actor(), job_id)
    return redirect("/feeds", 303)


def _perform(
    source: Source | None, pairs: Pairs, work: Callable[[], Done], view: feeds.FeedView | None = None
) -> ResponseReturnValue:
    """Do what the form asks for; with what is wrong, or with what a trial brought, show it again as it was sent."""
    values = {name.removeprefix(FIELD): printable(value) for name, value in pairs if name.startswith(FIELD)}
    try:
        if first(pairs, "try") is not None and source:
            trial = feeds.try_it(actor(), source.name, _answers(pairs), view.feed.id if view else None)
            return _form(source, values, view, trial=trial)
        return perform(pairs, work)
    except (Invalid, Conflict, VersionMismatch) as error:
        status = 422 if isinstance(error, Invalid) else 409
        return _form(source, values, view, errors=_messages(error, source)), status


def _answers(pairs: Pairs) -> dict[str, str]:
    """Return the answers to a source's questions; of a name that is there twice, the first."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name.startswith(FIELD) and name not in {f"{FIELD}name", f"{FIELD}interval_s"}:
            found.setdefault(name.removeprefix(FIELD), value)
    return found


def _messages(error: CordonError, source: Source | None) -> list[Message]:
    names = ["name", *(question.name for question in source.questions)] if source else []
    targets = {name: f"{FIELD}{name}" for name in (*names, "interval_s")}
    words = f"{error} Look at it anew before you change it." if isinstance(error, VersionMismatch) else str(error)
    return messages(
        error.faults if isinstance(error, Invalid) else [Fault("", "state_conflict", words)], {"": "settings", **targets}
    )


def _states() -> dict[str, Any]:
    return {"views": feeds.overview(actor()), "is_overdue": feeds.is_overdue(actor())}


def _index() -> str:
    who = actor()
    return render_template(
        "feeds/index.html",
        **_states(),
        sources=SOURCES.values(),
        given_up=feeds.given_up(who),
        may_change=Permission.ADMIN in who.permissions,
        may_retry=Permission.THREATS_WRITE in who.permissions,
    )


def _form(
    source: Source | None,
    values: Mapping[str, str],
    view: feeds.FeedView | None = None,
    trial: feeds.Trial | None = None,
    errors: list[Message] | None = None,
) -> str:
    """Return the page of a feed, or of one to be. No secret that is kept is ever in `values`."""
    return render_template(
        "feeds/feed.html",
        source=source,
        values=values,
        view=view,
        trial=trial,
        points=points_of(trial.shape) if trial else None,
        errors=errors or [],
        prefix=FIELD,
        may_change=Permission.ADMIN in actor().permissions,
    )
