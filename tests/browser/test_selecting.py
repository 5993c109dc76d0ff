"""Selecting on the desk: every tool by pointer, touch and keyboard, exact numbers, and large selections made incidents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import cos, pi, sin
from uuid import UUID

import flask_migrate
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app import create_app
from app.db import db
from app.errors import Faults
from app.models import Incident, ThreatLink
from app.service import threats
from tests import make
from tests.browser.conftest import Site, watched
from tests.serving import served

FIELD = 2_500
SEAM = 40
NUMBER = re.compile(r"^[\d,]+ selected$")


@pytest.fixture(scope="module")
def field(tmp_path_factory) -> Iterator[Site]:
    """A server with 2,500 threats in a square round 0, 0, and 40 in a row over the antimeridian."""
    folder = tmp_path_factory.mktemp("field")
    app = create_app(DATA_DIR=folder, DATABASE_URL="")
    with app.app_context():
        flask_migrate.upgrade()
    ada = make.person(app)
    places = [(i, -5 + 10 * (i // 50) / 49, -5 + 10 * (i % 50) / 49) for i in range(FIELD)]
    places += [(i, -17.0, (179.0 + 2 * (i - FIELD) / SEAM + 180) % 360 - 180) for i in range(FIELD, FIELD + SEAM)]
    with app.app_context():
        for start in range(0, len(places), 1000):
            records = [make.record(i, lat=lat, lng=lng) for i, lat, lng in places[start : start + 1000]]
            threats.upsert(ada, records, faults=Faults())
    with served({"CORDON_DATA_DIR": str(folder), "CORDON_DATABASE_URL": ""}) as address:
        yield Site(address, app)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def desk(browser, field) -> Iterator[Page]:
    with watched(browser, field, reduced_motion="reduce") as context:
        yield open_at(context, field, "#map=0,0,5", FIELD)


def open_at(context, site: Site, address: str, in_view: int) -> Page:
    page = context.new_page()
    page.goto(site.sign_in_link())
    page.goto("about:blank")  # or another place of the map would be the same page
    page.goto(f"/{address}")
    page.get_by_text(f"{in_view:,} in view of {FIELD + SEAM:,} that match").wait_for()
    page.wait_for_load_state("networkidle")  # what comes later may make the map a little lower
    return page


def tool(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def at(page: Page, lat: float, lng: float) -> tuple[float, float]:
    """Return where a place near the equator and near the middle of the map is on the page, at zoom 5."""
    box = page.locator("#map").bounding_box()
    degree = 256 * 2**5 / 360
    return box["x"] + box["width"] / 2 + lng * degree, box["y"] + box["height"] / 2 - lat * degree


def drag(page: Page, *places: tuple[float, float]) -> None:
    first, *others = [at(page, *place) for place in places]
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


def ring(radius: float, corners: int = 36) -> list[tuple[float, float]]:
    return [(radius * sin(2 * pi * i / corners), radius * cos(2 * pi * i / corners)) for i in range(corners + 1)]


def selected(page: Page, count: int) -> None:
    expect(page.locator("#tray-title")).to_have_text(f"{count:,} selected")


def number(page: Page) -> int:
    """Return how many are selected, once that is known."""
    expect(page.locator("#tray-title")).to_have_text(NUMBER)
    return int(page.locator("#tray-title .selected-count").inner_text().replace(",", ""))


def steps(page: Page) -> list[str]:
    number(page)
    return [re.sub(r"\s*(added|taken away)\s*", "", text) for text in page.locator("#steps li").all_inner_texts()]


def inside(lat: float, lng: float) -> int:
    """Return how many of the field lie in a box of these half sides round its middle."""
    sides = [-5 + 10 * i / 49 for i in range(50)]
    return sum(abs(y) <= lat for y in sides) * sum(abs(x) <= lng for x in sides)


def create(page: Page, site: Site, title: str) -> Incident:
    """Make the incident, and return it as the database has it, with its number of links checked."""
    shown = number(page)
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Create incident").click()
    expect(page.get_by_text(f"Incident created with {shown:,} threats.")).to_be_visible()
    expect(page.get_by_role("heading", name=f"{shown:,} threats")).to_be_visible()
    with site.app.app_context():
        incident = db.session.get(Incident, (site.ada().tenant_id, UUID(page.url.rpartition("/")[2])))
        links = sa.select(sa.func.count()).where(ThreatLink.incident_id == incident.id, ThreatLink.removed_at.is_(None))
        assert db.session.scalar(links) == incident.link_count == shown
        db.session.expunge(incident)
    return incident


def test_a_lasso_round_thousands_becomes_an_incident_with_its_area_and_one_number_everywhere(desk, field):
    tool(desk, "Select by lasso")
    drag(desk, *ring(7.6))
    selected(desk, FIELD)
    assert steps(desk) == ["+lasso: 2,500"]
    incident = create(desk, field, "All of the field")
    assert incident.area["type"] == "Polygon"
    assert 8 <= len(incident.area["coordinates"][0]) <= 500
    lngs = [lng for lng, _ in incident.area["coordinates"][0]]
    assert (min(lngs), max(lngs)) == (pytest.approx(-7.6, abs=0.1), pytest.approx(7.6, abs=0.1))


def test_a_box_adds_alt_takes_away_and_undo_takes_back_step_by_step(desk):
    tool(desk, "Select a box")
    drag(desk, (3.1, -3.1), (-3.1, 3.1))
    whole = inside(3.1, 3.1)
    selected(desk, whole)
    desk.keyboard.down("Alt")
    expect(desk.locator(".map-mode")).to_contain_text("Drag a box to take threats out of the selection.")
    drag(desk, (1.5, -1.5), (-1.5, 1.5))
    desk.keyboard.up("Alt")
    hole = inside(1.5, 1.5)
    selected(desk, whole - hole)
    assert steps(desk) == [f"+box: {whole:,}", f"−box: {hole:,}"]
    desk.locator('input[name="threat_ids"]').first.check()
    selected(desk, whole - hole + 1)
    assert steps(desk)[2:] == ["+1 single threat: 1"]
    for count in (whole - hole, whole, 0):
        desk.get_by_role("button", name="Undo").click()
        selected(desk, count)
    expect(desk.get_by_role("button", name="Undo")).to_be_disabled()


def test_the_mode_is_seen_and_escape_leaves_it(desk):
    around = desk.locator("#map")
    tool(desk, "Select by lasso")
    expect(around).to_have_class(re.compile("map-selecting"))
    expect(desk.get_by_role("button", name="Select by lasso")).to_have_attribute("aria-pressed", "true")
    assert around.evaluate("map => getComputedStyle(map, '::after').borderTopWidth") == "3px"
    assert around.evaluate("map => getComputedStyle(map).cursor") == "crosshair"
    desk.get_by_role("button", name="Take away").click()
    expect(around).to_have_class(re.compile("map-taking-away"))
    desk.keyboard.press("Escape")
    expect(around).not_to_have_class(re.compile("map-selecting"))
    drag(desk, (2, -2), (-2, 2))
    selected(desk, 0)


def test_an_area_is_drawn_corner_by_corner_while_the_map_moves(desk):
    tool(desk, "Select an area by its corners")
    for place in ((3.1, -3.1), (3.1, 3.1), (9, 9)):
        desk.mouse.click(*at(desk, *place))
    desk.keyboard.press("Backspace")
    drag(desk, (0, 0), (1, 1))  # the map goes along
    for lat, lng in ((-3.1, 3.1), (-3.1, -3.1)):
        desk.mouse.click(*at(desk, lat + 1, lng + 1))
    desk.keyboard.press("Enter")
    selected(desk, inside(3.1, 3.1))
    assert steps(desk) == [f"+polygon: {inside(3.1, 3.1):,}"]
    for lat, lng in ((1.02, -1.02), (1.02, 1.02), (-1.02, 1.02)):
        desk.mouse.click(*at(desk, lat + 1, lng + 1))
    desk.get_by_role("button", name="Take away").click()
    desk.mouse.dblclick(*at(desk, -1.02 + 1, -1.02 + 1))
    selected(desk, inside(3.1, 3.1) - inside(1.02, 1.02))


def test_a_cluster_is_selected_whole_and_taken_away_with_alt(desk):
    tooltip = desk.locator(".map-tooltip")
    x, y = at(desk, 0, 0)
    for dx, dy in ((8 * i, 8 * j) for i in range(9) for j in range(9)):  # until the pointer is on one
        desk.mouse.move(x + dx, y + dy)
        desk.wait_for_timeout(40)
        if tooltip.is_visible():
            break
    said = int(re.match(r"[\d,]+", tooltip.inner_text())[0].replace(",", ""))
    place = x + dx, y + dy
    desk.keyboard.down("Shift")
    desk.mouse.click(*place)
    desk.keyboard.up("Shift")
    selected(desk, said)
    assert steps(desk) == [f"+cluster: {said:,}"]
    tool(desk, "Select a box")
    desk.mouse.click(*place)
    assert steps(desk) == [f"+cluster: {said:,}", "+cluster: 0"]
    desk.keyboard.down("Alt")
    desk.mouse.click(*place)
    desk.keyboard.up("Alt")
    selected(desk, 0)
    desk.get_by_label("Title").fill("Nothing left")
    desk.get_by_role("button", name="Create incident").click()
    expect(desk.get_by_role("alert").filter(has_text="Nothing is selected any more.")).to_be_visible()


def test_a_lasso_over_the_antimeridian_holds_both_sides(browser, field):
    with watched(browser, field) as context:
        page = open_at(context, field, "#map=-17,180,5", SEAM)
        tool(page, "Select by lasso")
        drag(page, *ring(3))
        selected(page, SEAM)
        incident = create(page, field, "On both sides")
        parts = [incident.area["coordinates"]] if incident.area["type"] == "Polygon" else incident.area["coordinates"]
        lngs = [lng for polygon in parts for lng, _ in polygon[0]]
        assert max(lngs) >= 180


def test_the_number_shown_is_always_that_of_the_steps_in_the_form(desk):
    held = []
    desk.route("**/threats/selected", lambda route: held.append(route) if len(held) < 2 else route.continue_())
    desk.locator('input[name="threat_ids"]').nth(0).check()
    expect(desk.locator("#tray-title")).to_have_text("Counting… selected")
    tool(desk, "Select a box")
    drag(desk, (3.1, -3.1), (-3.1, 3.1))
    expect(desk.locator("#tray-title")).to_have_text("Counting… selected")
    desk.locator('input[name="threat_ids"]').nth(1).check()
    selected(desk, inside(3.1, 3.1) + 2)
    assert len(held) == 2
    assert desk.locator('input[name="selection"]').input_value().count('"op"') == 3


def test_a_step_that_the_server_can_not_use_is_given_up_and_one_that_it_could_not_count_is_kept(desk):
    answers = [{"status": 404, "body": ""}, {"status": 202, "json": {"warming": {"done": 400_000, "of": 1_000_000}}}]
    answers.append({"status": 422, "json": {"error": "The area has no ring."}})
    desk.route("**/threats/selected", lambda route: route.fulfill(**answers.pop(0)) if answers else route.continue_())
    title, said = desk.locator("#tray-title"), desk.locator("#selection-message")
    desk.locator('input[name="threat_ids"]').nth(0).check()
    expect(said).to_contain_text("The server answered with an error (404).")
    expect(title).to_have_text("Counting… selected")
    desk.locator('input[name="threat_ids"]').nth(1).check()
    expect(said).to_contain_text("The area has no ring.")
    selected(desk, 1)
    expect(said).to_contain_text("The area has no ring.")
    desk.locator('input[name="threat_ids"]').nth(2).check()
    selected(desk, 2)
    expect(said).to_be_hidden()


def test_filters_in_force_are_kept_by_the_step(desk):
    desk.get_by_role("checkbox", name="Critical").check()
    expect(desk.get_by_role("heading", name="508 threats")).to_be_visible()
    tool(desk, "Select everything in view")
    selected(desk, FIELD // 5)
    desk.get_by_role("checkbox", name="Critical").uncheck()
    expect(desk.get_by_role("heading", name="2,540 threats")).to_be_visible()
    selected(desk, FIELD // 5)
    assert steps(desk) == ["+everything in view, filtered by severity: 500"]
    desk.get_by_role("button", name="Add all 2,540 that match").click()
    selected(desk, FIELD + SEAM)


def test_within_a_distance_of_a_city_and_of_a_threat_by_the_keyboard(desk):
    desk.get_by_text("Select near a place").focus()
    desk.keyboard.press("Enter")
    desk.keyboard.press("Tab")
    desk.keyboard.type("sao to")
    expect(desk.locator(".options li").first).to_contain_text("São Tomé")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(desk.get_by_label("Within km")).to_be_focused()
    desk.keyboard.type("200")
    desk.keyboard.press("Enter")
    assert number(desk) > 0
    assert re.fullmatch(r"\+within 200 km of São Tomé: \d+", steps(desk)[0])
    desk.get_by_role("row").filter(has_text="Road closure 2539").hover()
    desk.get_by_role("button", name=re.compile("^Near it ?: Road closure 2539$")).click()
    desk.keyboard.type("11")
    desk.keyboard.press("Enter")
    assert re.fullmatch(r"\+within 11 km of -17, -179.05: 3", steps(desk)[1])
    desk.get_by_label("Latitude").fill("north")
    desk.get_by_label("Latitude").press("Enter")
    expect(desk.get_by_role("alert").filter(has_text="Give the latitude as a number from -90 to 90.")).to_be_visible()


def tab_to(page: Page, name: str) -> None:
    for _ in range(60):
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached by the Tab key")


def test_every_tool_is_reached_and_run_by_the_keyboard_alone(desk):
    desk.locator("#map").focus()
    tab_to(desk, "Select a box")
    desk.keyboard.press("Enter")
    arrows(desk, ArrowLeft=7, ArrowUp=1)
    desk.keyboard.press("Enter")
    arrows(desk, ArrowRight=12, ArrowDown=2)
    desk.keyboard.press("Enter")
    degree = 256 * 2**5 / 360
    selected(desk, inside(24 / degree, 6 * 24 / degree))  # one step up and down from the middle, six to the sides
    desk.keyboard.press("Escape")

    tab_to(desk, "Select an area by its corners")
    desk.keyboard.press("Enter")
    arrows(desk, ArrowLeft=4, ArrowUp=3)
    for moves in ({}, {"ArrowRight": 6}, {"ArrowDown": 6}, {"ArrowLeft": 6}):
        arrows(desk, **moves)
        desk.keyboard.press("Enter")
    desk.keyboard.press("Enter")
    assert re.fullmatch(r"\+polygon: \d+", steps(desk)[1])
    desk.keyboard.press("Escape")

    tab_to(desk, "Select by lasso")
    desk.keyboard.press("Enter")
    arrows(desk, ArrowLeft=4, ArrowUp=3)
    desk.keyboard.press("Enter")
    arrows(desk, ArrowRight=6, ArrowDown=6, ArrowLeft=6, ArrowUp=5)
    desk.keyboard.press("Enter")
    assert re.fullmatch(r"\+lasso: \d+", steps(desk)[2])
    desk.keyboard.press("Escape")

    tab_to(desk, "Select everything in view")
    desk.keyboard.press("Enter")
    selected(desk, FIELD)
    tab_to(desk, "Select near a place")
    desk.keyboard.press("Enter")
    expect(desk.get_by_label("Within km")).to_be_focused()
    desk.keyboard.press("Enter")
    assert re.fullmatch(r"\+within 25 km of [-\d.]+, [-\d.]+: \d+", steps(desk)[-1])


def test_what_lies_under_the_cross_is_picked_with_the_space_key(page):
    page.get_by_label("Search").fill("closure 57")
    expect(page.get_by_text("1 in view of 1 that matches")).to_be_visible()
    page.get_by_role("button", name="Show all threats").click()
    page.wait_for_timeout(600)  # the map glides there
    tool(page, "Select a box")
    arrows(page, ArrowLeft=1)
    page.keyboard.press("Space")
    selected(page, 1)
    expect(page.get_by_role("checkbox", name="Select Road closure 57")).to_be_checked()
    page.get_by_role("button", name="Take away").click()
    page.locator("#map").focus()
    page.keyboard.press("Space")
    selected(page, 0)


def arrows(page: Page, **moves: int) -> None:
    """Press arrow keys; the first one of a tool shows the cross and does not move it."""
    for key, times in moves.items():
        for _ in range(times):
            page.keyboard.press(key)


def test_one_finger_draws_and_two_zoom(browser, field):
    with watched(browser, field, has_touch=True, viewport={"width": 390, "height": 800}) as context:
        page = open_at(context, field, "#map=0,0,5", FIELD)
        tool(page, "Select a box")
        page.locator("#map").scroll_into_view_if_needed()
        touch(page, [at(page, 2.1, -2.1)], [at(page, 0, 0)], [at(page, -2.1, 2.1)])
        selected(page, inside(2.1, 2.1))
        a, b = at(page, 0, -1), at(page, 0, 1)
        touch(page, [a], [a, b], [at(page, 0, -3), at(page, 0, 3)])
        expect(page).to_have_url(re.compile(r"#map=.*,[67]$"))
        selected(page, inside(2.1, 2.1))


def touch(page: Page, *moments: list[tuple[float, float]]) -> None:
    """Put fingers on the page, move them, and lift them."""
    client = page.context.new_cdp_session(page)
    before = 0
    for fingers in moments:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(fingers)]
        kind = "touchStart" if len(fingers) > before else "touchMove"
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        before = len(fingers)
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_line_by_hand_is_sent_with_few_corners_that_stay_within_a_pixel(desk):
    found = desk.evaluate(
        """async () => {
          const { simplify } = await import("/static/js/map/select/simplify.js");
          const ring = (radius) => Array.from({ length: 5000 }, (_, i) => (
            { x: radius * Math.cos(i / 795), y: radius * Math.sin(i / 795) + 2 * (i % 2) * (radius > 900) }));
          const kept = simplify(ring(300), 500).map((i) => ring(300)[i]);
          const off = Math.max(...kept.slice(1).map((to, i) => 300 - Math.hypot((to.x + kept[i].x) / 2, (to.y + kept[i].y) / 2)));
          return [kept.length, off, simplify(ring(1000), 500).length, simplify([{ x: 0, y: 0 }, { x: 1, y: 1 }], 500)];
        }"""
    )
    assert 10 < found[0] < 100
    assert 0 < found[1] <= 1
    assert 10 < found[2] <= 500
    assert found[3] == [0, 1]


def test_an_area_wider_than_the_world_is_refused_in_words(browser, field):
    with watched(browser, field, viewport={"width": 2200, "height": 800}) as context:
        page = open_at(context, field, "#map=0,0,1", FIELD + SEAM)
        tool(page, "Select by lasso")
        box = page.locator("#map").bounding_box()
        page.mouse.move(box["x"] + 60, box["y"] + 200)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 5, box["y"] + 210, steps=4)
        page.mouse.move(box["x"] + box["width"] - 5, box["y"] + 400, steps=4)
        page.mouse.up()
        expect(page.locator(".map-mode")).to_contain_text("This area is wider than the world.")
        selected(page, 0)
