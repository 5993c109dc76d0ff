"""Dates and times of day that stand in two columns, put together into one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

_NAMES = {
    *("time", "time_utc", "utc_time", "time_of_day", "event_time", "incident_time", "start_time", "begin_time", "acq_time"),
    *("otime", "hour", "clock", "uhrzeit", "zeit", "heure", "hora", "ora"),
}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(:\d{2}(?:\.\d+)?)?\s*([ap])?\.?(?:m\.?)?|(\d{1,2})(\d{2})", re.ASCII | re.IGNORECASE)
_HAS_CLOCK = re.compile(r"\d:\d\d|T\d{4}|^\d{9,}$")


class Words(Protocol):
    """A table of text."""

    def words(self, name: str | None) -> list[str]:
        """Return one column."""


def clock_column(table: Words, columns: Sequence[str], dates: Sequence[str]) -> str | None:
    """Return which of the columns holds the times of day for a column of dates, when the dates have none themselves."""
    sample = [word for word in dates[:1000] if word]
    if not sample or any(map(_HAS_CLOCK.search, sample)):
        return None
    named = (name for name in columns if re.sub(r"[\W_]+", "_", name.casefold()).strip("_") in _NAMES)
    return next((name for name in named if are_clocks(table.words(name))), None)


def are_clocks(words: Sequence[str]) -> bool:
    """Say whether the words of a column are times of day, as "7:05", "07:05:30", "7:05 pm" or "0705"."""
    given = [word for word in words[:1000] if word]
    return bool(given) and all(map(_as_iso, given))


def joined(dates: Sequence[str], clocks: Sequence[str]) -> list[str]:
    """Return dates with their times of day; a date without one stays alone, and what is no time of day stays in the words."""
    return [f"{date} {_as_iso(clock) or clock}" if date and clock else date for date, clock in zip(dates, clocks, strict=True)]


def _as_iso(word: str) -> str:
    """Return a time of day as HH:MM[:SS], "" for what is none."""
    match = _CLOCK.fullmatch(word)
    if match is None:
        return ""
    hour, minute = int(match[1] or match[5]), int(match[2] or match[6])
    if match[4]:
        hour = hour % 12 + (12 if match[4] in "pP" else 0) if 1 <= hour <= 12 else 24
    return f"{hour:02}:{minute:02}{match[3] or ''}" if hour < 24 and minute < 60 else ""
