"""Is this installation well? What is looked at, what was found, and how to mend it."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.db import db, explain, sqlite_is_safe, sqlite_module
from app.models import Person

MIGRATIONS = Path(__file__).parents[1] / "migrations"
FREE_MIN = 500 * 1024 * 1024
MEND_SCHEMA = "Run: cordon db upgrade"
MEND_PEOPLE = "cordon user add you@example.org --role admin --link"


class Schema(StrEnum):
    """How the schema of the database stands to this version of Cordon."""

    CURRENT = "up to date"
    EMPTY = "not made yet"
    OLD = "older than this Cordon"
    NEWER = "of a newer Cordon than this one"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `mend` says what to do about it, where it is not well."""

    name: str
    ok: bool
    finding: str
    mend: str = ""


def schema() -> Schema:
    """Compare the revision that the database is at with the newest migration. Raises the driver's error if it can't."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    with db.engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        return Schema.EMPTY
    if revision == scripts.get_current_head():
        return Schema.CURRENT
    known = {script.revision for script in scripts.walk_revisions()}
    return Schema.OLD if revision in known else Schema.NEWER


def people_count() -> int:
    """Return how many people can sign in, in all tenants. Raises the driver's error."""
    with db.engine.connect() as connection:
        active = sa.select(sa.func.count()).select_from(Person).where(Person.active.is_(True))
        return connection.scalar(active) or 0


def checks(settings: Mapping[str, Any]) -> list[Check]:
    """Look at the data folder, the secret key and the database, in that order."""
    folder: Path = settings["DATA_DIR"]
    return [*_folder_checks(folder), _secret(folder / "secret-key", settings["SECRET_KEY"]), *_database_checks()]


def _folder_checks(folder: Path) -> Iterator[Check]:
    try:
        with tempfile.TemporaryFile(dir=folder):
            yield Check("data folder", True, f"{folder} can be written to.")
    except OSError as error:
        mend = "Let this user write to it, or set CORDON_DATA_DIR to another folder."
        yield Check("data folder", False, f"{folder} can't be written to: {error.strerror}.", mend)
        return
    free = shutil.disk_usage(folder).free
    found = f"{free / 1024**3:,.1f} GB are free."
    yield Check("disk space", free >= FREE_MIN, found, f"Free some space; keep {FREE_MIN // 1024**2:,} MB at least.")


def _secret(path: Path, value: str) -> Check:
    if not path.exists() or path.read_text().strip() != value:
        long_enough = len(value) >= 32
        return Check(
            "secret key",
            long_enough,
            f"CORDON_SECRET_KEY is set, {len(value)} characters long.",
            "Use 32 random characters or more.",
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Check("secret key", False, f"Others can read {path} (mode {mode:o}).", f"Run: chmod 600 {path}")
    return Check("secret key", True, f"Only its owner can read {path}.")


def _database_checks() -> Iterator[Check]:
    url = db.engine.url
    if url.get_backend_name() == "sqlite" and url.database and not _is_there(url.database):
        yield Check("database", False, f"The file {url.database} does not exist yet.", MEND_SCHEMA)
        return
    try:
        with db.engine.connect() as connection:
            yield from _sqlite_checks(connection) if url.get_backend_name() == "sqlite" else _server_checks(connection)
        state = schema()
        mend = "Install the newer Cordon again." if state is Schema.NEWER else MEND_SCHEMA
        yield Check("schema", state is Schema.CURRENT, f"The schema is {state}.", mend)
        if state is Schema.CURRENT:
            count = people_count()
            found = f"{count:,} {'person' if count == 1 else 'people'} can sign in."
            yield Check("people", count > 0, found, f"Run: {MEND_PEOPLE}")
    except sa.exc.DBAPIError as error:
        mend = "See that PostgreSQL runs and that CORDON_DATABASE_URL is right."
        if url.get_backend_name() == "sqlite":
            mend = f"Let this user read and write {url.database}, or restore the last backup if the file is damaged."
        yield Check("database", False, str(explain(error)), mend)


def _is_there(database: str) -> bool:
    """Say whether the file is there; opening it would make it. A URI (`file:...`) is left to SQLite."""
    return database.startswith(("file:", ":memory:")) or Path(database).exists()


def _sqlite_checks(connection: sa.Connection) -> Iterator[Check]:
    def pragma(name: str) -> str:
        return str(connection.exec_driver_sql(f"PRAGMA {name}").scalar())

    version = sqlite_module().sqlite_version
    yield Check("database", True, f"SQLite answers from {connection.engine.url.database}.")
    mend = "Install pysqlite3, which brings a safe one; until then the slower rollback journal is used."
    yield Check("SQLite version", sqlite_is_safe(), f"SQLite is {version}.", mend)
    with connection.engine.connect().execution_options(writes=True) as writer:
        # A file that is locked or read-only refuses this, which the caller reports; nothing is committed.
        writer.exec_driver_sql(f"PRAGMA user_version={pragma('user_version')}")
        yield Check("writing", True, "The database can be written to.")
    journal, expected = pragma("journal_mode"), "wal" if sqlite_is_safe() else "delete"
    mend = "Let this user write to the database's folder; write-ahead logs do not work on network drives."
    yield Check("journal", journal == expected, f"The journal mode is {journal}.", mend)
    flushed = pragma("synchronous") == "2"
    found = "Each write is flushed to the disk." if flushed else "Writes are not flushed to the disk at once."
    yield Check("durability", flushed, found, "Report this: it is set with every connection.")
    broken = pragma("quick_check")
    found = "The database file is whole." if broken == "ok" else f"The database file is damaged: {broken}."
    yield Check("integrity", broken == "ok", found, "Stop the server and restore the last backup.")


def _server_checks(connection: sa.Connection) -> Iterator[Check]:
    version = connection.exec_driver_sql("SHOW server_version").scalar()
    yield Check("database", True, f"PostgreSQL {version} answers.")
    locked = connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"
    found = "The database can be read only." if locked else "The database can be written to."
    yield Check("writing", not locked, found, "Point CORDON_DATABASE_URL at the primary server.")
