"""What a person chose in their account, as scripts go by it: time zone, units, colours and shortcuts."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests import make

READ = """async () => {
  const page = document.querySelector('script[src$="/js/page.js"]').src;
  const { moment, clock, distance } = await import(page.replace("page.js", "page/shown.js"));
  return [moment("2026-04-18T09:00:00Z"), moment("2026-01-18T23:30:00Z"), distance(5), distance(2000), clock(0)];
}"""


@pytest.fixture
def mine(context, site):
    """The account page of someone in a tenant of their own."""
    name = uuid4().hex[-8:]
    make.person(site.app, f"{name}@example.org", tenant=name)
    page = context.new_page()
    page.goto(site.sign_in_link(f"{name}@example.org"))
    page.goto("/account")
    return page


def save(page):
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Your account is changed.").wait_for()


def test_scripts_print_times_and_distances_as_the_server_does(mine):
    assert mine.evaluate(READ) == ["2026-04-18 09:00 UTC", "2026-01-18 23:30 UTC", "5 km", "2,000 km", "00:00 UTC"]
    mine.get_by_label("Time zone").select_option("Asia/Kathmandu")
    mine.get_by_label("Miles").check()
    save(mine)
    assert mine.evaluate(READ) == [
        "2026-04-18 14:45 UTC+5:45",
        "2026-01-19 05:15 UTC+5:45",
        "3.11 miles",
        "1,240 miles",
        "05:30 UTC+5:30",
    ]
    mine.get_by_label("Time zone").select_option("America/New_York")
    save(mine)
    assert mine.evaluate(READ)[:2] == ["2026-04-18 05:00 UTC-4", "2026-01-18 18:30 UTC-5"]


def test_shortcuts_that_are_off_in_the_account_do_nothing(mine):
    mine.get_by_label("Use single-letter keyboard shortcuts").uncheck()
    save(mine)
    mine.locator("h1").click()
    mine.keyboard.press("g")
    mine.keyboard.press("i")
    mine.keyboard.press("?")
    assert mine.locator("dialog[open]").count() == 0
    assert mine.url.endswith("/account")
    mine.get_by_role("button", name="Keys").click()
    assert mine.get_by_label("Your account has them off").is_disabled()
    mine.get_by_role("button", name="Close").click()
    mine.get_by_label("Use single-letter keyboard shortcuts").check()
    save(mine)
    mine.locator("h1").click()
    mine.keyboard.press("g")
    mine.keyboard.press("i")
    mine.wait_for_url("**/incidents")


@pytest.mark.parametrize(
    ("choice", "system", "ground"), [("Light", "dark", "rgb(243, 245, 247)"), ("Dark", "light", "rgb(15, 20, 25)")]
)
def test_colours_of_the_account_go_before_those_of_the_system(mine, choice, system, ground):
    mine.emulate_media(color_scheme=system)
    mine.get_by_label(choice, exact=True).check()
    save(mine)
    look = "() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.documentElement).colorScheme]"
    assert mine.evaluate(look) == [ground, choice.lower()]
    mine.emulate_media(color_scheme=system, media="print")
    assert mine.evaluate("() => getComputedStyle(document.documentElement).colorScheme") == "light"
