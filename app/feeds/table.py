"""Tables of text, whatever file they come from, read into records column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import TypeVar

from app.feeds.countries import alpha2
from app.feeds.geometry import Place
from app.feeds.record import Problem, Record
from app.feeds.times import time_reader
from app.feeds.values import BadRow, decimal, digest, precision
from app.feeds.words import severity_reader, status
from app.terms import Severity

T = TypeVar("T")
TIMES = ("observed_at", "expires_at", "source_updated_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Trimmed cells under named columns, each row with its number in the file; all rows are as wide as `names`.

    `tags` are HXL hashtags by column, if there are any. `places` and `ids` come by row from formats that keep them
    beside the columns. `problems` are rows that could not become cells, `notes` what was assumed on the way.
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


@dataclass(slots=True)
class Reading:
    """The columns of a table turned into values. `bad` holds, by index of row, why a row can't be a record."""

    table: Table
    chosen: Mapping[str, str]
    bad: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    severities: list[Severity] = field(default_factory=list)
    times: list[list[datetime | None]] = field(default_factory=list)
    lats: list[float | None] = field(default_factory=list)
    lngs: list[float | None] = field(default_factory=list)
    reach: list[float | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        words = self.words("severity")
        self.severities = translated(words, severity_reader(set(words)), self.bad)
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
        for name in TIMES:
            words = self.words(name)
            reader = time_reader(words, self.chosen.get(name, ""))
            self.times.append(translated(words, reader.read, self.bad))
            self.notes.extend(reader.notes)
        if self.table.places is None:
            self._read_coordinates()
        else:
            self.lats = [place.lat for place in self.table.places]
            self.lngs = [place.lng for place in self.table.places]
            self.reach = [place.uncertainty_km for place in self.table.places]

    def words(self, name: str) -> list[str]:
        """Return the cells of a field; empty ones when no column holds it."""
        return self.table.words(self.chosen.get(name))

    def _read_coordinates(self) -> None:
        """Read latitude and longitude, with decimal commas, and the other way round where that is plain to see."""
        columns = [self.words("lat"), self.words("lng")]
        if any("," in word for words in columns for word in words):
            self.notes.append("Coordinates are read with a decimal comma.")
            columns = [[word.replace(",", ".") for word in words] for words in columns]
        lats = translated(columns[0], lambda word: decimal(word, "latitude"), self.bad)
        lngs = translated(columns[1], lambda word: decimal(word, "longitude"), self.bad)
        for index, (lat, lng) in enumerate(zip(lats, lngs, strict=True)):
            if (lat is None) is not (lng is None):
                self.bad.setdefault(index, "The row has only one of latitude and longitude.")
        given = [(lat, lng) for lat, lng in zip(lats, lngs, strict=True) if lat is not None and lng is not None]
        if given and all(abs(lat) > 90 >= abs(lng) for lat, lng in given):
            self.notes.append(
                f"“{self.chosen['lat']}” goes beyond 90 in every row, so it is swapped with “{self.chosen['lng']}”."
            )
            lats, lngs = lngs, lats
        self.lats, self.lngs, self.reach = lats, lngs, [None] * len(lats)

    def records(self, source: str) -> Iterator[Record | Problem]:
        """Yield a record or a problem for each row."""
        severities, countries = self.words("severity"), self.words("location_country")
        kept = {word: f"Severity in the file: “{word}”." if word else None for word in set(severities)}
        code_of = {word: alpha2(word) for word in set(countries)}
        states = translated(self.words("status"), status, self.bad)
        cells = zip(
            self.table.numbers,
            self._ids(),
            self.words("title"),
            self.words("description"),
            self.words("threat_type"),
            self.words("location"),
            self.words("url"),
            map(code_of.__getitem__, countries),
            countries,
            map(kept.__getitem__, severities),
            strict=True,
        )
        values = zip(self.severities, states, self.lats, self.lngs, self.reach, *self.times, strict=True)
        for index, (cell, value) in enumerate(zip(cells, values, strict=True)):
            row, external_id, title, description, threat_type, location, url, code, country, rationale = cell
            severity, state, lat, lng, reach, observed_at, expires_at, source_updated_at = value
            if country and not code:
                location = f"{location}, {country}" if location else country
            title = title or _title(threat_type, location, lat, lng)
            if index in self.bad or not title:
                yield Problem(row, self.bad.get(index, "The row has neither a title nor a type nor a place."))
                continue
            yield Record(
                row=row,
                source=source,
                external_id=external_id,
                title=title,
                severity=severity,
                status=state,
                description=description or None,
                threat_type=threat_type or None,
                threat_rationale=rationale,
                location=location or None,
                location_country=code,
                lat=lat,
                lng=lng,
                location_precision_level=precision(reach),
                location_uncertainty_km=reach,
                observed_at=observed_at,
                expires_at=expires_at,
                source_updated_at=source_updated_at,
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
                yield digest([*[cells[i] for i in order], *map(repr, where)])


def _title(threat_type: str, location: str, lat: float | None, lng: float | None) -> str:
    if location:
        return f"{threat_type}: {location}" if threat_type else location
    if lat is not None and lng is not None:
        return f"{threat_type or 'Report'} at {lat:.3f}, {lng:.3f}"
    return threat_type


def translated(words: Sequence[str], read: Callable[[str], T], bad: dict[int, str]) -> list[T]:
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
