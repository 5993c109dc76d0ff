"""Coordinates as people write them: decimal degrees, or degrees, minutes and seconds, with a sign or a letter."""

from __future__ import annotations

import re

from app.feeds.values import BadRow, decimal, shown

_NUMBER = r"(\d+(?:[.,]\d+)?)"
_DMS = re.compile(
    rf"(?P<before>[NSEW])?\s*(?P<sign>[-+−])?\s*{_NUMBER}\s*(?:[°º˚d:]|deg|\s)?\s*"
    rf"(?:{_NUMBER}\s*(?:['’′´`m:]|min|\s)?\s*)?(?:{_NUMBER}\s*(?:[\"”″s]|''|’’|′′|sec)?\s*)?(?P<after>[NSEW])?",
    re.IGNORECASE,
)
_WORD_MAX = 100
"""Characters of a coordinate: the pattern can be divided up in many ways over a longer one."""
_LETTERS = {"latitude": "NS", "longitude": "EW"}


def coordinate(word: str, name: str) -> float | None:
    """Return degrees for "-50.5", "50.5 S", "50°30'0''S", "S 50 30" or "50:30:00 S"; None for no text.

    `name` is latitude or longitude. Raises BadRow for anything else, for the letter of the other axis, for a sign beside a
    letter, and for 60 minutes or seconds or more.
    """
    try:
        return decimal(word, name)
    except BadRow:
        match = _DMS.fullmatch(word.strip()) if len(word) <= _WORD_MAX else None
        if match is None:
            raise
    degrees, minutes, seconds = (float(part.replace(",", ".")) if part else 0.0 for part in match.group(3, 4, 5))
    letter = (match["before"] or match["after"] or "").upper()
    twice = (match["before"] and match["after"]) or (letter and match["sign"])
    if twice or minutes >= 60 or seconds >= 60 or (letter and letter not in _LETTERS[name]):
        raise BadRow(f"The {name} “{shown(word)}” is not one in degrees, minutes and seconds.")
    value = degrees + minutes / 60 + seconds / 3600
    return -value if letter in {"S", "W"} or match["sign"] in {"-", "−"} else value


def is_of(word: str, name: str) -> bool:
    """Say whether a word carries a letter of latitude or of longitude."""
    return bool(word) and (word[0].upper() in _LETTERS[name] or word[-1].upper() in _LETTERS[name])


def is_plain(word: str) -> bool:
    """Say whether a word is a number as it stands, or nothing."""
    try:
        decimal(word, "coordinate")
    except BadRow:
        return False
    return True
