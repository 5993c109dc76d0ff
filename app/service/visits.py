"""When people were at the desk, for "new since my last visit"."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.db import db, now, transaction
from app.models import DeskVisit
from app.service.actor import Actor, guarded, owned
from app.terms import Permission

PAUSE = timedelta(minutes=30)
"""A visit ends after this long without a request to the desk."""
NOTED_EVERY = timedelta(minutes=1)


@guarded(Permission.THREATS_READ)
def last_ended(actor: Actor) -> datetime | None:
    """Note that the person is at the desk now, and return when their visit before this one ended; None if this is the first.

    It is written at most once in NOTED_EVERY, and not at all while the database is busy: the next request will do it.
    """
    at = now()
    here = (owned(actor, DeskVisit), DeskVisit.person_id == actor.id)
    row = db.session.execute(sa.select(DeskVisit.seen_at, DeskVisit.last_ended_at).where(*here)).first()
    if row is None:
        with suppress(sa.exc.DBAPIError), transaction(wait=False) as session:
            session.add(DeskVisit(tenant_id=actor.tenant_id, person_id=actor.id, seen_at=at))
            session.flush()
        return None
    seen, ended = row
    if at - seen >= PAUSE:
        ended = seen
    if at - seen >= NOTED_EVERY:
        # Of requests that come together, the first to write decides; they all found the same.
        with suppress(sa.exc.DBAPIError), transaction(wait=False) as session:
            session.execute(sa.update(DeskVisit).where(*here, DeskVisit.seen_at == seen).values(seen_at=at, last_ended_at=ended))
    return ended
