"""The list of the desk by keyboard, its agreement with the map, and how it stays current."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import uuid4

import orjson
import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect

from app.errors import Faults
from app.service import incidents, threats
from app.service.actor import Actor
from app.service.incidents import NewIncident
from app.service.selection import read_steps
from tests import make
from tests.browser.conftest import Site
from tests.browser.test_desk import row, selected

NOW = "Date.now = (real => () => real() + (window.ahead ?? 0))(Date.now)"
AGAIN = 15_000
"""In so many ms the desk has asked again a server that did not answer, which it does every 5 s."""


@dataclass
class Desk:
    """A desk of 120 threats that only this test uses, with a clock of its own, so that it asks at once when it is woken."""

    page: Page
    site: Site
    who: Actor

    def arrive(self, *numbers: int) -> None:
        """Have threats come in."""
        with self.site.app.app_context():
            threats.upsert(self.who, [make.record(number) for number in numbers], faults=Faults())

    def polled(self) -> Response:
        """Have the page ask now whether there is something new, as it does every 15 seconds, and return the answer."""
        with self.page.expect_response(lambda answer: "arrived_from" in answer.url) as caught:
            self.page.evaluate("window.ahead = (window.ahead ?? 0) + 10_000; dispatchEvent(new Event('online'))")
        return caught.value


@pytest.fixture
def desk(context: BrowserContext, site: Site) -> Desk:
    name = uuid4().hex[-8:]
    who = make.person(site.app, f"{name}@example.org", tenant=name)
    make.put_threats(site.app, who, 120)
    page = context.new_page()
    page.add_init_script(NOW)
    with page.expect_response(lambda answer: "arrived_from" in answer.url):
        page.goto(site.sign_in_link(f"{name}@example.org"))
        page.get_by_text("120 in view of 120 that match").wait_for()
    return Desk(page, site, who)


def focused(page: Page) -> str:
    return page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()")


def test_the_rows_are_one_stop_and_arrows_home_end_and_pages_go_through_them(page):
    page.keyboard.press("Alt+KeyL")
    page.keyboard.press("ArrowDown")
    for key, number in (
        ("ArrowDown", 118),
        ("PageDown", 108),
        ("End", 70),
        ("ArrowDown", 70),
        ("ArrowUp", 71),
        ("PageUp", 81),
        ("Home", 119),
    ):
        page.keyboard.press(key)
        assert focused(page) == f"Select Road closure {number}", key
        expect(row(page, number)).to_be_in_viewport()
    page.keyboard.press("ArrowRight")
    assert focused(page) == "Road closure 119"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("PageDown")
    page.keyboard.press("Tab")
    assert not page.evaluate("Boolean(document.activeElement.closest('tbody'))")
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "Select Road closure 109"
    stops = page.locator("tbody :is(input, a, button)").evaluate_all(
        "parts => parts.filter((part) => part.tabIndex === 0).length"
    )
    assert stops == 1


def test_space_selects_shift_extends_and_enter_opens(page):
    for key in ("Alt+KeyL", "ArrowDown", "Space", "Shift+ArrowDown", "Shift+PageDown"):
        page.keyboard.press(key)
    selected(page, 12)
    expect(page.locator("#announcer")).to_have_text("12 of 120 selected")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Road closure 108")).to_be_visible()
    page.go_back()
    selected(page, 12)


def test_a_row_that_is_pointed_at_or_has_the_focus_is_marked_on_the_map_and_the_other_way_round(page):
    page.get_by_label("Search").fill("closure 57")
    expect(page.get_by_text("1 in view of 1 that matches")).to_be_visible()
    page.get_by_role("button", name="Show all threats").click()
    page.wait_for_timeout(700)
    box = page.locator("#map").bounding_box()
    middle = {"x": box["x"] + box["width"] / 2 - 40, "y": box["y"] + box["height"] / 2 - 40, "width": 80, "height": 80}
    page.mouse.move(5, 5)
    plain = page.screenshot(clip=middle)
    row(page, 57).hover()
    page.wait_for_timeout(300)
    assert page.screenshot(clip=middle) != plain
    page.mouse.move(5, 5)
    page.wait_for_timeout(300)
    assert page.screenshot(clip=middle) == plain
    row(page, 57).focus()
    page.wait_for_timeout(300)
    assert page.screenshot(clip=middle) != plain
    page.mouse.move(middle["x"] + 40, middle["y"] + 40)
    expect(page.locator("tbody tr.is-pointed")).to_have_count(1)
    page.mouse.move(5, 5)
    expect(page.locator("tbody tr.is-pointed")).to_have_count(0)


def test_what_came_in_is_said_and_comes_in_on_request_without_moving_the_row_with_the_focus(desk):
    page = desk.page
    row(page, 117).focus()
    before = row(page, 117).bounding_box()
    desk.arrive(500, 501)
    desk.polled()
    button = page.get_by_role("button", name="2 new")
    expect(button).to_be_visible()
    assert row(page, 117).bounding_box() == before
    expect(page.get_by_role("heading", name="120 threats")).to_be_visible()
    button.click()
    expect(page.get_by_role("heading", name="122 threats")).to_be_visible()
    expect(page.get_by_text("122 in view of 122 that match")).to_be_visible()
    expect(row(page, 501)).to_be_attached()
    expect(button).to_be_hidden()


def test_rows_stay_where_they_are_when_others_come_in_above_them(desk):
    page = desk.page
    row(page, 117).hover()
    before = row(page, 117).bounding_box()["y"]
    desk.arrive(510)
    desk.polled()
    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    page.locator("#news").evaluate("button => button.click()")
    expect(page.get_by_role("heading", name="121 threats")).to_be_visible()
    assert abs(row(page, 117).bounding_box()["y"] - before) < 2


def test_only_what_matches_the_filters_is_new(desk):
    page = desk.page
    with page.expect_response(lambda answer: "arrived_from" in answer.url and "critical" in answer.url):
        page.get_by_role("checkbox", name="Critical").check()
    expect(page.get_by_role("heading", name="24 threats")).to_be_visible()
    desk.arrive(520, 521, 522)
    desk.polled()
    expect(page.get_by_role("button", name="1 new")).to_be_visible()


def test_nothing_new_is_answered_with_304(desk):
    assert desk.polled().status == 304
    expect(desk.page.locator("#news")).to_be_hidden()


def test_being_offline_is_said_in_words(context, page):
    context.set_offline(True)
    expect(page.locator("#list-status")).to_have_text(re.compile(r"You are offline\. What you see is as of \d\d:\d\d UTC\."))


def test_what_was_asked_for_while_the_server_did_not_answer_is_shown_once_it_does(context, page):
    context.route("**/threats/**", lambda route: route.abort())
    page.get_by_role("checkbox", name="Critical").check()
    for status in ("#list-status", "#map-status"):
        expect(page.locator(status)).to_have_text("The server does not answer. What you see may be old.")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("checkbox", name="Critical")).not_to_be_checked()
    page.get_by_role("checkbox", name="Critical").check()
    context.unroute("**/threats/**")
    expect(page.get_by_role("heading", name="24 threats")).to_be_visible(timeout=AGAIN)
    expect(page.get_by_text("24 in view of 24 that match")).to_be_visible(timeout=AGAIN)
    expect(page.locator("#list")).not_to_have_class(re.compile("is-stale"))
    for status in ("#list-status", "#map-status"):
        expect(page.locator(status)).to_be_empty()


def test_the_map_shows_all_once_a_server_that_did_not_answer_does(context, site):
    page = context.new_page()
    context.route("**/threats/view?**", lambda route: route.abort())
    page.goto(site.sign_in_link())
    expect(page.locator("#map-status")).to_have_text("The server does not answer. What you see may be old.")
    context.unroute("**/threats/view?**")
    expect(page.get_by_text("120 in view of 120 that match")).to_be_visible(timeout=AGAIN)
    expect(page.locator("#map-status")).to_be_empty()


def test_who_signed_in_again_elsewhere_is_told_to_load_the_desk_anew_and_keeps_the_selection(context, page, site):
    row(page, 118).check()
    selected(page, 1)
    context.clear_cookies()
    row(page, 117).check()
    expect(page.locator("#selection-message")).to_contain_text("You are signed out.")
    expect(page.locator("#map-status")).to_contain_text("You are signed out.")
    other = context.new_page()
    other.goto(site.sign_in_link())
    expect(page.locator("#selection-message")).to_contain_text("Load it anew", timeout=AGAIN)
    page.reload()
    selected(page, 2)


def test_a_session_that_ended_is_said_and_the_desk_stays(desk, context):
    context.clear_cookies()
    assert desk.polled().status == 401
    expect(desk.page.locator("#list-status")).to_contain_text("You are signed out.")
    expect(desk.page.get_by_role("heading", name="120 threats")).to_be_visible()


def test_the_next_page_goes_on_behind_the_last_row_whatever_came_in_meanwhile(desk):
    page = desk.page
    desk.arrive(530)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("rows 52–101 of 121")).to_be_visible()
    expect(row(page, 69)).to_be_visible()
    page.get_by_role("button", name="Previous").click()
    expect(page.get_by_text("rows 1–50 of 121")).to_be_visible()


def test_new_threats_inside_an_incident_are_proposed_and_added_from_the_desk(desk):
    page = desk.page
    title = "Apapa port"
    page.get_by_role("button", name="Show all threats").click()
    box = {"bbox": [3.0, 6.0, 5.0, 7.0]}
    with desk.site.app.app_context():
        selection = read_steps(orjson.dumps([{"op": "add", "area": box, "filters": {}}]).decode(), Faults())
        incidents.create(desk.who, NewIncident(title=title, selection=selection))
    page.goto("/?severity=low&severity=high")
    desk.arrive(540, 541)
    desk.page.reload()
    button = page.get_by_role("button", name=re.compile(rf"new threats? inside {title}"))
    button.click()
    panel = page.get_by_role("dialog", name="New threats inside incidents")
    expect(panel).to_be_visible()
    panel.get_by_role("button", name="Add to it").click()
    expect(page.get_by_text(f"added to “{title}”")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?severity=low&severity=high"))
    expect(page.locator("#proposals-button")).to_be_hidden()


def test_a_slow_list_and_one_that_fails_are_said_in_words_and_what_was_there_stays(page):
    page.route("**/threats/list**", lambda route: (page.wait_for_timeout(3_000), route.continue_()))
    page.get_by_role("checkbox", name="Critical").check()
    expect(page.locator("#list-status")).to_have_text("Still reading the list…")
    expect(page.get_by_role("heading", name="24 threats")).to_be_visible()
    expect(page.locator("#list-status")).to_be_empty()
    page.unroute("**/threats/list**")
    page.route("**/threats/list**", lambda route: route.abort())
    page.get_by_role("checkbox", name="High").check()
    expect(page.locator("#list-status")).to_have_text("The server does not answer. What you see may be old.")
    expect(page.get_by_role("heading", name="24 threats")).to_be_visible()
