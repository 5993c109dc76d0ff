"""Tables of text, whatever file they come from, read into records column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeVar

from app.feeds import raw
from app.feeds.clock import clock_column, joined
from app.feeds.countries import alpha2
from app.feeds.degrees import coordinate, is_of, is_plain
from app.feeds.geometry import Place
from app.feeds.record import LeftOut, Problem, Record
from app.feeds.references import glides
from app.feeds.times import time_reader
from app.feeds.values import BadRow, digest, precision
from app.feeds.words import severity_reader, status
from app.terms import Severity

T = TypeVar("T")
TIMES = ("observed_at", "expires_at", "source_updated_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Trimmed cells under named columns, each row with its number in the file; all rows are as wide as `names`.

    `tags` are HXL hashtags by column, if there are any. `places`, `ids` and what of the file `told` of it come by row from
    formats that keep them beside the columns. `problems` are rows that could not become cells, or are no threats, `notes`
    what was assumed on the way.
    """

    names: Sequence[str]
    numbers: Sequence[int]
    cells: Sequence[Sequence[str]]
    tags: Sequence[str] = ()
    places: Sequence[Place] | None = None
    ids: Sequence[str] | None = None
    told: Sequence[object] | None = None
    problems: Sequence[Problem | LeftOut] = ()
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
    areas: list[dict[str, Any] | None] = field(default_factory=list)

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
            free = [column for column in self.table.names if column not in self.chosen.values()]
            if name == "observed_at" and (clock := clock_column(self.table, free, words)):
                self.notes.append(f"The times of day for “{self.chosen[name]}” are taken from “{clock}”.")
                words = joined(words, self.table.words(clock))
            reader = time_reader(words, self.chosen.get(name, ""))
            self.times.append(translated(words, reader.read, self.bad))
            self.notes.extend(reader.notes)
        if self.table.places is None:
            self._read_coordinates()
        else:
            self.lats = [place.lat for place in self.table.places]
            self.lngs = [place.lng for place in self.table.places]
            self.reach = [place.uncertainty_km for place in self.table.places]
            self.areas = [place.area for place in self.table.places]

    def words(self, name: str) -> list[str]:
        """Return the cells of a field; empty ones when no column holds it."""
        return self.table.words(self.chosen.get(name))

    def _read_coordinates(self) -> None:
        """Read latitude and longitude in every way of writing, and the other way round where that is plain to see."""
        columns = [self.words("lat"), self.words("lng")]
        if _have_letters_of(columns[0], "longitude") and _have_letters_of(columns[1], "latitude"):
            self._swap("has the letters of longitudes")
            columns.reverse()
        if any("," in word for words in columns for word in words):
            self.notes.append("Coordinates are read with a decimal comma.")
            columns = [[word.replace(",", ".") for word in words] for words in columns]
        lats = translated(columns[0], lambda word: coordinate(word, "latitude"), self.bad)
        lngs = translated(columns[1], lambda word: coordinate(word, "longitude"), self.bad)
        if not all(map(is_plain, columns[0][:1000])):
            self.notes.append("Coordinates are read as degrees, minutes and seconds where they are so written.")
        for index, (lat, lng) in enumerate(zip(lats, lngs, strict=True)):
            if (lat is None) is not (lng is None):
                self.bad.setdefault(index, "The row has only one of latitude and longitude.")
        given = [(lat, lng) for lat, lng in zip(lats, lngs, strict=True) if lat is not None and lng is not None]
        off = sum(abs(lat) > 90 for lat, _ in given)
        if off and all(abs(lng) <= 90 for _, lng in given):
            if off * 2 > len(given):
                self._swap(f"goes beyond 90 in {'every row' if off == len(given) else f'{off:,} of {len(given):,} rows'}")
                lats, lngs = lngs, lats
            else:
                self.notes.append(
                    f"“{self.chosen['lat']}” goes beyond 90 in {off:,} of {len(given):,} rows, but "
                    f"“{self.chosen['lng']}” in none: are they the wrong way round?"
                )
        self.lats, self.lngs, self.reach, self.areas = lats, lngs, [None] * len(lats), [None] * len(lats)

    def _swap(self, why: str) -> None:
        self.notes.append(f"“{self.chosen['lat']}” {why}, so it is swapped with “{self.chosen['lng']}”.")

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
            map(" ".join, self._named_glide()),
            strict=True,
        )
        told = self.table.told
        values = zip(self.severities, states, self.lats, self.lngs, self.reach, self.areas, *self.times, strict=True)
        for index, (cell, value) in enumerate(zip(cells, values, strict=True)):
            row, external_id, title, description, threat_type, location, url, code, country, rationale, numbers = cell
            severity, state, lat, lng, reach, area, observed_at, expires_at, source_updated_at = value
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
                area=area,
                observed_at=observed_at,
                expires_at=expires_at,
                source_updated_at=source_updated_at,
                url=url or None,
                references=glides(title, description, numbers),
                raw=raw.of(told[index]) if told else raw.of_cells(self.table.names, self.table.cells[index]),
            )

    def _named_glide(self) -> Iterator[tuple[str, ...]]:
        """Yield the cells of each row in columns that are named after GLIDE numbers."""
        named = [self.table.words(name) for name in self.table.names if "glide" in name.casefold()]
        return zip(*named, strict=True) if named else iter([()] * len(self.table.cells))

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


def _have_letters_of(words: Sequence[str], axis: str) -> bool:
    """Say whether the words of a column carry the letters of an axis, E and W or N and S."""
    given = [word for word in words[:1000] if word]
    return bool(given) and all(is_of(word, axis) for word in given)


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
