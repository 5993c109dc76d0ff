"""The queue of jobs: taken once, kept by a heartbeat, gone on with after a worker's end, given up and retried."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.cli import working
from app.cli.working import Worker
from app.db import db, new_id, now, transaction
from app.errors import Conflict, Denied, NotFound, Unreadable
from app.models import Job, Tenant
from app.service import jobs, pairs, worker
from app.service.jobs import CUTS_MAX, FAILURES_MAX, LEASE, Claim, Lost
from app.terms import Edge
from tests import browse, make

NIL = UUID(int=0)
PAST = timedelta(hours=1)


@pytest.fixture
def actor(context: Flask):
    return make.actor(context)


def state(subject: UUID = NIL) -> tuple[str, int, str | None]:
    row = db.session.execute(sa.select(Job.state, Job.attempts, Job.message).where(Job.subject == subject)).one()
    db.session.rollback()
    return tuple(row)


def pass_by(time: timedelta = PAST) -> None:
    """Have all open jobs become due, as if the time had passed."""
    with transaction() as session:
        session.execute(sa.update(Job).where(jobs.OPEN).values(due_at=now() - time))


def handle(monkeypatch: pytest.MonkeyPatch, handler) -> None:
    monkeypatch.setitem(worker.HANDLERS, "test", handler)


def test_a_job_is_taken_once_and_done_as_the_one_who_asked(actor):
    jobs.enqueue(actor, "test", NIL)
    claim = jobs.take(new_id())
    assert (claim.kind, claim.subject, claim.attempts) == ("test", NIL, 1)
    assert (claim.actor.name, claim.actor.edge, claim.actor.tenant_id) == (actor.name, Edge.JOB, actor.tenant_id)
    assert jobs.take(new_id()) is None
    with transaction():
        claim.hold()
        claim.done()
    assert state() == ("done", 0, None)
    assert jobs.take(new_id()) is None


def test_a_subject_has_one_open_job_of_a_kind(actor):
    for _ in range(2):
        jobs.enqueue(actor, "test", NIL)
    jobs.enqueue(actor, "other", NIL)
    jobs.take(new_id())
    jobs.enqueue(actor, "test", NIL)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 2


def test_jobs_are_taken_when_they_are_due_the_oldest_first(actor):
    later, old, oldest = (UUID(int=number) for number in range(3))
    jobs.enqueue(actor, "test", later, due_at=now() + PAST)
    jobs.enqueue(actor, "test", old, due_at=now() - PAST)
    jobs.enqueue(actor, "test", oldest, due_at=now() - 2 * PAST)
    assert [claim.subject for claim in iter(lambda: jobs.take(new_id()), None)] == [oldest, old]
    jobs.bring_forward(actor, "test", later)
    assert jobs.take(new_id()).subject == later


def test_twenty_workers_that_look_at_once_take_each_job_once(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        for number in range(40):
            jobs.enqueue(actor, "test", UUID(int=number))

    def work(_number: int) -> list[UUID]:
        with app.app_context():
            return [claim.subject for claim in iter(lambda: jobs.take(new_id()), None)]

    with ThreadPoolExecutor(20) as pool:
        taken = [subject for subjects in pool.map(work, range(20)) for subject in subjects]
    assert sorted(taken) == [UUID(int=number) for number in range(40)]


def test_the_job_of_a_worker_that_is_gone_goes_to_another_and_the_first_can_write_nothing_more(actor):
    jobs.enqueue(actor, "test", NIL)
    gone = jobs.take(new_id())
    pass_by()
    other = jobs.take(new_id())
    assert other.attempts == 2
    for lost in (gone.hold, gone.done, lambda: gone.again(now()), lambda: gone.failed("no")):
        with pytest.raises(Lost), transaction():
            lost()
    with transaction():
        other.hold()
        other.done()
    assert state() == ("done", 0, None)


def test_a_heartbeat_keeps_a_job_that_takes_longer_than_its_lease(actor):
    jobs.enqueue(actor, "test", NIL)
    claim = jobs.take(new_id(), lease=timedelta(milliseconds=1))
    jobs.keep([claim.token], LEASE)
    assert jobs.take(new_id()) is None


def test_what_fails_is_tried_again_after_longer_and_longer_rests_and_then_given_up(actor, monkeypatch):
    def fail(_claim: Claim) -> None:
        raise Unreadable("The file is gone.")

    handle(monkeypatch, fail)
    jobs.enqueue(actor, "test", NIL)
    rests = []
    for attempt in range(1, FAILURES_MAX + 1):
        worker.do(jobs.take(new_id()))
        assert state() == ("waiting" if attempt < FAILURES_MAX else "dead", attempt, "The file is gone.")
        assert jobs.take(new_id()) is None
        due = db.session.scalar(sa.select(Job.due_at))
        rests.append(due - now())
        pass_by()
    assert all(8 < rest.total_seconds() / 4**number < 13 for number, rest in enumerate(rests[:-1]))
    found = jobs.dead(actor)
    assert (found.total, [job.message for job in found.items]) == (1, ["The file is gone."])
    jobs.retry(actor, found.items[0].id)
    assert state() == ("waiting", 0, None)
    assert jobs.dead(actor).total == 0


def test_an_unexpected_error_is_logged_and_told_without_its_text(actor, monkeypatch, caplog):
    def fail(_claim: Claim) -> None:
        raise ZeroDivisionError("secret")

    handle(monkeypatch, fail)
    jobs.enqueue(actor, "test", NIL)
    worker.do(jobs.take(new_id()))
    assert state() == ("waiting", 1, worker.UNEXPECTED)
    assert "ZeroDivisionError" in caplog.text


def test_a_job_that_ends_its_workers_without_getting_on_is_given_up(actor):
    jobs.enqueue(actor, "test", NIL)
    for _ in range(CUTS_MAX):
        assert jobs.take(new_id())
        pass_by()
    assert jobs.take(new_id()) is None
    assert state() == ("dead", CUTS_MAX, jobs.CUT_OFF)


def test_a_job_that_was_cut_off_often_is_not_given_up_for_its_first_failure(actor, monkeypatch):
    def fail(_claim: Claim) -> None:
        raise Unreadable("The database was restarted.")

    handle(monkeypatch, fail)
    jobs.enqueue(actor, "test", NIL)
    for _ in range(FAILURES_MAX):
        assert jobs.take(new_id())
        pass_by()
    worker.do(jobs.take(new_id()))
    assert state()[::2] == ("waiting", "The database was restarted.")
    assert db.session.scalar(sa.select(Job.due_at)) - now() < timedelta(seconds=13)


def test_getting_on_counts_the_attempts_anew(actor):
    jobs.enqueue(actor, "test", NIL)
    for _ in range(2 * CUTS_MAX):
        claim = jobs.take(new_id())
        with transaction():
            claim.hold()
        pass_by()
    assert jobs.take(new_id()).attempts == 1


def test_a_worker_that_is_to_stop_gives_its_job_back_as_it_is(actor, monkeypatch):
    def work(claim: Claim) -> None:
        stopping.set()
        with transaction():
            claim.hold()
        raise AssertionError("it went on")

    handle(monkeypatch, work)
    stopping = threading.Event()
    jobs.enqueue(actor, "test", NIL)
    worker.do(jobs.take(new_id(), stopping=stopping))
    assert state() == ("waiting", 0, None)
    assert jobs.take(new_id())


def test_an_error_that_nobody_expected_ends_no_thread_of_a_worker(app: Flask, monkeypatch, caplog):
    monkeypatch.setattr(working, "REST_S", 0.01)
    make.actor(app)
    with app.app_context(), transaction() as session:
        session.execute(sa.update(Tenant).values(matched={"since": "never"}))  # such as nothing of ours writes
    its = Worker(app, threads=1)
    its.start()
    ends = time.monotonic() + 20
    while (told := caplog.text.count("an error that was not expected")) < 3 and time.monotonic() < ends:
        time.sleep(0.01)
    its.stop()
    its.join()
    assert told >= 3


def test_a_job_that_takes_long_to_stop_goes_to_no_other_worker_meanwhile(app: Flask, monkeypatch):
    begun, free = threading.Event(), threading.Event()

    def work(claim: Claim) -> None:
        begun.set()
        free.wait(20)
        with transaction():
            claim.done()

    handle(monkeypatch, work)
    actor = make.actor(app)
    with app.app_context():
        jobs.enqueue(actor, "test", NIL)
    its = Worker(app, threads=1, lease=timedelta(seconds=2), poll_s=0.05)
    its.start()
    assert begun.wait(20)
    its.stop()
    time.sleep(3)
    with app.app_context():
        assert jobs.take(new_id()) is None
    free.set()
    its.join()
    with app.app_context():
        assert state()[0] == "done"


def test_what_was_called_off_is_lost_to_its_worker(actor, monkeypatch):
    def work(claim: Claim) -> None:
        jobs.cancel(actor, "test", NIL)
        with transaction():
            claim.hold()
        raise AssertionError("it went on")

    handle(monkeypatch, work)
    jobs.enqueue(actor, "test", NIL)
    worker.do(jobs.take(new_id()))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0


def test_a_recurring_job_waits_for_its_next_time(actor):
    jobs.enqueue(actor, "test", NIL)
    claim = jobs.take(new_id())
    with transaction():
        claim.hold()
        claim.again(now() + PAST)
    assert jobs.take(new_id()) is None
    assert list(jobs.open_of(actor, "test", [NIL])) == [NIL]
    pass_by()
    assert jobs.take(new_id()).attempts == 1


def test_only_what_was_given_up_can_be_retried_and_only_by_those_who_may_write(app: Flask):
    actor, viewer, stranger = make.actor(app), make.person(app, role="viewer"), make.actor(app, "elsewhere")
    with app.app_context():
        jobs.enqueue(actor, "test", NIL)
        job_id = jobs.open_of(actor, "test", [NIL])[NIL].id
        for who, error in ((actor, Conflict), (viewer, Denied), (stranger, NotFound)):
            with pytest.raises(error):
                jobs.retry(who, job_id)
        assert jobs.dead(stranger).total == 0


def test_what_was_done_long_ago_is_forgotten(actor):
    jobs.enqueue(actor, "test", NIL)
    claim = jobs.take(new_id())
    with transaction():
        claim.done()
    jobs.forget_done()
    assert state()[0] == "done"
    with transaction() as session:
        session.execute(sa.update(Job).values(finished_at=now() - jobs.DONE_LIFE - PAST))
    jobs.forget_done()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0


def test_threats_that_were_written_are_looked_through_for_events_that_two_sources_tell_once(app: Flask):
    actor = make.actor(app)
    make.put_threats(app, actor, 1, source="USGS")
    make.put_threats(app, actor, 1, source="EMSC")
    for jobs_done in (1, 0):
        with app.app_context():
            pairs.keep_matched()
        assert make.do_jobs(app) == jobs_done
    with app.app_context():
        assert pairs.count(actor) == 1
    make.put_threats(app, actor, 2, source="USGS")
    with app.app_context():
        pairs.keep_matched()
        assert list(jobs.open_of(actor, "match", [NIL])) == [NIL]


def test_looking_through_threats_that_was_given_up_waits_for_a_person_and_is_given_up_once(app: Flask, client, monkeypatch):
    def fail(_claim: Claim) -> None:
        raise Unreadable("It would not.")

    find = worker.HANDLERS["match"]
    monkeypatch.setitem(worker.HANDLERS, "match", fail)
    make.person(app, "ada@example.org", role="analyst")
    actor = make.actor(app)
    make.put_threats(app, actor, 1)
    for _ in range(2 * FAILURES_MAX):
        with app.app_context():
            pairs.keep_matched()
            pass_by()
        make.do_jobs(app)
    with app.app_context():
        assert [job.kind for job in jobs.dead(actor).items] == ["match"]
    browse.sign_in(app, client, "ada@example.org")
    page = client.get("/feeds").text
    assert "Looking for threats that two sources tell of" in page
    monkeypatch.setitem(worker.HANDLERS, "match", find)
    browse.send(client, re.search(r"/feeds/jobs/[-0-9a-f]+", page).group())
    assert make.do_jobs(app) == 1
    with app.app_context():
        assert jobs.dead(actor).total == 0
