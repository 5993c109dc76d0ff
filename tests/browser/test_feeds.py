"""Feeds in a browser: added, fetched while one looks on, switched off; and their pages as axe sees them."""

from __future__ import annotations

from ipaddress import ip_network
from uuid import uuid4

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.db import now, transaction
from app.models import Job
from app.service import feeds
from tests import make
from tests.answering import answer, serving
from tests.browser.conftest import Site, watched
from tests.browser.test_accessible import AXE, TAGS
from tests.test_feed_server import ROADS


@pytest.fixture
def roads(site):
    """An address with two closed roads, and one that fails, which the worker of the site may reach."""
    with site.app.app_context():
        feeds.reach(allowed=[ip_network("127.0.0.0/8")])
    with serving(lambda to, head: to.sendall(answer(status="500 Oops") if "/broken" in head else answer(ROADS))) as served:
        yield served
    with site.app.app_context():
        feeds.reach()


@pytest.fixture
def admin(site: Site):
    """An admin of a tenant that only this test uses."""
    name = uuid4().hex[-8:]
    return make.person(site.app, f"{name}@example.org", role="admin", tenant=name)


def enter(page: Page, site: Site, admin) -> None:
    page.goto(site.sign_in_link(f"{admin.name}@example.org"))
    page.goto("/feeds")


def add_roads(page: Page, roads) -> None:
    page.get_by_role("link", name="Any address").click()
    page.get_by_label("Name", exact=True).fill("Roads of Lagos")
    page.get_by_label("Address").fill(roads.url("/roads.csv"))
    page.get_by_label("Name of the source").fill("roads")
    page.get_by_role("button", name="Add and switch on").click()
    expect(page.get_by_text("“Roads of Lagos” is on.")).to_be_visible()


def fetched(site: Site) -> None:
    """Have what is due done, if the site's own worker has not done it already."""
    make.do_jobs(site.app)


def test_a_feed_is_added_and_its_threats_come_in_while_one_looks_on(context, site, admin, roads):
    page = context.new_page()
    enter(page, site, admin)
    add_roads(page, roads)
    page.evaluate("window.stayed = true")
    fetched(site)
    expect(page.get_by_text("2 rows: 2 new.").first).to_be_visible(timeout=15_000)
    assert page.evaluate("window.stayed")
    page.get_by_role("link", name="Desk").click()
    expect(page.locator("#freshness")).to_contain_text("Roads of Lagos: just now")
    expect(page.get_by_role("heading", name="2 threats")).to_be_visible()
    page.locator("#freshness").get_by_role("link", name="Feeds").click()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text(f"Switched off by {admin.name}.")).to_be_visible()
    page.get_by_role("link", name="Desk").click()
    expect(page.locator("#freshness")).to_be_hidden()


def test_what_holds_the_focus_is_not_taken_away(context, site, admin, roads):
    page = context.new_page()
    enter(page, site, admin)
    add_roads(page, roads)
    page.get_by_label("Name", exact=True).fill("Half written")
    fetched(site)
    expect(page.get_by_text("2 rows: 2 new.").first).to_be_visible(timeout=15_000)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Half written")


def test_a_feed_is_added_run_and_removed_without_script(browser, site, admin, roads):
    with watched(browser, site, java_script_enabled=False) as context:
        page = context.new_page()
        enter(page, site, admin)
        add_roads(page, roads)
        fetched(site)
        while not page.get_by_text("2 rows: 2 new.").first.is_visible():
            page.reload()
        page.goto("/feeds")
        page.get_by_role("button", name="Run now").click()
        expect(page.get_by_text("“Roads of Lagos” is fetched now.")).to_be_visible()
        page.get_by_role("link", name="Roads of Lagos", exact=True).click()
        page.get_by_role("button", name="Remove “Roads of Lagos”").click()
        expect(page.get_by_text("is removed. Its threats are kept.")).to_be_visible()


def all_states(page: Page, site: Site, admin, roads) -> None:
    """One feed is on, one fails, one is off, one was given up."""
    with site.app.app_context():
        answers = {"url": roads.url("/roads.csv"), "source": "roads"}
        for name in ("Roads", "Off", "Given up"):
            feed = feeds.add(admin, "address", name, "600", answers)
            if name == "Off":
                feeds.switch(admin, feed.id, on=False)
        feeds.add(admin, "address", "Broken", "600", {**answers, "url": roads.url("/broken")})
        with transaction() as session:
            gone = {"state": "dead", "claim": None, "message": "It would not.", "finished_at": now()}
            session.execute(sa.update(Job).where(Job.subject == feed.id).values(gone))
    fetched(site)
    enter(page, site, admin)
    while not (page.get_by_text("On", exact=True).is_visible() and page.get_by_text("Failing", exact=True).is_visible()):
        page.reload()
    page.get_by_role("button", name="Try again").wait_for()


def one(page: Page, site: Site, admin, roads) -> None:
    all_states(page, site, admin, roads)
    page.get_by_role("link", name="Roads", exact=True).click()
    page.get_by_role("heading", name="Latest runs").wait_for()


def form_with_errors(page: Page, site: Site, admin, _roads) -> None:
    enter(page, site, admin)
    page.get_by_role("link", name="NASA FIRMS fires", exact=True).click()
    page.get_by_label("Area").fill("here")
    page.get_by_role("button", name="Add and switch on").click()
    page.get_by_text("There is a problem").wait_for()


def trial(page: Page, site: Site, admin, roads) -> None:
    """The server itself may not reach this machine, and says so."""
    enter(page, site, admin)
    page.get_by_role("link", name="Any address").click()
    page.get_by_label("Address").fill(roads.url("/roads.csv"))
    page.get_by_label("Name of the source").fill("roads")
    page.get_by_role("button", name="Try it").click()
    page.get_by_text("private or reserved network").wait_for()


def desk(page: Page, site: Site, admin, roads) -> None:
    all_states(page, site, admin, roads)
    page.goto("/")
    page.locator("#freshness .is-failing").first.wait_for()


@pytest.mark.parametrize("look", [("light", 1280), ("light", 320), ("dark", 1280), ("dark", 320)], ids=str)
@pytest.mark.parametrize("visit", [all_states, one, form_with_errors, trial, desk])
def test_axe_finds_nothing_on_pages_of_feeds(browser, site, admin, roads, visit, look):
    faults, (scheme, width) = [], look
    with watched(browser, site, faults, color_scheme=scheme, viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        visit(page, site, admin, roads)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert faults == []
        page.evaluate(AXE)
        found = page.evaluate("tags => axe.run({ runOnly: tags })", TAGS)["violations"]
        faults.clear()  # axe itself tries inline styles, which the policy refuses
        assert [f"{item['id']}: {node['html']} {node['failureSummary']}" for item in found for node in item["nodes"]] == []
