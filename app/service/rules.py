"""The rules for single values, and the words in which every edge says that one is broken.

Each rule takes a value, the path of its field and the collector; it returns the clean value, or None after adding a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from math import isfinite
from typing import TypeVar
from uuid import UUID

from app.errors import Faults

Term = TypeVar("Term", bound=StrEnum)

# Control characters but newline and tab, halves of surrogate pairs, and the two that reverse what follows: PostgreSQL refuses
# the first, UTF-8 the second, and the third make a line read as it is not.
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202d\u202e\ud800-\udfff]")
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
"""Characters of no width: text of these alone counts as blank."""
# The same for a document, in the dialect of JSON Schema.
CHARACTER = r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202d\u202e]"
# White space as Unicode and Python's strip() have it, spelt out because dialects of \s differ.
SPACE = r"\u0000-\u0020\u007f\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202d-\u202f\u205f\u2060\u3000\ufeff"
FIT = f"^{CHARACTER}*$"
FIT_AND_NOT_BLANK = rf"^{CHARACTER}*[^{SPACE}]{CHARACTER}*$"

NAME_SHOWN = 100
"""Characters of an unknown name that a fault repeats."""
NEAR_NAMES, NEAR_NAME_MAX = 100, 40
"""For how many unknown names, and of what length, the nearest known one is looked for."""

CANONICAL_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
COUNTRY = re.compile(r"[A-Z]{2}")


def is_plain(value: str, maximum: int) -> bool:
    """Say whether a text passes every rule for texts as it is; most of one line do. Nothing blank or invisible is printable."""
    return len(value) <= maximum and value.isprintable() and value[:1] != " " != value[-1:] != ""


def text(value: str | None, field: str, faults: Faults, *, maximum: int, required: str = "") -> str | None:
    """Return the text trimmed and with plain newlines; blank counts as absent.

    `required` is the sentence that asks for the text where it may not be absent. Lengths are in code points.
    """
    if value and is_plain(value, maximum):
        return value
    clean = (value or "").replace("\r\n", "\n").replace("\r", "\n").strip()
    if all(character in INVISIBLE or character.isspace() for character in clean):
        clean = ""
    if UNFIT.search(clean):
        faults.add(field, "field_invalid", "Control characters are not allowed here, except new lines and tabs.")
    elif not clean and required:
        faults.add(field, "field_required", required)
    elif len(clean) > maximum:
        faults.add(field, "field_invalid", f"Use at most {maximum:,} characters; this has {len(clean):,}.")
    else:
        return clean or None
    return None


def term(value: str | None, terms: type[Term], field: str, faults: Faults) -> Term | None:
    """Return the member of an enumeration; None stays None."""
    if value is None:
        return None
    try:
        return terms(value)
    except ValueError:
        faults.add(field, "field_invalid", f"Choose one of: {', '.join(terms)}.")
        return None


def identifier(value: str, field: str, faults: Faults) -> UUID | None:
    """Return the UUID written in its canonical 36 characters."""
    if CANONICAL_UUID.fullmatch(value):
        return UUID(value)
    faults.add(field, "field_invalid", "Write the id as a UUID of 36 characters.")
    return None


def identifiers(values: Sequence[str], field: str, faults: Faults, *, maximum: int) -> list[UUID]:
    """Return the ids as a set in order of first occurrence; each one that can't be read is a fault at its index."""
    if len(values) > maximum:
        faults.add(field, "field_invalid", f"Give at most {maximum:,} threats; this has {len(values):,}.")
        return []
    unique: dict[UUID, None] = {}
    for i, value in enumerate(values):
        if CANONICAL_UUID.fullmatch(value):
            unique.setdefault(UUID(value))
        else:
            identifier(value, f"{field}[{i}]", faults)
    return list(unique)


def number(value: float | None, field: str, faults: Faults, *, low: float, high: float, what: str) -> float | None:
    """Return a finite number within bounds; None stays None."""
    if value is None:
        return None
    if isfinite(value) and low <= value <= high:
        return float(value)
    faults.add(field, "field_invalid", f"{what} must be between {low:g} and {high:g}.")
    return None


def country(value: str | None, field: str, faults: Faults) -> str | None:
    """Return an ISO 3166-1 alpha-2 code; None stays None."""
    if value is None or COUNTRY.fullmatch(value):
        return value
    faults.add(field, "field_invalid", "Write the country as two capital letters (ISO 3166-1 alpha-2).")
    return None


def web_address(value: str | None, field: str, faults: Faults, *, maximum: int) -> str | None:
    """Return an http or https address; anything else could run script when it is followed."""
    clean = text(value, field, faults, maximum=maximum)
    if clean is None or re.match(r"https?://[^\s/]", clean, re.IGNORECASE):
        return clean
    faults.add(field, "field_invalid", "Write an address that begins with http:// or https://.")
    return None


def moment(value: str, field: str, faults: Faults) -> datetime | None:
    """Return the time written as RFC 3339 with its zone, in UTC."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)", value, re.ASCII):
            time = datetime.fromisoformat(value.upper()).astimezone(UTC)
            return time.replace(microsecond=time.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):
        pass
    faults.add(field, "field_invalid", "Write the time with its zone, such as 2026-04-18T09:00:00Z.")
    return None


def unknown(name: str, known: Iterable[str], field: str, faults: Faults) -> None:
    """Add a fault for a name that is not known, with the nearest one that is, looked for while that is cheap."""
    cheap = len(name) <= NEAR_NAME_MAX and len(faults) < NEAR_NAMES
    near = get_close_matches(name, list(known), n=1) if cheap else []
    faults.add(field, "field_unknown", "This is not known here." + (f" Did you mean {near[0]}?" if near else ""))
