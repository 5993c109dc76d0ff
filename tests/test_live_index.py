"""The index in step with the database: the same answers as plain SQL over the same state, also while others write."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from random import Random
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db, transaction
from app.errors import Faults, Invalid, Unavailable, Warming
from app.geo.box import Box
from app.geo.circle import Circle
from app.geo.polygon import Polygon
from app.index.part import STATUSES, bytes_of
from app.index.question import Matches
from app.index.view import view
from app.models import Threat, ThreatVersion
from app.service import incidents, live_index, selection, threats
from app.service.actor import act
from app.service.live_index import live
from app.service.live_index.asking import question_of
from app.service.selection import Selection, Step
from app.service.selection.resolve import selected_rows
from app.service.threats.change import ThreatChanges
from app.service.threats.filters import inside, matching
from app.service.threats.take_back import take_back
from app.terms import Severity, ThreatStatus
from tests import make

TRIPLES = 100  # for each engine, quiet and with a writer; tests/bench has the long run


def found(matches: Matches, rows=None) -> set[UUID]:
    parts = zip(matches.snapshot.parts, matches.masks if rows is None else rows, strict=True)
    return {UUID(bytes=raw) for part, these in parts for raw in bytes_of(part.ids_at(these))}


def ask(who, **values) -> set[UUID]:
    return found(live_index.ask(who, values)[0])


def fill(app: Flask, who, random: Random, count: int, source: str = "test") -> list[UUID]:
    records = [
        make.record(
            i,
            source=source,
            title=random.choice(("Flood at the harbour", "Strike in Apapa", "Outage")),
            threat_type=random.choice((None, "flood", "strike")),
            status=random.choice(list(ThreatStatus)),
            location_country=random.choice((None, "NG", "FR")),
            **(
                {"lat": random.uniform(-90, 90), "lng": random.uniform(-180, 180)}
                if random.random() < 0.9
                else {"lat": None, "lng": None}
            ),
            observed_at=None if random.random() < 0.1 else make.WHEN.replace(hour=random.randrange(24)),
        )
        for i in range(count)
    ]
    with app.app_context():
        return [outcome.threat_id for outcome in threats.upsert(who, records, faults=Faults())]


def take_out(app: Flask, who, ids: list[UUID]) -> None:
    """Take threats out as the undo of the import that brought them does."""
    with app.app_context():
        take_out_within(who, ids)


def take_out_within(who, ids: list[UUID]) -> None:
    with transaction() as session:
        brought = set(session.scalars(sa.select(ThreatVersion.act_id).where(ThreatVersion.threat_id.in_(ids))))
        done = act(who, "import_undone")
        session.add(done)
        session.flush()
        assert take_back(who, brought, done.id, ids, {}) == {"out": len(ids)}


def some_place(random: Random) -> dict:
    if random.random() < 0.1:
        return {"lat": None, "lng": None}
    return {"lat": random.uniform(-90, 90), "lng": random.uniform(-180, 180)}


def some_filters(random: Random, incident_ids: list[UUID]) -> dict:
    choices = {
        "q": random.choice(("har", "strike apa", "nothing")),
        "severity": tuple(random.sample(list(Severity), 2)),
        "status": tuple(random.sample(list(ThreatStatus), 3)),
        "threat_type": ("flood", "quake"),
        "source": ("test",),
        "location_country": ("NG",),
        "bbox": some_box(random),
        "observed_from": make.WHEN.replace(hour=random.randrange(24)),
        "observed_to": make.WHEN.replace(hour=random.randrange(24)),
        "arrived_from": make.WHEN,
        "incident_id": random.choice(incident_ids),
        "ungrouped": random.random() < 0.5,
    }
    return {name: choices[name] for name in random.sample(sorted(choices), random.randrange(4))}


def some_box(random: Random) -> Box:
    south, north = sorted((random.uniform(-90, 90), random.uniform(-90, 90)))
    return Box(random.uniform(-180, 180), south, random.uniform(-180, 180), north)


def some_step(random: Random, ids: list[UUID], incident_ids: list[UUID]) -> Step:
    kind = random.randrange(4)
    adds = random.random() < 0.7
    if kind == 0:
        return Step(adds, ids=tuple(random.sample(ids, 10)))
    filters = some_filters(random, incident_ids)
    if kind == 1:
        return Step(adds, filters=filters)
    lng, lat = random.uniform(-180, 180), random.uniform(-60, 60)
    if kind == 2:
        return Step(adds, area=Circle(lat, lng, random.uniform(100, 9000)), filters=filters)
    ring = [[lng, lat], [lng + 70, lat - 20], [lng + 50, lat + 30], [lng, lat]]
    return Step(adds, area=Polygon.from_geojson({"type": "Polygon", "coordinates": [ring]}), filters=filters)


def by_sql(connection: sa.Connection, who, step: Step) -> set[UUID]:
    """Return what a step means by plain SQL, and by asking the area about each place."""
    if step.ids is not None:
        return set(step.ids)
    rows = connection.execute(sa.select(Threat.id, Threat.lng, Threat.lat).where(*matching(who, step.filters))).all()
    if step.area is None:
        return {row.id for row in rows}
    placed = [row for row in rows if row.lat is not None]
    within = step.area.contains(np.array([row.lng for row in placed]), np.array([row.lat for row in placed]))
    return {row.id for row, is_in in zip(placed, within, strict=True) if is_in}


def compare(who, random: Random, ids: list[UUID], incident_ids: list[UUID]) -> None:
    """Compare one view, filter and selection with SQL, both in one transaction's state."""
    filters, box = some_filters(random, incident_ids), some_box(random)
    steps = tuple(some_step(random, ids, incident_ids) for _ in range(random.randrange(1, 4)))
    one = live._live(db.engine, who.tenant_id)
    one._wait_until_loaded()
    with one._reading() as connection:
        with one._lock:
            snapshot = one._refresh(connection)
        matches, *of_steps = (
            Matches(snapshot, question_of(who, values, connection)) for values in (filters, *(step.filters for step in steps))
        )
        conditions = matching(who, filters)
        assert found(matches) == set(connection.execute(sa.select(Threat.id).where(*conditions)).scalars()), filters
        in_box = connection.execute(sa.select(sa.func.count()).select_from(Threat).where(*conditions, inside(box))).scalar_one()
        assert view(matches, box, random.randrange(12)).in_view == in_box, (filters, box)
        expected: set[UUID] = set()
        for step in steps:
            meant = by_sql(connection, who, step)
            expected = expected | meant if step.adds else expected - meant
        assert found(matches, selected_rows(Selection(steps), of_steps, Faults())) == expected, steps


def test_every_severity_and_status_has_a_category_of_its_own():
    categories = {severity.rank * STATUSES + place for severity in Severity for place in live.rows.STATUS_PLACES.values()}
    assert len(categories) == len(Severity) * len(ThreatStatus)
    assert max(categories) <= np.iinfo(np.uint8).max


def test_views_filters_and_selections_agree_with_sql(app, engine_name):
    who, random = make.actor(app), Random(7)
    ids = fill(app, who, random, 300)
    incident_ids = [make.incident(app, who, ids[i : i + 20]) for i in (0, 15, 200)]
    with app.app_context():
        incidents.delete(who, incident_ids[2])
        for _ in range(TRIPLES):
            compare(who, random, ids, incident_ids)


def test_they_agree_while_others_write(app, engine_name):
    who, random = make.actor(app), Random(8)
    ids = fill(app, who, random, 200)
    incident_ids = [make.incident(app, who, ids[:20])]
    stop, failed, written = threading.Event(), [], []

    def write(number: int) -> None:
        mine = Random(number)
        try:
            while not stop.is_set():
                with suppress(sa.exc.OperationalError):  # two writers and a busy machine: SQLite may give up waiting
                    fill(app, who, mine, mine.randrange(1, 40), source=f"writer {number}")
                    fill(app, who, mine, 5)
                    made = make.incident(app, who, mine.sample(ids, 3))
                    brought = fill(app, who, mine, mine.randrange(2, 40), source=f"{number} {mine.random()}")
                    kept = mine.randrange(1, len(brought))
                    make.incident(app, who, brought[:kept])
                    take_out(app, who, brought[kept:])
                    with app.app_context():
                        threats.change(who, mine.choice(ids), ThreatChanges(pinned=mine.random() < 0.5, status="contained"))
                        incidents.unlink(who, made, [str(link.threat_id) for link in incidents.get(who, made).links[:1]])
                        incidents.delete(who, made)
                    written.append(number)
        except Exception as error:  # noqa: BLE001 - it is told below
            failed.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for writer in writers:
        writer.start()
    try:
        with app.app_context():
            for _ in range(TRIPLES):
                compare(who, random, ids, incident_ids)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert not failed
    assert written


def test_a_write_is_in_the_next_answer_of_every_worker(app, engine_name):
    who = make.actor(app)
    first, second = make.put_threats(app, who, 2)
    with app.app_context():
        workers = [live.Live(db.engine, who.tenant_id) for _ in range(2)]

        def told(**values) -> list[set[UUID]]:
            return [found(worker.ask(who, [values])[0]) for worker in workers]

        assert told() == [{first, second}] * 2
        third = threats.upsert(who, [make.record(3)], faults=Faults())[0].threat_id
        assert told() == [{first, second, third}] * 2
        threats.change(who, first, ThreatChanges(status="contained"))
        assert told(status=(ThreatStatus.CONTAINED,)) == [{first}] * 2
        made = incidents.create(who, incidents.NewIncident("Floods", threat_ids=[str(first), str(second)])).incident.id
        assert told(ungrouped=True) == [{third}] * 2
        act = incidents.unlink(who, made, [str(first)])
        assert told(ungrouped=True) == [{first, third}] * 2
        assert told(incident_id=made) == [{second}] * 2
        incidents.delete(who, made)
        assert told(ungrouped=True) == [{first, second, third}] * 2
        incidents.restore(who, made)
        assert told(ungrouped=True) == [{first, third}] * 2
        assert act


def test_a_write_that_is_committed_late_is_not_missed(app, engine_name):
    """Two writers on PostgreSQL: the one that began first commits last, after the index has seen the other."""
    if engine_name == "sqlite":
        pytest.skip("writers of SQLite stand in a queue")
    who = make.actor(app)
    ids = make.put_threats(app, who, 4)
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with app.app_context(), transaction():
            incidents.create(who, incidents.NewIncident("Slow", threat_ids=[str(ids[0])]))
            begun.set()
            assert go_on.wait(20)

    thread = threading.Thread(target=slow)
    thread.start()
    assert begun.wait(20)
    make.incident(app, who, [ids[1]], "Quick")
    with app.app_context():
        assert ask(who, ungrouped=True) == {ids[0], ids[2], ids[3]}
        go_on.set()
        thread.join()
        assert ask(who, ungrouped=True) == {ids[2], ids[3]}


def test_what_is_taken_out_is_out_of_every_worker_and_may_come_again(app, engine_name):
    who = make.actor(app)
    known = make.put_threats(app, who, 4)
    newest = make.put_threats(app, who, 2, source="other")
    with app.app_context():
        workers = [live.Live(db.engine, who.tenant_id) for _ in range(2)]

        def told(**values) -> list[set[UUID]]:
            return [found(worker.ask(who, [values])[0]) for worker in workers]

        assert told() == [{*known, *newest}] * 2
        take_out(app, who, newest)  # which have the greatest numbers of all threats
        assert told() == [{*known}] * 2
        later = make.put_threats(app, who, 1, source="later")
        assert told() == [{*known, *later}] * 2
        again = make.record(0, source="other", title="Come again")
        threats.upsert(who, [again], faults=Faults(), ids={("other", again.external_id): newest[0]})
        assert told() == [{*known, *later, newest[0]}] * 2
        assert told(q="come again") == [{newest[0]}] * 2
        take_out(app, who, [newest[0], *known[:2]])
        take_out(app, who, known[2:])
        assert told() == [{*later}] * 2
        assert len(workers[0]._snapshot) == 1


def test_a_taking_out_that_is_committed_late_is_not_missed(app, engine_name):
    if engine_name == "sqlite":
        pytest.skip("writers of SQLite stand in a queue")
    who = make.actor(app)
    first, second = make.put_threats(app, who, 2)
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with app.app_context(), transaction():
            take_out_within(who, [first])
            begun.set()
            assert go_on.wait(20)

    with app.app_context():
        assert ask(who) == {first, second}
        thread = threading.Thread(target=slow)
        thread.start()
        assert begun.wait(20)
        make.incident(app, who, [second])
        assert ask(who) == {first, second}
        go_on.set()
        thread.join()
        assert ask(who) == {second}


def test_nothing_is_read_twice_when_nothing_has_changed(app, engine_name):
    who = make.actor(app)
    make.put_threats(app, who, 5)
    with app.app_context():
        first = live_index.ask(who, {"severity": (Severity.HIGH,)})[0]
        assert live_index.ask(who, {"severity": (Severity.HIGH,)})[0] is first
        make.put_threats(app, who, 6)
        assert live_index.ask(who, {"severity": (Severity.HIGH,)})[0] is not first


def test_the_answers_that_were_asked_for_last_are_kept(app):
    who = make.actor(app)
    make.put_threats(app, who, 1)
    *first, last = ({"source": (f"feed {number}",)} for number in range(live.KEPT_MATCHES + 1))
    with app.app_context():
        answers = [live_index.ask(who, question)[0] for question in first]
        for question in (first[0], last, first[0]):
            assert (live_index.ask(who, question)[0] is answers[0]) == (question == first[0])
        assert live_index.ask(who, first[2])[0] is answers[2]
        assert live_index.ask(who, first[1])[0] is not answers[1]


def test_a_threat_is_read_once_however_long_another_transaction_stays_open(app, engine_name, monkeypatch):
    if engine_name == "sqlite":
        pytest.skip("writers of SQLite stand in a queue")
    who, elsewhere = make.actor(app), make.actor(app, "elsewhere")
    read, changed = [], live.rows.changed

    def noting(*args):
        ids, facts = changed(*args)
        read.append(len(ids))
        return ids, facts

    monkeypatch.setattr(live.rows, "changed", noting)
    with app.app_context(), db.engine.connect() as slow:
        assert ask(who) == set()
        slow.exec_driver_sql("SELECT pg_current_xact_id()")
        known = {*make.put_threats(app, who, 5)}
        for number in range(3):
            assert ask(who) == known
            make.put_threats(app, elsewhere, 1, source=f"feed {number}")
    assert read == [5, 0, 0]


def test_threats_restored_from_a_server_with_greater_numbers_are_not_read_again_and_again(app, engine_name, monkeypatch):
    who, elsewhere = make.actor(app), make.actor(app, "elsewhere")
    known = {*make.put_threats(app, who, 5)}
    read, changed = [], live.rows.changed

    def noting(*args):
        ids, facts = changed(*args)
        read.append(len(ids))
        return ids, facts

    monkeypatch.setattr(live.rows, "changed", noting)
    with app.app_context():
        with db.engine.begin() as restoring:
            restoring.execute(sa.update(Threat).values(change=10**9))
        assert ask(who) == known
        make.put_threats(app, elsewhere, 1)
        assert ask(who) == known
        known |= {*make.put_threats(app, who, 1, source="other")}
        assert ask(who) == known
    assert read[-1] == 1
    assert sum(read) == 1


def test_a_database_that_went_back_is_read_anew(app, engine_name, monkeypatch):
    who = make.actor(app)
    known = {*make.put_threats(app, who, 3)}
    with app.app_context():
        assert ask(who) == known
        one = live._live(db.engine, who.tenant_id)
        ahead = one._position
        # As if the index had followed a server that is lost, with a threat that was not saved.
        monkeypatch.setattr(
            one, "_position", replace(ahead, threats=ahead.threats + 10**6, incidents=ahead.incidents + 10**6, seen="elsewhere")
        )
        with pytest.raises(Warming):
            live_index.ask(who, {})
        monkeypatch.undo()
        assert ask(who) == known
        assert one._position.threats == ahead.threats or engine_name == "postgresql"


def test_all_who_ask_while_a_database_went_back_are_told_to_come_again(app, monkeypatch):
    who = make.actor(app)
    known = {*make.put_threats(app, who, 3)}
    with app.app_context():
        assert ask(who) == known
        one = live._live(db.engine, who.tenant_id)
        reading, ahead, both = one._reading, one._position, threading.Barrier(2, timeout=20)

        @contextmanager
        def together():
            with reading() as connection:
                both.wait()
                yield connection

        monkeypatch.setattr(one, "_reading", together)
        monkeypatch.setattr(one, "_position", replace(ahead, threats=ahead.threats + 10**6, seen="elsewhere"))
        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(one.ask, who, [{}]) for _ in range(2)]
        assert [type(answer.exception()) for answer in answers] == [Warming, Warming]
        monkeypatch.undo()
        assert ask(who) == known


def test_an_unknown_id_of_a_selection_is_raised_unless_faults_are_collected(app):
    who = make.actor(app)
    (known,) = make.put_threats(app, who, 1)
    chosen = Selection((Step(adds=True, ids=(known, UUID(int=7))),))
    faults = Faults()
    with app.app_context():
        with pytest.raises(Invalid) as refused:
            selection.resolve(who, chosen)
        assert list(bytes_of(selection.resolve(who, chosen, faults).ids)) == [known.bytes]
    for told in (refused.value.faults, faults):
        assert [(fault.field, fault.code) for fault in told] == [("ids[1]", "threat_unknown")]


def test_an_answer_that_a_write_overtook_is_not_kept(app, monkeypatch):
    who = make.actor(app)
    before = {*make.put_threats(app, who, 3)}
    later: list[set[UUID]] = []

    def slowly(*args):
        if not later:
            later.append(before | {*make.put_threats(app, who, 1, source="other")})
            assert ask(who, location_country=("NG",)) == later[0]
        return question_of(*args)

    with app.app_context():
        assert ask(who) == before
        monkeypatch.setattr(live, "question_of", slowly)
        assert ask(who, threat_type=("road closure",)) == before
        assert ask(who, threat_type=("road closure",)) == later[0]


def test_a_list_in_a_transaction_that_began_before_a_write_is_told_of_one_state(app, engine_name):
    who = make.actor(app)
    make.put_threats(app, who, 3)
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Threat)) == 3
        make.put_threats(app, who, 1, source="other")
        page = threats.search(who, {})
        assert page.total == len(page.items) == (3 if engine_name == "sqlite" else 4)
        db.session.rollback()
        assert threats.search(who, {}).total == 4


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_process_that_was_forked_off_waits_for_no_lock_of_its_parent(app):
    who = make.actor(app)
    known = {*make.put_threats(app, who, 3)}
    with app.app_context():
        assert ask(who) == known
        with live._all_lock:
            child = os.fork()
            if not child:
                os._exit(live._all_lock.locked() + 2 * len(live._all))
            assert os.waitpid(child, 0)[1] == 0
            live._begin_anew()  # the same once more where branches are measured
            assert not live._all_lock.locked()
            assert ask(who) == known


def test_who_asks_while_the_threats_are_read_is_told_how_far_it_is(app, monkeypatch):
    who = make.actor(app)
    make.put_threats(app, who, 3)
    reading, go_on = threading.Event(), threading.Event()
    load = live.rows.load

    def slowly(connection, tenant_id, words, told):
        told(2)
        reading.set()
        assert go_on.wait(20)
        return load(connection, tenant_id, words, told)

    monkeypatch.setattr(live.rows, "load", slowly)
    monkeypatch.setattr(live, "PATIENCE_S", 0.05)
    with app.app_context():
        with pytest.raises(Warming) as caught:
            live_index.ask(who, {})
        assert (caught.value.done, caught.value.of) in {(0, 0), (0, 3), (2, 3)}
        assert reading.wait(20)
        with pytest.raises(Warming, match="2 of 3"):
            selection.resolve(who, Selection((Step(adds=True),)))
        assert threats.search(who, {}).total == 3  # by the database, until the index is there
        counted = threats.facets(who)
        assert counted == {"threat_type": [("road closure", 3)], "source": [("test", 3)], "location_country": [("NG", 3)]}
        monkeypatch.setattr(threats.read, "COUNTED_BY_SQL", 2)
        assert threats.facets(who)["threat_type"] == []
        monkeypatch.setattr(threats.read, "COUNTED_BY_SQL", 3)
        assert threats.facets(who)["threat_type"] == [("road closure", 3)]
        go_on.set()
        live._live(db.engine, who.tenant_id)._loading.join(20)
        assert len(ask(who)) == 3
        assert threats.facets(who) == counted


def test_a_list_goes_on_from_page_to_page_in_the_same_order_before_and_after_the_threats_are_read(app, monkeypatch):
    who = make.actor(app)
    make.put_threats(app, who, 3)
    make.put_threats(app, who, 3, source="undated", observed_at=None)

    def by_cursor(sort: str) -> list[UUID]:
        page = threats.search(who, {"limit": 1, "sort": sort})
        told = [page.items[0].threat.id]
        while page.next_cursor:
            page = threats.search(who, {"limit": 1, "sort": sort, "cursor": page.next_cursor})
            told += [item.threat.id for item in page.items]
        return told

    def failing(*_args):
        raise OSError

    with app.app_context():
        monkeypatch.setattr(live.rows, "load", failing)
        by_database = by_cursor("-observed_at")
        assert by_database == by_cursor("observed_at")[::-1]
        monkeypatch.undo()
        monkeypatch.setattr(live, "REST_S", 0)
        assert by_cursor("-observed_at") == by_database
        assert len(set(by_database)) == 6


def test_a_failure_while_reading_is_tried_again(app, monkeypatch):
    who = make.actor(app)
    make.put_threats(app, who, 3)
    load, calls = live.rows.load, []

    def failing(*args):
        calls.append(1)
        if len(calls) == 1:
            raise OSError
        return load(*args)

    monkeypatch.setattr(live.rows, "load", failing)
    with app.app_context():
        for _ in range(2):  # the second finds that it is too early to try again
            with pytest.raises(Unavailable, match="log says why"):
                live_index.ask(who, {})
        assert (len(calls), threats.search(who, {}).total) == (1, 3)
        monkeypatch.setattr(live, "REST_S", 0)
        assert len(ask(who)) == 3
