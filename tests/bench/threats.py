"""Fill a database with made-up threats: `python tests/bench/threats.py --count 1000000 --data-dir DIR` or `--database-url URL`.

The rows are those that the service would have written: threats with their first version, the acts that brought them, incidents
with their links, and the words by which threats are found. The schema is brought up to date first; the tenant must have no
threats. Indexes are dropped meanwhile and made anew from their own definitions. A run that is cut off leaves a database to be
thrown away.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import flask_migrate
import numpy as np
import psycopg
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.db import db, sqlite_module
from app.models import Activity, Incident, Threat, ThreatLink, ThreatText, ThreatVersion
from app.service import people
from app.service.threats.wording_search import TEXTS, indexed
from tests.bench.world import NEVER, Column, Rows, World, incidents

UNTIL = datetime(2026, 11, 23, tzinfo=UTC)
SEED = 2026
ACT = {"edge": "job", "actor_kind": "operator", "actor_name": "operator"}
EMPTY = {"attribution_types": "[]", "sources": "[]", "affected_assets": "[]"}
CONSTANT = {
    Threat: {**EMPTY, "status_is_set": False, "pinned": False, "version_count": 1},
    ThreatVersion: {"number": 1, "changes": "{}"},
    Incident: {"scope": "aggregate", "started_at_is_set": False, "version": 1},
}


class Sqlite:
    """Writes rows into a file as fast as SQLite takes them."""

    def __init__(self, app: Flask) -> None:
        with app.app_context():
            self._path = db.engine.url.database
            db.engine.dispose()
        self._to = sqlite_module().connect(self._path, isolation_level=None)
        for pragma in ("synchronous=OFF", "journal_mode=OFF", "locking_mode=EXCLUSIVE", "cache_size=-200000"):
            self._to.execute(f"PRAGMA {pragma}")
        self._to.execute("BEGIN")

    def set_aside(self) -> None:
        """Drop the indexes, and the triggers that keep the full-text index in step."""
        found = self._to.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
        )
        self._aside = found.fetchall()
        for kind, name, _ in self._aside:
            self._to.execute(f"DROP {kind} {name}")

    def write(self, table: str, constant: dict[str, Any], rows: Rows) -> None:
        names = ", ".join([*constant, *rows])
        values = ", ".join([literal(value) for value in constant.values()] + ["?"] * len(rows))
        columns = [self._values(column) for column in rows.values()]
        self._to.executemany(f"INSERT INTO {table} ({names}) VALUES ({values})", zip(*columns, strict=True))

    @staticmethod
    def _values(column: Column) -> list[Any]:
        values = column.values
        if column.kind == "id":
            whole = values.astype(">u8").tobytes()
            return [whole[i : i + 16] for i in range(0, len(whole), 16)]
        if column.kind == "time":
            return nulled(values.tolist(), values == NEVER)
        return nulled(values.tolist(), np.isnan(values)) if column.kind == "number" else values

    def close(self) -> None:
        for _, _, statement in self._aside:
            self._to.execute(statement)
        self._to.execute("INSERT INTO threat_words(threat_words) VALUES ('rebuild')")
        self._to.execute("COMMIT")
        self._to.execute("PRAGMA journal_mode=WAL")
        self._to.close()


class Postgresql:
    """Writes rows by COPY, without checks of foreign keys, which takes a superuser."""

    def __init__(self, app: Flask) -> None:
        self._to = psycopg.connect(app.config["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", ""))
        for setting in ("session_replication_role = replica", "maintenance_work_mem = '512MB'", "synchronous_commit = off"):
            self._to.execute(f"SET {setting}")

    def set_aside(self) -> None:
        """Drop the indexes that are of no constraint."""
        found = self._to.execute(
            "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE c.relnamespace = 'public'::regnamespace"
            " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)"
        )
        self._aside = found.fetchall()
        for name, _ in self._aside:
            self._to.execute(f"DROP INDEX {name}")

    def write(self, table: str, constant: dict[str, Any], rows: Rows) -> None:
        fixed = "\t".join("tf"[value is False] if isinstance(value, bool) else str(value) for value in constant.values())
        columns = [self._values(column) for column in rows.values()]
        with self._to.cursor().copy(f"COPY {table} ({', '.join([*constant, *rows])}) FROM STDIN") as copy:
            lines = map("\t".join, zip([fixed] * len(columns[0]), *columns, strict=True))
            copy.write("\n".join(lines) + "\n")

    @staticmethod
    def _values(column: Column) -> list[str]:
        values = column.values
        if column.kind == "id":
            whole = values.astype(">u8").tobytes().hex()
            return [whole[i : i + 32] for i in range(0, len(whole), 32)]
        if column.kind == "time":
            texts = np.datetime_as_string(values.astype("M8[ms]"), timezone="UTC").tolist()
            return nulled(texts, values == NEVER, "\\N")
        if column.kind == "number":
            return nulled([repr(value) for value in values.tolist()], np.isnan(values), "\\N")
        return ["\\N" if value is None else value for value in values]

    def close(self) -> None:
        for _, statement in self._aside:
            self._to.execute(statement)
        self._to.commit()
        self._to.autocommit = True
        self._to.execute("VACUUM ANALYZE")
        self._to.execute("CHECKPOINT")
        self._to.close()


def nulled(values: list[Any], mask: np.ndarray, null: Any = None) -> list[Any]:
    """Put `null` where the mask says."""
    for i in np.flatnonzero(mask).tolist():
        values[i] = null
    return values


def literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(int(value))


def fill(app: Flask, count: int, until: datetime = UNTIL, seed: int = SEED) -> None:
    """Bring the schema up to date and write `count` threats."""
    with app.app_context():
        flask_migrate.upgrade()
        tenant = {"tenant_id": people.the_tenant().id}
        db.session.remove()
    is_sqlite = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    to = (Sqlite if is_sqlite else Postgresql)(app)
    to.set_aside()
    # On SQLite a change is numbered; on PostgreSQL it bears the number of a transaction, and 0 is before all of them.
    changes = {"change": int(is_sqlite)}
    for model, rows in tables_of(World(count, int(until.timestamp() * 1000), seed), **tenant):
        constant = CONSTANT.get(model, {})
        if model is Activity:
            constant = {**ACT, "kind": "incident_created" if "incident_id" in rows else "threats_put"}
        if model in {Threat, Incident}:
            constant = {**constant, **changes}
        to.write(model.__tablename__, {**tenant, **constant}, rows)
    to.close()


def tables_of(world: World, tenant_id: int) -> Iterator[tuple[type, Rows]]:
    """Yield rows of each table in an order that respects the foreign keys."""
    kept = []
    for chunk in world.chunks():
        threats = chunk.threats
        yield Activity, chunk.acts
        yield Threat, threats
        versions = {"threat_id": threats["id"], "at": threats["created_at"], "act_id": Column("id", chunk.act_ids)}
        yield ThreatVersion, versions
        texts = zip(*(threats[name].values for name in TEXTS), strict=True)
        words = [indexed(tenant_id, dict(zip(TEXTS, values, strict=True))) for values in texts]
        yield ThreatText, {"threat_id": threats["id"], "words": Column("text", words)}
        kept.append((threats["id"].values, chunk.cities, chunk.created, threats["observed_at"].values))
    made = incidents(world, *(np.concatenate(parts) for parts in zip(*kept, strict=True)))
    yield Incident, made.incidents
    yield Activity, made.acts
    yield ThreatLink, made.links


def main() -> None:
    """Read the arguments and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--data-dir", type=Path, help="folder of an SQLite database")
    parser.add_argument("--database-url", default="", help="a PostgreSQL database")
    parser.add_argument("--until", type=datetime.fromisoformat, default=UNTIL, help="the time of the newest threat")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    if not given.data_dir and not given.database_url:
        parser.error("give --data-dir or --database-url")
    secret = {} if given.data_dir else {"SECRET_KEY": "x" * 32}
    app = create_app(DATABASE_URL=given.database_url, **({"DATA_DIR": given.data_dir} if given.data_dir else {}), **secret)
    until = given.until if given.until.tzinfo else given.until.replace(tzinfo=UTC)
    start = time.perf_counter()
    fill(app, given.count, until, given.seed)
    with app.app_context():
        numbers = [db.session.scalar(sa.select(sa.func.count()).select_from(model)) for model in (Threat, Incident, ThreatLink)]
    print("{3:.1f} s: {0:,} threats, {1:,} incidents, {2:,} links".format(*numbers, time.perf_counter() - start))


if __name__ == "__main__":
    main()
