"""A request sent again acts once: its answer is kept in the same transaction as its effect, and told again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.db import db, now, transaction
from app.errors import Conflict
from app.models import KeptAnswer
from app.service.actor import Actor, owned

KEPT_FOR = timedelta(hours=24)
CLEANED_AT_ONCE = 100
LOCK_TIMEOUT = "55P03"
"""PostgreSQL's SQLSTATE for a lock that was not had in time."""


@dataclass(frozen=True, slots=True)
class Request:
    """What makes it the same request of an actor: the key that the client chose, the method, the path and the body."""

    key: str
    method: str
    path: str
    body: bytes

    def name(self, actor: Actor) -> bytes:
        """Return the hash of what the key is scoped to; clients of different API keys never meet."""
        return hashlib.sha256(f"request\0{actor.id}\0{self.method}\0{self.path}\0{self.key}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client was told. `kept` is what is kept and told again instead of a body that holds a secret."""

    status: int
    headers: dict[str, str]
    body: bytes
    kept: bytes | None = None


def once(actor: Actor, request: Request, work: Callable[[], Answer]) -> tuple[Answer, bool]:
    """Do the work of a request and return its answer; for one that was done within KEPT_FOR, return that answer and True.

    Of equal requests at the same time one works and the others wait for it. If the work raises, nothing is kept, and the next
    one may try. Raises Conflict: `idempotency_key_reused` for another body; `idempotency_in_flight` when waiting took too long.
    """
    since = now() - KEPT_FOR
    if kept := _kept(actor, request, since):
        return kept, True
    with transaction():
        if not _claimed(actor, request, since):
            if kept := _kept(actor, request, since):
                return kept, True
            raise _in_flight()  # it expired and was cleaned up between the two statements
        answer = work()
        _keep(actor, request, answer, since)
        return answer, False


def _in_flight() -> Conflict:
    return Conflict("idempotency_in_flight", "A request with this Idempotency-Key is still being worked on. Try again.")


def _kept(actor: Actor, request: Request, since: datetime) -> Answer | None:
    row = db.session.execute(
        sa.select(KeptAnswer.body_hash, KeptAnswer.status, KeptAnswer.headers, KeptAnswer.body).where(
            owned(actor, KeptAnswer), KeptAnswer.key_hash == request.name(actor), KeptAnswer.created_at >= since
        )
    ).one_or_none()
    if row is None:
        return None
    if row.body_hash != hashlib.sha256(request.body).digest():
        raise Conflict("idempotency_key_reused", "This Idempotency-Key was used here with another body.")
    return Answer(row.status, row.headers, row.body)


def _claimed(actor: Actor, request: Request, since: datetime) -> bool:
    """Say whether this request is the one to do the work.

    It is the first statement of its transaction, so whoever waits here holds nothing. On PostgreSQL it waits for the end of a
    transaction that claimed the same and goes on if that was undone, as it is when its worker dies; on SQLite the beginning of
    the transaction has waited already.
    """
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    values: dict[str, Any] = {
        "body_hash": hashlib.sha256(request.body).digest(),
        "status": None,
        "headers": {},
        "body": None,
        "created_at": now(),
    }
    claim = (
        insert(KeptAnswer)
        .values(tenant_id=actor.tenant_id, key_hash=request.name(actor), **values)
        .on_conflict_do_update(
            index_elements=[KeptAnswer.tenant_id, KeptAnswer.key_hash], set_=values, where=KeptAnswer.created_at < since
        )
        .returning(KeptAnswer.tenant_id)
    )
    try:
        return db.session.execute(claim).one_or_none() is not None
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_TIMEOUT:
            raise _in_flight() from None
        raise


def _keep(actor: Actor, request: Request, answer: Answer, since: datetime) -> None:
    """Keep the answer, and delete some that are too old, whosoever they are, passing over those that others delete now."""
    db.session.execute(
        sa.update(KeptAnswer)
        .where(owned(actor, KeptAnswer), KeptAnswer.key_hash == request.name(actor))
        .values(status=answer.status, headers=answer.headers, body=answer.kept or answer.body)
    )
    key = sa.tuple_(KeptAnswer.tenant_id, KeptAnswer.key_hash)
    old = (
        sa.select(KeptAnswer.tenant_id, KeptAnswer.key_hash)
        .where(KeptAnswer.created_at < since)
        .order_by(KeptAnswer.created_at)
        .limit(CLEANED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    db.session.execute(sa.delete(KeptAnswer).where(key.in_(old)).execution_options(synchronize_session=False))
