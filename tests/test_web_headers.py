"""What every answer carries, and what is believed of the headers that came in."""

from __future__ import annotations

import pytest

from app import create_app
from tests import browse, make

PATHS = ("/login", "/", "/nowhere", "/v1/threats", "/v1/nowhere", "/docs", "/static/css/base.css", "/static/nothing.css")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_keeps_browsers_from_guessing_and_from_running_what_is_not_ours(client, path):
    with client.get(path) as answer:  # that of a file has to be closed
        headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in headers
    if not path.startswith("/static/css"):
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "same-origin"


def test_behind_tls_the_cookie_is_bound_to_this_host_and_browsers_are_told_to_stay(tmp_path):
    client = create_app(DATA_DIR=tmp_path, SECURE_COOKIES=True).test_client()
    for path in ("/login", "/v1/nowhere", "/static/css/base.css"):
        with client.get(path, base_url="https://cordon.example") as answer:
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    cookie = client.get("/login", base_url="https://cordon.example").headers["Set-Cookie"]
    assert cookie.startswith("__Host-cordon=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


@pytest.mark.parametrize(("proxies", "scheme"), [(0, "http"), (1, "https")])
def test_what_a_proxy_says_is_believed_only_where_one_is_named(tmp_path, proxies, scheme):
    app = create_app(DATA_DIR=tmp_path, PROXIES=proxies)

    @app.get("/told")
    def told():
        from flask import request

        return f"{request.scheme} {request.host} {request.remote_addr}"

    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "desk.example", "X-Forwarded-For": "6.6.6.6, 192.0.2.7"}
    host, address = ("desk.example", "192.0.2.7") if proxies else ("localhost", "127.0.0.1")
    assert app.test_client().get("/told", headers=said).text == f"{scheme} {host} {address}"


def test_a_person_who_signs_in_keeps_their_session_in_a_cookie_that_scripts_can_not_read(app, client):
    make.person(app)
    fields = {"csrf_token": browse.token(client, "/login"), "email": "ada@example.org", "password": make.PASSWORD}
    cookie = client.post("/login", data=fields).headers["Set-Cookie"]
    assert cookie.startswith("cordon=")
    assert "HttpOnly" in cookie
