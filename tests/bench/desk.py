"""Measure the desk at many threats on both engines: `python tests/bench/desk.py --count 1000000`.

`--engine SQLite` measures one engine, `--only views,lasso` some of the tables (their names are those of PARTS). Databases come
from stores.py: the first run makes them. Times are p50 / p95 in ms: in the service's process, and as a client on one kept
connection of a gunicorn with durable settings sees them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from app import create_app
from tests.bench import desk_http, desk_service
from tests.bench.asks import Ground
from tests.bench.stores import ENGINES, environment, filled

PARTS = {
    "index": desk_service.index,
    "views": desk_service.views,
    "lasso": desk_service.lasso,
    "list": desk_service.lists,
    "histogram": desk_service.histogram,
    "refresh": desk_service.refresh,
    "http": desk_http.answers,
    "workers": desk_http.workers,
    "start": desk_http.start,
    "incident": desk_http.incident,
}


def main() -> None:
    """Measure each engine in a process of its own, so that memory is that of one index."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=ENGINES)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between")
    given = parser.parse_args()
    if not given.engine:
        for engine in ENGINES:
            subprocess.run([sys.executable, *sys.argv, "--engine", engine], check=True)
        return
    one, five, _ = os.getloadavg()
    print(
        f"\n{given.engine}, {given.count:,} threats, {datetime.now(UTC):%Y-%m-%d %H:%M}, load {one:.1f} ({five:.1f})", flush=True
    )
    with filled(given.engine, given.count) as settings:
        app = create_app(**settings, BUSY_TIMEOUT_MS=30_000)
        with app.app_context():
            ground = Ground.read()
        for name in given.only.split(","):
            print(f"\n{name}\n", flush=True)
            PARTS[name](app, environment(settings), ground)


if __name__ == "__main__":
    main()
