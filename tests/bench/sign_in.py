"""Does the time of signing in tell whether an address is known? `python -m tests.bench.sign_in`

Both kinds of tries go, by turns and with a wrong password, through the application itself on SQLite. The medians of 200 tries
each may differ by 5 ms.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import flask_migrate

from app import create_app
from app.db import db
from tests import browse, make

TRIES = 200
GOAL_MS = 5.0
ADDRESSES = {"known": "ada@example.org", "unknown": "nobody@example.org"}


def main() -> int:
    """Print the medians and their difference; 1 if it is too much."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(DATA_DIR=Path(folder), DATABASE_URL="", SIGN_IN_RATE=10 * TRIES)
        with app.app_context():
            flask_migrate.upgrade()
        make.person(app)
        client = app.test_client()
        token = browse.token(client, "/login")
        taken: dict[str, list[float]] = {name: [] for name in ADDRESSES}
        for number in range(TRIES):
            for name, email in ADDRESSES.items():
                fields = {"csrf_token": token, "email": email, "password": f"not the password {number}"}
                start = time.perf_counter()
                client.post("/login", data=fields)
                taken[name].append(1000 * (time.perf_counter() - start))
        with app.app_context():
            db.engine.dispose()
    for name, times in taken.items():
        print(f"{name:8} {median(times):6.1f} ms (median of {TRIES})")
    difference = abs(median(taken["known"]) - median(taken["unknown"]))
    print(f"differ by {difference:.2f} ms; at most {GOAL_MS:g} ms is the goal")
    return int(difference > GOAL_MS)


if __name__ == "__main__":
    sys.exit(main())
