"""PUT /v1/threats with partial=true: what is good is written, what is at fault is named and left out."""

from __future__ import annotations

from time import process_time

import orjson
import pytest
import sqlalchemy as sa

from app.db import db
from app.models import ThreatRecord
from tests import make


@pytest.fixture
def key(app):
    return make.key(app, make.actor(app))


def threat(number=0, **members):
    return {"source": "sensor", "external_id": f"s-{number}", "title": f"Protest {number}", **members}


def put(client, key, *threats, query="?partial=true"):
    return client.put(f"/v1/threats{query}", headers=key, json={"threats": list(threats)})


def test_good_rows_are_written_and_bad_ones_are_named(client, key):
    put(client, key, threat(3))
    bad = threat(1, title=" ", severity="huge", coordinates={"lat": 95, "lng": 3})
    answer = put(client, key, threat(0), bad, {**threat(2), "titel": "x"}, threat(3), threat(4, status=5), 7)
    assert answer.status_code == 200
    assert {name: count for name, count in answer.json.items() if name != "results"} == {
        "new": 1,
        "updated": 0,
        "unchanged": 1,
        "older": 0,
        "failed": 4,
    }
    results = answer.json["results"]
    assert [result["index"] for result in results] == list(range(6))
    assert [result.get("outcome") for result in results] == ["new", None, None, "unchanged", None, None]
    assert [[fault["pointer"] for fault in result.get("errors", [])] for result in results] == [
        [],
        ["/threats/1/title", "/threats/1/coordinates/lat", "/threats/1/severity"],
        ["/threats/2/titel"],
        [],
        ["/threats/4/status"],
        ["/threats/5"],
    ]
    assert results[1]["errors"][0] == {
        "field": "threats[1].title",
        "code": "field_required",
        "issue": "Enter a title.",
        "pointer": "/threats/1/title",
    }
    listed = client.get("/v1/threats", headers=key).json["threats"]
    assert {(one["id"], one["external_id"]) for one in listed} == {(results[0]["id"], "s-0"), (results[3]["id"], "s-3")}


@pytest.mark.parametrize("query", ["", "?partial=false"])
def test_without_it_one_bad_row_keeps_all_others_out(client, key, query):
    answer = put(client, key, threat(0), threat(1, title=""), query=query)
    assert (answer.status_code, answer.json["error"]["details"][0]["pointer"]) == (422, "/threats/1/title")
    assert client.get("/v1/threats", headers=key).json["total"] == 0


def test_a_row_of_a_wrong_type_is_left_out_though_the_rest_of_it_is_what_is_held(client, key):
    put(client, key, threat(0))
    answer = put(client, key, threat(0, risk_score="7")).json
    assert (answer["failed"], answer["unchanged"]) == (1, 0)


def test_what_is_wrong_with_the_request_itself_is_still_refused_whole(client, key):
    for body in ({"threats": []}, {"threats": [threat(0)], "mode": "x"}, {"threats": [threat(i) for i in range(1001)]}):
        answer = client.put("/v1/threats?partial=true", headers=key, json=body)
        assert (answer.status_code, answer.json["error"]["code"]) == (422, "validation_failed")
    assert put(client, key, threat(0), query="?partial=perhaps").status_code == 422
    assert client.get("/v1/threats", headers=key).json["total"] == 0


@pytest.mark.parametrize("name", ["threats[0]", "threats[7]", "threats[x]", "threats[", "threats[7].title"])
def test_a_member_or_a_parameter_named_like_a_row_is_no_fault_of_one(client, key, name):
    by_body = client.put("/v1/threats?partial=true", headers=key, json={"threats": [threat(0)], name: 1})
    by_query = client.put("/v1/threats", query_string={"partial": "true", name: 1}, headers=key, json={"threats": [threat(0)]})
    for answer in (by_body, by_query):
        assert (answer.status_code, [fault["field"] for fault in answer.json["error"]["details"]]) == (422, [name])
    assert client.get("/v1/threats", headers=key).json["total"] == 0


def test_of_a_row_full_of_faults_the_first_ten_are_told(client, key):
    answer = put(client, key, threat(0, **{f"member{i}": i for i in range(50)}), threat(1)).json
    assert ([len(result.get("errors", [])) for result in answer["results"]], answer["new"]) == ([10, 0], 1)


def test_half_a_place_in_each_of_many_rows_full_of_faults_takes_no_longer_than_none(client, key):
    def seconds(**members) -> float:
        rows = [threat(i, **members, **{f"m{j}": 0 for j in range(40)}) for i in range(1000)]
        start = process_time()
        assert put(client, key, *rows).json["failed"] == 1000
        return process_time() - start

    without = seconds()
    assert seconds(coordinates={}) < 3 * without


def test_a_thousand_rows_take_as_many_statements_as_one_and_the_same_again_fewer(client, key, count_statements):
    put(client, key, threat(2000))
    counts = []
    for rows in ([threat(0)], [threat(i) for i in range(1, 1001)], [threat(i) for i in range(1, 1001)]):
        with count_statements() as statements:
            assert put(client, key, *rows).json["failed"] == 0
        counts.append(len([text for text in statements if "ANALYZE" not in text and "pg_class" not in text]))
    assert counts[0] == counts[1] > counts[2]


def test_the_row_is_kept_as_the_client_wrote_it(client, key, context):
    said = threat(0, severity="high", coordinates={"lat": 6.5, "lng": 3.25}, sources=["Radio"])
    put(client, key, said)
    record = db.session.scalars(sa.select(ThreatRecord)).one()
    assert orjson.loads(record.raw) == said
    assert record.run_id is None


def test_a_threat_with_coordinates_but_no_country_gets_the_one_that_they_lie_in(client, key):
    lagos = {"lat": 6.6, "lng": 3.35}
    put(
        client,
        key,
        threat(0, coordinates=lagos),
        threat(1, coordinates=lagos, location_country="GH"),
        threat(2, coordinates=lagos, location_precision_level="country"),
        threat(3, coordinates={"lat": 0, "lng": -30}),
        threat(4),
    )
    listed = client.get("/v1/threats?sort=title", headers=key).json["threats"]
    assert [one["location_country"] for one in listed] == ["NG", "GH", None, None, None]
