"""Threats that come in inside the area of an open incident are proposed to it: added, or not proposed again."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.db import now, transaction
from app.errors import Faults, Invalid, NotFound
from app.models import Incident
from app.service import incidents, threats
from app.service.incidents import Changes, NewIncident
from app.service.selection import Selection, Step, read_area, read_steps
from app.terms import IncidentStatus
from tests import browse, make


def drawn(who, title: str = "Apapa port", west: float = 3.3, east: float = 3.5):
    """Make an incident of all threats in a box round the port, and return its id."""
    shape, outline = read_area({"bbox": [west, 6, east, 7]}, "area", Faults())
    selection = Selection((Step(adds=True, area=shape, outline=outline),))
    return incidents.create(who, NewIncident(title, selection=selection)).incident.id


def arrive(who, *numbers: int, **values) -> list:
    return [one.threat_id for one in threats.upsert(who, [make.record(i, **values) for i in numbers], faults=Faults())]


def proposed(who, *args) -> dict:
    return {one.title: one.threat_ids for one in incidents.newcomers(who, *args)}


@pytest.fixture
def who(app):
    return make.actor(app)


def test_what_comes_in_inside_the_area_is_proposed(context, who):
    arrive(who, 0, 1)
    made = drawn(who)
    assert proposed(who) == {}
    inside = arrive(who, 2, 3)
    arrive(who, 4, lng=10.0)
    arrive(who, 5, lat=None, lng=None)
    assert proposed(who) == {"Apapa port": inside}
    assert proposed(who, made) == {"Apapa port": inside}


def test_a_threat_that_was_ever_linked_or_refused_is_not_proposed(context, who):
    made = drawn(who)
    linked, refused, other = arrive(who, 0, 1, 2)
    incidents.link(who, made, [str(linked)])
    incidents.unlink(who, made, [str(linked)])
    assert incidents.refuse(who, made, [str(refused)]) == 1
    assert incidents.refuse(who, made, [str(refused)]) == 0
    assert proposed(who) == {"Apapa port": [other]}


@pytest.mark.parametrize(
    "area",
    [
        {"bbox": [3.4, 6, 3.4, 7]},
        {"cells": {"level": 12, "keys": [[column, row] for column in range(70) for row in range(0, 60, 2)]}},
    ],
    ids=["a line", "more squares than can be asked about"],
)
def test_an_area_that_can_not_be_asked_about_leaves_the_other_incidents_theirs(context, who, area):
    faults = Faults()
    made = drawn(who)
    incidents.create(who, NewIncident("Odd", selection=read_steps(json.dumps([{"op": "add", "area": area}]), faults)))
    faults.raise_if_any()
    inside = arrive(who, 0)
    assert proposed(who) == {"Apapa port": inside}
    assert proposed(who, made) == {"Apapa port": inside}


def test_a_circle_over_a_pole_has_newcomers(context, who):
    circle = {"center": {"lat": 88, "lng": 120}, "radius_km": 600}
    incidents.create(who, NewIncident("Ice", selection=read_steps(json.dumps([{"op": "add", "area": circle}]), Faults())))
    beyond = arrive(who, 0, lat=87.0, lng=-60.0)
    arrive(who, 1, lat=80.0, lng=-60.0)
    assert proposed(who) == {"Ice": beyond}


def test_each_incident_is_asked_for_itself(context, who):
    first, second = drawn(who, "First"), drawn(who, "Second", east=3.3615)
    near, far = arrive(who, 0, 2)
    incidents.refuse(who, first, [str(near)])
    assert proposed(who) == {"First": [far], "Second": [near]}
    incidents.change(who, first, Changes(status=IncidentStatus.CLOSED))
    incidents.delete(who, second)
    assert proposed(who) == {}


def test_bad_ids_refuse_nothing(context, who):
    made = drawn(who)
    (known,) = arrive(who, 0)
    with pytest.raises(Invalid):
        incidents.refuse(who, made, [str(known), "6f5d1cc9-d4cc-49a1-a3fc-5ec93d674bc8"])
    with pytest.raises(NotFound):
        incidents.refuse(who, known, [str(known)])
    assert proposed(who) == {"Apapa port": [known]}
    assert incidents.newcomers(make.operator(who.tenant_id + 1)) == []


def test_refusing_names_every_fault_at_its_place(context, who):
    made = drawn(who)
    (known,) = arrive(who, 0)
    nobody = "6f5d1cc9-d4cc-49a1-a3fc-5ec93d674bc8"
    for written, expected in (
        (["x"], {"threat_ids[0]": ("field_invalid", "Write the id as a UUID of 36 characters.")}),
        ([str(known), str(known), nobody], {"threat_ids[2]": ("threat_unknown", "No threat has this id.")}),
        ([nobody] * 10_001, {"threat_ids": ("field_invalid", "Give at most 10,000 threats; this has 10,001.")}),
    ):
        with pytest.raises(Invalid) as refused:
            incidents.refuse(who, made, written)
        assert {fault.field: (fault.code, fault.issue) for fault in refused.value.faults} == expected
    faults = Faults()
    faults.add("earlier", "field_invalid", "Found by the edge.")
    with pytest.raises(Invalid) as refused:
        incidents.refuse(who, made, [str(known)], faults)
    assert [fault.field for fault in refused.value.faults] == ["earlier"]
    assert proposed(who) == {"Apapa port": [known]}


def test_another_tenants_threat_is_none_that_can_be_refused(context, who):
    made = drawn(who)
    (theirs,) = arrive(make.actor(context, "elsewhere"), 0)
    with pytest.raises(Invalid):
        incidents.refuse(who, made, [str(theirs)])


def test_the_newest_incidents_are_told_first_and_only_so_many_are_looked_at(context, who, monkeypatch):
    made = [drawn(who, title) for title in ("Late", "Early", "Early too")]
    incidents.create(who, NewIncident("Without an area"))
    with transaction() as session:
        for incident_id, minute in zip(made, (2, 1, 1), strict=True):
            time = make.WHEN.replace(minute=minute)
            session.execute(sa.update(Incident).where(Incident.id == incident_id).values(created_at=time))
    came_in = arrive(who, 0, 1)
    told = incidents.newcomers(who)
    assert [(one.incident_id, one.title, one.threat_ids) for one in told] == [
        (made[0], "Late", came_in),
        (made[2], "Early too", came_in),
        (made[1], "Early", came_in),
    ]
    assert incidents.newcomers(who, made[1]) == told[2:]
    monkeypatch.setattr(sys.modules["app.service.incidents.newcomers"], "INCIDENTS_MAX", 2)
    drawn(make.actor(context, "elsewhere"), "Another tenant's")
    assert incidents.newcomers(who) == told[:2]


def test_what_came_in_before_an_incident_was_made_is_not_proposed_to_it(context, who):
    first, second = drawn(who, "First"), drawn(who, "Second")
    came_in = arrive(who, 0)
    with transaction() as session:
        session.execute(sa.update(Incident).where(Incident.id == second).values(created_at=now() + timedelta(hours=1)))
    assert proposed(who) == {"First": came_in}
    assert [incidents.refuse(who, incident_id, [str(came_in[0])]) for incident_id in (first, second)] == [1, 1]


def test_the_page_adds_them_or_lets_them_go(app, client):
    who = make.person(app)
    browse.sign_in(app, client)
    with app.app_context():
        made = drawn(who)
        arrive(who, 0, 1, 2)
    page = client.get("/incidents/newcomers").text
    assert "3 new threats inside <em>Apapa port</em>" in page
    assert "3 new threats inside" in client.get(f"/incidents/{made}").text
    ids = browse.hidden(page, "ids").split()
    answer = browse.send(client, f"/incidents/{made}/newcomers", ids=" ".join(ids[:2]), answer="add", back="/incidents/newcomers")
    assert (answer.status_code, answer.location) == (303, "/incidents/newcomers")
    page = client.get("/incidents/newcomers").text
    assert "2 threats added to “Apapa port”." in page
    assert re.search("1 new threat inside", page)
    browse.send(client, f"/incidents/{made}/newcomers", ids=ids[2], answer="refuse")
    page = client.get("/incidents/newcomers").text
    assert "There are none." in page
    with app.app_context():
        assert incidents.get(who, made).incident.link_count == 2


def test_a_form_that_does_not_say_what_to_do_does_nothing(app, client):
    who = make.person(app)
    browse.sign_in(app, client)
    with app.app_context():
        made = drawn(who)
        (threat,) = arrive(who, 0)
    assert browse.send(client, f"/incidents/{made}/newcomers", ids=str(threat), answer="perhaps").status_code == 400
    assert browse.send(client, f"/incidents/{made}/newcomers", ids="x", answer="refuse").status_code == 422
    with app.app_context():
        assert proposed(who) == {"Apapa port": [threat]}
