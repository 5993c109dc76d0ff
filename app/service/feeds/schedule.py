"""When feeds are fetched: each that is on has one open job, due at its next time."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.db import db, now, transaction
from app.models import Feed, Job
from app.service import jobs
from app.service.actor import Actor, owned, worker

KIND = "fetch"
REST_MAX = timedelta(hours=1)
WAIT_MAX = timedelta(days=1)


def keep_scheduled() -> None:
    """See to it that every feed that is on, in all tenants, has an open job, unless its job was given up."""
    has_job = sa.exists().where(
        Job.tenant_id == Feed.tenant_id, Job.kind == KIND, Job.subject == Feed.id, Job.state.in_(("waiting", "running", "dead"))
    )
    without = sa.select(Feed).where(Feed.is_on, ~has_job).execution_options(populate_existing=True)
    for feed in list(db.session.scalars(without)):
        last = feed.attempted_at
        schedule(feed, max(now(), last + timedelta(seconds=feed.interval_s)) if last else None)


def schedule(feed: Feed, due_at: datetime | None = None) -> None:
    """Have a feed fetched, now or at a time."""
    jobs.enqueue(actor_of(feed), KIND, feed.id, due_at=due_at)


def actor_of(feed: Feed) -> Actor:
    """Return whose doing it is said to be what comes of a feed."""
    return worker(feed.tenant_id, "feed", feed.id, feed.name)


def unschedule(actor: Actor, feed_id: UUID) -> None:
    """Call off a feed's job, also one that was given up. Call it inside a transaction."""
    jobs.cancel(actor, KIND, feed_id)
    given_up = sa.and_(owned(actor, Job), Job.kind == KIND, Job.subject == feed_id, Job.state == "dead")
    with transaction() as session:
        session.execute(sa.delete(Job).where(given_up).execution_options(synchronize_session=False))


def rest_after(failures: int, interval_s: int, retry_after_s: float | None) -> timedelta:
    """Return how long a feed rests after so many failures in a row: longer each time, and as long as its source asks for."""
    rest = min(timedelta(seconds=interval_s * 2 ** min(failures, 12)), REST_MAX)
    return max(rest, timedelta(seconds=min(retry_after_s or 0, WAIT_MAX.total_seconds())))
