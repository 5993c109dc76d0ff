"""What an admin does with feeds: add, change, switch on and off, run now, remove."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import db, new_id, now, transaction
from app.errors import Conflict, Faults, NotFound, VersionMismatch
from app.feeds.sources import SOURCES, Source
from app.models import Feed, ImportRun, Job
from app.service import jobs
from app.service.actor import Actor, guarded, owned
from app.service.feeds.answers import kept_secrets, read_answers, read_interval, read_name
from app.service.feeds.schedule import KIND, schedule, unschedule
from app.service.feeds.sealed import opened, seal
from app.service.feeds.work import forget_runs
from app.service.imports.file import let_go
from app.terms import Permission

FEEDS_MAX = 200
ENDED = "The feed’s settings were changed, or it was switched off after it had been given up."


@guarded(Permission.THREATS_READ)
def source_of(_actor: Actor, connector: str) -> Source:
    """Return a source of the catalogue by its name. Raises NotFound."""
    if connector not in SOURCES:
        raise NotFound("source of feeds")
    return SOURCES[connector]


@guarded(Permission.ADMIN)
def add(actor: Actor, connector: str, name: str | None, interval: str, given: Mapping[str, str]) -> Feed:
    """Add a feed and switch it on. Raises NotFound, Invalid, and Conflict past FEEDS_MAX."""
    source, faults = source_of(actor, connector), Faults()
    settings, secrets = read_answers(source, given, {}, faults)
    interval_s = read_interval(interval, source, faults)
    with transaction() as session:
        count = session.scalar(sa.select(sa.func.count()).select_from(Feed).where(owned(actor, Feed))) or 0
        if count >= FEEDS_MAX:
            raise Conflict("state_conflict", f"There are {count:,} feeds, and no room for more. Remove one first.")
        clean = _named(actor, session, name, faults)
        faults.raise_if_any()
        time = now()
        feed = Feed(
            tenant_id=actor.tenant_id,
            id=new_id(),
            connector=connector,
            name=clean,
            settings=settings,
            secrets=seal(secrets),
            interval_s=interval_s,
            is_on=True,
            cursor={},
            created_at=time,
            created_by=actor.name,
            updated_at=time,
        )
        session.add(feed)
        session.flush()
        schedule(feed)
    return feed


@guarded(Permission.ADMIN)
def change(
    actor: Actor, feed_id: UUID, name: str | None, interval: str, given: Mapping[str, str], version: int | None = None
) -> Feed:
    """Change a feed. With other answers it begins anew: what came before is asked for again.

    Raises NotFound, Invalid, and VersionMismatch when someone changed it since `version`.
    """
    faults = Faults()
    with transaction() as session:
        feed = _locked(actor, session, feed_id)
        if version is not None and version != feed.version:
            raise VersionMismatch(feed.version)
        source = source_of(actor, feed.connector)
        settings, secrets = read_answers(source, given, kept_secrets(feed, given), faults)
        interval_s = read_interval(interval, source, faults)
        clean = _named(actor, session, name, faults, feed)
        faults.raise_if_any()
        if (settings, secrets) != (feed.settings, opened(feed.secrets)):
            feed.settings, feed.secrets = settings, seal(secrets)
            _begin_anew(actor, session, feed)
        feed.name, feed.interval_s = clean or feed.name, interval_s
        _touch(feed)
        if feed.is_on:
            unschedule(actor, feed_id)
            schedule(feed)
    return feed


@guarded(Permission.ADMIN)
def switch(actor: Actor, feed_id: UUID, *, on: bool) -> Feed:
    """Switch a feed on, to be fetched at once, or off: nothing more is written for it. Raises NotFound."""
    with transaction() as session:
        feed = _locked(actor, session, feed_id)
        if feed.is_on != on:
            if _given_up(actor, feed_id):
                _begin_anew(actor, session, feed)
            unschedule(actor, feed_id)
            feed.is_on = on
            feed.message = None if on else f"Switched off by {actor.name}."
            feed.failing_since, feed.failures = None, 0
            _touch(feed)
            if on:
                schedule(feed)
    return feed


@guarded(Permission.ADMIN)
def run_now(actor: Actor, feed_id: UUID) -> Feed:
    """Have a feed fetched at once. Raises NotFound, and Conflict if it is off."""
    with transaction() as session:
        feed = _locked(actor, session, feed_id)
        if not feed.is_on:
            raise Conflict("state_conflict", "This feed is off. Switch it on first.")
        for job in _given_up(actor, feed_id):
            jobs.retry(actor, job.id)
        schedule(feed)
        jobs.bring_forward(actor, KIND, feed_id)
    return feed


@guarded(Permission.ADMIN)
def remove(actor: Actor, feed_id: UUID) -> Feed:
    """Remove a feed with the record of its runs; its threats stay. Raises NotFound, and Conflict while a run is being undone."""
    with transaction() as session:
        feed = _locked(actor, session, feed_id)
        _refuse_undoing(actor, session, feed_id)
        unschedule(actor, feed_id)
        forget_runs(actor, feed_id)
        session.execute(
            sa.delete(Feed).where(owned(actor, Feed), Feed.id == feed_id).execution_options(synchronize_session=False)
        )
        session.expunge(feed)
    return feed


def _refuse_undoing(actor: Actor, session: Session, feed_id: UUID) -> None:
    """Raise Conflict while a run of a feed is being undone, which needs its record; an undo that was given up is let be."""
    undoing = sa.select(ImportRun.id).where(owned(actor, ImportRun), ImportRun.feed_id == feed_id, ImportRun.state == "undoing")
    run_ids = list(session.scalars(undoing.with_for_update()))
    if jobs.open_of(actor, "undo_import", run_ids):
        raise Conflict("state_conflict", "A run of this feed is being undone. Remove the feed once that is over.")
    given_up = sa.and_(owned(actor, Job), Job.kind == "undo_import", Job.subject.in_(run_ids))
    session.execute(sa.delete(Job).where(given_up).execution_options(synchronize_session=False))


def _locked(actor: Actor, session: Session, feed_id: UUID) -> Feed:
    """Return a feed that nobody else writes to until the transaction ends. A worker takes its job first, so we do, too."""
    job = sa.select(Job.id).where(owned(actor, Job), Job.kind == KIND, Job.subject == feed_id, jobs.OPEN)
    session.execute(job.with_for_update())
    one = sa.select(Feed).where(owned(actor, Feed), Feed.id == feed_id).with_for_update()
    feed = session.scalar(one.execution_options(populate_existing=True))
    if feed is None:
        raise NotFound("feed")
    return feed


def _named(actor: Actor, session: Session, name: str | None, faults: Faults, feed: Feed | None = None) -> str | None:
    """Return the name, which only one feed may have."""
    clean = read_name(name, faults)
    taken = session.scalar(sa.select(Feed.id).where(owned(actor, Feed), Feed.name == clean)) if clean else None
    if taken and (feed is None or taken != feed.id):
        faults.add("name", "field_invalid", "Another feed has this name already.")
    return clean


def _begin_anew(actor: Actor, session: Session, feed: Feed) -> None:
    """Forget how far a feed was read, and what came and was not read in yet."""
    feed.etag = feed.last_modified = feed.digest = None
    feed.cursor = {}
    unread = sa.and_(owned(actor, ImportRun), ImportRun.feed_id == feed.id, ImportRun.state == "running")
    ended = {"state": "failed", "message": ENDED, "finished_at": now()}
    statement = sa.update(ImportRun).where(unread).values(ended).returning(ImportRun.id)
    for run_id in session.scalars(statement.execution_options(synchronize_session=False)).all():
        let_go(actor, run_id)


def _given_up(actor: Actor, feed_id: UUID) -> list[Job]:
    given_up = sa.and_(owned(actor, Job), Job.kind == KIND, Job.subject == feed_id, Job.state == "dead")
    return list(db.session.scalars(sa.select(Job).where(given_up)))


def _touch(feed: Feed) -> None:
    feed.version += 1
    feed.updated_at = now()
