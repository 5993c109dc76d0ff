"""Feeds in JSON besides USGS: NWS alerts, NASA EONET events and the API of GDACS."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from flask import Flask

from app.db import db
from app.errors import Unreadable
from app.feeds import eonet, gdacs_json, nws
from app.feeds.cap_terms import FURTHER
from app.feeds.record import Item, LeftOut, Problem, Record
from app.models import Threat
from app.terms import Precision, Severity, ThreatStatus
from tests import make
from tests.test_feeds_samples import sample
from tests.test_feeds_sources import ITEM, gdacs


def collection(*features: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def record(item: Item) -> Record:
    assert isinstance(item, Record), item
    return item


# NWS


def warning(identifier: str = "m1", *, vtec: str = "", refers: tuple[str, ...] = (), geometry: object = None, **changed: object):
    """Return an alert as NWS writes it; `vtec` is "ACTION PHEN.SIG.NUMBER", several of them after commas."""
    lines = [f"/O.{part.split()[0]}.KPQR.{part.split()[1]}.000000T0000Z-191222T1800Z/" for part in vtec.split(",") if part]
    usual = {
        "id": identifier,
        "areaDesc": "Coast; Hills",
        "geocode": {"UGC": ["ORZ001", "WAZ020"]},
        "affectedZones": ["https://api.weather.gov/zones/forecast/ORZ001"],
        "references": [{"identifier": name, "sent": "2019-12-19T12:52:00-08:00"} for name in refers],
        "sent": "2019-12-20T13:34:00-08:00",
        "onset": "2019-12-20T14:00:00-08:00",
        "expires": "2019-12-21T05:30:00-08:00",
        "ends": "2019-12-22T10:00:00-08:00",
        "status": "Actual",
        "messageType": "Alert",
        "severity": "Severe",
        "certainty": "Possible",
        "urgency": "Future",
        "event": "Flood Watch",
        "senderName": "NWS Portland OR",
        "headline": "Flood Watch issued December 20",
        "parameters": {"VTEC": lines},
    }
    return {"type": "Feature", "geometry": geometry, "properties": usual | changed}


def alerts(*features: object) -> list[Item]:
    return list(nws.parse(collection(*features)))


def test_a_weather_alert_ends_when_the_hazard_does_and_not_the_message():
    threat = record(alerts(warning(vtec="NEW FA.A.0004"))[0])
    assert (threat.source, threat.external_id) == ("nws", "KPQR.FA.A.0004.2019")
    assert threat.expires_at == datetime(2019, 12, 22, 18, tzinfo=UTC)
    assert threat.observed_at == datetime(2019, 12, 20, 22, tzinfo=UTC)
    assert (threat.severity, threat.location, threat.location_country) == (Severity.HIGH, "Coast; Hills", "US")
    assert threat.threat_rationale == "NWS: severity Severe, urgency Future, certainty Possible."
    assert record(alerts(warning(ends=None))[0]).expires_at == datetime(2019, 12, 21, 13, 30, tzinfo=UTC)


def test_the_number_of_an_event_is_of_the_year_of_its_first_message():
    later = warning(vtec="CON FA.A.0004", refers=("m0",), sent="2020-01-02T00:00:00Z")
    assert record(alerts(later)[0]).external_id == "KPQR.FA.A.0004.2019"


def test_a_weather_alert_has_its_polygon_and_a_territory_or_the_sea_its_country():
    square = {"type": "Polygon", "coordinates": [[[-66, 18], [-65, 18], [-65, 19], [-66, 19], [-66, 18]]]}
    threat = record(alerts(warning(geometry=square, geocode={"UGC": ["PRZ001"]}))[0])
    assert (threat.lat, threat.lng, threat.location_country) == (18.5, -65.5, "PR")
    assert threat.location_precision_level == Precision.DISTRICT
    assert record(alerts(warning(geocode={"UGC": ["AMZ001"]}))[0]).location_country is None


def test_messages_of_one_event_for_several_zones_are_one_threat_as_bad_as_the_worst():
    first, further = alerts(
        warning("m1", vtec="CON FA.A.0004", severity="Minor", areaDesc="Coast"),
        warning("m2", vtec="CON FA.A.0004", areaDesc="Valley"),
    )
    assert (record(first).severity, record(first).location) == (Severity.HIGH, "Coast; Valley")
    assert further == LeftOut(2, FURTHER)


def test_a_message_that_a_later_one_replaces_is_left_out():
    earlier, latest = alerts(warning("m1"), warning("m2", refers=("m1",)))
    assert earlier == LeftOut(1, nws.EARLIER)
    assert record(latest).replaces == ("m1",)


def test_an_upgraded_watch_goes_on_as_the_warning_unless_it_stays_for_other_zones():
    upgrade = warning("m2", vtec="UPG FA.A.0004,NEW FA.W.0009")
    assert record(alerts(upgrade)[0]).replaces == ("KPQR.FA.A.0004.2019",)
    both = alerts(upgrade, warning("m3", vtec="CON FA.A.0004"))
    assert [record(item).replaces for item in both] == [(), ()]


def test_the_end_of_an_event_is_an_end_unless_it_goes_on_for_other_zones():
    over = warning("m2", vtec="CAN FA.A.0004", messageType="Cancel")
    end = record(alerts(over)[0])
    assert (end.is_end, end.external_id) == (True, "KPQR.FA.A.0004.2019")
    goes_on, part = alerts(over, warning("m3", vtec="CON FA.A.0004"))
    assert not record(goes_on).is_end
    assert part == LeftOut(1, FURTHER)
    plain = record(alerts(warning("m5", refers=("m4",), messageType="Cancel"))[0])
    assert (plain.is_end, plain.replaces) == (True, ("m4",))


def test_tests_are_kept_off():
    made = alerts(warning(status="Test"), warning(status="Exercise"))
    assert made == [LeftOut(1, "tests"), LeftOut(2, "exercises")]
    routine = warning(parameters={"VTEC": ["/T.NEW.KPQR.TO.W.0001.000000T0000Z-191222T1800Z/"]})
    assert alerts(routine) == [LeftOut(1, "tests")]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"id": None}, "no id"),
        ({"sent": None}, "when it was sent"),
        ({"ends": "soon"}, "“soon” is not a time"),
        ({"references": [7]}, "reference is not an object"),
        ({"geocode": 7}, "geocode is not an object"),
    ],
)
def test_a_weather_alert_that_cannot_be_read_is_a_problem(changed: dict[str, object], words: str):
    problem, threat = alerts(warning(**changed), warning("m2"))
    assert isinstance(problem, Problem)
    assert words in problem.reason
    assert record(threat).row == 2


def test_a_weather_event_goes_through_its_messages_as_one_threat(context: Flask):
    actor = make.actor(context)

    def take(*features: object) -> str:
        return make.import_file(actor, "alerts.json", collection(*features)).message

    two = [warning("m1", vtec="NEW FA.A.0004", areaDesc="A"), warning("m2", vtec="NEW FA.A.0004", areaDesc="B")]
    assert take(*two) == f"1 row: 1 new. Left out: {FURTHER} (1)."
    assert take(*two) == f"1 row: 1 unchanged. Nothing changed. Left out: {FURTHER} (1)."
    later = {"sent": "2019-12-21T00:00:00Z", "event": "Flood Warning", "severity": "Extreme"}
    assert take(warning("m3", vtec="UPG FA.A.0004,NEW FA.W.0009", **later)) == "1 row: 1 updated."
    assert take(warning("m4", vtec="EXP FA.W.0009", sent="2019-12-22T00:00:00Z")) == "1 row: 1 updated."
    [threat] = db.session.query(Threat)
    db.session.refresh(threat)
    assert (threat.external_id, threat.severity, threat.status) == ("KPQR.FA.A.0004.2019", "critical", ThreatStatus.ENDED)
    assert threat.expires_at == datetime(2019, 12, 22, tzinfo=UTC)


def test_real_weather_alerts_of_one_event():
    first, further = nws.parse(sample("nws/alerts_active_zone_second.json"))
    assert record(first).external_id == "KPQR.FA.A.0004.2019"
    assert record(first).expires_at == datetime(2019, 12, 22, 18, tzinfo=UTC)
    assert further == LeftOut(2, FURTHER)


# EONET

EVENT = {
    "id": "EONET_1",
    "title": "Typhoon",
    "description": None,
    "link": "https://eonet.example/EONET_1",
    "closed": None,
    "categories": [{"id": "severeStorms", "title": "Severe Storms"}],
    "sources": [{"id": "JTWC", "url": "https://jtwc.example/1"}],
    "geometry": [
        {
            "magnitudeValue": 60,
            "magnitudeUnit": "kts",
            "date": "2025-09-02T00:00:00Z",
            "type": "Point",
            "coordinates": [-100, 15],
        },
        {"magnitudeValue": 35, "magnitudeUnit": "kts", "date": "2025-09-01T00:00:00Z", "type": "Point", "coordinates": [-99, 14]},
    ],
}


def events(*listed: object) -> list[Item]:
    return list(eonet.parse(json.dumps({"title": "EONET Events", "events": listed}).encode()))


def test_a_natural_event_is_where_its_latest_position_is_and_begins_with_its_first():
    threat = record(events(EVENT)[0])
    assert (threat.lat, threat.lng) == (15, -100)
    assert threat.observed_at == datetime(2025, 9, 1, tzinfo=UTC)
    assert threat.source_updated_at == datetime(2025, 9, 2, tzinfo=UTC)
    assert (threat.threat_type, threat.status, threat.severity) == ("severe storm", ThreatStatus.ACTIVE, None)
    assert threat.threat_rationale == "EONET gives no severity; magnitude 60 kts."
    assert (threat.url, threat.sources) == ("https://jtwc.example/1", ("NASA EONET", "JTWC"))


def test_a_closed_event_has_ended_then():
    threat = record(events({**EVENT, "closed": "2025-09-05T00:00:00Z"})[0])
    assert (threat.status, threat.expires_at) == (ThreatStatus.ENDED, datetime(2025, 9, 5, tzinfo=UTC))
    assert threat.source_updated_at == datetime(2025, 9, 5, tzinfo=UTC)


def test_events_of_the_version_before_and_areas_and_a_single_event_are_read():
    area = {"date": "2020-01-01T00:00:00Z", "type": "Polygon", "coordinates": [[[1, 1], [1, 3], [3, 3], [1, 1]]]}
    old = {"id": "EONET_2", "title": "Ice", "categories": [{"id": 15, "title": "Sea and Lake Ice"}], "geometries": [area]}
    threat = record(events(old)[0])
    assert (threat.lat, threat.lng, threat.threat_type) == (2, 2, "Sea and Lake Ice")
    assert 100 < (threat.location_uncertainty_km or 0) < 200
    assert record(next(iter(eonet.parse(json.dumps(EVENT).encode())))).external_id == "EONET_1"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"id": None}, "no id"),
        ({"closed": "later"}, "end “later”"),
        ({"geometry": [7]}, "geometry is not an object"),
        ({"categories": [7]}, "category is not an object"),
    ],
)
def test_an_event_that_cannot_be_read_is_a_problem(changed: dict[str, object], words: str):
    problem, threat = events({**EVENT, **changed}, EVENT)
    assert isinstance(problem, Problem)
    assert words in problem.reason
    assert record(threat).row == 2


def test_json_that_is_not_of_eonet_is_unreadable():
    with pytest.raises(Unreadable, match="neither a list of events"):
        eonet.parse(b"[]")


def test_real_natural_events():
    items = list(eonet.parse(sample("eonet/eonet_v3_geojson_2020-11.json")))
    threats = [item for item in items if isinstance(item, Record)]
    assert (len(items), len(threats)) == (376, 20)
    assert {item.reason for item in items if isinstance(item, LeftOut)} == {eonet.FURTHER}
    assert min(threat.observed_at for threat in threats if threat.observed_at) == datetime(2020, 10, 5, 9, tzinfo=UTC)
    assert all(-124 <= (threat.lng or 0) <= 138.5 and -17 <= (threat.lat or 0) <= 48.6 for threat in threats)
    ids = [record(item).external_id for item in eonet.parse(sample("eonet/events_2025-09.json"))]
    assert ids == ["EONET_15547", "EONET_15545", "EONET_15546"]


# GDACS


def event(**changed: object) -> dict[str, object]:
    """Return an event as the API of GDACS writes it."""
    usual = {
        "eventtype": "FL",
        "eventid": 7,
        "alertlevel": "Red",
        "alertscore": 3,
        "name": "Flood in Spain",
        "htmldescription": "Red <b>Flood</b> in Spain",
        "url": {"report": "https://www.gdacs.org/report.aspx?eventid=7"},
        "iscurrent": "false",
        "istemporary": "false",
        "country": "Spain",
        "iso3": "ESP",
        "glide": "FL-2024-000199-ESP",
        "fromdate": "2024-10-27T15:00:00",
        "todate": "2024-11-04T11:00:00",
        "datemodified": "2024-11-08T11:10:45",
        "Class": "Point_Centroid",
        "severitydata": {"severity": 0.0, "severitytext": "Magnitude 0 ", "severityunit": ""},
    }
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-3.4, 38.6]}, "properties": usual | changed}


def test_an_event_of_the_api_is_the_same_threat_as_in_the_feed():
    threat = record(next(gdacs_json.parse(collection(event()))))
    assert (threat.source, threat.external_id, threat.severity) == ("gdacs", "FL7", Severity.CRITICAL)
    assert threat.threat_rationale == "GDACS: alert level Red (score 3); Magnitude 0; GLIDE FL-2024-000199-ESP."
    assert (threat.status, threat.expires_at) == (ThreatStatus.ENDED, datetime(2024, 11, 4, 11, tzinfo=UTC))
    assert threat.source_updated_at == datetime(2024, 11, 8, 11, 10, 45, tzinfo=UTC)
    assert (threat.description, threat.location_country) == ("Red Flood in Spain", "ES")
    assert threat.location_precision_level == Precision.REGION
    twin = record(gdacs(ITEM.replace(">EQ<", ">FL<"))[0])
    assert (twin.source, twin.external_id) == (threat.source, threat.external_id)


def test_areas_and_tracks_of_an_event_are_left_out_and_a_current_one_does_not_expire():
    threat, area = gdacs_json.parse(collection(event(iscurrent="true"), event(Class="Poly_Affected")))
    assert (record(threat).status, record(threat).expires_at) == (ThreatStatus.ACTIVE, None)
    assert area == LeftOut(2, gdacs_json.AREAS)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"eventid": None}, "no type and id"),
        ({"alertlevel": "Purple"}, "“Purple” is none of"),
        ({"fromdate": "soon"}, "beginning “soon”"),
        ({"severitydata": 7}, "severity’s data is not an object"),
    ],
)
def test_an_event_of_the_api_that_cannot_be_read_is_a_problem(changed: dict[str, object], words: str):
    problem, threat = gdacs_json.parse(collection(event(**changed), event()))
    assert isinstance(problem, Problem)
    assert words in problem.reason
    assert record(threat).row == 2


def test_the_real_data_of_one_disaster():
    [item] = gdacs_json.parse(sample("gdacs/api_1102983-1-geteventdata-source.json"))
    assert record(item).external_id == "FL1102983"
    assert (round(record(item).lng or 0, 2), round(record(item).lat or 0, 2)) == (-3.41, 38.60)
