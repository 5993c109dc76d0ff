"""The desk in a real browser: list, map and tray agree, and nothing is lost on the way."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests import make


def row(page: Page, number: int):
    return page.get_by_role("checkbox", name=f"Select Road closure {number}", exact=True)


def selected(page: Page, count: int) -> None:
    expect(page.locator("#tray-title")).to_have_text(f"{count} selected")


def show_all(page: Page) -> None:
    page.get_by_role("button", name="Show all threats").click()
    page.wait_for_timeout(600)  # the map glides there


def drag_over_the_map(page: Page, modifier: str = "") -> None:
    box = page.locator("#map").bounding_box()
    if modifier:
        page.keyboard.down(modifier)
    page.mouse.move(box["x"] + 4, box["y"] + box["height"] - 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 300)
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + 120)
    page.mouse.up()
    if modifier:
        page.keyboard.up(modifier)


def create(page: Page, title: str) -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Create incident").click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()


def test_a_person_signs_in_filters_selects_by_box_and_creates(context, site):
    page = context.new_page()
    page.goto("/")
    expect(page).to_have_title("Sign in – Cordon")
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="120 threats")).to_be_visible()
    page.get_by_role("checkbox", name="Critical").check()
    expect(page.get_by_role("heading", name="24 threats")).to_be_visible()
    expect(page).to_have_url(f"{site.address}/?severity=critical")
    expect(page.get_by_text("24 in view of 24 that match")).to_be_visible()
    show_all(page)
    page.get_by_role("button", name="Select a box").click()
    drag_over_the_map(page)
    selected(page, 24)
    page.keyboard.press("Escape")
    page.get_by_text("Investigation").click()
    create(page, "Critical along the road")
    expect(page.get_by_text("Incident created with 24 threats.")).to_be_visible()
    expect(page.get_by_text("24 of 24 on the map")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("Investigation")


def test_a_filter_chosen_before_the_script_is_there_counts(context, site):
    page = context.new_page()
    page.goto(site.sign_in_link())
    page.route("**/js/desk.js", lambda route: (page.wait_for_timeout(800), route.continue_()))
    page.goto("/", wait_until="commit")
    page.get_by_role("checkbox", name="Critical").check()
    expect(page.get_by_role("heading", name="24 threats")).to_be_visible()
    expect(page).to_have_url(f"{site.address}/?severity=critical")


def test_the_wide_desk_fits_the_window(page):
    assert page.evaluate("document.documentElement.scrollHeight") == 800


def test_clicking_a_threat_on_the_map_selects_it_and_clicking_again_does_not(page, site):
    page.get_by_label("Search").fill("closure 57")
    expect(page.get_by_text("1 in view of 1 that matches")).to_be_visible()
    show_all(page)
    page.locator("#map").click()
    selected(page, 1)
    expect(row(page, 57)).to_be_checked()
    page.locator("#map").click()
    selected(page, 0)
    page.locator("#map").click()
    create(page, "One by the map")
    expect(page.get_by_role("table").get_by_role("link", name="Road closure 57")).to_be_visible()


def test_everything_in_view_counts_what_the_server_has_and_undo_takes_it_back(page):
    row(page, 119).check()
    show_all(page)
    page.get_by_role("button", name="Select everything in view").click()
    selected(page, 120)
    expect(page.locator("#announcer")).to_have_text("120 of 120 selected")
    page.get_by_role("button", name="Undo").click()
    selected(page, 1)
    page.get_by_role("button", name="Clear").click()
    selected(page, 0)
    expect(row(page, 119)).not_to_be_checked()
    page.get_by_role("button", name="Undo").click()
    expect(row(page, 119)).to_be_checked()


def test_shift_selects_a_range_and_alt_with_a_box_takes_away(page):
    row(page, 119).click()
    row(page, 115).click(modifiers=["Shift"])
    selected(page, 5)
    expect(page.locator('.by-severity li[data-rank="0"]')).to_have_text(re.compile(r"1\s+negligible"))
    show_all(page)
    page.get_by_role("button", name="Select a box").click()
    drag_over_the_map(page, "Alt")
    selected(page, 0)


def test_the_selection_lives_through_paging_filtering_back_and_another_page(page, site):
    row(page, 118).check()
    page.get_by_role("button", name="Next").click()
    expect(page).to_have_url(re.compile(rf"^{site.address}/\?page=2&cursor=\w+$"))
    row(page, 60).check()
    selected(page, 2)
    page.get_by_label("Search").fill("closure 5")
    expect(page.get_by_role("heading", name="11 threats")).to_be_visible()
    row(page, 5).check()
    page.go_back()
    expect(page.get_by_text("rows 51–100 of 120")).to_be_visible()
    expect(page.get_by_label("Search")).to_have_value("")
    page.go_back()
    expect(page.get_by_text("rows 1–50 of 120")).to_be_visible()
    selected(page, 3)
    page.get_by_label("Title").fill("A draft")
    page.get_by_role("link", name="Road closure 119", exact=True).click()
    expect(page.get_by_role("heading", name="Road closure 119")).to_be_visible()
    page.go_back()
    selected(page, 3)
    expect(page.get_by_label("Title")).to_have_value("A draft")
    create(page, "Kept all the way")
    for number in (118, 60, 5):
        expect(page.get_by_role("table").get_by_role("link", name=f"Road closure {number}", exact=True)).to_be_visible()
    page.goto("/")
    selected(page, 0)
    expect(page.get_by_label("Title")).to_have_value("")


def test_back_from_a_search_leads_to_what_was_shown_before_it(page):
    page.get_by_role("checkbox", name="Critical").check()
    expect(page.get_by_role("heading", name="24 threats")).to_be_visible()
    search = page.get_by_label("Search")
    search.press_sequentially("closure 5")
    expect(page).to_have_url(re.compile(r"q=closure\+5&"))
    search.press_sequentially("7")
    expect(page).to_have_url(re.compile(r"q=closure\+57&"))
    page.go_back()
    expect(page.get_by_role("heading", name="24 threats")).to_be_visible()
    expect(search).to_have_value("")


def test_a_failed_submit_says_what_is_wrong_and_keeps_everything(page, site):
    row(page, 119).check()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("rows 51–100 of 120")).to_be_visible()
    page.get_by_label("Description").fill("What is known.")
    page.get_by_role("button", name="Create incident").click()
    page.get_by_role("alert").get_by_role("link", name="Enter a title.").click()
    expect(page.get_by_label("Title")).to_be_focused()
    expect(page).to_have_url(re.compile(rf"^{site.address}/\?page=2&cursor=\w+(#.*)?$"))
    expect(page.get_by_text("rows 51–100 of 120")).to_be_visible()
    expect(page.get_by_label("Description")).to_have_value("What is known.")
    selected(page, 1)
    create(page, "Now with a title")
    expect(page.get_by_text("Incident created with 1 threat.")).to_be_visible()


def test_nothing_selected_is_said_before_anything_is_sent(page):
    page.get_by_label("Title").fill("Empty")
    page.get_by_label("Title").press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Select at least one threat.")).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Empty")


def test_a_double_click_creates_one_incident(page):
    row(page, 119).check()
    page.get_by_label("Title").fill("Clicked twice")
    page.get_by_role("button", name="Create incident").dblclick()
    expect(page.get_by_role("heading", name="Clicked twice")).to_be_visible()
    page.goto("/incidents?q=Clicked+twice")
    expect(page.get_by_text("1 incident", exact=True)).to_be_visible()


def test_an_incident_of_five_threats_takes_twelve_keys_besides_its_text(page):
    for key in ("Alt+KeyL", "ArrowDown", "Space", *["Shift+ArrowDown"] * 4, "Alt+KeyT"):
        page.keyboard.press(key)
    selected(page, 5)
    expect(page.get_by_label("Title")).to_be_focused()
    page.keyboard.type("By the keyboard alone")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Incident created with 5 threats.")).to_be_visible()


def test_every_part_of_the_desk_is_reached_with_the_tab_key(page):
    page.get_by_label("Search").fill("closure 57")
    expect(page.get_by_role("heading", name="1 threat", exact=True)).to_be_visible()
    page.locator("body").evaluate("body => { document.activeElement.blur(); }")
    names = []
    for _ in range(60):
        page.keyboard.press("Tab")
        names.append(page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()"))
    for wanted in (
        "Skip to the main part",
        "Desk",
        "Search",
        "Apply",
        "Select Road closure 57",
        "Create incident",
    ):
        assert wanted in names, wanted
    assert len(names) - len(set(names)) < 60
