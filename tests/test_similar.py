"""Whoever groups threats is told of open incidents that they may belong to, and can choose one by its title."""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter

import pytest
import sqlalchemy as sa

from app.db import db, new_id, transaction
from app.errors import Denied, Faults
from app.models import Incident
from app.service import incidents, threats
from app.service.actor import Actor
from app.service.incidents import Changes
from app.service.incidents.similar import Similar, open_incidents, similar
from app.service.selection import Selection, Step, summary, whereabouts
from app.terms import Edge, Permission
from tests import make

HOUR = timedelta(hours=1)


@pytest.fixture
def who(app):
    return make.actor(app)


def threat(app, who, number: int, **values):
    with app.app_context():
        return threats.upsert(who, [make.record(number, **values)], faults=Faults())[0].threat_id


def at(app, who, number: int, title: str, **values):
    """Make an incident of one threat with these values."""
    return make.incident(app, who, [threat(app, who, number, **values)], title)


def of(*ids) -> Selection:
    return Selection((Step(adds=True, ids=ids),))


def told(app, who, *ids, limit: int = 5) -> list[tuple[str, str]]:
    with app.app_context():
        return [(one.title, one.reason) for one in similar(who, of(*ids), limit)]


def test_incidents_that_share_threats_come_first_most_shared_first(app, who):
    ids = make.put_threats(app, who, 4, lat=None, lng=None)
    make.incident(app, who, ids[:1], "One")
    make.incident(app, who, ids[:3], "Three")
    make.incident(app, who, ids[3:], "None")
    assert told(app, who, *ids[:3]) == [("Three", "3 shared threats"), ("One", "1 shared threat")]


def test_incidents_near_in_place_and_time_are_told_with_the_reason(app, who):
    mine = threat(app, who, 0, lat=6.45, lng=3.4)
    at(app, who, 1, "North", lat=6.477, lng=3.4, observed_at=make.WHEN + timedelta(minutes=40))
    at(app, who, 2, "Here", lat=6.451, lng=3.4, observed_at=make.WHEN - 47 * HOUR)
    at(app, who, 3, "Far", lat=7.0, lng=3.4, observed_at=make.WHEN)
    at(app, who, 4, "Long ago", lat=6.45, lng=3.4, observed_at=make.WHEN - 49 * HOUR)
    at(app, who, 5, "Timeless", lat=6.45, lng=3.4, observed_at=None)
    assert told(app, who, mine) == [("Here", "under 1 km, 47 h"), ("North", "3 km, 40 min")]
    with app.app_context():
        here = similar(who, of(mine))[0]
    assert (here.shared, here.minutes) == (0, 47 * 60)
    assert here.distance_km == pytest.approx(0.111, abs=0.001)


def test_time_is_counted_from_the_span_of_the_selection(app, who):
    mine = [threat(app, who, i, lat=6.45, lng=3.4, observed_at=make.WHEN + i * 10 * HOUR) for i in range(2)]
    at(app, who, 5, "Between", lat=6.45, lng=3.4, observed_at=make.WHEN + 5 * HOUR)
    at(app, who, 6, "After", lat=6.46, lng=3.4, observed_at=make.WHEN + 11 * HOUR)
    assert told(app, who, *mine) == [("Between", "under 1 km, 0 min"), ("After", "1 km, 60 min")]


def test_the_nearest_linked_threat_speaks_for_an_incident(app, who):
    mine = threat(app, who, 0, lat=6.45, lng=3.4)
    other = [threat(app, who, 1, lat=6.7, lng=3.4), threat(app, who, 2, lat=6.54, lng=3.4, observed_at=make.WHEN + HOUR)]
    make.incident(app, who, other, "Two threats")
    assert told(app, who, mine) == [("Two threats", "10 km, 60 min")]


@pytest.mark.parametrize(
    ("here", "further", "nearer"),
    [
        ((0.0, 10.0), (0.0, 9.7), (0.0, 10.2)),
        ((-1.0, 10.0), (-0.7, 10.0), (-1.2, 10.0)),
        ((60.0, 10.0), (60.2, 10.0), (60.0, 10.3)),  # where a degree of longitude is half as long
        ((-17.0, 179.9), (-17.0, 179.6), (-17.0, -179.95)),
    ],
)
def test_which_linked_threat_is_nearest_is_told_anywhere_on_the_globe(app, who, here, further, nearer):
    mine = threat(app, who, 0, lat=here[0], lng=here[1], observed_at=make.WHEN)
    linked = [
        threat(app, who, number, lat=lat, lng=lng, observed_at=make.WHEN + number * HOUR)
        for number, (lat, lng) in enumerate((further, nearer), 1)
    ]
    make.incident(app, who, linked)
    with app.app_context():
        assert [one.minutes for one in similar(who, of(mine))] == [120]


def test_sharing_outweighs_nearness_and_nearness_parts_equals(app, who):
    ids = [threat(app, who, i, lat=6.45, lng=3.4) for i in range(2)]
    far = threat(app, who, 9, lat=50.0, lng=8.0, observed_at=make.WHEN)
    with app.app_context():
        threats.upsert(who, [make.record(0, lat=6.45, lng=3.4, observed_at=make.WHEN)], faults=Faults())
    make.incident(app, who, [ids[0]], "Shares, older")
    at(app, who, 3, "Near", lat=6.45, lng=3.4, observed_at=make.WHEN)
    make.incident(app, who, [far], "Shares, far")
    found = told(app, who, ids[0], ids[1], ids[1])
    assert found == [("Shares, older", "1 shared threat"), ("Near", "under 1 km, 0 min")]
    assert told(app, who, ids[0], limit=1) == found[:1]


def test_the_antimeridian_parts_nothing(app, who):
    mine = [threat(app, who, 0, lat=-17.0, lng=179.9), threat(app, who, 1, lat=-17.0, lng=-179.9)]
    at(app, who, 2, "Taveuni", lat=-17.0, lng=-179.99)
    at(app, who, 3, "Rabi", lat=-17.0, lng=179.95)
    with app.app_context():
        assert [(one.title, round(one.distance_km)) for one in similar(who, of(*mine))] == [
            ("Taveuni", 1),
            ("Rabi", 5),
        ]


def test_only_open_incidents_that_are_there_are_told(app, who):
    mine = threat(app, who, 0)
    closed, deleted, merged, target = (make.incident(app, who, [mine], title) for title in ("c", "d", "m", "Target"))
    taken_out = make.incident(app, who, [mine], "Unlinked")
    with app.app_context():
        incidents.change(who, closed, Changes(status="closed"))
        incidents.delete(who, deleted)
        incidents.merge(who, target, [str(merged)], "the same")
        incidents.unlink(who, taken_out, [str(mine)])
    assert told(app, who, mine) == [("Target", "1 shared threat")]
    with app.app_context():
        assert [one.title for one in open_incidents(who, "", (6.44, 3.36))] == ["Target", "Unlinked"]


def test_another_tenants_incidents_are_never_told(app, who):
    stranger = make.actor(app, "elsewhere")
    theirs = threat(app, stranger, 0)
    make.incident(app, stranger, [theirs], "Theirs")
    mine = threat(app, who, 0)
    assert told(app, who, mine) == []
    assert told(app, who, theirs) == []
    with app.app_context():
        assert open_incidents(who, "", (6.44, 3.36)) == []


def test_ids_that_are_none_of_ours_are_passed_over(app, who):
    assert told(app, who) == []
    assert told(app, who, new_id()) == []
    without = threat(app, who, 0, lat=None, lng=None)
    make.incident(app, who, [without])
    assert told(app, who, new_id(), without)[0][1] == "1 shared threat"


def test_threats_all_round_the_earth_have_no_middle(app, who):
    ids = [threat(app, who, 0, lat=0.0, lng=0.0), threat(app, who, 1, lat=0.0, lng=180.0)]
    at(app, who, 2, "Near the first", lat=0.0, lng=0.0)
    assert told(app, who, *ids) == []


def test_ten_thousand_threats_take_the_same_few_statements(app, who, count_statements):
    ids = make.put_threats(app, who, 10_000)
    make.incident(app, who, ids, "All of them")
    with app.app_context():
        summary(who, of(ids[0]))  # the threats are read
    for some in (ids[:1], ids):
        with app.app_context():
            db.session.connection()
            start = perf_counter()
            with count_statements() as statements:
                found = similar(who, of(*some))
            assert perf_counter() - start < 1
            assert len(statements) <= 4  # two, and the index's look at what has changed in a transaction of its own
            assert (found[0].title, found[0].shared) == ("All of them", len(some))


def test_open_incidents_are_found_by_a_part_of_their_title_newest_first(app, who):
    ids = make.put_threats(app, who, 2)
    make.incident(app, who, ids, "Flood in ÉPINAL 100%")
    make.incident(app, who, ids[:1], "Harbour fire")
    make.incident(app, who, [], "Second flood")
    with app.app_context():
        assert [(one.title, one.link_count, one.distance_km) for one in open_incidents(who, " flood ", None)] == [
            ("Second flood", 0, None),
            ("Flood in ÉPINAL 100%", 2, None),
        ]
        assert [one.title for one in open_incidents(who, "", None, limit=1)] == ["Second flood"]
        assert [one.title for one in open_incidents(who, "0%", None)] == ["Flood in ÉPINAL 100%"]
        assert open_incidents(who, "a\x00", None) == open_incidents(who, "x" * 201, None) == []


def test_open_incidents_near_a_place_come_first_nearest_first(app, who):
    at(app, who, 0, "Ten away", lat=6.54, lng=3.4)
    at(app, who, 1, "Here", lat=6.45, lng=3.4)
    at(app, who, 2, "Far", lat=50.0, lng=8.0)
    at(app, who, 3, "Here too, otherwise called", lat=6.45, lng=3.4)
    with app.app_context():
        found = open_incidents(who, "e", (6.45, 3.4), limit=3)
        assert [(one.title, one.distance_km and round(one.distance_km)) for one in found] == [
            ("Here too, otherwise called", 0),
            ("Here", 0),
            ("Ten away", 10),
        ]
        assert [one.title for one in open_incidents(who, "a", (6.45, 3.4))] == ["Here too, otherwise called", "Ten away", "Far"]
        with pytest.raises(ValueError, match="latitude"):
            open_incidents(who, "", (91, 0))


def test_a_nearer_incident_is_offered_before_a_newer_one(app, who):
    at(app, who, 0, "Here", lat=6.45, lng=3.4)
    at(app, who, 1, "Ten away", lat=6.54, lng=3.4)
    with app.app_context():
        assert [one.title for one in open_incidents(who, "", (6.45, 3.4))] == ["Here", "Ten away"]


def test_who_may_not_read_incidents_is_told_nothing(app, who):
    nobody = Actor(who.tenant_id, "key", None, "k", frozenset({Permission.THREATS_READ}), Edge.API)
    for call in (lambda: similar(nobody, []), lambda: open_incidents(nobody, "", None)):
        with pytest.raises(Denied):
            call()


def test_of_equals_in_sharing_the_nearer_comes_first_then_the_nearer_in_time_then_the_newer(app, who):
    mine = [threat(app, who, i, lat=0.0, lng=i * 0.02) for i in range(2)] + [threat(app, who, 2, lat=None, lng=None)]
    for number in (0, 1):
        make.incident(app, who, [mine[number]], f"Shares {number}")
    make.incident(app, who, [mine[2]], "Shares the one without a place")
    assert [title for title, _ in told(app, who, *mine)] == ["Shares 1", "Shares 0", "Shares the one without a place"]
    here = threat(app, who, 9, lat=0.0, lng=-1.0, observed_at=make.WHEN)
    for number, (title, minutes, lng) in enumerate(
        [("None", 0, -1.0), ("One", 1, -1.0), ("Half an hour", 30, -1.0), ("Newer", 30, -1.0), ("Further", 0, -1.005)], 10
    ):
        at(app, who, number, title, lat=0.0, lng=lng, observed_at=make.WHEN + timedelta(minutes=minutes))
    assert [title for title, _ in told(app, who, here)] == ["None", "One", "Newer", "Half an hour", "Further"]


def test_an_incident_in_the_very_middle_is_nearest(app, who):
    mine = threat(app, who, 0, lat=0.0, lng=0.0, observed_at=make.WHEN)
    for number, lng in enumerate((0.0, 0.006), 1):
        at(app, who, number, str(lng), lat=0.0, lng=lng, observed_at=make.WHEN)
    assert told(app, who, mine) == [("0.0", "under 1 km, 0 min"), ("0.006", "1 km, 0 min")]


@pytest.mark.parametrize(
    ("distance", "minutes", "reason"),
    [(0.0, 0, "under 1 km, 0 min"), (0.6, 119, "1 km, 119 min"), (49.4, 120, "49 km, 2 h"), (2.0, 239, "2 km, 3 h")],
)
def test_from_two_hours_on_the_reason_is_told_in_hours(distance, minutes, reason):
    assert Similar(new_id(), "Port", 0, distance, minutes).reason == reason
    assert Similar(new_id(), "Port", 1_000, distance, minutes).reason == "1,000 shared threats"


def test_five_are_told_and_ten_offered_unless_more_are_asked_for(app, who):
    ids = make.put_threats(app, who, 1)
    for number in range(11):
        make.incident(app, who, ids, str(number))
    newest = [str(number) for number in range(10, -1, -1)]
    assert [title for title, _ in told(app, who, *ids)] == newest[:5]
    assert [title for title, _ in told(app, who, *ids, limit=11)] == newest
    with app.app_context():
        assert [one.title for one in similar(who, of(ids[0]))] == newest[:5]
        assert [one.title for one in open_incidents(who, "", None)] == newest[:10]
        assert [one.title for one in open_incidents(who, "", (6.44, 3.36))] == newest[:10]


def test_of_more_than_are_looked_at_those_that_share_most_and_the_newest_are_told(app, who, monkeypatch):
    monkeypatch.setattr("app.service.incidents.similar.CANDIDATES", 2)
    ids = make.put_threats(app, who, 3, lat=None, lng=None)
    for title, some in (("Three", ids), ("Two, older", ids[:2]), ("Two", ids[:2]), ("One", ids[:1])):
        make.incident(app, who, some, title)
    assert told(app, who, *ids) == [("Three", "3 shared threats"), ("Two", "2 shared threats")]


def test_an_open_incident_is_told_with_its_id_and_the_true_number_of_its_links(app, who):
    ids = make.put_threats(app, who, 2)
    near, empty = make.incident(app, who, ids, "Near"), make.incident(app, who, [], "Empty")
    with app.app_context():
        found = open_incidents(who, "", (6.44, 3.36))
        assert [(one.incident_id, one.title, one.link_count) for one in found] == [(near, "Near", 2), (empty, "Empty", 0)]
        assert [one.incident_id for one in similar(who, of(ids[0]))] == [near]


def test_open_incidents_are_told_by_the_time_they_were_made_then_by_their_ids(app, who):
    made = [make.incident(app, who, [], title) for title in ("Late", "One", "Other")]
    with app.app_context():
        with transaction() as session:
            for number, incident_id in enumerate((made[1], made[2], made[0])):
                time = make.WHEN + timedelta(days=number // 2)
                session.execute(sa.update(Incident).where(Incident.id == incident_id).values(created_at=time))
        assert [one.title for one in open_incidents(who, "", None)] == ["Late", "Other", "One"]


def test_a_title_of_the_greatest_length_is_found_by_itself(app, who):
    make.incident(app, who, [], "x" * 200)
    with app.app_context():
        assert len(open_incidents(who, "x" * 200, None)) == 1


def test_the_middle_is_that_of_the_threats_of_ours_that_have_a_place(app, who):
    ids = [threat(app, who, i, lat=lat, lng=10.0) for i, lat in enumerate((2.0, 4.0))]
    without = threat(app, who, 2, lat=None, lng=None)
    theirs = threat(app, make.actor(app, "elsewhere"), 0, lat=50.0, lng=10.0)
    with app.app_context():
        assert whereabouts(who, of(*ids, without, theirs)).middle == (pytest.approx(3.0), pytest.approx(10.0))
        for selection in (of(without), Selection(), of(theirs)):
            assert whereabouts(who, selection).middle is None
        with pytest.raises(Denied):
            whereabouts(Actor(who.tenant_id, "key", None, "k", frozenset({Permission.INCIDENTS_READ}), Edge.API), Selection())


def test_incidents_with_the_same_title_are_told_each_with_its_own_number(app, who):
    ids = make.put_threats(app, who, 3, lat=None, lng=None)
    made = [make.incident(app, who, some, "Port") for some in (ids, ids[:2])]
    with app.app_context():
        assert [(one.incident_id, one.shared) for one in similar(who, of(*ids))] == [(made[0], 3), (made[1], 2)]


def test_of_very_many_threats_in_incidents_the_newest_are_counted_and_that_is_said(app, who, monkeypatch):
    monkeypatch.setattr("app.service.incidents.similar.SHARED_LOOKED_AT", 3)
    ids = make.put_threats(app, who, 6)
    make.incident(app, who, ids, "All of them")
    assert told(app, who, *ids) == [("All of them", "at least 3 shared threats")]
    assert told(app, who, *ids[:3]) == [("All of them", "3 shared threats")]
    nowhere = make.put_threats(app, make.actor(app, "elsewhere"), 6, lat=None, lng=None)
    make.incident(app, make.actor(app, "elsewhere"), nowhere, "Without a place")
    assert told(app, make.actor(app, "elsewhere"), *nowhere) == [("Without a place", "at least 3 shared threats")]
