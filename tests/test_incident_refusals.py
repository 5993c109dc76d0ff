"""Whatever is refused about an incident says which field is at fault, by which code, and in which words; and changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.db import db, new_id, now, transaction
from app.errors import Conflict, Faults, Invalid, NotFound, VersionMismatch
from app.models import Activity, Incident
from app.service import incidents
from app.service.incidents import Changes, NewIncident
from app.service.incidents.acts import RESTORE_WITHIN
from app.service.incidents.read import links_page
from tests import make

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"
NO_ID = ("field_invalid", "Write the id as a UUID of 36 characters.")
NO_SUCH = ("threat_unknown", "This incident has no such threat.")
MISSING = ("field_required", "Give at least one threat.")


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


def acts():
    return db.session.scalar(sa.select(sa.func.count()).select_from(Activity))


def faults_of(verb, *arguments, **named) -> dict[str, tuple[str, str]]:
    """Return the faults for which the verb refuses, which it writes nothing for; those found before it are among them."""
    before = acts()
    found: list[dict[str, tuple[str, str]]] = []
    for faults in (None, Faults()):
        if faults is not None:
            faults.add("earlier", "field_invalid", "Found by the edge.")
        with pytest.raises(Invalid) as refused:
            verb(*arguments, **named, faults=faults)
        found.append({fault.field: (fault.code, fault.issue) for fault in refused.value.faults})
    assert found[1] == {"earlier": ("field_invalid", "Found by the edge."), **found[0]}
    assert acts() == before
    return found[0]


def conflict_of(verb, *arguments, **named) -> tuple[str, str]:
    before = acts()
    with pytest.raises(Conflict) as refused:
        verb(*arguments, **named)
    assert acts() == before
    return refused.value.code, str(refused.value)


def test_creating_names_every_fault(who, ids):
    new = NewIncident(None, "x" * 10_001, "all", [ids[0], NOBODY, "x"])
    assert faults_of(incidents.create, who, new) == {
        "title": ("field_required", "Enter a title."),
        "description": ("field_invalid", "Use at most 10,000 characters; this has 10,001."),
        "scope": ("field_invalid", "Choose one of: aggregate, investigation."),
        "threat_ids[1]": ("threat_unknown", "No threat has this id."),
        "threat_ids[2]": NO_ID,
    }
    assert faults_of(incidents.create, who, NewIncident("x" * 201))["title"][1] == "Use at most 200 characters; this has 201."
    many = NewIncident("Made", threat_ids=[NOBODY] * 10_001)
    assert faults_of(incidents.create, who, many)["threat_ids"][1] == "Give at most 10,000 threats; this has 10,001."


def test_linking_names_every_fault(who, ids):
    it = made(who, ids)
    assert faults_of(incidents.link, who, it) == {"threat_ids": MISSING}
    assert faults_of(incidents.link, who, it, [NOBODY, ids[0]]) == {"threat_ids[0]": ("threat_unknown", "No threat has this id.")}


def test_another_tenants_threat_is_none_that_can_be_linked(context, who, ids):
    it = made(who, ids)
    theirs = [str(i) for i in make.put_threats(context, make.actor(context, "elsewhere"), 1)]
    unknown = {"threat_ids[0]": ("threat_unknown", "No threat has this id.")}
    assert faults_of(incidents.link, who, it, theirs) == unknown
    assert faults_of(incidents.create, who, NewIncident("Made", threat_ids=theirs)) == unknown


def test_taking_out_names_every_fault(who, ids):
    it, other = made(who, ids[:2]), made(who, ids[2:])
    assert faults_of(incidents.unlink, who, it, []) == {"threat_ids": MISSING}
    bad = [ids[0], ids[2], "x", NOBODY]
    expected = {"threat_ids[1]": NO_SUCH, "threat_ids[2]": NO_ID, "threat_ids[3]": NO_SUCH}
    assert faults_of(incidents.unlink, who, it, bad) == expected
    assert faults_of(incidents.move, who, it, bad, str(other)) == expected
    assert faults_of(incidents.split, who, it, NewIncident(" ", "x" * 10_001, "all", bad)) == {
        "title": ("field_required", "Enter a title."),
        "description": ("field_invalid", "Use at most 10,000 characters; this has 10,001."),
        "scope": ("field_invalid", "Choose one of: aggregate, investigation."),
        **expected,
    }
    many = faults_of(incidents.unlink, who, it, [NOBODY] * 10_001)
    assert many == {"threat_ids": ("field_invalid", "Give at most 10,000 threats; this has 10,001.")}
    title = faults_of(incidents.split, who, it, NewIncident("x" * 201, threat_ids=ids[:1]))
    assert title == {"title": ("field_invalid", "Use at most 200 characters; this has 201.")}


def test_moving_names_the_incident_that_is_none(who, ids):
    it = made(who, ids)
    unknown = {"to_incident_id": ("incident_unknown", "No incident has this id.")}
    for nothing in (None, ""):
        assert faults_of(incidents.move, who, it, ids[:1], nothing) == {
            "to_incident_id": ("field_required", "Say which incident they go to.")
        }
    assert faults_of(incidents.move, who, it, ids[:1], "x") == {"to_incident_id": NO_ID}
    assert faults_of(incidents.move, who, it, ids[:1], NOBODY) == unknown
    gone = made(who, [])
    incidents.delete(who, gone)
    assert faults_of(incidents.move, who, it, [], str(gone)) == {"threat_ids": MISSING, **unknown}


def test_merging_names_every_fault(who, ids):
    it, gone = made(who, ids), made(who, [])
    incidents.delete(who, gone)
    unknown = ("incident_unknown", "No incident has this id.")
    assert faults_of(incidents.merge, who, it, [], " ") == {
        "incident_ids": ("field_required", "Give at least one incident."),
        "reason": ("field_required", "Say why they belong together."),
    }
    assert faults_of(incidents.merge, who, it, ["x", NOBODY, NOBODY, str(gone)], "x" * 1_001) == {
        "incident_ids[0]": NO_ID,
        "incident_ids[1]": unknown,
        "incident_ids[3]": unknown,
        "reason": ("field_invalid", "Use at most 1,000 characters; this has 1,001."),
    }
    assert faults_of(incidents.merge, who, it, [NOBODY] * 1_001, "same") == {
        "incident_ids": ("field_invalid", "Merge at most 100 at once; this has 1,001.")
    }
    assert faults_of(incidents.merge, who, it, [NOBODY] * 100, "same") == {"incident_ids[0]": unknown}


def test_a_hundred_incidents_are_merged_at_once(who, ids):
    it, other = made(who, []), made(who, ids[:1])
    merged = incidents.merge(who, it, [str(other)] * 100, "x" * 1_000)
    assert merged.incident.link_count == 1


def test_changing_names_every_fault(who, ids):
    it = made(who, ids)
    assert faults_of(incidents.change, who, it, Changes(" ", "x" * 10_001, "all", "gone")) == {
        "title": ("field_required", "Enter a title."),
        "description": ("field_invalid", "Use at most 10,000 characters; this has 10,001."),
        "scope": ("field_invalid", "Choose one of: aggregate, investigation."),
        "status": ("field_invalid", "Choose one of: open, closed, resolved."),
    }
    long = faults_of(incidents.change, who, it, Changes("x" * 201))
    assert long == {"title": ("field_invalid", "Use at most 200 characters; this has 201.")}
    assert faults_of(incidents.comment, who, it, " ") == {"body": ("field_required", "Enter a comment.")}
    assert faults_of(incidents.comment, who, it, "x" * 10_001)["body"][1] == "Use at most 10,000 characters; this has 10,001."


def test_a_place_in_the_list_of_links_that_is_none_is_a_fault(who, ids):
    it = made(who, ids)
    none = {"cursor": ("field_invalid", "This cursor is not one of this list.")}
    for cursor in ("", "x" * 32, NOBODY):
        assert faults_of(links_page, who, it, {"cursor": cursor}) == none


def test_what_belongs_nowhere_is_a_conflict(who, ids):
    it = made(who, ids)
    assert conflict_of(incidents.move, who, it, ids[:1], str(it)) == ("state_conflict", "They are in this incident already.")
    assert conflict_of(incidents.merge, who, it, [str(it)], "same") == (
        "state_conflict",
        "An incident can't be merged into itself.",
    )
    assert conflict_of(incidents.restore, who, it) == ("state_conflict", "This incident is not deleted.")


@pytest.mark.parametrize("status", ["closed", "resolved"])
def test_an_incident_that_is_not_open_takes_no_threats(who, ids, status):
    it, other = made(who, ids[:1], "Shut"), made(who, ids[1:])
    incidents.change(who, it, Changes(status=status))
    shut = ("incident_not_open", f"“Shut” is {status}. Reopen it first, then link threats to it.")
    assert conflict_of(incidents.link, who, it, ids[1:2]) == shut
    assert conflict_of(incidents.move, who, other, ids[1:2], str(it)) == shut
    assert conflict_of(incidents.merge, who, it, [str(other)], "same") == shut


def test_an_incident_that_was_merged_stays_as_it_is(who, ids):
    it, other = made(who, ids[:1], "Gone"), made(who, ids)
    incidents.merge(who, other, [str(it)], "same")
    gone = ("state_conflict", "“Gone” was merged into another incident and can't be changed.")
    for verb, arguments in (
        (incidents.link, (ids[1:2],)),
        (incidents.unlink, (ids[:1],)),
        (incidents.move, (ids[:1], str(other))),
        (incidents.split, (NewIncident("Part", threat_ids=ids[:1]),)),
        (incidents.merge, ([str(other)], "same")),
        (incidents.change, (Changes("New"),)),
        (incidents.comment, ("Noted.",)),
        (incidents.delete, ()),
    ):
        assert conflict_of(verb, who, it, *arguments) == gone
    assert conflict_of(incidents.move, who, other, ids[:1], str(it)) == gone
    assert conflict_of(incidents.merge, who, other, [str(it)], "same") == gone


def test_an_incident_that_is_not_there_is_not_found(who, ids):
    gone = made(who, ids)
    act = latest(gone)
    incidents.delete(who, gone)
    for missing in (gone, new_id()):
        for verb, arguments in (
            (incidents.link, (ids,)),
            (incidents.unlink, (ids,)),
            (incidents.move, (ids, str(made(who, [])))),
            (incidents.split, (NewIncident("Part", threat_ids=ids),)),
            (incidents.merge, ([str(made(who, []))], "same")),
            (incidents.change, (Changes("New"),)),
            (incidents.comment, ("Noted.",)),
            (incidents.delete, ()),
            (incidents.get, ()),
            (incidents.timeline, ()),
            (links_page, ({},)),
        ):
            with pytest.raises(NotFound, match=r"^There is no such incident\.$"):
                verb(who, missing, *arguments)
    with pytest.raises(NotFound, match=r"^There is no such incident\.$"):
        incidents.restore(who, new_id())
    with pytest.raises(NotFound, match=r"^There is no such act\.$"):
        incidents.undo(who, new_id(), act)


def test_a_version_that_was_not_the_last_seen_is_told_the_present_one(who, ids):
    it, other = made(who, ids[:1]), made(who, ids[1:])
    incidents.change(who, it, Changes("New"))
    for verb, arguments in (
        (incidents.link, (ids[1:2],)),
        (incidents.unlink, (ids[:1],)),
        (incidents.move, (ids[:1], str(other))),
        (incidents.split, (NewIncident("Part", threat_ids=ids[:1]),)),
        (incidents.merge, ([str(other)], "same")),
        (incidents.change, (Changes("Newer"),)),
        (incidents.delete, ()),
        (incidents.undo, (latest(it),)),
    ):
        for expected in (1, 3):
            with pytest.raises(VersionMismatch) as refused:
                verb(who, it, *arguments, expected=expected)
            assert refused.value.current == 2
    assert incidents.undo(who, it, latest(it), expected=2).incident.version == 3


def test_the_thirtieth_day_is_the_last_for_bringing_back(who, ids):
    it = made(who, ids)
    act = incidents.delete(who, it)
    for ago, whole in ((RESTORE_WITHIN - timedelta(minutes=1), True), (RESTORE_WITHIN + timedelta(minutes=1), False)):
        with transaction() as session:
            session.execute(sa.update(Incident).where(Incident.id == it).values(deleted_at=now() - ago))
        db.session.expire_all()
        if whole:
            assert incidents.restore(who, it).incident.deleted_at is None
            act = incidents.delete(who, it)
        else:
            late = ("state_conflict", "It was deleted more than 30 days ago.")
            assert conflict_of(incidents.restore, who, it) == conflict_of(incidents.undo, who, it, act) == late


def test_what_can_not_be_undone_says_why(who, ids):
    it = made(who, ids)
    said = incidents.comment(who, it, "Noted.")
    assert conflict_of(incidents.undo, who, it, said) == ("state_conflict", "An act of this kind can't be undone.")
    incidents.unlink(who, it, ids[:1])
    act = latest(it)
    incidents.undo(who, it, act)
    assert conflict_of(incidents.undo, who, it, act) == ("state_conflict", "This was undone already.")


def test_the_later_act_that_bars_an_undo_is_told_with_its_time_and_its_doer(context, ids):
    ada = make.person(context)
    it, other = made(ada, ids[:3]), made(ada, ids[3:])

    def barred(doing, *, on=it, undoing):
        doing()
        act = db.session.get(Activity, (ada.tenant_id, latest(on)))
        code, words = conflict_of(incidents.undo, ada, it, undoing)
        assert code == "undo_blocked"
        before, after = f"Later, on {act.at:%Y-%m-%d at %H:%M} UTC, ", f" by {ada.name}. Undo that first."
        assert words.startswith(before)
        assert words.endswith(after)
        incidents.undo(ada, on, act.id)
        return words.removeprefix(before).removesuffix(after)

    incidents.link(ada, it, ids[3:4])
    linked = latest(it)
    takes_out = lambda: incidents.unlink(ada, it, ids[3:4])  # noqa: E731
    assert barred(takes_out, undoing=linked) == "threats were taken out"
    assert barred(lambda: incidents.move(ada, it, ids[3:4], str(other)), undoing=linked) == "threats were moved"
    assert (
        barred(lambda: incidents.split(ada, it, NewIncident("Part", threat_ids=ids[3:4])), undoing=linked)
        == "the incident was split"
    )
    assert barred(lambda: incidents.delete(ada, it), undoing=linked) == "the incident was deleted"
    incidents.change(ada, it, Changes("Renamed"))
    renamed = latest(it)
    assert barred(lambda: incidents.change(ada, it, Changes("Again")), undoing=renamed) == "the incident was edited"
    incidents.change(ada, it, Changes(status="closed"))
    closed = latest(it)
    assert barred(lambda: incidents.change(ada, it, Changes(status="open")), undoing=closed) == "the status was changed"
    incidents.undo(ada, it, closed)
    assert barred(lambda: incidents.merge(ada, other, [str(it)], "same"), on=other, undoing=renamed) == "incidents were merged"
    incidents.unlink(ada, it, ids[:1])
    unlinked = latest(it)
    assert barred(lambda: incidents.link(ada, it, ids[:1]), undoing=unlinked) == "threats were linked"
    gone = incidents.delete(ada, it)
    incidents.restore(ada, it)
    assert conflict_of(incidents.undo, ada, it, gone)[1].split(", ")[2].startswith("the incident was restored by ")
