"""Corners of undo that random sequences seldom reach."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.db import db, new_id, now, transaction
from app.errors import Conflict, NotFound, VersionMismatch
from app.models import Activity, Incident
from app.service import incidents
from app.service.incidents import Changes, NewIncident
from app.service.incidents.acts import RESTORE_WITHIN
from tests import make


@pytest.fixture
def who(context):
    return make.actor(context)


@pytest.fixture
def ids(context, who):
    return [str(i) for i in make.put_threats(context, who, 6)]


def made(who, ids, title="Made"):
    return incidents.create(who, NewIncident(title, threat_ids=ids)).incident.id


def latest(incident_id):
    return db.session.scalar(
        sa.select(Activity.id).where(Activity.incident_id == incident_id).order_by(Activity.id.desc()).limit(1)
    )


def linked(who, incident_id):
    return [str(link.threat_id) for link in incidents.get(who, incident_id).links]


def test_a_split_is_not_undone_once_threats_were_moved_into_the_new_incident(who, ids):
    old, other = made(who, ids[:2]), made(who, ids[2:4])
    _, new = incidents.split(who, old, NewIncident("Part", threat_ids=ids[:1]))
    parted = latest(old)
    incidents.move(who, other, ids[2:3], str(new.incident.id))
    with pytest.raises(Conflict, match="threats were moved") as refused:
        incidents.undo(who, old, parted)
    assert refused.value.code == "undo_blocked"
    assert linked(who, new.incident.id) == [ids[0], ids[2]]


def test_a_start_given_back_comes_back_by_undo(who, ids):
    it = made(who, ids)
    long_ago = make.WHEN - timedelta(days=900)
    incidents.change(who, it, Changes(started_at=long_ago))
    assert incidents.change(who, it, Changes(started_at=None)).incident.started_at == make.WHEN
    assert incidents.undo(who, it, latest(it)).incident.started_at == long_ago


def test_giving_back_a_start_that_nobody_set_changes_nothing(who, ids):
    it = made(who, ids)
    assert incidents.change(who, it, Changes(started_at=None)).incident.version == 1


def test_the_act_in_the_way_is_the_one_that_brought_the_threat_back(who, ids):
    it = made(who, ids[:1])
    incidents.unlink(who, it, ids[:1])
    first = latest(it)
    incidents.link(who, it, ids[:1])
    incidents.undo(who, it, latest(it))
    second = latest(it)
    incidents.undo(who, it, first)
    with pytest.raises(Conflict, match="an act was undone"):
        incidents.undo(who, it, second)
    assert linked(who, it) == ids[:1]


def test_what_was_done_to_other_incidents_since_stands_in_no_way(who, ids):
    it, other = made(who, ids[:3]), made(who, ids)
    _, part = incidents.split(who, it, NewIncident("Part", threat_ids=ids[:1]))
    parted = latest(it)
    incidents.unlink(who, other, ids[:2])
    incidents.change(who, other, Changes(title="Other"))
    assert incidents.undo(who, it, parted).incident.link_count == 3
    assert incidents.undo(who, it, latest(it)).incident.link_count == 2
    incidents.delete(who, other)
    assert incidents.undo(who, part.incident.id, latest(it)).incident.deleted_at is not None


def test_what_was_done_to_other_threats_since_stands_in_no_way(who, ids):
    it = made(who, ids[:3])
    incidents.link(who, it, ids[3:4])
    added = latest(it)
    incidents.unlink(who, it, ids[:1])
    removed = latest(it)
    incidents.unlink(who, it, ids[1:2])
    incidents.undo(who, it, removed)
    incidents.undo(who, it, added)
    assert linked(who, it) == [ids[0], ids[2]]


def test_what_brought_a_threat_back_is_not_undone_once_it_was_taken_out_again(who, ids):
    it = made(who, ids[:2])
    incidents.unlink(who, it, ids[:1])
    incidents.undo(who, it, latest(it))
    brought_back = latest(it)
    incidents.unlink(who, it, ids[:1])
    with pytest.raises(Conflict, match="threats were taken out"):
        incidents.undo(who, it, brought_back)
    assert linked(who, it) == ids[1:2]


def test_of_several_acts_that_brought_a_threat_back_the_last_is_in_the_way(context, who, ids):
    bob = make.person(context, "bob@example.org")
    it = made(who, ids[:1])
    incidents.unlink(who, it, ids[:1])
    first = latest(it)
    incidents.link(who, it, ids[:1])
    for by in (who, bob):
        incidents.unlink(who, it, ids[:1])
        incidents.undo(by, it, latest(it))
    with pytest.raises(Conflict, match="an act was undone by bob"):
        incidents.undo(who, it, first)


def test_an_act_is_undone_once_and_an_undo_can_be_undone(who, ids):
    it = made(who, ids[:2])
    incidents.unlink(who, it, ids[:1])
    act = latest(it)
    incidents.undo(who, it, act)
    with pytest.raises(Conflict, match="undone already"):
        incidents.undo(who, it, act)
    incidents.undo(who, it, latest(it))
    assert linked(who, it) == ids[1:2]


def test_a_creation_is_undone_by_deleting_what_was_made_and_can_be_done_again(who, ids):
    it = made(who, ids)
    creation = latest(it)
    gone = incidents.undo(who, it, creation).incident
    assert gone.deleted_at is not None
    with pytest.raises(NotFound):
        incidents.get(who, it)
    undoing = db.session.scalar(sa.select(Activity).where(Activity.id == latest(it)))
    assert (undoing.kind, undoing.undoes_id) == ("undone", creation)
    back = incidents.undo(who, it, undoing.id).incident
    assert (back.deleted_at, back.link_count, back.started_at) == (None, len(ids), make.WHEN)
    assert linked(who, it) == ids
    assert incidents.undo(who, it, latest(it)).incident.deleted_at is not None
    with pytest.raises(Conflict, match="undone already"):
        incidents.undo(who, it, creation)


def test_an_incident_whose_creation_was_undone_is_restored_with_its_threats(who, ids):
    it = made(who, ids)
    incidents.undo(who, it, latest(it))
    assert incidents.restore(who, it).incident.link_count == len(ids)
    assert linked(who, it) == ids


def _comment(who, it, _ids):
    incidents.comment(who, it, "Noted.")


def _close(who, it, _ids):
    incidents.change(who, it, Changes(status="closed"))


def _link_more(who, it, ids):
    incidents.link(who, it, ids[3:])


def _merge_away(who, it, _ids):
    incidents.merge(who, made(who, []), [str(it)], "The same")


def _delete(who, it, _ids):
    incidents.delete(who, it)


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (_comment, "a comment was added"),
        (_close, "the status was changed"),
        (_link_more, "threats were linked"),
        (_merge_away, "incidents were merged"),
        (_delete, "the incident was deleted"),
    ],
)
def test_a_creation_is_not_undone_once_others_worked_on_the_incident(who, ids, later, said):
    it = made(who, ids[:3])
    creation = latest(it)
    later(who, it, ids)
    with pytest.raises(Conflict, match=said) as refused:
        incidents.undo(who, it, creation)
    assert refused.value.code == "undo_blocked"


def test_a_creation_is_undone_once_what_came_later_is(who, ids):
    it = made(who, ids[:3])
    creation = latest(it)
    incidents.link(who, it, ids[3:])
    incidents.undo(who, it, latest(it))
    assert incidents.undo(who, it, creation).incident.deleted_at is not None


def test_a_comment_is_not_undone(who, ids):
    it = made(who, ids)
    with pytest.raises(Conflict, match="can't be undone"):
        incidents.undo(who, it, incidents.comment(who, it, "Noted."))


def test_an_act_of_another_incident_or_none_is_not_found(who, ids):
    it, other = made(who, ids), made(who, ids)
    incidents.unlink(who, other, ids[:1])
    for act in (latest(other), new_id()):
        with pytest.raises(NotFound):
            incidents.undo(who, it, act)


def test_an_undo_of_what_was_seen_otherwise_is_refused(who, ids):
    it = made(who, ids)
    incidents.unlink(who, it, ids[:1])
    with pytest.raises(VersionMismatch) as refused:
        incidents.undo(who, it, latest(it), expected=1)
    assert refused.value.current == 2


def test_a_deletion_is_not_undone_after_thirty_days(who, ids):
    it = made(who, ids)
    act = incidents.delete(who, it)
    with transaction() as session:
        long_ago = now() - RESTORE_WITHIN - timedelta(seconds=1)
        session.execute(sa.update(Incident).where(Incident.id == it).values(deleted_at=long_ago))
    db.session.expire_all()
    for bring_back in (lambda: incidents.undo(who, it, act), lambda: incidents.restore(who, it)):
        with pytest.raises(Conflict, match="more than 30 days"):
            bring_back()


def test_acts_of_an_incident_are_in_the_order_they_were_done_whatever_the_clocks_say(who, ids, monkeypatch):
    it = made(who, ids)
    from app.service import actor as module

    earlier = iter([latest(it).__class__(int=latest(it).int - 10**20)] * 3)
    monkeypatch.setattr(module, "new_id", lambda: next(earlier))
    acts = []
    for status in ("closed", "open", "resolved"):
        incidents.change(who, it, Changes(status=status))
        acts.append(latest(it))
    assert acts == sorted(set(acts))
    with pytest.raises(Conflict) as refused:
        incidents.undo(who, it, acts[0])
    assert refused.value.code == "undo_blocked"


def test_opposite_moves_at_once_do_not_wait_for_each_other(app, engine_name):
    if engine_name == "sqlite":
        pytest.skip("SQLite has one writer at a time: nothing can cross")
    who = make.actor(app)
    ids = [str(i) for i in make.put_threats(app, who, 2)]
    first, second = (make.incident(app, who, [i]) for i in ids)
    troubles: list[Exception] = []

    def back_and_forth(here, there, threat_id) -> None:
        with app.app_context():
            for _ in range(15):
                for source, target in ((here, there), (there, here)):
                    try:
                        incidents.move(who, source, [threat_id], str(target))
                    except Exception as trouble:  # noqa: BLE001 - whatever it is, the test is to show it
                        troubles.append(trouble)

    together = [
        threading.Thread(target=back_and_forth, args=(first, second, ids[0])),
        threading.Thread(target=back_and_forth, args=(second, first, ids[1])),
    ]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert troubles == []
