"""What is kept of the records that tell of threats, and records that say what the latest one said."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
import sqlalchemy as sa

from app.db import db, new_id, now, transaction
from app.errors import Faults
from app.feeds import formats, raw
from app.models import Threat, ThreatArea, ThreatRecord, ThreatReference
from app.service import threats
from app.service.threats import ThreatChanges, told
from app.terms import ThreatStatus
from tests import make

SQUARE = {"type": "Polygon", "coordinates": [[[3.0, 6.0], [4.0, 6.0], [4.0, 7.0], [3.0, 7.0], [3.0, 6.0]]]}
LATER = make.WHEN + timedelta(hours=1)


@pytest.fixture
def who(app):
    return make.actor(app)


def put(who, *records, **options):
    return threats.upsert(who, records, faults=Faults(), **options)


def kinds(who, *records, **options) -> list[str]:
    return [outcome.kind for outcome in put(who, *records, **options)]


def kept(model):
    return list(db.session.scalars(sa.select(model).execution_options(populate_existing=True)))


def the_threat() -> Threat:
    return db.session.scalars(sa.select(Threat).execution_options(populate_existing=True)).one()


def test_a_new_threat_keeps_its_record_its_run_and_when_it_was_seen(who, context):
    run_id, before = new_id(), now()
    put(who, make.record(0, raw=lambda: "id;title"), run_id=run_id)
    record = kept(ThreatRecord)[0]
    assert (record.raw, record.run_id, record.digest != told.NO_DIGEST) == ("id;title", run_id, True)
    assert before <= record.first_seen_at == record.seen_at <= now()


def test_the_same_record_again_is_unchanged_and_writes_nothing_and_is_not_put_into_text(who, context, count_statements):
    put(who, make.record(0, raw=lambda: "first"))
    with count_statements() as statements:
        assert kinds(who, make.record(0, raw=lambda: pytest.fail("was asked for"))) == ["unchanged"]
    assert not [text for text in statements if text.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert kept(ThreatRecord)[0].raw == "first"


def test_a_changed_record_takes_the_place_of_the_one_before_but_not_of_when_it_was_first_seen(who, context):
    put(who, make.record(0, raw=lambda: "first"))
    first = kept(ThreatRecord)[0].first_seen_at
    run_id = new_id()
    assert kinds(who, make.record(0, title="Other", raw=lambda: "second"), run_id=run_id) == ["updated"]
    record = kept(ThreatRecord)[0]
    assert (record.raw, record.run_id, record.first_seen_at) == ("second", run_id, first)
    assert record.seen_at >= first


def test_that_a_threat_was_told_of_again_is_noted_once_an_hour(who, context):
    put(who, make.record(0), make.record(1))
    long_ago, lately = now() - timedelta(minutes=61), now() - timedelta(minutes=59)
    with transaction() as session:
        for record, time in zip(kept(ThreatRecord), (long_ago, lately), strict=True):
            its = sa.update(ThreatRecord).where(ThreatRecord.threat_id == record.threat_id)
            session.execute(its.values(seen_at=time), execution_options={"synchronize_session": False})
    put(who, make.record(0), make.record(1))
    again = sorted(record.seen_at for record in kept(ThreatRecord))
    assert again[0] == lately
    assert again[1] > now() - timedelta(minutes=1)


def test_a_very_long_record_is_cut_with_a_note(who, context):
    put(who, make.record(0, raw=lambda: "x" * 123_456), make.record(1, raw=lambda: "a\0b\ud800é"))
    texts = {len(record.raw): record.raw for record in kept(ThreatRecord)}
    assert texts[max(texts)] == "x" * 100_000 + "\n[Cut here by Cordon: the record has 123,456 characters.]"
    assert texts[min(texts)] == "a\ufffdb?é"


def test_an_area_is_kept_as_told_and_simplified_and_goes_when_it_is_told_no_more(who, context):
    put(who, make.record(0, area=SQUARE))
    area = kept(ThreatArea)[0]
    assert (orjson.loads(area.area), area.outline["type"]) == (SQUARE, "Polygon")
    moved = {"type": "Polygon", "coordinates": [[[lng + 1, lat] for lng, lat in SQUARE["coordinates"][0]]]}
    put(who, make.record(0, area=moved))
    assert [orjson.loads(one.area) for one in kept(ThreatArea)] == [moved]
    put(who, make.record(0))
    assert kept(ThreatArea) == []


def test_references_are_kept_once_each_as_far_as_they_fit(who, context):
    many = tuple(f"glide:{number}" for number in range(60))
    put(who, make.record(0, references=("usgs:1", "usgs:1", "x" * 201, "a\nb")), make.record(1, references=many))
    found = [one.reference for one in kept(ThreatReference)]
    assert (found.count("usgs:1"), len(found)) == (1, 51)
    put(who, make.record(0, references=("usgs:2",)), make.record(1))
    assert [one.reference for one in kept(ThreatReference)] == ["usgs:2"]


def test_a_status_that_a_person_set_stands_whether_the_record_is_the_same_or_not(who, context):
    [outcome] = put(who, make.record(0, status="active"))
    threats.change(who, outcome.threat_id, ThreatChanges(status="contained"))
    assert kinds(who, make.record(0, status="active")) == ["unchanged"]
    assert kinds(who, make.record(0, status="monitoring")) == ["unchanged"]
    assert kinds(who, make.record(0, status="active", title="Other")) == ["updated"]
    assert the_threat().status is ThreatStatus.CONTAINED


def test_what_was_said_to_be_over_comes_back_when_its_record_is_told_again(who, context):
    live = make.record(0, status="active")
    over = make.record(0, is_end=True, expires_at=LATER)
    assert kinds(who, live) == ["new"]
    assert kinds(who, over) == ["updated"]
    assert kinds(who, live) == ["updated"]
    assert (the_threat().status, the_threat().expires_at) == (ThreatStatus.ACTIVE, None)
    assert kinds(who, live, over, live) == ["unchanged", "updated", "updated"]
    assert kinds(who, live, over) == ["unchanged", "updated"]
    assert the_threat().status is ThreatStatus.ENDED
    assert kinds(who, live) == ["updated"]


def test_a_record_is_older_than_the_end_that_came_after_it(who, context):
    live = make.record(0, source_updated_at=make.WHEN)
    put(who, live)
    assert kinds(who, make.record(0, is_end=True, source_updated_at=LATER)) == ["updated"]
    assert kinds(who, live) == ["older"]


def test_a_record_that_only_has_a_newer_stamp_moves_the_stamp_on(who, context):
    put(who, make.record(0, source_updated_at=make.WHEN))
    assert kinds(who, make.record(0, source_updated_at=LATER)) == ["unchanged"]
    assert the_threat().source_updated_at == LATER
    assert kinds(who, make.record(0, source_updated_at=make.WHEN)) == ["older"]


def test_two_names_of_one_threat_take_turns(who, context):
    one, other = make.record(0), make.record(0, external_id="other", aliases=("t-0",), title="By its other name")
    assert kinds(who, one, other) == ["new", "updated"]
    assert kinds(who, one, other) == ["updated", "updated"]
    assert kinds(who, other) == ["unchanged"]
    assert kinds(who, one) == ["updated"]


def test_what_takes_the_place_of_others_ends_them_again_if_they_came_back(who, context):
    first, second = make.record(0, status="active"), make.record(1, status="active")
    both = make.record(2, replaces=("t-0", "t-1"))
    assert kinds(who, first, second, both) == ["new", "new", "updated"]
    assert kinds(who, second) == ["updated"]
    assert kinds(who, both) == ["updated"]
    ended = db.session.scalar(sa.select(Threat.status).where(Threat.external_id == "t-1"))
    assert ended is ThreatStatus.ENDED


def test_what_was_forgotten_is_looked_at_in_full(who, context):
    put(who, make.record(0))
    with transaction() as session:
        session.execute(sa.update(Threat).values(title="As it was before"))
    assert kinds(who, make.record(0)) == ["unchanged"]
    with transaction():
        told.forget(who, [the_threat().id])
    assert kinds(who, make.record(0)) == ["updated"]
    assert the_threat().title == "Road closure 0"


def test_a_broken_record_is_told_in_its_place_though_others_are_known(who, context):
    put(who, make.record(0))
    faults = Faults()
    records = [make.record(0), make.record(1, title=""), make.record(2, aliases=(" x ",)), make.record(3, severity="huge")]
    outcomes = threats.upsert(who, records, faults=faults, partial=True)
    assert [outcome.kind for outcome in outcomes] == ["unchanged", "failed", "new", "failed"]
    assert [fault.field for fault in faults] == ["threats[1].title", "threats[3].severity"]


def test_what_a_database_can_not_keep_is_a_fault_of_its_row(who, context):
    faults = Faults()
    records = [make.record(0, external_id="a\0b"), make.record(1, title="\ud800"), make.record(2)]
    outcomes = threats.upsert(who, records, faults=faults, partial=True)
    assert [outcome.kind for outcome in outcomes] == ["failed", "failed", "new"]


@pytest.mark.parametrize(
    ("name", "content", "sign"),
    [
        ("a.csv", b"id,title,lat,lon\n7,Road closed,6.4,3.4\n", '{"id":"7","title":"Road closed","lat":"6.4","lon":"3.4"}'),
        (
            "a.geojson",
            b'{"type": "Feature", "properties": {"title": "Road"}, "geometry": {"type": "Point", "coordinates": [3.4, 6.4]}}',
            '{"type":"Feature","properties":{"title":"Road"},"geometry":{"type":"Point","coordinates":[3.4,6.4]}}',
        ),
        (
            "a.gpx",
            b"<gpx><wpt lat='6.4' lon='3.4'><name>Road</name></wpt></gpx>",
            '<wpt lat="6.4" lon="3.4"><name>Road</name></wpt>',
        ),
    ],
)
def test_files_are_kept_record_by_record_as_they_were_written(name, content, sign):
    [record] = formats.recognise(name, content).parse(content)
    assert record.raw() == sign


def test_what_can_not_be_written_out_again_is_kept_as_far_as_it_can():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert raw.of(deep)() == ""
    assert raw.of({"n": 10**30, "half": "\ud800"})() == '{"n": 1000000000000000000000000000000, "half": "\ud800"}'
    assert raw.of_cells(["a", "b"], ["1", ""])() == '{"a":"1"}'
