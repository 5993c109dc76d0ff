"""An incident's whole life by JSON: every verb, what it answers, what it refuses, and what it costs."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
import sqlalchemy as sa

from app.db import now, transaction
from app.errors import Faults
from app.models import Incident
from app.service import threats
from app.terms import Permission
from tests import make

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


class World:
    """A client with a key, some threats, and short ways to say things."""

    def __init__(self, app, client):
        self.app, self.client = app, client
        self.who = make.actor(app)
        self.key = make.key(app, self.who)
        self.ids = [str(i) for i in make.put_threats(app, self.who, 6)]

    def send(self, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(f"/v1{path}", method=method, headers={**self.key, **headers}, json=body)

    def made(self, *numbers, title="Port"):
        body = {"title": title, "threat_ids": [self.ids[n] for n in numbers]}
        return self.send("POST", "/incidents", body).json["id"]

    def linked(self, incident_id):
        return [self.ids.index(link["threat_id"]) for link in self.send("GET", f"/incidents/{incident_id}").json["threat_links"]]

    def items(self, incident_id, query=""):
        return self.send("GET", f"/incidents/{incident_id}/activity?limit=200{query}").json["items"]

    def last_act(self, incident_id):
        return self.items(incident_id)[-1]["act_id"]


@pytest.fixture
def world(app, client):
    return World(app, client)


def error_of(response):
    return response.status_code, response.json["error"]["code"]


def faults_of(response):
    assert response.status_code == 422, response.text
    return {detail["field"]: detail["code"] for detail in response.json["error"]["details"]}


def test_a_patch_changes_what_it_names_and_null_empties(world):
    one = world.made(1, 2)
    path = f"/incidents/{one}"
    first = world.send("GET", path).json
    body = {"title": " Red ", "description": "d", "scope": "investigation", "started_at": "2020-01-02T03:04:05+01:00"}
    changed = world.send("PATCH", path, body)
    assert changed.status_code == 200
    assert changed.json == world.send("GET", path).json
    assert (changed.json["title"], changed.json["description"], changed.json["scope"]) == ("Red", "d", "investigation")
    assert changed.json["started_at"] == "2020-01-02T02:04:05.000Z"
    assert changed.json["threat_links"] == first["threat_links"]
    emptied = world.send("PATCH", path, {"description": None, "started_at": None}).json
    assert (emptied["title"], emptied["description"], emptied["started_at"]) == ("Red", None, first["started_at"])
    assert world.send("PATCH", path, {}).json == emptied


def test_a_patch_may_be_declared_as_a_merge_patch(world):
    path = f"/v1/incidents/{world.made()}"
    send = {"data": b'{"title": "Blue"}', "content_type": "application/merge-patch+json"}
    assert world.client.patch(path, headers=world.key, **send).json["title"] == "Blue"
    assert error_of(world.client.post("/v1/incidents", headers=world.key, **send)) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"title": None}, {"title": "field_invalid"}),
        ({"title": " "}, {"title": "field_required"}),
        ({"status": "done", "scope": "x"}, {"status": "field_invalid", "scope": "field_invalid"}),
        ({"started_at": "yesterday"}, {"started_at": "field_invalid"}),
        ({"version": 3}, {"version": "field_unknown"}),
        ({"threat_ids": []}, {"threat_ids": "field_unknown"}),
    ],
)
def test_a_patch_that_breaks_a_rule_changes_nothing(world, body, faults):
    path = f"/incidents/{world.made(1)}"
    before = world.send("GET", path).json
    assert faults_of(world.send("PATCH", path, {"description": "new", **body})) == faults
    assert world.send("GET", path).json == before


def test_status_is_changed_and_only_open_incidents_take_threats(world):
    one = world.made(1)
    resolved = world.send("PATCH", f"/incidents/{one}", {"status": "resolved"}).json
    assert resolved["resolved_at"] == resolved["updated_at"]
    refused = world.send("POST", f"/incidents/{one}/threats", {"threat_ids": world.ids[:1]})
    assert error_of(refused) == (409, "incident_not_open")
    assert world.send("GET", f"/threats/{world.ids[1]}").json["status"] == "active"
    reopened = world.send("PATCH", f"/incidents/{one}", {"status": "open"}).json
    assert reopened["resolved_at"] is None
    assert world.send("POST", f"/incidents/{one}/threats", {"threat_ids": world.ids[:1]}).status_code == 200


def test_a_deleted_incident_is_gone_until_it_is_restored(world):
    one = world.made(1, 2)
    before = world.send("GET", f"/incidents/{one}").json
    gone = world.send("DELETE", f"/incidents/{one}")
    assert (gone.status_code, gone.data) == (204, b"")
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/threats"), ("GET", "/activity")):
        assert error_of(world.send(method, f"/incidents/{one}{path}", {})) == (404, "not_found")
    restored = world.send("POST", f"/incidents/{one}/restore")
    assert restored.status_code == 200
    same = set(before) - {"version", "updated_at"}
    assert {name: restored.json[name] for name in same} == {name: before[name] for name in same}
    assert error_of(world.send("POST", f"/incidents/{one}/restore")) == (409, "state_conflict")
    assert error_of(world.send("POST", f"/incidents/{NOBODY}/restore")) == (404, "not_found")


def test_an_incident_deleted_long_ago_stays_deleted(world):
    one = world.made()
    world.send("DELETE", f"/incidents/{one}")
    with world.app.app_context(), transaction() as session:
        session.execute(sa.update(Incident).values(deleted_at=now() - timedelta(days=31)))
    assert error_of(world.send("POST", f"/incidents/{one}/restore")) == (409, "state_conflict")


def test_threats_are_linked_by_ids_and_by_selection_and_unlinked(world):
    one = world.made(0)
    body = {"threat_ids": [world.ids[0], world.ids[1]], "selection": {"include": world.ids[2:4]}}
    linked = world.send("POST", f"/incidents/{one}/threats", body)
    assert linked.status_code == 200
    assert linked.json["threat_link_count"] == 4
    assert world.linked(one) == [0, 1, 3, 2]  # those of the selection newest first
    again = world.send("POST", f"/incidents/{one}/threats", body)
    assert again.data == linked.data
    less = world.send("DELETE", f"/incidents/{one}/threats/{world.ids[1]}")
    assert less.status_code == 200
    assert world.linked(one) == [0, 3, 2]
    for threat_id in (world.ids[1], NOBODY, "x"):
        assert error_of(world.send("DELETE", f"/incidents/{one}/threats/{threat_id}")) == (404, "not_found")
    assert error_of(world.send("DELETE", f"/incidents/{NOBODY}/threats/{world.ids[1]}")) == (404, "not_found")


def test_linking_names_every_fault(world):
    one = world.made()
    assert faults_of(world.send("POST", f"/incidents/{one}/threats", {})) == {"threat_ids": "field_required"}
    body = {"threat_ids": [NOBODY, "x"], "selection": {"include": [NOBODY]}, "more": 1}
    assert faults_of(world.send("POST", f"/incidents/{one}/threats", body)) == {
        "threat_ids[0]": "threat_unknown",
        "threat_ids[1]": "field_invalid",
        "selection.include[0]": "threat_unknown",
        "more": "field_unknown",
    }


def test_linking_a_selection_that_comes_to_none_changes_nothing(world):
    one = world.made(0)
    before = world.send("GET", f"/incidents/{one}")
    nowhere = {"selection": {"area": {"center": {"lat": -60, "lng": -150}, "radius_km": 1}}}
    answer = world.send("POST", f"/incidents/{one}/threats", nowhere)
    assert (answer.status_code, answer.json, answer.headers["ETag"]) == (200, before.json, before.headers["ETag"])
    world.send("PATCH", f"/incidents/{one}", {"status": "closed"})
    assert error_of(world.send("POST", f"/incidents/{one}/threats", nowhere)) == (409, "incident_not_open")


def test_all_links_are_had_page_by_page(world):
    one = world.made(*range(6))
    everything = world.send("GET", f"/incidents/{one}").json["threat_links"]
    path, found = f"/incidents/{one}/threats?limit=4", []
    while path:
        page = world.send("GET", path)
        found += page.json["threat_links"]
        assert page.json["total"] == 6
        assert ("Link" in page.headers) == (page.json["next_cursor"] is not None)
        path = page.json["next_cursor"] and f"/incidents/{one}/threats?limit=4&cursor={page.json['next_cursor']}"
    assert found == everything
    assert world.send("GET", f"/incidents/{one}/threats?limit=2&offset=3").json["threat_links"] == everything[3:5]
    assert faults_of(world.send("GET", f"/incidents/{one}/threats?cursor=")) == {"cursor": "field_invalid"}
    assert faults_of(world.send("GET", f"/incidents/{one}/threats?cursor=x&limit=0")) == {
        "cursor": "field_invalid",
        "limit": "field_invalid",
    }


def test_threats_are_moved_and_split(world):
    one, two = world.made(0, 1, 2), world.made(2, 3)
    body = {"threat_ids": [world.ids[1], world.ids[2]], "to_incident_id": two}
    moved = world.send("POST", f"/incidents/{one}/move", body)
    assert moved.status_code == 200
    assert moved.json == {
        "incident": world.send("GET", f"/incidents/{one}").json,
        "to_incident": world.send("GET", f"/incidents/{two}").json,
    }
    assert (world.linked(one), world.linked(two)) == ([0], [2, 3, 1])
    parted = world.send("POST", f"/incidents/{two}/split", {"title": "Part", "threat_ids": [world.ids[3]]})
    assert parted.status_code == 201
    new = parted.json["new_incident"]
    assert parted.headers["Location"] == f"/v1/incidents/{new['id']}"
    fresh = world.send("GET", f"/incidents/{new['id']}")
    assert (fresh.json, fresh.headers["ETag"]) == (new, parted.headers["ETag"])
    assert (world.linked(two), world.linked(new["id"])) == ([2, 1], [3])


def test_moving_and_splitting_name_every_fault(world):
    one = world.made(0)
    assert faults_of(world.send("POST", f"/incidents/{one}/move", {})) == {
        "threat_ids": "field_required",
        "to_incident_id": "field_required",
    }
    body = {"threat_ids": [world.ids[5]], "to_incident_id": NOBODY}
    assert faults_of(world.send("POST", f"/incidents/{one}/move", body)) == {
        "threat_ids[0]": "threat_unknown",
        "to_incident_id": "incident_unknown",
    }
    assert faults_of(world.send("POST", f"/incidents/{one}/split", {"threat_ids": [], "scope": "x"})) == {
        "threat_ids": "field_required",
        "title": "field_required",
        "scope": "field_invalid",
    }
    itself = {"threat_ids": [world.ids[0]], "to_incident_id": one}
    assert error_of(world.send("POST", f"/incidents/{one}/move", itself)) == (409, "state_conflict")
    some = world.made(1, 2)
    body = {"threat_ids": [world.ids[n] for n in (1, 5, 2)] + [NOBODY], "title": "a"}
    assert faults_of(world.send("POST", f"/incidents/{some}/split", body)) == {
        "threat_ids[1]": "threat_unknown",
        "threat_ids[3]": "threat_unknown",
    }
    assert (world.linked(one), world.linked(some)) == ([0], [1, 2])


def test_merged_incidents_are_closed_point_to_the_target_and_stay_readable(world):
    one, two, three = world.made(0), world.made(0, 1), world.made(2)
    merged = world.send("POST", f"/incidents/{one}/merge", {"incident_ids": [two, three], "reason": "The same"})
    assert merged.status_code == 200
    assert merged.json["merged_into_id"] is None
    assert world.linked(one) == [0, 1, 2]
    source = world.send("GET", f"/incidents/{two}").json
    assert (source["status"], source["merged_into_id"]) == ("closed", one)
    assert world.linked(two) == [0, 1]
    assert error_of(world.send("PATCH", f"/incidents/{two}", {"title": "x"})) == (409, "state_conflict")
    item = next(item for item in world.items(one) if item["kind"] == "merged")
    assert (item["reason"], item["edge"], item["actor"]) == ("The same", "api", "test")
    assert faults_of(world.send("POST", f"/incidents/{one}/merge", {"incident_ids": [NOBODY]})) == {
        "incident_ids[0]": "incident_unknown",
        "reason": "field_required",
    }
    itself = world.send("POST", f"/incidents/{one}/merge", {"incident_ids": [one], "reason": "The same"})
    assert (itself.status_code, itself.json["error"]["code"]) == (409, "state_conflict")


def test_incidents_to_be_merged_are_a_set_of_at_most_100(world):
    one, two, three = world.made(0), world.made(1), world.made(2)
    told = world.send("POST", f"/incidents/{one}/merge", {"incident_ids": ["x", two, NOBODY, NOBODY], "reason": "The same"})
    assert faults_of(told) == {"incident_ids[0]": "field_invalid", "incident_ids[2]": "incident_unknown"}
    many = world.send("POST", f"/incidents/{one}/merge", {"incident_ids": [two] * 101, "reason": "The same"})
    assert faults_of(many) == {"incident_ids": "field_invalid"}
    assert many.json["error"]["details"][0]["issue"] == "Merge at most 100 at once; this has 101."
    assert world.linked(one) == [0]
    body = {"incident_ids": [two, *[three] * 99], "reason": "The same"}
    assert world.send("POST", f"/incidents/{one}/merge", body).status_code == 200
    assert world.linked(one) == [0, 1, 2]
    assert [item["kind"] for item in world.items(one)].count("merged") == 1


def test_the_timeline_tells_everything_newest_last(world):
    one = world.made(0)
    world.send("PATCH", f"/incidents/{one}", {"started_at": "2020-01-01T00:00:00Z", "status": "closed"})
    with world.app.app_context():
        threats.upsert(world.who, [make.record(0, title="Worse")], faults=Faults())
    said = world.send("POST", f"/incidents/{one}/comments", {"body": " Seen. "})
    assert said.status_code == 201
    items = world.items(one)
    kinds = ["incident_created", "threat_linked", "incident_updated", "status_changed", "threat_version", "comment_added"]
    assert [item["kind"] for item in items] == kinds
    assert said.json == items[-1]
    assert items[-1]["body"] == "Seen."
    assert [item["at"] for item in items] == sorted(item["at"] for item in items)
    link = world.send("GET", f"/incidents/{one}").json["threat_links"][0]
    assert (items[1]["threat_id"], items[1]["link_id"]) == (link["threat_id"], link["id"])
    assert items[2]["changes"] == [
        {"field": "started_at", "before": "2026-04-18T09:00:00.000Z", "after": "2020-01-01T00:00:00.000Z"}
    ]
    assert items[3]["changes"] == [{"field": "status", "before": "open", "after": "closed"}]
    version = items[4]
    assert (version["threat_version"], version["threat_id"], version["act_id"]) == (2, world.ids[0], None)
    assert len(world.items(one, "&include_versions_before_link=true")) == len(items) + 1
    page = world.send("GET", f"/incidents/{one}/activity?limit=2&offset=1").json
    assert (page["items"], page["total"]) == (items[1:3], 6)
    assert faults_of(world.send("GET", f"/incidents/{one}/activity?include_versions_before_link=1&x=1&limit=0")) == {
        "include_versions_before_link": "field_invalid",
        "x": "field_unknown",
        "limit": "field_invalid",
    }
    assert faults_of(world.send("POST", f"/incidents/{one}/comments", {"body": "", "text": "a"})) == {
        "body": "field_required",
        "text": "field_unknown",
    }


def test_an_act_is_undone_once_and_not_from_under_later_work(world):
    one = world.made(0)
    world.send("POST", f"/incidents/{one}/threats", {"threat_ids": world.ids[1:3]})
    linked = world.last_act(one)
    world.send("DELETE", f"/incidents/{one}/threats/{world.ids[1]}")
    unlinked = world.last_act(one)
    blocked = world.send("POST", f"/incidents/{one}/activity/{linked}/undo")
    assert error_of(blocked) == (409, "undo_blocked")
    assert "taken out" in blocked.json["error"]["message"]
    assert world.send("POST", f"/incidents/{one}/activity/{unlinked}/undo").json["threat_link_count"] == 3
    assert world.items(one)[-2]["undoes_act_id"] == unlinked
    undone = world.send("POST", f"/incidents/{one}/activity/{linked}/undo")
    assert undone.json["threat_link_count"] == 1
    assert undone.headers["ETag"] == world.send("GET", f"/incidents/{one}").headers["ETag"]
    assert error_of(world.send("POST", f"/incidents/{one}/activity/{linked}/undo")) == (409, "state_conflict")
    for act_id in (NOBODY, "x", world.items(world.made(5))[0]["act_id"]):
        assert error_of(world.send("POST", f"/incidents/{one}/activity/{act_id}/undo")) == (404, "not_found")


def test_a_creation_is_undone_and_the_undo_too(world):
    one = world.made(0, 1)
    created = world.last_act(one)
    gone = world.send("POST", f"/incidents/{one}/activity/{created}/undo")
    assert (gone.status_code, gone.json["threat_link_count"]) == (200, 2)
    assert error_of(world.send("GET", f"/incidents/{one}")) == (404, "not_found")
    assert error_of(world.send("POST", f"/incidents/{one}/activity/{created}/undo")) == (409, "state_conflict")
    restored = world.send("POST", f"/incidents/{one}/restore")
    assert (restored.status_code, restored.json["threat_link_count"]) == (200, 2)
    assert [item["kind"] for item in world.items(one) if item["act_id"] != created] == ["undone", "restored"]
    two = world.made(2)
    created = world.last_act(two)
    world.send("POST", f"/incidents/{two}/comments", {"body": "Seen."})
    blocked = world.send("POST", f"/incidents/{two}/activity/{created}/undo")
    assert error_of(blocked) == (409, "undo_blocked")
    assert "a comment was added" in blocked.json["error"]["message"]


def test_one_threat_is_made_by_its_title_alone(world):
    made = world.send("POST", "/threats", {"title": "Flood"})
    assert made.status_code == 201
    assert (made.json["source"], made.json["external_id"]) == ("api", made.json["id"])
    assert made.headers["Location"] == f"/v1/threats/{made.json['id']}"
    got = world.send("GET", f"/threats/{made.json['id']}")
    assert (got.json, got.headers["ETag"]) == (made.json, made.headers["ETag"])
    named = {"title": "Flood", "source": " mine ", "external_id": " 7 ", "coordinates": {"lat": 1, "lng": 2}}
    assert world.send("POST", "/threats", named).json["external_id"] == "7"
    assert error_of(world.send("POST", "/threats", named)) == (409, "state_conflict")
    body = {"title": "", "source": None, "coordinates": {"lat": 91}, "extra": 1, "observed_at": "now"}
    assert faults_of(world.send("POST", "/threats", body)) == {
        "title": "field_required",
        "source": "field_invalid",
        "coordinates": "field_invalid",
        "extra": "field_unknown",
        "observed_at": "field_invalid",
    }
    assert world.send("GET", "/threats").json["total"] == 8


def test_a_key_that_may_only_write_threats_is_told_what_it_wrote(world):
    writer = make.key(world.app, world.who, Permission.THREATS_WRITE)
    made = world.client.post("/v1/threats", headers=writer, json={"title": "Flood"})
    assert made.status_code == 201
    path = f"/v1/threats/{made.json['id']}"
    stale = world.client.patch(path, headers={**writer, "If-Match": '"1-0123456789abcdef"'}, json={"pinned": True})
    assert (stale.status_code, stale.headers["ETag"]) == (412, made.headers["ETag"])
    assert world.client.get(path, headers=writer).status_code == 403


def test_a_threat_is_pinned_and_dismissed_and_its_versions_say_so(world):
    path = f"/threats/{world.ids[0]}"
    assert faults_of(world.send("PATCH", path, {"status": "dismissed"})) == {"dismissal_reason": "field_required"}
    body = {"status": "dismissed", "dismissal_reason": "Old news", "pinned": True}
    changed = world.send("PATCH", path, body)
    assert changed.status_code == 200
    assert {name: changed.json[name] for name in body} == body
    versions = world.send("GET", f"{path}/versions").json
    assert (versions["total"], [each["number"] for each in versions["versions"]]) == (2, [1, 2])
    differences = {each["field"]: (each["before"], each["after"]) for each in versions["versions"][1]["differences"]}
    assert differences == {
        "status": ("Active", "Dismissed"),
        "dismissal_reason": ("nothing", "Old news"),
        "pinned": ("no", "yes"),
    }
    assert world.send("GET", f"{path}/versions?limit=1&offset=1").json["versions"] == versions["versions"][1:]
    assert world.send("PATCH", path, {"status": "active"}).json["dismissal_reason"] is None
    assert faults_of(world.send("PATCH", path, {"title": "x", "pinned": 1})) == {
        "title": "field_unknown",
        "pinned": "field_invalid",
    }
    assert error_of(world.send("PATCH", f"/threats/{NOBODY}", {})) == (404, "not_found")
    assert error_of(world.send("GET", f"/threats/{NOBODY}/versions")) == (404, "not_found")


def test_a_selection_tells_what_it_comes_to_and_groups_the_same(world):
    selection = {
        "area": {"center": {"lat": 6.44, "lng": 3.36}, "radius_km": 5},
        "filters": {"severity": ["critical", "high", "low"]},
        "exclude": [world.ids[1]],
    }
    told = world.send("POST", "/threats/select", selection)
    assert told.status_code == 200
    counts = {"critical": 2, "high": 0, "medium": 0, "low": 1, "negligible": 0}
    assert told.json == {"total": 3, "by_severity": counts, "threat_ids": [world.ids[n] for n in (5, 3, 0)]}
    made = world.send("POST", "/incidents", {"title": "a", "selection": selection}).json
    assert [link["threat_id"] for link in made["threat_links"]] == told.json["threat_ids"]


@pytest.mark.parametrize(
    ("selection", "faults"),
    [
        ({}, {"": "field_required"}),
        ({"filters": {}, "exclude": []}, {"": "field_required"}),
        ({"filters": {"q": ["a", "b"]}}, {"filters.q": "field_invalid"}),
        ({"filters": {"q": ["a"]}}, {"filters.q": "field_invalid"}),
        ({"filters": {"severity": []}}, {"filters.severity": "field_invalid"}),
        ({"filters": {"severity": [1, "low"]}}, {"filters.severity": "field_invalid"}),
        ({"filters": {"severty": "low"}}, {"filters.severty": "field_unknown"}),
        ({"filters": 3}, {"filters": "field_invalid"}),
        ({"area": {"bbox": [1, 2, 3]}}, {"area": "field_invalid"}),
        ({"area": {"bbox": [1, 2, 3, 10**400]}}, {"area": "field_invalid"}),
        ({"area": {"bbox": [1, 2, 3, True]}, "x": 1}, {"area": "field_invalid", "x": "field_unknown"}),
        ({"include": [NOBODY], "exclude": ["x"]}, {"include[0]": "threat_unknown", "exclude[0]": "field_invalid"}),
    ],
)
def test_a_selection_that_can_not_be_read_is_told_at_its_fields(world, selection, faults):
    assert faults_of(world.send("POST", "/threats/select", selection)) == faults
    inside = {f"selection.{field}".rstrip("."): code for field, code in faults.items()}
    assert faults_of(world.send("POST", "/incidents", {"title": "a", "selection": selection})) == inside


def test_a_selection_of_more_than_can_be_grouped_is_refused_with_the_true_number(world, monkeypatch):
    everything = {"filters": {"q": "Road"}}
    rules = import_module("app.service.selection.resolve")  # the package names its function so too
    monkeypatch.setattr(rules, "SELECTION_MAX", 6)
    assert world.send("POST", "/threats/select", everything).json["total"] == 6
    monkeypatch.setattr(rules, "SELECTION_MAX", 5)
    refused = world.send("POST", "/threats/select", everything)
    assert faults_of(refused) == {"": "field_invalid"}
    assert refused.json["error"]["details"][0]["issue"] == "Select at most 5 threats; this comes to 6."
    assert faults_of(world.send("POST", "/incidents", {"title": "a", "selection": everything})) == {"selection": "field_invalid"}
    assert world.send("POST", "/threats/select", {**everything, "exclude": world.ids[:1]}).json["total"] == 5


def test_select_is_no_threat(world):
    for method in ("GET", "PATCH", "DELETE"):
        response = world.send(method, "/threats/select", {})
        assert error_of(response) == (405, "method_not_allowed")
        assert response.headers["Allow"] == "POST"
    assert error_of(world.send("GET", "/threats/selected")) == (404, "not_found")


def test_nothing_of_another_tenant_is_to_be_had(world):
    one, two = world.made(0, 1), world.made(2)
    act_id = world.last_act(one)
    other = make.key(world.app, make.actor(world.app, "Other"))
    before = [world.send("GET", f"/incidents/{each}").json for each in (one, two)]
    paths = [
        ("PATCH", f"incidents/{one}", {"title": "x"}),
        ("DELETE", f"incidents/{one}", None),
        ("POST", f"incidents/{one}/restore", None),
        ("GET", f"incidents/{one}/threats", None),
        ("POST", f"incidents/{one}/threats", {"threat_ids": world.ids[:1]}),
        ("DELETE", f"incidents/{one}/threats/{world.ids[0]}", None),
        ("POST", f"incidents/{one}/move", {"threat_ids": world.ids[:1], "to_incident_id": two}),
        ("POST", f"incidents/{one}/split", {"threat_ids": world.ids[:1], "title": "x"}),
        ("POST", f"incidents/{one}/merge", {"incident_ids": [two], "reason": "x"}),
        ("GET", f"incidents/{one}/activity", None),
        ("POST", f"incidents/{one}/activity/{act_id}/undo", None),
        ("POST", f"incidents/{one}/comments", {"body": "x"}),
        ("PATCH", f"threats/{world.ids[0]}", {"pinned": True}),
        ("GET", f"threats/{world.ids[0]}/versions", None),
    ]
    for method, path, body in paths:
        theirs = world.client.open(f"/v1/{path}", method=method, headers=other, json=body)
        assert error_of(theirs) == (404, "not_found"), path
        nowhere = path.replace(one, NOBODY).replace(f"threats/{world.ids[0]}", f"threats/{NOBODY}")
        nothing = world.client.open(f"/v1/{nowhere}", method=method, headers=other, json=body)
        assert nothing.json["error"] == theirs.json["error"], path
    assert [world.send("GET", f"/incidents/{each}").json for each in (one, two)] == before


def test_grouping_costs_the_same_number_of_statements_whatever_the_size(app, client, count_statements):
    who = make.actor(app)
    key = make.key(app, who)
    ids = [str(i) for i in make.put_threats(app, who, 300)]

    def send(path, body=None):
        response = client.post(f"/v1{path}", headers=key, json=body)
        assert response.status_code < 300, response.text
        return response.json

    def costs(numbers):
        some = [ids[n] for n in numbers]
        one, two = (send("/incidents", {"title": "a", "threat_ids": threat_ids})["id"] for threat_ids in (some, []))
        counts = []

        def counted(path, body=None):
            with count_statements() as statements:
                answer = send(path, body)
            counts.append(len(statements))
            return answer

        def undo(on):
            total = client.get(f"/v1/incidents/{on}/activity?limit=1", headers=key).json["total"]
            items = client.get(f"/v1/incidents/{on}/activity?limit=1&offset={total - 1}", headers=key).json["items"]
            counted(f"/incidents/{on}/activity/{items[0]['act_id']}/undo")

        counted(f"/incidents/{one}/move", {"threat_ids": some, "to_incident_id": two})
        undo(two)
        new = counted(f"/incidents/{one}/split", {"threat_ids": some, "title": "b"})["new_incident"]["id"]
        undo(one)
        counted(f"/incidents/{two}/merge", {"incident_ids": [one], "reason": "c"})
        undo(two)
        assert client.get(f"/v1/incidents/{new}", headers=key).status_code == 404
        return counts

    assert costs(range(2)) == costs(range(300))
