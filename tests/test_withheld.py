"""What a source forbids passing on stays with the people of the desk: it is in no answer of the API and in no exported file."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from app.api.routes import ROUTES
from app.errors import NotFound
from app.service import live_index, threats
from app.service.export import Format
from tests import browse, make

WORD = "Zanzibarquake"
OPEN_WORD = "Opensourcequake"
PLACE = {"lat": -33.3331, "lng": 77.7771}


@pytest.fixture
def planted(app):
    """Threats of ACLED, full of a word, and others, in an incident; the ids of the one and the other, and the incident's."""
    who = make.person(app)
    said = dict.fromkeys(
        ("title", "description", "threat_type", "location", "threat_rationale", "likelihood", "risk_level"), WORD
    )
    acled = make.put_threats(app, who, 3, **said, source="acled", external_id=WORD, sources=[WORD], **PLACE)[:1]
    acled += make.put_threats(app, who, 1, **said, source="ACLED", sources=[WORD], **PLACE)
    acled += make.put_threats(app, who, 1, **{**said, "title": f"{WORD} again"}, source="acled", external_id=WORD, **PLACE)
    others = make.put_threats(app, who, 3, description=OPEN_WORD)
    incident_id = make.incident(app, who, [*dict.fromkeys(acled), *others])
    return list(dict.fromkeys(acled)), others, incident_id


def paths(acled: list[UUID], others: list[UUID], incident_id: UUID) -> list[str]:
    """Return every path of GET under /v1, filled with the incident, a threat of ACLED and another, and with each filter."""
    found = []
    for route in ROUTES:
        if route.method != "GET":
            continue
        ids = [incident_id] if "incidents" in route.path else [*acled, *others]
        for path in {route.path.replace("{id}", str(one)) for one in ids}:
            found.append(path)
            for param in route.params:
                sample = {
                    "q": WORD,
                    "severity": "critical",
                    "source": "acled",
                    "threat_type": WORD,
                    "bbox": "77,-34,78,-33",
                    "limit": "1",
                    "offset": "1",
                    "incident_id": str(incident_id),
                    "threat_id": str(acled[0]),
                    "ungrouped": "false",
                    "include_versions_before_link": "true",
                    "sort": "title",
                    "observed_from": "2020-01-01T00:00:00Z",
                }.get(param.name)
                found += [f"{path}?{param.name}={sample}"] if sample else []
    return found


def test_no_answer_of_the_api_has_a_word_of_it(app, client, planted):
    key = make.key(app, make.actor(app))
    asked = paths(*planted)
    assert len(asked) > 40
    texts = {path: client.get(path, headers=key).text for path in asked}
    assert [path for path, text in texts.items() if WORD.lower() in text.lower() or "77.777" in text] == []
    assert any(OPEN_WORD in text for text in texts.values())


def test_what_is_open_to_share_is_in_all_of_them(app, client, planted, monkeypatch):
    monkeypatch.setitem(app.config, "SHARE_RESTRICTED", True)
    key = make.key(app, make.actor(app))
    for threat_id in planted[0]:
        assert WORD in client.get(f"/v1/threats/{threat_id}", headers=key).text
    assert client.get(f"/v1/threats?q={WORD}", headers=key).json["total"] == len(planted[0])
    assert WORD in client.get(f"/v1/incidents/{planted[2]}", headers=key).text
    signed_in = browse.sign_in(app, client)
    for form in Format:
        assert WORD in signed_in.get(f"/threats/export.{form}").text
        assert WORD in signed_in.get(f"/incidents/{planted[2]}/export.{form}").text
    assert "passing them on" not in signed_in.get("/").text


def test_a_link_stays_and_says_that_its_threat_is_withheld(app, client, planted):
    acled, others, incident_id = planted
    key = make.key(app, make.actor(app))
    for path in (f"/v1/incidents/{incident_id}", f"/v1/incidents/{incident_id}/threats"):
        links = {link["threat_id"]: link["threat"] for link in client.get(path, headers=key).json["threat_links"]}
        assert set(links) == {str(one) for one in [*acled, *others]}
        assert links[str(acled[0])] == {
            "id": str(acled[0]),
            "title": "Withheld (ACLED)",
            "severity": "medium",
            "threat_type": None,
            "location": None,
            "observed_at": None,
            "coordinates": None,
        }
    assert client.get(f"/v1/incidents/{incident_id}", headers=key).json["threat_link_count"] == len(acled) + len(others)


def test_threats_of_it_are_neither_counted_nor_found_nor_changed_by_a_client(app, client, planted):
    acled, others, incident_id = planted
    key = make.key(app, make.actor(app))
    assert client.get("/v1/threats", headers=key).json["total"] == len(others)
    assert client.get("/v1/threats?sort=title", headers=key).json["total"] == len(others)
    assert client.get("/v1/incidents?bbox=77,-34,78,-33", headers=key).json["total"] == 0
    chosen = client.post("/v1/threats/select", json={"filters": {"incident_id": str(incident_id)}}, headers=key).json
    assert (chosen["total"], set(chosen["threat_ids"])) == (len(others), {str(one) for one in others})
    box = {"area": {"bbox": [77, -34, 78, -33]}}
    assert client.post("/v1/threats/select", json=box, headers=key).json["total"] == 0
    named = client.post("/v1/threats/select", json={"include": [str(acled[0]), str(others[0])]}, headers=key)
    assert (named.status_code, [detail["field"] for detail in named.json["error"]["details"]]) == (422, ["include[0]"])
    for ask in (
        client.get(f"/v1/threats/{acled[0]}", headers=key),
        client.get(f"/v1/threats/{acled[0]}/versions", headers=key),
        client.patch(f"/v1/threats/{acled[0]}", json={"pinned": True}, headers=key),
        client.patch(f"/v1/threats/{acled[0]}", json={"pinned": True}, headers={**key, "If-Match": '"1-x"'}),
    ):
        assert (ask.status_code, WORD in ask.text) == (404, False)


def test_the_database_answers_as_the_index_does(context, planted):
    who = make.actor(context)
    client_program = replace(who, sees_restricted=False)
    (seen,) = live_index.ask(client_program, {})
    assert sum(seen.by_severity) == len(planted[1])
    assert threats.search(client_program, {"sort": "title"}).total == len(planted[1])
    assert {view.threat.id for view in threats.search(client_program, {}).items} == set(planted[1])
    assert {threat.id for threat in threats.some(client_program, [*planted[0], *planted[1]])} == set(planted[1])
    assert threats.restricted(who, {}) == len(planted[0])
    assert threats.restricted(who, {"q": OPEN_WORD}) == 0
    with pytest.raises(NotFound):
        threats.get(client_program, planted[0][0])
    assert threats.get(who, planted[0][0]).threat.title


def test_a_client_can_put_threats_of_it_in_and_link_them(app, client):
    key = make.key(app, make.actor(app))
    made = client.post("/v1/threats", json={"source": "acled", "external_id": "e1", "title": WORD}, headers=key)
    assert (made.status_code, made.json["title"]) == (201, WORD)
    put = client.put("/v1/threats", json={"threats": [{"source": "acled", "external_id": "e1", "title": "x"}]}, headers=key)
    assert put.json["updated"] == 1
    incident = client.post("/v1/incidents", json={"title": "One", "threat_ids": [made.json["id"]]}, headers=key)
    assert (incident.status_code, incident.json["threat_links"][0]["threat"]["title"]) == (201, "Withheld (ACLED)")


def test_no_exported_file_has_a_word_of_it_and_each_says_how_many_it_goes_without(app, client, planted):
    acled, others, incident_id = planted
    signed_in = browse.sign_in(app, client)
    words = f"Without {len(acled)} threats of ACLED, whose terms forbid passing them on."
    for form in Format:
        for path in (f"/threats/export.{form}", f"/incidents/{incident_id}/export.{form}", f"/incidents/export.{form}"):
            text = signed_in.get(path).text
            assert WORD.lower() not in text.lower(), path
            assert "77.77" not in text, path
            if not path.startswith("/incidents/export"):
                assert OPEN_WORD in text, path
                assert form == "csv" or words in text, path
    document = signed_in.get("/threats/export.json").json
    assert (len(document["threats"]), document["withheld"]) == (len(others), len(acled))
    assert "withheld" not in signed_in.get(f"/threats/export.json?q={OPEN_WORD}").json
    [told] = json.loads(signed_in.get("/incidents/export.json").text)["incidents"]
    assert told["coordinates"]["lat"] == 6.44
    for page in ("/", "/threats/list", f"/incidents/{incident_id}"):
        assert words in signed_in.get(page).text, page


@pytest.mark.parametrize(("source", "status"), [("Acled", 404), ("USGS", 200)])
def test_neither_its_area_nor_its_record_is_a_file(app, client, monkeypatch, source, status):
    square = {"type": "Polygon", "coordinates": [[[3, 6], [4, 6], [4, 7], [3, 7], [3, 6]]]}
    [threat_id] = make.put_threats(app, make.person(app), 1, source=source, area=square, raw=lambda: WORD)
    signed_in = browse.sign_in(app, client)
    files = (f"/threats/{threat_id}/area.geojson", f"/threats/{threat_id}/record.txt")
    page = signed_in.get(f"/threats/{threat_id}").text
    assert "5 corners" in page
    assert WORD in page
    for path in files:
        assert (signed_in.get(path).status_code, path in page) == (status, status == 200)
    monkeypatch.setitem(app.config, "SHARE_RESTRICTED", True)
    assert [signed_in.get(path).status_code for path in files] == [200, 200]


def test_people_see_it_on_their_pages_and_read_that_it_stays_there(app, client, planted):
    signed_in = browse.sign_in(app, client)
    page = signed_in.get(f"/threats/{planted[0][0]}").text
    assert WORD in page
    assert "ACLED data: for people of this desk only; not in the API or exports." in page
    assert "for people of this desk only" not in signed_in.get(f"/threats/{planted[1][0]}").text
    assert WORD in signed_in.get(f"/incidents/{planted[2]}").text
    assert signed_in.get(f"/threats/{uuid4()}").status_code == 404
