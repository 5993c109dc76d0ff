"""A threat's page in a real browser, with and without scripts: two people at one form."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import watched

REASON = "Reason for dismissal"


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def pages(browser, site, request):
    """Two pages of the same threat, which only this test uses."""
    with watched(browser, site, java_script_enabled=request.param) as context:
        first, second = context.new_page(), context.new_page()
        first.goto(site.sign_in_link())
        for page in (first, second):
            page.goto(f"/threats/{site.ids[90 if request.param else 91]}")
        yield first, second


def dismiss(page: Page, reason: str) -> None:
    page.locator("summary", has_text="Dismiss").click()
    page.get_by_label(REASON).fill(reason)
    page.get_by_role("button", name="Dismiss", exact=True).click()


def set_status(page: Page, status: str) -> None:
    page.get_by_role("combobox", name="Status").select_option(status)
    page.get_by_role("button", name="Set status").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def test_the_second_of_two_chooses_between_both_texts_and_loses_nothing(pages):
    page, other = pages
    set_status(other, "Contained")
    dismiss(page, "A rumour.")
    expect(page.get_by_role("heading", name="Changed while you were editing")).to_be_visible()
    expect(page.locator("blockquote")).to_have_text(["Dismissed", "Contained"])
    expect(page.get_by_label(REASON)).to_have_value("A rumour.")
    page.get_by_role("button", name="Keep theirs for Status").click()
    expect(page.get_by_role("combobox", name="Status")).to_have_value("contained")
    page.get_by_role("button", name="Keep yours for Status").click()
    expect(page.get_by_role("combobox", name="Status")).to_have_value("dismissed")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("heading", name="Why it was dismissed")).to_be_visible()
    expect(page.locator(".prose", has_text="A rumour.")).to_be_visible()
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_role("button", name="Unpin")).to_be_visible()
    page.get_by_role("button", name="Unpin").click()
    set_status(page, "Active")
