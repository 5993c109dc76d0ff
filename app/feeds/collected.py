"""Things with a place and loose properties, of whatever file, collected into one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.errors import Unreadable
from app.feeds.geometry import Place
from app.feeds.record import LeftOut, Problem
from app.feeds.table import Table

MAX_PROPERTIES = 500
"""Different names of properties in one file."""


@dataclass(slots=True)
class Collected:
    """Rows as they are found: `add` one with its number in the file, its words by name, its place, its id or "".

    `told` is the part of the file that tells of it.
    """

    numbers: list[int] = field(default_factory=list)
    properties: list[Mapping[str, str]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    told: list[object] = field(default_factory=list)
    others: list[Problem | LeftOut] = field(default_factory=list)

    def add(self, number: int, properties: Mapping[str, str], place: Place, own_id: str, told: object) -> None:
        """Add a row."""
        self.numbers.append(number)
        self.properties.append(properties)
        self.places.append(place)
        self.ids.append(own_id)
        self.told.append(told)

    def table(self, notes: Iterable[str], *, ids_are_kept: bool) -> Table:
        """Return all as a table, with a column for each name of a property in the order of their first occurrence.

        Ids are used if every row has one of its own, or in any case where `ids_are_kept`. Raises Unreadable for more than
        MAX_PROPERTIES different names.
        """
        names = list(dict.fromkeys(name for words in self.properties for name in words))
        if len(names) > MAX_PROPERTIES:
            raise Unreadable(f"The features have {len(names):,} different properties; at most {MAX_PROPERTIES} can be read.")
        are_good = bool(self.ids) and all(self.ids) and len(set(self.ids)) == len(self.ids)
        return Table(
            names=names,
            numbers=self.numbers,
            cells=[tuple(words.get(name, "") for name in names) for words in self.properties],
            places=self.places,
            ids=self.ids if ids_are_kept or are_good else None,
            told=self.told,
            problems=self.others,
            notes=list(notes),
        )


def without_place(columns: Mapping[str, str] | None, what: str) -> Mapping[str, str] | None:
    """Return the choice of columns. Raises Unreadable when it names some for coordinates, which stand elsewhere."""
    if columns and (columns.get("lat") or columns.get("lng")):
        raise Unreadable(f"{what} has its coordinates in the geometry; they can't be read from a property.")
    return columns
