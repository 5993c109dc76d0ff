"""The core tasks with JavaScript switched off."""

from __future__ import annotations

from uuid import UUID

import pytest
from playwright.sync_api import expect

from app.service import incidents
from tests import make
from tests.browser.conftest import IMPORTER, watched


@pytest.fixture
def page(browser, site):
    with watched(browser, site, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site.sign_in_link())
        yield page


def row(page, number):
    return page.get_by_role("checkbox", name=f"Select Road closure {number}", exact=True)


def test_filter_page_select_and_create(page):
    expect(page.get_by_text("The map needs JavaScript.")).to_be_visible()
    row(page, 118).check()
    page.get_by_role("button", name="Next").click()
    row(page, 60).check()
    page.get_by_label("Search").fill("closure 5")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="11 threats")).to_be_visible()
    row(page, 5).check()
    page.get_by_role("button", name="Create incident").click()
    expect(page.get_by_role("link", name="Enter a title.")).to_be_visible()
    expect(page.locator("#tray-title")).to_have_text("3 selected")
    page.get_by_label("Title").fill("Without script")
    page.get_by_role("button", name="Create incident").click()
    expect(page.get_by_text("Incident created with 3 threats.")).to_be_visible()
    for number in (118, 60, 5):
        expect(page.get_by_role("table").get_by_role("link", name=f"Road closure {number}", exact=True)).to_be_visible()


def test_an_empty_selection_is_refused_and_a_selection_can_be_cleared(page):
    page.get_by_label("Title").fill("Nothing in it")
    page.get_by_role("button", name="Create incident").click()
    expect(page.get_by_role("link", name="Select at least one threat.")).to_be_visible()
    row(page, 118).check()
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#tray-title")).to_have_text("1 selected")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#tray-title")).to_have_text("0 selected")
    expect(page.get_by_label("Title")).to_have_value("Nothing in it")


def told(page, words):
    expect(page.locator("[data-notice]")).to_contain_text(words)


def undo(page):
    page.locator("[data-notice]").get_by_role("button", name="Undo").click()
    told(page, "Undone.")


def test_every_verb_of_an_incident_and_its_undo(page, made):
    page.goto(f"/incidents/{made[0]}")
    title = page.get_by_role("heading", level=1).inner_text()
    other = title.replace("Queue", "Flooded road")

    page.get_by_text("Edit title, description").click()
    page.get_by_label("Title", exact=True).fill("Edited")
    page.get_by_role("button", name="Save").click()
    told(page, "Saved.")
    undo(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)

    row(page, 100).check()
    page.get_by_role("button", name="Take out").click()
    told(page, "1 threat taken out.")
    undo(page)

    row(page, 101).check()
    page.get_by_role("combobox", name="Move to").select_option(f"{other} (2)")
    page.get_by_role("button", name="Move", exact=True).click()
    told(page, f"1 threat moved to “{other}”.")
    undo(page)

    row(page, 102).check()
    page.get_by_label("Title of the new incident").fill("Parted")
    page.get_by_role("button", name="Split").click()
    told(page, "1 threat split into “Parted”.")
    undo(page)

    page.get_by_text("Merge other incidents").click()
    page.get_by_role("checkbox", name=other).check()
    page.get_by_label("Reason").fill("One queue")
    page.get_by_role("button", name="Merge", exact=True).click()
    told(page, "1 incident merged into this one.")
    page.locator(".entry", has_text="merged").get_by_role("link", name=other).first.click()
    expect(page.get_by_text("This incident was merged")).to_be_visible()
    expect(page.get_by_role("heading", name="2 threats")).to_be_visible()
    page.goto(f"/incidents/{made[0]}")
    page.locator(".entry", has_text="merged").get_by_role("button", name="Undo").click()
    told(page, "Undone.")

    page.get_by_role("textbox", name="Comment").fill("Said without script.")
    page.get_by_role("button", name="Add comment").click()
    told(page, "Comment added.")
    for verb, words in (("Resolve", "Resolved."), ("Close", "Closed."), ("Delete", "Deleted.")):
        page.get_by_role("button", name=verb, exact=True).click()
        told(page, words)
        undo(page)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Restore").click()
    told(page, "Restored.")
    expect(page.get_by_role("heading", name="5 threats")).to_be_visible()


def test_the_selection_is_added_to_the_nearest_open_incident_and_a_closed_one_is_reopened_for_it(page, site, made):
    closed = str(make.incident(site.app, site.ada(), [], "Closed meanwhile"))
    with site.app.app_context():
        incidents.change(site.ada(), UUID(closed), incidents.Changes(status="closed"))
    page.goto("/?q=closure+10")
    row(page, 108).check()
    page.get_by_role("button", name="Apply").click()
    page.get_by_text("Add to an open incident").click()
    page.get_by_label("or its id").fill(closed)
    page.get_by_role("button", name="Add the selected").click()
    expect(page.get_by_text("Reopen it first").first).to_be_visible()
    page.get_by_role("button", name="Reopen it and add").click()
    told(page, "1 threat added to “Closed meanwhile”.")
    page.get_by_role("link", name="Open the incident").click()
    expect(page.get_by_role("heading", name="1 threat", exact=True)).to_be_visible()


def test_a_file_is_imported(page, site, tmp_path):
    page.goto(site.sign_in_link(IMPORTER))
    file = tmp_path / "roads.csv"
    file.write_text("id,title,lat,lng,severity\n" + "".join(f"{i},Gate {i},-33.9,18.4,low\n" for i in range(3)))
    page.goto("/imports")
    page.get_by_label("File of threats").set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("textbox", name="Source").fill("no script")
    page.get_by_role("button", name="Start the import").click()
    # Chromium's switch leaves <noscript> out, and with it the page's own reloading.
    while page.get_by_text("of 3 rows read").is_visible():
        page.reload()
    expect(page.get_by_text("3 rows: 3 new.")).to_be_visible()
    page.get_by_text("Undo this import").click()
    page.get_by_role("button", name="Undo the import of 3 rows").click()
    while page.get_by_role("progressbar").is_visible():
        page.reload()
    expect(page.get_by_text("Undone: 3 threats taken out.")).to_be_visible()
