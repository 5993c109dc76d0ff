"""Files that are broken, foreign or made to do harm are unreadable, in plain words, and nothing else ever happens."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import Unreadable
from app.feeds.formats import FORMATS, recognise
from app.feeds.record import Problem, Record
from tests.test_feeds_cap import ENTRY, alert, info
from tests.test_feeds_json import EVENT, collection, event, warning
from tests.test_feeds_maps import channel, earth, item, packed, placemark, way
from tests.test_feeds_maps import event as spot
from tests.test_feeds_rows import BATTLE, FIRE, RIOT, news, table
from tests.test_feeds_sources import HEADER, ITEM, ROW, RSS, earthquake

COLLECTION = json.dumps({"type": "FeatureCollection", "features": [earthquake(), earthquake(id="us2")]}).encode()
TABLE = b"id,title,lat,lng,severity,date\n1,Flood,12.5,8.25,high,23/04/2024 10:00\n2,Fire,-3,9,low,01/02/2024\n"
GOOD = {
    "usgs_geojson": COLLECTION,
    "usgs_csv": f"{HEADER}\n{ROW}\n".encode(),
    "gdacs_rss": (RSS % ITEM).encode(),
    "gdacs_json": collection(event(), event(eventid=8)),
    "nws": collection(warning(vtec="NEW FA.A.0004"), warning("m2")),
    "eonet": json.dumps({"title": "EONET Events", "events": [EVENT]}).encode(),
    "firms": table(FIRE, FIRE | {"satellite": "Aqua"}),
    "ucdp": table(BATTLE, BATTLE | {"best": "0"}),
    "gdelt": "\n".join((news(), news(c33="3"))).encode(),
    "acled": table(RIOT, RIOT | {"event_date": "2025-05-16"}),
    "cap": alert().encode(),
    "cap_index": f'<feed xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2"><entry>{ENTRY}</entry></feed>'.encode(),
    "cot": spot().encode(),
    "kml": packed({"doc.kml": earth(placemark())}),
    "gpx": way("<wpt lat='1' lon='2'><name>A</name></wpt><rte/>").strip(),
    "rss": channel(item("<georss:point>1 2</georss:point>"), item("<link>https://x.example/</link>", guid="g2")),
    "geojson": COLLECTION,
    "csv": TABLE,
}
QUIET = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


def read(name: str, data: bytes) -> None:
    """Read a file in one format to its end, guessing its columns as well; being unreadable is fine."""
    format_ = FORMATS[name]
    with suppress(Unreadable):
        for item in format_.parse(data):
            str(item).encode()
    if format_.guess_columns:
        with suppress(Unreadable):
            str(format_.guess_columns(data)).encode()


@pytest.mark.parametrize(("name", "data"), GOOD.items())
def test_every_format_is_recognised_by_its_content(name: str, data: bytes) -> None:
    if name != "geojson":
        assert recognise("anything", data).name == name
        if name != "kml":
            assert recognise("anything", b"\xef\xbb\xbf" + data).name == name
    assert FORMATS[name].takes_columns is (name in {"csv", "geojson", "kml", "gpx", "rss"})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \r\n\t ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"<?xml version='1.0'?>\n<html xmlns='http://www.w3.org/1999/xhtml'/>", "web page"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"\x1f\x8brest", "gzip"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n", "picture"),
        (b"\xd0\xcf\x11\xe0", "Excel"),
        (b"abc\x00def,ghi", "NUL"),
        (b"<gml xmlns='http://www.opengis.net/gml'></gml>", "XML of no known kind .*“gml”"),
        (b"<note><channel/></note>", "XML of no known kind"),
        (b"<", "no root"),
        (b'{"a": 1}', "JSON, but not GeoJSON"),
        (b"[1, 2]", "JSON, but not GeoJSON"),
        (b"Invalid MAP_KEY.", "begins “Invalid MAP_KEY.”"),
        (b"1,2,3\n4,5,6\n", "looks like data"),
        (b"a,b\n\x81\x8d,2\n", "not a text file"),
    ],
)
def test_what_is_not_known_is_said_in_plain_words(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        recognise("report.dat", data)


@pytest.mark.parametrize("name", ["usgs_geojson", "geojson", "gdacs_rss"])
def test_a_file_cut_in_the_middle_is_unreadable(name: str) -> None:
    data = GOOD[name]
    with pytest.raises(Unreadable, match=r"cut off.* line 1, column|cut off: see line \d+, column"):
        FORMATS[name].parse(data[: len(data) // 2])


def test_json_that_is_wrong_says_where() -> None:
    with pytest.raises(Unreadable, match="line 2, column 3"):
        FORMATS["geojson"].parse(b'{"type":\n  ?}')


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"type": "FeatureCollection", "features": 7}', "neither a FeatureCollection"),
        (b'{"type": "Topology"}', "neither a FeatureCollection"),
        (b"7", "neither a FeatureCollection"),
        (b"null", "neither a FeatureCollection"),
        (b"1" * 5000, "too many digits"),
        (b'{"a": "\x00"}', "NUL"),
        (b'{"a": "\xff"}', "not valid utf-8"),
    ],
)
@pytest.mark.parametrize("name", ["usgs_geojson", "geojson"])
def test_json_made_to_do_harm_is_unreadable(name: str, data: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        FORMATS[name].parse(data)


LAUGHS = b'<!DOCTYPE a [<!ENTITY b "lol"><!ENTITY c "&b;&b;&b;&b;&b;">]><rss><channel>&c;</channel></rss>'
OUTSIDE = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><rss><channel>&b;</channel></rss>'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (LAUGHS, "entities"),
        (OUTSIDE, "entities"),
        (b'<!DOCTYPE rss SYSTEM "http://example.org/a.dtd"><rss><channel/></rss>', "entities"),
        (b"not xml", "not XML"),
        (b"<rss>" * 100_000, "cut off"),
        (b"<feed/>", "root is “feed”"),
        (b"<rss/>", "no channel"),
        (b"<?xml version='1.0' encoding='utf-7'?><rss/>", "encoding"),
        (b"<?xml version='1.0' encoding='nonsense'?><rss/>", "encoding"),
        (b"<rss>\x00</rss>", "not XML"),
    ],
)
def test_xml_made_to_do_harm_is_unreadable(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        FORMATS["gdacs_rss"].parse(data)


XML_FORMATS = ("gdacs_rss", "cap", "cap_index", "cot", "kml", "gpx", "rss")


@pytest.mark.parametrize("name", XML_FORMATS)
@pytest.mark.parametrize(
    "data", [LAUGHS, OUTSIDE, b"not xml", b"<rss>" * 100_000, b"<?xml version='1.0' encoding='utf-7'?><alerts/>"]
)
def test_no_xml_format_reads_entities_or_what_is_broken(name: str, data: bytes) -> None:
    if name == "cot" and b"utf-7" in data:
        data = b"<event>"  # Its events come one after the other, in UTF-8 whatever their declarations say.
    with pytest.raises(Unreadable):
        FORMATS[name].parse(data)


@pytest.mark.parametrize("name", XML_FORMATS)
def test_elements_as_deep_as_they_like_harm_nothing(name: str) -> None:
    whole = {"cap": alert().encode(), "cot": spot("<x/>").encode(), "kml": earth(placemark())}
    good = whole.get(name, GOOD[name])
    for place in (b"<title>", b"<headline>", b"<x/>", b"<name>", b"<description>"):
        read(name, good.replace(place, place + b"<a>" * 50_000 + b"</a>" * 50_000))


CORNERS = [(10 + index % 1000 / 1000, 20 + index // 1000 / 1000) for index in range(250_001)]


def area_of(name: str, corners: list[tuple[float, float]]) -> bytes:
    """Return a file of a format with one area of these corners, as (lat, lng)."""
    if name == "geojson":
        ring = [[lng, lat] for lat, lng in corners]
        return json.dumps(
            {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"title": "A"}}
        ).encode()
    if name == "gpx":
        points = "".join(f'<trkpt lat="{lat}" lon="{lng}"/>' for lat, lng in corners)
        return way(f"<trk>{points}</trk>")
    swapped = " ".join(f"{lng},{lat}" for lat, lng in corners)
    pairs = " ".join(f"{lat},{lng}" for lat, lng in corners)
    return {
        "cap": alert(infos=info(area=f"<area><polygon>{pairs}</polygon></area>")).encode(),
        "kml": earth(placemark(f"<Polygon><coordinates>{swapped}</coordinates></Polygon>")),
        "rss": channel(item(f"<georss:polygon>{pairs}</georss:polygon>")),
    }[name]


@pytest.mark.parametrize("name", ["cap", "geojson", "kml", "rss", "gpx"])
def test_an_area_of_too_many_corners_is_refused_before_it_is_looked_at(name: str) -> None:
    [large] = FORMATS[name].parse(area_of(name, CORNERS[:20_000]))
    assert isinstance(large, Record)
    assert (large.lat, large.lng) == pytest.approx((10.4995, 20.0095))
    [huge] = FORMATS[name].parse(area_of(name, CORNERS))
    assert huge == Problem(1, "The area has 250,001 corners; at most 250,000 can be read.")


@pytest.mark.parametrize(
    "data",
    [
        "<?xml version='1.0' encoding='utf-8'?><rss><channel><item><title>Köln</title></item></channel></rss>".encode("cp1252"),
        "<rss><channel><item><title>Köln</title></item></channel></rss>".encode("cp1252"),
        "<?xml version='1.0' encoding='iso-8859-1'?><rss><channel><item><title>Köln</title></item></channel></rss>".encode(
            "latin-1"
        ),
        "\ufeff<rss><channel><item><title>Köln</title></item></channel></rss>".encode(),
        "<?xml version='1.0' encoding='utf-16'?><rss><channel><item><title>Köln</title></item></channel></rss>".encode("utf-16"),
        "\n  <?xml version='1.0'?><rss><channel><item><title>Köln</title></item></channel></rss>".encode(),
        "\ufeff<?xml version='1.0'?><rss><channel><item><title>Köln</title></item></channel></rss>".encode()
        .decode("cp1252")
        .encode(),
    ],
)
def test_xml_is_read_in_the_encoding_that_it_has_whatever_it_says(data: bytes) -> None:
    format_ = recognise("feed.xml", data)
    [record] = format_.parse(data)
    assert isinstance(record, Record)
    assert record.title == "Köln"


def test_deep_but_whole_xml_harms_nothing() -> None:
    read("gdacs_rss", b"<rss><channel>" + b"<item>" * 100_000 + b"</item>" * 100_000 + b"</channel></rss>")


def test_a_quote_without_an_end_is_unreadable() -> None:
    data = b'title,lat,lng\n"a,1,2\n' + b"b,1,2\n" * 50_000
    with pytest.raises(Unreadable, match=r"line 2 .*quote"):
        FORMATS["csv"].parse(data)


def test_a_property_nested_as_deep_as_json_allows_harms_nothing() -> None:
    for depth in range(100, 1000, 50):
        nested = b'{"a":' * depth + b"1" + b"}" * depth
        read("geojson", b'{"type":"Feature","geometry":null,"properties":{"title":"x","deep":' + nested + b"}}")
        read("geojson", b'{"type":"Feature","properties":{},"geometry":' + nested + b"}")


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.binary(max_size=400))
@QUIET
def test_random_bytes_are_unreadable_at_worst(name: str, data: bytes) -> None:
    read(name, data)


@given(data=st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
@QUIET
def test_recognising_random_bytes_names_a_format_or_says_why_not(data: bytes) -> None:
    try:
        format_ = recognise("x", data)
    except Unreadable:
        return
    read(format_.name, data)


def mutated(data: bytes) -> st.SearchStrategy[bytes]:
    """Return a good file with some spans cut out, doubled or overwritten."""
    awkward = st.sampled_from(
        [b"", b"\x00", b"NaN", b"1e400", b"-1e400", b'"\\ud800"', b"9" * 400, b"null", b'"', b"[", b"}", b"<", b"&x;"]
    )
    piece = st.tuples(st.integers(0, len(data)), st.integers(0, 40), awkward | st.binary(max_size=8))

    def apply(pieces: list[tuple[int, int, bytes]]) -> bytes:
        result = data
        for start, length, filling in pieces:
            result = result[:start] + filling + result[start + length :]
        return result

    return st.lists(piece, min_size=1, max_size=4).map(apply)


@pytest.mark.parametrize("name", GOOD)
@given(data=st.data())
@QUIET
def test_a_damaged_file_gives_records_and_problems_or_is_unreadable(name: str, data: st.DataObject) -> None:
    read(name, data.draw(mutated(GOOD[name])))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
KEYS = [
    "id",
    "type",
    "geometry",
    "properties",
    "mag",
    "time",
    "updated",
    "ids",
    "products",
    "status",
    "severity",
    "date",
    *("geocode", "references", "parameters", "url", "severitydata", "categories", "sources", "closed", "eventtype", "eventid"),
    *("alertlevel", "areaDesc", "sent", "best", "date_start", "type_of_violence", "event_id_cnty", "event_date", "timestamp"),
]


@pytest.mark.parametrize("name", ["usgs_geojson", "geojson", "gdacs_json", "nws", "eonet", "ucdp", "acled"])
@given(members=st.dictionaries(st.sampled_from(KEYS), JSON), properties=st.dictionaries(st.sampled_from(KEYS), JSON))
@QUIET
def test_json_of_any_shape_gives_records_and_problems(
    name: str, members: dict[str, object], properties: dict[str, object]
) -> None:
    feature = {"properties": properties, "geometry": {"type": "Point", "coordinates": [1, 2]}} | members
    whole = earthquake(**{key: value for key, value in properties.items() if key != "geometry"})
    collection = {"type": "FeatureCollection", "features": [feature, whole, members]}
    lists = {"events": [properties, members], "Result": [properties, members], "data": [properties, members]}
    read(name, json.dumps(collection).encode())
    read(name, json.dumps(lists).encode())
