"""What no form may do: bad input is answered with a clear message beside its field, and nothing is written."""

from __future__ import annotations

import io
import json
import uuid

import pytest
import sqlalchemy as sa

from app.db import db
from app.models import Activity, Incident
from tests import browse, make

SURROGATE = b"&title=%ED%A0%80"


def step(ids: list[str]) -> tuple[str, str]:
    """Return the desk's hidden field with these ids added."""
    return "selection", json.dumps([{"op": "add", "ids": ids}], separators=(",", ":"))


@pytest.fixture
def desk(app, client):
    ada = make.person(app)
    ids = [str(threat_id) for threat_id in make.put_threats(app, ada, 3)]
    return browse.sign_in(app, client), ids


@pytest.fixture
def nothing_is_written(app):
    def counts():
        with app.app_context():
            return [db.session.scalar(sa.select(sa.func.count()).select_from(model)) for model in (Incident, Activity)]

    before = counts()
    yield
    assert counts()[0] == 0
    assert counts()[1] <= before[1] + 1  # the threats' own arrival


@pytest.mark.parametrize(
    ("fields", "raw", "words"),
    [
        ({"title": ""}, b"", "Enter a title."),
        ({"title": " \t\n"}, b"", "Enter a title."),
        ({}, b"", "Enter a title."),
        ({"title": "x" * 201}, b"", "Use at most 200 characters; this has 201."),
        ({"title": "a\x00b"}, b"", "Control characters are not allowed here, except new lines and tabs."),
        ({}, SURROGATE, "Control characters are not allowed here, except new lines and tabs."),
        ({"title": "ok", "description": "d" * 10_001}, b"", "Use at most 10,000 characters; this has 10,001."),
        ({"title": "ok", "description": "\x1b"}, b"", "Control characters are not allowed here, except new lines and tabs."),
        ({"title": "ok", "scope": "other"}, b"", "Choose one of: aggregate, investigation."),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_written(desk, nothing_is_written, fields, raw, words):
    client, ids = desk
    answer = browse.send(client, "/incidents", ("threat_ids", ids[0]), raw=raw, **fields)
    assert answer.status_code == 422
    assert browse.problems(answer.text) == [words]
    assert browse.ticked(answer.text) == [ids[0]]


def test_all_faults_are_told_at_once(desk, nothing_is_written):
    client, _ = desk
    answer = browse.send(client, "/incidents", description="d" * 10_001, scope="other")
    assert browse.problems(answer.text) == [
        "Select at least one threat.",
        "Enter a title.",
        "Use at most 10,000 characters; this has 10,001.",
        "Choose one of: aggregate, investigation.",
    ]


def test_unknown_and_foreign_threats_are_answered_alike_and_taken_out(app, desk, nothing_is_written):
    client, ids = desk
    stranger = make.person(app, "sam@example.net", tenant="Other")
    foreign = str(make.put_threats(app, stranger, 1)[0])
    said = []
    for other in (foreign, str(uuid.uuid4())):
        answer = browse.send(client, "/incidents", ("threat_ids", ids[0]), ("threat_ids", other), title="Ok")
        assert answer.status_code == 422
        assert browse.ticked(answer.text) == [ids[0]]
        assert other not in answer.text
        said.append(browse.problems(answer.text))
    assert said[0] == said[1] == ["No threat has this id. 1 was taken out of the selection."]


def test_ids_that_are_none_are_named_and_taken_out(desk, nothing_is_written):
    client, ids = desk
    answer = browse.send(client, "/incidents", step([ids[0], "nonsense", "%00"]), title="Ok")
    assert browse.problems(answer.text) == ["Write the id as a UUID of 36 characters. 2 were taken out of the selection."]


def test_ten_thousand_and_one_threats_are_too_many(desk, nothing_is_written):
    client, _ = desk
    ids = [str(uuid.uuid4()) for _ in range(10_001)]
    answer = browse.send(client, "/incidents", step(ids), title="Ok")
    assert answer.status_code == 422
    assert "Give at most 10,000 threats; this has 10,001." in browse.problems(answer.text)


def test_ten_thousand_threats_fit_into_one_form(app, client, count_statements):
    ada = make.person(app)
    browse.sign_in(app, client)
    with app.app_context():
        from app.errors import Faults
        from app.service import threats

        records = [make.record(i) for i in range(10_000)]
        ids = []
        for start in range(0, len(records), 1000):
            outcomes = threats.upsert(ada, records[start : start + 1000], faults=Faults())
            ids += [str(outcome.threat_id) for outcome in outcomes]
    kept = browse.send(client, "/", step(ids))
    assert kept.status_code == 200
    assert 'selected-count">10,000</span>' in kept.text
    with count_statements() as statements:
        answer = browse.send(client, "/incidents", step(ids), title="All of it")
    assert answer.status_code == 303
    assert len(statements) <= 31
    page = client.get(answer.location).text
    assert "The first 1,000 of 10,000 are listed here." in page


def test_a_body_of_two_megabytes_is_refused_with_the_limit(desk, nothing_is_written):
    client, _ = desk
    answer = client.post("/incidents", data=b"title=" + b"x" * 2_000_000, content_type=browse.FORM)
    assert answer.status_code == 413
    assert "1,024 kB" in answer.text


def test_a_body_that_is_not_utf_8_is_refused(desk, nothing_is_written):
    client, _ = desk
    answer = client.post("/incidents", data=b"title=\xff\xfe", content_type=browse.FORM)
    assert answer.status_code == 400
    assert "The form is not UTF-8 text." in answer.text


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_another_content_type_is_refused(desk, nothing_is_written, content_type):
    client, _ = desk
    headers = {"X-CSRFToken": browse.token(client)}
    answer = client.post("/incidents", data=b"[" * 100_000, content_type=content_type, headers=headers)
    assert answer.status_code == 415
    assert "does not take this kind of form" in answer.text


def test_what_is_typed_is_never_markup(desk):
    client, ids = desk
    answer = browse.send(client, "/incidents", ("threat_ids", ids[0]), title="<script>alert(1)</script>\x07")
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
def test_a_body_in_chunks_over_the_limit_is_refused_and_not_cut(app, desk, nothing_is_written, content_type):
    client, _ = desk
    limit = app.config["MAX_CONTENT_LENGTH"]
    body = f"csrf_token={browse.token(client)}&title=".encode() + b"x" * limit
    answer = client.post(
        "/incidents",
        input_stream=io.BytesIO(body),
        content_type=content_type,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("nonce", [b"%FF", b"%ED%A0%80", b"%00", b"a%20b", b"x" * 65])
@pytest.mark.parametrize("path", ["/incidents", "/incidents/link", "/incidents/{}/comment", "/threats/{}"])
def test_a_one_time_number_that_is_none_is_refused(desk, nothing_is_written, path, nonce):
    client, ids = desk
    answer = browse.send(client, path.format(ids[0]), threat_ids=ids[0], title="T", body="B", status="x", raw=b"&nonce=" + nonce)
    assert answer.status_code == 400
    assert "one-time number" in answer.text


@pytest.mark.parametrize("path", ["/incidents", "/incidents/link"])
def test_a_view_that_no_desk_has_loses_no_form(desk, nothing_is_written, path):
    client, ids = desk
    answer = browse.send(client, path, threat_ids=ids[0], description="Kept words", view="page=1&page=2")
    assert answer.status_code == 422
    assert "Kept words</textarea>" in answer.text
    assert browse.ticked(answer.text) == [ids[0]]
