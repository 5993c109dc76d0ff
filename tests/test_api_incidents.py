"""Incidents by JSON, as a client program makes and reads them."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from app.db import new_id
from app.errors import Faults
from app.service import threats
from tests import make


@pytest.fixture
def key(app):
    return make.key(app, make.actor(app))


def errors_of(response):
    return {detail["field"]: (detail["code"], detail["issue"]) for detail in response.json["error"]["details"]}


def test_the_published_example_works_verbatim(app, client, key):
    ids = ["4f5d1cc9-d4cc-49a1-a3fc-5ec93d674bc8", "4e91fe4c-0f95-43a2-8a1c-b62cc12df5db"]
    with app.app_context():
        threats.upsert(
            make.actor(app),
            [make.record(0), make.record(1)],
            faults=Faults(),
            ids={("test", f"t-{i}"): UUID(text) for i, text in enumerate(ids)},
        )
    response = client.post(
        "/v1/incidents",
        headers=key,
        json={
            "title": "Port access disruption in Lagos",
            "description": "Multiple protest and road-closure threats affecting site access.",
            "scope": "aggregate",
            "threat_ids": ids,
        },
    )
    assert response.status_code == 201
    body = response.json
    assert response.headers["Location"] == f"/v1/incidents/{body['id']}"
    assert re.fullmatch('"1-[0-9a-f]{16}"', response.headers["ETag"])
    assert [link["threat_id"] for link in body["threat_links"]] == ids
    assert body["threat_link_count"] == 2
    assert body["status"] == "open"
    assert body["scope"] == "aggregate"
    assert body["started_at"] == "2026-04-18T09:00:00.000Z"
    assert body["resolved_at"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["created_at"])
    assert body["threat_links"][0]["threat"] == {
        "id": ids[0],
        "title": "Road closure 0",
        "severity": "critical",
        "threat_type": "road closure",
        "location": "Apapa, Lagos",
        "observed_at": "2026-04-18T09:00:00.000Z",
        "coordinates": {"lat": 6.44, "lng": 3.36},
    }
    assert client.get(response.headers["Location"], headers=key).json == body


def test_a_title_is_enough(client, key):
    response = client.post("/v1/incidents", headers=key, json={"title": "  Quiet night \r\n"})
    assert response.status_code == 201
    assert response.json["title"] == "Quiet night"
    assert response.json["description"] is None
    assert response.json["threat_links"] == []
    assert response.json["started_at"] is None


def test_threat_ids_are_a_set_in_order_of_first_occurrence(app, client, key):
    first, second = (str(i) for i in make.put_threats(app, make.actor(app), 2))
    response = client.post(
        "/v1/incidents", headers=key, json={"title": "Twice", "threat_ids": [second, first, second.upper(), first]}
    )
    assert [link["threat_id"] for link in response.json["threat_links"]] == [second, first]


def test_an_incident_of_10_000_threats_takes_as_many_statements_as_one_of_two(app, client, key, count_statements):
    ids = [str(i) for i in make.put_threats(app, make.actor(app), 10_000)]
    client.get("/v1/threats", headers=key)
    with count_statements() as few:
        client.post("/v1/incidents", headers=key, json={"title": "Two", "threat_ids": ids[:2]})
    with count_statements() as many:
        response = client.post("/v1/incidents", headers=key, json={"title": "Many", "threat_ids": ids})
    assert response.status_code == 201
    assert response.json["threat_link_count"] == 10_000
    assert len(response.json["threat_links"]) == 1_000
    assert len(many) == len(few)


def test_all_faults_are_told_at_once_and_nothing_is_written(app, client, key):
    known = str(make.put_threats(app, make.actor(app), 1)[0])
    foreign = str(make.put_threats(app, make.actor(app, "Other"), 1)[0])
    unknown = str(new_id())
    response = client.post(
        "/v1/incidents",
        headers=key,
        json={
            "title": " \t ",
            "description": 7,
            "scope": "everything",
            "threat_ids": [known, unknown, 5, "nonsense", foreign],
            "treat_ids": [],
        },
    )
    assert response.status_code == 422
    assert errors_of(response) == {
        "title": ("field_required", "Enter a title."),
        "description": ("field_invalid", "Write this as text."),
        "scope": ("field_invalid", "Choose one of: aggregate, investigation."),
        "threat_ids[1]": ("threat_unknown", "No threat has this id."),
        "threat_ids[2]": ("field_invalid", "Write this as text."),
        "threat_ids[3]": ("field_invalid", "Write the id as a UUID of 36 characters."),
        "threat_ids[4]": ("threat_unknown", "No threat has this id."),
        "treat_ids": ("field_unknown", "This is not known here. Did you mean threat_ids?"),
    }
    assert response.json["error"]["message"] == "8 fields need attention."
    pointers = {d["field"]: d["pointer"] for d in response.json["error"]["details"]}
    assert pointers["threat_ids[4]"] == "/threat_ids/4"
    assert client.get("/v1/incidents", headers=key).json["total"] == 0


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        ({"area": {"bbox": [3.3, 6, 3.3649, 7]}}, 5),
        ({"area": {"bbox": [3.3, 6, 3.3649, 7]}, "filters": {"severity": ["critical"]}}, 1),
        ({"area": {"center": {"lat": 6.44, "lng": 3.36}, "radius_km": 0.2}}, 2),
        ({"area": {"type": "Polygon", "coordinates": [[[3.3, 6], [3.3649, 6], [3.3649, 7], [3.3, 7], [3.3, 6]]]}}, 5),
        ({"filters": {"ungrouped": True}}, 20),
    ],
)
def test_a_selection_groups_exactly_what_it_means(app, client, key, selection, count):
    make.put_threats(app, make.actor(app), 20)
    response = client.post("/v1/incidents", headers=key, json={"title": "Area", "selection": selection})
    assert response.status_code == 201, response.json
    assert response.json["threat_link_count"] == count
    assert (response.json["area"] is not None) == ("area" in selection)


def test_a_selection_adds_and_leaves_out_single_threats(app, client, key):
    ids = [str(i) for i in make.put_threats(app, make.actor(app), 10)]
    selection = {"area": {"bbox": [3.3, 6, 3.3649, 7]}, "include": [ids[9]], "exclude": [ids[0]]}
    response = client.post("/v1/incidents", headers=key, json={"title": "Area", "selection": selection})
    assert {link["threat_id"] for link in response.json["threat_links"]} == {*ids[1:5], ids[9]}


def test_a_selection_that_can_not_be_read_is_told_field_by_field(app, client, key):
    unknown = str(new_id())
    response = client.post(
        "/v1/incidents",
        headers=key,
        json={
            "title": "Area",
            "selection": {
                "area": {"type": "Polygon", "coordinates": [[[3, 6], [4, 6]]]},
                "filters": {"severty": "high", "status": "gone", "q": 5},
                "include": [unknown],
                "exclude": ["x"],
            },
        },
    )
    assert response.status_code == 422
    found = errors_of(response)
    assert set(found) == {
        "selection.area",
        "selection.filters.severty",
        "selection.filters.status",
        "selection.filters.q",
        "selection.include[0]",
        "selection.exclude[0]",
    }
    assert found["selection.include[0]"][0] == "threat_unknown"


def test_unknown_and_foreign_incidents_answer_the_same(app, client, key):
    other = make.actor(app, "Other")
    foreign = make.incident(app, other, make.put_threats(app, other, 1))
    answers = []
    for path in (str(foreign), str(new_id()), "nonsense", str(foreign).replace("-", "")):
        response = client.get(f"/v1/incidents/{path}", headers=key)
        assert response.status_code == 404
        body = response.json
        body.pop("request_id")
        # The number of the request, and how many more may follow, are other ones each time.
        headers = {name: value for name, value in response.headers if name not in {"X-Request-Id", "RateLimit"}}
        answers.append((body, headers))
    assert all(answer == answers[0] for answer in answers)


def test_lists_have_filters_pages_and_true_totals(app, client, key):
    who = make.actor(app)
    ids = make.put_threats(app, who, 3)
    for i in range(5):
        make.incident(app, who, ids[: i % 3], title=f"Incident {i}")
    everything = client.get("/v1/incidents", headers=key).json
    assert [i["title"] for i in everything["incidents"]] == [f"Incident {i}" for i in (4, 3, 2, 1, 0)]
    assert everything["total"] == 5
    assert everything["next_cursor"] is None
    titles, url = [], "/v1/incidents?limit=2&sort=title"
    while url:
        response = client.get(url, headers=key)
        assert response.json["total"] == 5
        titles += [i["title"] for i in response.json["incidents"]]
        link = response.headers.get("Link", "")
        url = link[1:].split(">")[0] if link else ""
    assert titles == [f"Incident {i}" for i in range(5)]
    assert client.get("/v1/incidents?limit=2&offset=4", headers=key).json["incidents"][0]["title"] == "Incident 0"
    assert client.get("/v1/incidents?q=DENT 3", headers=key).json["total"] == 1
    assert client.get("/v1/incidents?q=%25", headers=key).json["total"] == 0
    assert client.get(f"/v1/incidents?threat_id={ids[1]}", headers=key).json["total"] == 1
    assert client.get("/v1/incidents?status=closed", headers=key).json["total"] == 0
    assert client.get("/v1/incidents?status=open&scope=aggregate", headers=key).json["total"] == 5
    assert client.get("/v1/incidents?bbox=3,6,3.3605,7", headers=key).json["total"] == 3
    assert client.get("/v1/incidents?created_from=2999-01-01T00:00:00Z", headers=key).json["total"] == 0
    assert client.get("/v1/incidents?created_to=2999-01-01T00:00:00%2B01:00", headers=key).json["total"] == 5


def test_a_list_takes_as_many_statements_for_50_as_for_1(app, client, key, count_statements):
    who = make.actor(app)
    ids = make.put_threats(app, who, 3)
    for _ in range(50):
        make.incident(app, who, ids)
    client.get("/v1/incidents", headers=key)
    with count_statements() as one:
        client.get("/v1/incidents?limit=1", headers=key)
    with count_statements() as fifty:
        assert len(client.get("/v1/incidents?limit=50", headers=key).json["incidents"]) == 50
    assert len(one) == len(fifty) <= 5


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=abc", "limit"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=", "limit"),
        ("limit=%F0%9D%9F%93", "limit"),
        ("offset=99999999999999999999", "offset"),
        ("offset=-1", "offset"),
        ("status=opened", "status"),
        ("scope=", "scope"),
        ("sort=size", "sort"),
        ("cursor=nonsense", "cursor"),
        ("cursor=WzFd", "cursor"),
        ("cursor=AAAA&offset=1", "cursor"),
        ("bbox=1,2,3", "bbox"),
        ("bbox=1,2,3,nan", "bbox"),
        ("threat_id=urn:uuid:4f5d1cc9-d4cc-49a1-a3fc-5ec93d674bc8", "threat_id"),
        ("created_from=yesterday", "created_from"),
        ("created_from=2026-01-01T00:00:00", "created_from"),
        ("created_to=0001-01-01T00:00:00%2B14:00", "created_to"),
        ("q=%00", "q"),
        ("staus=open", "staus"),
    ],
)
def test_a_query_that_breaks_a_rule_is_told_and_never_guessed(client, key, query, field):
    response = client.get(f"/v1/incidents?{query}", headers=key)
    assert response.status_code == 422
    assert field in errors_of(response)


def test_a_cursor_of_another_order_is_refused(app, client, key):
    who = make.actor(app)
    for _ in range(3):
        make.incident(app, who, [])
    cursor = client.get("/v1/incidents?limit=1", headers=key).json["next_cursor"]
    assert client.get(f"/v1/incidents?limit=1&cursor={cursor}", headers=key).status_code == 200
    assert client.get(f"/v1/incidents?limit=1&sort=title&cursor={cursor}", headers=key).status_code == 422


@pytest.mark.parametrize("selection", [{}, {"filters": {}}, {"filters": {"severity": []}}, {"exclude": [str(UUID(int=1))]}])
def test_a_selection_that_says_nothing_is_refused(client, key, selection):
    response = client.post("/v1/incidents", headers=key, json={"title": "Nothing", "selection": selection})
    assert response.status_code == 422
    assert [field.split(".")[0] for field in errors_of(response)] == ["selection"]


def test_an_area_is_kept_as_numbers_and_nothing_else(client, key):
    corners = [[0, 0, 10**30], [1, 0, 5], [1, 1, 5], [0, 0, 10**30]]
    area = {"type": "Polygon", "coordinates": [corners], "bbox": "x"}
    response = client.post("/v1/incidents", headers=key, json={"title": "Flat", "selection": {"area": area}})
    assert response.status_code == 422
    del area["bbox"]
    response = client.post("/v1/incidents", headers=key, json={"title": "Flat", "selection": {"area": area}})
    assert response.status_code == 201
    assert response.json["area"] == {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    assert client.get("/v1/incidents", headers=key).status_code == 200


def test_both_ways_of_naming_unknown_threats_are_told_at_once(client, key):
    unknown = str(UUID(int=7))
    body = {"title": "a", "threat_ids": [unknown], "selection": {"include": [unknown]}}
    response = client.post("/v1/incidents", headers=key, json=body)
    assert set(errors_of(response)) == {"threat_ids[0]", "selection.include[0]"}


def test_search_finds_letters_with_accents_whatever_their_case(client, key):
    client.post("/v1/incidents", headers=key, json={"title": "ÉVACUATION du port"})
    assert client.get("/v1/incidents?q=évacuation", headers=key).json["total"] == 1


@pytest.mark.parametrize("title", ["\u200b", " \u2060 ", "gnp.exe \u202e"])
def test_a_title_is_visible_and_reads_as_it_is(client, key, title):
    assert client.post("/v1/incidents", headers=key, json={"title": title}).status_code == 422


def test_a_cursor_with_nul_is_refused(client, key):
    import base64
    import json

    place = base64.urlsafe_b64encode(json.dumps(["title", "a\0b", "0" * 32]).encode()).decode()
    assert client.get(f"/v1/incidents?sort=title&cursor={place}", headers=key).status_code == 422
