"""Using the pages as a browser without JavaScript does: forms with their hidden fields, over Flask's client."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.service import people

FORM = "application/x-www-form-urlencoded"


def sign_in(app: Flask, client: FlaskClient, email: str = "ada@example.org") -> FlaskClient:
    """Sign a person in by a one-time link."""
    with app.app_context():
        token = people.make_sign_in_link(people.find(email))
    assert client.get(f"/enter?token={token}").status_code == 303
    return client


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field."""
    return unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1])


def token(client: FlaskClient, path: str = "/") -> str:
    """Return the token that this client's forms carry."""
    return hidden(client.get(path).text, "csrf_token")


def send(client: FlaskClient, path: str, *pairs: tuple[str, str], raw: bytes = b"", **fields: str) -> TestResponse:
    """Send a form as the browser encodes it; `raw` is put behind it as it is."""
    body = urlencode([("csrf_token", token(client)), *fields.items(), *pairs]).encode() + raw
    return client.post(path, data=body, content_type=FORM)


def ticked(page: str) -> list[str]:
    """Return the ids of the ticked rows."""
    return re.findall(r'name="threat_ids" value="([^"]+)" autocomplete="off" checked', page)


def listed(page: str) -> list[str]:
    """Return the ids of all rows with a checkbox."""
    return re.findall(r'name="threat_ids" value="([^"]+)"', page)


def problems(page: str) -> list[str]:
    """Return what the error summary says."""
    summary = re.search(r'<div class="error-summary".*?</div>', page, re.DOTALL)
    return [unescape(text) for text in re.findall(r"<li><a [^>]*>(.*?)</a>", summary[0])] if summary else []


def reopen(page: str) -> str:
    """Return which incident the page offers to reopen."""
    return re.search(r'name="reopen" value="([^"]+)"', page)[1]
