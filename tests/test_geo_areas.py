"""Areas drawn simply: few positions, near to what was told, whatever was told."""

from __future__ import annotations

import re
from math import cos, pi, sin
from time import process_time
from typing import Any

import numpy as np
import orjson
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo.simplify import POSITIONS_MAX, outline, simplified

Corners = list[tuple[float, float]]

LNGS = st.floats(-180, 180)
LATS = st.floats(-90, 90)
MANY = 250_000


def polygon(*rings: Any) -> dict[str, Any]:
    """Return a GeoJSON polygon of rings of (lng, lat), which it closes."""
    return {"type": "Polygon", "coordinates": [[*map(list, ring), list(ring[0])] for ring in rings]}


def multi(*polygons: dict[str, Any]) -> dict[str, Any]:
    return {"type": "MultiPolygon", "coordinates": [each["coordinates"] for each in polygons]}


def square(lng: float, lat: float, side: float) -> dict[str, Any]:
    return polygon([(lng, lat), (lng + side, lat), (lng + side, lat + side), (lng, lat + side)])


def round_a_middle(radii: Any, lng: float = 0, lat: float = 0) -> Corners:
    count = len(radii)
    return [(lng + r * cos(2 * pi * i / count), lat + r * sin(2 * pi * i / count)) for i, r in enumerate(radii)]


def drawn(area: dict[str, Any]) -> shapely.Geometry:
    """Return the outline of an area as a shape, after looking at what holds of each."""
    found = outline(area)
    shape = shapely.from_geojson(orjson.dumps(found))
    assert found["type"] in {"Polygon", "MultiPolygon"}
    assert shape.is_valid, shapely.is_valid_reason(shape)
    assert shape.area > 0
    west, south, east, north = shape.bounds
    assert -180 <= west <= east <= 180
    assert -90 <= south <= north <= 90
    assert shapely.get_num_coordinates(shape) <= POSITIONS_MAX
    for ring in shapely.get_rings(shape):
        lngs = shapely.get_coordinates(ring)[:, 0]
        assert np.abs(np.diff(lngs)).max() <= 180
    return shape


def coast(count: int) -> Corners:
    """Return a ring that gets more detailed with every corner."""
    steps = np.random.default_rng(1).normal(size=count)
    steps[count // 2 :] = -steps[: count - count // 2][::-1]  # It comes back to where it began.
    return round_a_middle(10 + np.cumsum(steps) * 0.0005)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0.5, 40), min_size=3, max_size=600), st.floats(-130, 130), st.floats(-45, 45))
def test_every_corner_lies_within_the_tolerance_of_the_outline(radii: list[float], lng: float, lat: float):
    corners = round_a_middle(radii, lng, lat)
    area = polygon(corners)
    shape = drawn(area)
    with np.errstate(all="ignore"):
        simple = simplified(area)
    assert shapely.distance(shape, shapely.points(corners)).max() <= simple.tolerance


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.tuples(LNGS, LATS), min_size=1, max_size=40), min_size=1, max_size=30))
def test_no_rings_are_too_wild_to_be_drawn(rings: list[Corners]):
    drawn(multi(*map(polygon, rings)))
    drawn(polygon(*rings))


def test_what_is_simple_already_stays_as_it_is():
    assert drawn(square(1, 2, 3)).equals(shapely.box(1, 2, 4, 5))
    ring = round_a_middle([5.0] * (POSITIONS_MAX - 1))
    assert shapely.get_num_coordinates(drawn(polygon(ring))) == POSITIONS_MAX


def test_a_coast_in_full_detail_keeps_its_shape():
    corners = coast(20_000)
    shape = drawn(polygon(corners))
    told = shapely.Polygon(corners)
    assert shape.symmetric_difference(told).area < 0.03 * told.area


def test_numbers_are_rounded_to_a_metre():
    text = orjson.dumps(outline(polygon(coast(5_000)))).decode()
    assert max(len(digits) for digits in re.findall(r"\.(\d+)", text)) == 5


def test_holes_are_kept():
    shape = drawn(polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [(3, 3), (3, 6), (6, 6), (6, 3)]))
    assert shape.area == pytest.approx(72)


def test_areas_that_overlap_are_drawn_as_one():
    shape = drawn(multi(square(0, 0, 2), square(1, 1, 2)))
    assert shape.area == pytest.approx(7)


def test_of_more_islands_than_can_be_drawn_the_smallest_go():
    mainland = polygon(coast(2_000))
    islands = [square(20 + i % 10, i // 10, 0.001 * (i + 1)) for i in range(100)]
    shape = drawn(multi(mainland, *islands))
    kept = shapely.get_parts(shape)
    assert len(kept) > 5
    assert all(shapely.intersects(kept, shapely.box(20 + i, 9, 20.1 + i, 9.1)).any() for i in range(7, 10))
    assert not shape.intersects(shapely.box(20, 0, 30, 1))


def test_an_area_over_the_antimeridian_is_cut_there():
    whole = drawn(polygon([(170, 0), (-170, 0), (-170, 10), (170, 10)]))
    assert whole.equals(shapely.union(shapely.box(170, 0, 180, 10), shapely.box(-180, 0, -170, 10)))
    assert drawn(polygon([(170, 0), (190, 0), (190, 10), (170, 10)])).equals(whole)


def test_an_area_round_a_pole_holds_the_pole():
    shape = drawn(polygon([(-120, -70), (0, -70), (120, -70)]))
    assert shape.bounds == (-180, -90, 180, -70)
    assert shape.area == pytest.approx(360 * 20)


def test_the_whole_world_can_be_drawn():
    assert drawn(polygon([(-180, -90), (180, -90), (180, 90), (-180, 90)])).area == 360 * 180


def test_what_has_no_width_is_drawn_all_the_same():
    assert drawn(polygon([(1, 1), (1, 1), (1, 1)])).centroid.distance(shapely.Point(1, 1)) < 2e-5
    assert drawn(polygon([(1, 1), (2, 2), (3, 3)])).contains(shapely.Point(2, 2))
    assert drawn(polygon([(180, 90), (180, 90), (180, 90)])).distance(shapely.Point(180, 90)) < 2e-5


def test_spikes_and_loops_are_cleared_up():
    assert drawn(polygon([(0, 0), (1, 0), (1, 1), (5, 1), (1, 1), (0, 1)])).equals(shapely.box(0, 0, 1, 1))
    assert drawn(polygon([(0, 0), (2, 2), (2, 0), (0, 2)])).area == pytest.approx(2)


random = np.random.default_rng(7)
comb = [(i / MANY * 10, 5 * (i % 2)) for i in range(MANY)]


@pytest.mark.parametrize(
    "area",
    [
        pytest.param(polygon(coast(MANY)), id="a coast"),
        pytest.param(polygon(round_a_middle(np.full(MANY, 10.0))), id="a circle"),
        pytest.param(polygon([*comb, (10, -1), (0, -1)]), id="a comb, which overflows the stack of simpler ways"),
        pytest.param(polygon([*comb[::63], (10, -1), (0, -1)]), id="a smaller comb"),
        pytest.param(polygon(random.uniform(0, 10, (MANY, 2)).tolist()), id="a tangle"),
        pytest.param(polygon(random.uniform(0, 10, (3_000, 2)).tolist()), id="a smaller tangle"),
        pytest.param(polygon(random.uniform(0, 10, (600, 2)).tolist()), id="a tangle that is small"),
        pytest.param(polygon(round_a_middle(random.uniform(5, 10, MANY))), id="a star of spikes"),
        pytest.param(multi(*(square(*at, 0.01) for at in random.uniform(-80, 80, (MANY // 5, 2)).tolist())), id="specks"),
        pytest.param(multi(*(square(*at, 5) for at in random.uniform(-80, 80, (1_000, 2)).tolist())), id="heaps"),
    ],
)
def test_the_worst_that_parsers_let_through_is_drawn_in_time(area: dict[str, Any]):
    start = process_time()
    outline(area)
    spent = process_time() - start
    drawn(area)
    assert spent < 3, "0.1 to 0.5 s on a quiet machine"
