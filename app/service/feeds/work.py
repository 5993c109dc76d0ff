"""Fetching a feed, as a job: ask its source, keep what came as an import run, read that in, and say when to come again."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db, new_id, now, refresh_statistics, transaction
from app.errors import Unreadable
from app.feeds.fetch import FetchError
from app.feeds.sources import SOURCES, Ask, Documents
from app.models import Feed, ImportProblem, ImportRun, Job
from app.models.threat import URL_MAX
from app.service import imports
from app.service.actor import Actor, owned
from app.service.feeds.answers import settings_of
from app.service.feeds.outside import fetcher, gather
from app.service.feeds.schedule import actor_of, rest_after
from app.service.imports.file import fit, keep
from app.service.jobs import Claim, Lost, Stopped
from app.service.threats import THREAT_TABLES, UPSERT_MAX

RUN_LIFE = timedelta(days=30)
NOTHING_NEW = "Nothing new."


def work(claim: Claim) -> None:
    """Do the job of a feed. A run that was begun is gone on with; only without one is the source asked.

    What the source does wrong is noted with the feed, which rests the longer the more often it fails. Raises Lost and Stopped.
    """
    feed = feed_of(claim.actor, claim.subject)
    if feed is None or not feed.is_on:
        with transaction():
            claim.done()
        return
    db.session.expunge(feed)  # as it was when the job began
    claim.actor = actor_of(feed)  # whoever asked for this job
    run_id = _running(claim.actor, feed.id)
    if run_id is None:
        try:
            run_id = _begin(claim, feed, _ask(claim, feed))
        except (FetchError, Unreadable) as error:
            with transaction():
                claim.hold()
                _failed(claim, feed, str(error), getattr(error, "retry_after_s", None))
        if run_id is None:
            return
    reason = imports.read_in(claim, run_id)
    with transaction():
        claim.hold()
        _end(claim, feed, run_id, reason)
    if imports.get(claim.actor, run_id).new >= UPSERT_MAX:
        refresh_statistics(*THREAT_TABLES)


def feed_of(actor: Actor, feed_id: UUID) -> Feed | None:
    """Return a feed as it is in the database now."""
    one = sa.select(Feed).where(owned(actor, Feed), Feed.id == feed_id)
    return db.session.scalar(one.execution_options(populate_existing=True))


def set_feed(actor: Actor, feed_id: UUID, **values: Any) -> None:
    """Write to a feed. Call it inside a transaction."""
    one = sa.and_(owned(actor, Feed), Feed.id == feed_id)
    db.session.execute(sa.update(Feed).where(one).values(values).execution_options(synchronize_session=False))


def forget_runs(actor: Actor, feed_id: UUID, before: UUID | None = None) -> None:
    """Delete what a feed's runs were, all or those before an id. Call it inside a transaction."""
    chosen = sa.and_(owned(actor, ImportRun), ImportRun.feed_id == feed_id)
    chosen = (
        chosen if before is None else sa.and_(chosen, ImportRun.id < before, ImportRun.state.in_(("done", "failed", "undone")))
    )
    ids = sa.select(ImportRun.id).where(chosen)
    problems = sa.delete(ImportProblem).where(owned(actor, ImportProblem), ImportProblem.run_id.in_(ids))
    for statement in (problems, sa.delete(ImportRun).where(chosen)):
        db.session.execute(statement.execution_options(synchronize_session=False))


def id_before(age: timedelta) -> UUID:
    """Return an id that is greater than all that were made longer ago, and smaller than all others."""
    return UUID(int=int((now() - age).timestamp() * 1000) << 80)


def _running(actor: Actor, feed_id: UUID) -> UUID | None:
    mine = sa.and_(owned(actor, ImportRun), ImportRun.feed_id == feed_id, ImportRun.state == "running")
    return db.session.scalar(sa.select(ImportRun.id).where(mine).order_by(ImportRun.id).limit(1))


def _ask(claim: Claim, feed: Feed) -> Documents | None:
    if feed.connector not in SOURCES:
        raise Unreadable("This version of Cordon does not know the feed’s source any more.")

    def look() -> None:
        """Go on only while the job is ours. It is looked up and not held: a write for each request would be in others' way."""
        if claim.stopping and claim.stopping.is_set():
            raise Stopped
        mine = sa.and_(owned(claim.actor, Job), Job.id == claim.job_id, Job.claim == claim.token)
        held = db.session.scalar(sa.select(Job.id).where(mine))
        db.session.rollback()  # no connection to the database waits for the source
        if held is None:
            raise Lost

    return gather(
        SOURCES[feed.connector],
        Ask(settings=settings_of(feed), cursor=feed.cursor, today=now().date()),
        fetcher(),
        etag=feed.etag,
        last_modified=feed.last_modified,
        before_each=look,
    )


def _begin(claim: Claim, feed: Feed, came: Documents | None) -> UUID | None:
    """Keep what came together with how far the source was read. Return its run, None if there is nothing to be read in."""
    digest = hashlib.sha256(came.content).digest() if came and came.content else feed.digest
    with transaction() as session:
        claim.hold()
        if came:
            stamps = {"etag": came.etag, "last_modified": came.last_modified, "cursor": dict(came.cursor)}
            set_feed(claim.actor, feed.id, **stamps, digest=digest)
        if came and came.content and digest != feed.digest:
            run = _run(claim.actor, feed, came)
            session.add(run)
            session.flush()
            keep(claim.actor, run.id, came.content)
            return run.id
        if came and came.fault:
            _failed(claim, feed, came.fault)
        else:
            _succeeded(claim, feed, NOTHING_NEW)
    return None


def _run(actor: Actor, feed: Feed, came: Documents) -> ImportRun:
    time = now()
    return ImportRun(
        tenant_id=actor.tenant_id,
        id=new_id(),
        filename=feed.name,
        format=came.format,
        source=came.source or SOURCES[feed.connector].label,
        columns=dict(came.columns),
        size=len(came.content),
        state="running",
        message=came.fault or None,
        feed_id=feed.id,
        created_at=time,
        created_by=feed.name,
        beat_at=time,
    )


def _end(claim: Claim, feed: Feed, run_id: UUID, reason: str) -> None:
    """End a run and the job with it. What could not be read is asked for again the next time."""
    run = imports.get(claim.actor, run_id)
    fault = reason or run.message
    imports.finish(claim.actor, run_id, reason)
    forget_runs(claim.actor, feed.id, id_before(RUN_LIFE))
    if run.new or run.updated:
        set_feed(claim.actor, feed.id, changed_at=now())
    if reason:
        set_feed(claim.actor, feed.id, etag=None, last_modified=None, digest=None, cursor={})
    if fault:
        _failed(claim, feed, fault)
    else:
        _succeeded(claim, feed, imports.get(claim.actor, run_id).message or "")


def _succeeded(claim: Claim, feed: Feed, message: str) -> None:
    time = now()
    tried = {"attempted_at": time, "succeeded_at": time, "failing_since": None, "failures": 0, "message": _said(message)}
    set_feed(claim.actor, feed.id, **tried)
    claim.again(time + timedelta(seconds=feed.interval_s))


def _failed(claim: Claim, feed: Feed, message: str, retry_after_s: float | None = None) -> None:
    time, failures = now(), feed.failures + 1
    tried = {"attempted_at": time, "failures": failures, "message": _said(message)}
    set_feed(claim.actor, feed.id, **tried, failing_since=feed.failing_since or time)
    claim.again(time + rest_after(failures, feed.interval_s, retry_after_s))


def _said(message: str) -> str:
    return fit(message)[:URL_MAX]
