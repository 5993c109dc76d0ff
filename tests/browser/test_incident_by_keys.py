"""An incident's whole life with the keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

TABS_MAX = 80


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(TABS_MAX):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} is not reached with {TABS_MAX} tabs")


def press(page: Page, name: str) -> None:
    """Go to the first visible button of this name and press it."""
    tab_to(page, page.get_by_role("button", name=name, exact=True).locator("visible=true").first)
    page.keyboard.press("Enter")


def told(page: Page, words: str) -> None:
    expect(page.locator("[data-notice]")).to_contain_text(words)
    page.get_by_role("button", name="Keys").wait_for()  # the script of the page is there


def undo(page: Page) -> None:
    page.keyboard.press("u")
    told(page, "Undone.")


def test_threats_are_grouped_anew(incident):
    page = incident
    other = page.get_by_role("heading", level=1).inner_text().replace("Queue", "Flooded road")

    page.keyboard.press("j")
    page.keyboard.press("x")
    press(page, "Take out")
    told(page, "1 threat taken out.")
    undo(page)

    page.keyboard.press("j")
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("combobox", name="Move to"))
    page.keyboard.type(other)
    expect(page.locator(".options [role=option]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    told(page, f"1 threat moved to “{other}”.")
    undo(page)

    page.keyboard.press("j")
    page.keyboard.press("x")
    tab_to(page, page.get_by_label("Title of the new incident"))
    page.keyboard.type("Parted by keys")
    page.keyboard.press("Enter")
    told(page, "1 threat split into “Parted by keys”.")
    undo(page)

    tab_to(page, page.get_by_text("Merge other incidents"))
    page.keyboard.press("Enter")
    field = page.get_by_role("combobox", name="Find another open incident")
    tab_to(page, field)
    page.keyboard.type(other)
    expect(page.locator("#merge .options [role=option]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Reason"))
    page.keyboard.type("One queue")
    page.keyboard.press("Enter")
    told(page, "1 incident merged into this one.")
    undo(page)


def test_it_is_edited_commented_closed_deleted_and_brought_back(incident):
    page = incident
    page.keyboard.press("e")
    page.keyboard.press("End")
    page.keyboard.type(" by keys")
    page.keyboard.press("Enter")
    told(page, "Saved.")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(" by keys$"))
    undo(page)

    page.keyboard.press("c")
    page.keyboard.type("Said by keys.")
    press(page, "Add comment")
    told(page, "Comment added.")

    for verb, words in (("Resolve", "Resolved."), ("Close", "Closed."), ("Delete", "Deleted.")):
        press(page, verb)
        told(page, words)
        undo(page)
    press(page, "Close")
    told(page, "Closed.")
    press(page, "Reopen")
    told(page, "Reopened.")
    press(page, "Delete")
    told(page, "Deleted.")
    press(page, "Restore")
    told(page, "Restored.")
    expect(page.get_by_role("heading", name="5 threats")).to_be_visible()
