"""Count the bytes of the desk's first load in a real Chromium: `python tests/bench/page_bytes.py`.

Fills a database of its own with the made-up threats, or takes the one in `--data-dir`. Prints what came over the wire, headers
included, by kind: at the first load with an empty cache, at the second load, and for views of the map.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[2]))

from flask import Flask
from playwright.sync_api import Page, sync_playwright

from app import create_app
from app.service import people
from tests import make
from tests.browser.conftest import launch
from tests.serving import ROOT, served

EMAIL = "bench@example.net"
ENDINGS = {".js": "scripts", ".css": "style sheets", ".svg": "icon"}


def kind_of(url: str) -> str:
    """Return what a request was for."""
    path = urlsplit(url).path
    if "/vendor/" in path:
        return "Leaflet"
    if "/basemap/" in path:
        return "basemap (not counted)"
    if path == "/":
        return "the page"
    return ENDINGS.get(Path(path).suffix, path)


class Wire:
    """Counts what comes over the wire for a page."""

    def __init__(self, page: Page) -> None:
        self.bytes: Counter[str] = Counter()
        self.number: Counter[str] = Counter()
        self._kinds: dict[str, str] = {}
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on(
            "Network.requestWillBeSent",
            lambda event: self._kinds.__setitem__(event["requestId"], kind_of(event["request"]["url"])),
        )
        session.on("Network.loadingFinished", self._finished)

    def _finished(self, event: dict) -> None:
        kind = self._kinds.get(event["requestId"], "other")
        if event["encodedDataLength"]:
            self.bytes[kind] += int(event["encodedDataLength"])
            self.number[kind] += 1

    def take(self) -> tuple[Counter[str], Counter[str]]:
        """Return what has come since the last call."""
        taken = self.bytes, self.number
        self.bytes, self.number = Counter(), Counter()
        return taken


def sign_in(app: Flask, page: Page, address: str) -> None:
    """Sign in by a link, and stay away from the desk."""
    with app.app_context():
        token = people.make_sign_in_link(people.find(EMAIL))
    page.context.request.get(f"{address}/enter?token={token}", max_redirects=0)


def table(title: str, taken: tuple[Counter[str], Counter[str]]) -> None:
    """Print a table of one load."""
    sizes, numbers = taken
    print(f"\n| {title} | requests | kB |\n| --- | --- | --- |")
    for kind, size in sizes.most_common():
        print(f"| {kind} | {numbers[kind]} | {size / 1000:.1f} |")
    counted = sum(size for kind, size in sizes.items() if "basemap" not in kind)
    print(f"| **all but the basemap** | {sum(numbers.values()) - numbers['basemap (not counted)']} | **{counted / 1000:.1f}** |")


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = options.data_dir or Path(folder)
        if options.data_dir is None:
            command = [sys.executable, "tests/bench/threats.py", "--count", str(options.count), "--data-dir", folder]
            subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
        app = create_app(DATA_DIR=data_dir, DATABASE_URL="")
        with app.app_context():
            if people.find(EMAIL) is None:
                make.person(app, EMAIL)
        with (
            served({"CORDON_DATA_DIR": str(data_dir), "CORDON_DATABASE_URL": ""}, workers=1) as address,
            sync_playwright() as playwright,
        ):
            browser = launch(playwright)
            page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 800})
            sign_in(app, page, address)
            wire = Wire(page)
            for title in ("first load", "second load"):
                page.goto("/")
                page.locator(".map-note span", has_text="that match").wait_for(timeout=60_000)
                page.wait_for_load_state("networkidle")
                table(title, wire.take())
            for _ in range(8):
                page.get_by_role("button", name="Zoom in").click()
                page.wait_for_timeout(800)
            table("eight zooms", wire.take())
            browser.close()


if __name__ == "__main__":
    main()
