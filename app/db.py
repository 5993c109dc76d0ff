"""The database: engine set-up for each dialect, column types, and the one place that commits."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from numpy.typing import NDArray
from psycopg.types.array import ListBinaryDumper
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from uuid_utils import compat

from app.errors import Unavailable
from app.terms import SEVERITIES, Severity

try:
    from pysqlite3 import dbapi2 as sqlite  # SQLite 3.51.3 or later, bundled
except ImportError:  # no wheel for this platform: the library that came with Python
    sqlite = sqlite3

CHECKPOINT_PAGES = 8_000
GROWN = """SELECT relname FROM pg_class WHERE oid = ANY(CAST(:tables AS regclass[])) AND reltuples < 20000
AND pg_relation_size(oid) > 3 * relpages * CAST(current_setting('block_size') AS bigint)"""
IdList = Sequence[UUID] | NDArray[np.bytes_]  # UUIDs, or an array of their bytes (S16)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class Id(sa.types.TypeDecorator[UUID]):
    """A UUID in 16 bytes: `uuid` on PostgreSQL, a blob on SQLite, whose bytes sort as the UUIDs do."""

    impl = sa.Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """Choose the column type."""
        return dialect.type_descriptor(sa.Uuid() if dialect.name == "postgresql" else sa.LargeBinary(16))

    def process_bind_param(self, value: UUID | None, dialect: sa.Dialect) -> Any:
        """Write a UUID."""
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> UUID | None:
        """Read a UUID."""
        return value if value is None or isinstance(value, UUID) else UUID(bytes=value)


class Utc(sa.types.TypeDecorator[datetime]):
    """An aware time in UTC with milliseconds: `timestamptz` on PostgreSQL, milliseconds since 1970 on SQLite."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """Choose the column type."""
        return dialect.type_descriptor(sa.DateTime(timezone=True) if dialect.name == "postgresql" else sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Write a time, cut to milliseconds on both engines so that both read back the same."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return value.replace(microsecond=value.microsecond // 1000 * 1000) if value.microsecond % 1000 else value
        return (value - EPOCH) // MILLISECOND

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Read a time, in UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if isinstance(value, datetime) else EPOCH + value * MILLISECOND


class Ranked(sa.types.TypeDecorator[Severity]):
    """A severity stored as its rank, 0 to 4, so that the database sorts it."""

    impl = sa.SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Severity | None, dialect: sa.Dialect) -> int | None:
        """Write the rank."""
        return None if value is None else value.rank

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Severity | None:
        """Read the rank."""
        return None if value is None else SEVERITIES[value]


def choice(terms: type[StrEnum], name: str) -> sa.Enum:
    """Return a column type for an enumeration, kept as its text with a named check that both engines enforce."""
    return sa.Enum(
        terms,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=20,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """What every table shares: constraint names that are the same on both engines, and the types above."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {UUID: Id, datetime: Utc, Severity: Ranked, dict[str, Any]: sa.JSON, list[Any]: sa.JSON}


db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False, "autoflush": False})


def new_id() -> UUID:
    """Return a UUID of version 7. Ids of one process ascend, also within a millisecond."""
    return compat.uuid7()


def now() -> datetime:
    """Return the present time in UTC, cut to milliseconds as the database keeps it."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def engine_url(url: str | Path) -> str:
    """Return SQLAlchemy's address of an SQLite file, or of PostgreSQL, naming the driver that people leave out."""
    if isinstance(url, Path):
        return sa.URL.create("sqlite", database=str(url)).render_as_string()
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


def engine_options(url: str, busy_timeout_ms: int) -> dict[str, Any]:
    """Return the arguments of `create_engine` for the dialect of this address."""
    if url.startswith("sqlite"):
        return {
            "module": sqlite,
            "connect_args": {"timeout": busy_timeout_ms / 1000, "check_same_thread": False},
            "hide_parameters": True,
            "pool_size": 20,
            "max_overflow": -1,  # a thread holds two at most, and the number of threads is a setting
        }
    return {
        "pool_pre_ping": True,
        "hide_parameters": True,
        "pool_size": 8,
        "max_overflow": -1,
        "connect_args": {
            "connect_timeout": 5,
            # Statements are planned for the ids they are given: a plan for lists of any length would compare them one by one.
            "prepare_threshold": None,
            "options": f"-c timezone=UTC -c lock_timeout={busy_timeout_ms}",
        },
    }


def sqlite_is_safe(version: tuple[int, ...] | None = None) -> bool:
    """Say whether this SQLite's write-ahead log is free of the corruption bug of 3.7.0 to 3.51.2 (sqlite.org/wal.html)."""
    version = version or sqlite.sqlite_version_info
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)


def prepare(engine: sa.Engine, busy_timeout_ms: int) -> None:
    """Set up the connections and transactions of an engine."""
    if engine.dialect.name != "sqlite":

        @sa.event.listens_for(engine, "connect")
        def on_connect_elsewhere(connection: Any, _record: Any) -> None:
            # 10,000 ids take 4 ms to send in binary, 30 ms as text.
            connection.adapters.register_dumper(list, ListBinaryDumper)

        @sa.event.listens_for(engine, "begin")
        def on_begin_elsewhere(connection: sa.Connection) -> None:
            if not connection.get_execution_options().get("waits", True):
                connection.exec_driver_sql("SET LOCAL lock_timeout = 1")

        return

    @sa.event.listens_for(engine, "connect")
    def on_connect(connection: Any, record: Any) -> None:
        record.info["timeout"] = busy_timeout_ms
        connection.isolation_level = None  # we begin transactions ourselves, below
        journal = "WAL" if sqlite_is_safe() else "DELETE"
        for pragma in (
            f"journal_mode={journal}",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"wal_autocheckpoint={CHECKPOINT_PAGES}",
            "cache_size=-32000",
        ):
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own knows only the letters of ASCII; searching is to find É by é.
        connection.create_function("lower", 1, lambda text: text if text is None else str(text).lower(), deterministic=True)

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        # A transaction that reads first and writes later can be refused half-way when another one wrote in between;
        # one that will write therefore takes its place in the queue at once.
        options = connection.get_execution_options()
        timeout = busy_timeout_ms if options.get("waits", True) else 0
        if connection.info.get("timeout") != timeout:
            driver: Any = connection.connection.driver_connection
            driver.execute(f"PRAGMA busy_timeout={timeout}")
            connection.info["timeout"] = timeout
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


@contextmanager
def transaction(*, wait: bool = True) -> Iterator[Session]:
    """Run the block as one writing transaction: all of it is kept, or, after any exception, none.

    Reads of this session that came before are ended first, so that the block sees the present state. Within another
    transaction the block is a part of that one, which alone commits. Without `wait`, a database that another is writing to is
    an error at once.
    """
    session = db.session()
    if session.info.get("writing"):
        yield session
        return
    session.commit()
    session.info["writing"] = True
    try:
        session.connection(execution_options={"writes": True, "waits": wait})
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["writing"] = False


def release() -> None:
    """Give back the session and close all connections, before the process is copied."""
    db.session.remove()
    db.engine.dispose()


def refresh_statistics(*tables: str, if_small: bool = False) -> None:
    """Have PostgreSQL look at these tables anew after many rows came in, in a transaction of its own.

    With `if_small`, only those taken for small that have tripled since: it then plans by any index, also for checks of foreign
    keys, and filling takes time with the square of the rows. It is a help, so its failure is none of the work before it. SQLite
    is left alone: statistics of yesterday's sizes would lead it astray.
    """
    session = db.session()
    if session.get_bind().dialect.name != "postgresql":
        return
    looked_at = list(session.scalars(sa.text(GROWN), {"tables": list(tables)})) if if_small else tables
    try:
        with transaction():
            session.execute(sa.text(f"ANALYZE {', '.join(looked_at)}" if looked_at else "SELECT 1"))
    except sa.exc.DBAPIError:
        session.rollback()


def given_ids(*lists: IdList) -> sa.FromClause:
    """Return equally long lists of ids as rows, in order, for a join or an `INSERT ... SELECT`.

    Columns: `position` from 0, then `id0`, `id1` ... one per list. One statement with one parameter per list, of any length.
    """
    names = [f"id{i}" for i in range(len(lists))]
    if db.engine.dialect.name == "postgresql":
        rows = sa.func.unnest(*map(_array, lists)).table_valued(
            *(sa.column(name, sa.Uuid()) for name in names), with_ordinality="position", name="given"
        )
        derived = rows.render_derived()
        return sa.select((derived.c.position - 1).label("position"), *(derived.c[name] for name in names)).subquery("given")
    columns = ", ".join(f"substr(:{name}, 16 * position + 1, 16) AS {name}" for name in names)
    statement = sa.text(
        "WITH RECURSIVE counter(position) AS (SELECT 0 WHERE :size > 0"
        " UNION ALL SELECT position + 1 FROM counter WHERE position + 1 < :size)"
        f" SELECT position, {columns} FROM counter"
    )
    blobs = (b"".join(i.bytes for i in ids) if isinstance(ids, Sequence) else ids.tobytes() for ids in lists)
    typed = statement.bindparams(size=len(lists[0]), **dict(zip(names, blobs, strict=True))).columns(
        sa.column("position", sa.Integer), *(sa.column(name, Id()) for name in names)
    )
    return typed.subquery("given")


def _array(ids: IdList) -> sa.BindParameter[Any]:
    uuids = list(ids) if isinstance(ids, Sequence) else [UUID(bytes=raw.ljust(16, b"\0")) for raw in ids.tolist()]
    return sa.bindparam(None, uuids, type_=postgresql.ARRAY(sa.Uuid()))


def among(column: sa.ColumnElement[UUID] | InstrumentedAttribute[UUID], ids: IdList) -> sa.ColumnElement[bool]:
    """Return the condition that a column is one of these ids: one parameter, and no join.

    A join with `given_ids` would be planned by statistics; by those of 10,000 rows ago PostgreSQL can compare all with all.
    """
    if db.engine.dialect.name == "postgresql":
        return column == sa.any_(_array(ids))
    return column.in_(sa.select(given_ids(ids).c.id0))


def sqlite_module() -> ModuleType:
    """Return the SQLite driver in use."""
    return sqlite  # type: ignore[no-any-return]  # pysqlite3 carries no types


BUSY = "The database is busy: another write is taking too long. Try again."
OLD_SCHEMA = "The database has an old or empty schema. Run: cordon db upgrade"
# Signs of a failure: PostgreSQL's SQLSTATE, or words of SQLite's message.
SIGNS = (
    ("55P03", BUSY),
    ("40P01", BUSY),
    ("database is locked", BUSY),
    ("25006", "The database is read-only."),
    ("readonly database", "The database is read-only."),
    ("53100", "The database's disk is full."),
    ("database or disk is full", "The database's disk is full."),
    ("unable to open database", "The database file can't be opened."),
    ("file is not a database", "The database file is damaged or is not a database."),
    ("disk image is malformed", "The database file is damaged."),
    ("42P01", OLD_SCHEMA),
    ("42703", OLD_SCHEMA),
    ("no such table", OLD_SCHEMA),
    ("no such column", OLD_SCHEMA),
    ("3D000", "The database does not exist."),
    ("28", "The database refused the user name or password."),
)


def explain(error: sa.exc.DBAPIError) -> Unavailable:
    """Put a database failure into plain words, without the statement or any value of it."""
    state = getattr(error.orig, "sqlstate", None) or ""
    text = str(error.orig)
    for sign, words in SIGNS:
        if (state and state.startswith(sign)) or (not state and sign in text):
            return Unavailable(words)
    if isinstance(error, sa.exc.IntegrityError | sa.exc.DataError):
        return Unavailable("The database refused this as against its rules; nothing was written.")
    return Unavailable("The database does not answer.")
