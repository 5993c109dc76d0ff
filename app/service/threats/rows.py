"""Adding many rows of a table at once: by COPY on PostgreSQL, by one prepared statement on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa

from app.db import Base, db


def add(model: type[Base], columns: Mapping[str, Sequence[Any]], **shared: Any) -> None:
    """Add rows, given by column as lists of one length; `shared` are values that all of them have. None is the same as absent."""
    count = len(next(iter(columns.values())))
    if not count:
        return
    connection = db.session.connection()
    cells: dict[str, Any] = {}
    for name, values in columns.items():
        if values.count(None) < count:
            write = _writer(model, name, connection.dialect)
            cells[name] = map(write, values) if write else values
    for name, value in shared.items():
        if value is not None:
            write = _writer(model, name, connection.dialect)
            cells[name] = repeat(write(value) if write else value, count)
    rows = zip(*cells.values(), strict=False)  # what is repeated has no end
    names = ", ".join(cells)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(cells))
        statement = f"INSERT INTO {model.__tablename__} ({names}) VALUES ({marks})"  # noqa: S608 - names of ours
        connection.exec_driver_sql(statement, list(rows))
        return
    statement = f"COPY {model.__tablename__} ({names}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise sa.exc.DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True) from error


def _writer(model: type[Base], name: str, dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    """Return what turns a value of this column into one that the driver takes; None where it takes it as it is."""
    kind = model.__table__.c[name].type
    if isinstance(kind, sa.JSON):
        return lambda value: None if value is None else orjson.dumps(value).decode()
    return kind.dialect_impl(dialect).bind_processor(dialect)
