"""What all parsers share to read single values, and the one way to give up on a row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from math import isfinite

from app.terms import Precision

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REACH = ((1, Precision.EXACT), (25, Precision.NEAR), (100, Precision.DISTRICT), (500, Precision.REGION))


class BadRow(Exception):
    """A row can't become a record; the message says why, in a sentence for a person."""


def text(value: object, name: str) -> str | None:
    """Return a JSON value as trimmed text, or None where there is nothing.

    Numbers and truth values are written out, lists of them joined by commas. Halves of surrogate pairs, which no
    database can store, become question marks. Raises BadRow for an object.
    """
    if isinstance(value, str):
        return (value if value.isascii() else value.encode("utf-8", "replace").decode()).strip() or None
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return ", ".join(filter(None, (text(item, name) for item in value))) or None
    raise BadRow(f"The {name} is neither text nor a number.")


def number(value: object, name: str) -> float | None:
    """Return a JSON number, or None for null. Raises BadRow for text, NaN, infinity and what a float can't hold."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRow(f"The {name} is not a number.")
    try:
        result = float(value)
    except OverflowError:
        result = float("inf")
    if not isfinite(result):
        raise BadRow(f"The {name} is not a finite number.")
    return result


def decimal(word: str, name: str) -> float | None:
    """Return a number written with a decimal point, or None for no text. Raises BadRow for anything else."""
    if not word:
        return None
    try:
        result = float(word)
    except ValueError:
        result = float("nan")
    if not isfinite(result) or "_" in word:
        raise BadRow(f"The {name} “{shown(word)}” is not a number.")
    return result


def shown(word: str) -> str:
    """Return a word short enough to stand in a sentence."""
    return word if len(word) <= 40 else word[:39] + "…"


def moment(milliseconds: object, name: str) -> datetime | None:
    """Return the UTC time of milliseconds since 1970, or None for null. Raises BadRow outside the years 1 to 9999."""
    count = number(milliseconds, name)
    if count is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=count)
    except OverflowError:
        raise BadRow(f"The {name} lies outside the years 1 to 9999.") from None


def in_utc(time: datetime) -> datetime:
    """Return the same moment in UTC; a time without a zone is taken for UTC.

    Raises OverflowError where that leaves the years 1 to 9999.
    """
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def iso_time(word: str | None, name: str) -> datetime | None:
    """Return the UTC time of an ISO 8601 text, or None for no text. Raises BadRow for anything else."""
    if not word:
        return None
    try:
        return in_utc(datetime.fromisoformat(word))
    except (ValueError, OverflowError):
        raise BadRow(f"The {name} “{shown(word)}” is not a time.") from None


def precision(uncertainty_km: float | None) -> Precision | None:
    """Return what coordinates stand for that are off by up to so many km, or None when that is not known.

    Exact up to 1 km; near up to 25 km, as UCDP draws that line; district up to 100; region up to 500; country beyond.
    """
    if uncertainty_km is None:
        return None
    return next((level for reach, level in _REACH if uncertainty_km <= reach), Precision.COUNTRY)


def digest(parts: Iterable[str]) -> str:
    """Return 32 hexadecimal digits that identify a row which has no id of its own."""
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
