"""The period of the desk: handles over a histogram, playing through time; and saved views and links to what is shown."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests import make
from tests.browser.conftest import watched
from tests.browser.test_desk import row, selected


def handle(page: Page, name: str):
    return page.get_by_role("slider", name=name)


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def words(page: Page) -> str:
    return page.locator(".period-words").text_content()


def test_the_handles_go_by_the_keyboard_and_write_into_the_fields(page):
    expect(page.locator(".period-chart rect.is-in")).to_have_count(60)
    handle(page, "Observed from").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="108 threats")).to_be_visible()
    # 119 hours in 60 bars: the sixth begins after 11.9 hours.
    assert query(page) == {"observed_from": ["2026-04-18T20:54Z"]}
    expect(page.locator(".period-words")).to_have_text("108 from 2026-04-18 20:54 UTC on")
    expect(handle(page, "Observed from")).to_have_attribute("aria-valuetext", "2026-04-18 20:54 UTC")
    expect(page.get_by_label("Observed from (UTC)")).to_have_value("2026-04-18T20:54")
    handle(page, "Observed before").focus()
    page.keyboard.press("PageDown")
    expect(page.locator(".period-words")).to_have_text(re.compile(r"^9\d 2026-04-18 20:54 – 2026-04-2\d \d\d:\d\d UTC$"))
    page.go_back()
    expect(page.get_by_role("heading", name="108 threats")).to_be_visible()
    page.go_back()
    expect(page.locator(".period-words")).to_have_text("120 at any time")
    expect(handle(page, "Observed from")).to_have_value("0")
    expect(handle(page, "Observed before")).to_have_value("60")


def test_a_handle_is_dragged_and_passes_not_the_other(page):
    box = page.locator(".period-track").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 12, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, middle, steps=4)
    assert words(page).startswith("about ")
    page.mouse.move(box["x"] + box["width"] - 2, middle, steps=4)
    page.mouse.up()
    expect(handle(page, "Observed from")).to_have_value("59")
    expect(page.get_by_role("heading", name=re.compile(r"^[12] threats?$"))).to_be_visible()
    page.mouse.move(box["x"] + box["width"] - 12 - (box["width"] - 24) / 60, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 12, middle, steps=4)
    page.mouse.up()
    expect(page.get_by_role("heading", name="120 threats")).to_be_visible()


def test_a_period_in_fields_or_address_moves_the_handles(page):
    page.goto("/?observed_from=2026-04-20T21:00:30Z&observed_to=2026-04-22T00:00:00Z")
    expect(handle(page, "Observed from")).to_have_value("30")
    page.get_by_text("More filters").click()
    expect(page.get_by_label("Observed from (UTC)")).to_have_value("2026-04-20T21:00:30")
    page.get_by_label("Observed from (UTC)").fill("2026-04-21T00:00:00")
    page.get_by_label("Observed from (UTC)").blur()
    expect(handle(page, "Observed from")).to_have_value("32")
    expect(page.get_by_role("heading", name="24 threats")).to_be_visible()


def test_time_is_played_step_by_step(page):
    page.get_by_role("button", name="Step on").click()
    expect(page.locator(".period-words")).to_have_text("12 before 2026-04-18 20:54 UTC")
    page.get_by_role("button", name="Step on").click()
    expect(page.locator(".period-words")).to_have_text("12 2026-04-18 10:59 – 2026-04-18 22:53 UTC")
    page.get_by_role("button", name="Step back").click()
    expect(page.locator(".period-words")).to_have_text("12 before 2026-04-18 20:54 UTC")
    page.get_by_label("Speed").select_option("Fast")
    length = page.evaluate("history.length")
    page.get_by_role("button", name="Play").click()
    expect(handle(page, "Observed from")).to_have_value(re.compile(r"[3-9]|[1-5]\d"))
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(900)
    stopped = handle(page, "Observed from").input_value()
    page.wait_for_timeout(900)
    assert handle(page, "Observed from").input_value() == stopped
    assert page.evaluate("history.length") == length


def test_who_wants_little_motion_has_the_steps_alone(browser, site):
    with watched(browser, site, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(site.sign_in_link())
        expect(page.get_by_role("button", name="Step on")).to_be_visible()
        expect(page.get_by_role("button", name="Play")).to_be_hidden()
        expect(page.get_by_label("Speed")).to_be_hidden()


def test_the_link_says_all_that_is_shown(context, page, site):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("checkbox", name="Critical").check()
    expect(page.get_by_text("24 in view of 24 that match")).to_be_visible()
    page.get_by_role("button", name="Heat map").click()
    page.get_by_role("button", name="Zoom in").click()
    expect(page).to_have_url(re.compile(r"#map=.*&heat=on"))
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url
    other = context.new_page()
    other.goto(link)
    expect(other.get_by_role("heading", name="24 threats")).to_be_visible()
    expect(other.get_by_role("button", name="Heat map")).to_have_attribute("aria-pressed", "true")
    other.wait_for_timeout(500)
    assert other.url == link


def test_a_view_is_saved_with_the_map_and_the_desk_opens_with_it(browser, site):
    make.person(site.app, "vera@example.org")
    with watched(browser, site) as context:
        page = context.new_page()
        page.goto(site.sign_in_link("vera@example.org"))
        page.get_by_text("120 in view of 120 that match").wait_for()
        row(page, 119).check()
        page.get_by_label("Title").fill("Half a title")
        page.get_by_role("checkbox", name="High").check()
        expect(page.get_by_text("24 in view of 24 that match")).to_be_visible()
        page.get_by_role("button", name="Zoom in").click()
        expect(page).to_have_url(re.compile("#map="))
        page.wait_for_timeout(500)
        place = urlsplit(page.url).fragment
        page.get_by_text("Saved views", exact=True).click()
        page.get_by_label("Save what is shown as").fill("High only")
        page.get_by_label("Save what is shown as").press("Enter")
        expect(page.get_by_text("Saved as “High only”.")).to_be_visible()
        selected(page, 1)
        expect(page.get_by_label("Title")).to_have_value("Half a title")
        page.locator("#saved-views > summary").click()
        page.get_by_text("Change High only").click()
        page.get_by_role("button", name="Open the desk with this").click()
        expect(page.get_by_text("The desk opens with “High only” from now on.")).to_be_visible()
        page.goto("/")
        expect(page.get_by_role("heading", name="24 threats")).to_be_visible()
        assert urlsplit(page.url).fragment == place
        selected(page, 1)
        page.get_by_role("button", name="Reset").click()
        expect(page.get_by_role("heading", name="120 threats")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="120 threats")).to_be_visible()
        page.locator("#saved-views > summary").click()
        page.get_by_text("Change High only").click()
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("“High only” is deleted.")).to_be_visible()
