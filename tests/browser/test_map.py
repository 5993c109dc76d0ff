"""The map in a real browser: what its parts compute, and what a person sees and does on it."""

from __future__ import annotations

import re
import struct
from base64 import b85decode
from collections.abc import Iterator

import flask_migrate
import numpy as np
import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import update

from app import create_app
from app.db import db, transaction
from app.errors import Faults
from app.models import Incident
from app.service import threats
from app.service.actor import Actor
from tests import make
from tests.browser.conftest import Site, watched
from tests.serving import served

DARK_LAND = [31, 31, 31, 255]
STACK = {"lat": 6.6, "lng": 4.9}
FIELD = 2_400
# Five tiles, of the world at zoom 0 and 1, all land, made with the writer of the PMTiles project.
ALL_LAND = b85decode(
    "P)$^6Y-Mu;e*gdg000009RL6T00000oB#j-00000761SM00000vH$=8000000000000000vH$=800000Z~y=R000001poj5000000ssI2000000ssI2000"
    "000RjR60096lwv>PeR?Ps?No#=ksWJcn000000000ViwFP!0000217l)fWMr|hU}OLQ-WRA=2><{9ABzY8000000t2hA1pq_8rlSG?001A02mk;800065l"
    "TzklO-(E+$q*9dV3c51;^$;&aFAm7Z{Og+0A%rNG$>Rs0RTRG-jO8$001A02mk;800065lTzklO-(E+$q*9dV3J@~;^$;&aFAm7Z{Og+0A%rNG$>Rs0RU~"
    "yGo&Q|000"
)


@pytest.fixture(scope="module")
def field(tmp_path_factory) -> Iterator[Site]:
    """A server with so many threats on both sides of the antimeridian that they come as cells, and a stack far from them."""
    folder = tmp_path_factory.mktemp("field")
    app = create_app(DATA_DIR=folder, DATABASE_URL="")
    with app.app_context():
        flask_migrate.upgrade()
    ada = make.person(app)
    put_field(app, ada)
    ids = make.put_threats(app, ada, 3, **STACK, location_precision_level="country", location="Nigeria", severity="low")
    with served({"CORDON_DATA_DIR": str(folder), "CORDON_DATABASE_URL": ""}) as address:
        yield Site(address, app, [str(threat_id) for threat_id in ids])
    with app.app_context():
        db.engine.dispose()


def put_field(app: Flask, who: Actor) -> None:
    """Put a grid of threats in that reaches five degrees to each side of the antimeridian."""
    with app.app_context():
        for start in range(0, FIELD, 800):
            places = ((i, -20 + 6 * (i // 100) / 24, (175 + i % 100 / 10 + 180) % 360 - 180) for i in range(start, start + 800))
            records = [make.record(i, external_id=f"field-{i}", lat=lat, lng=lng) for i, lat, lng in places]
            threats.upsert(who, records, faults=Faults())


def open_at(context, site: Site, hash_: str) -> Page:
    page = context.new_page()
    page.goto(site.sign_in_link())
    page.goto("about:blank")  # or the browser would only go to another part of the same page
    page.goto(f"/{hash_}")
    page.get_by_text("in view of").wait_for()
    return page


def middle(page: Page) -> tuple[float, float]:
    box = page.locator("#map").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


# What the parts compute


def in_page(page: Page, module: str, expression: str, argument=None):
    """Import a module of the map and evaluate an expression on it, as `m`."""
    return page.evaluate(
        f"async (a) => {{ const m = await import('/static/js/map/{module}.js'); return {expression}; }}", argument
    )


def encode(header: str, *arrays: bytes) -> list[int]:
    text = header.encode()
    text += b" " * (-(4 + len(text)) % 8)
    return list(struct.pack("<I", len(text)) + text + b"".join(a + b"\0" * (-len(a) % 8) for a in arrays))


GOOD = encode(
    '{"mode": "points", "level": null, "arrays": [["x", "uint32", 3], ["id", "uint8", 48], ["uncertainty_km", "float32", 3]],'
    '"total": 5, "in_view": 3, "unplaced": 2, "terms": {}}',
    np.arange(3, dtype="<u4").tobytes(),
    bytes(range(48)),
    np.array([1.5, np.nan, 3], "<f4").tobytes(),
)


def test_an_answer_is_read_without_copying_and_ids_come_back_as_text(page):
    found = in_page(
        page,
        "wire",
        """(() => { const b = new Uint8Array(a).buffer, v = m.decodeView(b);
        return [v.count, [...v.x], v.header.total, v.level, m.idOf(v, 1), m.rowOf(v, m.idOf(v, 2)),
          m.rowOf(v, m.idOf(v, 1).replace("1", "f")), [...v.uncertainty_km].map(String), v.id.buffer === b]; })()""",
        GOOD,
    )
    assert found == [3, [0, 1, 2], 5, 0, "10111213-1415-1617-1819-1a1b1c1d1e1f", 2, -1, ["1.5", "NaN", "3"], True]


@pytest.mark.parametrize("length", [3, 40, len(GOOD) - 8])
def test_an_answer_that_is_cut_off_is_refused(page, length):
    words = in_page(
        page,
        "wire",
        "(() => { try { m.decodeView(new Uint8Array(a).buffer); } catch (e) { return e.message; } })()",
        GOOD[:length],
    )
    assert words.startswith("The view is cut off")


CELLS = """(() => { const n = a.x.length; return m.groupRows({ mode: "cells", level: 4, count: n,
  x: Uint32Array.from(a.x, (x) => x * 2 ** 32), y: Uint32Array.from(a.y, (y) => y * 2 ** 32),
  counts: Uint32Array.from(a.counts.flat()), selected: Uint32Array.from(a.selected) }, 1024)
  .map(({ x, y, count, selected, bySeverity, worst, rows }) => ({ x, y, count, selected, bySeverity, worst, rows })); })()"""


def test_cells_nearer_than_forty_pixels_become_one_with_all_its_threats(page):
    cells = {
        "x": [0.5, 0.53, 0.6],
        "y": [0.5, 0.5, 0.5],
        "counts": [[0, 0, 3, 0, 0], [1, 0, 0, 0, 0], [0, 2, 0, 0, 1]],
        "selected": [2, 1, 0],
    }
    near, far = sorted(in_page(page, "clusters", CELLS, cells), key=lambda group: group["x"])
    assert (near["count"], near["selected"], near["bySeverity"], near["worst"], sorted(near["rows"])) == (
        4,
        3,
        [1, 0, 3, 0, 0],
        2,
        [0, 1],
    )
    assert near["x"] == pytest.approx(1024 * (0.5 * 3 + 0.53) / 4, abs=0.01)  # the middle of its threats, not of its cells
    assert (far["count"], far["worst"]) == (3, 4)


def test_cells_on_both_sides_of_the_antimeridian_become_one_there(page):
    cells = {"x": [0.995, 0.005], "y": [0.5, 0.5], "counts": [[0, 0, 0, 0, 1], [0, 0, 0, 0, 1]], "selected": [0, 0]}
    (one,) = in_page(page, "clusters", CELLS, cells)
    assert one["count"] == 2
    assert min(one["x"], 1024 - one["x"]) == pytest.approx(0, abs=0.01)


def test_heat_is_highest_where_most_threats_are_on_every_copy_of_the_world(page):
    found = in_page(
        page,
        "density",
        """(() => { const view = { mode: "cells", count: 2, x: Uint32Array.of(2 ** 30, 2 ** 31),
        y: Uint32Array.of(2 ** 31, 2 ** 31), counts: Uint32Array.of(0, 0, 9, 0, 1, 0, 1, 0, 0, 0) };
        const d = m.density(view, { world: 512, left: -512, top: 0, width: 1536, height: 512 });
        const at = (x, y) => d.values[Math.floor(y / m.SQUARE) * d.columns + Math.floor(x / m.SQUARE)];
        return [at(128, 256), at(640, 256), at(256, 256), d.most, at(640, 10)]; })()""",
    )
    assert found[0] == found[1] == found[3] == 10
    assert found[2] == 1
    assert found[4] == 0


# What a person sees and does


def test_many_threats_come_as_cells_with_the_exact_numbers(browser, field):
    with watched(browser, field) as context:
        page = open_at(context, field, "#map=0,-90,1")
        expect(page.get_by_text(f"{FIELD + 3:,} in view of {FIELD + 3:,} that match")).to_be_visible()


def test_over_the_antimeridian_all_of_a_field_is_in_view_and_found_by_show_all(browser, field):
    with watched(browser, field) as context:
        page = open_at(context, field, "?severity=high#map=-17,180,6")
        expect(page.get_by_text("in view of 480 that match")).to_contain_text(re.compile("^480 "))
        page.get_by_role("button", name="Show all threats").click()
        expect(page).to_have_url(f"{field.address}/?severity=high")
        expect(page.get_by_text("480 in view of 480 that match")).to_be_visible()


def test_threats_known_to_their_country_only_open_a_panel_that_says_so_and_selects(browser, field):
    with watched(browser, field) as context:
        page = open_at(context, field, f"#map={STACK['lat']},{STACK['lng']},9")
        page.mouse.move(*middle(page))
        tooltip = page.locator(".map-tooltip")
        expect(tooltip).to_contain_text("All somewhere in a country or region, not at this point")
        page.mouse.click(*middle(page))
        panel = page.get_by_role("region", name="3 threats at one place")
        expect(panel.get_by_role("listitem")).to_have_count(3)
        expect(panel.get_by_role("listitem").first).to_contain_text("Somewhere in Nigeria, not at this point")
        expect(tooltip).to_be_hidden()
        panel.get_by_role("checkbox").first.check()
        expect(page.locator("#tray-title")).to_have_text("1 selected")
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        expect(page.locator("#map")).to_be_focused()


def test_a_row_pointed_at_is_marked_on_the_map_and_a_threat_on_the_map_in_the_list(page):
    page.get_by_label("Search").fill("closure 57")
    expect(page.get_by_text("1 in view of 1 that matches")).to_be_visible()
    page.get_by_role("button", name="Show all threats").click()
    page.wait_for_timeout(600)  # the map glides there
    row = page.get_by_role("row").filter(has_text="Road closure 57")
    page.mouse.move(*middle(page))
    expect(row).to_have_class("is-pointed")
    expect(page.locator(".map-tooltip")).to_contain_text("Road closure 57")
    page.mouse.move(10, 10)
    expect(row).not_to_have_class("is-pointed")
    ring = "() => document.querySelector('.leaflet-map-threats-pane canvas').toDataURL()"
    before = page.evaluate(ring)
    row.hover()
    page.wait_for_timeout(100)
    assert page.evaluate(ring) != before


def test_the_heat_map_is_in_the_address_and_comes_back(page, site):
    button = page.get_by_role("button", name="Heat map")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(page).to_have_url(f"{site.address}/#heat=on")
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".leaflet-map-heat-pane canvas")).to_have_count(1)
    button.click()
    expect(page).to_have_url(f"{site.address}/")
    expect(page.locator(".leaflet-map-heat-pane canvas")).to_have_count(0)


def test_where_the_map_is_comes_back_with_the_address(page, site):
    page.locator("#map").focus()
    page.keyboard.press("-")
    expect(page).to_have_url(re.compile(r"#map=[-\d.]+,[-\d.]+,\d+$"))
    url = page.url
    page.goto("/incidents")
    page.goto(url)
    page.get_by_text("120 in view of 120 that match").wait_for()
    assert page.url == url


def test_a_place_that_is_not_on_earth_is_no_place(page):
    page.goto("about:blank")
    page.goto("/#map=999,999,9")
    expect(page.get_by_text("120 in view of 120 that match")).to_be_visible()


def test_the_map_says_how_far_the_threats_are_counted_and_what_went_wrong(browser, site):
    answers = [{"status": 202, "json": {"warming": {"done": 400_000, "of": 1_000_000}}}]
    faults: list[str] = []
    with watched(browser, site, faults) as context:
        page = open_at(context, site, "")
        page.route("**/threats/view?*", lambda route: route.fulfill(**answers[-1]))
        page.get_by_role("checkbox", name="Critical").check()
        expect(page.locator(".map-busy")).to_have_text("Counting 400,000 of 1,000,000")
        answers.append({"status": 503, "body": ""})
        expect(page.locator("#map-status")).to_contain_text("The server answered with an error (503).")
        expect(page.locator(".map-busy")).to_have_text("")
        page.unroute("**/threats/view?*")
        page.get_by_role("checkbox", name="Critical").uncheck()
        expect(page.locator("#map-status")).to_have_text("")
        assert [fault for fault in faults if "status of 503" not in fault] == []
        faults.clear()


def test_an_open_incident_over_the_antimeridian_is_one_outline_whose_title_leads_to_it(browser, field):
    ring = [[175, -21], [-174, -21], [-174, -13], [175, -13], [175, -21]]
    incident_id = make.incident(field.app, make.actor(field.app), field.ids, "Cyclone over Fiji")
    with field.app.app_context(), transaction():
        db.session.execute(update(Incident).values(area={"type": "Polygon", "coordinates": [ring]}))
    with watched(browser, field) as context:
        page = open_at(context, field, "#map=-10,-178,4")
        page.get_by_role("link", name="Cyclone over Fiji").click()
        expect(page).to_have_url(f"{field.address}/incidents/{incident_id}")


def test_a_file_of_vector_tiles_is_drawn_under_the_policy_of_the_pages(browser, tmp_path):
    tiles = tmp_path / "land.pmtiles"
    tiles.write_bytes(ALL_LAND)
    app = create_app(DATA_DIR=tmp_path, DATABASE_URL="")
    with app.app_context():
        flask_migrate.upgrade()
    make.person(app)
    environment = {"CORDON_DATA_DIR": str(tmp_path), "CORDON_DATABASE_URL": "", "CORDON_PMTILES": str(tiles)}
    with served(environment) as address, watched(browser, Site(address, app), color_scheme="dark") as context:
        page = open_at(context, Site(address, app), "#map=0,0,3")
        expect(page.get_by_role("link", name="Protomaps")).to_be_visible()
        expect(page.locator(".leaflet-tile-loaded").first).to_be_visible()
        pixel = "tile => [...tile.getContext('2d').getImageData(9, 9, 1, 1).data]"
        assert page.locator(".leaflet-tile-loaded").first.evaluate(pixel) == DARK_LAND
    with app.app_context():
        db.engine.dispose()


def test_a_tap_on_a_narrow_screen_opens_the_panel_within_the_map(browser, field):
    with watched(browser, field, viewport={"width": 320, "height": 640}, has_touch=True, reduced_motion="reduce") as context:
        page = open_at(context, field, f"#map={STACK['lat']},{STACK['lng']},9")
        page.locator("#map").scroll_into_view_if_needed()
        page.touchscreen.tap(*middle(page))
        panel = page.get_by_role("region", name="3 threats at one place")
        expect(panel.get_by_role("listitem")).to_have_count(3)
        box, around = panel.bounding_box(), page.locator("#map").bounding_box()
        assert box["x"] >= around["x"]
        assert box["x"] + box["width"] <= around["x"] + around["width"]
        assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_without_a_canvas_the_page_says_so_and_the_list_works(context, site):
    page = context.new_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(site.sign_in_link())
    expect(page.get_by_text("This browser can't draw the map.")).to_be_visible()
    page.get_by_role("checkbox", name="Critical").check()
    expect(page.get_by_role("heading", name="24 threats")).to_be_visible()
