"""What a password may be: long enough, and nothing that is tried first. No rule asks for digits or signs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flask_security.proxies import _security as security
from flask_security.utils import hash_password, verify_password

from app.errors import Faults
from app.service.rules import UNFIT

MIN = 12
MAX = 256
TAIL = 4
"""So many characters behind a common password make no other one of it."""
UNIT = 4
"""So few characters, again and again, are no password."""
OURS = "cordon"
LOCAL_PART_MIN = 4
"""A shorter name before the @ may well be a part of any word."""


def check(password: str, field: str, faults: Faults, *, email: str) -> str:
    """Return the password in the form that is hashed, adding a fault if it is not to be used. `email` is its owner's."""
    # As the sign-in form will; Flask-Security has no public way to it.
    password = security._password_util.normalize(password)  # noqa: SLF001
    plain = password.casefold()
    local = email.partition("@")[0]
    if UNFIT.search(password):
        faults.add(field, "field_invalid", "Control characters are not allowed here.")
    elif not MIN <= len(password) <= MAX:
        faults.add(field, "field_invalid", f"Use {MIN} to {MAX} characters.")
    elif OURS in plain or (email and email in plain) or (len(local) >= LOCAL_PART_MIN and local in plain):
        faults.add(field, "field_invalid", "Choose a password without your e-mail address and without the word Cordon.")
    elif is_common(plain):
        faults.add(field, "field_invalid", "This is among the passwords that are tried first. Choose another.")
    return password


def is_common(plain: str) -> bool:
    """Say whether a casefolded password is known from breaches, is such a one with a short tail, or one thing repeated."""
    known = _known()
    if any(plain[: len(plain) - length] in known for length in range(TAIL + 1)):
        return True
    units = (plain[:length] for length in range(1, len(plain)))
    return any((len(unit) <= UNIT or unit in known) and plain == (unit * len(plain))[: len(plain)] for unit in units)


def hashed(password: str) -> str:
    """Return the argon2id hash of a password that `check` returned."""
    written: str = hash_password(password)
    return written


def fits(password: str, kept: str | None) -> bool:
    """Say whether the password is the one whose hash is kept."""
    if kept is None or UNFIT.search(password):
        return False
    typed = security._password_util.normalize(password)  # noqa: SLF001 - it has no public way
    return bool(verify_password(typed, kept))


@cache
def _known() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("common.txt").read_text().split("\n"))
