"""Feeds against a server on this machine that is slow, silent, wrong, broken, or asks to be left alone."""

from __future__ import annotations

import time
from datetime import timedelta
from ipaddress import ip_network
from threading import Event, Lock
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.cli.working import Worker
from app.db import db, new_id, now
from app.errors import Conflict, NotFound
from app.models import Feed, ImportProblem, ImportRun, Job, Threat
from app.service import feeds, imports, jobs, worker
from app.service.feeds.schedule import rest_after
from app.service.imports.file import keep as keep_file
from app.service.jobs import Lost
from tests import browse, make
from tests.answering import answer, serving
from tests.test_feeds_cap import alert

HOUR = timedelta(hours=1)
INTERVAL = timedelta(seconds=600)


def table(*rows: str) -> bytes:
    return "\n".join(["id,title,lat,lng,severity", *rows, ""]).encode()


ROADS = table("1,Road closed,6.4,3.4,high", "2,Gate closed,6.5,3.5,low")
CHANGED = table("1,Road closed,6.4,3.4,critical", "2,Gate closed,6.5,3.5,low", "3,Bridge closed,6.6,3.6,low")


class Stage:
    """A server that gives `content` as it is now, byte by byte as it stands; a function is called for it."""

    def __init__(self) -> None:
        self.content: object = answer(ROADS)
        self.heads: list[str] = []
        self.most = self._now = 0
        self._lock = Lock()

    def play(self, connection, head: str) -> None:
        with self._lock:
            self.heads.append(head)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            content = self.content() if callable(self.content) else self.content
        finally:
            with self._lock:
                self._now -= 1
        connection.sendall(content)


@pytest.fixture
def stage(app):
    """A server with feeds allowed to reach it, in a hurry."""
    with app.app_context():
        feeds.reach(allowed=[ip_network("127.0.0.0/8")], timeout_s=2, silence_s=0.4)
    stage = Stage()
    with serving(stage.play) as served:
        stage.url = served.url("/roads.csv?key=kept-back")
        yield stage
    with app.app_context():
        feeds.reach()


@pytest.fixture
def admin(app):
    return make.person(app, "grace@example.org", role="admin")


@pytest.fixture
def feed_id(app, admin, stage) -> UUID:
    return add(app, admin, stage.url)


def add(app, admin, url: str, connector: str = "address", name: str = "Roads", **answers: str) -> UUID:
    given = {"url": url, **({"source": "roads"} if connector == "address" else {}), **answers}
    with app.app_context():
        return feeds.add(admin, connector, name, str(int(INTERVAL.total_seconds())), given).id


def look(app, who, feed_id: UUID) -> feeds.FeedView:
    with app.app_context():
        return feeds.get(who, feed_id)


def do_next(app, stage: Stage | None = None, content: object = None) -> None:
    """Have every waiting job done as if its time had come; `content` is what the server gives from now on."""
    if stage:
        stage.content = content
    with app.app_context():
        db.session.execute(sa.update(Job).where(Job.state == "waiting").values(due_at=now() - timedelta(seconds=1)))
        db.session.commit()
    make.do_jobs(app)


def titles(app) -> dict[str, str]:
    with app.app_context():
        return {threat.title: threat.severity for threat in db.session.scalars(sa.select(Threat))}


def rest(view: feeds.FeedView) -> timedelta:
    """How long after its last attempt the feed is fetched again."""
    return view.due_at - view.feed.attempted_at


def shown(app, client) -> str:
    browse.sign_in(app, client, "grace@example.org")
    return client.get("/feeds").text


def test_nothing_is_asked_for_until_a_feed_is_on_and_then_threats_come_in(app, client, admin, stage):
    with app.app_context():
        feeds.keep_scheduled()
    assert make.do_jobs(app) == 0
    assert stage.heads == []
    feed_id = add(app, admin, stage.url)
    assert look(app, admin, feed_id).state == "new"
    assert make.do_jobs(app) == 1
    view = look(app, admin, feed_id)
    assert (view.state, view.feed.message, rest(view)) == ("on", "2 rows: 2 new.", INTERVAL)
    assert view.feed.succeeded_at == view.feed.attempted_at
    assert view.feed.changed_at is not None
    assert view.day == {"seen": 2, "new": 2, "updated": 0, "failed": 0}
    assert titles(app) == {"Road closed": "high", "Gate closed": "low"}
    page = shown(app, client)
    assert "2 seen: 2 new, 0 updated, 0 failed" in page
    assert 'aria-label="New and updated threats in the last 1 run, the latest last: 2"' in page
    assert "kept-back" not in page


def test_what_is_not_modified_is_asked_for_with_its_stamps_and_is_a_success_without_a_run(app, admin, stage, feed_id):
    stage.content = answer(ROADS, 'ETag: "a1"', "Last-Modified: Mon, 02 Nov 2026 08:00:00 GMT")
    make.do_jobs(app)
    before = look(app, admin, feed_id)
    do_next(app, stage, b"HTTP/1.1 304 Not Modified\r\n\r\n")
    assert 'If-None-Match: "a1"' in stage.heads[-1]
    assert "If-Modified-Since: Mon, 02 Nov 2026 08:00:00 GMT" in stage.heads[-1]
    view = look(app, admin, feed_id)
    assert (view.state, view.feed.message, rest(view), len(view.runs)) == ("on", "Nothing new.", INTERVAL, 1)
    assert view.feed.succeeded_at > before.feed.succeeded_at
    assert view.feed.changed_at == before.feed.changed_at


def test_the_same_content_again_is_a_success_without_a_run(app, admin, stage, feed_id):
    make.do_jobs(app)
    do_next(app)
    view = look(app, admin, feed_id)
    assert (len(stage.heads), len(view.runs), view.feed.message) == (2, 1, "Nothing new.")


def test_changed_content_updates_what_came_before(app, admin, stage, feed_id):
    make.do_jobs(app)
    do_next(app, stage, answer(CHANGED))
    view = look(app, admin, feed_id)
    assert view.feed.message == "3 rows: 1 new, 1 updated, 1 unchanged."
    assert view.day == {"seen": 5, "new": 3, "updated": 1, "failed": 0}
    assert titles(app)["Road closed"] == "critical"


BROKEN = {
    "is slow": (lambda: time.sleep(1) or b"", "was silent for 0.4 seconds"),
    "answers 500": (answer(status="500 Oops"), "has a fault of its own (HTTP 500)"),
    "wants a sign-in": (answer(b"<!doctype html><html><body>Sign in</body></html>"), "is a web page, not a feed"),
    "is cut off": (answer(ROADS, length=len(ROADS) + 9), "ended the connection"),
    "ends in the middle of its JSON": (answer(b'{"type": "FeatureCollection", "features": ['), "is cut off"),
    "says nothing": (answer(b""), "empty"),
    "has gone": (answer(status="410 Gone"), "nothing at this address any more"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_source_that_fails_is_told_and_left_alone_for_longer(app, client, admin, stage, feed_id, fault):
    make.do_jobs(app)
    good = look(app, admin, feed_id).feed
    content, words = BROKEN[fault]
    do_next(app, stage, content)
    view = look(app, admin, feed_id)
    assert view.state == "failing"
    assert words in view.feed.message
    assert "kept-back" not in view.feed.message
    assert (view.feed.failures, rest(view)) == (1, 2 * INTERVAL)
    assert view.feed.failing_since == view.feed.attempted_at
    assert (view.feed.succeeded_at, view.feed.digest) == (good.succeeded_at, good.digest)
    assert len(view.runs) == 1
    assert titles(app) == {"Road closed": "high", "Gate closed": "low"}
    page = shown(app, client)
    assert "Failing</span>" in page
    assert "1 time in a row" in page


def test_a_source_that_flaps_is_failing_from_its_first_failure_to_its_next_success(app, admin, stage, feed_id):
    make.do_jobs(app)
    do_next(app, stage, answer(status="500 Oops"))
    since = look(app, admin, feed_id).feed.failing_since
    do_next(app)
    second = look(app, admin, feed_id)
    assert (second.feed.failing_since, second.feed.failures, rest(second)) == (since, 2, 4 * INTERVAL)
    do_next(app)
    assert rest(look(app, admin, feed_id)) == HOUR
    do_next(app, stage, answer(ROADS))
    well = look(app, admin, feed_id)
    assert (well.state, well.feed.failing_since, well.feed.failures, rest(well)) == ("on", None, 0, INTERVAL)
    do_next(app, stage, answer(status="500 Oops"))
    again = look(app, admin, feed_id)
    assert (again.feed.failures, rest(again)) == (1, 2 * INTERVAL)
    assert again.feed.failing_since > since


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("7200", 2 * HOUR), ("5", 2 * INTERVAL), ("999999999", 24 * HOUR), ("soon", 2 * INTERVAL)],
)
def test_a_source_that_asks_to_be_left_alone_is_left_alone_but_for_no_longer_than_a_day(
    app, admin, stage, feed_id, asked, expected
):
    do_next(app, stage, answer(b"", f"Retry-After: {asked}", status="429 Too Many Requests"))
    view = look(app, admin, feed_id)
    assert rest(view) == expected
    assert "is asked too often" in view.feed.message


def test_a_feed_rests_for_an_hour_at_most_however_seldom_it_is_fetched():
    assert rest_after(1, 60, None) == timedelta(minutes=2)
    assert rest_after(40, 60, None) == HOUR
    assert rest_after(1, 86_400, 30) == HOUR


class Killed(BaseException):
    """What ends a worker at once."""


def test_a_worker_that_is_killed_once_the_answer_is_kept_leaves_nothing_to_be_fetched_again(app, admin, stage, feed_id):
    with app.app_context():
        engine, begun = db.engine, []

        def die(_connection, _cursor, statement, *_rest) -> None:
            if "INSERT INTO import_run" in statement:
                begun.append(statement)
            elif begun and statement.startswith("UPDATE job") and len(begun) == 1:
                begun.append(statement)  # the end of the same transaction is not yet written
            elif begun and "threat" in statement:
                raise Killed

        sa.event.listen(engine, "before_cursor_execute", die)
        try:
            with pytest.raises(Killed):
                worker.do(jobs.take(new_id(), lease=timedelta(0)))
        finally:
            sa.event.remove(engine, "before_cursor_execute", die)
        db.session.rollback()
    assert titles(app) == {}
    assert look(app, admin, feed_id).runs[0].state == "running"
    assert make.do_jobs(app) == 1
    assert len(stage.heads) == 1
    view = look(app, admin, feed_id)
    assert (view.feed.message, len(view.runs), rest(view)) == ("2 rows: 2 new.", 1, INTERVAL)
    assert titles(app) == {"Road closed": "high", "Gate closed": "low"}


def test_two_workers_never_fetch_a_feed_at_the_same_time(app, admin, stage, feed_id):
    stage.content = lambda: time.sleep(0.1) or answer(ROADS)
    workers = [Worker(app, threads=3, poll_s=0.01) for _ in range(2)]
    for one in workers:
        one.start()
    try:
        ends = time.monotonic() + 20
        while len(stage.heads) < 4 and time.monotonic() < ends:
            with app.app_context():
                feeds.run_now(admin, feed_id)
            time.sleep(0.02)
    finally:
        for one in workers:
            one.stop()
        for one in workers:
            one.join()
    assert len(stage.heads) >= 4
    assert stage.most == 1
    assert look(app, admin, feed_id).feed.failing_since is None


def test_a_feed_that_is_switched_off_while_it_is_fetched_writes_nothing_more(app, admin, stage, feed_id):
    def switched_off() -> bytes:
        with app.app_context():
            feeds.switch(admin, feed_id, on=False)
        return answer(ROADS)

    stage.content = switched_off
    make.do_jobs(app)
    view = look(app, admin, feed_id)
    assert (view.state, view.runs, view.feed.attempted_at, view.due_at) == ("off", [], None, None)
    assert view.feed.message == f"Switched off by {admin.name}."
    assert titles(app) == {}


def test_a_worker_that_is_to_stop_gives_the_feed_back_before_it_asks_for_more(app, admin, stage, feed_id):
    stopping = Event()
    stopping.set()
    with app.app_context():
        worker.do(jobs.take(new_id(), stopping=stopping))
    assert stage.heads == []
    assert look(app, admin, feed_id).due_at <= now()
    assert make.do_jobs(app) == 1


def test_a_round_of_many_requests_ends_when_its_feed_is_removed(app, admin, stage):
    links = "".join(f'<entry><id>{i}</id><link href="/{i}.cap"/></entry>' for i in range(4))

    def removed() -> bytes:
        with app.app_context():
            feeds.remove(admin, feed_id)
        return answer(f'<feed xmlns="http://www.w3.org/2005/Atom">{links}</feed>'.encode())

    stage.content = removed
    feed_id = add(app, admin, stage.url, "cap_index", "Alerts")
    make.do_jobs(app)
    assert len(stage.heads) == 1
    assert titles(app) == {}


def test_a_job_in_hand_of_a_feed_that_was_switched_off_is_lost(app, admin, stage, feed_id):
    with app.app_context():
        claim = jobs.take(new_id())
        feeds.switch(admin, feed_id, on=False)
        feeds.switch(admin, feed_id, on=True)
        with pytest.raises(Lost):
            claim.hold()
    assert make.do_jobs(app) == 1
    assert look(app, admin, feed_id).feed.message == "2 rows: 2 new."


def test_with_other_settings_everything_is_asked_for_anew(app, admin, stage, feed_id):
    stage.content = answer(ROADS, 'ETag: "a1"')
    make.do_jobs(app)
    with app.app_context():
        feeds.change(admin, feed_id, "Roads", "600", {"url": stage.url, "source": "streets"})
    make.do_jobs(app)
    assert "If-None-Match" not in stage.heads[-1]
    view = look(app, admin, feed_id)
    assert (view.feed.message, len(view.runs)) == ("2 rows: 2 new.", 2)
    with app.app_context():
        assert set(db.session.scalars(sa.select(Threat.source))) == {"roads", "streets"}


def test_another_name_alone_begins_nothing_anew(app, admin, stage, feed_id):
    stage.content = answer(ROADS, 'ETag: "a1"')
    make.do_jobs(app)
    with app.app_context():
        feeds.change(admin, feed_id, "Closed roads", "1200", {"url": stage.url, "source": "roads"})
    do_next(app)
    assert 'If-None-Match: "a1"' in stage.heads[-1]
    assert rest(look(app, admin, feed_id)) == 2 * INTERVAL


def test_a_feed_that_lost_its_job_gets_one_again_unless_it_is_off(app, admin, stage, feed_id):
    off = add(app, admin, stage.url, name="Off")
    with app.app_context():
        feeds.switch(admin, off, on=False)
        db.session.execute(sa.delete(Job))
        db.session.commit()
        feeds.keep_scheduled()
        feeds.keep_scheduled()
        assert list(db.session.scalars(sa.select(Job.subject))) == [feed_id]


def test_a_feed_whose_job_is_given_up_says_so_and_waits_for_a_person(app, client, admin, stage):
    feed_id = add(app, admin, stage.url, "cap_index", "Alerts")
    with app.app_context():
        db.session.execute(sa.update(Feed).values(cursor={"seen": 5}))  # such as no source of ours writes
        db.session.commit()
    stage.content = answer(b'<feed xmlns="http://www.w3.org/2005/Atom"/>')
    for _ in range(jobs.FAILURES_MAX):
        do_next(app)
    view = look(app, admin, feed_id)
    assert (view.state, view.words) == ("given_up", worker.UNEXPECTED)
    with app.app_context():
        feeds.keep_scheduled()
        assert list(db.session.scalars(sa.select(Job.state))) == ["dead"]
    page = shown(app, client)
    assert "Jobs that were given up" in page
    assert "Feed Alerts</a>" in page
    with app.app_context():
        db.session.execute(sa.update(Feed).values(cursor={}))
        db.session.commit()
        job_id = db.session.scalar(sa.select(Job.id))
    assert browse.send(client, f"/feeds/jobs/{job_id}").status_code == 303
    assert browse.send(client, f"/feeds/jobs/{job_id}").status_code == 404
    make.do_jobs(app)
    view = look(app, admin, feed_id)
    assert (view.state, view.feed.message) == ("on", "Nothing new.")
    assert "Jobs that were given up" not in client.get("/feeds").text


def test_switching_a_given_up_feed_off_and_on_begins_it_anew(app, admin, stage, feed_id):
    with app.app_context():
        db.session.execute(sa.update(Feed).values(cursor={"a": 1}, etag='"x"'))
        db.session.execute(sa.update(Job).values(state="dead", message="No.", finished_at=now()))
        db.session.commit()
        feeds.switch(admin, feed_id, on=False)
        feeds.switch(admin, feed_id, on=True)
        feed = feeds.get(admin, feed_id).feed
        assert (feed.cursor, feed.etag) == ({}, None)
        assert list(db.session.scalars(sa.select(Job.state))) == ["waiting"]


def test_a_job_that_nobody_takes_is_told(app, client, admin, stage, feed_id):
    assert "No worker is at work" not in shown(app, client)
    with app.app_context():
        db.session.execute(sa.update(Job).values(due_at=now() - timedelta(minutes=2)))
        db.session.commit()
    page = client.get("/feeds").text
    assert "No worker is at work" in page
    assert "Waiting for a worker</span>" in page


def test_runs_older_than_30_days_are_forgotten_with_their_problems(app, admin, stage, feed_id):
    make.do_jobs(app)
    old = UUID(int=int((now() - timedelta(days=31)).timestamp() * 1000) << 80)
    with app.app_context():
        run = db.session.scalars(sa.select(ImportRun)).one()
        names = set(sa.inspect(ImportRun).column_attrs.keys()) - {"id", "content_before"}
        db.session.add(ImportRun(id=old, **{name: getattr(run, name) for name in names}))
        db.session.flush()
        db.session.add(ImportProblem(tenant_id=run.tenant_id, run_id=old, number=1, row=1, reason="Old."))
        db.session.commit()
    do_next(app, stage, answer(CHANGED))
    with app.app_context():
        assert old not in set(db.session.scalars(sa.select(ImportRun.id)))
        assert db.session.scalars(sa.select(ImportProblem)).all() == []
        assert len(feeds.get(admin, feed_id).runs) == 2


def test_removing_a_feed_keeps_its_threats(app, admin, stage, feed_id):
    make.do_jobs(app)
    with app.app_context():
        feeds.remove(admin, feed_id)
        assert db.session.scalars(sa.select(Feed)).all() == []
        assert db.session.scalars(sa.select(ImportRun)).all() == []
        assert db.session.scalars(sa.select(Job).where(Job.state != "done")).all() == []
    assert len(titles(app)) == 2


def test_a_feed_is_not_removed_while_a_run_of_it_is_undone(app, admin, stage, feed_id):
    make.do_jobs(app)
    run_id = look(app, admin, feed_id).runs[0].id
    with app.app_context():
        imports.undo(admin, run_id)
        with pytest.raises(Conflict, match="is being undone"):
            feeds.remove(admin, feed_id)
        given_up = sa.update(Job).where(Job.kind == "undo_import")
        db.session.execute(given_up.values(state="dead", message="No.", finished_at=now()))
        db.session.commit()
        feeds.remove(admin, feed_id)
        assert db.session.scalars(sa.select(Job).where(Job.state != "done")).all() == []


def test_rows_that_fail_are_counted_and_can_be_looked_at(app, client, admin, stage, feed_id):
    do_next(app, stage, answer(table("1,Road closed,95,3.4,high", "2,Gate closed,6.5,3.5,low")))
    view = look(app, admin, feed_id)
    assert view.day == {"seen": 2, "new": 1, "updated": 0, "failed": 1}
    page = shown(app, client)
    assert f'href="/imports/{view.runs[0].id}"' in page
    assert "Latitude must be between -90 and 90." in client.get(f"/imports/{view.runs[0].id}").text


def test_another_tenant_has_its_own_feeds(app, admin, stage, feed_id):
    other = make.person(app, "eve@example.net", role="admin", tenant="Other")
    with app.app_context():
        assert feeds.overview(other) == []
        assert feeds.freshness(other) == []


def test_what_part_of_an_index_did_not_come_is_told_and_the_rest_is_read(app, admin, stage):
    links = "".join(f'<entry><id>{i}</id><link type="application/cap+xml" href="/{i}.cap"/></entry>' for i in range(4))
    entries = answer(f'<feed xmlns="http://www.w3.org/2005/Atom">{links}</feed>'.encode())

    def play() -> bytes:
        asked = stage.heads[-1].split()[1]
        told = answer(alert("a0").encode()) if asked == "/0.cap" else answer(status="404 Not Found")
        return entries if asked.startswith("/roads") else told

    stage.content = play
    feed_id = add(app, admin, stage.url, "cap_index", "Alerts")
    make.do_jobs(app)
    view = look(app, admin, feed_id)
    assert (view.state, rest(view), view.day["new"]) == ("failing", 2 * INTERVAL, 1)
    assert "has nothing at this address (HTTP 404)" in view.feed.message
    assert view.runs[0].message == "1 row: 1 new."
    assert view.feed.cursor["seen"] == [stage.url.replace("roads.csv?key=kept-back", "0.cap")]
    do_next(app)
    view = look(app, admin, feed_id)
    assert (view.state, rest(view), len(view.runs)) == ("failing", 4 * INTERVAL, 1)
    with app.app_context():
        trial = feeds.try_it(admin, "cap_index", {"url": stage.url})
        assert (trial.records, "HTTP 404" in trial.obstacle) == (1, True)
        stage.content = answer(b"<rss><channel/></rss>")
        assert feeds.try_it(admin, "cap_index", {"url": stage.url}).obstacle == "The source has nothing just now."


def test_a_trial_shows_the_first_rows_and_counts_the_others(app, admin, stage):
    tests_of = [alert(f"t{i}", status="Test") for i in range(2)]
    stage.content = answer(f"<alerts>{''.join([alert(f'a{i}') for i in range(12)] + tests_of)}</alerts>".encode())
    with app.app_context():
        trial = feeds.try_it(admin, "cap", {"url": stage.url})
        assert (len(trial.head), trial.records, trial.left_out) == (10, 12, {"tests": 2})
        assert feeds.try_it(admin, "cap", {"url": stage.url}, all_s=-1).obstacle == "The source took longer than -1 seconds."


def test_a_thousand_threats_of_a_feed_come_in_whole(app, admin, stage):
    stage.content = answer(table(*(f"{i},Road {i},6.4,3.4,low" for i in range(1001))))
    feed_id = add(app, admin, stage.url)
    make.do_jobs(app)
    assert look(app, admin, feed_id).feed.message == "1,001 rows: 1,001 new."


def test_content_that_is_only_written_otherwise_is_a_run_that_changes_nothing(app, admin, stage, feed_id):
    make.do_jobs(app)
    changed_at = look(app, admin, feed_id).feed.changed_at
    do_next(app, stage, answer(ROADS + b"\n"))
    view = look(app, admin, feed_id)
    assert (len(view.runs), view.feed.message, view.feed.changed_at) == (2, "2 rows: 2 unchanged. Nothing changed.", changed_at)


def test_a_run_that_a_later_version_can_not_read_is_ended_and_all_is_asked_for_anew(app, admin, stage, feed_id):
    stage.content = answer(ROADS, 'ETag: "a1"')
    make.do_jobs(app)
    with app.app_context():
        run = db.session.scalars(sa.select(ImportRun)).one()
        db.session.execute(sa.update(Feed).values(cursor={"read": "all"}))
        db.session.execute(sa.update(ImportRun).values(state="running", format="geojson", position=0))
        keep_file(admin, run.id, b"{")
        db.session.commit()
    do_next(app)
    view = look(app, admin, feed_id)
    assert (view.state, view.runs[0].state, len(stage.heads)) == ("failing", "failed", 1)
    assert "Nothing was imported." in view.feed.message
    assert view.feed.cursor == {}
    do_next(app)
    assert "If-None-Match" not in stage.heads[-1]
    assert look(app, admin, feed_id).state == "on"


def test_a_job_of_a_feed_that_is_off_or_gone_is_over_at_once(app, admin, stage, feed_id):
    with app.app_context():
        feeds.switch(admin, feed_id, on=False)
        for subject in (feed_id, new_id()):
            jobs.enqueue(admin, "fetch", subject)
    assert make.do_jobs(app) == 2
    assert stage.heads == []
    with app.app_context():
        assert set(db.session.scalars(sa.select(Job.state))) == {"done"}


def test_a_feed_of_a_source_that_is_no_more_is_failing(app, client, admin, stage, feed_id):
    with app.app_context():
        db.session.execute(sa.update(Feed).values(connector="gone"))
        db.session.commit()
    make.do_jobs(app)
    assert "does not know the feed’s source any more" in look(app, admin, feed_id).feed.message
    assert "This version of Cordon does not know its source." in shown(app, client)
    assert client.get(f"/feeds/{feed_id}").status_code == 200


def test_what_is_on_already_stays_and_what_is_off_is_changed_without_a_fetch(app, admin, stage, feed_id):
    with app.app_context():
        before = feeds.get(admin, feed_id)
        feeds.switch(admin, feed_id, on=True)
        assert feeds.get(admin, feed_id).due_at == before.due_at
        feeds.switch(admin, feed_id, on=False)
        feeds.change(admin, feed_id, "Roads", "900", {"url": stage.url, "source": "streets"})
    assert make.do_jobs(app) == 0
    assert look(app, admin, feed_id).state == "off"


def test_a_feed_that_was_given_up_can_be_run_now(app, admin, stage, feed_id):
    with app.app_context():
        db.session.execute(sa.update(Job).values(state="dead", message="No.", finished_at=now()))
        db.session.commit()
        assert [(fresh.name, fresh.is_given_up) for fresh in feeds.freshness(admin)] == [("Roads", True)]
        feeds.run_now(admin, feed_id)
    make.do_jobs(app)
    assert look(app, admin, feed_id).state == "on"


def test_there_is_an_end_to_the_number_of_feeds(app, admin, stage, feed_id):
    with app.app_context():
        first = feeds.get(admin, feed_id).feed
        names = [column.key for column in Feed.__table__.columns if column.key not in {"id", "name"}]
        same = {name: getattr(first, name) for name in names}
        db.session.add_all([Feed(id=new_id(), name=f"Feed {i}", **same) for i in range(199)])
        db.session.commit()
        with pytest.raises(Conflict, match="There are 200 feeds"):
            add(app, admin, stage.url, name="One more")
        with pytest.raises(NotFound):
            feeds.switch(admin, new_id(), on=True)
