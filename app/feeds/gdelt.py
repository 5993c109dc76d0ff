"""Events of GDELT 2.0: tab-separated, 61 columns without names, one file every 15 minutes.

Format: GDELT Event Codebook V2.0; CAMEO 1.1b3. Machines find these events in news, one story as many events. So only those
are taken that are the root of their article, are protest or material conflict, have a place nearer than a state of the USA
or a country, and are told by MIN_ARTICLES; and those of one article, place, kind and day are one threat. Neither the
Goldstein scale nor the tone is a severity.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from app.errors import Unreadable
from app.feeds import prose, raw
from app.feeds.countries import from_fips
from app.feeds.encoding import decode
from app.feeds.look import Look
from app.feeds.record import Item, LeftOut, Problem, Record
from app.feeds.values import BadRow, decimal, digest, shown
from app.terms import Precision

SOURCE = "gdelt"
ATTRIBUTION = "Data: The GDELT Project, https://www.gdeltproject.org."
MIN_ARTICLES = 2
WIDTH = 61

FURTHER = "events that repeat another of the same story"
NOT_ROOT = "events beside the point of their article"
NOT_CONFLICT = "events that are neither protest nor material conflict"
NO_PLACE = "events without a place, or with no more than a state or country"
FEW = f"events told by fewer than {MIN_ARTICLES} articles"

_DAY, _ACTOR1, _ACTOR2, _IS_ROOT, _CODE, _ROOT, _QUAD, _GOLDSTEIN, _ARTICLES, _TONE = 1, 6, 16, 25, 26, 28, 29, 30, 33, 34
_GEO_TYPE, _PLACE, _COUNTRY, _LAT, _LNG, _FEATURE, _ADDED, _URL = 51, 52, 53, 56, 57, 58, 59, 60
_KINDS = {
    "14": "protest",
    "15": "show of force",
    "16": "break of relations",
    "17": "coercion",
    "18": "assault",
    "19": "fight",
    "20": "mass violence",
}
_ALWAYS = {"14", "17", "18", "19", "20"}
_REACH = {"3": Precision.NEAR, "4": Precision.NEAR, "5": Precision.REGION}


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    cells = seen.begin.partition("\n")[0].split("\t")
    return len(cells) == WIDTH and cells[0].isdigit() and cells[_DAY].isdigit() and len(cells[_DAY]) == 8


def parse(data: bytes) -> Iterator[Item]:
    """Read events; `row` is the line in the file. Raises Unreadable when this is no text, or no line has 61 cells."""
    text, _ = decode(data, legacy=True)
    rows = [(number, line.rstrip("\r").split("\t")) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not any(len(cells) == WIDTH for _, cells in rows):
        raise Unreadable(f"This is not GDELT 2.0: no line has {WIDTH} cells between tabs.")
    return _items(rows)


def _items(rows: list[tuple[int, list[str]]]) -> Iterator[Item]:
    stories: dict[tuple[str, ...], int] = {}
    best: dict[tuple[str, ...], int] = {}
    for number, cells in rows:
        if len(cells) == WIDTH and not _unfit(cells):
            stories.setdefault(_story(cells), number)
            best[_story(cells)] = max(best.get(_story(cells), 0), _count(cells[_ARTICLES]))
    for number, cells in rows:
        if len(cells) != WIDTH:
            yield Problem(number, f"The row has {len(cells)} cells instead of {WIDTH}.")
        elif reason := _unfit(cells):
            yield LeftOut(number, reason)
        elif stories[_story(cells)] != number:
            yield LeftOut(number, FURTHER)
        else:
            try:
                yield raw.told(_record(number, cells, best[_story(cells)]), raw.of(cells))
            except BadRow as broken:
                yield Problem(number, str(broken))


def _unfit(cells: list[str]) -> str:
    """Say why an event is left out; "" for one that is taken."""
    if cells[_IS_ROOT] != "1":
        return NOT_ROOT
    if cells[_QUAD] != "4" and cells[_ROOT] not in _ALWAYS:
        return NOT_CONFLICT
    if cells[_GEO_TYPE] not in _REACH:
        return NO_PLACE
    return FEW if _count(cells[_ARTICLES]) < MIN_ARTICLES else ""


def _count(word: str) -> int:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else 0


def _story(cells: list[str]) -> tuple[str, ...]:
    """Return what makes events one: the article, the place, the kind and the day."""
    return cells[_URL], cells[_FEATURE] or cells[_PLACE], cells[_ROOT], cells[_DAY]


def _record(row: int, cells: list[str], articles: int) -> Record:
    kind, place = _KINDS.get(cells[_ROOT], "conflict"), cells[_PLACE]
    country = from_fips(cells[_COUNTRY])
    actors = " - ".join(filter(None, (cells[_ACTOR1], cells[_ACTOR2])))
    goldstein, tone = decimal(cells[_GOLDSTEIN], "Goldstein scale"), decimal(cells[_TONE], "tone")
    facts = [f"{kind} (CAMEO {cells[_CODE]})", f"{articles:,} articles"]
    facts += [f"{name} {value:.3g}" for name, value in (("Goldstein scale", goldstein), ("tone", tone)) if value is not None]
    return Record(
        row=row,
        source=SOURCE,
        external_id=digest(_story(cells)),
        title=prose.title(f"{kind.capitalize()}: {place}{f' ({actors})' if actors else ''}") or kind,
        description="Found in the news by a machine, and not checked by anybody.",
        threat_type=kind,
        threat_rationale=f"GDELT gives no severity; {', '.join(facts)}.",
        location=prose.title(place.rpartition(", ")[0] or place) if country else prose.title(place),
        location_country=country,
        lat=decimal(cells[_LAT], "latitude"),
        lng=decimal(cells[_LNG], "longitude"),
        location_precision_level=_REACH[cells[_GEO_TYPE]],
        observed_at=_time(cells[_DAY]),
        source_updated_at=_time(cells[_ADDED]),
        url=prose.web(cells[_URL]),
        sources=tuple(filter(None, ("GDELT", prose.term(_site(cells[_URL]))))),
    )


def _site(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _time(digits: str) -> datetime:
    """Return the UTC time of 8 or 14 digits, a day or a second."""
    try:
        if not digits.isdigit() or len(digits) not in {8, 14}:
            raise ValueError(digits)
        return datetime.fromisoformat(f"{digits[:8]}T{digits[8:] or '00'}").replace(tzinfo=UTC)
    except ValueError:
        raise BadRow(f"“{shown(digits)}” is not a time.") from None
