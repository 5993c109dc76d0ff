"""Adding many rows of a table at once: by COPY on PostgreSQL, by one prepared statement on SQLite."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
import sqlalchemy as sa

from app.db import Base, db


def add(model: type[Base], columns: Mapping[str, Sequence[Any]], **shared: Any) -> None:
    """Add rows, given by column as lists of one length; `shared` are values that all of them have. None counts as absent."""
    count = len(next(iter(columns.values())))
    if not count:
        return
    connection = db.session.connection()
    dialect = connection.dialect
    cells: dict[str, Any] = {}
    for name, values in columns.items():
        if values.count(None) < count:
            cells[name] = _written(model, name, values, dialect)
    for name, value in shared.items():
        if value is not None:
            cells[name] = list(_written(model, name, [value], dialect)) * count
    rows = zip(*cells.values(), strict=True)
    names = ", ".join(cells)
    if dialect.name == "sqlite":
        marks = ", ".join("?" * len(cells))
        statement = f"INSERT INTO {model.__tablename__} ({names}) VALUES ({marks})"  # noqa: S608 - names of ours
        connection.exec_driver_sql(statement, list(rows))
        return
    statement = f"COPY {model.__tablename__} ({names}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor().copy(statement) as copy:
            copy.write("".join(["\t".join(row) + "\n" for row in rows]))
    except psycopg.Error as error:
        raise sa.exc.DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True) from error


def _written(model: type[Base], name: str, values: Sequence[Any], dialect: sa.Dialect) -> Iterable[Any]:
    """Return values of a column as the statement takes them: as those of the driver, or as the text of COPY."""
    kind = model.__table__.c[name].type
    process: Callable[[Any], Any] | None = _json
    if not isinstance(kind, sa.JSON):
        process = kind.dialect_impl(dialect).bind_processor(dialect)
    if process:
        values = list(map(process, values))
    return values if dialect.name == "sqlite" else [AS_TEXT.get(type(value), _other)(value) for value in values]


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _other(value: Any) -> str:
    return _escaped(str(value))


def _escaped(text: str) -> str:
    return text.translate(ESCAPES) if SPECIAL.search(text) else text


# postgresql.org/docs, COPY, "Text Format".
SPECIAL = re.compile(r"[\\\n\r\t]")
ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
AS_TEXT: dict[type, Callable[[Any], str]] = {
    type(None): lambda _value: "\\N",
    str: _escaped,
    bool: str,
    int: str,
    float: repr,
    UUID: lambda value: value.hex,
    datetime: datetime.isoformat,
}
