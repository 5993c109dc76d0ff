"""Tables and GeoJSON of any origin: how columns are found, and how their cells are read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from app.errors import Unreadable
from app.feeds import csv_table, geojson
from app.feeds.columns import FIELDS
from app.feeds.record import Problem, Record
from app.feeds.times import time_reader
from app.feeds.values import BadRow


def table(text: str, columns: dict[str, str] | None = None) -> list[Record | Problem]:
    """Read a CSV text."""
    return list(csv_table.parse(text.encode(), columns))


def one(text: str, columns: dict[str, str] | None = None) -> Record:
    """Return the only record of a CSV text."""
    [record] = table(text, columns)
    assert isinstance(record, Record), record
    return record


def reasons(text: str) -> list[str]:
    """Return why rows of a CSV text are problems."""
    return [item.reason for item in table(text) if isinstance(item, Problem)]


def notes(text: str) -> str:
    """Return what is noted about a CSV text."""
    return "\n".join(csv_table.guess_columns(text.encode()).notes)


# Text and shape


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    [record] = csv_table.parse("title,lat,lng\nÜberflutung in Köln,50.9,6.9\n".encode(encoding))
    assert isinstance(record, Record)
    assert record.title == "Überflutung in Köln"


def test_an_old_encoding_is_noted() -> None:
    assert "Windows-1252" in csv_table.guess_columns("title,lat,lng\nKöln,50,6\n".encode("cp1252")).notes[0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_usual_delimiter_and_line_end_is_read(delimiter: str, newline: str) -> None:
    text = newline.join(delimiter.join(row) for row in (("title", "lat", "lng"), ("Flood", "1.5", "2.5")))
    record = one(text)
    assert (record.row, record.title, record.lat, record.lng) == (2, "Flood", 1.5, 2.5)


def test_excel_s_line_that_names_the_delimiter_is_obeyed() -> None:
    record = one("sep=;\ntitle;lat;lng\nFlood, big;1;2\n")
    assert (record.row, record.title) == (3, "Flood, big")


def test_a_decimal_comma_is_read_and_noted() -> None:
    text = "title;lat;lng\nFlood;50,25;-6,5\n"
    assert (one(text).lat, one(text).lng) == (50.25, -6.5)
    assert "decimal comma" in notes(text)


def test_rows_are_numbered_by_line_and_blank_ones_left_out() -> None:
    items = table('title,lat,lng\n"two\nlines",1,2\n\n,,\nlast,3,4\n')
    assert [item.row for item in items] == [2, 6]


def test_problems_stand_in_the_order_of_the_rows() -> None:
    items = table("title,lat,lng\na,1,2\nb,1\nc,x,2\nd,1,2,3\ne,1,2,,\n")
    assert [(item.row, isinstance(item, Problem)) for item in items] == [
        (2, False),
        (3, True),
        (4, True),
        (5, True),
        (6, False),
    ]
    assert reasons("title,lat,lng\nb,1\n") == ["The row has 2 cells; the header has 3."]


def test_columns_without_a_name_or_with_the_same_get_one_of_their_own() -> None:
    columns = csv_table.guess_columns(b"title,lat,lng,,title\na,1,2,3,4\n")
    assert columns.names == ("title", "lat", "lng", "column 4", "title (2)")


def test_a_header_without_rows_is_an_empty_table() -> None:
    assert table("title,lat,lng\n") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("just words", "no table"),
        ("1,2,3\n4,5,6\n", "looks like data"),
        (",,\n1,2,3\n", "looks like data"),
        ("colour,size\nred,3\n", "No column is known to hold a title or a place. The columns are: colour, size"),
    ],
)
def test_a_table_that_says_nothing_is_unreadable(text: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        table(text)


# Choosing columns


def test_the_guess_names_every_field_and_shows_the_first_rows() -> None:
    rows = "".join(f"{n},Flood {n},1,2\n" for n in range(9))
    columns = csv_table.guess_columns(f"ID,Event Name,Latitude,Longitude\n{rows}".encode())
    assert tuple(columns.chosen) == FIELDS
    assert {field: name for field, name in columns.chosen.items() if name} == {
        "title": "Event Name",
        "external_id": "ID",
        "lat": "Latitude",
        "lng": "Longitude",
    }
    assert len(columns.rows) == 5
    assert columns.rows[0] == ("0", "Flood 0", "1", "2")


def test_hxl_tags_beat_the_names_of_columns() -> None:
    text = "Meta,,\nwhat,y1,title\n#event+name,#geo+lat,#geo+lon\nFlood,1,2\n"
    record = one(text)
    assert (record.row, record.title, record.lat, record.lng) == (4, "Flood", 1, 2)
    assert "HXL" in notes(text)


def test_tags_alone_name_the_columns() -> None:
    assert one("#event+name,#geo +lat,#geo +dd +lon\nFlood,1,2\n").lng == 2


def test_a_column_whose_cells_do_not_fit_is_passed_over_and_that_is_noted() -> None:
    text = "title,lat,lng,status,id\na,1,2,reviewed,7\nb,1,2,automatic,7\n"
    assert csv_table.guess_columns(text.encode()).chosen["status"] is None
    assert "“status” is not read as status" in notes(text)
    assert "“id” is not read as external_id: it is empty or repeats" in notes(text)


def test_a_person_s_choice_is_laid_over_the_guess() -> None:
    text = "title,headline,lat,lng,severity\na,b,1,2,high\n"
    record = one(text, {"title": "headline", "severity": ""})
    assert (record.title, record.severity, record.lat) == ("b", "medium", 1)
    assert csv_table.guess_columns(text.encode(), {"title": "headline"}).chosen["title"] == "headline"


def test_one_coordinate_alone_is_not_read() -> None:
    text = "title,x,place\nFlood,3,Town\n"
    assert (one(text).lat, one(text).lng) == (None, None)
    assert "“x” is not read as a coordinate" in notes(text)
    with pytest.raises(Unreadable, match="only one of them is named"):
        table(text, {"lng": "x"})


def test_a_choice_of_what_does_not_exist_is_unreadable() -> None:
    with pytest.raises(Unreadable, match=r"no column “nme”\. It has: title, lat, lng"):
        table("title,lat,lng\na,1,2\n", {"title": "nme"})
    with pytest.raises(Unreadable, match=r"no field “name” .*There are: title"):
        table("title,lat,lng\na,1,2\n", {"name": "title"})


# Identity and titles


def test_without_an_id_the_same_row_is_known_again_whatever_the_order_of_columns() -> None:
    first, again = one("title,lat,lng\n Flood,1,2\n"), one("lng,title,lat\n2,Flood,1\n")
    assert first.external_id == again.external_id
    assert len(first.external_id) == 32
    assert first.external_id != one("title,lat,lng\nFlood,1,3\n").external_id


def test_the_source_is_upload_unless_said_otherwise() -> None:
    data = b"title,lat,lng\na,1,2\n"
    assert [item.source for item in csv_table.parse(data) if isinstance(item, Record)] == ["upload"]
    assert [item.source for item in csv_table.parse(data, None, "desk") if isinstance(item, Record)] == ["desk"]


def test_a_missing_title_is_made_of_type_and_place() -> None:
    assert one("type,place,lat,lng\nFlood,Cologne,1,2\n").title == "Flood: Cologne"
    assert one("type,lat,lng\nFlood,1,2\n").title == "Flood at 1.000, 2.000"
    assert one("lat,lng\n1,2\n").title == "Report at 1.000, 2.000"
    assert "neither a title" in reasons("lat,lng,x2\n,,z\n1,2,y\n")[0]


# Coordinates


def test_latitude_and_longitude_the_wrong_way_round_are_swapped_and_that_is_noted() -> None:
    text = "title,lat,lng\na,139.7,35.7\nb,-120.5,-8\n"
    assert [(item.lat, item.lng) for item in table(text) if isinstance(item, Record)] == [(35.7, 139.7), (-8, -120.5)]
    assert "“lat” goes beyond 90 in every row" in notes(text)


def test_one_latitude_off_the_globe_swaps_nothing() -> None:
    first, _ = table("title,lat,lng\na,139.7,35.7\nb,50,8\n")
    assert isinstance(first, Record)
    assert first.lat == 139.7


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("north,2", "latitude “north” is not a number"),
        ("1,nan", "longitude “nan” is not a number"),
        ("1e400,2", "latitude “1e400” is not a number"),
        ("1_0,2", "latitude “1_0” is not a number"),
        (",2", "only one of latitude and longitude"),
    ],
)
def test_coordinates_that_are_none_are_a_problem(cells: str, words: str) -> None:
    [reason] = reasons(f"title,lat,lng\na,{cells}\nb,1,2\nc,3,4\n")
    assert words in reason


def test_a_row_may_have_no_place() -> None:
    items = table("title,lat,lng\na,,\nb,1,2\n")
    assert isinstance(items[0], Record)
    assert (items[0].lat, items[0].lng) == (None, None)


# Words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Critical High LOW", "critical high low"),
        ("Extreme Severe Moderate Minor Unknown", "critical high medium low negligible"),
        ("red orange yellow green", "critical high medium low"),
        ("0 1 2 3 4", "negligible low medium high critical"),
        ("1 2 3 4 5", "negligible low medium high critical"),
        ("1.0 4.0", "low critical"),
    ],
)
def test_severities_of_others_are_read_as_ours(words: str, expected: str) -> None:
    text = "title,lat,lng,severity\n" + "".join(f"a{n},1,2,{word}\n" for n, word in enumerate(words.split()))
    assert [item.severity for item in table(text) if isinstance(item, Record)] == expected.split()


def test_the_file_s_own_word_for_a_severity_is_kept() -> None:
    assert one("title,lat,lng,severity\na,1,2,Severe\n").threat_rationale == "Severity in the file: “Severe”."
    assert one("title,lat,lng\na,1,2\n").threat_rationale is None


def test_an_unknown_severity_is_a_problem_and_a_missing_one_is_medium() -> None:
    text = "title,lat,lng,severity\na,1,2,high\nb,1,2,purple\nc,1,2,\nd,1,2,low\ne,1,2,99\n"
    assert [getattr(item, "severity", None) for item in table(text)] == ["high", None, "medium", "low", None]
    assert "“purple” is not known: use negligible, low" in reasons(text)[0]
    assert one("title,lat,lng\na,1,2\n").severity == "medium"
    assert "every row is read as medium" in notes("title,lat,lng\na,1,2\n")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Active", "active"),
        ("on going", None),
        ("In Progress", "active"),
        ("false alarm", "dismissed"),
        ("closed", "ended"),
    ],
)
def test_a_status_of_others_is_read_as_ours(word: str, status: str | None) -> None:
    text = f"title,lat,lng,status\na,1,2,{word}\nb,1,2,active\nc,1,2,resolved\n"
    assert getattr(table(text)[0], "status", None) == status


@pytest.mark.parametrize(
    ("word", "code", "location"),
    [("DE", "DE", "Town"), ("deu", "DE", "Town"), ("Germany", "DE", "Town"), ("Atlantis", None, "Town, Atlantis")],
)
def test_a_country_becomes_a_code_and_an_unknown_one_part_of_the_place(word: str, code: str | None, location: str) -> None:
    record = one(f"title,lat,lng,place,country\na,1,2,Town,{word}\n")
    assert (record.location_country, record.location) == (code, location)


# Times


def times(*words: str) -> list[datetime | None]:
    """Read words as one column."""
    reader = time_reader(words, "date")
    return [reader.read(word) for word in words]


NOON = datetime(2024, 4, 5, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "word",
    [
        "2024-04-05T12:30:00Z",
        "2024-04-05 12:30",
        "2024-04-05T14:30:00+02:00",
        "2024-04-05 14:30:00 +0200",
        "2024-04-05 12:30:00 UTC",
        "2024/04/05 12:30",
        "20240405T1230",
        "20240405123000",
        "05/04/2024 12:30",
        "5.4.2024 12:30",
        "05-04-24 12:30:00",
        "5/4/2024, 12:30 PM",
        "5 Apr 2024 12:30",
        "05-April-2024 12:30:00.000",
        "April 5, 2024 12:30",
        "Fri, 05 Apr 2024 12:30:00 GMT",
        "Fri, 05 Apr 2024 14:30:00 +0200",
        "1712320200",
        "1712320200000",
    ],
)
def test_times_are_read_in_every_usual_way(word: str) -> None:
    assert times(word) == [NOON]


def test_days_and_months_are_told_apart_over_the_whole_column() -> None:
    assert times("05/04/2024", "23/04/2024")[0] == datetime(2024, 4, 5, tzinfo=UTC)
    assert times("05/04/2024", "04/23/2024")[0] == datetime(2024, 5, 4, tzinfo=UTC)
    assert "day first, because 23/04 occurs" in notes("title,lat,lng,date\na,1,2,05/04/2024\nb,1,2,23/04/2024\n")
    assert "month first, because 04/23 occurs" in notes("title,lat,lng,date\na,1,2,05/04/2024\nb,1,2,04/23/2024\n")
    assert "none of them shows" in notes("title,lat,lng,date\na,1,2,05/04/2024\n")


def test_a_time_without_a_zone_is_utc_and_that_is_noted() -> None:
    assert "“date” that name no zone are read as UTC" in notes("title,lat,lng,date\na,1,2,2024-04-05 12:30\n")
    assert "no zone" not in notes("title,lat,lng,date\na,1,2,2024-04-05 12:30Z\n")


def test_half_past_midnight_and_midday_are_told_apart() -> None:
    assert [time.hour for time in times("5/4/2024 12:30 am", "5/4/2024 12:30 pm") if time] == [0, 12]


@pytest.mark.parametrize("word", ["31/02/2024", "13:00", "soon", "5/4/2024 13:30 pm", "0001-01-01T00:00:00+05:00"])
def test_a_time_that_is_none_is_a_problem(word: str) -> None:
    reader = time_reader(["05/04/2024", "06/04/2024", word], "date")
    with pytest.raises(BadRow, match="can't be read as the others"):
        reader.read(word)


def test_a_bad_time_in_a_table_is_a_problem_of_its_row() -> None:
    text = "title,lat,lng,date\na,1,2,2024-04-05\nb,1,2,soon\nc,1,2,2024-04-06\nd,1,2,\n"
    assert [isinstance(item, Problem) for item in table(text)] == [False, True, False, False]


# GeoJSON


def feature(geometry: object, properties: object = None, **members: object) -> dict[str, object]:
    """Return a feature."""
    return {"type": "Feature", "geometry": geometry, "properties": properties} | members


def features(*items: object, **members: object) -> bytes:
    """Return a collection as bytes."""
    return json.dumps({"type": "FeatureCollection", "features": items} | members).encode()


POINT = {"type": "Point", "coordinates": [8.5, 50.25]}


def test_properties_are_read_as_columns() -> None:
    [record] = geojson.parse(features(feature(POINT, {"name": "Flood", "severity": 4, "date": 1712320200000})))
    assert isinstance(record, Record)
    assert (record.title, record.severity, record.observed_at) == ("Flood", "critical", NOON)
    assert (record.lat, record.lng, record.location_precision_level) == (50.25, 8.5, None)


def test_a_feature_s_own_id_is_its_identity() -> None:
    items = geojson.parse(features(feature(POINT, {"name": "a", "code": "x"}, id=7), feature(POINT, {"name": "b"}, id="8")))
    assert [item.external_id for item in items if isinstance(item, Record)] == ["7", "8"]
    [record] = geojson.parse(features(feature(POINT, {"name": "a", "code": "x"}, id=7)), {"external_id": "code"})
    assert isinstance(record, Record)
    assert record.external_id == "x"


def test_an_area_becomes_its_middle_with_an_uncertainty_even_over_the_antimeridian() -> None:
    ring = [[179, -1], [-179, -1], [-179, 1], [179, 1], [179, -1]]
    [record] = geojson.parse(features(feature({"type": "Polygon", "coordinates": [ring]}, {"title": "a"})))
    assert isinstance(record, Record)
    assert (record.lat, record.lng) == (0, 180)
    assert record.location_uncertainty_km == pytest.approx(157.2, abs=0.1)
    assert record.location_precision_level == "region"


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "MultiPoint", "coordinates": [[0, 0], [2, 4]]},
        {"type": "LineString", "coordinates": [[0, 0], [2, 4, 100]]},
        {"type": "MultiPolygon", "coordinates": [[[[0, 0], [2, 0], [2, 4], [0, 0]]]]},
        {
            "type": "GeometryCollection",
            "geometries": [{"type": "Point", "coordinates": [0, 0]}, {"type": "MultiPoint", "coordinates": [[2, 4]]}],
        },
    ],
)
def test_every_kind_of_geometry_has_a_middle(geometry: object) -> None:
    [record] = geojson.parse(features(feature(geometry, {"title": "a"})))
    assert isinstance(record, Record)
    assert (record.lat, record.lng) == (2, 1)


def test_features_that_cannot_be_read_are_problems_and_the_others_are_read() -> None:
    items = list(
        geojson.parse(
            features(
                feature(POINT, {"title": "a"}),
                feature({"type": "Point", "coordinates": ["8", "50"]}, {"title": "b"}),
                feature({"type": "LineString", "coordinates": [[0, 0], [999, 0]]}, {"title": "c"}),
                feature({"type": "GeometryCollection", "geometries": [{"type": "GeometryCollection"}]}, {"title": "d"}),
                feature(POINT, [1]),
                None,
                feature(POINT, {"title": "g"}),
            )
        )
    )
    assert [isinstance(item, Problem) for item in items] == [False, True, True, True, True, True, False]


def test_older_reference_systems_are_refused_unless_they_are_wgs84() -> None:
    def crs(name: str) -> dict[str, object]:
        return {"crs": {"type": "name", "properties": {"name": name}}}

    assert len(list(geojson.parse(features(feature(POINT), **crs("urn:ogc:def:crs:OGC:1.3:CRS84"))))) == 1
    assert len(list(geojson.parse(features(feature(POINT), **crs("EPSG:4326"))))) == 1
    with pytest.raises(Unreadable, match="EPSG:3857; save the file in WGS84"):
        geojson.parse(features(feature(POINT), **crs("EPSG:3857")))


def test_coordinates_cannot_be_read_from_a_property() -> None:
    with pytest.raises(Unreadable, match="in the geometry"):
        geojson.parse(features(feature(POINT, {"y": 1})), {"lat": "y"})
    assert list(geojson.parse(features(feature(POINT, {"y": 1})), {"lat": "", "lng": ""}))


def test_too_many_properties_are_unreadable() -> None:
    with pytest.raises(Unreadable, match="501 different properties"):
        geojson.parse(features(feature(POINT, {f"p{n}": n for n in range(501)})))


def test_nested_properties_stay_json_in_the_sample() -> None:
    columns = geojson.guess_columns(features(feature(POINT, {"title": ["a", "b"], "more": {"b": 1, "a": [2]}})))
    assert columns.rows == (("a, b", '{"a": [2], "b": 1}'),)


# Coordinates in degrees, minutes and seconds; dates and times of day apart


@pytest.mark.parametrize(
    ("lat", "lng"),
    [
        ("50.5", "-8.25"),
        ("50.5 N", "8.25 W"),
        ("N 50.5", "W8.25"),
        ("50°30'N", "8°15'W"),
        ("50°30'00.0\"N", "8°15'00\"W"),
        ("50° 30′ 0″ N", "8° 15′ 0″ W"),
        ("50º30’00”N", "8º15’00”W"),
        ("50 30 0 N", "8 15 0 w"),
        ("50:30:00", "-8:15:00"),
        ("50d30m00s", "-8d15m00s"),
        ("+50°30'", "−8°15'"),
        ("50 30", "-8 15"),
    ],
)
def test_coordinates_are_read_however_they_are_written(lat: str, lng: str) -> None:
    record = one(
        f"title\tlat\tlng\nFlood\t{lat.replace(chr(34), chr(34) * 2)}\t{lng.replace(chr(34), chr(34) * 2)}\n".replace('""', "''")
    )
    assert (record.lat, record.lng) == (50.5, -8.25)


def test_degrees_with_decimal_commas_are_read_and_the_way_is_noted() -> None:
    text = "title;lat;lng\nFlood;50°30,5'N;8°15'W\n"
    assert one(text).lat == pytest.approx(50.508333, abs=1e-6)
    assert "degrees, minutes and seconds" in notes(text)
    assert "degrees, minutes" not in notes("title,lat,lng\na,-1.5e1,2\n")


@pytest.mark.parametrize("lat", ["50°60'N", "50°30'60\"N", "-50°30'S", "N50°30'N", "50°30'E", "50°30'X", "°30'"])
def test_degrees_that_are_none_are_a_problem(lat: str) -> None:
    [reason] = reasons(f"title;lat;lng\na;{lat.replace(chr(34), chr(39) * 2)};8°15'W\nb;50°30'N;8°15'W\nc;50°30'N;8°15'W\n")
    assert "The latitude “" in reason


def test_letters_show_that_axes_are_the_wrong_way_round() -> None:
    text = "title;lat;lng\na;8°15'W;50°30'N\n"
    assert (one(text).lat, one(text).lng) == (50.5, -8.25)
    assert "“lat” has the letters of longitudes, so it is swapped with “lng”" in notes(text)


def test_axes_are_swapped_when_most_rows_show_it_and_asked_about_when_some_do() -> None:
    most = "title,lat,lng\na,139.7,35.7\nb,-74,40\nc,-118,34\n"
    assert [item.lat for item in table(most) if isinstance(item, Record)] == [35.7, 40, 34]
    assert "“lat” goes beyond 90 in 2 of 3 rows, so it is swapped" in notes(most)
    assert "in 1 of 2 rows, but “lng” in none: are they the wrong way round?" in notes("title,lat,lng\na,139.7,35.7\nb,50,8\n")
    assert "wrong way round" not in notes("title,lat,lng\na,139.7,135.7\nb,50,8\n")


@pytest.mark.parametrize(
    ("date", "clock"),
    [
        ("2024-04-05", "12:30"),
        ("05/04/2024", "12:30:00"),
        ("2024-04-05", "12:30 PM"),
        ("5 Apr 2024", "1230"),
        ("20240405", "12:30:00.000"),
        ("April 5, 2024", "12:30 p.m."),
    ],
)
def test_a_date_and_a_time_of_day_in_two_columns_are_one_time(date: str, clock: str) -> None:
    text = f"title;lat;lng;date;time\na;1;2;{date};{clock}\n"
    assert one(text).observed_at == NOON
    assert "The times of day for “date” are taken from “time”." in notes(text)
    assert "“time” is not read" not in notes(text)


def test_a_time_of_day_may_be_missing_or_wrong_and_is_not_asked_for_where_dates_have_their_own() -> None:
    first, second = table("title,lat,lng,date,time\na,1,2,2024-04-05,07:05\nb,1,2,2024-04-05,\n")
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.observed_at, second.observed_at) == (NOON.replace(hour=7, minute=5), NOON.replace(hour=0, minute=0))
    whole = one("title,lat,lng,date,time\na,1,2,2024-04-05T12:30:00Z,09:00\n")
    assert whole.observed_at == NOON
    odd = one("title,lat,lng,date,time\na,1,2,2024-04-05,25:00\n")
    assert odd.observed_at == NOON.replace(hour=0, minute=0)
