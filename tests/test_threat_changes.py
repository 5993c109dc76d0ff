"""A person changes what is said of a threat, and everyone can read what changed, when and by whom."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from threading import Thread

import pytest

from app.db import EPOCH, db, new_id
from app.errors import Denied, Faults, Invalid, NotFound, VersionMismatch
from app.models import Activity, Threat, ThreatVersion
from app.service import threats
from app.service.threats import ThreatChanges
from app.terms import ThreatStatus
from tests import make


@pytest.fixture
def who(app):
    return make.actor(app)


@pytest.fixture
def threat_id(app, who):
    return make.put_threats(app, who, 1)[0]


def rows() -> tuple[int, int]:
    return db.session.query(ThreatVersion).count(), db.session.query(Activity).count()


def put(who, **values) -> str:
    return threats.upsert(who, [make.record(0, **values)], faults=Faults())[0].kind


def issues(error) -> list[tuple[str, str]]:
    return [(fault.field, fault.issue) for fault in error.value.faults]


def test_a_change_of_status_is_a_version_with_its_act(who, threat_id, context):
    before = threats.get(who, threat_id).threat.updated_at
    threat = threats.change(who, threat_id, ThreatChanges(status="contained")).threat
    assert (threat.status, threat.version_count, threat.status_is_set) == (ThreatStatus.CONTAINED, 2, True)
    assert threat.updated_at == threat.last_version_at > before
    version = db.session.get(ThreatVersion, (who.tenant_id, threat_id, 2))
    assert version.changes == {"status": ["active", "contained"]}
    act = db.session.get(Activity, (who.tenant_id, version.act_id))
    assert (act.kind, act.actor_name, act.at, act.data) == ("threat_changed", who.name, version.at, {"threat_id": str(threat_id)})


def test_what_is_the_same_already_writes_nothing(who, threat_id, context):
    threats.change(who, threat_id, ThreatChanges(status="dismissed", dismissal_reason="A drill"))
    before = rows()
    seen = threats.get(who, threat_id).threat
    again = ThreatChanges(status="dismissed", dismissal_reason="  A drill ", pinned=False)
    threat = threats.change(who, threat_id, again).threat
    threats.change(who, threat_id, ThreatChanges())
    threats.change(who, threat_id, ThreatChanges(status="dismissed"))
    assert rows() == before
    assert (threat.version_count, threat.updated_at) == (2, seen.updated_at)


@pytest.mark.parametrize("reason", [None, "", " \n"])
def test_dismissing_needs_a_reason(who, threat_id, context, reason):
    before = rows()
    with pytest.raises(Invalid) as error:
        threats.change(who, threat_id, ThreatChanges(status="dismissed", dismissal_reason=reason))
    assert issues(error) == [("dismissal_reason", "Say why it is dismissed.")]
    assert rows() == before


def test_any_other_status_clears_the_reason(who, threat_id, context):
    threats.change(who, threat_id, ThreatChanges(status="dismissed", dismissal_reason="A drill"))
    threat = threats.change(who, threat_id, ThreatChanges(status="active", dismissal_reason="left in the form")).threat
    assert (threat.status, threat.dismissal_reason) == (ThreatStatus.ACTIVE, None)
    told = [(d.label, d.before, d.after) for d in threats.versions(who, threat_id).items[-1].differences]
    assert told == [("Status", "Dismissed", "Active"), ("Reason for dismissal", "A drill", "nothing")]


def test_the_reason_can_be_changed_but_not_taken_away(who, threat_id, context):
    threats.change(who, threat_id, ThreatChanges(status="dismissed", dismissal_reason="A drill"))
    threat = threats.change(who, threat_id, ThreatChanges(dismissal_reason="A hoax")).threat
    assert (threat.dismissal_reason, threat.version_count) == ("A hoax", 3)
    with pytest.raises(Invalid) as error:
        threats.change(who, threat_id, ThreatChanges(dismissal_reason=None))
    assert issues(error) == [("dismissal_reason", "Say why it is dismissed.")]


def test_a_reason_without_a_dismissal_is_refused(who, threat_id, context):
    with pytest.raises(Invalid) as error:
        threats.change(who, threat_id, ThreatChanges(dismissal_reason="A drill"))
    assert issues(error) == [("dismissal_reason", "A reason goes with the status dismissed only.")]


def test_a_dismissal_by_the_source_needs_no_reason_to_be_pinned(who, threat_id, context):
    put(who, status="dismissed")
    assert threats.change(who, threat_id, ThreatChanges(pinned=True)).threat.pinned
    assert not threats.change(who, threat_id, ThreatChanges(pinned=True)).threat.status_is_set


def test_all_faults_are_raised_at_once(who, threat_id, context):
    faults = Faults()
    faults.add("pinned", "field_invalid", "Give true or false.")
    with pytest.raises(Invalid) as error:
        threats.change(who, threat_id, ThreatChanges(status="gone", dismissal_reason="x" * 2001), faults)
    assert [field for field, _ in issues(error)] == ["pinned", "status", "dismissal_reason"]


def test_a_source_can_not_change_a_status_that_a_person_set(who, threat_id, context):
    threats.change(who, threat_id, ThreatChanges(status="contained"))
    assert put(who, status="ended", title="Road open again") == "updated"
    threat = threats.get(who, threat_id).threat
    assert (threat.title, threat.status, threat.version_count) == ("Road open again", ThreatStatus.CONTAINED, 3)
    assert [d.field for d in threats.versions(who, threat_id).items[-1].differences] == ["title"]


def test_pinning_leaves_the_status_to_the_source(who, threat_id, context):
    threats.change(who, threat_id, ThreatChanges(pinned=True))
    put(who, status="ended")
    assert threats.get(who, threat_id).threat.status is ThreatStatus.ENDED


def test_who_saw_an_older_state_is_told_so(who, threat_id, context):
    seen = threats.get(who, threat_id).threat.updated_at
    threats.change(who, threat_id, ThreatChanges(pinned=True), expected=seen)
    with pytest.raises(VersionMismatch) as error:
        threats.change(who, threat_id, ThreatChanges(pinned=False), expected=seen)
    now = threats.get(who, threat_id).threat
    assert error.value.current == (now.updated_at - EPOCH) // timedelta(milliseconds=1)
    assert now.pinned


def test_changes_in_quick_succession_never_share_a_time(who, threat_id, context):
    times = {threats.change(who, threat_id, ThreatChanges(pinned=i % 2 == 0)).threat.updated_at for i in range(20)}
    assert len(times) == 20


def test_two_at_once_of_the_same_state_have_one_winner(app, who, threat_id):
    with app.app_context():
        seen = threats.get(who, threat_id).threat.updated_at
    outcomes = []

    def set_status(status):
        with app.app_context():
            try:
                threats.change(who, threat_id, ThreatChanges(status=status), expected=seen)
                outcomes.append("changed")
            except VersionMismatch:
                outcomes.append("refused")

    writers = [Thread(target=set_status, args=(status,)) for status in ("contained", "monitoring", "resolved", "ended")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(outcomes) == ["changed", "refused", "refused", "refused"]
    with app.app_context():
        assert threats.versions(who, threat_id).total == 2


def test_changing_is_for_those_who_may_write(app, who, threat_id):
    viewer = make.person(app, "vera@example.org", "viewer")
    with app.app_context():
        with pytest.raises(Denied):
            threats.change(viewer, threat_id, ThreatChanges(pinned=True))
        assert threats.versions(viewer, threat_id).total == 1


def test_another_tenants_threat_is_not_found(app, threat_id):
    stranger = make.actor(app, "elsewhere")
    with app.app_context():
        for call in (
            lambda: threats.change(stranger, threat_id, ThreatChanges(pinned=True)),
            lambda: threats.versions(stranger, threat_id),
        ):
            with pytest.raises(NotFound):
                call()
        assert not db.session.get(Threat, (make.actor(app).tenant_id, threat_id)).pinned


def test_a_threat_that_is_not_there_is_not_found(who, context):
    with pytest.raises(NotFound):
        threats.change(who, new_id(), ThreatChanges())


def test_versions_are_told_oldest_first_in_words(who, threat_id, context):
    put(
        who,
        title="Fire at the depot",
        severity="high",
        lat=6.5,
        lng=3.36,
        observed_at=make.WHEN + timedelta(minutes=90),
        expires_at=make.WHEN + timedelta(seconds=7),
        sources=["Radio", "Police"],
        affected_assets=[
            {"asset_id": "a1", "asset_name": "Depot", "asset_type": "site", "distance_km": 2.0},
            {"asset_id": "a2", "asset_name": None, "asset_type": None, "distance_km": None},
        ],
        location_precision_level="district",
        location_uncertainty_km=1.5,
        risk_score=7.0,
        description="Smoke",
    )
    threats.change(who, threat_id, ThreatChanges(pinned=True))
    page = threats.versions(who, threat_id)
    assert [version.number for version in page.items] == [1, 2, 3]
    assert [(version.actor, version.edge) for version in page.items] == [(who.name, who.edge)] * 3
    assert (page.total, page.items[0].differences) == (3, [])
    assert [(d.label, d.before, d.after) for d in page.items[1].differences] == [
        ("Title", "Road closure 0", "Fire at the depot"),
        ("Severity", "Critical", "High"),
        ("Description", "nothing", "Smoke"),
        ("Observed at", "2026-04-18 09:00 UTC", "2026-04-18 10:30 UTC"),
        ("Expires at", "nothing", "2026-04-18 09:00:07 UTC"),
        ("Coordinates", "6.44, 3.36", "6.5, 3.36"),
        ("Precision of the place", "nothing", "District"),
        ("Uncertainty of the place", "nothing", "1.5 km"),
        ("Risk score", "nothing", "7"),
        ("Sources", "nothing", "Radio, Police"),
        ("Affected assets", "nothing", "Depot (2 km), a2"),
    ]
    assert [(d.label, d.before, d.after) for d in page.items[2].differences] == [("Pinned", "no", "yes")]


def test_coordinates_are_whole_in_every_version(who, threat_id, context):
    put(who, lat=7.0, lng=3.36)
    put(who, lat=7.0, lng=4.0)
    put(who, lat=None, lng=None)
    put(who, lat=1.25, lng=-2.0)
    told = [[(d.field, d.before, d.after) for d in version.differences] for version in threats.versions(who, threat_id).items]
    steps = ["6.44, 3.36", "7, 3.36", "7, 4", "nothing", "1.25, -2"]
    assert told == [[], *([("coordinates", before, after)] for before, after in pairwise(steps))]
    page = threats.versions(who, threat_id, limit=1, offset=1)
    assert [d.before for d in page.items[0].differences] == ["6.44, 3.36"]
    assert page.total == 5


def test_a_time_within_a_second_is_told_to_the_millisecond(who, threat_id, context):
    put(who, observed_at=make.WHEN + timedelta(milliseconds=5))
    difference = threats.versions(who, threat_id).items[1].differences[0]
    assert (difference.before, difference.after) == ("2026-04-18 09:00 UTC", "2026-04-18 09:00:00.005 UTC")
