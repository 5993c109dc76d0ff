"""What reading answers to the last entry: lists and their counts, pages of links, the history, the timeline."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.db import db, transaction
from app.errors import Faults, NotFound
from app.geo.box import Box
from app.models import Activity, Incident
from app.service import incidents, threats
from app.service.incidents import Changes, NewIncident
from app.service.incidents.history import history, kinds_of, latest, position
from app.service.incidents.read import links_page
from app.service.selection import Selection, Step, read_area
from app.terms import IncidentStatus, Scope
from tests import make

DAY = timedelta(days=1)


@pytest.fixture
def who(context):
    return make.actor(context)


@pytest.fixture
def ids(context, who):
    return make.put_threats(context, who, 6)


def made(who, ids, title="Made", **values):
    return incidents.create(who, NewIncident(title, threat_ids=[str(i) for i in ids], **values)).incident.id


def texts(ids):
    return [str(i) for i in ids]


def last_act():
    return db.session.scalar(sa.select(Activity.id).order_by(Activity.id.desc()).limit(1))


def changed(who, *numbers, title):
    """Let one import change the titles of these threats."""
    threats.upsert(who, [make.record(number, title=title) for number in numbers], faults=Faults())


# Lists and counts


def test_an_incident_shows_its_first_thousand_links_and_a_list_its_first_hundred(context, who):
    ids = make.put_threats(context, who, 1_001)
    it, other = made(who, ids), made(who, ids[:100])
    assert [link.threat_id for link in incidents.get(who, it).links] == ids[:1_000]
    listed = {view.incident.id: [link.threat_id for link in view.links] for view in incidents.search(who, {}).items}
    assert listed == {it: ids[:100], other: ids[:100]}
    incidents.unlink(who, it, texts(ids[:1]))
    assert [link.threat_id for link in incidents.get(who, it).links] == ids[1:]


def test_links_are_in_linking_order_without_those_taken_out(who, ids):
    it = made(who, [ids[3], ids[1]])
    other = made(who, [ids[1]])
    incidents.link(who, it, texts([ids[4], ids[0]]))
    incidents.unlink(who, it, texts(ids[1:2]))
    assert [link.threat_id for link in incidents.get(who, it).links] == [ids[3], ids[4], ids[0]]
    assert [link.threat_id for link in links_page(who, it, {}).items] == [ids[3], ids[4], ids[0]]
    assert [link.threat_id for link in links_page(who, other, {}).items] == [ids[1]]
    one = incidents.get(who, it).links[0]
    assert (one.title, one.lat, one.observed_at, one.location, one.location_country, one.threat_type, one.severity) == (
        "Road closure 3",
        6.44,
        make.WHEN + timedelta(hours=3),
        "Apapa, Lagos",
        "NG",
        "road closure",
        "low",
    )
    assert one == links_page(who, it, {}).items[0]


def test_pages_of_links_join_without_a_gap_and_the_last_says_so(context, who):
    ids = make.put_threats(context, who, 51)
    it = made(who, ids)
    first = links_page(who, it, {})
    assert ([link.threat_id for link in first.items], first.total) == (ids[:50], 51)
    rest = links_page(who, it, {"cursor": first.next_cursor})
    assert ([link.threat_id for link in rest.items], rest.total, rest.next_cursor) == (ids[50:], 51, None)
    assert links_page(who, it, {"limit": 51}).next_cursor is None
    part = links_page(who, it, {"limit": 2, "offset": 3})
    assert ([link.threat_id for link in part.items], part.next_cursor) == (ids[3:5], part.items[-1].id.hex)


def test_a_list_is_narrowed_by_each_filter_and_its_counts_by_all_but_the_status(who, ids):
    one = made(who, ids[:1], "Port closed")
    two = made(who, ids[1:3], "Second", description="At the PORT", scope="investigation")
    three = made(who, ids[2:], "Third")
    gone, empty = made(who, ids[:1], "Port, deleted"), made(who, [], "Fourth")
    incidents.delete(who, gone)
    incidents.change(who, two, Changes(status="resolved"))
    incidents.unlink(who, three, texts(ids[3:4]))
    start = make.WHEN
    with transaction() as session:
        for day, incident_id in enumerate((one, two, three, empty)):
            session.execute(sa.update(Incident).where(Incident.id == incident_id).values(created_at=start + day * DAY))
    for values, found in (
        ({}, [empty, three, two, one]),
        ({"status": IncidentStatus.OPEN}, [empty, three, one]),
        ({"status": IncidentStatus.RESOLVED}, [two]),
        ({"scope": Scope.INVESTIGATION}, [two]),
        ({"q": "port"}, [two, one]),
        ({"threat_id": ids[2]}, [three, two]),
        ({"threat_id": ids[3]}, []),
        ({"bbox": Box.parse("3.3605,6,3.3615,7")}, [two]),
        ({"bbox": Box.parse("3.3625,6,3.3635,7")}, []),
        ({"created_from": start + DAY}, [empty, three, two]),
        ({"created_to": start + DAY}, [one]),
        ({"sort": "title"}, [empty, one, two, three]),
        ({"offset": 1, "limit": 2}, [three, two]),
    ):
        page = incidents.search(who, values)
        assert [view.incident.id for view in page.items] == found, values
        assert page.total == (4 if {"limit", "sort"} & set(values) else len(found))
    assert [view.links for view in incidents.search(who, {"q": "fourth"}).items] == [[]]
    for values, counts in (
        ({}, {"open": 3, "closed": 0, "resolved": 1}),
        ({"status": IncidentStatus.OPEN}, {"open": 3, "closed": 0, "resolved": 1}),
        ({"q": "port", "status": IncidentStatus.CLOSED}, {"open": 1, "closed": 0, "resolved": 1}),
    ):
        assert incidents.status_counts(who, values) == counts


def test_pages_of_a_list_join_without_a_gap_and_the_last_says_so(who):
    made_ids = [made(who, [], str(number)) for number in range(5)]
    first = incidents.search(who, {"limit": 3, "sort": "created_at"})
    rest = incidents.search(who, {"limit": 3, "sort": "created_at", "cursor": first.next_cursor})
    assert [view.incident.id for view in [*first.items, *rest.items]] == made_ids
    assert (first.total, rest.total, rest.next_cursor) == (5, 5, None)
    assert incidents.search(who, {"limit": 5}).next_cursor is None


def outlined(who, title, west):
    """Make an incident of all threats in a box of its own."""
    shape, outline = read_area({"bbox": [west, 6, west + 0.0005, 7]}, "area", Faults())
    selection = Selection((Step(adds=True, area=shape, outline=outline),))
    return incidents.create(who, NewIncident(title, selection=selection)).incident


def test_the_areas_of_open_incidents_are_told_newest_first_with_their_true_number(who, ids):
    assert (incidents.outlines(who).items, incidents.outlines(who).total) == ([], 0)
    assert incidents.outlines(who, 0).total == 0
    late, early, early_too, closed, deleted = (outlined(who, f"At {number}", 3.36 + number / 1000) for number in range(5))
    made(who, ids, "Without an area")
    incidents.change(who, closed.id, Changes(status="closed"))
    incidents.delete(who, deleted.id)
    with transaction() as session:
        for incident, day in ((late, 2), (early, 1), (early_too, 1)):
            session.execute(sa.update(Incident).where(Incident.id == incident.id).values(created_at=make.WHEN + day * DAY))
    expected = [(one.id, one.title, one.area, 1) for one in (late, early_too, early)]
    everything = incidents.outlines(who)
    assert ([tuple(row) for row in everything.items], everything.total, everything.next_cursor) == (expected, 3, None)
    for limit in (1, 2, 3, 4):
        part = incidents.outlines(who, limit)
        assert ([tuple(row) for row in part.items], part.total) == (expected[:limit], 3)


# The history


@pytest.fixture
def it(who, ids):
    """An incident of the first three threats, to which much has happened; the other one has the rest."""
    it = made(who, ids[:3])
    other = made(who, ids[3:], "Other")
    changed(who, 0, 1, 2, 3, title="Changed together")
    incidents.comment(who, it, "Seen.")
    incidents.move(who, it, texts(ids[2:3]), str(other))
    incidents.change(who, it, Changes(title="New", status="closed"))
    changed(who, 2, title="Changed when taken out")
    changed(who, 0, title="Changed once more")
    return it


def told(page):
    return [(entry.kind, entry.threat and entry.threat[0], entry.version and entry.version.number) for entry in page.items]


def test_the_history_has_each_act_once_newest_first(who, ids, it):
    everything = history(who, it)
    expected = [
        ("threat_version", ids[0], 3),
        ("status_changed", None, None),
        ("incident_updated", None, None),
        ("moved", None, None),
        ("comment_added", None, None),
        *(("threat_version", ids[number], 2) for number in range(3)),
        ("incident_created", None, None),
    ]
    assert (told(everything), everything.total, everything.next_cursor) == (expected, 9, None)
    assert told(history(who, it, limit=2, offset=3)) == expected[3:5]
    versions = history(who, it, ["threat_version"], before_link=True)
    assert told(versions) == [expected[0], *expected[5:8], *(("threat_version", ids[number], 1) for number in range(3))]
    assert versions.total == 7
    assert told(history(who, it, ["moved", "threat_version"])) == [expected[0], expected[3], *expected[5:8]]
    assert told(history(who, it, ["moved", "comment_added"])) == expected[3:5]
    counts = kinds_of(who, it)
    assert counts == {
        "incident_created": 1,
        "incident_updated": 1,
        "status_changed": 1,
        "threat_version": 4,
        "moved": 1,
        "comment_added": 1,
    }
    assert list(counts) == [kind for kind in incidents.KINDS if kind in counts]
    assert kinds_of(who, it, before_link=True)["threat_version"] == 7


def test_fifty_entries_are_a_page_of_the_history(who):
    it = made(who, [])
    for number in range(50):
        incidents.comment(who, it, f"Remark {number}.")
    assert (len(history(who, it).items), history(who, it).total) == (50, 51)
    assert (len(incidents.timeline(who, it).items), incidents.timeline(who, it).total) == (50, 51)


def test_an_entry_tells_the_first_five_threats_and_how_many_more(context, who):
    ids = make.put_threats(context, who, 9)
    it, other = made(who, ids[:7]), made(who, ids[8:])
    incidents.unlink(who, it, texts([ids[1], ids[0]]))
    incidents.link(who, it, texts([ids[7], ids[0]]))
    incidents.merge(who, it, [str(other)], "same")
    merged, linked, unlinked, first = history(who, it).items
    named = [(ids[number], f"Road closure {number}") for number in range(9)]
    assert (first.linked.count, first.linked.first) == (7, named[:5])
    assert (unlinked.unlinked.count, unlinked.unlinked.first, unlinked.linked.count) == (2, named[:2], 0)
    assert (linked.linked.count, linked.linked.first) == (2, [named[7], named[0]])
    assert (merged.linked.count, merged.linked.first, merged.others) == (1, named[8:], [(other, "Made")])
    assert history(who, other).items[0].others == [(it, "Made")]
    assert first.others == []
    incidents.undo(who, it, linked.act.id)
    incidents.undo(who, it, unlinked.act.id)
    back, taken = history(who, it).items[:2]
    assert (back.kind, back.linked.count, back.linked.first, back.unlinked.first) == ("undone", 2, named[:2], [])
    assert (taken.unlinked.count, taken.unlinked.first, taken.linked.first) == (2, [named[7], named[0]], [])


def test_an_entry_tells_the_threats_of_this_incident_alone(who, ids):
    source, target = made(who, ids[:2]), made(who, [])
    incidents.move(who, source, texts(ids[:1]), str(target))
    moved = [history(who, incident_id, ["moved"]) for incident_id in (source, target)]
    assert [(one.items[0].unlinked.count, one.items[0].linked.count, one.total) for one in moved] == [(1, 0, 1), (0, 1, 1)]
    none = history(who, source, ["merged"])
    assert (none.items, none.total) == ([], 0)


def test_an_entry_tells_what_it_changed_on_this_incident(who, ids):
    it, other = made(who, ids[:3]), made(who, ids[3:], "Other")
    incidents.merge(who, other, [str(it)], "same")
    entry = history(who, it).items[0]
    assert entry.changes == {"status": ["open", "closed"], "merged_into_id": [None, str(other)]}
    assert (entry.at, entry.kind, entry.version, entry.threat) == (entry.act.at, "merged", None, None)
    assert history(who, other).items[0].changes == {}
    assert history(who, it).items[-1].changes == {}


def test_an_entry_says_whether_it_is_undone_and_can_be(who, ids):
    it = made(who, ids[:3])
    incidents.comment(who, it, "Seen.")
    incidents.change(who, it, Changes(status="closed"))
    act = last_act()
    incidents.undo(who, it, act)
    undo = last_act()
    changed(who, 0, title="Changed")

    def states():
        return [(entry.kind, entry.undone, entry.undoable) for entry in history(who, it).items if entry.version is None]

    rest = [("comment_added", False, False), ("incident_created", False, True)]
    assert states() == [("undone", False, True), ("status_changed", True, False), *rest]
    incidents.undo(who, it, undo)
    assert states() == [("undone", False, True), ("undone", True, False), ("status_changed", False, False), *rest]
    version = history(who, it, ["threat_version"]).items[0]
    assert (version.undone, version.undoable, version.changes, version.at) == (False, False, {}, version.version.at)
    assert version.threat == (ids[0], "Changed")
    assert version.act.id == version.version.act_id


def test_the_place_of_each_entry_is_found(who, ids, it):
    for kinds in ((), ("threat_version",), ("moved", "threat_version"), ("moved",)):
        for before_link in (False, True):
            for number, entry in enumerate(history(who, it, kinds, before_link=before_link).items):
                version = (entry.threat[0], entry.version.number) if entry.version else None
                assert position(who, it, entry.act.id, kinds, version, before_link=before_link) == number
    moved = next(entry.act.id for entry in history(who, it).items if entry.kind == "moved")
    assert position(who, it, moved, ("threat_version",)) == 1
    changed(who, 5, title="Changed before it was linked")
    incidents.change(who, it, Changes(status="open"))
    incidents.link(who, it, texts(ids[5:]))
    assert (position(who, it, moved), position(who, it, moved, before_link=True)) == (5, 6)


def test_the_place_of_each_of_two_versions_that_one_import_brought_in_is_found(who, ids):
    it = made(who, ids[:2])
    changed(who, 1, title="None")
    together = [make.record(number, title=title) for number, title in ((0, "One"), (1, "One"), (0, "Two"), (0, "Three"))]
    threats.upsert(who, together, faults=Faults())
    entries = history(who, it, ["threat_version"]).items
    keys = [(entry.threat[0], entry.version.number) for entry in entries]
    assert keys == [(ids[0], 4), (ids[0], 3), (ids[0], 2), (ids[1], 3), (ids[1], 2)]
    assert len({entry.act.id for entry in entries[:4]}) == 1
    places = [position(who, it, entry.act.id, ["threat_version"], key) for entry, key in zip(entries, keys, strict=True)]
    assert places == [0, 1, 2, 3, 4]
    assert [(item.threat_id, item.version.number) for item in incidents.timeline(who, it).items if item.version] == [
        (ids[1], 2),
        (ids[0], 2),
        (ids[0], 3),
        (ids[0], 4),
        (ids[1], 3),
    ]


def test_the_newest_act_of_ones_own_that_can_be_undone_is_told(context, ids):
    ada, bob = make.person(context), make.person(context, "bob@example.org")
    it, other = made(ada, ids[:3]), made(ada, ids[3:])
    start = last_act()
    assert latest(ada, it, start) is None
    incidents.change(ada, it, Changes(status="closed"))
    closed = last_act()
    incidents.change(ada, it, Changes(status="open"))
    opened = last_act()
    incidents.comment(ada, it, "Seen.")
    incidents.change(bob, it, Changes(title="Bob's"))
    incidents.change(ada, other, Changes(title="Another"))
    assert (latest(ada, it, start), latest(ada, it, closed), latest(ada, it, opened)) == (opened, opened, None)
    incidents.move(ada, other, texts(ids[3:4]), str(it))
    assert latest(ada, it, start) == last_act()


def test_a_deleted_incident_has_a_history_and_is_read_only_if_asked_for(who, ids):
    it = made(who, ids)
    incidents.delete(who, it)
    assert told(history(who, it))[0] == ("deleted", None, None)
    assert incidents.get(who, it, deleted=True).incident.id == it
    for call in (incidents.get, incidents.timeline):
        with pytest.raises(NotFound, match="no such incident"):
            call(who, it)
    with pytest.raises(NotFound, match="no such incident"):
        history(who, UUID(int=0))


# The timeline


def items_of(page):
    return [(item.kind, item.threat_id, item.version and item.version.number) for item in page.items]


def test_the_timeline_has_every_link_and_version_of_its_time_oldest_first(who, ids, it):
    incidents.undo(who, it, next(item.act.id for item in incidents.timeline(who, it).items if item.kind == "moved"))
    expected = [
        ("incident_created", None, None),
        *(("threat_linked", ids[number], None) for number in range(3)),
        *(("threat_version", ids[number], 2) for number in range(3)),
        ("comment_added", None, None),
        ("moved", None, None),
        ("threat_unlinked", ids[2], None),
        ("incident_updated", None, None),
        ("status_changed", None, None),
        ("threat_version", ids[2], 3),
        ("threat_version", ids[0], 3),
        ("undone", None, None),
        ("threat_linked", ids[2], None),
    ]
    page = incidents.timeline(who, it)
    assert (items_of(page), page.total, page.next_cursor) == (expected, len(expected), None)
    assert items_of(incidents.timeline(who, it, limit=4, offset=2)) == expected[2:6]
    before = incidents.timeline(who, it, before_link=True)
    assert items_of(before) == [*(("threat_version", ids[number], 1) for number in range(3)), *expected]
    links = {link.threat_id: link.id for link in incidents.get(who, it).links}
    for item in page.items:
        assert item.link_id == (links[item.threat_id] if item.kind in {"threat_linked", "threat_unlinked"} else None)
        assert item.at == (item.version.at if item.version else item.act.at)
        assert item.version is None or (item.version.threat_id, item.version.act_id) == (item.threat_id, item.act.id)


def test_what_became_of_a_threat_after_it_was_taken_out_is_not_in_the_timeline(who, ids, it):
    kept = [("threat_version", ids[number], 2) for number in range(3)] + [("threat_version", ids[0], 3)]
    assert [item for item in items_of(incidents.timeline(who, it)) if item[0] == "threat_version"] == kept


def test_what_links_and_unlinks_shows_as_its_links_alone(who, ids):
    it = made(who, ids[:1])
    incidents.link(who, it, texts(ids[1:3]))
    incidents.unlink(who, it, texts(ids[:1]))
    assert items_of(incidents.timeline(who, it))[2:] == [
        ("threat_linked", ids[1], None),
        ("threat_linked", ids[2], None),
        ("threat_unlinked", ids[0], None),
    ]
    assert [entry.kind for entry in history(who, it).items] == ["threat_unlinked", "threat_linked", "incident_created"]
