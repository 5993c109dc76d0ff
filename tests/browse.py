"""Using the pages as a browser without JavaScript does: forms with their hidden fields, over Flask's client."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlencode
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.service import incidents, people
from tests import make

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
    return hidden(client.get(path, follow_redirects=True).text, "csrf_token")


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


def form(page: str, action: str) -> list[tuple[str, str]]:
    """Return what a browser without JavaScript sends of the page's form with this action, without any button."""
    reader = _Form(action)
    reader.feed(page)
    assert reader.pairs, f"no form {action}"
    return reader.pairs


def press(client: FlaskClient, path: str, pairs: list[tuple[str, str]], **changed: str) -> TestResponse:
    """Send the fields of a form, some of them changed by hand; a button that was pressed is one more."""
    kept = [(name, value) for name, value in pairs if name not in changed]
    return client.post(path, data=urlencode([*kept, *changed.items()]), content_type=FORM)


class _Form(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__()
        self.action, self.inside, self.pairs = action, False, []
        self.area = self.select = None

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("action") == self.action
        if not self.inside:
            return
        name = given.get("name")
        if tag == "textarea":
            self.area = [name, ""]
        elif tag == "select":
            self.select = name
            self.pairs.append((name, ""))
        elif tag == "option" and "selected" in given:
            self.pairs[-1] = (self.select, given["value"])
        elif tag == "input" and name and (given.get("type") not in {"checkbox", "radio"} or "checked" in given):
            self.pairs.append((name, given.get("value") or ""))

    def handle_data(self, data):
        if self.area:
            self.area[1] += data

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False
        if tag == "textarea" and self.area:
            self.pairs.append((self.area[0], self.area[1].removeprefix("\n")))
            self.area = None


def life(app: Flask, client: FlaskClient) -> Life:
    """Return a signed-in analyst's client, an incident of five threats, another open one, and the ids of all threats."""
    ada = make.person(app)
    ids = [str(threat_id) for threat_id in make.put_threats(app, ada, 8)]
    first = make.incident(app, ada, ids[:5])
    other = make.incident(app, ada, ids[5:7], "Flooding in Apapa")
    return Life(app, sign_in(app, client), ada, str(first), str(other), ids)


class Life:
    """One who works on an incident by its page."""

    def __init__(self, app, client, ada, first, other, ids):
        self.app, self.client, self.ada, self.first, self.other, self.ids = app, client, ada, first, other, ids

    def look(self, incident_id=None, query=""):
        return self.client.get(f"/incidents/{incident_id or self.first}{query}").text

    def act(self, verb, *pairs, incident_id=None, **fields):
        """Send a form of the incident's page with the version that the page has now."""
        path = f"/incidents/{incident_id or self.first}"
        version = re.search(r'name="version" value="(\d+)"', self.client.get(path).text)
        return send(self.client, f"{path}/{verb}", *pairs, **{"version": version[1] if version else "0", **fields})

    def follow(self, answer):
        assert answer.status_code == 303, problems(answer.text)
        return self.client.get(answer.location).text

    def undo(self, page):
        """Press the button of the notice."""
        path, act_id = re.search(r'action="(/incidents/[^"]+/undo)">.*?name="act_id" value="([^"]+)"', page, re.DOTALL).groups()
        return send(self.client, path, act_id=act_id)

    def links(self, incident_id=None):
        with self.app.app_context():
            view = incidents.get(self.ada, UUID(incident_id or self.first), deleted=True)
            return sorted(str(link.threat_id) for link in view.links)

    def facts(self, incident_id=None):
        with self.app.app_context():
            return incidents.get(self.ada, UUID(incident_id or self.first), deleted=True).incident
