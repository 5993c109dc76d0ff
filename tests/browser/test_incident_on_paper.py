"""An incident printed: a clean brief of two pages, with its map and without anything to press."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests import make
from tests.browser.conftest import watched

PAGE = re.compile(rb"/Type\s*/Page\b")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_incident_of_25_threats_is_a_brief_of_two_pages(browser, site, scheme):
    made = make.incident(site.app, site.ada(), site.ids[60:85], "Closures along the road to the port of Lagos")
    with watched(browser, site, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(site.sign_in_link())
        page.goto(f"/incidents/{made}")
        page.get_by_text("25 of 25 on the map").wait_for()
        assert len(PAGE.findall(page.pdf(prefer_css_page_size=True))) == 2
        page.emulate_media(media="print")
        expect(page.get_by_role("table", name="Threats of this incident")).to_be_visible()
        expect(page.locator("#map")).to_be_visible()
        expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
        for shown in page.locator("button, input, select, textarea, summary, nav, .exports").all():
            expect(shown).to_be_hidden()
