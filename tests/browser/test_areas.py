"""The areas of threats on the maps of a real browser: what is drawn, when it is asked for, and what is said."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from math import cos, pi, sin

import pytest
from playwright.sync_api import Page, expect

from app.errors import Faults
from app.service import threats
from tests import make
from tests.browser.conftest import watched

AMY = "amy@example.net"
COUNT = 203
DRAWN = """() => {
  const canvas = document.querySelector(".leaflet-map-areas-pane canvas");
  if (!canvas || !canvas.width) return 0;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  return data.reduce((sum, value, i) => sum + (i % 4 === 3 && value > 0), 0);
}"""


def ragged(lng: float, lat: float, size: float, count: int = 900) -> dict:
    """Return an area round a place that has many corners."""
    ring = []
    for i in range(count):
        reach = size * (1 + 0.02 * sin(7 * i) + 0.2 * cos(5 * 2 * pi * i / count))
        ring.append([lng + reach * cos(2 * pi * i / count), lat + reach * sin(2 * pi * i / count)])
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@pytest.fixture(scope="module")
def world(site):
    """A tenant of its own: many threats with small areas in Kenya, five with large ones round Accra, one without."""
    amy = make.person(site.app, AMY, tenant="Areas")
    kenya = [
        make.record(i, lat=-1 + i // 15 / 10, lng=37 + i % 15 / 10, area=ragged(37 + i % 15 / 10, -1 + i // 15 / 10, 0.03, 60))
        for i in range(COUNT)
    ]
    accra = [
        make.record(1000 + i, lat=5.6 + i * 0.9, lng=-1.5 + i, title=f"Flood {i}", area=ragged(-1.5 + i, 5.6 + i * 0.9, 0.4))
        for i in range(5)
    ]
    point = make.record(2000, lat=5, lng=3, observed_at=make.WHEN + timedelta(days=400))
    with site.app.app_context():
        ids = [str(one.threat_id) for one in threats.upsert(amy, [*kenya, *accra, point], faults=Faults())]
    return amy, ids[:COUNT], ids[COUNT:-1], ids[-1]


@pytest.fixture
def page(browser, site, world):
    with watched(browser, site) as context:
        page = context.new_page()
        page.goto(site.sign_in_link(AMY))
        yield page


def look(page: Page, name: str) -> None:
    """Keep a picture, if the environment says where."""
    if folder := os.environ.get("CORDON_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png")


def until(page: Page, is_so) -> int:
    """Wait until so many pixels of areas are drawn; return how many. The page's policy lets no test wait in it."""
    for _ in range(100):
        if is_so(count := page.evaluate(DRAWN)):
            return count
        page.wait_for_timeout(50)
    pytest.fail(f"{count} pixels of areas are drawn.")


def drawn(page: Page) -> int:
    """Wait until an area is drawn; return how many pixels are."""
    return until(page, lambda count: count > 0)


def test_the_page_of_a_threat_draws_its_area(page, world):
    page.goto(f"/threats/{world[2][0]}")
    assert drawn(page) > 1_000
    expect(page.get_by_text("901 corners, drawn simplified on the map.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download it in full (GeoJSON)").click()
    assert download.value.suggested_filename == f"area-{world[2][0]}.geojson"
    look(page, "threat-light")
    page.emulate_media(color_scheme="dark")
    look(page, "threat-dark")
    page.set_viewport_size({"width": 320, "height": 800})
    look(page, "threat-320")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_page_of_a_threat_without_an_area_asks_for_none(page, world):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/threats/{world[3]}")
    expect(page.locator("[data-map] .map-note")).to_contain_text("on the map")
    assert not [url for url in asked if "/threats/areas" in url or "threat-areas" in url]


def test_the_page_of_an_incident_draws_the_areas_of_its_threats(page, site, world):
    amy, _, flooded, _ = world
    page.goto(f"/incidents/{make.incident(site.app, amy, flooded[:3])}")
    assert drawn(page) > 1_000
    look(page, "incident")


def test_the_desk_draws_areas_only_where_threats_are_drawn_one_by_one(page):
    page.goto("/#map=5,0,3")
    expect(page.locator(".map-note")).to_contain_text(re.compile("in view|on the map"))
    look(page, "desk-far")
    page.goto("/?severity=high#map=7.5,0.5,6")
    drawn(page)
    look(page, "desk-accra")


def test_the_desk_says_how_many_areas_of_how_many_are_drawn(page):
    page.goto("/#map=-0.35,37.7,8")
    expect(page.locator(".map-note")).to_contain_text("areas of 200 of 203 drawn")
    assert drawn(page) > 1_000
    look(page, "desk-many")


def test_pointing_at_a_row_draws_its_area_boldly(page, world):
    page.goto("/?q=Flood#map=7.5,0.5,6")
    before = drawn(page)
    look(page, "desk-floods")
    row = page.locator("#list tbody tr").first
    row.hover()
    until(page, lambda count: count != before)
    look(page, "desk-pointed")
