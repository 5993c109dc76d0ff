"""Signing in and out at the browser."""

from __future__ import annotations

import pytest

from app.service import people
from tests import browse, make


def log_in(client, email, password):
    fields = {"csrf_token": browse.token(client, "/login"), "email": email, "password": password}
    return client.post("/login", data=fields)


def test_a_person_signs_in_with_their_password_and_reaches_the_desk(app, client):
    make.person(app)
    answer = log_in(client, " Ada@Example.org ", make.PASSWORD)
    assert answer.status_code == 302
    assert answer.location == "/"
    assert "ada" in client.get("/").text


@pytest.mark.parametrize(
    "email", ["ada@example.org", "nobody@example.org", "a\x00b@example.org", "\ud800".encode("utf-8", "replace")]
)
def test_a_wrong_password_and_an_unknown_address_are_answered_in_the_same_words(app, client, email):
    make.person(app)
    page = log_in(client, email, "not the password").text
    assert "The e-mail address or the password is wrong." in page
    assert client.get("/").status_code == 303


def test_a_page_asked_for_before_signing_in_is_shown_after_it(app, client):
    make.person(app)
    answer = client.get("/incidents?status=open")
    assert answer.status_code == 303
    assert answer.location == "/login?next=/incidents?status%3Dopen"
    fields = {"csrf_token": browse.token(client, answer.location), "email": "ada@example.org", "password": make.PASSWORD}
    assert client.post(answer.location, data=fields).location == "/incidents?status=open"


def test_signing_in_never_leads_to_another_host(app, client):
    make.person(app)
    path = "/login?next=https://elsewhere.example/"
    fields = {"csrf_token": browse.token(client, path), "email": "ada@example.org", "password": make.PASSWORD}
    assert "elsewhere" not in (client.post(path, data=fields).location or "")


def test_a_sign_in_link_works_once(app, client):
    make.person(app)
    with app.app_context():
        token = people.make_sign_in_link(people.find("ada@example.org"))
    assert client.get(f"/enter?token={token}").location == "/"
    assert client.get("/").status_code == 200
    again = app.test_client().get(f"/enter?token={token}")
    assert again.status_code == 404
    assert "it may have been used, or be too old" in again.text


def test_signing_out_takes_a_form_and_ends_the_session(app, client):
    make.person(app)
    browse.sign_in(app, client)
    assert client.get("/logout").status_code == 405
    assert client.get("/").status_code == 200
    assert browse.send(client, "/logout").status_code == 302
    assert client.get("/").status_code == 303


def test_a_form_without_its_token_is_refused(app, client):
    make.person(app)
    browse.sign_in(app, client)
    answer = client.post("/incidents", data={"title": "Forged"})
    assert answer.status_code == 400
    assert "Nothing was saved" in answer.text


def test_a_script_that_asks_without_signing_in_is_told_so(app, client):
    assert client.get("/threats/points", headers={"X-Requested-With": "fetch"}).status_code == 401


def test_there_is_no_registration_and_no_recovery(client):
    for path in ("/register", "/reset", "/change", "/confirm"):
        assert client.get(path).status_code == 404, path


def test_looking_at_a_sign_in_link_does_not_use_it_up(app, client):
    make.person(app)
    with app.app_context():
        token = people.make_sign_in_link(people.find("ada@example.org"))
    assert client.head(f"/enter?token={token}").status_code == 200
    assert client.get("/").status_code == 303
    assert client.get(f"/enter?token={token}").location == "/"
