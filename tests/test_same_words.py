"""The same bad values through every edge that takes them: a clear refusal each, in the same words, and nothing written."""

from __future__ import annotations

import html
from collections.abc import Callable
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import Incident, Threat
from app.service import imports
from tests import make
from tests.browse import send, sign_in

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"

BAD_INCIDENTS = {
    "no title": ({"title": ""}, "Enter a title."),
    "blank title": ({"title": " \t \u3000"}, "Enter a title."),
    "invisible title": ({"title": "\u200b\u2060"}, "Enter a title."),
    "title too long": ({"title": "x" * 201}, "Use at most 200 characters; this has 201."),
    "bell in title": ({"title": "a\x07b"}, "Control characters are not allowed here, except new lines and tabs."),
    "reversed title": ({"title": "a\u202eb"}, "Control characters are not allowed here, except new lines and tabs."),
    "description too long": ({"description": "x" * 10_001}, "Use at most 10,000 characters; this has 10,001."),
    "unknown scope": ({"scope": "everything"}, "Choose one of: aggregate, investigation."),
    "id that is none": ({"threat_ids": ["nonsense"]}, "Write the id as a UUID of 36 characters."),
    "unknown id": ({"threat_ids": [NOBODY]}, "No threat has this id."),
    "too many ids": ({"threat_ids": [str(UUID(int=i)) for i in range(10_001)]}, "Give at most 10,000 threats; this has 10,001."),
}


def by_api(app: Flask, values: dict) -> str:
    response = app.test_client().post("/v1/incidents", headers=make.key(app, make.actor(app)), json=values)
    assert response.status_code == 422
    return " ".join(detail["issue"] for detail in response.json["error"]["details"])


def by_form(app: Flask, values: dict) -> str:
    make.person(app)
    client = sign_in(app, app.test_client())
    ids = [("threat_ids", threat_id) for threat_id in values.pop("threat_ids")]
    response = send(client, "/incidents", *ids, **values)
    assert response.status_code == 422
    return html.unescape(response.text)


@pytest.mark.parametrize("edge", [by_api, by_form])
@pytest.mark.parametrize("case", BAD_INCIDENTS)
def test_an_incident_is_refused_in_the_same_words(app, edge: Callable[[Flask, dict], str], case):
    values, words = BAD_INCIDENTS[case]
    known = str(make.put_threats(app, make.actor(app), 1)[0])
    assert words in edge(app, {"title": "Fine", "threat_ids": [known], **values})
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Incident)) == 0


# Not here: a blank title, which a table's reader makes from type and place, and words for severity and status, of which it
# knows more than the API.
BAD_THREATS = {
    "title too long": ({"title": "x" * 501}, "Use at most 500 characters; this has 501."),
    "latitude": ({"lat": 95, "lng": 95}, "Latitude must be between -90 and 90."),
    "longitude": ({"lng": 200}, "Longitude must be between -180 and 180."),
    "address": ({"url": "javascript:alert(1)"}, "Write an address that begins with http:// or https://."),
    "id too long": ({"external_id": "x" * 201}, "Use at most 200 characters; this has 201."),
}
GOOD_THREAT = {"external_id": "1", "title": "Flood", "lat": 6.4, "lng": 3.4, "status": "active", "url": "https://example.org"}


def put_by_api(app: Flask, values: dict) -> str:
    threat = {"source": "test", "coordinates": {"lat": values.pop("lat"), "lng": values.pop("lng")}, **values}
    response = app.test_client().put("/v1/threats", headers=make.key(app, make.actor(app)), json={"threats": [threat]})
    assert response.status_code == 422
    return response.json["error"]["details"][0]["issue"]


def put_by_file(app: Flask, values: dict) -> str:
    who = make.actor(app)
    columns = {name: name for name in GOOD_THREAT}
    content = "\n".join((",".join(GOOD_THREAT), ",".join(str(values[name]) for name in GOOD_THREAT))).encode()
    with app.app_context():
        done = make.import_file(who, "bad.csv", content, columns=columns, source="test")
        assert (done.seen, done.failed) == (1, 1)
        return imports.problems(who, done.id).items[0].reason


@pytest.mark.parametrize("edge", [put_by_api, put_by_file])
@pytest.mark.parametrize("case", BAD_THREATS)
def test_a_threat_is_refused_in_the_same_words(app, edge: Callable[[Flask, dict], str], case):
    values, words = BAD_THREATS[case]
    assert words in edge(app, {**GOOD_THREAT, **values})
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Threat)) == 0
