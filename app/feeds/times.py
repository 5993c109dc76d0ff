"""Times as people write them: the way is found once for a whole column, then every cell is read that way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from app.feeds.values import BadRow, in_utc, moment, shown

_CLOCK = (
    r"(?:[ T,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,6})\d*)?)?"
    r" ?(?:(?P<half>[ap])\.?m\.?)?)? ?(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2})?"
)
_NUMBERS = re.compile(rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_CLOCK}", re.ASCII | re.IGNORECASE)
_YEAR_FIRST = re.compile(rf"(\d{{4}})[/.-](\d{{1,2}})[/.-](\d{{1,2}}){_CLOCK}", re.ASCII | re.IGNORECASE)
_DAY_NAME = re.compile(rf"(\d{{1,2}})[ -]([a-z]{{3,9}})\.?[ -](\d{{4}}|\d{{2}}){_CLOCK}", re.ASCII | re.IGNORECASE)
_NAME_DAY = re.compile(rf"([a-z]{{3,9}})\.? (\d{{1,2}}),? (\d{{4}}){_CLOCK}", re.ASCII | re.IGNORECASE)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_SAMPLE = 200


class TimeReader(NamedTuple):
    """How to read one column of times.

    `read` returns a UTC time and raises BadRow; `known` says whether the way of writing was recognised at all; `notes`
    say in sentences what was assumed.
    """

    read: Callable[[str], datetime | None]
    known: bool
    notes: tuple[str, ...]


def time_reader(words: Iterable[str], column: str) -> TimeReader:
    """Find out how a column writes its times, from all its words.

    Known are ISO 8601, year/month/day, day and month by number or English name, RFC 822, and seconds or milliseconds
    since 1970. Where days and months are numbers, a first number above 12 anywhere in the column means day first, a
    second one means month first, and neither, day first. Times without a zone are taken for UTC.
    """
    given = list(dict.fromkeys(word for word in words if word))
    sample = given[:: max(1, len(given) // _SAMPLE)]
    day_first, order = _order(given) if any(map(_NUMBERS.fullmatch, sample)) else (True, "")
    ways = (_epoch, _iso, _year_first, _by_number(day_first=day_first), _by_name, _rfc_822)
    hits = [sum(_reads(way, word) for word in sample) for way in ways]
    best = hits.index(max(hits))
    way = ways[best]
    notes = [f"Dates in “{column}” are read {order}."] if best == 3 and hits[3] else []
    if hits[best] and way is not _epoch and any(_lacks_zone(way, word) for word in sample):
        notes.append(f"Times in “{column}” that name no zone are read as UTC.")

    def read(word: str) -> datetime | None:
        if not word:
            return None
        try:
            return in_utc(way(word))
        except (ValueError, OverflowError, TypeError, IndexError, BadRow):
            raise BadRow(f"The time “{shown(word)}” in “{column}” can't be read as the others in its column.") from None

    return TimeReader(read, hits[best] * 2 >= len(sample), tuple(notes))


def any_time(word: str, name: str) -> datetime | None:
    """Return the UTC time of an ISO 8601 or RFC 822 text, None for no text. Raises BadRow for anything else."""
    if not word:
        return None
    for way in (_iso, _rfc_822):
        if _reads(way, word):
            try:
                return in_utc(way(word))
            except OverflowError:
                break
    raise BadRow(f"The {name} “{shown(word)}” is not a time.")


def _reads(way: Callable[[str], datetime], word: str) -> bool:
    try:
        way(word)
    except (ValueError, OverflowError, TypeError, IndexError, BadRow):
        return False
    return True


def _lacks_zone(way: Callable[[str], datetime], word: str) -> bool:
    return _reads(way, word) and way(word).tzinfo is None


def _order(words: list[str]) -> tuple[bool, str]:
    """Say whether the day comes before the month, and in words why."""
    matches = [match for match in map(_NUMBERS.fullmatch, words) if match]
    day = [match for match in matches if int(match[1]) > 12 >= int(match[3])]
    month = [match for match in matches if int(match[3]) > 12 >= int(match[1])]
    if len(day) > len(month):
        return True, f"day first, because {_start(day[0])} occurs"
    if month:
        return False, f"month first, because {_start(month[0])} occurs"
    return True, "day first, though none of them shows whether the day or the month comes first"


def _start(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}{match[3]}"


def _epoch(word: str) -> datetime:
    digits = word.removeprefix("-").partition(".")[0]
    if not (digits.isascii() and digits.isdigit() and 9 <= len(digits) <= 13):
        raise ValueError(word)
    time = moment(float(word) * (1000 if len(digits) <= 10 else 1), "time")
    if time is None:
        raise ValueError(word)
    return time


def _iso(word: str) -> datetime:
    if word.isdigit() and len(word) == 14:
        return datetime.fromisoformat(f"{word[:8]}T{word[8:]}")
    return datetime.fromisoformat(word)


def _year_first(word: str) -> datetime:
    match = _matched(_YEAR_FIRST, word)
    return _built(match, int(match[1]), int(match[2]), int(match[3]))


def _by_number(*, day_first: bool) -> Callable[[str], datetime]:
    def way(word: str) -> datetime:
        match = _matched(_NUMBERS, word)
        first, second = int(match[1]), int(match[3])
        day, month = (first, second) if day_first else (second, first)
        return _built(match, _full_year(match[4]), month, day)

    return way


def _by_name(word: str) -> datetime:
    if match := _DAY_NAME.fullmatch(word):
        return _built(match, _full_year(match[3]), _month(match[2]), int(match[1]))
    match = _matched(_NAME_DAY, word)
    return _built(match, int(match[3]), _month(match[1]), int(match[2]))


def _rfc_822(word: str) -> datetime:
    return parsedate_to_datetime(word)


def _matched(pattern: re.Pattern[str], word: str) -> re.Match[str]:
    match = pattern.fullmatch(word)
    if match is None:
        raise ValueError(word)
    return match


def _month(name: str) -> int:
    for number, month in enumerate(_MONTHS, 1):
        if month.startswith(name.casefold()):
            return number
    raise ValueError(name)


def _full_year(digits: str) -> int:
    """Return the year; two digits mean 1969 to 2068, as POSIX reads them."""
    year = int(digits)
    return year if len(digits) == 4 else year + (1900 if year >= 69 else 2000)


def _built(match: re.Match[str], year: int, month: int, day: int) -> datetime:
    hour, half = int(match["hour"] or 0), (match["half"] or "").casefold()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(match[0])
        hour = hour % 12 + (12 if half == "p" else 0)
    fraction = int((match["fraction"] or "0").ljust(6, "0"))
    time = datetime(year, month, day, hour, int(match["minute"] or 0), int(match["second"] or 0), fraction)  # noqa: DTZ001 - the zone is put on below
    zone = (match["zone"] or "").casefold()
    if zone[:1] in {"+", "-"}:
        away = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        return (time - away if zone[0] == "+" else time + away).replace(tzinfo=UTC)
    return time.replace(tzinfo=UTC) if zone else time
