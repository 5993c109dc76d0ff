"""Tables of text, whatever file they come from: choosing columns, and reading them into records column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from operator import itemgetter
from typing import TypeVar

from app.errors import Unreadable
from app.feeds.columns import FIELDS, Columns, candidates, overridden
from app.feeds.countries import alpha2
from app.feeds.geometry import Place
from app.feeds.record import Problem, Record
from app.feeds.times import time_reader
from app.feeds.values import BadRow, decimal, digest, precision
from app.feeds.words import severity_reader, status
from app.terms import Severity

T = TypeVar("T")
_TIMES = ("observed_at", "expires_at", "source_updated_at")
_SAMPLE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Trimmed cells under named columns, each row with its number in the file; all rows are as wide as `names`.

    `tags` are HXL hashtags by column, if there are any. `places` and `ids` come by row from formats that keep them beside
    the columns. `problems` are rows that could not become cells, `notes` what was assumed on the way.
    """

    names: Sequence[str]
    numbers: Sequence[int]
    cells: Sequence[Sequence[str]]
    tags: Sequence[str] = ()
    places: Sequence[Place] | None = None
    ids: Sequence[str] | None = None
    problems: Sequence[Problem] = ()
    notes: Sequence[str] = ()

    def words(self, name: str | None) -> list[str]:
        """Return one column; no name gives empty cells."""
        if name is None:
            return [""] * len(self.cells)
        return list(map(itemgetter(self.names.index(name)), self.cells))


def guess(table: Table, columns: Mapping[str, str] | None) -> Columns:
    """Say how the table would be read, with a person's choice of columns laid over ours.

    Raises Unreadable for a field or a column that does not exist.
    """
    chosen, notes = _choose(table)
    final = overridden(chosen, columns, table.names)
    reading = _Reading(table, final)
    return Columns(
        chosen={name: final.get(name) for name in FIELDS},
        names=tuple(table.names),
        rows=tuple(map(tuple, table.cells[:5])),
        notes=(*table.notes, *notes, *reading.notes),
    )


def records(table: Table, columns: Mapping[str, str] | None, source: str) -> Iterator[Record | Problem]:
    """Return the table's records and problems in the order of its rows.

    Raises Unreadable for a field or a column that does not exist, and when no column says what or where anything is.
    """
    chosen = overridden(_choose(table)[0], columns, table.names)
    if table.places is None:
        if ("lat" in chosen) != ("lng" in chosen):
            raise Unreadable("A place needs a column for latitude and one for longitude; only one of them was found.")
        if not chosen.keys() & {"title", "lat", "location"}:
            raise Unreadable(
                f"No column is known to hold a title or a place. The columns are: {', '.join(table.names)}."
            )
    read = _Reading(table, chosen).records(source)
    return merge(table.problems, read, key=lambda item: item.row) if table.problems else read


def _choose(table: Table) -> tuple[dict[str, str | None], list[str]]:
    """Return for each field the likeliest column whose cells fit it, and notes about those that had to be passed over."""
    chosen: dict[str, str | None] = {}
    notes: list[str] = []
    for name in FIELDS:
        if (name in {"lat", "lng"} and table.places is not None) or (name == "external_id" and table.ids is not None):
            continue
        for column in candidates(name, table.names, table.tags):
            why_not = _misfit(name, table.words(column), column)
            if why_not is None:
                chosen[name] = column
                break
            if why_not:
                notes.append(f"“{column}” is not read as {name}: {why_not}.")
    return chosen, notes


def _misfit(name: str, words: list[str], column: str) -> str | None:
    """Say why a column can't hold a field; "" when that is not worth a note, None when it can."""
    if not any(words):
        return ""
    if name in _TIMES:
        return None if time_reader(words, column).known else "its cells are no times that are known"
    if name == "external_id":
        return None if all(words) and len(set(words)) == len(words) else "it is empty or repeats in some rows"
    sample = list(dict.fromkeys(filter(None, words)))[:_SAMPLE]
    reader: Callable[[str], object]
    if name in {"lat", "lng"}:
        reader, reason = (lambda word: decimal(word.replace(",", "."), name)), "its cells are not numbers"
    elif name == "severity":
        reader, reason = severity_reader(sample), "its words are not known"
    elif name == "status":
        reader, reason = status, "its words are not known"
    else:
        return None
    bad: dict[int, str] = {}
    _translated(sample, reader, bad)
    return reason if len(bad) * 2 >= len(sample) else None


@dataclass(slots=True)
class _Reading:
    """The columns of a table turned into values. `bad` holds, by index of row, why a row can't be a record."""

    table: Table
    chosen: Mapping[str, str]
    bad: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    severities: list[Severity] = field(default_factory=list)
    times: dict[str, list[datetime | None]] = field(default_factory=dict)
    lats: list[float | None] = field(default_factory=list)
    lngs: list[float | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        words = self.words("severity")
        self.severities = _translated(words, severity_reader(set(words)), self.bad)
        if "severity" not in self.chosen:
            self.notes.append("No column holds a severity, so every row is read as medium.")
        if "title" not in self.chosen:
            self.notes.append("No column holds a title, so titles are made of type and place.")
        if "external_id" not in self.chosen:
            known = self.table.ids is not None
            self.notes.append(
                "The features’ own ids are used."
                if known
                else "No column holds an id, so a row is known again only while nothing in it changes."
            )
        for name in _TIMES:
            words = self.words(name)
            reader = time_reader(words, self.chosen.get(name, ""))
            self.times[name] = _translated(words, reader.read, self.bad)
            self.notes.extend(reader.notes)
        if self.table.places is None:
            self._read_coordinates()
        else:
            self.lats = [place.lat for place in self.table.places]
            self.lngs = [place.lng for place in self.table.places]

    def words(self, name: str) -> list[str]:
        """Return the cells of a field; empty ones when no column holds it."""
        return self.table.words(self.chosen.get(name))

    def _read_coordinates(self) -> None:
        """Read latitude and longitude, with decimal commas, and the other way round where that is plain to see."""
        columns = [self.words("lat"), self.words("lng")]
        if any("," in word for words in columns for word in words):
            self.notes.append("Coordinates are read with a decimal comma.")
            columns = [[word.replace(",", ".") for word in words] for words in columns]
        lats = _translated(columns[0], lambda word: decimal(word, "latitude"), self.bad)
        lngs = _translated(columns[1], lambda word: decimal(word, "longitude"), self.bad)
        for index, (lat, lng) in enumerate(zip(lats, lngs, strict=True)):
            if (lat is None) is not (lng is None):
                self.bad.setdefault(index, "The row has only one of latitude and longitude.")
        given = [(lat, lng) for lat, lng in zip(lats, lngs, strict=True) if lat is not None and lng is not None]
        if given and all(abs(lat) > 90 >= abs(lng) for lat, lng in given):
            self.notes.append(
                f"“{self.chosen['lat']}” goes beyond 90 in every row, so it and “{self.chosen['lng']}” are read swapped."
            )
            lats, lngs = lngs, lats
        self.lats, self.lngs = lats, lngs

    def records(self, source: str) -> Iterator[Record | Problem]:
        """Yield a record or a problem for each row."""
        severity_words, countries = self.words("severity"), self.words("location_country")
        kept = {word: f"Severity in the file: “{word}”." if word else None for word in set(severity_words)}
        code_of = {word: alpha2(word) for word in set(countries)}
        states = _translated(self.words("status"), status, self.bad)
        places = self.table.places or [None] * len(self.table.cells)
        for index, (row, title, external_id, description, threat_type, location, country, url, place) in enumerate(
            zip(
                self.table.numbers,
                self.words("title"),
                self._ids(),
                self.words("description"),
                self.words("threat_type"),
                self.words("location"),
                countries,
                self.words("url"),
                places,
                strict=True,
            )
        ):
            if index in self.bad:
                yield Problem(row, self.bad[index])
                continue
            code, lat, lng = code_of[country], self.lats[index], self.lngs[index]
            if country and not code:
                location = f"{location}, {country}" if location else country  # noqa: PLW2901
            if not title:
                title = _title(threat_type, location, lat, lng)  # noqa: PLW2901
                if not title:
                    yield Problem(row, "The row has neither a title nor a type nor a place.")
                    continue
            uncertainty = place.uncertainty_km if place else None
            yield Record(
                row=row,
                source=source,
                external_id=external_id,
                title=title,
                severity=self.severities[index],
                status=states[index],
                description=description or None,
                threat_type=threat_type or None,
                threat_rationale=kept[severity_words[index]],
                location=location or None,
                location_country=code,
                lat=lat,
                lng=lng,
                location_precision_level=precision(uncertainty),
                location_uncertainty_km=uncertainty,
                observed_at=self.times["observed_at"][index],
                expires_at=self.times["expires_at"][index],
                source_updated_at=self.times["source_updated_at"][index],
                url=url or None,
            )

    def _ids(self) -> Iterator[str]:
        """Yield each row's own id, or a digest of its cells in the order of the columns' names and of its place."""
        order = sorted(range(len(self.table.names)), key=self.table.names.__getitem__)
        own = self.words("external_id") if "external_id" in self.chosen or not self.table.ids else self.table.ids
        for index, external_id in enumerate(own):
            if external_id:
                yield external_id
            else:
                cells = self.table.cells[index]
                where = self.table.places[index][:2] if self.table.places else ()
                yield digest([*(cells[i] for i in order), *map(repr, where)])


def _title(threat_type: str, location: str, lat: float | None, lng: float | None) -> str:
    if location:
        return f"{threat_type}: {location}" if threat_type else location
    if lat is not None and lng is not None:
        return f"{threat_type or 'Report'} at {lat:.3f}, {lng:.3f}"
    return threat_type


def _translated(words: Sequence[str], read: Callable[[str], T], bad: dict[int, str]) -> list[T]:
    """Return what each cell means, reading every different word once; what can't be read is told in `bad` by index."""
    meanings: dict[str, T] = {}
    reasons: dict[str, str] = {}
    for word in set(words):
        try:
            meanings[word] = read(word)
        except BadRow as reason:
            reasons[word] = str(reason)
    if not reasons:
        return [meanings[word] for word in words]
    for index, word in enumerate(words):
        if word in reasons:
            bad.setdefault(index, reasons[word])
    filler = read("")
    return [meanings.get(word, filler) for word in words]
