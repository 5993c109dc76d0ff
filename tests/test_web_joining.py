"""From the desk into an open incident, without JavaScript; and what the scripts ask for."""

from __future__ import annotations

import json
import re
from uuid import UUID

import pytest

from app.service import incidents
from app.service.incidents import Changes
from tests import browse, make


@pytest.fixture
def desk(app, client):
    ada = make.person(app)
    ids = [str(threat_id) for threat_id in make.put_threats(app, ada, 6)]
    made = str(make.incident(app, ada, ids[:2]))
    return browse.sign_in(app, client), ada, ids, made


def links(app, who, incident_id):
    with app.app_context():
        return sorted(str(link.threat_id) for link in incidents.get(who, UUID(incident_id)).links)


def close(app, who, incident_id):
    with app.app_context():
        incidents.change(who, UUID(incident_id), Changes(status="closed"))


@pytest.mark.parametrize("field", ["to_incident_id", "other_id"])
def test_the_selection_is_added_to_an_open_incident_and_one_stays_on_the_desk(app, desk, field):
    client, ada, ids, made = desk
    assert f'<option value="{made}">' in client.get("/").text
    chosen = [("threat_ids", ids[1]), ("threat_ids", ids[2]), (field, made)]
    answer = browse.send(client, "/incidents/link", *chosen, view="?severity=medium&page=1")
    assert (answer.status_code, answer.location) == (303, "/?severity=medium&page=1")
    page = client.get(answer.location).text
    assert "1 threat added to “Port access disruption in Lagos”." in page
    assert f'<a href="/incidents/{made}">Open the incident</a>' in page
    assert links(app, ada, made) == sorted(ids[:3])
    undone = browse.send(
        client, f"/incidents/{made}/undo", act_id=browse.hidden(page, "act_id"), back=browse.hidden(page, "back")
    )
    assert undone.location == answer.location
    assert links(app, ada, made) == sorted(ids[:2])


def test_adding_what_is_there_already_writes_nothing_and_offers_no_undo(app, desk):
    client, _, ids, made = desk
    page = client.get(browse.send(client, "/incidents/link", threat_ids=ids[0], to_incident_id=made).location).text
    assert "0 threats added" in page
    assert "undo-last" not in page


@pytest.mark.parametrize("field", ["to_incident_id", "other_id"])
def test_a_closed_incident_is_refused_in_place_and_reopened_if_asked(app, desk, field):
    client, ada, ids, made = desk
    close(app, ada, made)
    answer = browse.send(client, "/incidents/link", ("threat_ids", ids[3]), (field, made), title="Kept")
    assert answer.status_code == 409
    assert "is closed. Reopen it first, then link threats to it." in browse.problems(answer.text)[0]
    assert browse.ticked(answer.text) == [ids[3]]
    assert 'value="Kept"' in answer.text
    pairs = browse.form(answer.text, "/incidents")
    assert browse.press(client, "/incidents/link", pairs, reopen=browse.reopen(answer.text)).status_code == 303
    assert ids[3] in links(app, ada, made)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose an open incident."),
        ({"to_incident_id": "x"}, "Write the id as a UUID of 36 characters."),
        ({"to_incident_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12}, "No incident has this id."),
    ],
)
def test_an_incident_that_there_is_not_is_said_at_its_field(app, desk, fields, words):
    client, _, ids, _ = desk
    answer = browse.send(client, "/incidents/link", threat_ids=ids[3], **fields)
    assert answer.status_code == 422
    assert browse.problems(answer.text) == [words]


def test_nothing_selected_and_nothing_chosen_are_told_at_once(desk):
    client, _, _, _ = desk
    answer = browse.send(client, "/incidents/link")
    assert browse.problems(answer.text) == ["Select at least one threat.", "Choose an open incident."]


def test_creating_twice_by_one_form_makes_one_incident(app, desk):
    client, ada, ids, _ = desk
    fields = {"nonce": browse.hidden(client.get("/").text, "nonce"), "csrf_token": browse.token(client)}
    fields |= {"title": "Only one", "scope": "aggregate", "threat_ids": ids[0]}
    places = {client.post("/incidents", data=fields).location for _ in range(3)}
    assert len(places) == 1
    with app.app_context():
        assert incidents.search(ada, {"q": "Only one", "limit": 5}).total == 1


def test_a_form_refused_can_be_sent_again(desk):
    client, _, ids, _ = desk
    fields = {"nonce": browse.hidden(client.get("/").text, "nonce"), "csrf_token": browse.token(client)}
    assert client.post("/incidents", data={**fields, "title": "", "threat_ids": ids[0]}).status_code == 422
    assert client.post("/incidents", data={**fields, "title": "Now", "threat_ids": ids[0]}).status_code == 303


def test_open_incidents_are_found_by_title_the_nearest_first(app, desk):
    client, ada, ids, made = desk
    far = str(make.incident(app, ada, [], "Port strike"))
    close(app, ada, str(make.incident(app, ada, ids, "Port closed")))
    found = client.get("/incidents/open?q=port&near=6.44,3.36").json
    assert [one["id"] for one in found] == [made, far]
    assert found[0] == {"id": made, "title": "Port access disruption in Lagos", "note": "2 threats, under 1 km"}
    assert [one["id"] for one in client.get("/incidents/open?q=strike&near=91,x").json] == [far]
    assert len(client.get("/incidents/open").json) == 2


def test_what_lies_near_the_middle_of_the_selection_is_offered_first(app, desk):
    client, ada, ids, _ = desk
    for number, lng in enumerate((3.36, 3.3625, 3.5)):
        threat_id = make.put_threats(app, ada, 1, external_id=f"at {lng}", lng=lng)[0]
        make.incident(app, ada, [threat_id], f"Number {number}")
    near = browse.send(client, "/threats/middle", selected=f"{ids[0]} x", threat_ids=ids[5]).json["near"]
    assert near == "6.4400,3.3625"
    offered = [one["title"] for one in client.get(f"/incidents/open?near={near}").json]
    assert offered[0] == "Number 1"
    steps = json.dumps([{"op": "add", "ids": [ids[0]]}, {"op": "add", "ids": [ids[5]]}])
    assert browse.send(client, "/threats/middle", selection=steps).json["near"] == near
    page = browse.send(client, "/", selection=steps).text
    assert re.search(r'<option value="[^"]+">([^<]+) \(1\)', page)[1] == "Number 1"
    assert browse.send(client, "/threats/middle", selected="x").json == {"near": ""}
    placeless = make.put_threats(app, ada, 1, external_id="nowhere", lat=None, lng=None)[0]
    assert browse.send(client, "/threats/middle", selected=str(placeless)).json == {"near": ""}


def test_likely_duplicates_are_told_with_the_reason(app, desk):
    client, _, ids, made = desk
    shared = browse.send(client, "/incidents/similar", selected=" ".join(ids[:2])).json
    assert shared == [{"id": made, "title": "Port access disruption in Lagos", "note": "2 shared threats"}]
    near = browse.send(client, "/incidents/similar", selected=ids[3]).json
    assert near[0]["note"] == "under 1 km, 2 h"
    assert browse.send(client, "/incidents/similar", selected="x").json == []
    around = {"center": {"lat": 6.44, "lng": 3.36}, "radius_km": 0.15}
    steps = json.dumps([{"op": "add", "area": around}])
    assert browse.send(client, "/incidents/similar", selection=steps).json == shared
    assert browse.send(client, "/incidents/similar").json == []


def test_nothing_of_another_tenant_is_offered(app, desk):
    client, _, ids, _ = desk
    stranger = make.person(app, "sam@example.net", tenant="Other")
    theirs = make.put_threats(app, stranger, 2)
    made = str(make.incident(app, stranger, theirs, "Incident of the others"))
    assert made not in client.get("/incidents/open").text
    assert made not in browse.send(client, "/incidents/similar", selected=" ".join([*ids, str(theirs[0])])).text
    assert browse.send(client, "/incidents/link", threat_ids=ids[0], to_incident_id=made).status_code == 422
