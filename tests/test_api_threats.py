"""Threats by JSON: putting them in, reading them, and finding them."""

from __future__ import annotations

import pytest

from app.db import new_id
from tests import make


@pytest.fixture
def key(app):
    return make.key(app, make.actor(app))


def put(client, key, *threats):
    return client.put("/v1/threats", headers=key, json={"threats": list(threats)})


def threat(number=0, **members):
    return {
        "source": "sensor",
        "external_id": f"s-{number}",
        "title": f"Protest {number}",
        "severity": "high",
        "coordinates": {"lat": 6.45, "lng": 3.39},
        "observed_at": "2026-04-18T10:00:00+01:00",
        **members,
    }


def test_what_is_put_in_comes_out(client, key):
    full = threat(
        status="monitoring",
        description="Two lines.\nThe second.",
        threat_type="protest",
        threat_rationale="Announced.",
        location="Apapa",
        location_country="NG",
        location_precision_level="near",
        location_uncertainty_km=1.5,
        expires_at="2026-04-19T00:00:00.5Z",
        source_updated_at="2026-04-18T10:00:00Z",
        likelihood="likely",
        impact_severity="moderate",
        risk_score=7,
        risk_level="medium",
        likelihood_rationale="a",
        impact_rationale="b",
        url="https://example.org/1",
        aliases=["x-1"],
        sources=["Sensor"],
        attribution_types=["news"],
        affected_assets=[{"asset_id": "a1", "asset_name": "Depot", "asset_type": "facility", "distance_km": 2}],
    )
    answer = put(client, key, full)
    assert answer.status_code == 200
    assert {k: answer.json[k] for k in ("new", "updated", "unchanged", "older")} == {
        "new": 1,
        "updated": 0,
        "unchanged": 0,
        "older": 0,
    }
    result = answer.json["results"][0]
    assert result["outcome"] == "new"
    got = client.get(f"/v1/threats/{result['id']}", headers=key).json
    stated = set(full) - {"aliases", "observed_at", "expires_at", "source_updated_at"}
    assert {name: got[name] for name in stated} == {name: full[name] for name in stated}
    assert got["observed_at"] == "2026-04-18T09:00:00.000Z"
    assert got["expires_at"] == "2026-04-19T00:00:00.500Z"
    assert got["version_count"] == 1
    assert got["development_count"] == 0
    assert got["latest_development_title"] is None
    assert got["incident_ids"] == []
    assert got["pinned"] is False
    assert client.get("/v1/threats", headers=key).json["threats"] == [
        {name: value for name, value in got.items() if name not in {"same_as", "area"}}
    ]


def test_the_same_again_changes_nothing_and_a_change_is_a_version(client, key):
    put(client, key, threat())
    assert put(client, key, threat()).json["unchanged"] == 1
    answer = put(client, key, threat(title="Protest grows", severity="critical")).json
    assert answer["updated"] == 1
    got = client.get(f"/v1/threats/{answer['results'][0]['id']}", headers=key).json
    assert (got["title"], got["severity"], got["version_count"], got["development_count"]) == (
        "Protest grows",
        "critical",
        2,
        1,
    )
    assert got["latest_development_title"] == "Protest grows"
    assert got["last_version_at"] > got["created_at"]


def test_an_older_statement_changes_nothing(client, key):
    put(client, key, threat(source_updated_at="2026-04-18T12:00:00Z"))
    answer = put(client, key, threat(title="Old news", source_updated_at="2026-04-18T11:59:59Z")).json
    assert answer["older"] == 1
    assert client.get(f"/v1/threats/{answer['results'][0]['id']}", headers=key).json["title"] == "Protest 0"


def test_an_alias_leads_to_the_same_threat(client, key):
    first = put(client, key, threat(1, aliases=["other-name"])).json["results"][0]["id"]
    answer = put(client, key, threat(title="Renamed", external_id="other-name")).json
    assert answer["updated"] == 1
    assert answer["results"][0]["id"] == first
    assert client.get("/v1/threats", headers=key).json["total"] == 1


def test_a_repeated_threat_in_one_body_is_a_later_statement(client, key):
    answer = put(client, key, threat(), threat(title="Later"), threat(1)).json
    assert [r["outcome"] for r in answer["results"]] == ["new", "updated", "new"]
    assert answer["results"][0]["id"] == answer["results"][1]["id"]


def test_all_or_nothing_with_every_fault_named(client, key):
    answer = put(
        client,
        key,
        threat(0),
        threat(1, title="", severity="awful", coordinates={"lat": 95, "lng": 200}, url="javascript:alert(1)"),
        threat(2, coordinates={"lat": 1}, observed_at="yesterday", location_country="Nigeria", sources=["", 5]),
        {"titel": "x"},
        "nonsense",
        threat(5, source=" ", location_uncertainty_km=-1, risk_score="high", affected_assets=[{"distance_km": -1}]),
    )
    assert answer.status_code == 422
    assert {d["field"]: d["code"] for d in answer.json["error"]["details"]} == {
        "threats[1].title": "field_required",
        "threats[1].severity": "field_invalid",
        "threats[1].coordinates.lat": "field_invalid",
        "threats[1].coordinates.lng": "field_invalid",
        "threats[1].url": "field_invalid",
        "threats[2].coordinates": "field_invalid",
        "threats[2].observed_at": "field_invalid",
        "threats[2].location_country": "field_invalid",
        "threats[2].sources[0]": "field_required",
        "threats[2].sources[1]": "field_invalid",
        "threats[3].titel": "field_unknown",
        "threats[3].title": "field_required",
        "threats[3].source": "field_required",
        "threats[3].external_id": "field_required",
        "threats[4]": "field_invalid",
        "threats[5].source": "field_required",
        "threats[5].location_uncertainty_km": "field_invalid",
        "threats[5].risk_score": "field_invalid",
        "threats[5].affected_assets[0].asset_id": "field_required",
        "threats[5].affected_assets[0].distance_km": "field_invalid",
    }
    assert client.get("/v1/threats", headers=key).json["total"] == 0


def test_lists_in_a_threat_hold_50_at_most(client, key):
    def said(number):
        assets = [{"asset_id": f"a{i}"} for i in range(number)]
        return {name: [f"{name} {i}" for i in range(number)] for name in ("aliases", "sources")} | {"affected_assets": assets}

    refused = put(client, key, threat(**said(51)))
    assert refused.status_code == 422
    assert {d["field"]: d["issue"] for d in refused.json["error"]["details"]} == {
        f"threats[0].{name}": "Give at most 50; this has 51." for name in said(0)
    }
    assert put(client, key, threat(**said(50))).json["new"] == 1
    held = client.get("/v1/threats", headers=key).json["threats"][0]
    assert (len(held["sources"]), len(held["affected_assets"])) == (50, 50)


@pytest.mark.parametrize("count", [0, 1001])
def test_the_number_of_threats_is_bounded(client, key, count):
    answer = put(client, key, *(threat(i) for i in range(count)))
    assert answer.status_code == 422
    assert answer.json["error"]["details"][0]["issue"] == f"Give 1 to 1,000 threats; this has {count:,}."


def test_1000_threats_take_as_many_statements_as_one(client, key, count_statements):
    client.get("/v1/threats", headers=key)
    with count_statements() as one:
        put(client, key, threat(0))
    with count_statements() as many:
        assert put(client, key, *(threat(i + 1) for i in range(1000))).json["new"] == 1000
    # SQLAlchemy may cut one INSERT of many rows into a few; what counts is that it is not one for each row.
    assert len(many) - len(one) < 10


def test_the_start_of_an_incident_follows_its_earliest_threat(app, client, key):
    results = put(client, key, threat(0), threat(1, observed_at="2026-04-18T12:00:00Z")).json["results"]
    made = client.post("/v1/incidents", headers=key, json={"title": "a", "threat_ids": [r["id"] for r in results]}).json
    assert made["started_at"] == "2026-04-18T09:00:00.000Z"
    put(client, key, threat(1, observed_at="2026-04-18T03:00:00Z"))
    assert client.get(f"/v1/incidents/{made['id']}", headers=key).json["started_at"] == "2026-04-18T03:00:00.000Z"


def test_threats_are_found_by_every_filter(app, client, key):
    put(
        client,
        key,
        threat(0, threat_type="protest", location_country="NG", location="Apapa"),
        threat(1, threat_type="flood", severity="low", location_country="FJ", coordinates={"lat": -17, "lng": 179}),
        threat(2, threat_type="flood", severity="low", status="ended", coordinates={"lat": -17, "lng": -179}),
        threat(3, coordinates=None, observed_at=None, description="100% sure"),
    )

    def found(query):
        response = client.get(f"/v1/threats?{query}", headers=key)
        assert response.status_code == 200, response.json
        titles = sorted(int(t["title"][-1]) for t in response.json["threats"])
        assert response.json["total"] == len(titles)
        assert response.json["assets"] == []
        return titles

    assert found("") == [0, 1, 2, 3]
    assert found("severity=low") == [1, 2]
    assert found("severity=low&severity=high") == [0, 1, 2, 3]
    assert found("status=ended&status=dismissed") == [2]
    assert found("threat_type=flood") == [1, 2]
    assert found("source=sensor") == [0, 1, 2, 3]
    assert found("source=nobody") == []
    assert found("location_country=NG&location_country=FJ") == [0, 1]
    assert found("bbox=178,-20,-178,-10") == [1, 2]
    assert found("bbox=178,-20,180,-10") == [1]
    assert found("q=apapa") == [0]
    assert found("q=100%25") == [3]
    assert found("q=00") == found("q=%25") == []
    assert found("observed_from=2026-04-18T09:00:00Z") == [0, 1, 2]
    assert found("observed_to=2026-04-18T09:00:00Z") == []
    ids = {t["title"]: t["id"] for t in client.get("/v1/threats", headers=key).json["threats"]}
    made = client.post("/v1/incidents", headers=key, json={"title": "a", "threat_ids": [ids["Protest 1"]]}).json
    assert found(f"incident_id={made['id']}") == [1]
    assert found("ungrouped=true") == [0, 2, 3]
    assert found("ungrouped=false") == [1]
    assert client.get(f"/v1/threats/{ids['Protest 1']}", headers=key).json["incident_ids"] == [made["id"]]


@pytest.mark.parametrize(
    "sort", ["observed_at", "-observed_at", "severity", "-severity", "title", "-title", "created_at", "-updated_at"]
)
def test_cursors_walk_through_everything_once_in_any_order(client, key, sort):
    put(
        client,
        key,
        *(
            threat(
                i,
                severity=("low", "high", "critical")[i % 3],
                title=f"Protest {i % 4}",
                observed_at=None if i % 5 == 0 else f"2026-04-18T0{i % 3}:00:00Z",
            )
            for i in range(23)
        ),
    )
    whole = [t["id"] for t in client.get(f"/v1/threats?limit=200&sort={sort}", headers=key).json["threats"]]
    walked, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/threats?limit=4&sort={sort}{cursor and '&cursor=' + cursor}", headers=key).json
        walked += [t["id"] for t in page["threats"]]
        cursor = page["next_cursor"]
    assert walked == whole
    assert len(set(walked)) == 23


def test_a_list_takes_as_many_statements_for_50_as_for_1(app, client, key, count_statements):
    make.put_threats(app, make.actor(app), 60)
    client.get("/v1/threats", headers=key)
    with count_statements() as one:
        client.get("/v1/threats?limit=1", headers=key)
    with count_statements() as fifty:
        client.get("/v1/threats?limit=50", headers=key)
    assert len(one) == len(fifty) <= 6


def test_nothing_of_one_tenant_is_seen_by_another(app, client, key):
    other = make.actor(app, "Other")
    their_key = make.key(app, other)
    theirs = make.put_threats(app, other, 3, title="Planted words")
    their_incident = make.incident(app, other, theirs, title="Planted words")
    put(client, key, threat(0))
    for path in (
        "/v1/threats",
        "/v1/incidents",
        "/v1/threats?q=Planted",
        "/v1/incidents?q=Planted",
        f"/v1/threats?incident_id={their_incident}",
        f"/v1/incidents?threat_id={theirs[0]}",
    ):
        response = client.get(path, headers=key)
        assert "Planted" not in response.text
        assert response.json["total"] == (1 if path == "/v1/threats" else 0)
    unknown = client.get(f"/v1/threats/{new_id()}", headers=key).json["error"]
    assert client.get(f"/v1/threats/{theirs[0]}", headers=key).json["error"] == unknown
    # The same source and id may exist on both sides, each its own.
    put(client, key, {**threat(0), "source": "test", "external_id": "t-0"})
    assert client.get("/v1/threats", headers=their_key).json["total"] == 3
    assert all(t["title"] == "Planted words" for t in client.get("/v1/threats", headers=their_key).json["threats"])


def test_two_names_of_one_threat_in_one_body_are_one_threat(client, key):
    put(client, key, threat(0, external_id="a", aliases=["b"]))
    answer = put(client, key, threat(0, external_id="a", title="X"), threat(0, external_id="b", title="Y")).json
    assert [r["outcome"] for r in answer["results"]] == ["updated", "updated"]
    got = client.get(f"/v1/threats/{answer['results'][0]['id']}", headers=key).json
    assert (got["title"], got["version_count"]) == ("Y", 3)
    assert client.get("/v1/threats", headers=key).json["total"] == 1


def test_the_newest_stamp_counts_even_if_it_changed_nothing(client, key):
    for stamp, title, outcome in ((10, "A", "new"), (20, "A", "unchanged"), (15, "Stale", "older"), (25, "B", "updated")):
        answer = put(client, key, threat(0, title=title, source_updated_at=f"2026-04-18T10:00:{stamp}Z")).json
        assert answer["results"][0]["outcome"] == outcome
    got = client.get(f"/v1/threats/{answer['results'][0]['id']}", headers=key).json
    assert (got["title"], got["version_count"]) == ("B", 2)


def test_an_older_statement_adds_no_name_either(client, key):
    put(client, key, threat(0, source_updated_at="2026-04-18T12:00:00Z"))
    put(client, key, threat(0, aliases=["old-name"], source_updated_at="2026-04-18T11:00:00Z"))
    assert put(client, key, threat(0, external_id="old-name")).json["new"] == 1


def test_what_a_source_dismissed_it_can_take_up_again(client, key):
    put(client, key, threat(0, status="dismissed"))
    assert put(client, key, threat(0, status="active")).json["updated"] == 1


def test_many_sources_and_repeats_take_as_many_statements_as_one(client, key, count_statements):
    client.get("/v1/threats", headers=key)
    with count_statements() as one:
        put(client, key, threat(0))
    with count_statements() as many:
        put(client, key, *(threat(i % 7, source=f"s-{i % 50}", title=f"T {i}") for i in range(300)))
    assert len(many) - len(one) < 10


def test_a_changed_start_is_a_new_version_of_the_incident(client, key):
    ids = [r["id"] for r in put(client, key, threat(0)).json["results"]]
    made = client.post("/v1/incidents", headers=key, json={"title": "a", "threat_ids": ids}).json
    put(client, key, threat(0, observed_at="2026-04-18T03:00:00Z"))
    got = client.get(f"/v1/incidents/{made['id']}", headers=key).json
    assert got["version"] == made["version"] + 1
    assert got["updated_at"] > made["updated_at"]
