"""What the desk's pages take as a signed-in browser sees them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.errors import Faults
from app.models import Threat, ThreatLink
from app.service import people, threats
from tests import make
from tests.bench.asks import ZOOMS, Ground, Pairs, queries
from tests.bench.desk_service import LASSOS, VIEWS, milliseconds, restated, row, spread
from tests.browse import hidden
from tests.serving import ROOT, free_port, served

EMAIL = "bench@example.net"
IDLE_S = 1.5
"""Gunicorn gives up a connection that is idle for two seconds."""
FORM = "application/x-www-form-urlencoded"


class Browser:
    """One kept connection with a session."""

    def __init__(self, app: Flask, address: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=120)
        self._cookies: dict[str, str] = {}
        self._used = 0.0
        with app.app_context():
            person = people.find(EMAIL)
        if person is None:
            make.person(app, EMAIL)
        with app.app_context():
            token = people.make_sign_in_link(people.find(EMAIL))
        self.ask("GET", f"/enter?token={token}", expected=303)
        self._token = hidden(self.ask("GET", "/incidents").decode(), "csrf_token")

    def ask(self, method: str, path: str, fields: Pairs | None = None, expected: int | None = 200) -> bytes:
        """Return the body of an answer; its status must be the one expected, unless that is None."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        body = None
        if fields is not None:
            body = urlencode([("csrf_token", self._token), *fields])
            headers["Content-Type"] = FORM
        if time.monotonic() > self._used + IDLE_S:
            self._connection.close()  # it is opened anew
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        self._used = time.monotonic()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                cookie, _, text = value.split(";")[0].partition("=")
                self._cookies[cookie] = text
        self.status, self.location = response.status, response.getheader("Location", "")
        assert expected in {None, response.status}, f"{method} {path[:100]}: {response.status} {content[:300]!r}"
        return content

    def warm(self) -> None:
        """Wait until the map is exact."""
        while True:
            self.ask("GET", view("-180,-85,180,85", 2), expected=None)
            if self.status == HTTPStatus.OK:
                return
            assert self.status == HTTPStatus.ACCEPTED, self.status
            time.sleep(0.01)


def view(box: str, zoom: int, pairs: Pairs | None = None) -> str:
    return f"/threats/view?{urlencode([*(pairs or []), ('view', box), ('zoom', str(zoom))])}"


def selection(outline: dict[str, object]) -> str:
    return json.dumps([{"op": "add", "area": outline}])


def header(body: bytes) -> dict[str, object]:
    """Return the JSON at the beginning of a view."""
    return json.loads(body[4 : 4 + int.from_bytes(body[:4], "little")])


def answers(app: Flask, environment: dict[str, str], ground: Ground) -> None:
    """Each thing that the page asks for, from one worker, with the size of the answers."""
    row("request", "ms", "kB at most")
    row("---", "---", "---")
    with served(environment, workers=1) as address:
        browser = Browser(app, address)
        browser.warm()

        def timed(name: str, asks: list[tuple[str, Pairs | None]]) -> None:
            times, sizes = [], []
            for path, fields in asks:
                method = "GET" if fields is None else "POST"
                times.append(milliseconds(lambda m=method, p=path, f=fields: sizes.append(len(browser.ask(m, p, f)))))
            row(name, spread(times), f"{max(sizes) / 1000:.0f}")

        for name, pairs in ground.filters().items():
            for place, zoom in ZOOMS.items():
                if name in {"none", "severity", "severity, status, 30 days", "text: bridge"}:
                    timed(f"view, {name}, {place}", [(view(box, zoom, pairs), None) for box in ground.views(zoom, VIEWS)])
        for target in (10_000, 100_000):
            drawn = [[("selection", selection(outline))] for outline in ground.lassos(target, LASSOS)]
            timed(f"lasso of {target:,}, /threats/selected", [("/threats/selected", fields) for fields in drawn])
            boxes = ground.views(ZOOMS["country"], LASSOS)
            posts = [(view(box, ZOOMS["country"]), fields) for box, fields in zip(boxes, drawn, strict=True)]
            timed(f"country view with a lasso of {target:,}", posts)
        timed("/threats/histogram", [("/threats/histogram", None)] * 50)
        timed("/threats/list", [("/threats/list", None)] * 50)
        with app.app_context():
            titles = list(db.session.scalars(sa.select(Threat.title).order_by(Threat.id).limit(5_000)))
        timed("/threats/list, 200 searches", [(f"/threats/list?{urlencode({'q': q})}", None) for q in queries(titles, 200)])
        timed("the desk's page", [("/", None)] * 20)


def workers(app: Flask, environment: dict[str, str], _ground: Ground) -> None:
    """After a write by a third process, how soon each of two workers answers with it, and whether they agree."""
    row("changed threats", "first worker's answer", "and the second's", "they agree")
    row("---", "---", "---", "---")
    with ExitStack() as stack:
        addresses = [stack.enter_context(served(environment, workers=1)) for _ in range(2)]
        browsers = [Browser(app, address) for address in addresses]
        for browser in browsers:
            browser.warm()
        who = make.actor(app)
        world = view("-180,-85,180,85", 2)
        for size in (1, 1_000):
            times, agreed, before = [], 0, header(browsers[0].ask("GET", world))
            for turn in range(10):
                with app.app_context():
                    records = restated(size, turn)
                    threats.upsert(who, records, faults=Faults())
                start = time.perf_counter()
                first = header(browsers[0].ask("GET", world))
                middle = time.perf_counter()
                second = header(browsers[1].ask("GET", world))
                times.append(((middle - start) * 1000, (time.perf_counter() - start) * 1000))
                agreed += first["by_severity"] == second["by_severity"]
                assert size == 1 or first["by_severity"] != before["by_severity"]
                before = first
            row(f"{size:,}", *(spread(column) for column in zip(*times, strict=True)), f"{agreed} of {len(times)}")


@contextmanager
def _cordon_serve(environment: dict[str, str]) -> Iterator[tuple[str, int]]:
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--workers", "2"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _memory(pid: int) -> list[str]:
    """Return the proportional share of memory of each worker, in MB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    rollups = [Path(f"/proc/{child}/smaps_rollup").read_text() for child in children]
    return [f"{int(text.split('Pss:')[1].split()[0]) / 1000:.0f}" for text in rollups]


def start(app: Flask, environment: dict[str, str], _ground: Ground) -> None:
    """From the command `serve` to the first answer and to an exact map, of two workers that begin together."""
    row("answers in s", "map exact in s", "worker before, MB (PSS)", "and after, both exact")
    row("---", "---", "---", "---")
    for _ in range(3):
        begin = time.perf_counter()
        with _cordon_serve(environment) as (address, pid):
            while True:
                try:
                    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
                    connection.request("GET", "/login")
                    assert connection.getresponse().status == HTTPStatus.OK
                    break
                except ConnectionError:
                    time.sleep(0.02)
            answering = time.perf_counter() - begin
            before = _memory(pid)
            browser = Browser(app, address)
            browser.warm()
            exact = time.perf_counter() - begin
            for _ in range(20):
                Browser(app, address).warm()
            row(f"{answering:.1f}", f"{exact:.1f}", " and ".join(before), " and ".join(_memory(pid)))


def incident(app: Flask, environment: dict[str, str], ground: Ground) -> None:
    """An incident of everything in a lasso, from the form to its page."""
    row("threats", "form sent to answer, s", "its page, s", "to the page, s")
    row("---", "---", "---", "---")
    with served(environment, workers=2) as address:
        browser = Browser(app, address)
        browser.warm()
        for target in (10_000, 100_000):
            for outline in ground.lassos(target, 3):
                fields = [("title", f"Lasso of {target:,}"), ("scope", "aggregate"), ("selection", selection(outline))]
                sent = milliseconds(lambda f=fields: browser.ask("POST", "/incidents", f, expected=303)) / 1000
                path = urlsplit(browser.location).path
                shown = milliseconds(lambda p=path: browser.ask("GET", p)) / 1000
                with app.app_context():
                    linked = sa.select(sa.func.count()).where(
                        ThreatLink.incident_id == sa.bindparam("id", type_=ThreatLink.incident_id.type)
                    )
                    number = db.session.scalar(linked, {"id": UUID(path.rsplit("/", 1)[1])})
                assert number == int(ground.inside(outline).sum())
                row(f"{number:,}", f"{sent:.2f}", f"{shown:.2f}", f"{sent + shown:.2f}")
