"""What `cordon doctor` finds, thing by thing, and how it says to mend it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.db import db
from app.service import health
from app.service.health import Check, Schema
from tests import make

SECRET = "0123456789abcdef" * 2


def looked_at(settings: dict[str, Any]) -> dict[str, Check]:
    """Return what was found, by name; the last of a name, for a database that answered at first."""
    return {check.name: check for check in health.checks(settings)}


def found_in(folder: Path, **settings: Any) -> dict[str, Check]:
    app = create_app(DATA_DIR=folder, **settings)
    with app.app_context():
        try:
            return looked_at(app.config)
        finally:
            db.engine.dispose()


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    """A folder with an SQLite file of the current schema and its key."""
    app = create_app(DATA_DIR=tmp_path)
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()
    return tmp_path


def test_a_good_installation_is_well_once_somebody_can_sign_in(app: Flask, engine_name: str):
    with app.app_context():
        found = looked_at(app.config)
    assert [check for check in found.values() if not check.ok] == [
        Check("people", False, "0 people can sign in.", "Run: cordon user add you@example.org --role admin --link")
    ]
    assert found["schema"].finding == "The schema is up to date."
    assert found["writing"].finding == "The database can be written to."
    answers = {"sqlite": f"SQLite answers from {app.config['DATA_DIR'] / 'cordon.db'}.", "postgresql": "PostgreSQL 1"}
    assert found["database"].finding.startswith(answers[engine_name])
    sqlite_only = {"SQLite version", "journal", "durability", "integrity"}
    assert set(found) & sqlite_only == (sqlite_only if engine_name == "sqlite" else set())
    make.person(app)
    with app.app_context():
        found = looked_at(app.config)
        assert found["people"].finding == "1 person can sign in."
        assert health.people_count() == 1
    assert all(check.ok for check in found.values())


@pytest.mark.parametrize(
    ("revision", "state", "mend"),
    [
        (None, Schema.EMPTY, "Run: cordon db upgrade"),
        ("0001", Schema.OLD, "Run: cordon db upgrade"),
        ("later", Schema.NEWER, "Install the newer Cordon again."),
    ],
)
def test_a_schema_of_another_version_is_told_and_nobody_is_counted_in_it(app: Flask, revision, state, mend):
    def put_down(connection: sa.Connection, written: str | None) -> None:
        connection.exec_driver_sql("DELETE FROM alembic_version")
        if written:
            connection.execute(sa.text("INSERT INTO alembic_version VALUES (:written)"), {"written": written})

    with app.app_context():
        with db.engine.begin() as connection:
            present = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
            put_down(connection, revision)
        try:
            assert health.schema() is state
            found = looked_at(app.config)
        finally:
            with db.engine.begin() as connection:
                put_down(connection, present)
        assert health.schema() is Schema.CURRENT
    assert found["schema"] == Check("schema", False, f"The schema is {state}.", mend)
    assert "people" not in found


def test_a_folder_that_can_not_be_written_to_is_told_and_its_room_is_not_asked_for(context: Flask, tmp_path: Path):
    file = tmp_path / "a file"
    file.touch()
    found = looked_at({**context.config, "DATA_DIR": file})
    assert found["data folder"].ok is False
    assert found["data folder"].finding == f"{file} can't be written to: Not a directory."
    assert "disk space" not in found


def test_a_disk_with_little_room_is_told(context: Flask, monkeypatch):
    monkeypatch.setattr(health, "FREE_MIN", 1024**5)
    found = looked_at(context.config)["disk space"]
    assert (found.ok, found.mend) == (False, "Free some space; keep 1,073,741,824 MB at least.")
    assert found.finding.endswith(" GB are free.")


@pytest.mark.parametrize(("length", "ok"), [(31, False), (32, True)])
def test_a_key_from_the_settings_is_looked_at_for_its_length(context: Flask, length: int, ok: bool):  # noqa: FBT001 - a parameter of the case
    found = looked_at({**context.config, "SECRET_KEY": "x" * length})["secret key"]
    assert found == Check(
        "secret key",
        ok,
        f"CORDON_SECRET_KEY is set, {length} characters long.",
        "Use 32 random characters or more.",
    )


def test_a_key_in_the_folder_is_for_its_owner_alone(migrated: Path):
    secret = migrated / "secret-key"
    assert found_in(migrated)["secret key"] == Check("secret key", True, f"Only its owner can read {secret}.")
    secret.chmod(0o640)
    told = Check("secret key", False, f"Others can read {secret} (mode 640).", f"Run: chmod 600 {secret}")
    assert found_in(migrated)["secret key"] == told
    assert "CORDON_SECRET_KEY is set" in found_in(migrated, SECRET_KEY=SECRET)["secret key"].finding
    secret.unlink()
    assert "CORDON_SECRET_KEY is set" in found_in(migrated, SECRET_KEY=SECRET)["secret key"].finding


def test_looking_makes_no_database(tmp_path: Path):
    found = found_in(tmp_path)
    file = tmp_path / "cordon.db"
    assert found["database"] == Check("database", False, f"The file {file} does not exist yet.", "Run: cordon db upgrade")
    assert "schema" not in found
    assert not file.exists()


def test_a_database_given_as_a_uri_is_opened_as_it_says(migrated: Path):
    file = migrated / "cordon.db"
    read_only = found_in(migrated, DATABASE_URL=f"sqlite:///file:{file}?mode=ro&uri=true")
    assert (read_only["database"].ok, read_only["database"].finding) == (False, "The database is read-only.")
    assert read_only["database"].mend.startswith("Let this user read and write file:")


def test_a_file_that_is_no_database_is_told(tmp_path: Path):
    file = tmp_path / "cordon.db"
    file.write_bytes(b"This is not a database at all. " * 100)
    found = found_in(tmp_path)["database"]
    assert found.ok is False
    assert "damaged or is not a database" in found.finding
    assert found.mend == f"Let this user read and write {file}, or restore the last backup if the file is damaged."


@pytest.mark.parametrize(
    ("kind", "name", "finding", "mend"),
    [
        ("index", "integrity", "The database file is damaged: ", "Stop the server and restore the last backup."),
        ("table", "database", "The database file is damaged.", "or restore the last backup if the file is damaged."),
    ],
)
def test_a_damaged_page_is_told(migrated: Path, kind: str, name: str, finding: str, mend: str):
    file = migrated / "cordon.db"
    where = f"SELECT rootpage FROM sqlite_master WHERE type = '{kind}' AND tbl_name = 'import_run'"
    with closing(sqlite3.connect(file)) as connection:
        [size] = connection.execute("PRAGMA page_size").fetchone()
        [page] = connection.execute(where).fetchone()
    with file.open("r+b") as data:
        data.seek((page - 1) * size)
        data.write(b"\xa5" * size)
    found = found_in(migrated)
    assert [check.name for check in found.values() if not check.ok and check.name != "people"] == [name]
    assert found[name].finding.startswith(finding)
    assert found[name].mend.endswith(mend)


def test_a_server_that_is_down_is_told(tmp_path: Path):
    found = found_in(tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")["database"]
    assert (found.ok, found.finding) == (False, "The database does not answer.")
    assert found.mend == "See that PostgreSQL runs and that CORDON_DATABASE_URL is right."


def test_a_server_that_only_reads_is_told(context: Flask, engine_name: str):
    if engine_name != "postgresql":
        pytest.skip("a read-only SQLite file is tried above")

    def protect(connection, _record, _proxy) -> None:
        connection.execute("SET default_transaction_read_only = on")
        connection.commit()

    sa.event.listen(db.engine, "checkout", protect)
    try:
        found = looked_at(context.config)["writing"]
    finally:
        sa.event.remove(db.engine, "checkout", protect)
        db.engine.dispose()
    told = Check("writing", False, "The database can be read only.", "Point CORDON_DATABASE_URL at the primary server.")
    assert found == told
