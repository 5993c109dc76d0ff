"""A real Chromium against a real gunicorn, with everything a page must not do watched in every test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import flask_migrate
import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, sync_playwright

from app import create_app
from app.cli.working import Worker
from app.db import db
from app.service import people
from app.service.actor import Actor
from tests import make
from tests.serving import served

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
IMPORTER = "ines@example.net"
# Statuses that a test asks for on purpose; the browser notes them in its console.
MEANT = (
    "ERR_FAILED",
    "ERR_INTERNET_DISCONNECTED",
    "status of 401",
    "status of 422",
    "status of 404",
    "status of 400",
    "status of 409",
)


@dataclass
class Site:
    """A running server, and the application with the same database to make things in it."""

    address: str
    app: Flask
    ids: list[str] = field(default_factory=list)

    def sign_in_link(self, email: str = "ada@example.org") -> str:
        with self.app.app_context():
            return f"{self.address}/enter?token={people.make_sign_in_link(people.find(email))}"

    def ada(self) -> Actor:
        with self.app.app_context():
            return people.actor_for(people.find("ada@example.org").id)


def launch(playwright: Playwright) -> Browser:
    """Start the Chromium that the environment names, the system's, or Playwright's own; skip if there is none."""
    for path in (os.environ.get("CORDON_CHROMIUM"), shutil.which("chromium"), shutil.which("chromium-browser"), None):
        if path == "" or (path is None and not Path(playwright.chromium.executable_path).exists()):
            continue
        try:
            return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        except Error as error:
            if path == os.environ.get("CORDON_CHROMIUM"):
                pytest.fail(f"CORDON_CHROMIUM={path} does not start: {error}")
    pytest.skip(
        "NO BROWSER TESTS: there is no Chromium. Set CORDON_CHROMIUM, install chromium, or run: playwright install chromium"
    )


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a worker, 120 threats along a road out of Lagos, the newest furthest east, and a tenant for imports."""
    folder = tmp_path_factory.mktemp("site")
    app = create_app(DATA_DIR=folder, DATABASE_URL="")
    with app.app_context():
        flask_migrate.upgrade()
    ada = make.person(app)
    make.person(app, IMPORTER, tenant="Imports")
    ids = [str(threat_id) for threat_id in make.put_threats(app, ada, 120)]
    worker = Worker(app, threads=1, poll_s=0.1)
    with served({"CORDON_DATA_DIR": str(folder), "CORDON_DATABASE_URL": ""}) as address:
        worker.start()
        yield Site(address, app, ids)
        worker.stop()
        worker.join()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, site: Site, faults: list[str] | None = None, **options) -> Iterator[BrowserContext]:
    """A context of the browser that fails the test for a console error, a breach of the policy, or a foreign request.

    They are gathered in `faults`, where a test may look at them before it does something to the page itself.
    """
    context = browser.new_context(base_url=site.address, **{"viewport": {"width": 1280, "height": 800}, **options})
    context.set_default_timeout(10_000)
    faults = [] if faults is None else faults

    def note(message) -> None:
        if message.type in {"error", "warning"} and not any(meant in message.text for meant in MEANT):
            faults.append(message.text)

    context.on("console", note)
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.on(
        "request",
        lambda request: None if request.url.startswith((site.address, "data:")) else faults.append(f"asked for {request.url}"),
    )
    yield context
    context.close()
    assert faults == []


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    with watched(browser, site) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext, site: Site) -> Page:
    """A page of someone who is signed in, on the desk, with the map drawn."""
    page = context.new_page()
    page.goto(site.sign_in_link())
    page.get_by_text("120 in view of 120 that match").wait_for()
    return page


@pytest.fixture
def made(site: Site) -> tuple[str, str]:
    """Two incidents that only this test uses."""
    ada = site.ada()
    number = uuid4().hex[-6:]
    first = make.incident(site.app, ada, site.ids[100:105], f"Queue {number}")
    second = make.incident(site.app, ada, site.ids[105:107], f"Flooded road {number}")
    return str(first), str(second)


@pytest.fixture
def incident(context, site, made) -> Page:
    page = context.new_page()
    page.goto(site.sign_in_link())
    page.goto(f"/incidents/{made[0]}")
    page.get_by_text("5 of 5 on the map").wait_for()
    return page


def tick(page: Page, number: int) -> None:
    page.get_by_role("checkbox", name=f"Select Road closure {number}", exact=True).check()
