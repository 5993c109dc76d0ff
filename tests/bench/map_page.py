"""Watch the desk's map in a real Chromium with many threats on the server: `python tests/bench/map_page.py --count 1000000`.

Fills a database of its own with the made-up threats, or takes the one in `--data-dir`. Prints how soon the map shows something,
the long tasks while a person pans and zooms for 20 s, the heap after 0, 100 and 200 pans, and the bytes of views on the wire.
A long task is one of more than 50 ms by the clock, so a busy machine makes them out of short ones.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import flask_migrate
from flask import Flask
from playwright.sync_api import CDPSession, Page, sync_playwright

from app import create_app
from app.service import people
from tests import make
from tests.browser.conftest import launch
from tests.serving import ROOT, served

EMAIL = "bench@example.net"
PLACES = {"world": "20,0,2", "country": "9.08,7.4,6", "city": "6.5,3.4,11"}
SECONDS = 20
WATCH = """
  window.tasks = [];
  const noted = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((task) => task.duration)));
  noted.observe({ type: "longtask", buffered: true });
  new MutationObserver(() => {
    const note = document.querySelector(".map-note span");
    if (window.first === undefined && note?.textContent) window.first = performance.now();
  }).observe(document, { childList: true, subtree: true });
"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = options.data_dir or Path(folder)
        if options.data_dir is None:
            command = [sys.executable, "tests/bench/threats.py", "--count", str(options.count), "--data-dir", folder]
            subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
        app = create_app(DATA_DIR=data_dir, DATABASE_URL="")
        with app.app_context():
            flask_migrate.upgrade()  # a folder that was kept may be of an earlier schema
        with served({"CORDON_DATA_DIR": str(data_dir), "CORDON_DATABASE_URL": ""}, workers=1) as address:
            print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n\n| what | value |\n| --- | --- |")
            with sync_playwright() as playwright:
                browser = launch(playwright)
                page = browser.new_page(base_url=address, viewport={"width": 1600, "height": 1000})
                page.add_init_script(WATCH)
                watch(page, sign_in_link(app, address))
                browser.close()


def sign_in_link(app: Flask, address: str) -> str:
    with app.app_context():
        known = people.find(EMAIL)
    if known is None:
        make.person(app, EMAIL)
    with app.app_context():
        return f"{address}/enter?token={people.make_sign_in_link(people.find(EMAIL))}"


def watch(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_text("in view of").wait_for(timeout=120_000)
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes: dict[str, int] = {}
    requests: dict[str, str] = {}
    wire.on("Network.requestWillBeSent", lambda event: requests.update({event["requestId"]: event["request"]["url"]}))
    wire.on(
        "Network.loadingFinished",
        lambda event: sizes.update({requests.get(event["requestId"], ""): event["encodedDataLength"]}),
    )
    for name, place in PLACES.items():
        sizes.clear()
        page.goto("about:blank")
        page.goto(f"/#map={place}")
        page.get_by_text("in view of").wait_for()
        page.wait_for_timeout(1500)
        views = [size for url, size in sizes.items() if "/threats/view" in url]
        row(f"{name}: first map content", f"{page.evaluate('window.first'):.0f} ms")
        row(f"{name}: long tasks while it loads", tasks(page))
        row(f"{name}: a view on the wire", f"{views[-1] / 1000:.1f} kB")
    page.evaluate("window.tasks.length = 0")
    end = time.monotonic() + SECONDS
    pans = 0
    while time.monotonic() < end:
        pan(page, pans)
        zoom(page, pans)
        pans += 1
    row(f"long tasks in {SECONDS} s of panning and zooming", tasks(page))
    row("heap before, in MB", f"{heap(wire):.1f}")
    for done in (100, 200):
        for i in range(100):
            pan(page, i)
        page.wait_for_timeout(1000)
        row(f"heap after {done} pans, in MB", f"{heap(wire):.1f}")


def row(what: str, value: str) -> None:
    print(f"| {what} | {value} |", flush=True)


def tasks(page: Page) -> str:
    found = page.evaluate("window.tasks")
    return f"{len(found)}" + (f", the longest {max(found):.0f} ms" if found else "")


def heap(wire: CDPSession) -> float:
    wire.send("HeapProfiler.collectGarbage")
    return float(wire.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def pan(page: Page, number: int) -> None:
    """Drag the map by some hundred pixels: there, and the next time back."""
    box = page.locator("#map").bounding_box() or {}
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    by = 180 if number % 2 else -180
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by, y + by / 3, steps=8)
    page.mouse.up()


def zoom(page: Page, number: int) -> None:
    page.mouse.wheel(0, -120 if number % 8 < 4 else 120)
    page.wait_for_timeout(400)


if __name__ == "__main__":
    main()
