"""Threats that two sources tell of the same event are proposed, and a person says whether they are."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import combinations, pairwise
from threading import Barrier, Event
from uuid import UUID, uuid4

import numpy as np
import pytest
import sqlalchemy as sa

from app.db import db, new_id, now
from app.errors import Conflict, Denied, Faults, Invalid, NotFound, Warming
from app.geo.distance import distance_km
from app.index.neighbours import Neighbours
from app.index.part import uuids_of
from app.models import Tenant, Threat, ThreatPair, ThreatReference, ThreatVersion
from app.service import jobs, live_index, pairs, threats
from app.service.actor import Actor
from app.service.pairs.find import _GONE, _PRECISE, BY_PLACE
from app.service.threats import ThreatChanges, change
from app.terms import Permission, ThreatStatus
from tests import make

NOBODY = UUID(int=0)


@pytest.fixture
def who(context) -> Actor:
    return make.actor(context)


def put(who: Actor, source: str, number: int = 0, **values) -> UUID:
    """Put one threat in and return its id; all are at the same place, time and type unless told otherwise."""
    usual = {"source": source, "external_id": f"{source}-{number}", "lat": 6.44, "lng": 3.36, "observed_at": make.WHEN}
    record = make.record(number, **(usual | values))
    [outcome] = threats.upsert(who, [record], faults=Faults())
    return outcome.threat_id


def refer(who: Actor, reference: str, *threat_ids: UUID) -> None:
    """Give threats a reference in common, unless putting them in did so."""
    held = set(db.session.scalars(sa.select(ThreatReference.threat_id).where(ThreatReference.reference == reference)))
    rows = [ThreatReference(tenant_id=who.tenant_id, reference=reference, threat_id=one) for one in threat_ids if one not in held]
    db.session.add_all(rows)
    db.session.commit()


def proposed(who: Actor) -> set[frozenset[UUID]]:
    return {frozenset((one.this.id, one.other.id)) for one in pairs.open_pairs(who, 1_000).items}


def status_of(who: Actor, threat_id: UUID) -> tuple[ThreatStatus, str | None, bool]:
    threat = db.session.get_one(Threat, (who.tenant_id, threat_id), populate_existing=True)
    return threat.status, threat.dismissal_reason, threat.status_is_set


def test_threats_of_two_sources_of_one_type_place_and_time_are_proposed_once(who):
    one, other = put(who, "usgs", threat_type="Earthquake "), put(who, "emsc", threat_type="earthquake", lng=3.365)
    assert pairs.find(who) == 1
    assert proposed(who) == {frozenset((one, other))}
    [pair] = pairs.of_threat(who, one)
    assert (pair.this.id, pair.other.id, pair.row.reason, pair.row.state) == (one, other, BY_PLACE, "proposed")
    assert (round(pair.km, 2), pair.hours) == (0.55, 0.0)
    assert pairs.find(who) == 0
    put(who, "usgs", title="Said anew", threat_type="earthquake")
    assert pairs.find(who) == 0
    assert pairs.count(who) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"source": "usgs", "number": 1},
        {"threat_type": "flood"},
        {"threat_type": None},
        {"lat": 6.4495},
        {"lat": None, "lng": None},
        {"observed_at": make.WHEN + timedelta(hours=24, seconds=1)},
        {"observed_at": None},
        {"status": "ended"},
        {"status": "resolved"},
        {"status": "dismissed"},
        {"location_precision_level": "district"},
        {"location_precision_level": "region"},
        {"location_precision_level": "country"},
    ],
    ids=str,
)
def test_what_differs_in_one_of_them_is_not_proposed(who, changed):
    put(who, "usgs")
    put(who, **({"source": "emsc"} | changed))
    assert pairs.find(who) == 0


@pytest.mark.parametrize("precision", ["exact", "near", None])
def test_a_place_that_is_good_enough_or_of_unknown_precision_is_proposed(who, precision):
    put(who, "usgs", location_precision_level=precision, observed_at=make.WHEN - timedelta(hours=24))
    put(who, "emsc", lat=6.4489)
    assert pairs.find(who) == 1


def test_the_antimeridian_and_the_poles_part_nobody(who):
    pairs_there = [
        (put(who, "a", 1, lat=-17.0, lng=180.0), put(who, "b", 1, lat=-17.0, lng=-179.999)),
        (put(who, "a", 2, lat=90.0, lng=0.0), put(who, "b", 2, lat=90.0, lng=135.0)),
        (put(who, "a", 3, lat=-89.995, lng=20.0), put(who, "b", 3, lat=-89.998, lng=-70.0)),
    ]
    assert pairs.find(who) == 3
    assert proposed(who) == {frozenset(pair) for pair in pairs_there}


def test_an_id_in_common_is_enough_and_comes_first(who):
    gdacs = put(who, "gdacs", threat_type="flood", lat=40, location_precision_level="region")
    other = put(who, "eonet", threat_type="severe storm", lat=None, lng=None, observed_at=None, status="ended")
    twin = put(who, "eonet", 1, status="active")
    refer(who, "glide:FL-2026-000001-ESP", gdacs, other, twin)
    assert pairs.find(who) == 2
    assert {pair.row.reason for pair in pairs.of_threat(who, gdacs)} == {"Both name the GLIDE number FL-2026-000001-ESP."}
    assert proposed(who) == {frozenset((gdacs, other)), frozenset((gdacs, twin))}


def test_an_id_that_a_source_tells_later_is_looked_at_though_nothing_else_changed(who):
    one = put(who, "gdacs", lat=40, references=("glide:EQ-2026-000001-TUR", "gdacs:EQ1"))
    other = put(who, "eonet")
    assert pairs.find(who) == 0
    put(who, "eonet", references=("gdacs:EQ1",))
    assert pairs.find(who) == 1
    [pair] = pairs.of_threat(who, one)
    assert (pair.other.id, pair.row.reason) == (other, "Both name the GDACS event EQ1.")
    assert len(threats.versions(who, other).items) == 1


def test_an_id_in_common_of_what_is_dismissed_or_of_two_that_are_over_is_not_proposed(who):
    ended, over, off = put(who, "a", status="ended"), put(who, "b", status="resolved"), put(who, "c", status="dismissed")
    refer(who, "usgs:us1", ended, over, off)
    assert pairs.find(who) == 0


def test_a_threat_has_at_most_ten_proposals_and_the_nearest_are_taken(who):
    hub = put(who, "gdacs")
    there = [put(who, "wire", i, lat=6.44 + i / 2_000) for i in range(14)]
    assert pairs.find(who) == pairs.PAIRS_MAX
    assert {pair.other.id for pair in pairs.of_threat(who, hub)} == set(there[: pairs.PAIRS_MAX])
    assert pairs.find(who) == 0
    shared = [put(who, "wire", 50 + i, lat=50 + i, threat_type="report") for i in range(30)]
    event = put(who, "gdelt", lat=-50, threat_type="report")
    refer(who, "glide:EQ-2026-000009-TUR", event, *shared)
    assert pairs.find(who) == pairs.PAIRS_MAX


def test_masses_of_one_source_are_never_paired(who):
    for start in range(0, 2_000, 1_000):
        records = [make.record(i, lat=6.44, lng=3.36, observed_at=make.WHEN) for i in range(start, start + 1_000)]
        threats.upsert(who, records, faults=Faults())
    assert pairs.find(who) == 0


def test_many_at_once_are_the_pairs_that_comparing_all_with_all_finds(who):
    random = np.random.default_rng(5)
    records = []
    for i in range(1_500):
        source, kind = f"s{random.integers(3)}", ("flood", "Fire", "fire ")[random.integers(3)]
        lat, lng = 6.44 + random.random() / 10, (180 + random.random() / 5 - 0.1 + 180) % 360 - 180
        at = make.WHEN + timedelta(minutes=int(random.integers(60 * 24 * 6)))
        records.append(make.record(i, source=source, threat_type=kind, lat=lat, lng=lng, observed_at=at))
    outcomes = threats.upsert(who, records[:1_000], faults=Faults()) + threats.upsert(who, records[1_000:], faults=Faults())
    ids = [outcome.threat_id for outcome in outcomes]
    wanted = {
        frozenset((ids[i], ids[j]))
        for (i, one), (j, other) in combinations(enumerate(records), 2)
        if one.source != other.source
        and one.threat_type.strip().casefold() == other.threat_type.strip().casefold()
        and abs(one.observed_at - other.observed_at) <= timedelta(days=1)
        and distance_km(one.lat, one.lng, other.lat, other.lng) <= 1
    }
    assert len(wanted) > 500
    (matches,) = live_index.ask(who, {})
    near = Neighbours(matches.snapshot, _PRECISE, _GONE).of(np.array([one.bytes for one in ids], "S16"), 1_000)
    assert {frozenset(pair) for pair in zip(uuids_of(near.ids), uuids_of(near.others), strict=True)} == wanted
    pairs.find(who)
    found = {frozenset(row) for row in db.session.execute(sa.select(ThreatPair.low_id, ThreatPair.high_id))}
    assert found <= wanted
    rejected = wanted - found
    full = {one.id for one in db.session.scalars(sa.select(Threat)) if len(pairs.of_threat(who, one.id)) >= pairs.PAIRS_MAX}
    assert all(pair & full for pair in rejected)


def test_a_round_that_is_cut_off_goes_on_where_it_was_and_misses_nothing(who):
    for start in range(0, 2_500, 500):
        for source in ("a", "b"):
            rows = [make.record(i, source=source, lng=i / 20 - 60, observed_at=make.WHEN) for i in range(start, start + 500)]
            threats.upsert(who, rows, faults=Faults())
    for begun_before in (False, True):
        if begun_before:  # once all are done, what is written anew is gone through by the numbers of its changes
            pairs.find(who)
            db.session.execute(sa.delete(ThreatPair))
            db.session.commit()
            for source in ("a", "b"):
                rows = [make.record(i, source=source, title="x", lng=i / 20 - 60, observed_at=make.WHEN) for i in range(1_000)]
                threats.upsert(who, rows, faults=Faults())
        calls = []

        def stop(calls=calls, **_: bool) -> None:
            calls.append(1)
            if len(calls) == 2:
                raise jobs.Stopped

        with pytest.raises(jobs.Stopped):
            pairs.find(who, hold=stop)
        assert db.session.scalar(sa.select(Tenant.matched))["after"]
        put(who, "c", 7, lng=7 / 20 - 60)
        pairs.find(who)
        expected = 1_000 if begun_before else 2_500
        assert pairs.count(who) == expected + 2
        assert "after" not in db.session.scalar(sa.select(Tenant.matched))


def test_who_looks_and_who_takes_threats_out_wait_for_each_other_in_one_order(who):
    put(who, "a")
    put(who, "b")
    written: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        written.append(" ".join(statement.split()[:3]).partition(" SET")[0])

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert pairs.find(who) == 1
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert written.index("UPDATE tenant") < written.index("INSERT INTO threat_pair")


def test_a_database_that_went_back_is_looked_through_anew(who):
    put(who, "a")
    put(who, "b")
    assert pairs.find(who) == 1
    db.session.execute(sa.delete(ThreatPair))
    db.session.execute(
        sa.update(Tenant).values(matched={"since": {"threats": 2**62, "incidents": 2**62, "version": "", "seen": "9:9:"}})
    )
    db.session.commit()
    assert pairs.find(who) == 1


def test_the_same_keeps_one_and_dismisses_the_other_and_taking_it_back_restores_its_status(who):
    one, other = put(who, "usgs", title="Quake"), put(who, "emsc", status="monitoring")
    pairs.find(who)
    pairs.decide(who, other, one, same=True, keep=one)
    assert status_of(who, other) == (ThreatStatus.DISMISSED, "The same event as “Quake” (usgs).", True)
    assert status_of(who, one) == (ThreatStatus.ACTIVE, None, False)
    [pair] = pairs.of_threat(who, one)
    assert (pair.row.state, pair.row.kept_id, pair.row.decided_by) == ("same", one, "operator")
    assert (pairs.same_as(who, one), pairs.same_as(who, other), pairs.count(who)) == ([other], [one], 0)
    versions = threats.versions(who, other).items
    assert [difference.field for difference in versions[-1].differences] == ["status", "dismissal_reason"]
    pairs.decide(who, one, other, same=None)
    assert status_of(who, other) == (ThreatStatus.MONITORING, None, False)
    assert (pairs.same_as(who, one), pairs.count(who)) == ([], 1)
    put(who, "emsc", status="ended")
    assert status_of(who, other)[0] == ThreatStatus.ENDED


def test_what_the_source_said_while_it_was_dismissed_is_heard_once_that_is_taken_back(who):
    one, other = put(who, "usgs"), put(who, "emsc")
    pairs.find(who)
    pairs.decide(who, one, other, same=True, keep=one)
    put(who, "emsc", status="ended")
    assert status_of(who, other)[0] == ThreatStatus.DISMISSED
    pairs.decide(who, one, other, same=None)
    assert status_of(who, other)[0] == ThreatStatus.ACTIVE
    put(who, "emsc", status="ended")
    assert status_of(who, other)[0] == ThreatStatus.ENDED


def test_taking_back_keeps_a_status_that_a_person_gave_since_or_before(who):
    one, other = put(who, "usgs"), put(who, "emsc")
    pairs.find(who)
    change(who, other, ThreatChanges(status="contained"))
    pairs.decide(who, one, other, same=True, keep=one)
    pairs.decide(who, one, other, same=None)
    assert status_of(who, other) == (ThreatStatus.CONTAINED, None, True)
    pairs.decide(who, one, other, same=True, keep=one)
    change(who, other, ThreatChanges(status="active"))
    pairs.decide(who, one, other, same=None)
    assert status_of(who, other) == (ThreatStatus.ACTIVE, None, True)


def test_of_two_people_who_decide_at_once_one_is_told_of_the_other(context, who):
    one, other = put(who, "usgs"), put(who, "emsc")
    pairs.find(who)
    ready = Barrier(2)

    def say(keep: UUID) -> str:
        with context.app_context():
            ready.wait(10)
            try:
                pairs.decide(who, one, other, same=True, keep=keep)
            except Conflict as conflict:
                return str(conflict)
            return "kept"

    with ThreadPoolExecutor(2) as people:
        said = sorted(people.map(say, (one, other)))
    db.session.rollback()  # what was read before
    assert said[0] == "kept"
    assert "meanwhile" in said[1] or "dismissed" in said[1]
    assert sorted(status_of(who, each)[0] for each in (one, other)) == [ThreatStatus.ACTIVE, ThreatStatus.DISMISSED]


def test_masses_that_two_sources_tell_at_one_place_leave_each_threat_with_ten_proposals_at_most(who):
    for source in ("a", "b"):
        times = [make.WHEN + timedelta(minutes=i) for i in range(600)]
        rows = [make.record(i, source=source, lng=3.36, observed_at=time) for i, time in enumerate(times)]
        threats.upsert(who, rows, faults=Faults())
    assert pairs.find(who) > 1_200
    of_each = Counter(one for row in db.session.execute(sa.select(ThreatPair.low_id, ThreatPair.high_id)) for one in row)
    assert (len(of_each), max(of_each.values())) == (1_200, pairs.PAIRS_MAX)


def test_different_is_never_proposed_again_until_it_is_taken_back(who):
    one, other = put(who, "usgs"), put(who, "emsc")
    pairs.find(who)
    versions = db.session.scalar(sa.select(sa.func.count()).select_from(ThreatVersion))
    pairs.decide(who, one, other, same=False)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ThreatVersion)) == versions
    put(who, "emsc", title="Said anew")
    assert (pairs.find(who), pairs.count(who)) == (0, 0)
    assert [pair.row.state for pair in pairs.of_threat(who, one)] == ["different"]
    pairs.decide(who, one, other, same=None)
    assert pairs.count(who) == 1


def test_a_second_decision_is_told_of_the_first(who):
    one, other = put(who, "usgs"), put(who, "emsc")
    pairs.find(who)
    pairs.decide(replace(who, name="Ada"), one, other, same=False)
    for same, keep in ((True, one), (False, None)):
        with pytest.raises(Conflict, match="Ada has said meanwhile that these are different events"):
            pairs.decide(who, one, other, same=same, keep=keep)
    assert status_of(who, other)[0] == ThreatStatus.ACTIVE
    pairs.decide(who, one, other, same=None)
    with pytest.raises(Conflict, match="taken back meanwhile"):
        pairs.decide(who, one, other, same=None)
    change(who, other, ThreatChanges(status="dismissed", dismissal_reason="No"))
    assert pairs.count(who) == 0
    with pytest.raises(Conflict, match="was dismissed meanwhile"):
        pairs.decide(who, one, other, same=True, keep=one)


def test_only_what_was_proposed_is_decided_by_who_may_with_one_of_them_kept(who):
    one, other = put(who, "usgs"), put(who, "emsc", lng=50)
    with pytest.raises(NotFound):
        pairs.decide(who, one, other, same=False)
    with pytest.raises(NotFound):
        pairs.decide(who, one, uuid4(), same=False)
    with pytest.raises(Invalid):
        pairs.decide(who, one, other, same=True, keep=uuid4())
    with pytest.raises(Denied):
        pairs.decide(replace(who, permissions=frozenset({Permission.THREATS_READ})), one, other, same=False)


def test_one_tenant_never_sees_the_pairs_of_another(context, who):
    stranger = make.actor(context, "other")
    one = put(who, "usgs")
    put(stranger, "emsc")
    assert pairs.find(who) == pairs.find(stranger) == 0
    other = put(who, "emsc")
    assert pairs.find(who) == 1
    assert (pairs.count(stranger), pairs.of_threat(stranger, one)) == (0, [])
    with pytest.raises(NotFound):
        pairs.decide(stranger, one, other, same=False)


def test_the_job_looks_and_is_done(who):
    put(who, "usgs")
    put(who, "emsc")
    jobs.enqueue(who, "match", NOBODY)
    pairs.match(jobs.take(new_id()))
    assert pairs.count(who) == 1
    assert jobs.open_of(who, "match", [NOBODY]) == {}


def test_a_job_that_waits_for_the_index_stops_when_told_to(who, monkeypatch):
    asked = []

    def warm(*_given: object) -> None:
        asked.append(_given)
        raise Warming(0, 1)

    put(who, "usgs")
    jobs.enqueue(who, "match", NOBODY)
    stopping = Event()
    stopping.set()
    monkeypatch.setattr(live_index, "ask", warm)
    with pytest.raises(jobs.Stopped):
        pairs.match(jobs.take(new_id(), stopping=stopping))
    assert len(asked) == 1


def test_there_is_a_job_only_for_threats_that_were_not_looked_through(context, who):
    def jobs_of() -> list[UUID]:
        pairs.keep_matched()
        return list(jobs.open_of(who, "match", [NOBODY]))

    assert jobs_of() == []
    one = put(who, "usgs")
    assert jobs_of() == [NOBODY]
    pairs.match(jobs.take(new_id()))
    assert jobs_of() == []
    make.incident(context, who, [one])
    assert jobs_of() == []
    put(who, "usgs", title="Said anew")
    assert jobs_of() == [NOBODY]


def test_a_dismissal_says_nothing_of_a_threat_that_may_not_be_passed_on(who):
    one, other = put(who, "acled", title="Planted"), put(who, "emsc")
    pairs.find(who)
    pairs.decide(who, one, other, same=True, keep=one)
    assert status_of(who, other)[1] == "The same event as one that ACLED tells."
    assert pairs.same_as(replace(who, sees_restricted=False), other) == []


def test_pairs_come_newest_first_with_their_true_number(who):
    for i in range(5):
        put(who, "a", i, lng=i)
        put(who, "b", i, lng=i)
        pairs.find(who)
    page = pairs.open_pairs(who, 2, 2)
    assert (len(page.items), page.total) == (2, 5)
    times = [pair.row.found_at for pair in pairs.open_pairs(who, 5).items]
    assert all(later >= earlier for later, earlier in pairwise(times))
    assert times[0] <= now()
