"""A lasso over many of a million threats in a real browser, and the incident made of it: one number everywhere, and how long."""

from __future__ import annotations

import argparse
import re
import sys
import time
from math import cos, hypot, pi, sin
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import sqlalchemy as sa
from playwright.sync_api import Page, expect, sync_playwright

from app import create_app
from app.db import db
from app.models import Incident, ThreatLink
from app.service import people
from tests import make
from tests.bench import stores
from tests.browser.conftest import launch
from tests.serving import served

EMAIL = "bench@example.net"
SETTLED_MS = 5_000
"""Until what comes after the list, such as the histogram, is there."""
WIDE = {"width": 1600, "height": 1000}


def main() -> None:
    """Print one row for each engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--select", type=int, default=100_000)
    parser.add_argument("--engine", choices=stores.ENGINES)
    options = parser.parse_args()
    print("| engine | of | selected | number after the lasso, s | click to page, s | tray = incident = database |")
    print("| --- | --- | --- | --- | --- | --- |")
    for engine in [options.engine] if options.engine else stores.ENGINES:
        with stores.filled(engine, options.count) as settings:
            print(run(engine, settings, options.count, options.select), flush=True)


def run(engine: str, settings: stores.Settings, count: int, wanted: int) -> str:
    """Return the row of an engine."""
    app = create_app(**settings)
    with app.app_context():
        is_known = people.find(EMAIL) is not None
        lat, lng, degrees = middle_and_reach(wanted)
    if not is_known:
        make.person(app, EMAIL)
    with app.app_context():
        token = people.make_sign_in_link(people.find(EMAIL))
    with served(stores.environment(settings), workers=4) as address, sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(base_url=address, viewport=WIDE)
        page.set_default_timeout(180_000)
        page.goto(f"/enter?token={token}")
        zoom = zoom_for(degrees)
        page.goto("about:blank")
        page.goto(f"/#map={lat},{lng},{zoom}")
        page.get_by_text("in view of").wait_for()
        page.wait_for_timeout(SETTLED_MS)
        counted = lasso(page, degrees, zoom)
        shown = int(page.locator("#tray-title .selected-count").inner_text().replace(",", ""))
        page.get_by_label("Title").fill("Drawn in a browser")
        start = time.perf_counter()
        page.get_by_role("button", name="Create incident").click()
        page.get_by_text(f"Incident created with {shown:,} threats.").wait_for()
        made = time.perf_counter() - start
        incident_id = UUID(page.url.rpartition("/")[2])
        browser.close()
    with app.app_context():
        told = db.session.scalar(sa.select(Incident.link_count).where(Incident.id == incident_id))
        links = db.session.scalar(sa.select(sa.func.count()).where(ThreatLink.incident_id == incident_id))
        db.engine.dispose()
    same = "yes" if shown == told == links else f"NO: {shown:,}, {told:,}, {links:,}"
    return f"| {engine} | {count:,} | {shown:,} | {counted:.2f} | {made:.2f} | {same} |"


def middle_and_reach(wanted: int) -> tuple[float, float, float]:
    """Return a place and how many degrees round it hold about so many threats."""
    places = db.session.execute(sa.text("SELECT lat, lng FROM threat WHERE lat IS NOT NULL ORDER BY id LIMIT 100000")).all()
    total = db.session.scalar(sa.text("SELECT count(*) FROM threat"))
    lat, lng = max(places[:200], key=lambda one: sum(abs(a - one[0]) < 5 and abs(b - one[1]) < 5 for a, b in places[:5000]))
    # On the map a degree of latitude is longer than one of longitude.
    away = sorted(hypot((a - lat) / cos(lat * pi / 180), b - lng) for a, b in places)
    return lat, lng, away[min(len(away) - 1, round(1.1 * wanted / total * len(places)))]


def zoom_for(degrees: float) -> int:
    """Return the closest zoom at which a ring of this radius fits the map."""
    return next(zoom for zoom in range(12, 1, -1) if degrees * 256 * 2**zoom / 360 < 300)


def lasso(page: Page, degrees: float, zoom: int) -> float:
    """Draw a ring round the middle of the map, and return the seconds until the number was there."""
    box = page.locator("#map").bounding_box()
    radius = degrees * 256 * 2**zoom / 360
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.get_by_role("button", name="Select by lasso").click()
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for corner in range(1, 200):
        page.mouse.move(x + radius * cos(corner * pi / 100), y + radius * sin(corner * pi / 100))
    start = time.perf_counter()
    page.mouse.up()
    expect(page.locator("#tray-title")).to_have_text(re.compile(r"^[1-9][\d,]* selected$"), timeout=60_000)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
