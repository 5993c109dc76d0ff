"""The core tasks with JavaScript switched off."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

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
    while page.get_by_text("read so far").is_visible():
        page.reload()
    expect(page.get_by_text("3 rows: 3 new.")).to_be_visible()
