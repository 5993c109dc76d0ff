"""A write sent again acts once, and nobody overwrites what they have not seen."""

from __future__ import annotations

import http.client
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from threading import Event
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.db import db, now, transaction
from app.errors import Conflict, Faults
from app.models import Activity, KeptAnswer
from app.service import idempotency, keys, threats
from app.service.idempotency import Answer, Request
from app.terms import Permission
from tests import make
from tests.bench.safe_writes import CLIENTS, WRITERS, call, raced, retried
from tests.serving import served


@pytest.fixture
def who(app):
    return make.actor(app)


@pytest.fixture
def key(app, who):
    return make.key(app, who)


@pytest.fixture
def address(app):
    settings = {
        "CORDON_DATA_DIR": str(app.config["DATA_DIR"]),
        "CORDON_DATABASE_URL": app.config["DATABASE_URL"],
        "CORDON_SECRET_KEY": app.config["SECRET_KEY"],
    }
    with served(settings) as address:
        yield address


def send(client, key, method, path, body=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.open(f"/v1{path}", method=method, headers={**key, **named}, json=body)


def code_of(response):
    return response.status_code, response.json["error"]["code"]


def kept(app):
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(KeptAnswer))


def made(client, key, title="a", **more):
    return send(client, key, "POST", "/incidents", {"title": title}, **more)


def test_twenty_clients_with_one_key_make_one_incident(app, who, key, address):
    ids = [str(i) for i in make.put_threats(app, who, 3)]
    assert retried(address, key, ids, 20) == {
        "incidents": 20,
        "statuses": {201: 20 * CLIENTS},
        "bodies": 20,
        "replays": 20 * (CLIENTS - 1),
        "different": 0,
    }


def test_of_eight_writers_with_the_same_version_one_wins(key, address):
    assert raced(address, key, 20) == {
        "winners in a round: rounds": {1: 20},
        "statuses": {200: 20, 412: 20 * (WRITERS - 1)},
    }


def test_a_body_sent_in_chunks_is_held_to_the_limit(key, address):
    def chunked(size):
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
        body = json.dumps({"title": "a", "description": ""}).encode()
        parts = [body[:-2], *([b"x" * 65_536] * (size // 65_536)), b"x" * (size % 65_536), body[-2:]]
        headers = {**key, "Content-Type": "application/json"}
        with suppress(BrokenPipeError):  # it may be refused before it is sent to its end
            connection.request("POST", "/v1/incidents", iter(part for part in parts if part), headers, encode_chunked=True)
        with closing(connection), connection.getresponse() as response:
            return response.status, json.loads(response.read())

    status, body = chunked(100)
    assert (status, len(body["description"])) == (201, 100)
    room = 1_572_864 - len(json.dumps({"title": "a", "description": ""}))
    assert chunked(room)[0] == 422
    status, body = chunked(room + 1)
    assert (status, body["error"]["code"]) == (413, "body_too_large")
    assert "1,572,864" in body["error"]["message"]
    assert json.loads(call(address, key, "GET", "/incidents")[2])["total"] == 1


def test_a_request_sent_again_is_told_the_same(app, client, key):
    first = made(client, key, Idempotency_Key="k 1".replace(" ", "-"))
    again = made(client, key, Idempotency_Key="k-1")
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.status_code, again.data, again.mimetype) == (first.status_code, first.data, first.mimetype)
    for name in ("Location", "ETag", "Cache-Control"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert made(client, key).json["id"] != first.json["id"]
    assert kept(app) == 1


def test_every_post_can_be_sent_again(app, client, who, key):
    ids = [str(i) for i in make.put_threats(app, who, 6)]

    def twice(path, body=None):
        answers = [send(client, key, "POST", path, body, Idempotency_Key="the-same") for _ in range(2)]
        assert answers[0].status_code < 300, answers[0].text
        assert answers[0].data == answers[1].data
        assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true"]
        return answers[0].json

    one = twice("/incidents", {"title": "a", "threat_ids": ids[:4]})["id"]
    two = made(client, key).json["id"]
    twice(f"/incidents/{one}/threats", {"threat_ids": ids[4:]})
    twice(f"/incidents/{one}/move", {"threat_ids": ids[:1], "to_incident_id": two})
    twice(f"/incidents/{one}/split", {"threat_ids": ids[1:2], "title": "b"})
    act = twice(f"/incidents/{one}/comments", {"body": "c"})
    assert act["kind"] == "comment_added"
    twice(f"/incidents/{one}/merge", {"incident_ids": [two], "reason": "d"})
    last = send(client, key, "GET", f"/incidents/{one}/activity?limit=200").json["items"][-1]["act_id"]
    twice(f"/incidents/{one}/activity/{last}/undo")
    send(client, key, "DELETE", f"/incidents/{one}")
    twice(f"/incidents/{one}/restore")
    twice("/threats", {"title": "e"})
    twice("/threats/select", {"include": ids})
    with app.app_context():
        kinds = list(db.session.scalars(sa.select(Activity.kind).where(Activity.incident_id == UUID(one))))
    assert sorted(kinds) == sorted(set(kinds)), "each act was done once"


def test_a_key_belongs_to_its_path_and_its_tenant(app, client, key):
    first = made(client, key, Idempotency_Key="k").json["id"]
    assert send(client, key, "POST", "/threats", {"title": "a"}, Idempotency_Key="k").status_code == 201
    other = make.key(app, make.actor(app, "Other"))
    theirs = made(client, other, Idempotency_Key="k")
    assert theirs.json["id"] != first
    assert "Idempotent-Replayed" not in theirs.headers


def test_a_key_used_with_another_body_is_refused(client, key):
    made(client, key, Idempotency_Key="k")
    refused = made(client, key, "b", Idempotency_Key="k")
    assert code_of(refused) == (422, "idempotency_key_reused")
    assert refused.json["error"]["message"] == "This Idempotency-Key was used here with another body."
    assert send(client, key, "GET", "/incidents").json["total"] == 1


def test_only_what_took_effect_is_kept(app, client, who, key):
    assert made(client, key, "", Idempotency_Key="k").status_code == 422
    stale = {"If_Match": '"9-0123456789abcdef"', "Idempotency_Key": "k"}
    one = made(client, key).json["id"]
    assert send(client, key, "POST", f"/incidents/{one}/comments", {"body": "a"}, **stale).status_code == 412
    assert kept(app) == 0
    assert made(client, key, Idempotency_Key="k").status_code == 201
    reader = make.key(app, who, Permission.INCIDENTS_READ)
    assert made(client, reader, Idempotency_Key="k").status_code == 403


def test_a_request_sent_again_is_told_the_same_though_its_version_has_passed(client, key):
    one = made(client, key)
    path = f"/incidents/{one.json['id']}/comments"
    answers = [
        send(client, key, "POST", path, {"body": "a"}, If_Match=one.headers["ETag"], Idempotency_Key="k") for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].data == answers[1].data


@pytest.mark.parametrize("written", ["", " ", "a b", "é", "x" * 256, "a\tb"])
def test_a_key_is_visible_ascii(client, key, written):
    assert code_of(made(client, key, Idempotency_Key=written)) == (400, "request_malformed")
    assert made(client, key, Idempotency_Key="!~" + "x" * 253).status_code == 201


def test_an_answer_is_kept_for_a_day_and_old_ones_go_a_few_at_a_time(app, client, who, key, monkeypatch):
    monkeypatch.setattr(idempotency, "CLEANED_AT_ONCE", 2)
    first = [made(client, key, Idempotency_Key=f"k{n}").json["id"] for n in range(5)]

    def age(**by):
        with app.app_context(), transaction() as session:
            session.execute(sa.update(KeptAnswer).values(created_at=now() - timedelta(**by)))

    age(hours=23, minutes=59)
    assert made(client, key, Idempotency_Key="k0").json["id"] == first[0]
    age(hours=24, minutes=1)
    again = made(client, key, Idempotency_Key="k0")
    assert again.json["id"] not in first
    assert "Idempotent-Replayed" not in again.headers
    assert kept(app) == 3  # itself, and two of the four other old ones
    assert made(client, key, Idempotency_Key="k0").data == again.data


def in_thread(app, work):
    def run():
        with app.app_context():
            return work()

    return run


def test_who_comes_while_another_works_waits_for_its_answer_and_takes_over_if_it_fails(app, who):
    asked = Request("k", "POST", "/v1/incidents", b"{}")
    started, go = Event(), Event()

    def fails():
        started.set()
        assert go.wait(10)
        raise ZeroDivisionError

    def works():
        return Answer(201, {"ETag": '"1"'}, b"done")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(in_thread(app, lambda: idempotency.once(who, asked, fails)))
        assert started.wait(10)
        second = pool.submit(in_thread(app, lambda: idempotency.once(who, asked, works)))
        go.set()
        with pytest.raises(ZeroDivisionError):
            first.result(10)
        assert second.result(10) == (works(), False)
    with app.app_context():
        assert idempotency.once(who, asked, fails) == (works(), True)


def test_who_comes_while_another_works_is_told_the_same_and_works_not(app, who):
    asked = Request("k", "POST", "/v1/incidents", b"{}")
    answer = Answer(201, {"ETag": '"1"'}, b"done")
    with app.app_context():
        engine = db.engine
    looked = Event()
    nothing_kept = []

    def note(_connection, _cursor, statement, *_rest):
        if statement.startswith("SELECT kept_answer"):
            nothing_kept.append(statement)
            if len(nothing_kept) == 2:
                looked.set()

    def works_until_the_other_has_looked():
        second.append(pool.submit(in_thread(app, lambda: idempotency.once(who, asked, pytest.fail))))
        assert looked.wait(10)
        return answer

    sa.event.listen(engine, "after_cursor_execute", note)
    second = []
    try:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(in_thread(app, lambda: idempotency.once(who, asked, works_until_the_other_has_looked)))
            assert first.result(10) == (answer, False)
            assert second[0].result(10) == (answer, True)
    finally:
        sa.event.remove(engine, "after_cursor_execute", note)
    assert len(nothing_kept) == 3  # both looked in vain, and the second looked again once it had waited


def test_who_waits_too_long_is_told_that_it_is_in_flight(app, client, key, who, engine_name):
    path = "/v1/incidents"
    asked = Request("k", "POST", path, b"{}")
    started, go = Event(), Event()
    with app.app_context():
        same = keys.authenticate(key["X-API-Key"], "")

    def slow():
        started.set()
        assert go.wait(20)
        return Answer(201, {}, b"{}")

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(in_thread(app, lambda: idempotency.once(same, asked, slow)))
        assert started.wait(10)
        response = client.post(path, headers={**key, "Idempotency-Key": "k"}, json={"title": "a"})
        go.set()
        first.result(10)
    # SQLite has one writer at a time, so there it can't be told what the other one is working on.
    expected = {"postgresql": (409, "idempotency_in_flight"), "sqlite": (503, "unavailable")}
    assert code_of(response) == expected[engine_name]
    assert response.json["error"]["retryable"] is True
    assert int(response.headers["Retry-After"]) > 0


def test_two_keys_may_choose_the_same_idempotency_key(app, client, key, who):
    other = make.key(app, who)
    titles = [
        client.post("/v1/incidents", headers={**header, "Idempotency-Key": "k"}, json={"title": title}).json["title"]
        for header, title in ((key, "Mine"), (other, "Yours"))
    ]
    assert titles == ["Mine", "Yours"]


def test_an_answer_that_goes_away_in_between_is_in_flight(app, who, monkeypatch):
    asked = Request("k", "POST", "/v1/incidents", b"{}")
    monkeypatch.setattr(idempotency, "_claimed", lambda *_: False)
    with app.app_context(), pytest.raises(Conflict) as caught:
        idempotency.once(who, asked, lambda: Answer(201, {}, b"{}"))
    assert caught.value.code == "idempotency_in_flight"
    assert str(caught.value) == "A request with this Idempotency-Key is still being worked on. Try again."


def test_a_failure_of_the_database_while_claiming_is_not_taken_for_a_wait(app, key, client):
    with app.app_context():
        engine = db.engine

    def fail(_connection, _cursor, statement, *_rest):
        if "INSERT INTO kept_answer" in statement:
            raise sa.exc.OperationalError("INSERT", {}, Exception("gone"))

    sa.event.listen(engine, "before_cursor_execute", fail)
    try:
        assert code_of(made(client, key, Idempotency_Key="k")) == (503, "unavailable")
    finally:
        sa.event.remove(engine, "before_cursor_execute", fail)


def test_an_etag_names_what_the_answer_shows(app, client, who, key):
    ids = make.put_threats(app, who, 1)
    one = make.incident(app, who, ids)
    for path in (f"/incidents/{one}", f"/threats/{ids[0]}"):
        before = send(client, key, "GET", path)
        assert re.fullmatch(r'"\d+-[0-9a-f]{16}"', before.headers["ETag"])
        assert send(client, key, "GET", path).headers["ETag"] == before.headers["ETag"]
        with app.app_context():
            threats.upsert(who, [make.record(0, title=f"New {path}")], faults=Faults())
        after = send(client, key, "GET", path)
        assert after.headers["ETag"] != before.headers["ETag"]
        assert send(client, key, "GET", path, If_None_Match=before.headers["ETag"]).status_code == 200
        for text in (after.headers["ETag"], f'"x", W/{after.headers["ETag"]}', " * "):
            known = send(client, key, "GET", path, If_None_Match=text)
            assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", after.headers["ETag"])
    assert send(client, key, "GET", f"/incidents/{make.incident(app, who, [])}").status_code == 200


def test_a_change_of_a_threat_inside_is_no_obstacle_to_changing_the_incident(app, client, who, key):
    ids = make.put_threats(app, who, 1)
    path = f"/incidents/{make.incident(app, who, ids)}"
    etag = send(client, key, "GET", path).headers["ETag"]
    with app.app_context():
        threats.upsert(who, [make.record(0, title="New")], faults=Faults())
    assert send(client, key, "GET", path).headers["ETag"] != etag
    assert send(client, key, "PATCH", path, {"title": "b"}, If_Match=etag).status_code == 200
    assert send(client, key, "PATCH", path, {"title": "c"}, If_Match=etag).status_code == 412


def test_every_write_of_an_incident_is_held_to_the_version_it_names(app, client, who, key):
    ids = [str(i) for i in make.put_threats(app, who, 4)]
    one, two = (made(client, key).json["id"] for _ in range(2))
    path = f"/incidents/{one}"
    send(client, key, "POST", f"{path}/threats", {"threat_ids": ids[:3]})
    last = send(client, key, "GET", f"{path}/activity?limit=200").json["items"][-1]["act_id"]
    stale = '"1-0123456789abcdef"'
    writes = [
        ("PATCH", "", {"title": "b"}),
        ("POST", f"/activity/{last}/undo", None),
        ("POST", "/threats", {"threat_ids": ids[:3]}),
        ("DELETE", f"/threats/{ids[0]}", None),
        ("POST", "/move", {"threat_ids": ids[1:2], "to_incident_id": two}),
        ("POST", "/split", {"threat_ids": ids[2:3], "title": "c"}),
        ("POST", "/merge", {"incident_ids": [two], "reason": "d"}),
        ("POST", "/comments", {"body": "e"}),
        ("DELETE", "", None),
    ]
    for method, rest, body in writes:
        present = send(client, key, "GET", path)
        refused = send(client, key, method, path + rest, body, If_Match=stale)
        assert code_of(refused) == (412, "version_mismatch")
        assert refused.headers["ETag"] == present.headers["ETag"]
        assert send(client, key, "GET", path).data == present.data
        done = send(client, key, method, path + rest, body, If_Match=present.headers["ETag"])
        assert done.status_code < 300, done.text
    version = present.json["version"] + 1
    refused = send(client, key, "POST", f"{path}/restore", If_Match=stale)
    assert code_of(refused) == (412, "version_mismatch")
    assert refused.headers["ETag"].startswith(f'"{version}-')
    assert send(client, key, "POST", f"{path}/restore", If_Match=refused.headers["ETag"]).status_code == 200
    nobody = f"/incidents/{ids[0]}"
    assert send(client, key, "POST", f"{nobody}/restore", If_Match=stale).status_code == 404
    assert send(client, key, "PATCH", nobody, {}, If_Match=f"{stale}, {stale}").status_code == 404


def test_a_threat_is_held_to_the_version_it_names(app, client, who, key):
    path = f"/threats/{make.put_threats(app, who, 1)[0]}"
    first = send(client, key, "GET", path).headers["ETag"]
    second = send(client, key, "PATCH", path, {"pinned": True}, If_Match=first)
    assert second.status_code == 200
    refused = send(client, key, "PATCH", path, {"pinned": False}, If_Match=first)
    assert code_of(refused) == (412, "version_mismatch")
    assert refused.headers["ETag"] == second.headers["ETag"]
    assert send(client, key, "PATCH", path, {"pinned": False}, If_Match=f"{first}, {second.headers['ETag']}").status_code == 200


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("*", 200),
        ('"1-0123456789abcdef"', 200),
        ('"7-0123456789abcdef", "1-0123456789abcdef"', 200),
        ('"1-0123456789abcdef" , "7-0123456789abcdef"', 200),
        ('"7-0123456789abcdef", "8-0123456789abcdef"', 412),
        ('W/"1-0123456789abcdef"', 412),
        ('"1"', 412),
        ('""', 412),
        ('"99999999999999-0123456789abcdef"', 412),
        ('"999999999999999999999999-0123456789abcdef"', 412),
        ("", 400),
        ("1", 400),
        ("*, *", 400),
        ('"1', 400),
        ('"1" "2"', 400),
        ('w/"1"', 400),
    ],
)
def test_if_match_is_read_as_the_standard_has_it(client, key, written, status):
    path = f"/incidents/{made(client, key).json['id']}"
    response = send(client, key, "PATCH", path, {"title": "b"}, If_Match=written)
    assert response.status_code == status
    assert send(client, key, "GET", path).json["title"] == ("b" if status == 200 else "a")
    if status == 400:
        assert code_of(send(client, key, "GET", path, If_None_Match=written)) == (400, "request_malformed")


@pytest.mark.parametrize("version", ["0", "99999999999999"])
def test_any_number_may_stand_in_the_tag_of_a_threat(app, client, who, key, version):
    path = f"/threats/{make.put_threats(app, who, 1)[0]}"
    refused = send(client, key, "PATCH", path, {"pinned": True}, If_Match=f'"{version}-0123456789abcdef"')
    assert code_of(refused) == (412, "version_mismatch")


@pytest.mark.parametrize("path", ["/incidents", "/threats"])
def test_lists_have_no_tag(client, key, path):
    assert "ETag" not in send(client, key, "GET", path, If_None_Match="*").headers
