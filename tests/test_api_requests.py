"""What every request under /v1 goes through: the key, strict reading, and one shape of errors."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.api.codes import CODES
from app.api.routes import ROUTES
from app.db import db, now, transaction
from app.models import ApiKey
from app.service import keys
from app.terms import Permission
from tests import make

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
def key(app):
    return make.key(app, make.actor(app))


def code_of(response):
    return response.json["error"]["code"]


BAD_BODIES = {
    "empty": b"",
    "not JSON": b"{title}",
    "cut off": b'{"title": "a',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "two documents": b"{}{}",
    "a repeated member": b'{"title": "a", "title": "b"}',
    "a repeated member inside": b'{"title": "a", "selection": {"include": [], "include": []}}',
    "NaN": b'{"title": NaN}',
    "Infinity": b'{"title": "a", "x": -Infinity}',
    "1e400": b'{"title": "a", "x": 1e400}',
    "an endless integer": b'{"title": ' + b"9" * 5000 + b"}",
    "100,000 nested brackets": b'{"title": ' + b"[" * 100_000,
    "100,000 nested objects": b'{"a":' * 100_000,
    "NUL": b'{"title": "a\\u0000b"}',
    "raw NUL": b'{"title": "a\x00b"}',
    "half a surrogate pair": b'{"title": "a\\ud800b"}',
    "half a surrogate pair in a name": b'{"a\\udc00b": 1}',
    "half a surrogate pair, deep": b'{"a": [{"b": ["\\udfff"]}]}',
    "Latin-1": '{"title": "é"}'.encode("latin-1"),
    "UTF-16": '{"title": "a"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"title": "a"}',
    "a comment": b'{"title": "a" /* b */}',
    "a trailing comma": b'{"title": "a",}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/incidents"), ("PUT", "/v1/threats")])
def test_a_body_that_can_not_be_read_is_refused(client, key, method, path, body):
    response = client.open(path, method=method, headers=key, data=body, content_type="application/json")
    assert response.status_code == 400
    assert code_of(response) == "request_malformed"
    assert response.json["error"]["message"].endswith(".")
    assert client.get("/v1/incidents", headers=key).json["total"] == 0


def test_a_surrogate_pair_that_is_whole_is_text(client, key):
    response = client.post("/v1/incidents", headers=key, data=b'{"title": "\\ud83d\\ude00"}', content_type="application/json")
    assert response.json["title"] == "😀"


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
def test_another_media_type_is_refused(client, key, content_type):
    response = client.post("/v1/incidents", headers=key, data=b'{"title": "a"}', content_type=content_type)
    assert response.status_code == 415
    assert code_of(response) == "unsupported_media_type"


def test_a_body_over_the_limit_is_refused_and_the_limit_named(client, key):
    body = json.dumps({"title": "a", "description": "x" * 2_000_000})
    response = client.post("/v1/incidents", headers=key, data=body, content_type="application/json")
    assert response.status_code == 413
    assert code_of(response) == "body_too_large"
    assert "1,572,864" in response.json["error"]["message"]


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "in chunks"])
@pytest.mark.parametrize(("more", "status"), [(0, 422), (1, 413), (100_000, 413)])
def test_the_limit_of_a_body_is_exact(client, key, announced, more, status):
    start, end = b'{"title": "a", "description": "', b'"}'
    body = start + b"x" * (1_572_864 - len(start) - len(end) + more) + end
    chunked = {} if announced else {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    response = client.post("/v1/incidents", headers=key, data=body, content_type="application/json", environ_overrides=chunked)
    assert response.status_code == status
    assert code_of(response) == {422: "validation_failed", 413: "body_too_large"}[status]


def test_a_body_that_ends_before_its_announced_length_is_refused(client, key):
    longer = {"CONTENT_LENGTH": "15"}
    response = client.post(
        "/v1/incidents", headers=key, data=b'{"title": "a"}', content_type="application/json", environ_overrides=longer
    )
    assert (response.status_code, code_of(response)) == (400, "request_malformed")
    assert client.get("/v1/incidents", headers=key).json["total"] == 0


@pytest.mark.parametrize(
    ("member", "value", "code", "issue"),
    [
        ("title", "", "field_required", "Enter a title."),
        ("title", " \u3000\n", "field_required", "Enter a title."),
        ("title", None, "field_invalid", "Write this as text."),
        ("title", 5, "field_invalid", "Write this as text."),
        ("title", ["a"], "field_invalid", "Write this as text."),
        ("title", "x" * 201, "field_invalid", "Use at most 200 characters; this has 201."),
        ("title", "a\u0007b", "field_invalid", "Control characters are not allowed here, except new lines and tabs."),
        ("description", "x" * 10_001, "field_invalid", "Use at most 10,000 characters; this has 10,001."),
        ("description", False, "field_invalid", "Write this as text."),
        ("scope", "Aggregate", "field_invalid", "Choose one of: aggregate, investigation."),
        ("scope", None, "field_invalid", "Write this as text."),
        ("threat_ids", "x", "field_invalid", "Give a list."),
        ("threat_ids", None, "field_invalid", "Give a list."),
        ("threat_ids", {}, "field_invalid", "Give a list."),
        ("threat_ids", [NOBODY] * 10_001, "field_invalid", "Give at most 10,000 threats; this has 10,001."),
        ("selection", [], "field_invalid", "Give an object."),
        ("tittle", "a", "field_unknown", "This is not known here. Did you mean title?"),
        ("zzz", "a", "field_unknown", "This is not known here."),
    ],
)
def test_a_value_that_breaks_a_rule_is_told_in_plain_words(client, key, member, value, code, issue):
    response = client.post("/v1/incidents", headers=key, json={"title": "Fine", member: value})
    assert response.status_code == 422
    assert response.json["error"]["details"] == [{"field": member, "code": code, "issue": issue, "pointer": f"/{member}"}]
    assert client.get("/v1/incidents", headers=key).json["total"] == 0


@pytest.mark.parametrize(
    "threat_id",
    [
        "{4f5d1cc9-d4cc-49a1-a3fc-5ec93d674bc8}",
        "urn:uuid:4f5d1cc9-d4cc-49a1-a3fc-5ec93d674bc8",
        "4f5d1cc9d4cc49a1a3fc5ec93d674bc8",
        "",
    ],
)
def test_an_id_has_36_characters_everywhere(client, key, threat_id):
    response = client.post("/v1/incidents", headers=key, json={"title": "a", "threat_ids": [threat_id]})
    assert response.json["error"]["details"][0]["field"] == "threat_ids[0]"
    assert client.get(f"/v1/threats?incident_id={threat_id}", headers=key).status_code == 422


def test_a_query_parameter_given_twice_is_refused(client, key):
    response = client.get("/v1/incidents?limit=1&limit=2", headers=key)
    assert response.status_code == 400
    assert response.json["error"]["message"] == "The parameter limit is given twice."


def test_a_parameter_where_none_is_taken_is_refused(client, key):
    response = client.post("/v1/incidents?title=a", headers=key, json={"title": "a"})
    assert response.status_code == 422
    assert client.get("/v1/incidents", headers=key).json["total"] == 0


def test_every_answer_names_its_request(client, key):
    answers = [client.get(path, headers=key) for path in ("/v1/incidents", "/v1/nothing", "/v1/openapi.json", "/v1/threats?x=1")]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert len(set(ids)) == 4
    assert answers[1].json["request_id"] == ids[1]


def test_a_path_that_does_not_exist_is_not_found_in_json(client, key):
    for path in ("/v1/nothing", "/v1/incidents/", "/v1/", "/v1", f"/v1/incidents/{'x' * 36}", "/v1/threats/x"):
        response = client.get(path, headers=key)
        assert response.status_code == 404
        assert code_of(response) == "not_found"


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT", "OPTIONS", "TRACE"])
def test_a_method_that_a_path_does_not_take_is_refused_with_those_it_does(client, key, method):
    response = client.open("/v1/incidents", method=method, headers=key)
    assert response.status_code == 405
    assert code_of(response) == "method_not_allowed"
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_a_request_without_a_key_is_refused(client, key):
    for path in ("/v1/incidents", f"/v1/incidents?api_key={key['X-API-Key']}"):
        response = client.get(path)
        assert response.status_code == 401
        assert code_of(response) == "credentials_missing"
        assert response.headers["WWW-Authenticate"] == 'ApiKey realm="cordon"'


def test_a_session_cookie_is_never_looked_at(app, client):
    make.person(app)
    page = client.get("/login").text
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    form = {"email": "ada@example.org", "password": make.PASSWORD, "csrf_token": token}
    assert client.post("/login", data=form).status_code in {302, 303}
    assert client.get("/").status_code == 200
    assert client.get("/v1/incidents").status_code == 401


def test_a_mistyped_key_is_refused_without_a_query(client, key, count_statements):
    good = key["X-API-Key"]
    swapped = good[:20] + good[21] + good[20] + good[22:] if good[20] != good[21] else good[:-1] + "!"
    with count_statements() as statements:
        for bad in ("", "x", good[:-1], good + "x", good.lower(), "é" * len(good), swapped):
            response = client.get("/v1/incidents", headers={"X-API-Key": bad})
            assert response.status_code == 401
            assert code_of(response) == "api_key_invalid"
    assert statements == []


def test_unknown_revoked_and_expired_keys_answer_alike(app, client):
    who = make.actor(app)
    revoked, expired = make.key(app, who), make.key(app, who)
    with app.app_context(), transaction() as session:
        for header, column in ((revoked, ApiKey.revoked_at), (expired, ApiKey.expires_at)):
            prefix = header["X-API-Key"][7:15]
            session.execute(sa.update(ApiKey).where(ApiKey.prefix == prefix).values({column: now() - timedelta(seconds=1)}))
    body = "cordon_" + "0" * 51
    unknown = {"X-API-Key": body + keys.checksum(body)}
    messages = set()
    for header in (revoked, expired, unknown):
        response = client.get("/v1/incidents", headers=header)
        assert response.status_code == 401
        assert code_of(response) == "api_key_invalid"
        messages.add(response.json["error"]["message"])
    assert len(messages) == 1


def test_a_key_is_stored_as_a_hash_only_and_its_use_is_noted(app, client, key):
    client.get("/v1/incidents", headers=key)
    with app.app_context():
        row = db.session.scalar(sa.select(ApiKey))
        assert row.last_used_at is not None
        stored = " ".join(str(getattr(row, column.key)) for column in ApiKey.__table__.columns)
    assert key["X-API-Key"] not in stored
    assert key["X-API-Key"][15:-6] not in stored
    assert row.last4 == key["X-API-Key"][-4:]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_key_needs_the_scope_of_the_operation(app, client, route):
    kind = route.path.split("/")[2]
    verb = "read" if route.method == "GET" or route.path.endswith("/select") else "write"
    needed = Permission.ADMIN if kind == "keys" else Permission(f"{kind}:{verb}")
    path = re.sub(r"\{\w+\}", NOBODY, route.path)
    others = [scope for scope in Permission if scope is not needed]
    response = client.open(path, method=route.method, headers=make.key(app, make.actor(app), *others), json={})
    assert response.status_code == 403
    assert code_of(response) == "insufficient_scope"
    assert needed in response.json["error"]["message"]
    response = client.open(path, method=route.method, headers=make.key(app, make.actor(app), needed), json={})
    assert response.status_code in {200, 404, 422}
    said = client.get("/v1/openapi.json").json["paths"][route.path][route.method.lower()]["description"]
    assert f"`{needed}`" in said


def test_a_selection_needs_the_scope_to_read_threats(app, client):
    who = make.actor(app)
    writer = make.key(app, who, Permission.INCIDENTS_WRITE)
    chosen = {"include": [str(i) for i in make.put_threats(app, who, 1)]}
    response = client.post("/v1/incidents", headers=writer, json={"title": "a", "selection": chosen})
    assert code_of(response) == "insufficient_scope"
    assert Permission.THREATS_READ in response.json["error"]["message"]
    paths = client.get("/v1/openapi.json").json["paths"]
    said = {path for path in paths if "selection also `threats:read`" in paths[path].get("post", {}).get("description", "")}
    assert said == {"/v1/incidents", "/v1/incidents/{id}/threats"}


def test_many_unknown_members_are_cut_and_told_without_much_work(client, key):
    names = [f"titel{n}" for n in range(20_000)]
    body = {"title": "a", **dict.fromkeys(names, 1)}
    start = time.perf_counter()
    response = client.post("/v1/incidents", headers=key, json=body)
    assert time.perf_counter() - start < 10
    error = response.json["error"]
    assert error["message"] == "20000 fields need attention. The first 10,000 are listed."
    assert len(error["details"]) == 10_000
    assert error["details"][0]["issue"] == "This is not known here. Did you mean title?"
    assert error["details"][-1]["issue"] == "This is not known here."
    details = client.post("/v1/incidents", headers=key, json={"title": "a", "x" * 5000: 1}).json["error"]["details"]
    assert details[0]["field"] == "x" * 100
    filters = client.post("/v1/threats/select", headers=key, json={"filters": {"x" * 5000: "y"}}).json["error"]["details"]
    assert filters[0]["field"] == "filters." + "x" * 100


def test_a_member_given_twice_among_many_is_found_quickly(client, key):
    body = "{" + ",".join(f'"m{n}":1' for n in range(100_000)) + ',"m99999":1}'
    start = time.perf_counter()
    response = client.post("/v1/incidents", headers=key, data=body, content_type="application/json")
    assert time.perf_counter() - start < 5
    assert response.json["error"]["message"] == 'The member "m99999" is given twice.'


def test_half_a_coordinate_of_the_wrong_type_is_one_fault(client, key):
    threat = {"source": "s", "external_id": "1", "title": "a", "coordinates": {"lat": True, "lng": 0}}
    details = client.put("/v1/threats", headers=key, json={"threats": [threat]}).json["error"]["details"]
    assert [(each["field"], each["issue"]) for each in details] == [("threats[0].coordinates.lat", "Give a number.")]


def test_the_document_names_the_headers(client):
    document = client.get("/v1/openapi.json").json
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    for operation in operations:
        for status, header in (("401", "WWW-Authenticate"), ("405", "Allow"), ("429", "Retry-After"), ("503", "Retry-After")):
            assert header in operation["responses"][status]["headers"]
        for answer in operation["responses"].values():
            assert {"X-Request-Id", "RateLimit", "RateLimit-Policy"} <= set(answer["headers"])
    incidents = document["paths"]["/v1/incidents"]
    assert "Link" in incidents["get"]["responses"]["200"]["headers"]
    assert {"ETag", "Location", "Idempotent-Replayed"} <= set(incidents["post"]["responses"]["201"]["headers"])
    one = document["paths"]["/v1/incidents/{id}"]
    assert "ETag" in one["get"]["responses"]["304"]["headers"]
    assert "ETag" in one["patch"]["responses"]["412"]["headers"]


def test_the_document_names_every_code_and_every_route(client):
    document = client.get("/v1/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {route.path for route in ROUTES}
    page = client.get("/docs").text
    for code in CODES:
        assert f"<code>{code}</code>" in page
    for path in document["paths"]:
        assert path in page


@pytest.mark.parametrize(("kind", "status"), [(sa.exc.OperationalError, 503), (sa.exc.IntegrityError, 500)])
def test_a_failure_in_the_database_leaves_no_value_in_the_log(app, client, key, caplog, kind, status):
    with app.app_context():
        engine = db.engine

    value = "se" + "cret"  # the line of the source that raises stands in the log

    def fail(*_arguments):
        raise kind("SELECT 1", {"title": value}, Exception(f"Key (title)=({value})"))

    sa.event.listen(engine, "before_cursor_execute", fail)
    try:
        response = client.get("/v1/incidents", headers=key)
    finally:
        sa.event.remove(engine, "before_cursor_execute", fail)
    assert response.status_code == status
    assert response.json["request_id"] in caplog.text
    assert "keys.py" in caplog.text
    assert "secret" not in caplog.text + response.text


def test_a_database_that_does_not_answer_is_a_503_without_internals(app, client, key):
    with app.app_context():
        engine = db.engine

    def fail(*_arguments):
        raise sa.exc.OperationalError("SELECT secret", {}, Exception("database is locked"))

    sa.event.listen(engine, "before_cursor_execute", fail)
    try:
        response = client.get("/v1/incidents", headers=key)
    finally:
        sa.event.remove(engine, "before_cursor_execute", fail)
    assert response.status_code == 503
    assert response.json["error"]["retryable"] is True
    assert response.headers["Retry-After"] == "5"
    assert "SELECT" not in response.text
    assert client.get("/v1/incidents", headers=key).status_code == 200


def test_an_error_nobody_foresaw_tells_nothing_of_the_inside(app, client, key, caplog):
    with app.app_context():
        engine = db.engine

    def fail(*_arguments):
        raise ZeroDivisionError("inside")

    sa.event.listen(engine, "before_cursor_execute", fail)
    try:
        response = client.get("/v1/incidents", headers=key)
    finally:
        sa.event.remove(engine, "before_cursor_execute", fail)
    assert response.status_code == 500
    assert code_of(response) == "internal_error"
    assert "inside" not in response.text
    assert response.json["request_id"] in caplog.text
