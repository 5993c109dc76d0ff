"""Conflict and protest events of ACLED, from an account of one's own: CSV of the export tool, CSV and JSON of the API.

Format: ACLED Codebook and API documentation, https://acleddata.com. Dates are days without a clock, ISO in the API and
"16 May 2025" in exports; `timestamp` is the last change in seconds since 1970. `time_precision` and `geo_precision` go from
1, the best, to 3. Ids of deleted events come as JSON with a `deleted_timestamp`. The terms forbid passing on the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from app.errors import Unreadable
from app.feeds import deaths, prose, raw
from app.feeds.countries import alpha2
from app.feeds.csv_table import load as load_table
from app.feeds.jsonfile import load, members
from app.feeds.known_table import Words, attempt, read
from app.feeds.look import Look
from app.feeds.record import Item, Problem, Record
from app.feeds.times import TimeReader, time_reader
from app.feeds.values import BadRow, decimal, moment, text
from app.terms import Precision

SOURCE = "acled"
ATTRIBUTION = "Data: ACLED, https://acleddata.com. Its terms forbid passing the events on to others."

NEEDED = ("event_id_cnty", "event_date", "event_type", "latitude", "longitude")
COLUMNS = (
    *NEEDED,
    *("sub_event_type", "disorder_type", "actor1", "actor2", "country", "admin1", "location", "time_precision", "geo_precision"),
    *("source", "notes", "fatalities", "tags", "timestamp", "deleted_timestamp"),
)
_REACH = {"1": Precision.NEAR, "2": Precision.DISTRICT, "3": Precision.REGION}
_WHEN = {"2": "Only the week is known.", "3": "Only the month is known."}
_PEACEFUL = {"protests", "strategic developments"}


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    if seen.kind == "json":
        return '"event_id_cnty"' in seen.begin
    return seen.kind == "text" and all(name in seen.begin.partition("\n")[0] for name in NEEDED)


def parse(data: bytes) -> Iterator[Item]:
    """Read events; `row` is the line of CSV, else counts from 1. Raises Unreadable when the file is neither."""
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        table = load_table(data)
        dates = time_reader(table.words("event_date"), "event_date") if "event_date" in table.names else time_reader([], "")
        return read(table, COLUMNS, NEEDED, partial(_record, dates))
    document = load(data)
    listed = document.get("data") if isinstance(document, dict) else document
    if not isinstance(listed, list):
        raise Unreadable("This is not of ACLED: its JSON has no list of data.")
    return _items(listed)


def _items(items: list[object]) -> Iterator[Item]:
    rows: list[Words | str] = []
    for item in items:
        try:
            event = members(item, "event")
            rows.append({name: text(event.get(name), name) or "" for name in COLUMNS})
        except BadRow as reason:
            rows.append(str(reason))
    dates = time_reader([words["event_date"] for words in rows if not isinstance(words, str)], "event_date")
    for row, words in enumerate(rows, 1):
        if isinstance(words, str):
            yield Problem(row, words)
        else:
            yield raw.told(attempt(row, words, partial(_record, dates)), raw.of(items[row - 1]))


def _record(dates: TimeReader, row: int, words: Words) -> Record:
    event_id = words["event_id_cnty"]
    if not event_id:
        raise BadRow("The event has no event_id_cnty.")
    if words["deleted_timestamp"]:
        deleted_at = _stamp(words["deleted_timestamp"])
        title = f"ACLED has deleted {event_id}"
        return Record(row=row, source=SOURCE, external_id=event_id, title=title, source_updated_at=deleted_at, is_end=True)
    killed = decimal(words["fatalities"], "number of fatalities")
    country = alpha2(words["country"])
    places = [words["location"], words["admin1"], "" if country else words["country"]]
    location = ", ".join(dict.fromkeys(filter(None, places)))
    kind = words["sub_event_type"] or words["event_type"]
    notes = [words["notes"], _WHEN.get(words["time_precision"], ""), words["tags"]]
    actors = " - ".join(filter(None, (words["actor1"], words["actor2"])))
    return Record(
        row=row,
        source=SOURCE,
        external_id=event_id,
        title=prose.title(f"{kind}: {words['location'] or location}{f' ({actors})' if actors else ''}") or event_id,
        severity=deaths.severity(killed, violent=words["event_type"].casefold() not in _PEACEFUL),
        description=prose.text("\n".join(filter(None, notes))),
        threat_type=prose.term(kind),
        threat_rationale=f"ACLED: {words['event_type']}, {'unknown' if killed is None else f'{killed:g}'} fatalities.",
        location=prose.title(location),
        location_country=country,
        lat=decimal(words["latitude"], "latitude"),
        lng=decimal(words["longitude"], "longitude"),
        location_precision_level=_REACH.get(words["geo_precision"]),
        observed_at=dates.read(words["event_date"]),
        source_updated_at=_stamp(words["timestamp"]),
        sources=("ACLED", *(name for name in map(prose.term, words["source"].split(";")) if name))[:50],
    )


def _stamp(word: str) -> datetime | None:
    seconds = decimal(word, "timestamp")
    return None if seconds is None else moment(seconds * 1000, "timestamp")
