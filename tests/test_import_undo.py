"""Undoing an import: what it brought goes, what it changed is as it was, what has been used since stays, and all adds up."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import Base, db, new_id, now, transaction
from app.errors import Conflict, Denied, Faults, Invalid, NotFound
from app.models import Activity, ImportRun, Incident, Job, Threat, ThreatGone, ThreatLink, ThreatVersion
from app.service import imports, incidents, jobs, live_index, threats
from app.service.actor import Actor
from app.service.imports.undo import BATCH
from app.service.incidents import NewIncident
from app.service.incidents.acts import Act, hold
from app.service.jobs import Lost
from app.service.live_index.live import forget
from app.service.threats.change import ThreatChanges
from app.terms import Severity, ThreatStatus
from tests import make
from tests.test_imports import counts, let_leases_end, quakes, run_import
from tests.test_live_index import ask

HEAD = "id,title,lat,lng,severity,time,location\n"


def roads(numbers: range, title: str = "Road", lat: float = 6.4, severity: str = "high", day: int = 18) -> bytes:
    rows = (f"{n},{title} {n},{lat},3.4,{severity},2026-04-{day}T09:00:00Z,Apapa\n" for n in numbers)
    return (HEAD + "".join(rows)).encode()


def bring(actor: Actor, content: bytes) -> ImportRun:
    return run_import(actor, "roads.csv", content)


def undone(actor: Actor, run_id: UUID) -> ImportRun:
    """Have an import undone, as a worker does it."""
    imports.undo(actor, run_id)
    claim = jobs.take(new_id(), only=(actor, "undo_import", run_id))
    assert claim
    imports.work_undo(claim)
    return imports.get(actor, run_id)


def ids_by_number() -> dict[int, UUID]:
    return {int(threat.external_id): threat.id for threat in db.session.scalars(sa.select(Threat))}


def told(*titles: str, at: int) -> bytes:
    """Return a feed that tells of one earthquake several times."""
    changes = [{"title": title, "updated": 1_700_000_000_000 + at + i} for i, title in enumerate(titles)]
    return quakes(*changes).replace(b"us1", b"us0")


class PowerCutError(Exception):
    pass


def rows_of_threats() -> dict[str, int]:
    """Return how many rows there are in each table that speaks of threats, but not of the acts on them."""
    tables = [table for name, table in Base.metadata.tables.items() if name.startswith("threat")]
    return {table.name: db.session.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables}


def test_an_import_that_nobody_has_used_goes_without_a_trace_and_comes_again(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        before = rows_of_threats()
        run = bring(actor, roads(range(30)))
        full = rows_of_threats()
        assert len(ask(actor)) == 30
        done = undone(actor, run.id)
        assert (done.state, done.message) == ("undone", "Undone: 30 threats taken out.")
        assert counts(done) == {"new": 30}
        assert rows_of_threats() == {**before, "threat_gone": 30}
        assert ask(actor) == ask(actor, q="road") == set()
        assert threats.facets(actor)["source"] == []
        assert counts(bring(actor, roads(range(30)))) == {"new": 30}
        assert rows_of_threats() == {**full, "threat_gone": 30}
        assert len(ask(actor)) == len(ask(actor, q="road apapa")) == 30


def test_what_it_changed_is_as_it_was_found_by_its_old_words_and_takes_the_file_again(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        bring(actor, roads(range(5)))
        ids = ids_by_number()
        incident_id = make.incident(app, actor, [ids[0]])
        shown = {name: getattr(db.session.get(Threat, (actor.tenant_id, ids[0])), name) for name in threats.held.STATED}
        run = bring(actor, roads(range(3), "Bridge", 7.5, "low", day=19))
        assert counts(run) == {"updated": 3}
        db.session.commit()
        assert db.session.scalar(sa.select(Incident.started_at)).day == 19
        assert undone(actor, run.id).message == "Undone: 3 threats put back to what they were."
        db.session.expire_all()
        for number in range(3):
            threat = db.session.get(Threat, (actor.tenant_id, ids[number]))
            assert (threat.title, threat.lat, threat.severity) == (f"Road {number}", 6.4, Severity.HIGH)
            assert threat.version_count == 3
        assert {name: getattr(db.session.get(Threat, (actor.tenant_id, ids[0])), name) for name in shown} == shown
        newest = threats.versions(actor, ids[0]).items[-1]
        assert [(d.field, d.before, d.after) for d in newest.differences if d.field == "title"] == [
            ("title", "Bridge 0", "Road 0")
        ]
        assert (ask(actor, q="bridge"), len(ask(actor, q="road"))) == (set(), 5)
        assert db.session.scalar(sa.select(Incident.started_at)).day == 18
        assert incidents.get(actor, incident_id).incident.link_count == 1
        assert counts(bring(actor, roads(range(3), "Bridge", 7.5, "low", day=19))) == {"updated": 3}


def test_several_versions_of_one_run_are_taken_back_together(app: Flask):
    actor = make.actor(app)
    title = sa.select(Threat.title)
    with app.app_context():
        run_import(actor, "a.json", told("M 5.1", at=0))
        run = run_import(actor, "b.json", told("M 5.2", "M 5.3", at=10))
        assert (counts(run), db.session.scalar(title)) == ({"updated": 2}, "M 5.3")
        assert undone(actor, run.id).message == "Undone: 1 threat put back to what it was."
        assert db.session.scalar(title) == "M 5.1"
        there_and_back = run_import(actor, "c.json", told("M 5.4", "M 5.1", at=20))
        versions = db.session.scalar(sa.select(Threat.version_count))
        assert (counts(there_and_back), versions) == ({"updated": 2}, 6)
        assert undone(actor, there_and_back.id).message == "Undone: 1 threat put back to what it was."
        assert (db.session.scalar(title), db.session.scalar(sa.select(Threat.version_count))) == ("M 5.1", versions)


def test_what_has_been_used_or_changed_since_is_kept_each_with_its_reason(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        bring(actor, roads(range(10, 13)))
        run = bring(actor, roads(range(12), "Bridge"))
        ids = ids_by_number()
        incident_id = make.incident(app, actor, [ids[0], ids[1]])
        incidents.unlink(actor, incident_id, [str(ids[1])])
        threats.change(actor, ids[2], ThreatChanges(pinned=True))
        threats.change(actor, ids[3], ThreatChanges(status="contained"))
        threats.change(actor, ids[4], ThreatChanges(pinned=True))
        threats.change(actor, ids[4], ThreatChanges(pinned=False))
        bring(actor, roads(range(5, 6), "Tunnel"))
        threats.change(actor, ids[10], ThreatChanges(status="dismissed", dismissal_reason="A drill."))
        done = undone(actor, run.id)
        assert done.message == (
            "Undone: 4 threats taken out; 1 threat put back to what it was; "
            "2 threats kept because they are or were in incidents; "
            "2 threats kept because they were pinned or judged by a person; "
            "3 threats kept because they were changed since."
        )
        assert sum(done.undo["counts"].values()) == done.undo["total"] == 12
        kept = ids_by_number()
        assert sorted(kept) == [0, 1, 2, 3, 4, 5, 10, 11, 12]
        titles = dict(db.session.execute(sa.select(Threat.external_id, Threat.title)).all())
        assert (titles["0"], titles["5"], titles["10"], titles["11"]) == ("Bridge 0", "Tunnel 5", "Bridge 10", "Road 11")
        assert set(ask(actor)) == set(kept.values())
        judged = db.session.get(Threat, (actor.tenant_id, ids[10]), populate_existing=True)
        assert (judged.status, judged.status_is_set) == (ThreatStatus.DISMISSED, True)


def test_undoing_one_import_after_the_other_newest_first_leaves_nothing_and_puts_everything_back(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        first = bring(actor, roads(range(4)))
        second = bring(actor, roads(range(1, 4), "Bridge"))
        third = bring(actor, roads(range(2, 4), "Tunnel"))
        assert undone(actor, third.id).message == "Undone: 2 threats put back to what they were."
        assert set(db.session.scalars(sa.select(Threat.title))) == {"Road 0", "Bridge 1", "Bridge 2", "Bridge 3"}
        assert undone(actor, second.id).message == "Undone: 3 threats put back to what they were."
        assert set(db.session.scalars(sa.select(Threat.title))) == {f"Road {number}" for number in range(4)}
        assert undone(actor, first.id).message == "Undone: 4 threats taken out."
        assert ask(actor) == set()


def test_an_import_that_changed_there_and_back_and_was_undone_keeps_nothing(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        first = run_import(actor, "a.json", told("M 5.1", at=0))
        there_and_back = run_import(actor, "b.json", told("M 5.4", "M 5.1", at=20))
        assert counts(there_and_back) == {"updated": 2}
        assert undone(actor, there_and_back.id).message == "Undone: 1 threat put back to what it was."
        assert undone(actor, first.id).message == "Undone: 1 threat taken out."


def test_an_import_between_that_was_not_undone_keeps_what_it_changed(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        first = bring(actor, roads(range(3)))
        bring(actor, roads(range(1), "Bridge"))
        third = bring(actor, roads(range(2), "Tunnel"))
        assert undone(actor, third.id).message == "Undone: 2 threats put back to what they were."
        assert undone(actor, first.id).message == ("Undone: 2 threats taken out; 1 threat kept because it was changed since.")
        assert list(db.session.scalars(sa.select(Threat.title))) == ["Bridge 0"]


def test_it_goes_on_where_it_was_cut_off_and_takes_nothing_back_twice(app: Flask, monkeypatch):
    actor = make.actor(app)
    with app.app_context():
        bring(actor, roads(range(10)))
        run = bring(actor, roads(range(2 * BATCH + 10), "Bridge"))
        imports.undo(actor, run.id)
        hold, held = jobs.Claim.hold, []

        def cut(claim, **given):
            held.append(claim)
            if len(held) == 3:
                raise PowerCutError
            hold(claim, **given)

        monkeypatch.setattr(jobs.Claim, "hold", cut)
        with pytest.raises(PowerCutError):
            imports.work_undo(jobs.take(new_id()))
        monkeypatch.undo()
        halfway = imports.get(actor, run.id)
        assert (halfway.state, halfway.undo["total"]) == ("undoing", 2 * BATCH + 10)
        assert sum(halfway.undo["counts"].values()) == 2 * BATCH
        let_leases_end(app)
        again = jobs.take(new_id())
        with pytest.raises(Lost):  # the first worker is not dead after all
            held[0].hold()
        db.session.rollback()
        imports.work_undo(again)
        assert imports.get(actor, run.id).message == "Undone: 2,000 threats taken out; 10 threats put back to what they were."
        assert len(ask(actor)) == 10
        assert db.session.scalar(sa.select(sa.func.max(ThreatVersion.number))) == 3


def test_asking_twice_at_once_is_one_undo(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        run_id = bring(actor, roads(range(3))).id
    failed = []

    def ask_for_it() -> None:
        with app.app_context():
            try:
                imports.undo(actor, run_id)
            except Exception as error:  # noqa: BLE001 - it is told below
                failed.append(error)

    clicks = [threading.Thread(target=ask_for_it) for _ in range(4)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert not failed
    assert make.do_jobs(app) == 1
    with app.app_context():
        imports.undo(actor, run_id)
        assert make.do_jobs(app) == 0
        kinds = db.session.scalars(sa.select(Activity.kind).where(Activity.kind == "import_undone")).all()
        assert kinds == ["import_undone"]


def test_nothing_that_is_linked_while_an_import_is_undone_is_lost(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        run_id = bring(actor, roads(range(3 * BATCH))).id
        ids = list(ids_by_number().values())
    failed, refused, over = [], [], threading.Event()

    def link(seed: int) -> None:
        random = Random(seed)
        while not over.wait(0.002):
            some = [str(threat_id) for threat_id in random.sample(ids, 3)]
            try:
                with app.app_context():
                    incidents.create(actor, NewIncident(title="Floods", threat_ids=some))
            except (Invalid, Conflict, sa.exc.OperationalError) as error:  # some are gone already, or go just now
                refused.append(error)
            except Exception as error:  # noqa: BLE001 - it is told below
                failed.append(error)

    linkers = [threading.Thread(target=link, args=(seed,)) for seed in range(2)]
    for linker in linkers:
        linker.start()
    try:
        with app.app_context():
            imports.undo(actor, run_id)
            claim = jobs.take(new_id(), only=(actor, "undo_import", run_id))
            while imports.get(actor, run_id).state == "undoing":
                with suppress(sa.exc.OperationalError):  # three writers and a busy machine: it goes on where it was
                    imports.work_undo(claim)
            counted = imports.get(actor, run_id).undo["counts"]
    finally:
        over.set()
        for linker in linkers:
            linker.join()
    assert not failed
    with app.app_context():
        linked = set(db.session.scalars(sa.select(ThreatLink.threat_id)))
        assert linked == set(ids_by_number().values()) == ask(actor)
        assert counted["linked"] == len(linked)
        assert counted["linked"] + counted["out"] == 3 * BATCH
        assert refused


def test_who_links_a_threat_that_goes_just_then_is_told_so_and_nothing_is_linked(app: Flask):
    actor = make.actor(app)
    [there] = make.put_threats(app, actor, 1)
    incident_id = make.incident(app, actor, [])
    with app.app_context():
        with transaction():
            incident = hold(actor, incident_id)
            linking = Act(actor, "threat_linked", [incident])
        with pytest.raises(Conflict, match="taken out just now"), transaction():
            linking.link(incident, [there, new_id()])
        assert db.session.scalar(sa.select(sa.func.count()).select_from(ThreatLink)) == 0


def test_only_an_import_that_is_over_or_given_up_is_undone(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        run = imports.draft(actor, "roads.csv", roads(range(3)))
        with pytest.raises(Conflict, match="not over"):
            imports.undo(actor, run.id)
        imports.start(actor, run.id)
        with pytest.raises(Conflict, match="not over"):
            imports.undo(actor, run.id)
        with transaction() as session:
            gone = {"state": "dead", "message": jobs.CUT_OFF, "finished_at": now() - timedelta(minutes=1)}
            session.execute(sa.update(Job).values(gone))
        assert imports.progress(actor, imports.get(actor, run.id)).stands == "given_up"
        assert undone(actor, run.id).message == "Undone. It had changed no threat."
        assert jobs.dead(actor).total == 0
        with pytest.raises(NotFound):
            imports.undo(make.actor(app, "Other"), run.id)
        with pytest.raises(Denied):
            imports.undo(make.person(app, role="viewer"), run.id)


def test_an_id_that_went_and_was_given_again_goes_again(app: Flask):
    actor, mine = make.actor(app), UUID(int=7)
    with app.app_context():
        for times in (1, 2):
            run = bring(actor, roads(range(1)))
            chosen = {("roads", "r"): mine}
            record = make.record(0, source="roads", external_id="r")
            (outcome,) = threats.upsert(actor, [record], faults=Faults(), ids=chosen)
            with transaction() as session:  # as if the run had brought it
                acts = session.scalar(sa.select(ImportRun.acts).where(ImportRun.id == run.id))
                session.execute(sa.update(ImportRun).values(acts=[*acts, str(outcome.act_id)]))
            assert mine in ask(actor)
            undone(actor, run.id)
            assert ask(actor) == set()
            assert db.session.scalar(sa.select(sa.func.count()).select_from(ThreatGone)) == 1 + times


def test_an_index_that_was_read_before_and_one_that_is_read_after_agree(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        bring(actor, roads(range(4)))
        before = live_index.ask(actor, {})[0].snapshot.version
        run = bring(actor, roads(range(4, 8)))
        brought = live_index.ask(actor, {})[0].snapshot.version
        undone(actor, run.id)
        followed = live_index.ask(actor, {})[0].snapshot
        assert len({before, brought, followed.version}) == 3
        known = ask(actor)
        forget(db.engine)
        assert ask(actor) == known == set(ids_by_number().values())
        assert len(known) == 4
