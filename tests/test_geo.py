"""Geometry: distances, boxes, circles, the projection and polygons, with the antimeridian and the poles."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.geo import outline
from app.geo.box import Box
from app.geo.circle import MAX_RADIUS_KM, Circle
from app.geo.distance import EARTH_RADIUS_KM, distance_km, distances_km
from app.geo.mercator import MAX_LAT, lat_of, lng_of, x_of, y_of
from app.geo.middle import middle
from app.geo.polygon import MAX_VERTICES, Polygon

LATS = st.floats(-90, 90)
LNGS = st.floats(-180, 180)
PLACES = st.tuples(LATS, LNGS)


def ring(*corners: tuple[float, float]) -> list[list[float]]:
    """Return a closed GeoJSON ring of (lng, lat) corners."""
    return [list(corner) for corner in (*corners, corners[0])]


def rectangle(west: float, south: float, east: float, north: float) -> dict[str, object]:
    """Return a GeoJSON rectangle, counterclockwise."""
    return {"type": "Polygon", "coordinates": [ring((west, south), (east, south), (east, north), (west, north))]}


def holds(polygon: Polygon, *places: tuple[float, float]) -> list[bool]:
    """Say for each (lng, lat) whether the polygon holds it."""
    lngs, lats = np.array(places, dtype=np.float64).T
    answer: list[bool] = polygon.contains(lngs, lats).tolist()
    return answer


# Distance


def test_the_distance_from_paris_to_new_york_is_known() -> None:
    assert distance_km(48.8566, 2.3522, 40.7128, -74.0060) == pytest.approx(5837, abs=1)


def test_a_distance_over_the_antimeridian_is_the_short_way() -> None:
    assert distance_km(0, 179.5, 0, -179.5) == pytest.approx(EARTH_RADIUS_KM * np.pi / 180)


def test_the_poles_are_half_the_world_apart() -> None:
    assert distance_km(90, 12, -90, -77) == pytest.approx(MAX_RADIUS_KM)


def test_at_a_pole_longitude_does_not_matter() -> None:
    assert distance_km(90, 0, 90, 135) == pytest.approx(0, abs=1e-9)


@given(PLACES, PLACES)
def test_both_ways_of_measuring_agree(a: tuple[float, float], b: tuple[float, float]) -> None:
    many = distances_km(*a, np.array([b[0]]), np.array([b[1]]))
    assert many[0] == pytest.approx(distance_km(*a, *b), abs=1e-6)


# Middle


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([(6.4, 3.4)], (6.4, 3.4)),
        ([(6.4, 3.0), (6.6, 3.0)], (6.5, 3.0)),
        ([(0, 179), (0, -177)], (0, -179)),
        ([(0, 0), (0, 180)], None),
        ([], None),
    ],
)
def test_the_middle_of_places_lies_between_them_over_the_antimeridian_too(places, expected):
    assert middle(places) == (expected if expected is None else pytest.approx(expected))


# Box


def test_a_box_is_read_from_text() -> None:
    assert Box.parse("-10, 35.5,3e1,+60") == Box(-10, 35.5, 30, 60)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "four numbers"),
        ("1,2,3", "four numbers"),
        ("1,2,3,4,5", "four numbers"),
        ("1,2,x,4", "“x” is not a number"),
        ("1,2,nan,4", "“nan” is not a number"),
        ("1,2,1_0,4", "“1_0” is not a number"),
        ("1,2,٣,4", "is not a number"),
        ("1,2,3,1e400", "not a number|latitude"),
        ("1,2,3,1e40", "latitude"),
        ("-181,2,3,4", "longitude"),
        ("1,-91,3,4", "latitude"),
        ("1,5,3,4", "southern edge"),
    ],
)
def test_what_is_no_box_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Box.parse(text)


def test_a_box_over_the_antimeridian_holds_both_sides() -> None:
    box = Box.parse("170,-20,-170,20")
    assert box.crosses_antimeridian
    assert box.contains(0, 175)
    assert box.contains(0, -175)
    assert box.contains(20, 180)
    assert box.contains(-20, -180)
    assert not box.contains(0, 0)
    assert not box.contains(21, 175)
    assert box.split() == (Box(170, -20, 180, 20), Box(-180, -20, -170, 20))


def test_a_plain_box_stays_in_one_piece() -> None:
    assert Box(1, 2, 3, 4).split() == (Box(1, 2, 3, 4),)
    assert Box(-180, -90, 180, 90).split() == (Box(-180, -90, 180, 90),)


def test_a_box_that_ends_at_the_antimeridian_holds_that_meridian_by_either_name() -> None:
    assert Box(170, 0, 180, 1).contains(0.5, -180)
    assert Box(-180, 0, -170, 1).contains(0.5, 180)
    assert not Box(170, 0, 179, 1).contains(0.5, -180)


def test_the_box_around_places_takes_the_short_way() -> None:
    assert Box.around([(1, 179), (2, -179), (0, 178)]) == Box(178, 0, -179, 2)
    assert Box.around([(1, 10), (2, -10)]) == Box(-10, 1, 10, 2)
    assert Box.around([(5, 6)]) == Box(6, 5, 6, 5)
    assert Box.around([(0, 180), (0, -180)]) == Box(180, 0, -180, 0)


def test_there_is_no_box_around_nothing() -> None:
    with pytest.raises(ValueError, match="no places"):
        Box.around([])


@given(st.lists(PLACES, min_size=1, max_size=8))
def test_the_box_around_places_holds_them(places: list[tuple[float, float]]) -> None:
    box = Box.around(places)
    assert all(box.contains(lat, lng) for lat, lng in places)


# Circle


def test_a_circle_over_the_antimeridian_has_a_crossing_box() -> None:
    circle = Circle(0, 179.9, 100)
    assert circle.box.crosses_antimeridian
    assert circle.contains(np.array([-179.9, 179.0, 178.9]), np.zeros(3)).tolist() == [True, False, False]


def test_a_circle_that_holds_a_pole_spans_all_longitudes() -> None:
    box = Circle(89.5, 20, 100).box
    assert (box.min_lng, box.max_lng, box.max_lat) == (-180, 180, 90)
    assert Circle(-90, 20, 100).box.min_lat == -90


def test_the_largest_circle_is_the_world() -> None:
    assert Circle(0, 0, MAX_RADIUS_KM).box == Box(-180, -90, 180, 90)


@pytest.mark.parametrize("bad", [(91, 0, 1), (0, 181, 1), (nan, 0, 1), (0, 0, 0), (0, 0, -1), (0, 0, inf), (0, 0, 20_100)])
def test_a_circle_of_other_numbers_is_refused(bad: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="has to be"):
        Circle(*bad)


@given(PLACES, st.floats(0.001, 20_000), PLACES)
def test_whatever_a_circle_holds_is_in_its_box(centre: tuple[float, float], radius: float, place: tuple[float, float]) -> None:
    circle = Circle(*centre, radius)
    lat, lng = place
    if circle.contains(np.array([lng]), np.array([lat]))[0]:
        assert circle.box.contains(lat, lng)


# Web Mercator


def test_the_corners_of_the_square_are_where_tiles_have_them() -> None:
    assert x_of([-180, 0, 180]).tolist() == [0, 0.5, 1]
    assert y_of([MAX_LAT, 0, -MAX_LAT]) == pytest.approx([0, 0.5, 1])


def test_poles_have_a_finite_place_outside_the_square() -> None:
    north, south = y_of([90, -90])
    assert -10 < north < 0
    assert 1 < south < 10


@given(PLACES)
def test_projecting_there_and_back_changes_nothing(place: tuple[float, float]) -> None:
    lat, lng = place
    assert lng_of(x_of(lng)) == pytest.approx(lng, abs=1e-9)
    assert lat_of(y_of(lat)) == pytest.approx(lat, abs=1e-9)


# Polygon


def test_a_polygon_holds_what_is_inside_and_on_its_edge() -> None:
    polygon = Polygon.from_geojson(rectangle(0, 0, 10, 10))
    assert holds(polygon, (5, 5), (0, 5), (10, 10), (10.001, 5), (-5, 5)) == [True, True, True, False, False]
    assert polygon.box == Box(0, 0, 10, 10)


def test_a_hole_is_outside() -> None:
    outer, hole = ring((0, 0), (9, 0), (9, 9), (0, 9)), ring((3, 3), (3, 6), (6, 6), (6, 3))
    polygon = Polygon.from_geojson({"type": "Polygon", "coordinates": [outer, hole]})
    assert holds(polygon, (4, 4), (1, 1)) == [False, True]


def test_sides_are_straight_on_the_map_and_not_in_degrees() -> None:
    triangle = Polygon.from_geojson({"type": "Polygon", "coordinates": [ring((0, 0), (60, 0), (60, 60))]})
    on_the_map = float(lat_of((y_of(0) + y_of(60)) / 2))
    assert on_the_map > 34
    assert holds(triangle, (30, 30), (30, on_the_map - 0.01), (30, on_the_map + 0.01)) == [True, True, False]


CROSSING = {
    "cut in two": {
        "type": "MultiPolygon",
        "coordinates": [rectangle(170, -10, 180, 10)["coordinates"], rectangle(-180, -10, -170, 10)["coordinates"]],
    },
    "running on eastwards": rectangle(170, -10, 190, 10),
    "running on westwards": rectangle(-190, -10, -170, 10),
    "a turn of the map away": rectangle(-550 + 20, -10, -530 + 20, 10) | rectangle(530 - 360, -10, 550 - 360, 10),
    "jumping": rectangle(170, -10, -170, 10),
}


@pytest.mark.parametrize("value", CROSSING.values(), ids=CROSSING.keys())
def test_a_polygon_may_cross_the_antimeridian(value: dict[str, object]) -> None:
    polygon = Polygon.from_geojson(value)
    places = [(175.0, 0.0), (-175.0, 0.0), (180.0, 5.0), (-180.0, 5.0), (0.0, 0.0), (165.0, 0.0), (-165.0, 0.0)]
    assert holds(polygon, *places) == [True, True, True, True, False, False, False]
    assert polygon.box == Box(170, -10, -170, 10)


def test_a_hole_may_lie_on_the_other_side_of_a_crossing_polygon() -> None:
    outer = ring((170, -10), (190, -10), (190, 10), (170, 10))
    hole = ring((-178, -5), (-178, 5), (-172, 5), (-172, -5))
    polygon = Polygon.from_geojson({"type": "Polygon", "coordinates": [outer, hole]})
    assert holds(polygon, (-175, 0), (-179, 0), (175, 0)) == [False, True, True]


def test_the_long_sides_of_a_wide_counterclockwise_polygon_are_no_jump() -> None:
    wide = Polygon.from_geojson(rectangle(-170, -10, 170, 10))
    assert holds(wide, (0, 0), (175, 0)) == [True, False]
    world = Polygon.from_geojson(rectangle(-180, -90, 180, 90))
    assert holds(world, (0, 0), (180, 90), (-180, -90), (77, 90)) == [True] * 4
    assert world.box == Box(-180, -90, 180, 90)


def test_a_polygon_that_ends_at_the_antimeridian_holds_that_meridian_by_either_name() -> None:
    assert holds(Polygon.from_geojson(rectangle(170, 0, 180, 5)), (-180, 1), (180, 1), (-179, 1)) == [True, True, False]


def test_a_polygon_up_to_the_pole_holds_places_beyond_the_map() -> None:
    polygon = Polygon.from_geojson(rectangle(-20, 80, 20, 90))
    assert holds(polygon, (0, 87.39), (0, 90), (0, 79)) == [True, True, False]


def test_a_lasso_that_crosses_itself_is_read_by_the_odd_and_even_rule() -> None:
    bow_tie = Polygon.from_geojson({"type": "Polygon", "coordinates": [ring((0, 0), (10, 10), (10, 0), (0, 10))]})
    assert holds(bow_tie, (1, 5), (9, 5), (5, 1), (5, 9)) == [True, True, False, False]


def test_polygons_that_overlap_count_as_one_area() -> None:
    both = [rectangle(0, 0, 10, 10)["coordinates"], rectangle(5, 5, 15, 15)["coordinates"]]
    assert holds(Polygon.from_geojson({"type": "MultiPolygon", "coordinates": both}), (7, 7), (1, 1)) == [True, True]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "GeoJSON object"),
        ({"type": "Point", "coordinates": [1, 2]}, "Polygon or MultiPolygon"),
        ({"type": "Polygon"}, "list of rings"),
        ({"type": "Polygon", "coordinates": []}, "no ring"),
        ({"type": "MultiPolygon", "coordinates": []}, "no ring"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "no ring"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}, "at least four"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [2, 2]]]}, "end where it began"),
        ({"type": "Polygon", "coordinates": ["abcd"]}, "list of positions"),
        ({"type": "Polygon", "coordinates": [ring((0, 0), (1, 0), (1, 91))]}, "latitude .* -90 to 90"),
        ({"type": "Polygon", "coordinates": [ring((0, 0), (1, 0), (541, 1))]}, "longitude"),
        ({"type": "Polygon", "coordinates": [ring((0, 0), (1, nan), (1, 1))]}, "latitude"),
        ({"type": "Polygon", "coordinates": [ring((0, 0), (inf, 0), (1, 1))]}, "longitude"),
        ({"type": "Polygon", "coordinates": [ring((0, 0), (10**400, 0), (1, 1))]}, "longitude"),
        ({"type": "Polygon", "coordinates": [[["0", 0], [1, 0], [1, 1], ["0", 0]]]}, "not a number"),
        ({"type": "Polygon", "coordinates": [[[True, 0], [1, 0], [1, 1], [True, 0]]]}, "not a number"),
        ({"type": "Polygon", "coordinates": [[[0], [1, 0], [1, 1], [0]]]}, "longitude and latitude"),
        ({"type": "Polygon", "coordinates": [ring((0, 0), (5, 0), (10, 0))]}, "encloses nothing"),
        ({"type": "Polygon", "coordinates": [ring((0, 60), (90, 60), (180, 60), (-90, 60))]}, "round a pole"),
        ({"type": "Polygon", "coordinates": [ring((-200, 0), (0, 0), (170, 0), (170, 9), (0, 9), (-200, 9))]}, "wider"),
    ],
)
def test_what_is_no_area_is_refused_in_words(value: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Polygon.from_geojson(value)


def test_a_tangle_is_refused_before_it_costs_time() -> None:
    zigzag = [[i % 2 * 50.0, i / 2] for i in range(100)]
    back = [[i / 2, 55.0 - i % 2 * 60] for i in range(100)]
    with pytest.raises(ValueError, match="cross one another more than 500 times"):
        Polygon.from_geojson({"type": "Polygon", "coordinates": [[*zigzag, *back, zigzag[0]]]})
    apart = [[[*corners, corners[0]]] for corners in (zigzag, back)]
    with pytest.raises(ValueError, match="cross one another more than 500 times"):
        Polygon.from_geojson({"type": "MultiPolygon", "coordinates": apart})


def test_neighbouring_squares_are_no_tangle() -> None:
    side = range(20)
    squares = outline.of_squares(Box(x, y, x + 1, y + 1) for x in side for y in side)
    assert Polygon.from_geojson(squares).box == Box(0, 0, 20, 20)


@pytest.mark.parametrize(
    "circle",
    [
        Circle(89, 0, 500),
        Circle(-80, -170, 3000),
        Circle(90, 50, 500),
        Circle(0, 0, 12_000),
        Circle(-30, -179, 15_000),
        Circle(0, 179, 500),
        Circle(80, 170, 1000),
        Circle(0, 10, MAX_RADIUS_KM),
    ],
)
def test_the_outline_of_a_circle_holds_what_the_circle_holds_at_the_poles_too(circle: Circle) -> None:
    lngs, lats = (axis.ravel() for axis in np.meshgrid(np.arange(-180.0, 181, 3), np.arange(-90.0, 91, 3)))
    distances = distances_km(circle.lat, circle.lng, lats, lngs)
    clear = abs(distances - circle.radius_km) > 0.01 * circle.radius_km
    inside = Polygon.from_geojson(outline.of_circle(circle)).contains(lngs, lats)
    assert (inside == (distances <= circle.radius_km))[clear].all()


def test_too_many_corners_are_refused() -> None:
    corners = [(float(np.cos(a)), float(np.sin(a))) for a in np.linspace(0, 6, MAX_VERTICES)]
    with pytest.raises(ValueError, match="at most 10,000"):
        Polygon.from_geojson({"type": "Polygon", "coordinates": [ring(*corners)]})


@given(
    st.lists(st.tuples(st.floats(-540, 540), LATS), min_size=3, max_size=8),
    st.lists(st.tuples(LNGS, LATS), min_size=1, max_size=8),
)
def test_any_lasso_is_read_or_refused_and_its_box_holds_what_it_holds(
    corners: list[tuple[float, float]], places: list[tuple[float, float]]
) -> None:
    try:
        polygon = Polygon.from_geojson({"type": "Polygon", "coordinates": [ring(*corners)]})
    except ValueError:
        return
    inside = holds(polygon, *places)
    assert all(polygon.box.contains(lat, lng) for (lng, lat), held in zip(places, inside, strict=True) if held)
