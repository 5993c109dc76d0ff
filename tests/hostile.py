"""Files made to do harm, each built when it is asked for: name -> (format, builder)."""

from __future__ import annotations

import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO

from tests.test_feeds_cap import alert, info
from tests.test_feeds_maps import channel, earth, item, placemark, way
from tests.test_feeds_maps import event as spot

MILLION = 1_000_000
MB = 1024 * 1024
FILES: dict[str, tuple[str, Callable[[], bytes]]] = {}


def hostile(format_: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def keep(build: Callable[[], bytes]) -> Callable[[], bytes]:
        FILES[build.__name__] = (format_, build)
        return build

    return keep


# Zip archives


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


KML = earth(placemark())


@hostile("kml")
def zip_bomb_of_a_gigabyte() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(b" " * MB) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = piece * 1024 + packer.flush()
    return raw_zip(packed, 1024 * MB)


@hostile("kml")
def zip_bomb_that_calls_itself_small() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(b" " * MB) + packer.flush(zlib.Z_FULL_FLUSH)
    return raw_zip(piece * 1024 + packer.flush(), 1000)


@hostile("kml")
def zip_of_thirty_megabytes_of_blanks() -> bytes:
    return zipped(("doc.kml", b" " * 30 * MB))


def raw_zip(packed: bytes, size: int, name: bytes = b"doc.kml", flags: int = 0, crc: int = 0, method: int = 8) -> bytes:
    """Return an archive of one entry that says of itself whatever it likes."""
    same = struct.pack("<HHHHHIIIHH", 20, flags, method, 0, 33, crc, len(packed), size, len(name), 0)
    local = b"PK\x03\x04" + same + name + packed
    central = b"PK\x01\x02" + struct.pack("<H", 20) + same + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


@hostile("kml")
def zip_in_zip_in_zip() -> bytes:
    data = zipped(("doc.kml", b" " * 10 * MB))
    for _ in range(20):
        data = zipped(*[(f"{index}.kmz", data) for index in range(3)]) if len(data) < MB else zipped(("a.kmz", data))
    return data


@hostile("kml")
def zip_named_kml_in_a_zip() -> bytes:
    return zipped(("doc.kml", zipped(("doc.kml", KML))))


@hostile("kml")
def zip_of_many_entries() -> bytes:
    return many_entries(65_000)


@hostile("kml")
def zip_that_says_it_has_few_entries() -> bytes:
    data = many_entries(65_000)
    end = data.rfind(b"PK\x05\x06")
    return data[: end + 8] + struct.pack("<HH", 1, 1) + data[end + 12 :]


def many_entries(count: int) -> bytes:
    local, central = bytearray(), bytearray()
    for index in range(count):
        name = b"%d.kml" % index
        same = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0)
        central += b"PK\x01\x02" + struct.pack("<H", 20) + same + struct.pack("<HHHII", 0, 0, 0, 0, len(local)) + name
        local += b"PK\x03\x04" + same + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count & 0xFFFF, count & 0xFFFF, len(central), len(local), 0)
    return bytes(local + central) + end


@hostile("kml")
def zip_with_paths_out_of_it() -> bytes:
    return zipped(("../../../../tmp/doc.kml", KML), ("/etc/doc.kml", KML), ("C:\\doc.kml", KML))


@hostile("kml")
def zip_that_is_encrypted() -> bytes:
    return raw_zip(b"x" * 100, 100, flags=1)


@hostile("kml")
def zip_with_a_wrong_checksum() -> bytes:
    return raw_zip(KML, len(KML), crc=1, method=0)


@hostile("kml")
def zip_packed_in_an_unknown_way() -> bytes:
    return raw_zip(KML, len(KML), method=99)


@hostile("kml")
def zip_with_a_comment_of_endings() -> bytes:
    return raw_zip(KML, len(KML), crc=zlib.crc32(KML), method=0) + b"PK\x05\x06" * 10_000


@hostile("kml")
def zip_packed_with_lzma_that_wants_a_large_dictionary() -> bytes:
    return raw_zip(b"\x09\x04\x05\x00\x5d\xff\xff\xff\xff" + b"\x00" * 1000, 1000, method=14)


@hostile("kml")
def zip_packed_with_bzip2_of_a_gigabyte() -> bytes:
    import bz2

    return raw_zip(bz2.compress(b" " * MB * 20) * 50, 1000, method=12)


# XML

LAUGHS = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))


@hostile("kml")
def billion_laughs() -> bytes:
    return f'<!DOCTYPE kml [<!ENTITY a0 "ha">{LAUGHS}]><kml>&a9;</kml>'.encode()


@hostile("rss")
def quadratic_blow_up() -> bytes:
    return f'<!DOCTYPE rss [<!ENTITY a "{"x" * 100_000}">]><rss><channel>{"&a;" * 10_000}</channel></rss>'.encode()


@hostile("cap")
def external_entity() -> bytes:
    return b'<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]><alert><msgType>&x;</msgType></alert>'


@hostile("gpx")
def parameter_entities() -> bytes:
    return b'<!DOCTYPE gpx [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd"> %x; %y;]><gpx>&z;</gpx>'


@hostile("rss")
def dtd_from_the_network() -> bytes:
    return b'<!DOCTYPE rss PUBLIC "-//x" "http://127.0.0.1:1/rss.dtd"><rss><channel/></rss>'


@hostile("kml")
def dtd_with_default_attributes() -> bytes:
    return b'<!DOCTYPE kml [<!ATTLIST a b CDATA "' + b"x" * MB + b'">]><kml>' + b"<a/>" * 100_000 + b"</kml>"


@hostile("kml")
def xinclude() -> bytes:
    return KML.replace(
        b"<Placemark", b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/><Placemark'
    )


@hostile("kml")
def kml_of_network_links() -> bytes:
    return earth("<NetworkLink><Link><href>http://127.0.0.1:1/</href></Link></NetworkLink>" * 50_000)


@hostile("kml")
def folders_a_hundred_thousand_deep() -> bytes:
    return b"<kml>" + b"<Folder><name>a</name>" * 100_000 + b"</Folder>" * 100_000 + b"</kml>"


@hostile("kml")
def folder_names_that_hold_all_the_rest() -> bytes:
    return b"<kml>" + b"<Folder><name>" * 20_000 + b"</name></Folder>" * 20_000 + b"</kml>"


@hostile("rss")
def elements_a_million_deep() -> bytes:
    return b"<rss><channel><item>" + b"<a>" * MILLION


@hostile("rss")
def elements_a_million_deep_and_closed() -> bytes:
    return b"<rss><channel><item>" + b"<a>" * MILLION + b"</a>" * MILLION + b"</item></channel></rss>"


@hostile("cot")
def attributes_a_million() -> bytes:
    return b"<event " + b" ".join(b'a%d=""' % index for index in range(MILLION)) + b"/>"


@hostile("gpx")
def attributes_of_one_hash() -> bytes:
    return b"<gpx><wpt " + b" ".join(b'%s=""' % (b"a" * index) for index in range(1, 5000)) + b"/></gpx>"


@hostile("rss")
def comments_a_million() -> bytes:
    return b"<rss><channel>" + b"<!---->" * MILLION + b"</channel></rss>"


@hostile("rss")
def comment_without_end() -> bytes:
    return b"<!--" * MILLION


@hostile("rss")
def instructions_a_million() -> bytes:
    return b"<?a?>" * MILLION + b"<rss/>"


@hostile("rss")
def names_in_a_million_namespaces() -> bytes:
    return b"<rss><channel>" + b"".join(b'<a xmlns="u%d"/>' % index for index in range(MILLION)) + b"</channel></rss>"


@hostile("rss")
def one_name_of_five_megabytes() -> bytes:
    return b"<rss><" + b"a" * 5 * MB + b"/></rss>"


@hostile("rss")
def entries_a_million() -> bytes:
    return b"<rss><channel>" + b"<item/>" * MILLION + b"</channel></rss>"


@hostile("rss")
def character_references() -> bytes:
    return channel(item("<description>" + "&#38;#60;" * 500_000 + "</description>"))


@hostile("rss")
def markup_that_never_closes() -> bytes:
    return channel(item("<description>" + "&lt;script" * 300_000 + "</description>"))


@hostile("rss")
def comments_in_markup_that_never_close() -> bytes:
    return channel(item("<description>" + "&lt;!--" * 300_000 + "</description>"))


@hostile("rss")
def tags_in_markup_that_never_close() -> bytes:
    return channel(item("<description>" + "&lt;a" * 300_000 + "&lt;br" * 300_000 + "</description>"))


@hostile("rss")
def utf_16_that_calls_itself_utf_8() -> bytes:
    return "<?xml version='1.0' encoding='utf-8'?><rss><channel/></rss>".encode("utf-16") * 10


@hostile("rss")
def utf_7() -> bytes:
    return b"<?xml version='1.0' encoding='utf-7'?>+ADw-rss/+AD4-"


@hostile("rss")
def nul_bytes() -> bytes:
    return b"<rss><channel>" + bytes(30 * MB)


# Areas of a million corners


@cache
def corners(order: str) -> str:
    """Return a million corners as text, "lng,lat" or "lat,lng" with blanks between."""
    axes = ((10 + index % 1000 / 1000, 20 + index // 1000 / 1000) for index in range(MILLION))
    return " ".join(f"{lng},{lat}" for lat, lng in axes) if order == "lng,lat" else " ".join(f"{lat},{lng}" for lat, lng in axes)


@hostile("kml")
def kml_area_of_a_million_corners() -> bytes:
    return earth(placemark(f"<Polygon><coordinates>{corners('lng,lat')}</coordinates></Polygon>"))


@hostile("kml")
def kml_areas_of_many_corners_in_many_rings() -> bytes:
    one = f"<coordinates>{corners('lng,lat')[:2000]}</coordinates>".replace("\n", "")
    return earth(placemark(f"<MultiGeometry>{f'<Polygon>{one}</Polygon>' * 5000}</MultiGeometry>"))


@hostile("kml")
def kml_track_of_a_million_positions() -> bytes:
    return earth(placemark("<Track>" + "<coord>20 10</coord>" * MILLION + "</Track>"))


@hostile("cap")
def cap_area_of_a_million_corners() -> bytes:
    return alert(infos=info(area=f"<area><polygon>{corners('lat,lng')}</polygon></area>")).encode()


@hostile("cap")
def cap_area_of_a_hundred_thousand_circles() -> bytes:
    return alert(
        infos=info(area="<area>" + "".join(f"<circle>{i / 2000},1 5</circle>" for i in range(100_000)) + "</area>")
    ).encode()


@hostile("cap")
def cap_alert_of_a_hundred_thousand_infos() -> bytes:
    return alert(infos=info() * 20_000 + "<info/>" * 80_000).encode()


@hostile("cap")
def cap_of_a_hundred_thousand_alerts() -> bytes:
    return b"<alerts>" + b"<alert/>" * 100_000 + b"</alerts>"


@hostile("cap")
def cap_of_a_hundred_thousand_references() -> bytes:
    return alert(infos="").replace("</alert>", "<references>" + "a,b,c " * 500_000 + "</references></alert>").encode()


@hostile("cap")
def cap_that_never_says_what_it_is() -> bytes:
    return b"<x>" + b"<alert " * 9000 + b"</x>"


@hostile("rss")
def gml_area_of_a_million_corners() -> bytes:
    text = corners("lat,lng").replace(",", " ")
    return channel(item(f'<gml:posList xmlns:gml="http://www.opengis.net/gml">{text}</gml:posList>'))


@hostile("rss")
def georss_area_of_a_million_corners() -> bytes:
    return channel(item(f"<georss:polygon>{corners('lat,lng')}</georss:polygon>"))


@hostile("rss")
def georss_of_many_points() -> bytes:
    return channel(item("<georss:point>1 2</georss:point>" * MILLION))


@hostile("gpx")
def gpx_track_of_a_million_points() -> bytes:
    return way("<trk>" + '<trkpt lat="1" lon="2"/>' * MILLION + "</trk>")


@hostile("cot")
def cot_drawing_of_many_corners() -> bytes:
    return spot("".join(f'<link point="{i % 90},1"/>' for i in range(MILLION))).encode()


# JSON


@hostile("geojson")
def geojson_area_of_a_million_corners() -> bytes:
    ring = "[" + corners("lng,lat").replace(" ", "],[").join(["[", "]"]) + "]"
    return '{"type":"Feature","properties":{"title":"a"},"geometry":{"type":"Polygon","coordinates":[%s]}}'.replace(
        "%s", ring
    ).encode()


@hostile("geojson")
def geojson_areas_of_many_empty_rings() -> bytes:
    return b'{"type":"Feature","properties":{},"geometry":{"type":"MultiPolygon","coordinates":[' + b"[[]]," * MILLION + b"[]]}}"


@hostile("geojson")
def json_lists_a_hundred_thousand_deep() -> bytes:
    return b'{"type":"FeatureCollection","features":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@hostile("geojson")
def json_objects_a_hundred_thousand_deep() -> bytes:
    return b'{"type":"Feature","properties":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001


@hostile("geojson")
def json_number_of_a_million_digits() -> bytes:
    return b'{"type":"Feature","properties":{"a":' + b"9" * MILLION + b"}}"


@hostile("geojson")
def json_fraction_of_ten_million_digits() -> bytes:
    return b'{"type":"Feature","properties":{"a":0.' + b"9" * 10_000_000 + b"}}"


@hostile("usgs_geojson")
def json_exponent_without_end() -> bytes:
    return b'{"type":"FeatureCollection","features":[{"properties":{"mag":1e999999999,"time":1e308,"ids":"a"},"geometry":null}]}'


@hostile("geojson")
def json_of_nan_and_infinity() -> bytes:
    point = b'{"type":"Feature","properties":{"a":NaN},"geometry":{"type":"Point","coordinates":[NaN,-Infinity]}}'
    return b'{"type":"FeatureCollection","features":[' + b",".join([point] * 10_000) + b"]}"


@hostile("geojson")
def json_lone_surrogates() -> bytes:
    return b'{"type":"Feature","id":"\\udfff","properties":{"title":"\\ud800","\\udc00":"\\ud800\\ud800"},"geometry":null}'


@hostile("geojson")
def json_of_a_million_equal_members() -> bytes:
    return b'{"type":"Feature","properties":{' + b'"a":1,' * MILLION + b'"a":2},"geometry":null}'


@hostile("geojson")
def json_of_a_hundred_thousand_properties() -> bytes:
    members = ",".join(f'"p{index}":1' for index in range(100_000))
    return '{"type":"Feature","properties":{%s},"geometry":null}'.replace("%s", members).encode()


@hostile("geojson")
def json_of_one_property_more_in_each_feature() -> bytes:
    features = ",".join(f'{{"type":"Feature","properties":{{"p{index}":1}},"geometry":null}}' for index in range(50_000))
    return '{"type":"FeatureCollection","features":[%s]}'.replace("%s", features).encode()


@hostile("geojson")
def json_whose_keys_fall_into_one_place() -> bytes:
    members = ",".join(f'"{random.Random(index).getrandbits(60)}":1' for index in range(100_000))
    return '{"type":"Feature","properties":{%s},"geometry":null}'.replace("%s", members).encode()


@hostile("geojson")
def json_of_a_million_features_that_are_null() -> bytes:
    return b'{"type":"FeatureCollection","features":[' + b"null," * 100_000 + b"null]}"


@hostile("geojson")
def json_of_blanks() -> bytes:
    return b'{"type":' + b" " * 30 * MB


@hostile("geojson")
def json_string_without_end() -> bytes:
    return b'{"type":"' + b"a" * 30 * MB


@hostile("geojson")
def json_string_of_escapes() -> bytes:
    return b'{"type":"Feature","properties":{"a":"' + b"\\u0041" * 2_000_000 + b'"}}'


@hostile("geojson")
def json_collections_of_collections() -> bytes:
    inner = b'{"type":"GeometryCollection","geometries":[' * 900
    return b'{"type":"Feature","properties":{},"geometry":' + inner + b"]}" * 900 + b"}"


@hostile("geojson")
def json_collections_of_many_areas() -> bytes:
    point = b'{"type":"Point","coordinates":[1,2]},'
    return (
        b'{"type":"Feature","properties":{},"geometry":{"type":"GeometryCollection","geometries":['
        + point * 500_000
        + point[:-1]
        + b"]}}"
    )


@hostile("geojson")
def utf_16_with_a_mark_and_half_a_letter() -> bytes:
    return b"\xff\xfe" + '{"type":"Feature"}'.encode("utf-16-le") + b"\x00"


@hostile("geojson")
def utf_32() -> bytes:
    return '{"type":"Feature"}'.encode("utf-32")


@hostile("eonet")
def eonet_event_of_a_million_positions() -> bytes:
    one = b'{"date":"2024-01-01T00:00:00Z","type":"Point","coordinates":[1,2]},'
    return b'{"title":"EONET Events","events":[{"id":"EONET_1","title":"a","geometry":[' + one * 500_000 + one[:-1] + b"]}]}"


# Tables


@hostile("csv")
def csv_of_a_million_columns() -> bytes:
    return b"title,lat,lng," + b"," * MILLION + b"\n" + b"a,1,2," + b"," * MILLION + b"\n"


@hostile("csv")
def csv_of_a_million_named_columns() -> bytes:
    return b"title,lat,lng," + b"c," * MILLION + b"\na,1,2\n"


@hostile("csv")
def csv_cell_of_thirty_megabytes() -> bytes:
    return b"title,lat,lng\n" + b"x" * 30 * MB


@hostile("csv")
def csv_of_one_line_of_thirty_megabytes() -> bytes:
    return b"x" * 30 * MB


@hostile("csv")
def csv_of_quotes() -> bytes:
    return b"title,lat,lng\n" + b'"' * 10 * MB


@hostile("csv")
def csv_quote_without_end() -> bytes:
    return b'title,lat,lng\n"' + b"a,b\n" * 5_000_000


@hostile("csv")
def csv_of_delimiters() -> bytes:
    return b",;\t|" * 5_000_000


@hostile("csv")
def csv_of_line_ends() -> bytes:
    return b"title,lat,lng\n" + b"\r" * MILLION + b"a,1,2\n"


@hostile("csv")
def csv_of_nul_bytes() -> bytes:
    return b"title,lat,lng\n" + bytes(10 * MB)


@hostile("csv")
def csv_of_columns_with_one_name() -> bytes:
    return b",".join([b"title"] * 100_000) + b"\n" + b",".join([b"a"] * 100_000) + b"\n"


@hostile("csv")
def csv_of_numbers_without_end() -> bytes:
    return b"title,lat,lng,date,severity\na," + b"9" * 100_000 + b"," + b"1e" + b"9" * 100_000 + b"," + b"1" * 100_000 + b",5\n"


@hostile("csv")
def csv_of_degrees_that_are_hard_to_match() -> bytes:
    return b"title,lat,lng\na," + b"1 " * 30_000 + b"," + b"1" * 60_000 + b"x\n"


@hostile("csv")
def csv_of_dates_that_are_hard_to_match() -> bytes:
    return b"title,lat,lng,date\n" + b"".join(b"a,1,2,%s\n" % (b"1/1/2024 " + b" " * 50_000 + b"1:" * 10_000) for _ in range(20))


@hostile("csv")
def csv_that_names_a_strange_delimiter() -> bytes:
    return b"sep=\x0b\n" + b"title\x0blat\x0blng\n" + b"\x0b" * MB


@hostile("gdelt")
def gdelt_of_tabs() -> bytes:
    return b"1\t20240101" + b"\t" * 59 + b"\n" + b"\t" * 10 * MB
