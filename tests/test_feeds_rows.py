"""Sources whose files are rows of named columns: FIRMS, UCDP, GDELT and ACLED."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask

from app.errors import Unreadable
from app.feeds import acled, firms, gdelt, ucdp
from app.feeds.record import Item, LeftOut, Problem, Record
from app.terms import Precision, Severity
from tests import make
from tests.test_feeds_samples import all_records, limits, sample, span


def table(*rows: dict[str, str], delimiter: str = ",") -> bytes:
    """Return rows as CSV under the names of the first one."""
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys(), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def record(item: Item) -> Record:
    assert isinstance(item, Record), item
    return item


def problem_of(items: list[Item]) -> str:
    """Return why the first row is a problem, after checking that the second is none."""
    bad, good = items
    assert isinstance(bad, Problem), bad
    assert isinstance(good, Record), good
    return bad.reason


# FIRMS

FIRE = {
    "latitude": "-13.66012",
    "longitude": "133.94154",
    "bright_ti4": "324.01",
    "scan": "0.6",
    "track": "0.8",
    "acq_date": "2022-04-03",
    "acq_time": "659",
    "satellite": "N",
    "instrument": "VIIRS",
    "confidence": "h",
    "version": "2.0NRT",
    "frp": "43.87",
    "daynight": "D",
}


def fires(*rows: dict[str, str]) -> list[Item]:
    return list(firms.parse(table(*rows)))


def test_a_fire_is_seen_at_hours_and_minutes_with_or_without_a_leading_zero():
    threat = record(fires(FIRE)[0])
    assert threat.observed_at == datetime(2022, 4, 3, 6, 59, tzinfo=UTC)
    assert threat.external_id == record(fires({**FIRE, "acq_time": "0659"})[0]).external_id
    assert (threat.lat, threat.lng, threat.location_uncertainty_km) == (-13.66012, 133.94154, 0.5)
    assert (threat.severity, threat.likelihood, threat.threat_type) == (Severity.LOW, "high", "fire detection")
    assert threat.threat_rationale == "FIRMS: confidence h, fire radiative power 43.87 MW."
    assert threat.description == "Seen by day by VIIRS N 2.0NRT."


@pytest.mark.parametrize(
    ("word", "likelihood"),
    [("0", "low"), ("29", "low"), ("30", "nominal"), ("79", "nominal"), ("80", "high"), ("100", "high"), ("nominal", "nominal"),
     ("l", "low"), ("", None)],
)  # fmt: skip
def test_the_confidence_of_every_instrument_is_low_nominal_or_high(word: str, likelihood: str | None):
    assert record(fires({**FIRE, "confidence": word})[0]).likelihood == likelihood


def test_heat_that_is_no_fire_says_so_and_a_satellite_has_one_name():
    assert record(fires({**FIRE, "type": "1"})[0]).threat_type == "volcanic heat"
    aqua, a = fires({**FIRE, "satellite": "Aqua"}, {**FIRE, "satellite": "A"})
    assert record(aqua).external_id == record(a).external_id


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"latitude": ""}, "no place"),
        ({"acq_time": "2500"}, "is not a time"),
        ({"acq_date": "yesterday"}, "“yesterday” at “659” is not a time"),
        ({"frp": "much"}, "fire radiative power “much”"),
    ],
)
def test_a_fire_that_cannot_be_read_is_a_problem(changed: dict[str, str], words: str):
    assert words in problem_of(fires({**FIRE, **changed}, FIRE))


def test_what_firms_says_instead_of_a_table_is_unreadable():
    with pytest.raises(Unreadable, match="no table"):
        firms.parse(b"Invalid MAP_KEY.")
    with pytest.raises(Unreadable, match="no column acq_time"):
        firms.parse(table({name: word for name, word in FIRE.items() if name != "acq_time"}))


@pytest.mark.parametrize(
    ("file", "count", "box", "first", "last"),
    [
        ("world_fires_1_day.csv", 3125, [-155.29, -41.64, 176.78, 60.43], "2022-04-03T00:50", "2022-04-04T04:44"),
        ("world_fires_1_day_2018.csv", 27381, [-172.59, -45.85, 178.67, 69.38], "2018-09-22T00:35", "2018-09-23T20:50"),
    ],
)
def test_real_fires_of_a_day(file: str, count: int, box: list[float], first: str, last: str):
    records = all_records(firms.parse(sample(f"firms/{file}")))
    assert (len(records), limits(records)) == (count, box)
    assert span(records) == tuple(datetime.fromisoformat(time).replace(tzinfo=UTC) for time in (first, last))
    assert len({one.external_id for one in records}) == count


# UCDP

BATTLE = {
    "id": "36210",
    "type_of_violence": "1",
    "dyad_name": "Government - Rebels",
    "conflict_name": "Country: Government",
    "where_prec": "2",
    "where_coordinates": "Town",
    "latitude": "5.4",
    "longitude": "26.5",
    "country": "DR Congo (Zaire)",
    "date_prec": "2",
    "date_start": "2009-02-20",
    "date_end": "2009-02-22",
    "event_clarity": "2",
    "low": "2",
    "best": "7",
    "high": "9",
    "source_headline": "Clash",
}


def battles(*rows: dict[str, str]) -> list[Item]:
    return list(ucdp.parse(table(*rows)))


def test_a_conflict_event_is_rated_by_its_deaths_and_keeps_how_exact_it_is():
    threat = record(battles(BATTLE)[0])
    assert (threat.source, threat.external_id, threat.title) == ("ucdp", "36210", "Government - Rebels: Town")
    assert (threat.severity, threat.threat_type) == (Severity.HIGH, "state-based conflict")
    assert threat.threat_rationale == "UCDP: 7 deaths by the best estimate (from 2 to 9)."
    assert (threat.location_precision_level, threat.location_uncertainty_km) == (Precision.NEAR, 25)
    assert (threat.location_country, threat.observed_at) == ("CD", datetime(2009, 2, 20, tzinfo=UTC))
    assert threat.description == (
        "Clash\nConflict: Country: Government.\nUntil 2009-02-22.\n"
        "The day is known to within 2 to 6 days.\nSeveral events are told as one."
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "level"),
    [("1", "exact"), ("3", "district"), ("4", "region"), ("5", "region"), ("6", "country"), ("7", "country"), ("", None)],
)
def test_what_the_coordinates_of_a_conflict_event_stand_for(code: str, level: str | None):
    assert record(battles({**BATTLE, "where_prec": code})[0]).location_precision_level == level


@pytest.mark.parametrize(("best", "severity"), [("0", "low"), ("1", "medium"), ("5", "high"), ("25", "critical"), ("", "low")])
def test_deaths_make_the_severity(best: str, severity: str):
    assert record(battles({**BATTLE, "best": best})[0]).severity == severity


def test_the_same_event_as_geojson_and_from_the_api_is_the_same_record():
    typed = {**BATTLE, "id": 36210, "best": 7, "latitude": 5.4, "longitude": 26.5}
    point = {"type": "Point", "coordinates": [26.5, 5.4]}
    rest = {name: value for name, value in typed.items() if name not in {"latitude", "longitude"}}
    collection = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": rest, "geometry": point}]}
    [of_table] = battles(BATTLE)
    for document in (collection, {"TotalCount": 1, "Result": [typed]}):
        [one] = ucdp.parse(json.dumps(document).encode())
        assert record(one).title == record(of_table).title
        assert (record(one).lat, record(one).lng) == (5.4, 26.5)


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"id": ""}, "no id"), ({"best": "few"}, "“few” is not a number"), ({"date_start": "1.2.2009"}, "“1.2.2009” is not a time")],
)
def test_a_conflict_event_that_cannot_be_read_is_a_problem(changed: dict[str, str], words: str):
    assert words in problem_of(battles({**BATTLE, **changed}, BATTLE))


def test_json_of_another_shape_is_not_of_ucdp():
    with pytest.raises(Unreadable, match="neither a Result"):
        ucdp.parse(b'{"a": 1}')
    items = list(ucdp.parse(b'{"Result": [7, {"id": {}}]}'))
    assert [item.reason for item in items if isinstance(item, Problem)] == [
        "The event is not an object.",
        "The id is neither text nor a number.",
    ]


def test_real_conflict_events():
    records = all_records(ucdp.parse(sample("ucdp/GEDEvent_v23_1_CAR.geojson")))
    assert (len(records), limits(records)) == (1848, [14.61, 3.19, 27.20, 10.47])
    assert span(records) == (datetime(1991, 8, 8, tzinfo=UTC), datetime(2022, 12, 30, tzinfo=UTC))
    assert sum(one.location_precision_level != Precision.EXACT for one in records) == 634
    tagged = all_records(ucdp.parse(sample("ucdp/hdx_conflict_data_BGD_hxl.csv")))
    assert (len(tagged), limits(tagged)) == (601, [88.16, 20.63, 92.51, 26.49])
    assert span(tagged) == (datetime(1989, 5, 20, tzinfo=UTC), datetime(2018, 12, 30, tzinfo=UTC))
    assert {one.location_country for one in tagged} == {"BD"}


# GDELT


def news(**changed: str) -> str:
    """Return a line of GDELT; arguments are its columns by number, such as c29."""
    cells = [""] * gdelt.WIDTH
    usual = {0: "719", 1: "20180101", 6: "POLICE", 25: "1", 26: "190", 28: "19", 29: "4", 30: "-10", 33: "20", 34: "-2.514",
             51: "4", 52: "Hawkesbury, United Kingdom", 53: "UK", 56: "51.5797", 57: "-2.33778", 58: "-2598329",
             59: "20180101001500", 60: "https://news.example/story"}  # fmt: skip
    for column, word in {**usual, **{int(name[1:]): word for name, word in changed.items()}}.items():
        cells[column] = word
    return "\t".join(cells)


def told(*lines: str) -> list[Item]:
    return list(gdelt.parse("\n".join(lines).encode()))


def test_an_event_of_the_news_keeps_its_place_and_says_that_it_has_no_severity():
    threat = record(told(news())[0])
    assert (threat.title, threat.threat_type) == ("Fight: Hawkesbury, United Kingdom (POLICE)", "fight")
    assert (threat.severity, threat.location, threat.location_country) == (None, "Hawkesbury", "GB")
    assert threat.threat_rationale == (
        "GDELT gives no severity; fight (CAMEO 190), 20 articles, Goldstein scale -10, tone -2.51."
    )  # fmt: skip
    assert threat.source_updated_at == datetime(2018, 1, 1, 0, 15, tzinfo=UTC)
    assert (threat.url, threat.sources) == ("https://news.example/story", ("GDELT", "news.example"))
    assert record(told(news(c51="5"))[0]).location_precision_level == Precision.REGION


def test_events_of_one_story_are_one_threat_with_the_most_articles():
    first, again, other = told(news(), news(c0="720", c33="35"), news(c52="Elsewhere", c58="7"))
    assert "35 articles" in (record(first).threat_rationale or "")
    assert again == LeftOut(2, gdelt.FURTHER)
    assert record(other).external_id != record(first).external_id


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"c25": "0"}, gdelt.NOT_ROOT),
        ({"c28": "04", "c29": "1"}, gdelt.NOT_CONFLICT),
        ({"c51": "1"}, gdelt.NO_PLACE),
        ({"c51": "2"}, gdelt.NO_PLACE),
        ({"c51": "0"}, gdelt.NO_PLACE),
        ({"c33": "1"}, gdelt.FEW),
    ],
)
def test_an_event_of_the_news_that_says_little_is_left_out(changed: dict[str, str], reason: str):
    assert told(news(**changed)) == [LeftOut(1, reason)]


def test_a_protest_is_taken_though_it_is_no_material_conflict():
    assert record(told(news(c28="14", c29="3"))[0]).threat_type == "protest"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (news()[:-30], "60 cells instead of 61"),
        (news(c1="2018"), "“2018” is not a time"),
        (news(c59="20181301000000"), "is not a time"),
        (news(c56="north"), "latitude “north”"),
    ],
)
def test_a_line_of_the_news_that_cannot_be_read_is_a_problem(line: str, words: str):
    assert words in problem_of(told(line, news(c60="https://other.example/")))


def test_what_has_other_columns_is_not_of_gdelt():
    with pytest.raises(Unreadable, match="61 cells"):
        gdelt.parse(b"a\tb\n")


def test_real_events_of_the_news_are_all_accounted_for():
    data = sample("gdelt/20180101000000.export.CSV")
    items = list(gdelt.parse(data))
    records = [item for item in items if isinstance(item, Record)]
    rows = [line.split("\t") for line in data.decode().splitlines()]
    fit = [row for row in rows if row[25] == "1" and (row[29] == "4" or row[28] in {"14", "17", "18", "19", "20"})]
    near = {(row[60], row[58] or row[52], row[28], row[1]) for row in fit if row[51] in "345" and int(row[33]) > 1}
    assert (len(items), len(records)) == (2414, len(near))
    assert not any(isinstance(item, Problem) for item in items)
    west, south, east, north = limits(records)
    assert -137.08 <= west < east <= 178.87
    assert -60 <= south < north <= 67.32
    assert span(records)[1] == datetime(2018, 1, 1, tzinfo=UTC)


# ACLED

RIOT = {
    "event_id_cnty": "NIG123",
    "event_date": "16 May 2025",
    "time_precision": "2",
    "event_type": "Riots",
    "sub_event_type": "Mob violence",
    "actor1": "Rioters (Nigeria)",
    "actor2": "",
    "country": "Nigeria",
    "admin1": "Lagos",
    "location": "Ikeja",
    "latitude": "6.6",
    "longitude": "3.35",
    "geo_precision": "1",
    "source": "Paper; Radio",
    "notes": "On 16 May, a mob.",
    "fatalities": "0",
    "timestamp": "1747700000",
}


def riots(*rows: dict[str, str], delimiter: str = ",") -> list[Item]:
    return list(acled.parse(b"\xef\xbb\xbf" + table(*rows, delimiter=delimiter)))


def test_an_event_of_an_export_is_the_same_as_from_the_api():
    threat = record(riots(RIOT)[0])
    assert (threat.source, threat.external_id) == ("acled", "NIG123")
    assert threat.title == "Mob violence: Ikeja (Rioters (Nigeria))"
    assert threat.observed_at == datetime(2025, 5, 16, tzinfo=UTC)
    assert threat.source_updated_at == datetime(2025, 5, 20, 0, 13, 20, tzinfo=UTC)
    assert (threat.location, threat.location_country) == ("Ikeja, Lagos", "NG")
    assert (threat.location_precision_level, threat.sources) == (Precision.NEAR, ("ACLED", "Paper", "Radio"))
    assert threat.description == "On 16 May, a mob.\nOnly the week is known."
    [answer] = acled.parse(json.dumps({"status": 200, "data": [{**RIOT, "event_date": "2025-05-16"}]}).encode())
    assert answer == replace(threat, row=1)
    assert record(riots(RIOT, delimiter=";")[0]) == threat


@pytest.mark.parametrize(
    ("kind", "killed", "severity"),
    [("Riots", "0", "low"), ("Protests", "0", "negligible"), ("Strategic developments", "0", "negligible"),
     ("Protests", "2", "medium"), ("Battles", "24", "high"), ("Battles", "25", "critical"), ("Battles", "", "low")],
)  # fmt: skip
def test_an_event_is_rated_by_its_fatalities_and_whether_it_was_violent(kind: str, killed: str, severity: str):
    assert record(riots({**RIOT, "event_type": kind, "fatalities": killed})[0]).severity == severity


@pytest.mark.parametrize(("code", "level"), [("2", Precision.DISTRICT), ("3", Precision.REGION), ("", None)])
def test_what_the_coordinates_of_acled_stand_for(code: str, level: Precision | None):
    assert record(riots({**RIOT, "geo_precision": code})[0]).location_precision_level == level


def test_a_deleted_event_is_an_end():
    [item] = acled.parse(b'{"data": [{"event_id_cnty": "NIG123", "deleted_timestamp": 1747700000}]}')
    assert (record(item).is_end, record(item).external_id) == (True, "NIG123")
    assert record(item).source_updated_at == datetime(2025, 5, 20, 0, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"event_id_cnty": ""}, "no event_id_cnty"),
        ({"event_date": "in May"}, "“in May”"),
        ({"fatalities": "many"}, "fatalities “many”"),
        ({"timestamp": "9e99"}, "years 1 to 9999"),
    ],
)
def test_an_event_of_acled_that_cannot_be_read_is_a_problem(changed: dict[str, str], words: str):
    assert words in problem_of(riots({**RIOT, **changed}, RIOT))


def test_json_of_another_shape_is_not_of_acled():
    with pytest.raises(Unreadable, match="no list of data"):
        acled.parse(b'{"error": "event_id_cnty"}')
    assert [item.reason for item in acled.parse(b'{"data": [7]}') if isinstance(item, Problem)] == ["The event is not an object."]


# In the database


@pytest.mark.parametrize(
    ("file", "new"),
    [
        ("firms/world_fires_1_day.csv", 3125),
        ("ucdp/hdx_conflict_data_BGD_hxl.csv", 601),
        ("gdelt/20180101000000.export.CSV", 121),
    ],
)
def test_a_real_file_of_rows_twice_changes_nothing(context: Flask, file: str, new: int):
    actor, data = make.actor(context), sample(file)
    for words in (f"{new:,} rows: {new:,} new.", f"{new:,} rows: {new:,} unchanged. Nothing changed."):
        assert make.import_file(actor, file, data).message.startswith(words)
