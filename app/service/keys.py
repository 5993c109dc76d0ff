"""API keys: `cordon_` + 8 characters to look up + 43 random ones + 6 of a CRC-32, all base62. Only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from app.db import db, new_id, now, transaction
from app.errors import Conflict, CordonError, Faults, NotFound
from app.models import ApiKey
from app.models.access import ADDRESS_MAX
from app.service import addresses, rules
from app.service.actor import Actor, act, guarded, owned
from app.service.query import LIMIT_DEFAULT, Page
from app.terms import Edge, KeyState, Permission

ALPHABET = string.digits + string.ascii_letters
START = "cordon_"
LOOKUP_LENGTH = 8
RANDOM_LENGTH = 43
CHECK_LENGTH = 6
LENGTH = len(START) + LOOKUP_LENGTH + RANDOM_LENGTH + CHECK_LENGTH
PATTERN = rf"\b{START}[0-9A-Za-z]{{{LENGTH - len(START)}}}\b"
"""What secret scanners look for; the checksum of what they find tells a key from other text."""
NAME_MAX = 100
OVERLAP_MAX_HOURS = 30 * 24
NOTED_EVERY = timedelta(minutes=1)
ENDED = frozenset({KeyState.REVOKED, KeyState.EXPIRED})


class KeyRefused(CordonError):
    """The key is mistyped, unknown, revoked or expired, which of these is not said; or it is used from elsewhere than it may."""


def checksum(text: str) -> str:
    """Return the CRC-32 of the text in six base62 characters, most significant first."""
    value = zlib.crc32(text.encode())
    digits = ""
    for _ in range(CHECK_LENGTH):
        value, digit = divmod(value, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


@guarded(Permission.ADMIN)
def create(
    actor: Actor,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    networks: Iterable[str] = (),
    faults: Faults | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; return its row and the key itself, which is never to be had again. Raises Invalid.

    `networks` are those from which it may be used, such as 10.0.0.0/8; without any it may be from everywhere.
    """
    faults = Faults() if faults is None else faults
    clean = rules.text(name, "name", faults, maximum=NAME_MAX, required="Enter a name.")
    granted = [rules.term(scope, Permission, f"scopes[{i}]", faults) for i, scope in enumerate(scopes)]
    if not granted:
        faults.add("scopes", "field_required", "Choose at least one scope.")
    if expires_at is not None and expires_at <= now():
        faults.add("expires_at", "field_invalid", "This time is past.")
    allowed = addresses.clean_networks(networks, "networks", faults)
    faults.raise_if_any()
    with transaction() as session:
        row, key = _made(actor, clean or "", sorted({scope for scope in granted if scope}), allowed, expires_at)
        session.add_all([row, act(actor, "key_created", **_facts(row))])
    return row, key


@guarded(Permission.ADMIN)
def listed(actor: Actor, *, limit: int = LIMIT_DEFAULT, offset: int = 0, ended: bool | None = None) -> Page[ApiKey]:
    """Return a page of the keys, newest first.

    With `ended` true they are those that are revoked or expired, with false the others.
    """
    conditions = [owned(actor, ApiKey)]
    if ended is not None:
        good = sa.and_(ApiKey.revoked_at.is_(None), sa.or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now()))
        conditions.append(sa.not_(good) if ended else good)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(ApiKey).where(*conditions)) or 0
    rows = db.session.scalars(sa.select(ApiKey).where(*conditions).order_by(ApiKey.id.desc()).limit(limit).offset(offset))
    return Page(list(rows), total, None)


@guarded(Permission.ADMIN)
def find(actor: Actor, written: str) -> ApiKey:
    """Return the key with this id, or with the part to look it up by. Raises NotFound."""
    if rules.CANONICAL_UUID.fullmatch(written):
        return _own(actor, ApiKey.id == UUID(written))
    return _own(actor, ApiKey.prefix == written.removeprefix(START))


@guarded(Permission.ADMIN)
def rotate(actor: Actor, key_id: UUID, overlap_hours: int, faults: Faults | None = None) -> tuple[ApiKey, str]:
    """Make a key in the place of another, which stays good for so many hours more; return its row and the key itself.

    It has the name, the scopes and the networks of the other, and as long a life. Raises Invalid; NotFound; Conflict if the
    other is not good any more or was rotated before.
    """
    faults = Faults() if faults is None else faults
    if not 0 <= overlap_hours <= OVERLAP_MAX_HOURS:
        faults.add("overlap_hours", "field_invalid", f"Give 0 to {OVERLAP_MAX_HOURS} hours, which is 30 days.")
    faults.raise_if_any()
    with transaction() as session:
        old, time = _own(actor, ApiKey.id == key_id, hold=True), now()
        if (found := state(old, time)) in ENDED:
            raise Conflict("state_conflict", f"This key is {found}. Make a new one.")
        if old.successor_id:
            raise Conflict("state_conflict", "This key was rotated before. Rotate the one that followed it.")
        life = old.expires_at - old.created_at if old.expires_at else None
        row, key = _made(actor, old.name, old.scopes, old.networks or [], time + life if life else None)
        until = time + timedelta(hours=overlap_hours)
        old.expires_at = min(old.expires_at or until, until)
        old.successor_id = row.id
        followed = {"rotated_id": str(old.id), "rotated_prefix": old.prefix, "rotated_until": old.expires_at.isoformat()}
        session.add_all([row, act(actor, "key_rotated", **(_facts(row) | followed))])
    return row, key


@guarded(Permission.ADMIN)
def revoke(actor: Actor, key_id: UUID) -> ApiKey:
    """Revoke a key for good, at once; one that is revoked already stays as it is. Raises NotFound."""
    with transaction() as session:
        row = _own(actor, ApiKey.id == key_id, hold=True)
        if row.revoked_at is None:
            row.revoked_at = now()
            session.add(act(actor, "key_revoked", **_facts(row)))
    return row


@guarded(Permission.ADMIN)
def revoke_named(actor: Actor, name: str) -> int:
    """Revoke all keys of this name and return how many there were."""
    named = sa.select(ApiKey.id).where(owned(actor, ApiKey), ApiKey.name == name, ApiKey.revoked_at.is_(None))
    with transaction() as session:
        return len([revoke(actor, key_id) for key_id in session.scalars(named).all()])


def state(row: ApiKey, time: datetime) -> KeyState:
    """Say how a key stands at a time."""
    if row.revoked_at is not None:
        return KeyState.REVOKED
    if row.expires_at is not None and row.expires_at <= time:
        return KeyState.EXPIRED
    if row.successor_id is not None:
        return KeyState.REPLACED
    return KeyState.UNUSED if row.last_used_at is None else KeyState.USED


def authenticate(key: str, address: str) -> Actor:
    """Return the actor that a key stands for, used from an IP address. Raises KeyRefused; for a mistyped key without a query."""
    if not (
        len(key) == LENGTH and key.isascii() and key.startswith(START) and checksum(key[:-CHECK_LENGTH]) == key[-CHECK_LENGTH:]
    ):
        raise KeyRefused("This API key is not valid.")
    row = db.session.scalar(sa.select(ApiKey).where(ApiKey.prefix == key[len(START) :][:LOOKUP_LENGTH]))
    time = now()
    good = row is not None and hmac.compare_digest(row.key_hash, hashlib.sha256(key.encode()).digest())
    if row is None or not good or state(row, time) in ENDED:
        raise KeyRefused("This API key is not valid.")
    if row.networks and not addresses.is_within(row.networks, address):
        _note(row.id, ApiKey.refused_at, ApiKey.refused_from, row.refused_at, time, address)
        raise KeyRefused("This API key may not be used from this address.")
    _note(row.id, ApiKey.last_used_at, ApiKey.last_used_from, row.last_used_at, time, address)
    return Actor(row.tenant_id, "key", row.id, row.name, frozenset(map(Permission, row.scopes)), Edge.API, sees_restricted=False)


def _made(
    actor: Actor, name: str, scopes: Sequence[str], networks: Sequence[str], expires_at: datetime | None
) -> tuple[ApiKey, str]:
    body = START + "".join(secrets.choice(ALPHABET) for _ in range(LOOKUP_LENGTH + RANDOM_LENGTH))
    key = body + checksum(body)
    row = ApiKey(
        id=new_id(),
        tenant_id=actor.tenant_id,
        name=name,
        prefix=key[len(START) :][:LOOKUP_LENGTH],
        key_hash=hashlib.sha256(key.encode()).digest(),
        last4=key[-4:],
        scopes=list(scopes),
        networks=list(networks),
        created_at=now(),
        expires_at=expires_at,
    )
    return row, key


def _facts(row: ApiKey) -> dict[str, Any]:
    """Return what the record of acts says of a key: nothing that it could be told from."""
    return {
        "key_id": str(row.id),
        "name": row.name,
        "prefix": row.prefix,
        "scopes": row.scopes,
        "networks": row.networks or [],
        "expires_at": row.expires_at and row.expires_at.isoformat(),
    }


def _own(actor: Actor, condition: sa.ColumnElement[bool], *, hold: bool = False) -> ApiKey:
    """Return the key of the actor's tenant that there is; with `hold` nobody else changes it before the transaction ends."""
    found = sa.select(ApiKey).where(owned(actor, ApiKey), condition).execution_options(populate_existing=True)
    row = db.session.scalar(found.with_for_update() if hold else found)
    if row is None:
        raise NotFound("key")
    return row


def _note(
    key_id: UUID,
    at: InstrumentedAttribute[datetime | None],
    where: InstrumentedAttribute[str | None],
    noted: datetime | None,
    time: datetime,
    address: str,
) -> None:
    """Note when and from where, once a minute, unless the database is busy: reading must not wait for it."""
    if noted is not None and time - noted < NOTED_EVERY:
        return
    due = sa.or_(at.is_(None), at <= time - NOTED_EVERY)
    try:
        with transaction(wait=False) as session:
            session.execute(sa.update(ApiKey).where(ApiKey.id == key_id, due).values({at: time, where: address[:ADDRESS_MAX]}))
    except sa.exc.DBAPIError:
        db.session.rollback()
