"""Ids beyond the source, by which two sources speak of the same event."""

from __future__ import annotations

import json

import pytest

from app.feeds import cap, cap_index, csv_table, eonet, gdacs_json, gdacs_rss, nws, rss, usgs_csv, usgs_geojson
from app.feeds.record import Record
from app.feeds.references import LENGTH_MAX, glides, named, of_address
from tests.test_feeds_cap import alert
from tests.test_feeds_samples import sample

OID = "urn:oid:2.49.0.1.840.0.0123456789abcdef.001.1"


def of(items) -> list[tuple[str, ...]]:
    return [item.references for item in items if isinstance(item, Record)]


def test_gdacs_tells_its_own_id_the_glide_number_and_whom_it_heard_of_it():
    [told] = of(gdacs_json.parse(sample("gdacs/api_1102983-1-geteventdata-source.json")))
    assert told == ("gdacs:FL1102983", "glide:FL-2024-000199-ESP", "glofas:5c949dea-419b-4f50-90f0-e7271adf619d")
    document = json.loads(sample("gdacs/api_1102983-1-geteventdata-source.json"))
    properties = document.get("properties") or document["features"][0]["properties"]
    properties |= {"eventtype": "EQ", "glide": "", "source": "NEIC", "sourceid": "us6000pi9w"}
    [told] = of(gdacs_json.parse(json.dumps(document).encode()))
    assert told == ("gdacs:EQ1102983", "usgs:us6000pi9w")


def test_the_feed_of_gdacs_tells_its_ids_and_glide_numbers():
    told = of(gdacs_rss.parse(sample("gdacs/gdacs-rss.xml")))
    assert [one for one in told if len(one) == 2] == [("gdacs:TC1000641", "glide:TC-2019-000176-PHL")]
    assert all(one[0].startswith("gdacs:") for one in told)


def test_usgs_tells_all_ids_of_an_earthquake_in_both_formats():
    told = of(usgs_geojson.parse(sample("usgs/all_ge_m1_7day.geojson")))
    assert max(map(len, told)) > 1
    assert ("usgs:us6000pi9w",) in of(usgs_geojson.parse(sample("usgs/detail_us6000pi9w.geojson")))
    assert of(usgs_csv.parse(sample("usgs/usgs_2020_m4.5_global.csv")))[0] == ("usgs:us6000d4nn",)


def test_eonet_tells_the_systems_that_it_has_events_from():
    told = {one for ids in of(eonet.parse(sample("eonet/eonet_v3_geojson_2020-11.json"))) for one in ids}
    assert {"gdacs:TC1000746", "jtwc:io0320", "inciweb:7238"} <= told


@pytest.mark.parametrize(
    ("address", "reference"),
    [
        ("https://www.gdacs.org/report.aspx?eventtype=FL&amp;eventid=1102983&episodeid=2", "gdacs:FL1102983"),
        ("https://gdacs.org/Cyclones/report.aspx?eventid=1000746&eventtype=tc", "gdacs:TC1000746"),
        ("https://earthquake.usgs.gov/earthquakes/eventpage/us6000pi9w/executive", "usgs:us6000pi9w"),
        ("https://irwin.doi.gov/x/0A1B2C3D-0000-4000-8000-00000000ABCD", "irwin:0a1b2c3d-0000-4000-8000-00000000abcd"),
        ("https://www.gdacs.org/report.aspx?eventid=1102983", None),
        ("https://[gdacs.org//www.gdacs.org/", None),
        ("https://example.org/?eventtype=FL&eventid=1102983", None),
    ],
)  # fmt: skip
def test_addresses_of_other_systems_say_which_event_they_are_about(address, reference):
    assert of_address(address) == ((reference,) if reference else ())


def test_an_alert_by_cap_by_an_index_and_by_the_api_of_nws_has_one_reference():
    [by_cap] = of(cap.parse(alert(OID).encode()))
    cap_ns, atom = 'xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2"', 'xmlns="http://www.w3.org/2005/Atom"'
    entry = f"<entry><id>https://api.weather.gov/alerts/{OID}</id><title>Flood</title><cap:event>Flood</cap:event></entry>"
    [by_index] = of(cap_index.parse(f"<feed {atom} {cap_ns}><title>NWS</title>{entry}</feed>".encode()))
    document = json.loads(sample("nws/alerts_active_zone_second.json"))
    del document["features"][1:]
    document["features"][0]["properties"]["id"] = OID
    [by_nws] = of(nws.parse(json.dumps(document).encode()))
    assert by_cap == by_index == by_nws == (f"cap:{OID}",)


def test_an_identifier_of_an_alert_that_may_be_anothers_too_is_no_reference():
    assert of(cap.parse(alert("17").encode())) == [()]


def test_glide_numbers_are_found_in_what_files_and_feeds_say():
    table = (
        b"id,title,lat,lon,GLIDE code\n1,Quake,1,2,eq-2026-000001-TUR\n2,Flood FL-2026-000002-PAK rises,3,4,\n3,Fire,5,6,n/a\n"
    )
    assert of(csv_table.parse(table)) == [("glide:EQ-2026-000001-TUR",), ("glide:FL-2026-000002-PAK",), ()]
    feed = b"<rss><channel><item><title>Flood</title><description>Glide: FL-2026-000002-PAK</description></item></channel></rss>"
    assert of(rss.parse(feed)) == [("glide:FL-2026-000002-PAK",)]
    assert glides("EQ-2026-000001-TURKEY", "AEQ-2026-000001-TUR") == ()


def test_what_is_blank_or_too_long_is_no_reference():
    assert named("usgs", "", "  ", "us1", "us1", "x" * LENGTH_MAX) == ("usgs:us1",)
