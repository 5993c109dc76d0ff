"""Dropping a file on the page, looking at it on a map, watching it load, taking away the errors, and undoing it all."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests import make
from tests.browser.conftest import Site

DROP = """async ([files, target]) => {
    const transfer = new DataTransfer();
    for (const [name, text] of files) transfer.items.add(new File([text], name, { type: "text/csv" }));
    const element = document.querySelector(target);
    for (const kind of ["dragenter", "dragover", "drop"]) {
        element.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
        if (kind === "dragover") window.wasMarked = document.body.classList.contains("is-dropping");
    }
}"""


def table(count: int) -> str:
    """Return a table of threats around Cape Town, every tenth without a place on Earth."""
    rows = (
        f"{i},Gate {i},{95 if i % 10 == 9 else -33.9 + i % 50 / 100},{185 if i % 10 == 9 else 18.4},low\n" for i in range(count)
    )
    return "id,title,lat,lng,severity\n" + "".join(rows)


def drop(page: Page, *files: tuple[str, str], on: str = "h1") -> None:
    """Drop files somewhere on the page, as the browser tells it."""
    page.evaluate(DROP, [list(files), on])


@pytest.fixture
def page(context, site: Site) -> Iterator[Page]:
    """The page of imports of someone whose desk is empty."""
    name = uuid4().hex[-8:]
    make.person(site.app, f"{name}@example.org", tenant=name)
    page = context.new_page()
    page.goto(site.sign_in_link(f"{name}@example.org"))
    page.goto("/imports")
    return page


def test_a_file_is_dropped_looked_at_on_the_map_loaded_and_undone(page, tmp_path):
    drop(page, ("roads.csv", table(3_000)))
    page.get_by_role("heading", name="Import roads.csv").wait_for()
    expect(page.get_by_text("The map shows the first 1,000 of 2,700 places.")).to_be_visible()
    expect(page.get_by_text("300 rows have a latitude beyond 90° or a longitude beyond 180°")).to_be_visible()
    page.locator("[data-map] canvas").first.wait_for()
    expect(page.get_by_text("1,000 of 1,000 on the map")).to_be_visible()
    page.get_by_role("button", name="Start the import").click()
    expect(page.get_by_text("3,000 rows: 2,700 new, 300 not usable.").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Take them away as CSV").click()
    file = tmp_path / "problems.csv"
    download.value.save_as(file)
    with file.open(newline="", encoding="utf-8-sig") as stream:
        assert len(list(csv.reader(stream))) == 301
    page.get_by_role("link", name="All threats of the source roads on the desk").click()
    page.get_by_text("2,700 in view of 2,700 that match").wait_for()
    page.go_back()
    page.get_by_text("Undo this import").click()
    page.get_by_role("button", name="Undo the import of 2,700 rows").click()
    expect(page.get_by_text("Undone: 2,700 threats taken out.").first).to_be_visible()
    page.goto("/")
    page.get_by_text("0 threats").first.wait_for()


def test_the_page_follows_an_import_to_its_end_without_being_loaded_anew(page):
    drop(page, ("roads.csv", table(4_000)))
    page.get_by_role("button", name="Start the import").click()
    page.locator("#progress").wait_for()
    page.evaluate("window.isTheSame = true")
    bar = page.get_by_role("progressbar")
    if bar.is_visible():
        assert bar.get_attribute("max") == "4000"
    expect(page.locator("#progress .notice")).to_have_text("4,000 rows: 3,600 new, 400 not usable.")
    expect(page.locator("#problems")).to_have_text("400 rows that could not be used")
    assert page.evaluate("window.isTheSame") is True


def test_the_page_shows_that_a_file_may_be_dropped_and_takes_one_at_a_time(page):
    expect(page.get_by_text("Or drop a file anywhere on this page.")).to_be_visible()
    drop(page, ("a.csv", table(1)), ("b.csv", table(1)), on="#main")
    assert page.evaluate("window.wasMarked") is True
    assert page.evaluate("document.body.classList.contains('is-dropping')") is False
    expect(page.get_by_role("alert")).to_have_text("Drop one file at a time; these were 2.")
    expect(page.get_by_label("File of threats")).to_be_focused()


def test_a_file_that_is_refused_says_why_where_it_was_chosen(page):
    drop(page, ("a.bin", "\0\1\2"))
    expect(page.get_by_role("alert")).to_contain_text("Nothing was imported.")
    drop(page, ("large.csv", "x" * (33 * 1024 * 1024)))
    expect(page.get_by_role("alert")).to_have_text("The file has 33 MB; at most 32 MB can be imported at once.")
    page.get_by_label("File of threats").set_input_files([])
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("alert")).to_have_text("Choose a file.")
    drop(page, ("roads.csv", table(2)))
    page.get_by_role("heading", name="Import roads.csv").wait_for()


def test_a_file_dropped_on_the_desk_is_one_to_be_imported(page):
    page.goto("/")
    page.get_by_text("0 threats").first.wait_for()
    drop(page, ("a.csv", table(1)), ("b.csv", table(1)), on="#map")
    assert page.evaluate("window.wasMarked") is True
    expect(page.locator("#drop-note")).to_have_text("Drop one file at a time; these were 2.")
    drop(page, ("a.bin", "\0\1\2"), on="#map")
    expect(page.locator("#drop-note")).to_contain_text("Nothing was imported.")
    drop(page, ("roads.csv", table(2)), on="#map")
    page.get_by_role("heading", name="Import roads.csv").wait_for()
    page.go_back()
    expect(page.locator("#drop-note")).to_be_hidden()


def test_a_file_is_chosen_started_and_undone_by_keys_alone(page, tmp_path):
    file = tmp_path / "roads.csv"
    file.write_text(table(2))
    page.get_by_label("File of threats").set_input_files(file)
    page.get_by_label("File of threats").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Start the import").focus()
    page.keyboard.press("Enter")
    page.locator("summary", has_text="Undo this import").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Undone: 2 threats taken out.").first).to_be_visible()
