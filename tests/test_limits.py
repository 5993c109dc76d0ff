"""How often a client may ask: shared by all workers, told in headers, forgotten when the window has passed."""

from __future__ import annotations

import re
import threading
from collections import Counter
from html import unescape
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from app.db import db
from app.models import RateCount
from app.service import limits
from app.service.limits import Limit, spend, spend_exactly
from tests import browse, make
from tests.serving import served

SHORT = Limit("test", 5, 60)
PATH = "/v1/incidents"


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(limits, "clock", clock)
    return clock


@pytest.fixture
def settings(app):
    """The settings of the application, put back after the test."""
    before = dict(app.config)
    yield app.config
    app.config.update(before)


def let_in(limit: Limit, client: str, tries: int) -> int:
    return sum(not spend(limit, client).is_over for _ in range(tries))


def try_to_sign_in(client, email: str = "ada@example.org", password: str = "wrong"):
    token = browse.token(client, "/login")
    return client.post("/login", data={"email": email, "password": password, "csrf_token": token})


def test_so_many_are_let_in_and_the_rest_is_told_to_wait(context, clock):
    standings = [spend(SHORT, "a") for _ in range(7)]
    assert [standing.is_over for standing in standings] == [False] * 5 + [True] * 2
    assert [standing.left for standing in standings] == [4, 3, 2, 1, 0, 0, 0]
    assert {standing.wait_s for standing in standings[5:]} == {66}
    assert not spend(SHORT, "b").is_over


def test_what_is_refused_is_not_counted_and_the_window_passes(context, clock):
    assert let_in(SHORT, "a", 5) == 5
    for _ in range(20):
        clock.time += 2
        assert spend(SHORT, "a").is_over
    clock.time += 26
    assert let_in(SHORT, "a", 9) == 5


def test_what_waits_as_long_as_it_was_told_is_let_in(context, clock):
    assert let_in(SHORT, "a", 2) == 2
    clock.time += 20
    assert let_in(SHORT, "a", 5) == 3
    clock.time += spend(SHORT, "a").wait_s
    assert let_in(SHORT, "a", 5) == 2


def test_a_steady_client_at_95_percent_of_its_quota_is_never_refused(context, clock):
    limit = Limit("test", 600, 60)
    for _ in range(1500):
        clock.time += 0.1 / 0.95
        assert not spend(limit, "a").is_over


def test_workers_share_the_count(context, clock):
    quota = Limit("test", 160, 60)
    counts = 0
    memories: list[dict] = [{}, {}, {}]
    for turn in range(600):  # each worker has a memory of its own; they take turns
        memory = memories[turn % 3]
        limits._clients = memory
        clock.time += 0.01
        counts += not spend(quota, "a").is_over
    limits._clients = {}
    assert 160 <= counts <= 160 + 3 * 10


def test_a_worker_that_starts_knows_what_was_asked_before(context, clock):
    quota = Limit("test", 160, 60)
    assert let_in(quota, "a", 300) == 160
    limits.forget()
    assert let_in(quota, "a", 300) <= 10


def test_most_requests_ask_the_database_nothing(context, clock, count_statements):
    quota = Limit("test", 6000, 60)
    with count_statements() as statements:
        for _ in range(1000):
            clock.time += 0.005
            spend(quota, "a")
    assert len(statements) <= 5 * 5


def test_a_busy_database_holds_nobody_up(context, clock):
    spend(SHORT, "a")
    engine = db.engine
    with engine.connect().execution_options(writes=True) as writer:
        if engine.dialect.name == "sqlite":
            writer.exec_driver_sql("SELECT 1")
        else:
            writer.exec_driver_sql("LOCK TABLE rate_count IN EXCLUSIVE MODE")
        assert let_in(SHORT, "a", 7) == 4
        writer.rollback()
    clock.time += 1
    assert spend(SHORT, "a").is_over
    assert db.session.scalar(sa.select(sa.func.sum(RateCount.count))) == 5


def test_a_database_that_stays_busy_refuses_nobody_for_longer_than_the_window(context, clock):
    engine = db.engine
    with engine.connect().execution_options(writes=True) as writer:
        if engine.dialect.name == "sqlite":
            writer.exec_driver_sql("SELECT 1")
        else:
            writer.exec_driver_sql("LOCK TABLE rate_count IN EXCLUSIVE MODE")
        assert let_in(SHORT, "a", 9) == 5
        clock.time += 61
        assert let_in(SHORT, "a", 9) == 5
        writer.rollback()


def test_counts_that_lapsed_are_deleted(context, clock):
    for number in range(20):
        spend_exactly([(SHORT, f"client {number}")])
    clock.time += 3600
    spend_exactly([(SHORT, "another")])
    assert db.session.scalar(sa.select(sa.func.count()).select_from(RateCount)) == 1


def test_memory_of_clients_is_bounded(context, clock, monkeypatch):
    monkeypatch.setattr(limits, "CLIENTS_MAX", 10)
    for number in range(100):
        spend(SHORT, f"client {number}")
        assert len(limits._clients) <= 10


@pytest.mark.parametrize("tries", [1, 10])
def test_never_more_than_the_quota_in_any_window_of_the_exact_count(context, clock, tries):
    let: list[float] = []
    for step in range(200):
        clock.time += 7.3
        let += [clock.time for _ in range(tries) if spend_exactly([(SHORT, "a")]) is None]
        assert sum(time > clock.time - SHORT.window_s for time in let) <= SHORT.quota, step
    assert len(let) > 200 * 7.3 / 66 * SHORT.quota * 0.8


def test_of_many_at_once_no_more_than_the_quota_are_let_in(context):
    let: list[bool] = []

    def ask() -> None:
        with context.app_context():
            let.append(spend_exactly([(SHORT, "a"), (Limit("other", 100, 60), "b")]) is None)

    together = [threading.Thread(target=ask) for _ in range(12)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert len(let) == 12
    assert sum(let) <= SHORT.quota
    # What one limit refused is counted under none.
    rows = dict(db.session.execute(sa.select(RateCount.bucket, sa.func.sum(RateCount.count)).group_by(RateCount.bucket)).all())
    assert set(rows.values()) == {sum(let)}


def test_the_api_tells_how_a_key_stands_and_refuses_when_it_is_over(app, client, settings, clock):
    settings["KEY_RATE"] = 3
    key, other = make.key(app, make.actor(app)), make.key(app, make.actor(app))
    for left in (2, 1, 0):
        good = client.get(PATH, headers=key)
        assert good.status_code == 200
        assert good.headers["RateLimit-Policy"] == '"key";q=3;w=60'
        assert good.headers["RateLimit"] == f'"key";r={left};t=60'
    refused = client.post(PATH, headers=key, json={"title": "One more"})
    assert refused.status_code == 429
    wait = refused.headers["Retry-After"]
    assert refused.headers["RateLimit"] == f'"key";r=0;t={wait}'
    assert refused.json["error"]["code"] == "rate_limited"
    assert refused.json["error"]["retryable"] is True
    assert refused.json["error"]["message"] == f"At most 3 requests in 60 seconds. Try again in {wait} seconds."
    assert refused.json["request_id"] == refused.headers["X-Request-Id"]
    assert client.get(PATH, headers=other).status_code == 200
    clock.time += int(wait)
    assert client.get(PATH, headers=key).json["total"] == 0


def test_who_sends_no_good_key_is_counted_by_address(app, client, settings):
    settings["ADDRESS_RATE"] = 3
    key = make.key(app, make.actor(app))
    for header in ({}, {"X-API-Key": "wrong"}, {}):
        answer = client.get(PATH, headers=header)
        assert answer.status_code == 401
        assert answer.headers["RateLimit-Policy"] == '"address";q=3;w=60'
    assert client.get(PATH, headers={"X-API-Key": "wrong"}).status_code == 429
    assert client.get("/v1/openapi.json").status_code == 429
    assert client.get(PATH, headers=key).status_code == 200
    assert client.get(PATH, environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 401


def test_addresses_that_one_client_has_to_itself_are_one(client, settings):
    settings["ADDRESS_RATE"] = 1
    answers = [
        client.get(PATH, environ_base={"REMOTE_ADDR": address}).status_code
        for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "192.0.2.1", "::ffff:192.0.2.1", "")
    ]
    assert answers == [401, 429, 401, 401, 429, 401]


def test_limits_are_off_at_zero(app, client, settings):
    settings.update(KEY_RATE=0, ADDRESS_RATE=0, SIGN_IN_RATE=0)
    make.person(app)
    key = make.key(app, make.actor(app))
    for header in (key, {}):
        assert "RateLimit" not in client.get(PATH, headers=header).headers
    for _ in range(12):
        assert try_to_sign_in(client).status_code == 200
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(RateCount)) == 0


@pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org"])
def test_a_person_is_refused_after_ten_tries_whether_there_is_one_or_not(app, client, clock, email):
    make.person(app)
    for number in range(10):
        answer = try_to_sign_in(app.test_client(), email.upper() if number % 2 else f" {email}")
        assert answer.status_code == 200
    # From another address too.
    client.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    refused = try_to_sign_in(client, email, make.PASSWORD)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "330"
    assert "Too many tries. Wait 6 minutes, then try again." in refused.text
    assert f'value="{email}"' in unescape(refused.text)
    assert make.PASSWORD not in refused.text
    assert client.get("/").status_code == 303
    clock.time += 330
    assert try_to_sign_in(client, email, make.PASSWORD).status_code == (302 if email.startswith("ada") else 200)


def test_an_address_is_refused_after_ten_tries_and_a_good_one_does_not_reset_it(app, clock):
    make.person(app)
    for number in range(9):
        assert try_to_sign_in(app.test_client(), f"nobody{number}@example.org").status_code == 200
    assert try_to_sign_in(app.test_client(), password=make.PASSWORD).status_code == 302
    assert try_to_sign_in(app.test_client(), "someone@example.org").status_code == 429
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    assert try_to_sign_in(elsewhere, password=make.PASSWORD).status_code == 302


@pytest.mark.parametrize(
    "path",
    ["/account/password", "/account/second-factor", "/account/second-factor/codes", "/account/second-factor/off", "/verify"],
)
def test_who_sits_at_anothers_screen_has_no_more_tries_either(app, client, clock, path):
    make.person(app)
    browse.sign_in(app, client)
    fields = {"current": "wrong", "password": "wrong"}
    answers = [browse.send(client, path, **fields).status_code for _ in range(10)]
    assert 429 not in answers
    refused = browse.send(client, path, **fields)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "330"
    assert "Too many tries. Wait" in refused.text


def test_a_try_in_json_counts_like_one_by_the_form(app, client):
    make.person(app)
    token = browse.token(client, "/login")
    body = {"email": "ada@example.org", "password": "wrong", "csrf_token": token}
    answers = [client.post("/login", json=body, headers={"X-CSRFToken": token}).status_code for _ in range(11)]
    assert answers[:10] == [400] * 10
    assert answers[10] == 429


def test_two_workers_of_a_real_server_share_the_limits(app):
    key = make.key(app, make.actor(app))
    make.person(app)
    environment = {
        "CORDON_DATA_DIR": str(app.config["DATA_DIR"]),
        "CORDON_DATABASE_URL": app.config["DATABASE_URL"],
        "CORDON_SECRET_KEY": app.config["SECRET_KEY"],
        "CORDON_KEY_RATE": "48",
        "CORDON_SIGN_IN_RATE": "10",
    }
    with served(environment, workers=2) as address:
        answers: Counter[int] = Counter()
        for _ in range(120):  # each on a connection of its own, so that both workers get some
            connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
            connection.request("GET", PATH, headers=key)
            answers[connection.getresponse().status] += 1
            connection.close()
        tries = [_sign_in_at(address) for _ in range(14)]
    assert set(answers) == {200, 429}
    assert 48 <= answers[200] <= 48 + 2 * 3
    assert tries == [200] * 10 + [429] * 4


def _sign_in_at(address: str) -> int:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request("GET", "/login")
    page = connection.getresponse()
    cookie = page.headers["Set-Cookie"].split(";")[0]
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.read().decode())[1]
    body = f"email=ada%40example.org&password=wrong&csrf_token={token}"
    headers = {"Cookie": cookie, "Content-Type": browse.FORM}
    connection.request("POST", "/login", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status
