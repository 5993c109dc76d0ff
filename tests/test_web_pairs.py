"""Threats that two sources tell of the same event, as a person sees them and decides, and as a client is told."""

from __future__ import annotations

from html import unescape
from uuid import UUID

import pytest

from app.errors import Faults
from app.service import pairs, threats
from app.terms import ThreatStatus
from tests import browse, make


@pytest.fixture
def told(app) -> tuple[UUID, UUID]:
    """Two threats that are proposed as the same event."""
    who = make.actor(app)
    one = make.put_threats(app, who, 1, source="usgs", title="M 6.1 <Quake>")[0]
    other = make.put_threats(app, who, 1, source="emsc", title="Earthquake", lng=3.365)[0]
    with app.app_context():
        assert pairs.find(who) == 1
    return one, other


@pytest.fixture
def ada(app, client):
    make.person(app)
    return browse.sign_in(app, client)


def status(app, threat_id: UUID) -> ThreatStatus:
    who = make.actor(app)
    with app.app_context():
        return threats.get(who, threat_id).threat.status


def answer(client, page_path: str, threat_id: UUID, words: str):
    fields = browse.form(client.get(page_path).text, f"/threats/{threat_id}/pairs")
    return browse.press(client, f"/threats/{threat_id}/pairs", fields, answer=words)


def test_a_threats_page_proposes_and_the_same_is_kept_and_taken_back_without_a_script(app, ada, told):
    one, other = told
    path = f"/threats/{one}"
    page = unescape(ada.get(path).text)
    assert "Told by other sources" in page
    assert "Same type, place and time. They are 0.6 km and less than 0.1 hours apart." in page
    assert "At most 10 are proposed." in page
    sent = answer(ada, path, one, "keep_this")
    assert (sent.status_code, sent.location) == (303, f"{path}#told")
    page = unescape(ada.get(path).text)
    assert "The same event: the other one is dismissed." in page
    assert "The same event: this one is kept" in page
    assert "decided by ada" in page
    assert (status(app, one), status(app, other)) == (ThreatStatus.ACTIVE, ThreatStatus.DISMISSED)
    page = unescape(ada.get(f"/threats/{other}").text)
    assert "The same event: the other one is kept" in page
    assert "The same event as “M 6.1 <Quake>” (usgs)." in page
    assert answer(ada, f"/threats/{other}", other, "take_back").status_code == 303
    assert status(app, other) == ThreatStatus.ACTIVE
    assert "Same event – keep this one" in ada.get(path).text


def test_the_other_is_kept_from_the_list_and_different_ones_leave_it(app, ada, told):
    one, other = told
    low = min(told)
    assert 'href="/threats/same">Told by two sources (1)</a>' in ada.get("/").text
    page = ada.get("/threats/same").text
    assert "1 proposal<" in page
    assert "M 6.1 &lt;Quake&gt;" in page
    sent = answer(ada, "/threats/same", low, "keep_other")
    assert (sent.status_code, sent.location) == (303, "/threats/same")
    assert (status(app, one), status(app, other)) == (ThreatStatus.DISMISSED, ThreatStatus.ACTIVE)
    page = ada.get("/threats/same").text
    assert "There is nothing to decide." in page
    assert "Told by two sources" not in ada.get("/").text
    answer(ada, f"/threats/{one}", one, "take_back")
    assert answer(ada, f"/threats/{one}", one, "different").status_code == 303
    assert "Different events" in ada.get(f"/threats/{one}").text
    assert "There is nothing to decide." in ada.get("/threats/same").text


def test_who_comes_second_is_told_who_came_first(app, ada, told):
    one, other = told
    fields = browse.form(ada.get(f"/threats/{one}").text, f"/threats/{one}/pairs")
    who = make.actor(app)
    with app.app_context():
        pairs.decide(who, one, other, same=False)
    sent = browse.press(ada, f"/threats/{one}/pairs", fields, answer="keep_this")
    assert sent.status_code == 409
    assert "operator has said meanwhile that these are different events. Nothing was changed." in sent.text
    assert status(app, other) == ThreatStatus.ACTIVE


def test_a_form_sent_twice_acts_once(app, ada, told):
    one, other = told
    fields = browse.form(ada.get(f"/threats/{one}").text, f"/threats/{one}/pairs")
    for _ in range(2):
        assert browse.press(ada, f"/threats/{one}/pairs", fields, answer="keep_this").status_code == 303
    assert status(app, other) == ThreatStatus.DISMISSED


def test_bad_forms_are_refused_in_words(ada, told):
    one, other = told
    path = f"/threats/{one}/pairs"
    for fields, code in (
        ({"other_id": str(other), "answer": "maybe"}, 400),
        ({"other_id": str(other)}, 400),
        ({"other_id": "x", "answer": "different"}, 400),
        ({"other_id": str(one), "answer": "different"}, 404),
        ({"other_id": "00000000-0000-4000-8000-000000000000", "answer": "different"}, 404),
    ):
        assert browse.send(ada, path, **fields).status_code == code, fields
    assert ada.post(path, data={"other_id": str(other), "answer": "different"}).status_code == 400
    assert ada.get("/threats/same?page=x").status_code == 422


def test_who_may_only_look_sees_proposals_without_buttons(app, client, told):
    make.person(app, "eve@example.org", "viewer")
    eve = browse.sign_in(app, client, "eve@example.org")
    for path in (f"/threats/{told[0]}", "/threats/same"):
        page = eve.get(path).text
        assert "Earthquake" in page
        assert "Same event" not in page
    assert browse.send(eve, f"/threats/{told[0]}/pairs", other_id=str(told[1]), answer="different").status_code == 403


def test_proposals_come_in_pages_with_their_true_number(app, ada):
    who = make.actor(app)
    for source in ("a", "b"):
        make.put_threats(app, who, 60, source=source, lng=None, lat=None)
    with app.app_context():
        rows = [make.record(i, source=source, lat=i / 2, lng=0.0) for i in range(60) for source in ("a", "b")]
        threats.upsert(who, rows, faults=Faults())
        assert pairs.find(who) == 60
    page = ada.get("/threats/same").text
    assert "60 proposals<" in page
    assert page.count('class="pair-choice"') == 50
    assert ada.get("/threats/same?page=2").text.count('class="pair-choice"') == 10
    assert "The list ends before page 3." in ada.get("/threats/same?page=3").text


def test_pages_need_no_more_statements_for_many_proposals(app, ada, told, count_statements):
    def statements(path: str) -> int:
        ada.get(path)
        with count_statements() as found:
            ada.get(path)
        return len(found)

    before = [statements(path) for path in ("/threats/same", f"/threats/{told[0]}")]
    who = make.actor(app)
    for i in range(9):
        make.put_threats(app, who, 1, source=f"s{i}")
    with app.app_context():
        assert pairs.find(who) > 9
    assert [statements(path) for path in ("/threats/same", f"/threats/{told[0]}")] == before


def test_a_client_is_told_which_threats_are_the_same(app, client, told):
    one, other = told
    key = make.key(app, make.actor(app))
    first = client.get(f"/v1/threats/{one}", headers=key)
    assert first.json["same_as"] == []
    who = make.actor(app)
    with app.app_context():
        pairs.decide(who, one, other, same=True, keep=one)
    again = client.get(f"/v1/threats/{one}", headers={**key, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.json["same_as"]) == (200, [str(other)])
    patched = client.patch(f"/v1/threats/{other}", json={"pinned": True}, headers=make.key(app, who, "threats:write"))
    assert (patched.status_code, patched.json["same_as"]) == (200, [str(one)])
    assert "same_as" not in client.get("/v1/threats", headers=key).json["threats"][0]
