"""USGS and GDACS: what each field of a record is made of, and what makes a row a problem."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from app.errors import Unreadable
from app.feeds import gdacs_rss, usgs_csv, usgs_geojson
from app.feeds.record import Problem, Record
from app.terms import Precision, Severity, ThreatStatus


def earthquake(**properties: object) -> dict[str, object]:
    """Return a feature as USGS writes it, with some properties replaced; `id` and `geometry` are the feature's own."""
    feature = {
        "type": "Feature",
        "id": properties.pop("id", "us1"),
        "geometry": properties.pop("geometry", {"type": "Point", "coordinates": [10.5, 20.25, 7]}),
    }
    usual = {
        "mag": 6.1,
        "place": "5 km N of Town",
        "time": 1649051836769,
        "updated": 1649052020437,
        "url": "https://earthquake.usgs.gov/earthquakes/eventpage/us1",
        "alert": None,
        "status": "reviewed",
        "tsunami": 0,
        "sig": 620,
        "ids": ",us1,",
        "magType": "mww",
        "type": "earthquake",
        "title": "M 6.1 - 5 km N of Town",
    }
    return feature | {"properties": usual | properties}


def usgs(*features: object) -> list[Record | Problem]:
    """Read features as a summary feed."""
    return list(usgs_geojson.parse(json.dumps({"type": "FeatureCollection", "features": features}).encode()))


def one(items: list[Record | Problem]) -> Record:
    """Return the only record."""
    [record] = items
    assert isinstance(record, Record), record
    return record


def reason(items: list[Record | Problem]) -> str:
    """Return why the only row is a problem."""
    [problem] = items
    assert isinstance(problem, Problem), problem
    return problem.reason


@pytest.mark.parametrize(
    ("magnitude", "alert", "severity"),
    [
        (None, None, "negligible"),
        (-0.8, None, "negligible"),
        (3.99, None, "negligible"),
        (4, None, "low"),
        (4.99, None, "low"),
        (5, None, "medium"),
        (6, None, "high"),
        (7, None, "critical"),
        (9.5, None, "critical"),
        (7.5, "green", "low"),
        (4.1, "yellow", "medium"),
        (4.1, "orange", "high"),
        (4.1, "red", "critical"),
        (6.5, "pending", "high"),
    ],
)
def test_an_earthquake_is_rated_by_its_alert_or_else_by_its_magnitude(
    magnitude: float | None, alert: str | None, severity: str
) -> None:
    assert one(usgs(earthquake(mag=magnitude, alert=alert))).severity == severity


def test_an_earthquake_keeps_the_source_s_own_words() -> None:
    record = one(usgs(earthquake(alert="orange")))
    assert record.threat_rationale == "USGS: magnitude 6.1 mww, PAGER alert orange, significance 620."
    assert one(usgs(earthquake(mag=None, sig=None))).threat_rationale == "USGS: no magnitude."


def test_longitude_comes_first_and_times_are_milliseconds() -> None:
    record = one(usgs(earthquake()))
    assert (record.lat, record.lng) == (20.25, 10.5)
    assert record.observed_at == datetime(2022, 4, 4, 5, 57, 16, 769000, UTC)
    assert record.source_updated_at == datetime(2022, 4, 4, 6, 0, 20, 437000, UTC)
    assert record.description == "Depth 7 km."


def test_other_ids_of_an_earthquake_are_its_aliases() -> None:
    record = one(usgs(earthquake(ids=",ak9,us1,at7,ak9,")))
    assert (record.external_id, record.aliases) == ("us1", ("ak9", "at7"))


def test_what_is_no_earthquake_keeps_its_own_type() -> None:
    record = one(usgs(earthquake(type="quarry blast", title=None, mag=1.25)))
    assert record.threat_type == "quarry blast"
    assert record.title == "M 1.2 Quarry Blast - 5 km N of Town"


def test_a_deleted_event_is_dismissed() -> None:
    record = one(usgs(earthquake(status="deleted")))
    assert record.status == ThreatStatus.DISMISSED
    assert record.threat_rationale is not None
    assert record.threat_rationale.endswith("USGS has deleted this event.")
    assert one(usgs(earthquake(status="automatic"))).status is None


def test_an_earthquake_may_have_no_place_yet() -> None:
    record = one(usgs(earthquake(geometry=None)))
    assert (record.lat, record.lng, record.description) == (None, None, None)


def test_a_tsunami_flag_and_felt_reports_are_told() -> None:
    description = one(usgs(earthquake(tsunami=1, felt=1858))).description
    assert description is not None
    assert "1,858 felt reports." in description
    assert "tsunami is possible" in description


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"id": None}, "no id"),
        ({"time": None}, "no time"),
        ({"time": "2020-01-01"}, "time is not a number"),
        ({"time": 10**30}, "years 1 to 9999"),
        ({"time": 10**400}, "not a finite number"),
        ({"updated": -(10**18)}, "years 1 to 9999"),
        ({"mag": "6.1"}, "magnitude is not a number"),
        ({"mag": float("nan")}, "magnitude is not a finite number"),
        ({"mag": True}, "magnitude is not a number"),
        ({"place": {"a": 1}}, "place is neither text nor a number"),
        ({"geometry": {"type": "Point", "coordinates": ["10", "20"]}}, "longitude is not a number"),
        ({"geometry": {"type": "Point", "coordinates": [10, float("nan")]}}, "latitude is not a finite"),
        ({"geometry": {"type": "Point", "coordinates": [10, float("inf")]}}, "latitude is not a finite"),
        ({"geometry": {"type": "Point", "coordinates": [10]}}, "fewer than two"),
        ({"geometry": {"type": "Point", "coordinates": [10, None]}}, "empty coordinate"),
        ({"geometry": {"type": "Point", "coordinates": "10,20"}}, "not lists"),
        ({"geometry": {"type": "Blob", "coordinates": [1, 2]}}, "no type"),
        ({"geometry": 7}, "not an object"),
    ],
)
def test_a_feature_that_cannot_be_read_is_a_problem_and_the_next_is_read(changed: dict[str, object], words: str) -> None:
    problem, record = usgs(earthquake(**changed), earthquake(id="us2"))
    assert isinstance(problem, Problem)
    assert problem.row == 1
    assert words in problem.reason
    assert isinstance(record, Record)
    assert (record.row, record.external_id) == (2, "us2")


@pytest.mark.parametrize("item", [None, 7, "text", []])
def test_what_is_no_feature_is_a_problem(item: object) -> None:
    assert reason(usgs(item))


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert one(usgs(earthquake(place="a\ud800b"))).location == "a?b"


HEADER = ",".join(usgs_csv.COLUMNS)
ROW = (
    "2020-12-31T23:12:35.050Z,-9.1109,118.9156,85.73,4.8,mb,,43,3.316,0.9,us,us6000d4nn,2021-03-06T23:21:08.040Z,"
    '"74 km SSE of Bima, Indonesia",earthquake,7.1,6.1,0.075,55,reviewed,us,us'
)


def catalogue(*rows: str) -> list[Record | Problem]:
    """Read rows as a catalogue file."""
    return list(usgs_csv.parse("\n".join((HEADER, *rows)).encode()))


def test_a_row_of_the_catalogue() -> None:
    record = one(catalogue(ROW))
    assert record.row == 2
    assert record.title == "M 4.8 - 74 km SSE of Bima, Indonesia"
    assert (record.lat, record.lng) == (-9.1109, 118.9156)
    assert record.severity == Severity.LOW
    assert record.threat_rationale == "USGS: magnitude 4.8 mb."
    assert record.source_updated_at == datetime(2021, 3, 6, 23, 21, 8, 40000, UTC)
    assert (record.location_uncertainty_km, record.location_precision_level) == (7.1, Precision.NEAR)


@pytest.mark.parametrize(
    ("error", "level"),
    [("", None), ("0.4", "exact"), ("25", "near"), ("25.1", "district"), ("101", "region"), ("501", "country")],
)
def test_the_horizontal_error_says_what_the_coordinates_stand_for(error: str, level: str | None) -> None:
    assert one(catalogue(ROW.replace(",7.1,", f",{error},"))).location_precision_level == level


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("-9.1109", "south", "latitude “south” is not a number"),
        ("-9.1109", "nan", "latitude “nan”"),
        ("118.9156", "1e400", "longitude “1e400”"),
        ("us6000d4nn", "", "no id"),
        ("2020-12-31T23:12:35.050Z", "", "no time"),
        ("2020-12-31T23:12:35.050Z", "yesterday", "“yesterday” is not a time"),
        ("2020-12-31T23:12:35.050Z", "0001-01-01T00:00:00+05:00", "is not a time"),
        (",reviewed,us,us", "", "19 cells; the header has 22"),
    ],
)
def test_a_row_of_the_catalogue_that_cannot_be_read_is_a_problem(old: str, new: str, words: str) -> None:
    problem, record = catalogue(ROW.replace(old, new), ROW)
    assert isinstance(problem, Problem)
    assert problem.row == 2
    assert words in problem.reason
    assert isinstance(record, Record)


def test_rows_are_counted_in_lines_of_the_file() -> None:
    items = catalogue(ROW.replace("SSE of", "SSE\nof"), "", ROW)
    assert [item.row for item in items] == [2, 5]


def test_a_catalogue_without_a_needed_column_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="no column magType"):
        usgs_csv.parse(HEADER.replace("magType", "kind").encode())


ITEM = """<item><title>Green earthquake alert in Chile</title><description>Text</description>
<gdacs:temporary>false</gdacs:temporary><link>https://www.gdacs.org/report.aspx?eventid=7</link>
<pubDate>Tue, 10 Dec 2024 18:09:57 GMT</pubDate><gdacs:datemodified>Tue, 10 Dec 2024 20:09:43 GMT</gdacs:datemodified>
<gdacs:iscurrent>true</gdacs:iscurrent><gdacs:fromdate>Tue, 10 Dec 2024 18:04:35 GMT</gdacs:fromdate>
<geo:Point><geo:lat>51.1</geo:lat><geo:long>-177.2</geo:long></geo:Point><georss:point>51.1 -177.2</georss:point>
<gdacs:eventtype>EQ</gdacs:eventtype><gdacs:alertlevel>Orange</gdacs:alertlevel><gdacs:alertscore>2</gdacs:alertscore>
<gdacs:eventid>7</gdacs:eventid><gdacs:severity unit="M" value="6.8">Magnitude 6.8M</gdacs:severity>
<gdacs:iso3>CHL</gdacs:iso3><gdacs:country>Chile</gdacs:country></item>"""
RSS = (
    '<rss xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:gdacs="http://www.gdacs.org" '
    'xmlns:georss="http://www.georss.org/georss"><channel>%s</channel></rss>'
)


def gdacs(*items: str) -> list[Record | Problem]:
    """Read items as a feed."""
    return list(gdacs_rss.parse((RSS % "".join(items)).encode()))


def test_a_disaster_alert() -> None:
    record = one(gdacs(ITEM))
    assert (record.source, record.external_id, record.sources) == ("gdacs", "EQ7", ("GDACS",))
    assert (record.severity, record.threat_type) == (Severity.HIGH, "earthquake")
    assert record.threat_rationale == "GDACS: alert level Orange (score 2); Magnitude 6.8M."
    assert (record.lat, record.lng) == (51.1, -177.2)
    assert (record.location, record.location_country) == ("Chile", "CL")
    assert record.location_precision_level == Precision.NEAR
    assert record.source_updated_at == datetime(2024, 12, 10, 20, 9, 43, tzinfo=UTC)


@pytest.mark.parametrize(("level", "severity"), [("Green", "low"), ("orange", "high"), ("Red", "critical")])
def test_an_alert_is_rated_by_its_level(level: str, severity: str) -> None:
    assert one(gdacs(ITEM.replace("Orange", level))).severity == severity


@pytest.mark.parametrize(("kind", "level"), [("FL", "region"), ("TC", "region"), ("WF", "district"), ("XX", "region")])
def test_the_point_of_a_wide_disaster_is_not_exact(kind: str, level: str) -> None:
    assert one(gdacs(ITEM.replace(">EQ<", f">{kind}<"))).location_precision_level == level


def test_an_alert_that_is_not_current_has_ended_at_its_last_day() -> None:
    dated = ITEM.replace("<gdacs:iscurrent>", "<gdacs:todate>Wed, 11 Dec 2024 18:04:35 GMT</gdacs:todate><gdacs:iscurrent>")
    over = one(gdacs(dated.replace("<gdacs:iscurrent>true", "<gdacs:iscurrent>false")))
    assert (over.status, over.expires_at) == (ThreatStatus.ENDED, datetime(2024, 12, 11, 18, 4, 35, tzinfo=UTC))
    assert one(gdacs(dated)).expires_at is None


def test_without_a_date_of_change_the_date_of_publication_counts() -> None:
    record = one(gdacs(ITEM.replace("gdacs:datemodified", "gdacs:other")))
    assert record.source_updated_at == datetime(2024, 12, 10, 18, 9, 57, tzinfo=UTC)


def test_a_point_is_also_read_from_its_other_spelling_or_missing() -> None:
    record = one(gdacs(ITEM.replace("georss:point", "georss:other")))
    assert (record.lat, record.lng) == (51.1, -177.2)
    nowhere = one(gdacs(ITEM.replace("georss:point", "georss:other").replace("geo:Point", "geo:Other")))
    assert (nowhere.lat, nowhere.lng, nowhere.location_precision_level) == (None, None, None)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (">EQ<", "><", "no GDACS event type"),
        (">7<", "><", "event id"),
        (">Orange<", ">Purple<", "“Purple” is none of"),
        (">Orange<", "><", "is none of"),
        ("51.1 -177.2", "51.1", "not two numbers"),
        ("51.1 -177.2", "north -177.2", "latitude “north”"),
        ("Tue, 10 Dec 2024 18:04:35 GMT", "soon", "fromdate “soon” is not a date"),
        ("Tue, 10 Dec 2024 18:04:35 GMT", "Tue, 10 Dec 99999 18:04:35 GMT", "is not a date"),
    ],
)
def test_an_item_that_cannot_be_read_is_a_problem(old: str, new: str, words: str) -> None:
    problem, record = gdacs(ITEM.replace(old, new), ITEM)
    assert isinstance(problem, Problem)
    assert problem.row == 1
    assert words in problem.reason
    assert isinstance(record, Record)
