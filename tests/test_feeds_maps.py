"""Files of maps and feeds of any origin: RSS, Atom and GeoRSS, KML and KMZ, GPX, and Cursor on Target."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from flask import Flask

from app.errors import Unreadable
from app.feeds import cot, gpx, kml, kmz, rss
from app.feeds.formats import recognise
from app.feeds.record import Item, LeftOut, Problem, Record
from app.terms import Severity, ThreatStatus
from tests import make
from tests.test_feeds_samples import all_records, sample


def record(item: Item) -> Record:
    assert isinstance(item, Record), item
    return item


def reason(item: Item) -> str:
    assert isinstance(item, Problem), item
    return item.reason


# RSS, Atom, GeoRSS

SPACES = (
    'xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml" '
    'xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:x="https://x.example/"'
)


ENVELOPE = "<gml:Envelope><gml:lowerCorner>-1 -2</gml:lowerCorner><gml:upperCorner>1 2</gml:upperCorner></gml:Envelope>"


def item(body: str = "", **words: str) -> str:
    usual = {"title": "Flood &amp; rain", "guid": "g1", "pubDate": "Sat, 18 Apr 2026 09:00:00 +0200"} | words
    return f"<item>{''.join(f'<{key}>{value}</{key}>' for key, value in usual.items())}{body}</item>"


def channel(*items: str) -> bytes:
    return f"<rss version='2.0' {SPACES}><channel><title>Feed</title>{''.join(items)}</channel></rss>".encode()


def feed(*items: str, **columns: str) -> list[Item]:
    return list(rss.parse(channel(*items), columns, "floods"))


def test_an_item_of_a_feed_keeps_its_words_without_markup():
    body = "<description>&lt;p&gt;Water &lt;b&gt;rises&lt;/b&gt;&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;</description>"
    threat = record(feed(item(f"{body}<link>https://x.example/1</link><category>Flood</category>"))[0])
    assert (threat.source, threat.external_id, threat.title) == ("floods", "g1", "Flood & rain")
    assert (threat.description, threat.threat_type, threat.url) == ("Water rises", "Flood", "https://x.example/1")
    assert threat.observed_at == datetime(2026, 4, 18, 7, tzinfo=UTC)
    assert (threat.lat, threat.severity) == (None, Severity.MEDIUM)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("<georss:point>45.256 -71.92</georss:point>", (45.256, -71.92, None)),
        ("<georss:point> 45.256,\n-71.92 </georss:point>", (45.256, -71.92, None)),
        ("<georss:point>1 2</georss:point><georss:point>1 2</georss:point>", (1, 2, None)),
        ("<geo:lat>1</geo:lat><geo:long>2</geo:long>", (1, 2, None)),
        ("<geo:Point><geo:lat>1</geo:lat><geo:long>2</geo:long></geo:Point>", (1, 2, None)),
        ("<georss:where><gml:Point><gml:pos>1 2</gml:pos></gml:Point></georss:where>", (1, 2, None)),
        ("<georss:circle>10 20 5000</georss:circle>", (10, 20, 5)),
        ("<georss:box>-1 -2 1 2</georss:box>", (0, 0, 248)),
        ("<georss:line>-1 -2 1 2</georss:line>", (0, 0, 248)),
        ("<georss:polygon>-1 -2 1 -2 1 2 -1 -2</georss:polygon>", (0, 0, 248)),
        (f"<georss:where>{ENVELOPE}</georss:where>", (0, 0, 248)),
        ("<georss:where><gml:posList srsDimension='3'>-1 -2 9 1 2 9</gml:posList></georss:where>", (0, 0, 248)),
    ],
)  # fmt: skip
def test_every_way_of_giving_a_place_is_read_latitude_first(body: str, place: tuple[float, float, float | None]):
    threat = record(feed(item(body))[0])
    assert (threat.lat, threat.lng) == place[:2]
    assert threat.location_uncertainty_km == place[2] or abs((threat.location_uncertainty_km or 0) - (place[2] or 0)) < 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<georss:point>45</georss:point>", "“45” are not groups of 2 numbers"),
        ("<georss:point/>", "not groups of 2"),
        ("<georss:point>north west</georss:point>", "coordinate “north”"),
        ("<geo:lat>1</geo:lat>", "only one of latitude and longitude"),
        ("<georss:line>95 1 96 2</georss:line>", "off the globe"),
        ("<georss:circle>1 2 9e9</georss:circle><georss:point>1 2</georss:point>", "not one on the globe"),
        ("<published>soon</published>", "“soon”"),
    ],
)
def test_an_item_that_cannot_be_read_is_a_problem_and_the_next_is_read(body: str, words: str):
    bad, good = feed(item(body), item(guid="g2"))
    assert words in reason(bad)
    assert record(good).row == 2


def test_atom_and_rss_1_are_read_and_the_link_for_people_is_taken():
    entry = (
        "<entry><id>tag:x,2026:1</id><title type='html'>&lt;b&gt;Storm&lt;/b&gt;</title><updated>2026-04-18T09:00:00Z</updated>"
        "<link rel='self' href='https://x.example/self'/><link href='https://x.example/1'/><category term='Wind'/>"
        "<summary type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>Strong <i>gusts</i></div></summary></entry>"
    )
    threat = record(next(rss.parse(f"<feed xmlns='http://www.w3.org/2005/Atom'>{entry}</feed>".encode())))
    assert (threat.external_id, threat.title, threat.threat_type) == ("tag:x,2026:1", "Storm", "Wind")
    assert (threat.url, threat.description) == ("https://x.example/1", "Strong gusts")
    assert threat.observed_at == threat.source_updated_at == datetime(2026, 4, 18, 9, tzinfo=UTC)
    rdf = b"<rdf:RDF xmlns:rdf='r'><channel><title>F</title></channel><item><title>A</title><link>https://x/1</link></item></rdf:RDF>"
    assert record(next(rss.parse(rdf))).external_id == "https://x/1"


def test_an_element_of_its_own_is_a_column_that_can_be_chosen():
    one, two = item("<x:level>5</x:level>"), item("<x:level>1</x:level>", guid="g2")
    assert "level" in rss.guess_columns(channel(one, two)).names
    assert [record(threat).severity for threat in feed(one, two, severity="level")] == [Severity.CRITICAL, Severity.NEGLIGIBLE]
    with pytest.raises(Unreadable, match="can't be read from a property"):
        feed(one, lat="level")


def test_entries_that_share_an_id_stay_apart_and_those_without_one_are_known_by_what_they_say():
    entries = (item(), item(title="Other"), item(guid="", title="B"), item(guid="", title="C"))
    ids = [record(threat).external_id for threat in feed(*entries)]
    assert len(set(ids)) == 4
    assert ids == [record(threat).external_id for threat in feed(*entries)]


def test_xml_that_is_no_feed_is_unreadable():
    with pytest.raises(Unreadable, match="neither RSS nor Atom"):
        rss.parse(b"<note/>")


def test_real_feeds_with_places():
    atom = all_records(rss.parse(sample("georss/generic_feed_1.xml")))
    assert len(atom) == 6
    assert (atom[0].external_id, atom[0].lat, atom[0].lng) == ("1234", -37.2345, 149.1234)
    assert sum(threat.lat is None for threat in atom) == 1
    geometries = all_records(rss.parse(sample("georss/xml_parser_geometries_1.xml")))
    assert len(geometries) == 6
    assert recognise("x", sample("georss/xml_parser_geometries_1.xml")).name == "rss"


# KML and KMZ


def placemark(body: str = "<Point><coordinates>10.5,20.25,7</coordinates></Point>", title: str = "Camp") -> str:
    return f"<Placemark><name>{title}</name>{body}</Placemark>"


def earth(*bodies: str) -> bytes:
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{"".join(bodies)}</Document></kml>'.encode()


def packed(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_a_placemark_is_where_its_point_is_longitude_first():
    body = (
        "<Point><coordinates>10.5,20.25,7</coordinates></Point><description>&lt;b&gt;Tents&lt;/b&gt;</description>"
        "<TimeSpan><begin>2009-05</begin><end>2010</end></TimeSpan><address>Town</address>"
        "<ExtendedData><Data name='severity'><value>high</value></Data><SchemaData><SimpleData name='kind'>Camp</SimpleData>"
        "</SchemaData></ExtendedData>"
    )
    threat = record(next(kml.parse(earth(placemark(body)), None, "camps")))
    assert (threat.source, threat.title, threat.lat, threat.lng) == ("camps", "Camp", 20.25, 10.5)
    assert (threat.description, threat.severity, threat.threat_type) == ("Tents", Severity.HIGH, "Camp")
    assert threat.location == "Town"
    assert (threat.observed_at, threat.expires_at) == (datetime(2009, 5, 1, tzinfo=UTC), datetime(2010, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "body",
    [
        "<LineString><coordinates>-2,-1 2,1</coordinates></LineString>",
        "<LineString><coordinates>-2, -1, 0\n 2, 1, 0</coordinates></LineString>",
        "<Polygon><outerBoundaryIs><coordinates>-2,-1,0 2,-1,0 2,1,0 -2,-1,0</coordinates></outerBoundaryIs></Polygon>",
        "<MultiGeometry><Point><coordinates>-2,-1</coordinates></Point><Point><coordinates>2,1</coordinates></Point></MultiGeometry>",
        "<gx:Track xmlns:gx='g'><gx:coord>-2 -1 0</gx:coord><gx:coord>2 1 0</gx:coord></gx:Track>",
    ],
)
def test_what_is_more_than_a_point_is_the_middle_of_its_box(body: str):
    threat = record(next(kml.parse(earth(placemark(body)))))
    assert (threat.lat, threat.lng) == (0, 0)
    assert 240 < (threat.location_uncertainty_km or 0) < 250


def test_a_model_has_its_place_in_words_and_a_placemark_may_have_none():
    body = "<Model><Location><longitude>2</longitude><latitude>1</latitude></Location></Model>"
    model, nowhere = kml.parse(earth(placemark(body), placemark("")))
    assert (record(model).lat, record(model).lng, record(nowhere).lat) == (1, 2, None)


def test_folders_are_a_column_links_are_noted_and_updates_are_not_read():
    data = earth(
        f"<Folder><name>North</name>{placemark(title='A')}</Folder>{placemark(title='B')}",
        "<NetworkLink><Link><href>http://127.0.0.1/</href></Link></NetworkLink>",
        f"<Update><Change>{placemark(title='C')}</Change></Update>",
    )
    columns = kml.guess_columns(data)
    assert [row[:3] for row in columns.rows] == [("A", "", "North"), ("B", "", "")]
    assert "The file links to 1 other, which is not read." in columns.notes


@pytest.mark.parametrize(
    ("coordinates", "words"),
    [("10", "“10” is not a longitude"), ("x,y", "longitude “x”"), (",", "empty coordinate"), ("10,95 10,96", "off the globe")],
)
def test_a_placemark_that_cannot_be_read_is_a_problem(coordinates: str, words: str):
    bad, good = kml.parse(earth(placemark(f"<Point><coordinates>{coordinates}</coordinates></Point>"), placemark()))
    assert words in reason(bad)
    assert record(good).row == 2


def test_kml_in_an_archive_is_read_and_doc_kml_goes_first():
    data = packed({"a/other.kml": earth(placemark(title="Other")), "doc.kml": earth(placemark(title="Doc")), "x.png": b"x"})
    assert recognise("x.kmz", data).name == "kml"
    assert [record(one).title for one in kml.parse(data)] == ["Doc"]
    assert [record(one).title for one in kml.parse(packed({"b/B.KML": earth(placemark())}))] == ["Camp"]


def test_archives_made_to_do_harm_are_unreadable():
    bomb = packed({"doc.kml": b"\0" * (kmz.UNPACKED_MAX + 1)})
    assert len(bomb) < 100_000
    for data, words in (
        (bomb, "more than 32 MB"),
        (packed({f"{number}.kml": b"" for number in range(kmz.ENTRIES_MAX + 1)}), "more than 10,000 files"),
        (packed({"doc.kml": earth(placemark())})[:-30], "can't be unpacked"),
        (b"PK\x03\x04.kml", "can't be unpacked"),
        (packed({"notes.kml.txt": b"x"}), "holds no KML"),
        (packed({"doc.kml": packed({"doc.kml": earth()})}), "not XML"),
        (packed({"doc.kml": b'<!DOCTYPE a [<!ENTITY b "c">]><kml>&b;</kml>'}), "entities"),
    ):
        assert recognise("x", data).name == "kml"
        with pytest.raises(Unreadable, match=words):
            kml.parse(data)


def test_a_damaged_archive_is_unreadable_wherever_the_damage_is():
    data = packed({"doc.kml": earth(*[placemark(title=str(number)) for number in range(50)])})
    for position in range(0, len(data), 7):
        broken = data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]
        with suppress(Unreadable):
            assert len(list(kml.parse(broken))) == 50


def test_xml_that_is_no_kml_is_unreadable_and_folders_may_be_as_deep_as_they_like():
    with pytest.raises(Unreadable, match="not KML"):
        kml.parse(b"<note/>")
    deep = earth("<Folder>" * 20_000 + placemark() + "</Folder>" * 20_000)
    assert record(next(kml.parse(deep))).title == "Camp"


def test_real_placemarks():
    records = all_records(kml.parse(sample("kml/KML_Samples.kml")))
    assert len(records) == len({threat.external_id for threat in records}) == 20
    assert records[0].title == "Simple placemark"
    assert list(kml.parse(sample("kml/small_world.kmz"))) == []


# GPX


def way(body: str) -> bytes:
    return f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{body}</gpx>'.encode()


def test_waypoints_routes_and_tracks_are_rows_and_empty_ones_are_left_out():
    point, route, empty, track = gpx.parse(
        way(
            "<wpt lat='12.5' lon='45.5'><time>2013-01-02T02:03:00Z</time><name>Spring</name><desc>Dry</desc></wpt>"
            "<rte><name>Way</name><rtept lat='10' lon='20'/><rtept lat='12' lon='22'/></rte><rte/>"
            "<trk><trkseg><trkpt lat='1' lon='2'/></trkseg><trkseg><trkpt lat='1' lon='2'><time>2014-01-01T00:00:00Z</time>"
            "</trkpt></trkseg></trk>"
        ),
        None,
        "walk",
    )
    assert (record(point).title, record(point).description, record(point).threat_type) == ("Spring", "Dry", "waypoint")
    assert (record(point).lat, record(point).lng, record(point).source) == (12.5, 45.5, "walk")
    assert record(point).observed_at == datetime(2013, 1, 2, 2, 3, tzinfo=UTC)
    assert (record(route).lat, record(route).lng) == (11, 21)
    assert empty == LeftOut(3, gpx.EMPTY)
    assert (record(track).title, record(track).location_uncertainty_km) == ("track at 1.000, 2.000", None)
    assert record(track).observed_at == datetime(2014, 1, 1, tzinfo=UTC)


def test_a_point_that_cannot_be_read_is_a_problem_and_xml_that_is_no_gpx_unreadable():
    bad, good = gpx.parse(way("<wpt lat='x' lon='1'/><wpt lat='1' lon='1'/>"))
    assert "latitude “x”" in reason(bad)
    assert record(good).row == 2
    assert "no latitude or no longitude" in reason(next(gpx.parse(way("<wpt lon='1'/>"))))
    with pytest.raises(Unreadable, match="not GPX"):
        gpx.parse(b"<note/>")


def test_a_real_file_of_ways():
    items = list(gpx.parse(sample("gpx/gpx1.1_with_all_fields.gpx")))
    assert [type(one).__name__ for one in items] == ["Record"] * 5 + ["LeftOut"]
    assert (record(items[4]).lng, record(items[4]).lat) == (-20.2, 10.1)
    assert record(items[4]).observed_at == datetime(2013, 1, 1, 12, 0, 4, tzinfo=UTC)
    assert gpx.guess_columns(sample("gpx/gpx1.1_with_all_fields.gpx")).chosen["title"] == "title"


# Cursor on Target


def event(
    detail: str = "", point: str = "lat='38.8' lon='-77.0' hae='9999999.0' ce='9999999.0' le='9999999.0'", **changed: str
) -> str:
    usual = {"version": "2.0", "uid": "u1", "type": "a-h-G", "how": "m-g", "time": "2020-12-16T20:00:00.500Z",
             "start": "2020-12-16T19:00:00Z", "stale": "2020-12-17T20:00:00Z"} | changed  # fmt: skip
    words = " ".join(f"{key}='{value}'" for key, value in usual.items())
    return f"<event {words}><point {point}/><detail>{detail}</detail></event>"


def tak(*events: str) -> list[Item]:
    return list(cot.parse("".join(f"<?xml version='1.0' encoding='UTF-8'?>\n{one}" for one in events).encode()))


def test_an_event_of_tak_is_known_by_its_uid_and_holds_until_it_is_stale():
    threat = record(tak(event("<contact callsign='Tank'/><remarks>Two of them</remarks>"))[0])
    assert (threat.source, threat.external_id, threat.title, threat.description) == ("tak", "u1", "Tank", "Two of them")
    assert (threat.severity, threat.threat_type, threat.status) == (Severity.HIGH, "hostile on the ground", ThreatStatus.ACTIVE)
    assert threat.threat_rationale == "Cursor on Target: type a-h-G, how m-g."
    assert threat.observed_at == datetime(2020, 12, 16, 19, tzinfo=UTC)
    assert threat.source_updated_at == datetime(2020, 12, 16, 20, 0, 0, 500000, tzinfo=UTC)
    assert threat.expires_at == datetime(2020, 12, 17, 20, tzinfo=UTC)
    assert (threat.lat, threat.lng, threat.location_uncertainty_km) == (38.8, -77.0, None)


def test_the_error_of_the_point_or_the_size_of_its_ellipse_is_the_uncertainty():
    assert record(tak(event(point="lat='1' lon='2' ce='45.3' hae='0' le='1'"))[0]).location_uncertainty_km == 0.0453
    circle = "<shape><ellipse major='226.5' minor='100' angle='0'/></shape>"
    assert record(tak(event(circle, type="u-d-c-c"))[0]).location_uncertainty_km == 0.2265


def test_a_drawing_without_a_point_of_its_own_is_the_middle_of_its_corners():
    corners = "<link point='-1,-2'/><link point='1,2,0'/>"
    threat = record(tak(event(corners, point="lat='0' lon='0'", type="b-m-r"))[0])
    assert (threat.lat, threat.lng, threat.threat_type) == (0, 0, "map marker")
    assert 240 < (threat.location_uncertainty_km or 0) < 250


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("a-s-A", "medium"),
        ("a-u-G", "low"),
        ("b-a-o-tbl", "critical"),
        ("b-a-g", "high"),
        ("b-r-f-h-c", "medium"),
        ("b-m-p-s-m", "low"),
    ],
)
def test_the_type_makes_the_severity(kind: str, severity: str):
    assert record(tak(event(type=kind))[0]).severity == severity


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"type": "a-f-G-U-C"}, "positions of friends and neutrals"),
        ({"type": "a-n-S"}, "positions of friends and neutrals"),
        ({"type": "b-t-f"}, "messages that report no threat"),
        ({"type": "t-x-c-t"}, "messages that report no threat"),
        ({"type": "a-k-A"}, "exercises"),
        ({"opex": "e-north"}, "exercises"),
        ({"opex": "s"}, "simulations"),
    ],
)
def test_what_reports_no_threat_is_left_out(changed: dict[str, str], reason: str):
    assert tak(event(**changed)) == [LeftOut(1, reason)]


def test_a_deletion_and_a_called_off_emergency_are_ends():
    deleted, off = tak(event("<link uid='u9'/>", type="t-x-d-d"), event(type="b-a-o-can"))
    assert (record(deleted).is_end, record(deleted).external_id) == (True, "u9")
    assert (record(off).is_end, record(off).external_id) == (True, "u1")


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"uid": ""}, "no uid"), ({"time": "now"}, "“now” is not a time"), ({"point": "lat='1'"}, "no latitude or no longitude"),
     ({"point": "lat='1' lon='2' ce='far'"}, "error of the point “far”"), ({"detail": "<link point='1'/>"}, "no latitude")],
)  # fmt: skip
def test_an_event_of_tak_that_cannot_be_read_is_a_problem(changed: dict[str, str], words: str):
    bad, good = tak(event(**changed), event(uid="u2"))
    assert words in reason(bad)
    assert record(good).row == 2
    assert "no point" in reason(tak(event().replace("point", "place"))[0])


@pytest.mark.parametrize(
    ("file", "kind"),
    [("Drawing_Shapes_-_Circle", "drawing"), ("Marker_-_2525", "unknown on the ground"), ("Marker_-_Spot", "spot")],
)
def test_real_events_of_tak(file: str, kind: str):
    data = sample(f"cot/{file}.cot")
    assert recognise(file, data).name == "cot"
    [threat] = all_records(cot.parse(data))
    assert threat.threat_type == kind
    assert threat.observed_at is not None
    assert threat.observed_at.date().isoformat() == "2020-12-16"


# In the database


def test_files_of_maps_twice_change_nothing(context: Flask):
    actor = make.actor(context)
    two = event() + event(time="2020-12-16T21:00:00Z", type="a-u-G")
    for name, data, rows in (
        ("a.kml", earth(placemark(), placemark(title="B")), 2),
        ("a.gpx", way("<wpt lat='1' lon='2'/><trk/>"), 1),
        ("a.rss", channel(item(), item(title="Other")), 2),
        ("a.cot", two.encode(), 2),
    ):
        for _ in range(2):
            run = make.import_file(actor, name, data)
        assert (run.new, run.updated, run.seen) == (0, 0, rows), name
