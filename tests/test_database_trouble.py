"""A database in trouble: a clear 503 by JSON and by page, nothing half-written, and well again once the trouble is over."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.db import db
from tests import make


@pytest.fixture
def key(app):
    return make.key(app, make.actor(app))


@contextmanager
def another_writer(app: Flask):
    """Hold what a writer needs: SQLite's write lock, or PostgreSQL's lock on the table."""
    with app.app_context():
        engine = db.engine
    with engine.connect().execution_options(writes=True) as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("SELECT 1")
        else:
            connection.exec_driver_sql("LOCK TABLE incident IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def test_a_locked_database_is_a_503_and_nothing_is_lost(app, client, key):
    client.get("/v1/incidents", headers=key)
    with another_writer(app):
        response = client.post("/v1/incidents", headers=key, json={"title": "Waiting"})
        assert response.status_code == 503
        assert response.json["error"]["code"] == "unavailable"
        assert response.json["error"]["message"] == "The database is busy: another write is taking too long. Try again."
        assert response.json["error"]["retryable"] is True
    assert client.post("/v1/incidents", headers=key, json={"title": "Waiting"}).status_code == 201
    assert client.get("/v1/incidents", headers=key).json["total"] == 1


def test_a_full_disk_is_a_503_and_nothing_is_half_written(app, client, key, engine_name):
    if engine_name != "sqlite":
        pytest.skip("a full disk can only be simulated on SQLite, by a limit on the pages")
    make.put_threats(app, make.actor(app), 1000)
    with app.app_context():
        engine = db.engine
    with engine.connect() as connection:
        connection.connection.driver_connection.execute("VACUUM")  # no room left over from what was deleted
    ids = [threat["id"] for threat in client.get("/v1/threats?limit=200", headers=key).json["threats"]]

    def limit(connection, _record, _proxy):
        connection.execute("PRAGMA max_page_count=1")  # SQLite then takes the present size as the limit

    def unlimit(connection, _record, _proxy):
        connection.execute("PRAGMA max_page_count=4294967294")

    sa.event.listen(engine, "checkout", limit)
    try:
        body = {"title": "Full", "description": "x" * 10_000, "threat_ids": ids}
        codes = {client.post("/v1/incidents", headers=key, json=body).status_code for _ in range(30)}
    finally:
        sa.event.remove(engine, "checkout", limit)
        sa.event.listen(engine, "checkout", unlimit)
    assert 503 in codes
    assert codes <= {201, 503}
    listed = client.get("/v1/incidents?limit=200", headers=key).json["incidents"]
    assert all(incident["threat_link_count"] == 200 for incident in listed)
    assert all(len(incident["threat_links"]) == 100 for incident in listed)
    assert client.post("/v1/incidents", headers=key, json=body).status_code == 201
    sa.event.remove(engine, "checkout", unlimit)


def test_a_read_only_database_still_reads(app, client, key, engine_name):
    make.incident(app, make.actor(app), make.put_threats(app, make.actor(app), 2))
    with app.app_context():
        engine = db.engine
    read_only = "PRAGMA query_only=ON" if engine_name == "sqlite" else "SET default_transaction_read_only = on"
    writable = "PRAGMA query_only=OFF" if engine_name == "sqlite" else "SET default_transaction_read_only = off"

    def protect(connection, _record, _proxy):
        connection.execute(read_only)
        if engine_name == "postgresql":
            connection.commit()

    sa.event.listen(engine, "checkout", protect)
    try:
        assert client.get("/v1/incidents", headers=key).json["total"] == 1
        response = client.post("/v1/incidents", headers=key, json={"title": "No"})
        assert response.status_code == 503
        assert response.json["error"]["message"] == "The database is read-only."
    finally:
        sa.event.remove(engine, "checkout", protect)
        with engine.connect() as connection:
            connection.exec_driver_sql(writable)
            connection.commit()
        engine.dispose()


def test_an_empty_database_says_what_to_do(tmp_path):
    app = create_app(DATA_DIR=tmp_path)
    response = app.test_client().get("/v1/incidents", headers={"X-API-Key": make_believe_key()})
    assert response.status_code == 503
    assert response.json["error"]["message"] == "The database has an old or empty schema. Run: cordon db upgrade"
    page = app.test_client().get("/enter?token=x")
    assert page.status_code == 503
    assert "cordon db upgrade" in page.text
    assert "Traceback" not in page.text


def test_a_file_that_is_no_database_is_a_503(tmp_path):
    (tmp_path / "cordon.db").write_bytes(b"This is not a database at all. " * 100)
    response = create_app(DATA_DIR=tmp_path).test_client().get("/enter?token=x")
    assert response.status_code == 503
    assert "damaged or is not a database" in response.text


def test_a_postgresql_that_is_down_is_a_503(tmp_path):
    app = create_app(DATA_DIR=tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    response = app.test_client().get("/v1/incidents", headers={"X-API-Key": make_believe_key()})
    assert response.status_code == 503
    assert response.json["error"]["message"] == "The database does not answer."


def make_believe_key() -> str:
    from app.service.keys import checksum

    body = "cordon_" + "0" * 51
    return body + checksum(body)
