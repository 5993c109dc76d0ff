"""Pages of incidents and threats, error pages, and the headers of everything."""

from __future__ import annotations

import re
import uuid
from html import unescape

import pytest
import sqlalchemy as sa

from app.db import now
from app.models import Tenant
from app.service import incidents
from tests import browse, make


@pytest.fixture
def ada(app, client):
    who = make.person(app)
    browse.sign_in(app, client)
    return who


def test_incidents_are_listed_by_status_with_counts_search_and_pages(app, client, ada):
    ids = make.put_threats(app, ada, 1)
    for number in range(51):
        make.incident(app, ada, ids if number else [], f"Incident {number}")
    page = client.get("/incidents").text
    assert 'All <span class="count">51</span>' in page
    assert 'Open <span class="count">51</span>' in page
    assert 'Closed <span class="count">0</span>' in page
    assert "Page 1 of 2" in page
    assert 'href="?page=2"' in page
    assert page.index("Incident 50") < page.index("Incident 49")
    assert "Incident 0" in client.get("/incidents?page=2").text
    found = client.get("/incidents?q=incident+7&status=open&scope=aggregate&sort=title").text
    assert "1 incident<" in found
    assert "No incident matches." in client.get("/incidents?status=closed").text
    assert "1 incident<" in client.get("/incidents?q=incident+7&created_from=2020-01-01T00:00&created_to=2999-01-01T00:00").text


@pytest.mark.parametrize(
    ("path", "query", "kept"),
    [("/incidents", "?q=incident&status=open&page=1", "?q=incident&status=open"), ("/", "?severity=critical&within=30d", None)],
)
def test_lists_are_taken_away_as_they_are_filtered(app, client, ada, path, query, kept):
    ids = make.put_threats(app, ada, 3, observed_at=now())
    make.incident(app, ada, ids, "Incident 1")
    closed = make.incident(app, ada, ids, "Incident 2")
    with app.app_context():
        incidents.change(ada, closed, incidents.Changes(status="closed"))
    page = client.get(f"{path}{query}").text
    links = [unescape(link) for link in re.findall(r'<a href="([^"]+)" download>', page)]
    assert [link.partition("?")[2] for link in links] == [(kept or query)[1:]] * 4
    assert [link.partition("?")[0].rpartition(".")[2] for link in links] == ["csv", "geojson", "kml", "json"]
    rows = client.get(links[0]).text.splitlines()
    assert len(rows) == 2  # the head, and the one that the filters let through
    empty = client.get(f"{path}?q=there+is+none").text
    assert "download" not in empty


def test_a_filter_of_incidents_that_cannot_be_read_lists_nothing(app, client, ada):
    make.incident(app, ada, [], "Somewhere")
    page = client.get("/incidents?status=asleep").text
    assert "Choose one of: open, closed, resolved." in page
    assert "Somewhere" not in page


def test_an_incident_shows_its_facts_and_its_threats(app, client, ada):
    ids = make.put_threats(app, ada, 2)
    page = client.get(f"/incidents/{make.incident(app, ada, ids)}").text
    for words in (
        "Port access disruption in Lagos",
        "Road closure 0",
        "Road closure 1",
        "2026-04-18 09:00 UTC",
        "2 threats",
        "Aggregate",
    ):
        assert words in page
    assert f"/threats/{ids[0]}" in page


def test_a_threat_shows_what_its_source_says_and_the_incidents_it_is_in(app, client, ada):
    values = {"description": "Lorries queue.", "url": "https://example.org/a?b=1&c=2", "location_precision_level": "near"}
    ids = make.put_threats(app, ada, 1, location_uncertainty_km=1.5, **values)
    make.incident(app, ada, ids)
    page = client.get(f"/threats/{ids[0]}").text
    for words in ("Lorries queue.", "Near this place, within 1.5 km", "In 1 incident", "Apapa, Lagos, Nigeria", "1 version"):
        assert words in page
    assert '<a href="https://example.org/a?b=1&amp;c=2" rel="noopener noreferrer"' in page


def test_a_threat_without_a_place_says_so(app, client, ada):
    ids = make.put_threats(app, ada, 1, lat=None, lng=None, location=None, location_country=None)
    assert "no coordinates" in client.get(f"/threats/{ids[0]}").text
    assert "No place" in client.get("/").text


@pytest.mark.parametrize("kind", ["incidents", "threats", "imports"])
def test_unknown_and_foreign_things_are_the_same_page(app, client, ada, kind):
    stranger = make.person(app, "sam@example.net", tenant="Other")
    ids = make.put_threats(app, stranger, 1)
    theirs = {"incidents": make.incident(app, stranger, ids), "threats": ids[0], "imports": uuid.uuid4()}[kind]
    if kind == "imports":
        from app.service import imports

        with app.app_context():
            theirs = imports.draft(stranger, "a.csv", b"id,title,lat,lng\n1,A,2,3\n").id
    pages = [client.get(f"/{kind}/{thing}") for thing in (theirs, uuid.uuid4())]
    assert [page.status_code for page in pages] == [404, 404]
    same = [re.sub(r'name="csrf_token" value="[^"]*"', "", page.text) for page in pages]  # it holds the second it was made in
    assert same[0] == same[1]


def test_nothing_of_another_tenant_is_on_any_page(app, client, ada):
    stranger = make.person(app, "sam@example.net", tenant="Other")
    ids = make.put_threats(app, stranger, 2, title="Secret of the others", source="their feed", threat_type="their type")
    made = make.incident(app, stranger, ids, "Incident of the others")
    paths = ["/", "/incidents", "/threats/points", "/threats/list", "/imports"]
    for path in [*paths, f"/?incident_id={made}", f"/incidents?threat_id={ids[0]}"]:
        text = client.get(path).text
        for words in ("Secret", "their feed", "their type", "of the others", str(ids[1])):
            assert words not in text, path


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/login", 302),
        ("GET", "/incidents", 200),
        ("GET", "/imports", 200),
        ("GET", "/threats/points", 200),
        ("GET", "/?q=a&q=b", 400),
        ("GET", "/nothing", 404),
        ("GET", "/static/nothing", 404),
        ("GET", "/incidents/not-an-id", 404),
        ("POST", "/incidents", 400),
        ("DELETE", "/incidents", 405),
    ],
)
def test_every_answer_carries_the_headers(client, ada, method, path, status):
    with client.open(path, method=method) as answer:
        assert answer.status_code == status
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_file_opened_by_itself_can_do_nothing(client):
    for path in ("/static/css/base.css", "/static/css/icon.svg"):
        with client.get(path) as answer:
            assert answer.status_code == 200
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_policy_lets_in_the_tile_host_and_nothing_else():
    from app.web.headers import content_security_policy

    policy = content_security_policy("https://{s}.tiles.example:8443/{z}/{x}/{y}.png")
    assert "img-src 'self' data: https://*.tiles.example:8443;" in policy
    assert "connect-src 'self' https://*.tiles.example:8443;" in policy
    assert content_security_policy("javascript:alert(1)") == content_security_policy("")


def test_no_page_has_a_script_or_a_style_in_it(app, client, ada):
    ids = make.put_threats(app, ada, 3)
    made = make.incident(app, ada, ids)
    for path in ("/", "/incidents", f"/incidents/{made}", f"/threats/{ids[0]}", "/imports", "/nothing"):
        text = client.get(path).text
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick=" not in text
        assert "<script>" not in text
        assert "https://" not in text


def test_a_method_that_is_not_answered_names_those_that_are(client, ada):
    answer = client.put("/", headers={"X-CSRFToken": browse.token(client)})
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) >= {"GET", "POST"}


def test_a_database_that_fails_is_a_page_with_503_and_no_internals(app, client, ada, monkeypatch):
    def fail(*_args, **_kwargs):
        raise sa.exc.OperationalError("SELECT secret", {}, Exception("database is locked"))

    monkeypatch.setattr("app.service.threats.search", fail)
    answer = client.get("/")
    assert answer.status_code == 503
    assert "The database is busy" in answer.text
    assert "SELECT" not in answer.text
    assert answer.headers["Retry-After"]


def test_an_error_that_nobody_foresaw_shows_nothing_of_the_inside(app, client, ada, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError("the inside")

    monkeypatch.setattr("app.service.threats.search", fail)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "the inside" not in answer.text


def test_a_person_who_lost_their_membership_is_signed_out(app, client, ada):
    from app.db import db
    from app.models import Membership

    with app.app_context():
        assert db.session.scalar(sa.select(Tenant.id))
        db.session.execute(sa.delete(Membership))
        db.session.commit()
    assert client.get("/").status_code == 303
    assert client.get("/login").status_code == 200
