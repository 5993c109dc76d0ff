"""The second factor: codes of an authenticator app (TOTP, RFC 6238), each good once, and recovery codes for when it is lost.

Secrets are kept encrypted with a key derived from the application's secret key, which the edges hand in as `secret_key`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from cryptography.fernet import InvalidToken
from passlib.exc import TokenError
from passlib.totp import TOTP
from sqlalchemy.orm import Session

from app.db import db, now, transaction
from app.errors import Conflict, Faults
from app.models import Person, RecoveryCode, SecondFactor
from app.service.account import myself, prove
from app.service.actor import Actor, act
from app.service.sealing import box

ISSUER = "Cordon"
PURPOSE = "cordon second factor"
SECRET_BYTES = 20
DRIFT_S = 30
"""So far a telephone's clock may be off."""
CODES = 10
CODE_LENGTH = 24
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Without letters that are taken for others; 24 of these are 120 bits."""
WRONG_MAX = 5
WAIT = timedelta(minutes=5)
WRONG = "This code is not right, or was used already. Enter the one that your app shows now."


class TooManyWrong(Conflict):
    """So many wrong codes came that none is looked at for a while."""

    def __init__(self, until: datetime) -> None:
        minutes = max(1, -(-(until - now()) // timedelta(minutes=1)))
        words = f"There were {WRONG_MAX} wrong codes. Sign in again in {minutes} minute{'s' if minutes > 1 else ''}."
        super().__init__("state_conflict", words)


@dataclass(frozen=True, slots=True)
class Pending:
    """A second factor that is being set up: the key to be typed, in groups of four, and the address that the QR code holds."""

    typed_key: str
    uri: str


@dataclass(frozen=True, slots=True)
class Status:
    """A person's second factor: since when it is on, None while it is off, and how many recovery codes are left."""

    since: datetime | None
    codes_left: int


def status(actor: Actor) -> Status:
    """Return how the person's own second factor stands."""
    left = sa.select(sa.func.count()).where(RecoveryCode.person_id == actor.id, RecoveryCode.used_at.is_(None))
    since = db.session.scalar(sa.select(SecondFactor.since).where(SecondFactor.person_id == actor.id))
    return Status(since, db.session.scalar(left) or 0)


def is_on(person_id: UUID) -> bool:
    """Say whether signing in as this person needs a code."""
    return db.session.scalar(sa.select(SecondFactor.since).where(SecondFactor.person_id == person_id)) is not None


def begin(actor: Actor, current: str, secret_key: str) -> None:
    """Make a secret, to be confirmed by a code. Raises Invalid for a wrong password, and Conflict if it is on already."""
    person = _proven(actor, current)
    sealed = box(secret_key, PURPOSE).encrypt(secrets.token_bytes(SECRET_BYTES))
    with transaction() as session:
        row = _row(session, person.id)
        if row and row.since:
            raise Conflict("state_conflict", "Your second factor is on already.")
        remove(session, person.id)
        session.add(SecondFactor(person_id=person.id, secret=sealed, wrong=0))


def pending(actor: Actor, secret_key: str) -> Pending | None:
    """Return what the app needs while the second factor is being set up; None before and after."""
    person = myself(actor)
    row = _row(db.session(), person.id)
    if row is None or row.since:
        return None
    totp = _totp(row, secret_key)
    return Pending(totp.pretty_key(sep=" "), totp.to_uri(label=person.email, issuer=ISSUER))


def confirm(actor: Actor, code: str, secret_key: str) -> list[str]:
    """Switch the second factor on and return the recovery codes, never to be had again. Raises Invalid, and Conflict."""
    faults = Faults()
    with transaction() as session:
        row = _row(session, myself(actor).id)
        if row is None or row.since:
            raise Conflict("state_conflict", "No second factor is being set up. Look at your account anew.")
        row.counter = _match(row, code, secret_key)
        if row.counter is None:
            faults.add("code", "field_invalid", WRONG)
        faults.raise_if_any()
        row.since = now()
        session.add(act(actor, "second_factor_on", person=str(actor.id)))
        return _new_codes(session, row.person_id)


def renew_codes(actor: Actor, current: str) -> list[str]:
    """Return new recovery codes in place of all others. Raises Invalid for a wrong password, and Conflict if it is off."""
    person = _proven(actor, current)
    with transaction() as session:
        row = _row(session, person.id)
        if row is None or not row.since:
            raise Conflict("state_conflict", "Your second factor is off.")
        session.add(act(actor, "recovery_codes_renewed", person=str(person.id)))
        return _new_codes(session, person.id)


def switch_off(actor: Actor, current: str) -> None:
    """Take the second factor off, or stop setting it up. Raises Invalid for a wrong password."""
    person = _proven(actor, current)
    with transaction() as session:
        row = _row(session, person.id)
        if row and row.since:
            session.add(act(actor, "second_factor_off", person=str(person.id)))
        remove(session, person.id)


def check(person_id: UUID, code: str, secret_key: str) -> None:
    """Let a code of the app or a recovery code pass, once. Raises Invalid if it is wrong, and TooManyWrong."""
    faults = Faults()
    wait_until = None
    with transaction() as session:
        row = _row(session, person_id)
        if row is None or not row.since:
            return
        if row.wait_until and row.wait_until > now():
            raise TooManyWrong(row.wait_until)
        counter = _match(row, code, secret_key)
        if counter is not None or _spend(session, person_id, code):
            row.counter, row.wrong, row.wait_until = counter or row.counter, 0, None
        else:
            faults.add("code", "field_invalid", WRONG)
            row.wrong += 1
            if row.wrong >= WRONG_MAX:
                row.wrong, row.wait_until = 0, now() + WAIT
                wait_until = row.wait_until
    if wait_until:
        raise TooManyWrong(wait_until)
    faults.raise_if_any()


def remove(session: Session, person_id: UUID) -> None:
    """Delete a person's second factor and recovery codes within a transaction."""
    for model in (SecondFactor, RecoveryCode):
        session.execute(sa.delete(model).where(model.person_id == person_id))


def _proven(actor: Actor, current: str) -> Person:
    faults = Faults()
    person = myself(actor)
    prove(person, current, faults)
    faults.raise_if_any()
    return person


def _row(session: Session, person_id: UUID) -> SecondFactor | None:
    """Return the row as it is now; within a transaction nobody else changes it."""
    lock = bool(session.info.get("writing"))
    return session.get(SecondFactor, person_id, populate_existing=True, with_for_update=lock or None)


def _totp(row: SecondFactor, secret_key: str) -> TOTP:
    try:
        return TOTP(key=box(secret_key, PURPOSE).decrypt(row.secret), format="raw")
    except InvalidToken:
        words = "Codes can't be checked, for the server has another secret key now. An admin can take your second factor off."
        raise Conflict("state_conflict", words) from None


def _match(row: SecondFactor, code: str, secret_key: str) -> int | None:
    """Return the period that the code belongs to, or None if it is wrong or no later than the last one used."""
    digits = re.sub(r"[\s-]", "", code)
    if not re.fullmatch(r"\d{6}", digits, re.ASCII):
        return None
    try:
        found: int = _totp(row, secret_key).match(digits, now(), window=DRIFT_S, last_counter=row.counter).counter
    except TokenError:
        return None
    return found


def _new_codes(session: Session, person_id: UUID) -> list[str]:
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    session.add_all(RecoveryCode(code_hash=_hash(code), person_id=person_id) for code in codes)
    return ["-".join(re.findall("....", code)) for code in codes]


def _spend(session: Session, person_id: UUID, code: str) -> bool:
    """Use up a recovery code; say whether it was one."""
    plain = re.sub(r"[\s-]", "", code).casefold()
    if len(plain) != CODE_LENGTH or not plain.isascii():
        return False
    ours = sa.update(RecoveryCode).where(RecoveryCode.person_id == person_id, RecoveryCode.code_hash == _hash(plain))
    used = session.scalar(ours.where(RecoveryCode.used_at.is_(None)).values(used_at=now()).returning(RecoveryCode.person_id))
    return used is not None


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
