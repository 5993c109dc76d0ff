"""The state of a list page, which is its address: filters, order, page; and how its links are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from flask import g

from app.db import now
from app.errors import Faults
from app.service import query, visits
from app.service.query import CURSOR, FLAG, OFFSET_MAX, Param
from app.service.threats import FILTERS, SORTING
from app.web.access import actor
from app.web.reading import printable

PER_PAGE = 50
NO_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)


class Period(StrEnum):
    """How far back the desk looks."""

    HOUR = "1h"
    SIX_HOURS = "6h"
    DAY = "24h"
    TWO_DAYS = "48h"
    WEEK = "7d"
    MONTH = "30d"

    @property
    def words(self) -> str:
        """Return the period as a person says it."""
        number, unit = int(self[:-1]), {"h": "hour", "d": "day"}[self[-1]]
        return f"Last {number} {unit}s" if number > 1 else f"Last {unit}"

    @property
    def length(self) -> timedelta:
        """Return how long it is."""
        number = int(self[:-1])
        return timedelta(hours=number) if self.endswith("h") else timedelta(days=number)


PAGE = Param("page", query.whole(1, OFFSET_MAX // PER_PAGE), "The page, from 1.")
DESK_FILTERS: tuple[Param, ...] = (
    *FILTERS,
    Param("within", query.one_of(Period), "Only observed in this period up to now."),
    Param("new", FLAG, "true: only those that came in since the person's last visit."),
    Param("sort", SORTING.kind, "The order."),
)
DESK_PARAMS: tuple[Param, ...] = (*DESK_FILTERS, PAGE, Param("cursor", CURSOR, "Where the page begins."))
EVERYTHING = f"?sort={SORTING.default}"
"""A query string that narrows nothing, for where none at all would mean the person's own first view."""


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list page was asked for: as it was written (`pairs`), and as values for the service."""

    pairs: tuple[tuple[str, str], ...]
    values: dict[str, Any]
    page: int
    faults: Faults = field(default_factory=Faults)
    read_at: datetime = field(default_factory=now)

    @property
    def paging(self) -> dict[str, Any]:
        """Return the values with the page: after the cursor, if the address has one, else by its number."""
        place = {} if "cursor" in self.values else {"offset": (self.page - 1) * PER_PAGE}
        return {**self.values, **place, "limit": PER_PAGE}

    @property
    def filters(self) -> dict[str, Any]:
        """Return the values that narrow the list, without its order and page."""
        return {name: value for name, value in self.values.items() if name not in {"sort", "cursor"}}

    def texts(self, name: str) -> list[str]:
        """Return the values of a parameter as they were written, fit for a page."""
        return [printable(value) for key, value in self.pairs if key == name]

    def text(self, name: str) -> str:
        """Return the value of a parameter as it was written, or nothing."""
        return next(iter(self.texts(name)), "")

    def issue(self, name: str) -> str:
        """Return what is wrong with a parameter, or nothing."""
        return next((fault.issue for fault in self.faults if fault.field == name), "")

    def link(self, **changes: object) -> str:
        """Return the query string with some parameters replaced, or left out for None; the page starts over."""
        drop = {*changes, "page", "cursor"}
        kept = [(name, printable(value)) for name, value in self.pairs if name not in drop]
        added = [(name, str(value)) for name, value in changes.items() if value is not None]
        return f"?{urlencode(kept + added)}" if kept or added else ""

    def here(self) -> str:
        """Return the query string of this very page."""
        return self.link(page=self.page, cursor=self.text("cursor") or None) if self.page > 1 else self.link()


def read(params: Sequence[Param], pairs: Iterable[tuple[str, str]]) -> ListQuery:
    """Read the state of a list. Empty values count as not given, and times without a zone are UTC, as the fields say.

    Faults are kept in the answer: a page shows them and lists nothing. Raises Unreadable for a repeated single value.
    """
    times = ("_from", "_to")
    given = tuple((name, in_utc(value) if name.endswith(times) else value) for name, value in pairs if value != "")
    faults = Faults()
    values = query.read(params, given, faults)
    page = values.pop("page", None) or 1
    if period := values.pop("within", None):
        # From the minute on, so that map and list ask for the same within it and are answered from what is known.
        start = now().replace(second=0, microsecond=0) - period.length
        values["observed_from"] = max(start, values.get("observed_from") or start)
    if values.pop("new", None) and (ended := last_visit()):
        values["arrived_from"] = max(ended, values.get("arrived_from") or ended)
    return ListQuery(given, values, page, faults)


def last_visit() -> datetime | None:
    """Return when the person's last visit to the desk ended, None if this is their first; the present one is noted."""
    if "last_visit" not in g:
        g.last_visit = visits.last_ended(actor())
    ended: datetime | None = g.last_visit
    return ended


def only(params: Sequence[Param], pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs that belong to these parameters, out of a form that holds more."""
    names = {param.name for param in params}
    return [(name, value) for name, value in pairs if name in names]


def in_utc(value: str) -> str:
    """Return a time of a field without a zone with the one that the field's label says."""
    return f"{value}Z" if NO_ZONE.fullmatch(value) else value
