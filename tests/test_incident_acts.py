"""What each act leaves behind: the incidents' fields, to the last, and the line of activity that tells of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.db import db, new_id
from app.errors import VersionMismatch
from app.index.part import bytes_of
from app.models import Activity, Incident, ThreatLink
from app.service import incidents
from app.service.incidents import Changes, NewIncident
from app.service.incidents.acts import _link_ids
from app.terms import Edge, IncidentStatus, Scope
from tests import make

START = make.WHEN + timedelta(hours=1)


@pytest.fixture
def who(context):
    return make.person(context)


@pytest.fixture
def ids(context, who):
    return [str(i) for i in make.put_threats(context, who, 6)]


def made(who, ids, title="Made"):
    return incidents.create(who, NewIncident(title, threat_ids=ids)).incident.id


def last_act():
    return db.session.scalars(sa.select(Activity).order_by(Activity.id.desc()).limit(1)).one()


def fields(incident):
    """Return the fields that people see, but for ids and times of writing."""
    return {
        name: getattr(incident, name)
        for name in (
            "title",
            "description",
            "status",
            "scope",
            "started_at",
            "started_at_is_set",
            "link_count",
            "version",
            "area",
        )
    }


def linked(who, incident_id):
    return [str(link.threat_id) for link in incidents.get(who, incident_id, deleted=True).links]


def test_creating_writes_what_was_given(who, ids):
    new = NewIncident(" Port ", " Closed.\r\n", "investigation", ids[1:4])
    it = incidents.create(who, new).incident
    expected = {
        "title": "Port",
        "description": "Closed.",
        "status": IncidentStatus.OPEN,
        "scope": Scope.INVESTIGATION,
        "started_at": START,
        "started_at_is_set": False,
        "link_count": 3,
        "version": 1,
        "area": None,
    }
    db.session.expire_all()
    assert fields(it) == expected
    assert it.created_at == it.updated_at
    act = last_act()
    assert (act.kind, act.incident_id, act.data, act.undoes_id) == ("incident_created", it.id, {"threat_count": 3}, None)
    assert (act.edge, act.actor_kind, act.actor_id, act.actor_name) == (Edge.WEB, "person", who.id, "ada")
    plain = incidents.create(who, NewIncident("Plain", scope=None)).incident
    expected = {
        "title": "Plain",
        "description": None,
        "scope": Scope.AGGREGATE,
        "started_at": None,
        "link_count": 0,
        "area": None,
    }
    assert fields(plain).items() >= expected.items()


def test_linking_and_taking_out_keep_count_start_and_version_in_step(who, ids):
    it = made(who, ids[2:4])
    linked_now = incidents.link(who, it, [ids[3], ids[1], ids[4]]).incident
    assert (linked_now.link_count, linked_now.version, linked_now.started_at) == (4, 2, START)
    act = last_act()
    assert (act.kind, act.data, linked_now.updated_at) == ("threat_linked", {"threat_count": 2}, act.at)
    assert linked(who, it) == [ids[2], ids[3], ids[1], ids[4]]
    assert incidents.link(who, it, ids[1:3]).incident.version == 2
    taken = incidents.unlink(who, it, [ids[1], ids[2], ids[1]]).incident
    assert (taken.link_count, taken.version, taken.started_at) == (2, 3, make.WHEN + timedelta(hours=3))
    act = last_act()
    assert (act.kind, act.data, taken.updated_at) == ("threat_unlinked", {"threat_count": 2}, act.at)
    rows = db.session.scalars(sa.select(ThreatLink).where(ThreatLink.removed_at.is_not(None)))
    assert {(str(row.threat_id), row.removed_at, row.removed_by) for row in rows} == {(i, act.at, act.id) for i in ids[1:3]}
    empty = incidents.unlink(who, it, ids[3:5]).incident
    assert (empty.link_count, empty.started_at) == (0, None)


def test_a_start_that_a_person_set_stays_whatever_is_linked(who, ids):
    it = made(who, ids[1:2])
    long_ago = make.WHEN - timedelta(days=900)
    incidents.change(who, it, Changes(started_at=long_ago))
    assert last_act().data == {
        "changes": {str(it): {"started_at": [START.isoformat(), long_ago.isoformat()], "started_at_is_set": [False, True]}}
    }
    assert incidents.link(who, it, ids[:1]).incident.started_at == long_ago
    given_back = incidents.change(who, it, Changes(started_at=None)).incident
    assert (given_back.started_at, given_back.started_at_is_set, given_back.version) == (make.WHEN, False, 4)


def test_moving_leaves_each_threat_once_and_both_in_step(who, ids):
    one, two = made(who, ids[:3]), made(who, ids[2:4])
    source, target = (view.incident for view in incidents.move(who, one, ids[1:3], str(two)))
    act = last_act()
    assert (source.id, target.id, act.kind, act.incident_id, act.data) == (one, two, "moved", one, {"threat_count": 2})
    assert (source.link_count, source.version, source.updated_at) == (1, 2, act.at)
    assert (target.link_count, target.version, target.updated_at, target.started_at) == (3, 2, act.at, START)
    assert (linked(who, one), linked(who, two)) == (ids[:1], [ids[2], ids[3], ids[1]])
    incidents.undo(who, two, act.id)
    assert (linked(who, one), linked(who, two)) == (ids[:3], ids[2:4])
    assert (source.link_count, target.link_count, source.version, target.version) == (3, 2, 3, 3)


def test_splitting_makes_an_incident_of_what_was_given(who, ids):
    one = made(who, ids[:4])
    new = NewIncident(" Part ", " Some. ", "investigation", ids[1:3])
    source, target = (view.incident for view in incidents.split(who, one, new))
    act = last_act()
    expected = {
        "title": "Part",
        "description": "Some.",
        "status": IncidentStatus.OPEN,
        "scope": Scope.INVESTIGATION,
        "started_at": START,
        "started_at_is_set": False,
        "link_count": 2,
        "version": 1,
        "area": None,
    }
    db.session.expire_all()
    assert fields(target) == expected
    assert (target.created_at, target.updated_at, source.updated_at) == (act.at, act.at, act.at)
    assert (source.link_count, source.version) == (2, 2)
    assert (act.kind, act.incident_id) == ("split", one)
    assert act.data == {"threat_count": 2, "new_incident_id": str(target.id)}
    assert (linked(who, one), linked(who, target.id)) == ([ids[0], ids[3]], ids[1:3])
    plain = incidents.split(who, one, NewIncident("Plain", scope=None, threat_ids=ids[:1]))[1].incident
    assert fields(plain).items() >= {"description": None, "scope": Scope.AGGREGATE}.items()


def test_merging_links_each_threat_once_and_closes_the_merged(who, ids):
    target = made(who, ids[:2])
    sources = [made(who, ids[1:3]), made(who, ids[2:4])]
    incidents.change(who, sources[0], Changes(status="resolved"))
    view = incidents.merge(who, target, [str(sources[0]), str(sources[1]), str(sources[0])], " The same. ")
    act = last_act()
    assert (act.kind, act.incident_id) == ("merged", target)
    assert (act.data["reason"], act.data["merged_ids"]) == ("The same.", [str(i) for i in sources])
    assert (view.incident.link_count, view.incident.version, view.incident.status) == (4, 2, IncidentStatus.OPEN)
    assert linked(who, target) == ids[:4]
    for source_id, version, some in zip(sources, (3, 2), (ids[1:3], ids[2:4]), strict=True):
        source = incidents.get(who, source_id).incident
        assert (source.status, source.resolved_at, source.merged_into_id) == (IncidentStatus.CLOSED, None, target)
        assert (source.link_count, source.version, source.updated_at) == (2, version, act.at)
        assert linked(who, source_id) == some
    incidents.undo(who, sources[0], act.id)
    states = [
        (one.status, one.resolved_at is not None, one.merged_into_id)
        for one in db.session.scalars(sa.select(Incident).order_by(Incident.id))
    ]
    assert states == [("open", False, None), ("resolved", True, None), ("open", False, None)]
    assert linked(who, target) == ids[:2]


def test_resolving_says_when_and_anything_else_clears_it(who, ids):
    it = made(who, ids)
    resolved = incidents.change(who, it, Changes(status="resolved")).incident
    act = last_act()
    assert (resolved.status, resolved.resolved_at, resolved.version) == (IncidentStatus.RESOLVED, act.at, 2)
    assert act.data == {"changes": {str(it): {"status": ["open", "resolved"], "resolved_at": [None, act.at.isoformat()]}}}
    closed = incidents.change(who, it, Changes(status="closed")).incident
    assert (closed.status, closed.resolved_at, last_act().kind) == (IncidentStatus.CLOSED, None, "status_changed")
    back = incidents.undo(who, it, last_act().id).incident
    assert (back.status, back.resolved_at) == (IncidentStatus.RESOLVED, act.at)
    assert len(linked(who, it)) == 6


def test_an_edit_and_a_status_given_together_are_two_acts(who, ids):
    it = made(who, ids)
    new = Changes(title=" New ", description=" Words. ", scope="investigation", status="closed", started_at=make.WHEN)
    changed = incidents.change(who, it, new).incident
    assert (changed.title, changed.description, changed.scope, changed.status) == ("New", "Words.", "investigation", "closed")
    assert (changed.version, changed.started_at_is_set) == (3, True)
    first, second = db.session.scalars(sa.select(Activity).where(Activity.incident_id == it).order_by(Activity.id)).all()[1:]
    assert (first.kind, list(first.data["changes"][str(it)])) == (
        "incident_updated",
        ["title", "description", "scope", "started_at_is_set"],
    )
    assert (second.kind, second.data["changes"][str(it)]["status"]) == ("status_changed", ["open", "closed"])
    assert incidents.change(who, it, new).incident.version == 3
    assert incidents.change(who, it, Changes()).incident.version == 3
    assert incidents.change(who, it, Changes(description=None)).incident.description is None


def test_deleting_and_restoring_say_when_and_keep_the_links(who, ids):
    it = made(who, ids)
    act_id = incidents.delete(who, it)
    act = last_act()
    gone = incidents.get(who, it, deleted=True).incident
    assert (act.id, act.kind, gone.deleted_at, gone.version, gone.updated_at) == (act_id, "deleted", act.at, 2, act.at)
    assert act.data == {"changes": {str(it): {"deleted_at": [None, act.at.isoformat()]}}}
    back = incidents.restore(who, it).incident
    assert (last_act().kind, back.deleted_at, back.version, back.link_count) == ("restored", None, 3, 6)
    assert linked(who, it) == ids


def test_a_comment_is_kept_trimmed_and_moves_the_version_on(who, ids):
    it = made(who, ids)
    said = incidents.comment(who, it, " Seen.\r\nTwice. ")
    act = last_act()
    assert (act.id, act.kind, act.data) == (said, "comment_added", {"body": "Seen.\nTwice."})
    assert incidents.get(who, it).incident.version == 2


def test_undoing_is_an_act_that_names_what_it_reversed(who, ids):
    it = made(who, ids[:2])
    incidents.link(who, it, ids[2:3])
    act = last_act()
    back = incidents.undo(who, it, act.id).incident
    undo = last_act()
    assert (undo.kind, undo.undoes_id, undo.incident_id, undo.data) == ("undone", act.id, it, {"undone_kind": "threat_linked"})
    assert (back.version, back.link_count, back.updated_at) == (3, 2, undo.at)


def test_what_follows_incidents_from_memory_hears_of_links_and_of_being_there_and_of_nothing_else(who, ids):
    it = made(who, ids[:2])
    numbers = [db.session.get(Incident, (who.tenant_id, it)).change]
    for act in (
        lambda: incidents.change(who, it, Changes(title="New", status="closed")),
        lambda: incidents.comment(who, it, "Seen."),
        lambda: incidents.unlink(who, it, ids[:1]),
        lambda: incidents.delete(who, it),
        lambda: incidents.restore(who, it),
    ):
        act()
        db.session.expire_all()
        numbers.append(db.session.get(Incident, (who.tenant_id, it)).change)
    numbers.append(db.session.get(Incident, (who.tenant_id, made(who, ids[2:]))).change)
    created, edited, commented, taken, deleted, restored, created_later = numbers
    assert created == edited == commented < taken < deleted < restored < created_later


def test_an_act_on_two_incidents_is_in_the_timelines_of_those_two_alone(who, ids):
    one, two, three = made(who, ids[:2]), made(who, ids[2:4]), made(who, [])
    incidents.move(who, one, ids[:1], str(two))
    kinds = [
        [item.kind for item in incidents.timeline(who, incident_id).items if item.kind == "moved"]
        for incident_id in (one, two, three)
    ]
    assert kinds == [["moved"], ["moved"], []]


def test_an_act_comes_after_all_on_its_incidents_though_a_clock_was_fast_and_on_no_others(who, ids, monkeypatch):
    one, two, three = made(who, ids[:2]), made(who, ids[2:4]), made(who, [])
    ahead = UUID(int=new_id().int + (3_600_000 << 80))  # another process's clock is an hour fast
    with monkeypatch.context() as fast:
        fast.setattr("app.service.actor.new_id", lambda: ahead)
        incidents.move(who, one, ids[:1], str(two))
    assert incidents.comment(who, three, "Of now.") < ahead
    after = [incidents.comment(who, incident_id, "After it.") for incident_id in (one, two)]
    assert all(ahead < act_id < UUID(int=ahead.int + (1 << 64)) for act_id in after)


def test_what_was_read_before_is_read_anew_when_it_is_changed(who, ids):
    it = made(who, ids[:1])
    read = incidents.get(who, it).incident
    with db.engine.begin() as another:
        another.execute(sa.update(Incident).where(Incident.id == it).values(version=7, title="Theirs"))
    with pytest.raises(VersionMismatch) as refused:
        incidents.change(who, it, Changes("Mine"), expected=read.version)
    assert refused.value.current == 7
    assert incidents.change(who, it, Changes(status="closed")).incident.title == "Theirs"


def test_ids_of_links_are_of_version_7_and_lie_between_the_ids_made_before_and_after_them():
    numbers = []
    for size in (1, 3, 200_000, 2):
        numbers += [new_id().bytes, *bytes_of(_link_ids(size)), new_id().bytes]
    assert numbers == sorted(set(numbers))
    assert {UUID(bytes=raw).version for raw in numbers} == {7}
