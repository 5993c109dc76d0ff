"""API keys: `cordon_` + 8 characters to look up + 43 random ones + 6 of a CRC-32, all base62. Only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.db import db, now, transaction
from app.errors import CordonError, Faults
from app.models import ApiKey
from app.service import rules
from app.service.actor import Actor, guarded, owned
from app.terms import Edge, Permission

ALPHABET = string.digits + string.ascii_letters
START = "cordon_"
LOOKUP_LENGTH = 8
RANDOM_LENGTH = 43
CHECK_LENGTH = 6
USE_NOTED_EVERY = timedelta(minutes=1)


class KeyRefused(CordonError):
    """The key is mistyped, unknown, revoked or expired: which of these is not said."""


def checksum(text: str) -> str:
    """Return the CRC-32 of the text in six base62 characters, most significant first."""
    value = zlib.crc32(text.encode())
    digits = ""
    for _ in range(CHECK_LENGTH):
        value, digit = divmod(value, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


@guarded(Permission.ADMIN)
def create(actor: Actor, name: str, scopes: Iterable[str], expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """Make a key; return its row and the key itself, which is never to be had again. Raises Invalid."""
    faults = Faults()
    clean = rules.text(name, "name", faults, maximum=100, required="Enter a name.")
    granted = [rules.term(scope, Permission, f"scopes[{i}]", faults) for i, scope in enumerate(scopes)]
    if not granted:
        faults.add("scopes", "field_required", "Choose at least one scope.")
    faults.raise_if_any()
    body = START + "".join(secrets.choice(ALPHABET) for _ in range(LOOKUP_LENGTH + RANDOM_LENGTH))
    key = body + checksum(body)
    row = ApiKey(
        tenant_id=actor.tenant_id,
        name=clean,
        prefix=key[len(START) :][:LOOKUP_LENGTH],
        key_hash=hashlib.sha256(key.encode()).digest(),
        last4=key[-4:],
        scopes=sorted({scope for scope in granted if scope}),
        expires_at=expires_at,
    )
    with transaction() as session:
        session.add(row)
    return row, key


@guarded(Permission.ADMIN)
def revoke(actor: Actor, name: str) -> int:
    """Revoke all keys of this name and return how many there were."""
    with transaction() as session:
        revoked = session.scalars(
            sa.update(ApiKey)
            .where(owned(actor, ApiKey), ApiKey.name == name, ApiKey.revoked_at.is_(None))
            .values(revoked_at=now())
            .returning(ApiKey.id)
        )
        return len(revoked.all())


def authenticate(key: str) -> Actor:
    """Return the actor that a key stands for. A mistyped key is refused without a query. Raises KeyRefused."""
    length = len(START) + LOOKUP_LENGTH + RANDOM_LENGTH + CHECK_LENGTH
    well_formed = len(key) == length and key.isascii() and key.startswith(START)
    if not well_formed or checksum(key[:-CHECK_LENGTH]) != key[-CHECK_LENGTH:]:
        raise KeyRefused("This API key is not valid.")
    row = db.session.scalar(sa.select(ApiKey).where(ApiKey.prefix == key[len(START) :][:LOOKUP_LENGTH]))
    time = now()
    good = (
        row is not None
        and hmac.compare_digest(row.key_hash, hashlib.sha256(key.encode()).digest())
        and row.revoked_at is None
        and (row.expires_at is None or row.expires_at > time)
    )
    if row is None or not good:
        raise KeyRefused("This API key is not valid.")
    if row.last_used_at is None or time - row.last_used_at >= USE_NOTED_EVERY:
        _note_use(row, time)
    return Actor(row.tenant_id, "key", row.id, row.name, frozenset(map(Permission, row.scopes)), Edge.API, sees_restricted=False)


def _note_use(row: ApiKey, time: datetime) -> None:
    """Note when the key was last used, unless another request just did or the database is busy: reading must not wait for it."""
    due = sa.or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= time - USE_NOTED_EVERY)
    try:
        with transaction(wait=False) as session:
            session.execute(sa.update(ApiKey).where(ApiKey.id == row.id, due).values(last_used_at=time))
    except sa.exc.DBAPIError:
        db.session.rollback()
