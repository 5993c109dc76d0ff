"""What people see of feeds: each with its state and its latest runs, and how fresh they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.db import db, now
from app.errors import NotFound
from app.feeds.sources import SOURCES, Source
from app.models import Feed, ImportRun, Job
from app.service import jobs
from app.service.actor import Actor, guarded, owned
from app.service.feeds.schedule import KIND
from app.service.feeds.work import feed_of, id_before
from app.terms import Permission

RUNS_SHOWN = 30
OVERDUE = timedelta(seconds=60)
DAY = timedelta(days=1)
COUNTED = ("seen", "new", "updated", "failed")


@dataclass(frozen=True, slots=True)
class Run:
    """What is shown of a run: how far it is, what it says, and its rows."""

    id: UUID
    created_at: datetime
    state: str
    message: str | None
    seen: int
    new: int
    updated: int
    failed: int


@dataclass(frozen=True, slots=True)
class FeedView:
    """A feed as people see it.

    `state` is off, given_up, waiting (overdue: no worker took it), fetching, failing, new (not fetched yet) or on. `due_at` is
    its next time; `runs` are its latest, the newest first; `day` adds up the last 24 hours; `words` say why it was given up.
    """

    feed: Feed
    source: Source | None
    state: str
    due_at: datetime | None
    runs: list[Run]
    day: dict[str, int] = field(default_factory=dict)
    words: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a feed that is on last succeeded, since when it fails, if it does, and whether its job was given up."""

    name: str
    succeeded_at: datetime | None
    failing_since: datetime | None
    is_given_up: bool


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A job that was given up, with the name of its feed or file, "" if that is gone."""

    job: Job
    name: str


@guarded(Permission.THREATS_READ)
def overview(actor: Actor) -> list[FeedView]:
    """Return all feeds by name."""
    feeds = db.session.scalars(sa.select(Feed).where(owned(actor, Feed)).execution_options(populate_existing=True))
    return _views(actor, sorted(feeds, key=lambda feed: (feed.name.casefold(), feed.id)))


@guarded(Permission.THREATS_READ)
def get(actor: Actor, feed_id: UUID) -> FeedView:
    """Return one feed. Raises NotFound."""
    feed = feed_of(actor, feed_id)
    if feed is None:
        raise NotFound("feed")
    return _views(actor, [feed])[0]


@guarded(Permission.THREATS_READ)
def freshness(actor: Actor) -> list[Freshness]:
    """Return how fresh each feed is that is on, those first that do not get on."""
    given_up = sa.exists().where(owned(actor, Job), Job.kind == KIND, Job.subject == Feed.id, Job.state == "dead")
    on = sa.select(Feed.name, Feed.succeeded_at, Feed.failing_since, given_up.label("is_given_up"))
    rows = db.session.execute(on.where(owned(actor, Feed), Feed.is_on)).all()
    found = [Freshness(row.name, row.succeeded_at, row.failing_since, bool(row.is_given_up)) for row in rows]
    return sorted(found, key=lambda one: (not one.is_given_up, one.failing_since is None, one.name.casefold()))


@guarded(Permission.THREATS_READ)
def is_overdue(actor: Actor) -> bool:
    """Say whether any job waits longer than OVERDUE past its time while none is done, as when no worker runs."""
    late = sa.and_(owned(actor, Job), jobs.OPEN, Job.due_at < now() - OVERDUE)
    return bool(db.session.scalar(sa.select(sa.exists().where(late)))) and not jobs.is_any_in_hand(actor)


@guarded(Permission.THREATS_READ)
def given_up(actor: Actor) -> list[GivenUp]:
    """Return the latest jobs that were given up, each with the name of what it was for."""
    dead = jobs.dead(actor).items
    subjects = [job.subject for job in dead]
    names: dict[UUID, str] = {}
    for column, of in ((Feed.name, Feed), (ImportRun.filename, ImportRun)):
        rows = db.session.execute(sa.select(of.id, column).where(owned(actor, of), of.id.in_(subjects)))
        names |= {row[0]: row[1] for row in rows}
    return [GivenUp(job, names.get(job.subject, "")) for job in dead]


def _views(actor: Actor, feeds: list[Feed]) -> list[FeedView]:
    ids = [feed.id for feed in feeds]
    due = jobs.open_of(actor, KIND, ids)
    dead = sa.select(Job).where(owned(actor, Job), Job.kind == KIND, Job.subject.in_(ids), Job.state == "dead")
    given = {job.subject: job for job in db.session.scalars(dead.order_by(Job.finished_at))}
    sums = [sa.func.coalesce(sa.func.sum(getattr(ImportRun, name)), 0).label(name) for name in COUNTED]
    lately = sa.and_(owned(actor, ImportRun), ImportRun.feed_id.in_(ids), ImportRun.id >= id_before(DAY))
    days = {
        row.feed_id: {name: int(getattr(row, name)) for name in COUNTED}
        for row in db.session.execute(sa.select(ImportRun.feed_id, *sums).where(lately).group_by(ImportRun.feed_id))
    }
    runs = _runs(actor, ids)
    views = []
    for feed in feeds:
        job = due.get(feed.id)
        words = given[feed.id].message if feed.id in given and not job else ""
        views.append(
            FeedView(
                feed=feed,
                source=SOURCES.get(feed.connector),
                state=_state(feed, job, is_given_up=feed.id in given),
                due_at=job.due_at if job and job.state == "waiting" else None,
                runs=runs[feed.id],
                day=days.get(feed.id, dict.fromkeys(COUNTED, 0)),
                words=words or "",
            )
        )
    return views


def _runs(actor: Actor, feed_ids: list[UUID]) -> defaultdict[UUID, list[Run]]:
    """Return the latest runs of each feed, the newest first."""
    place = sa.func.row_number().over(partition_by=ImportRun.feed_id, order_by=ImportRun.id.desc()).label("place")
    placed = sa.select(ImportRun.id, place).where(owned(actor, ImportRun), ImportRun.feed_id.in_(feed_ids)).subquery()
    columns = [getattr(ImportRun, one.name) for one in fields(Run)]
    latest = sa.select(ImportRun.feed_id, *columns).join(placed, placed.c.id == ImportRun.id)
    latest = latest.where(owned(actor, ImportRun), placed.c.place <= RUNS_SHOWN).order_by(ImportRun.id.desc())
    found: defaultdict[UUID, list[Run]] = defaultdict(list)
    for feed_id, *values in db.session.execute(latest):
        found[feed_id].append(Run(*values))
    return found


def _state(feed: Feed, job: Job | None, *, is_given_up: bool) -> str:
    if not feed.is_on:
        return "off"
    if job is None:
        return "given_up" if is_given_up else "waiting"
    if job.due_at < now() - OVERDUE:
        return "waiting"
    if job.state == "running":
        return "fetching"
    if feed.failing_since:
        return "failing"
    return "on" if feed.succeeded_at else "new"
