"""Lists: the strict reading of their parameters, their order, and their pages.

A parameter is declared once, with its kind; pages, API and OpenAPI document are made from the declaration.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
import sqlalchemy as sa

from app.db import EPOCH, Ranked, Utc
from app.errors import Faults, Unreadable
from app.geo.box import Box
from app.service import rules
from app.terms import Severity

T = TypeVar("T")

LIMIT_MAX = 200
LIMIT_DEFAULT = 50
OFFSET_MAX = 10_000_000
SEARCH_MAX = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of parameter: how its text is read, and what an API document says of it."""

    read: Callable[[str, str, Faults], Any]
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a list. A repeatable one gathers its values into a tuple."""

    name: str
    kind: Kind
    meaning: str
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list: its items, the true total of the list, and where the next page begins, if there is one.

    `passed` is how many come before the first, None where that was not counted.
    """

    items: list[T]
    total: int
    next_cursor: str | None
    passed: int | None = None


def one_of(terms: type[StrEnum]) -> Kind:
    """Return the kind for a member of an enumeration."""
    return Kind(lambda value, field, faults: rules.term(value, terms, field, faults), {"enum": list(terms)})


def whole(low: int, high: int) -> Kind:
    """Return the kind for a whole number within bounds."""

    def read(value: str, field: str, faults: Faults) -> int | None:
        if value.isascii() and value.isdigit() and len(value) <= 12 and low <= int(value) <= high:
            return int(value)
        faults.add(field, "field_invalid", f"Give a whole number from {low:,} to {high:,}.")
        return None

    return Kind(read, {"type": "integer", "minimum": low, "maximum": high})


def words(maximum: int) -> Kind:
    """Return the kind for text."""

    def read(value: str, field: str, faults: Faults) -> str | None:
        return rules.text(value, field, faults, maximum=maximum, required="Give some text or leave this out.")

    return Kind(read, {"type": "string", "minLength": 1, "maxLength": maximum, "pattern": rules.FIT_AND_NOT_BLANK})


def _read_flag(value: str, field: str, faults: Faults) -> bool | None:
    if value in {"true", "false"}:
        return value == "true"
    faults.add(field, "field_invalid", "Give true or false.")
    return None


def _read_country(value: str, field: str, faults: Faults) -> str | None:
    return rules.country(value, field, faults)


def _read_box(value: str, field: str, faults: Faults) -> Box | None:
    try:
        return Box.parse(value)
    except ValueError as error:
        faults.add(field, "field_invalid", str(error))
        return None


MOMENT = Kind(rules.moment, {"type": "string", "format": "date-time"})
ID = Kind(rules.identifier, {"type": "string", "format": "uuid"})
FLAG = Kind(_read_flag, {"type": "boolean"})
COUNTRY = Kind(_read_country, {"type": "string", "pattern": "^[A-Z]{2}$"})
BOX = Kind(_read_box, {"type": "string", "examples": ["3.2,6.3,3.6,6.6"]})
CURSOR = Kind(lambda value, _field, _faults: value, {"type": "string", "minLength": 1})

PAGING: tuple[Param, ...] = (
    Param("limit", whole(1, LIMIT_MAX), f"How many at most; {LIMIT_DEFAULT} if not given."),
    Param("offset", whole(0, OFFSET_MAX), "How many to pass over. For deep pages a cursor is faster."),
    Param("cursor", CURSOR, "Where to go on, as an earlier answer gave it. Not together with offset."),
)


def read(params: Sequence[Param], pairs: Iterable[tuple[str, str]], faults: Faults, at: str = "") -> dict[str, Any]:
    """Read a query strictly: each value by its kind, unknown names and repeated single values refused.

    Names that were not given are absent from the answer. `at` goes before each name in a fault. Raises
    Unreadable for a repeated single-valued parameter.
    """
    known = {param.name: param for param in params}
    values: dict[str, Any] = {}
    for name, text in pairs:
        param = known.get(name)
        if param is None:
            rules.unknown(name, known, at + name, faults)
        elif param.repeatable:
            values[name] = (*values.get(name, ()), param.kind.read(text, at + name, faults))
        elif name in values:
            raise Unreadable(f"The parameter {name} is given twice.")
        else:
            values[name] = param.kind.read(text, at + name, faults)
    if "cursor" in values and "offset" in values:
        faults.add("cursor", "field_invalid", "Give cursor or offset, not both.")
    return values


@dataclass(frozen=True, slots=True)
class Sorting:
    """The orders a list can have: names to columns, newest or greatest first with a minus. A unique id always comes last."""

    columns: dict[str, Any]
    id_column: Any
    default: str

    @property
    def kind(self) -> Kind:
        """Return the kind of the `sort` parameter."""
        names = [sign + name for name in self.columns for sign in ("", "-")]

        def read_sort(value: str, field: str, faults: Faults) -> str | None:
            if value in names:
                return value
            faults.add(field, "field_invalid", f"Choose one of: {', '.join(names)}.")
            return None

        return Kind(read_sort, {"enum": names, "default": self.default})

    def order(self, sort: str) -> list[Any]:
        """Return the ORDER BY terms. Absent values come last when descending and first when ascending, on both engines."""
        column = self.columns[sort.lstrip("-")]
        if sort.startswith("-"):
            return [column.desc().nulls_last(), self.id_column.desc()]
        return [column.asc().nulls_first(), self.id_column.asc()]

    def cursor(self, sort: str, row: Any) -> str:
        """Return the opaque text that stands for the place after `row`."""
        value = getattr(row, self.columns[sort.lstrip("-")].key)
        if isinstance(value, datetime):
            value = (value - EPOCH) // timedelta(milliseconds=1)
        elif isinstance(value, Severity):
            value = value.rank
        place = orjson.dumps([sort, value, getattr(row, self.id_column.key).hex])
        return base64.urlsafe_b64encode(place).rstrip(b"=").decode()

    def place(self, sort: str, cursor: str, faults: Faults) -> tuple[Any, UUID] | None:
        """Return the value and the id that a cursor stands for; one of another order or not of ours is a fault."""
        column = self.columns[sort.lstrip("-")]
        try:
            place = orjson.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
            made_for, value, hexes = place
            if made_for != sort:
                raise ValueError
            return None if value is None else self._comparable(column, value), UUID(hex=hexes)
        except (ValueError, TypeError, AttributeError, OverflowError, IndexError, binascii.Error):
            faults.add("cursor", "field_invalid", "This cursor is not one of this list in this order.")
            return None

    def after(self, sort: str, place: tuple[Any, UUID]) -> sa.ColumnElement[bool]:
        """Return the condition for the rows after a place."""
        column = self.columns[sort.lstrip("-")]
        value, last_id = place
        if sort.startswith("-"):
            if value is None:
                return sa.and_(column.is_(None), self.id_column < last_id)
            return sa.or_(column < value, sa.and_(column == value, self.id_column < last_id), column.is_(None))
        if value is None:
            return sa.or_(column.is_not(None), self.id_column > last_id)
        return sa.or_(column > value, sa.and_(column == value, self.id_column > last_id))

    @staticmethod
    def _comparable(column: Any, value: Any) -> Any:
        if isinstance(column.type, Utc):
            return EPOCH + timedelta(milliseconds=value)
        if isinstance(column.type, Ranked):
            return list(Severity)[value]
        if not isinstance(value, str) or rules.UNFIT.search(value):
            raise TypeError
        return value


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list is asked for. `after` is the value and id of the last row of the page before."""

    sort: str
    limit: int
    offset: int
    after: tuple[Any, UUID] | None


def paging(sorting: Sorting, values: dict[str, Any], faults: Faults) -> Paging:
    """Return the page that the parameters in `values` ask for. Raises Invalid with all faults of the query."""
    sort = values.get("sort") or sorting.default
    after = sorting.place(sort, values["cursor"], faults) if "cursor" in values else None
    faults.raise_if_any()
    return Paging(sort, values.get("limit") or LIMIT_DEFAULT, values.get("offset") or 0, after)


def paged(statement: sa.Select[Any], sorting: Sorting, page: Paging) -> sa.Select[Any]:
    """Order and cut a statement to a page, and one row more, which tells whether there is a next one."""
    if page.after is not None:
        statement = statement.where(sorting.after(page.sort, page.after))
    return statement.order_by(*sorting.order(page.sort)).limit(page.limit + 1).offset(page.offset)
