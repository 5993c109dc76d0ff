"""The areas of threats on pages, for maps, as a file and in the API."""

from __future__ import annotations

import orjson
import pytest

from app.errors import Faults
from app.geo.simplify import POSITIONS_MAX
from app.service import threats
from app.service.threats import areas
from tests import browse, make

SQUARE = {"type": "Polygon", "coordinates": [[[3, 6], [4, 6], [4, 7], [3, 7], [3, 6]]]}
COMB = {"type": "Polygon", "coordinates": [[*([i / 1000, 5 + i % 2] for i in range(1000)), [1, 4], [0, 4], [0, 5]]]}


@pytest.fixture
def desk(app, client):
    """Sign in; return the client, who that is, and a way to put threats with areas that gives their ids."""
    ada = make.person(app)

    def put(*told, **values):
        records = [make.record(number, area=area, **{"lat": 6.5, "lng": 3.5, **values}) for number, area in enumerate(told)]
        with app.app_context():
            return [str(outcome.threat_id) for outcome in threats.upsert(ada, records, faults=Faults())]

    return browse.sign_in(app, client), ada, put


def drawn(client, query=""):
    return orjson.loads(client.get(f"/threats/areas{query}").data)


def test_the_page_of_a_threat_says_how_detailed_its_area_is_and_leads_to_it(desk):
    client, _, put = desk
    square, comb, point = put(SQUARE, COMB, None)
    assert "5 corners, drawn simplified" in client.get(f"/threats/{square}").text
    page = client.get(f"/threats/{comb}").text
    assert "1,003 corners, drawn simplified" in page
    assert f'href="/threats/{comb}/area.geojson"' in page
    assert f'data-areas="/threats/areas?ids={comb}"' in page
    page = client.get(f"/threats/{point}").text
    assert "simplified" not in page
    assert "data-areas" not in page


def test_the_file_of_an_area_holds_it_as_told(desk):
    client, _, put = desk
    [comb] = put(COMB)
    answer = client.get(f"/threats/{comb}/area.geojson")
    assert answer.mimetype == "application/geo+json"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=area-{comb}.geojson"
    assert answer.json["geometry"] == COMB
    assert answer.json["properties"]["id"] == comb


def test_there_is_no_file_of_an_area_that_was_not_told(desk):
    client, _, put = desk
    [point] = put(None)
    assert client.get(f"/threats/{point}/area.geojson").status_code == 404
    assert client.get("/threats/01890000-0000-7000-8000-000000000000/area.geojson").status_code == 404


def test_maps_are_given_areas_simplified_and_only_of_what_matches(desk):
    client, _, put = desk
    square, comb, _ = put(SQUARE, COMB, None)
    found = drawn(client)
    assert found["total"] == 2
    assert {each["id"] for each in found["areas"]} == {square, comb}
    assert all(sum(map(len, each["area"]["coordinates"])) <= POSITIONS_MAX for each in found["areas"])
    assert [each["id"] for each in drawn(client, f"?ids={comb}")["areas"]] == [comb]
    assert drawn(client, "?severity=negligible") == {"areas": [], "total": 0}
    assert drawn(client, "?view=3,6,4,7")["total"] == 2
    assert drawn(client, "?view=10,6,11,7") == {"areas": [], "total": 0}


def test_of_more_areas_than_are_drawn_the_true_number_is_told(desk):
    client, _, put = desk
    put(*[SQUARE] * (areas.OUTLINES_MAX + 3))
    found = drawn(client)
    assert len(found["areas"]) == areas.OUTLINES_MAX
    assert found["total"] == areas.OUTLINES_MAX + 3


def test_an_incident_asks_for_the_areas_of_its_threats(app, desk):
    client, ada, put = desk
    square, _ = put(SQUARE, COMB)
    incident_id = make.incident(app, ada, [square])
    address = f"/threats/areas?incident_id={incident_id}"
    assert f'data-areas="{address}"' in client.get(f"/incidents/{incident_id}").text
    assert [each["id"] for each in orjson.loads(client.get(address).data)["areas"]] == [square]


def test_areas_of_others_are_not_seen(app, desk):
    _, _, put = desk
    [square] = put(SQUARE)
    make.person(app, "eve@example.org", tenant="Other")
    eve = browse.sign_in(app, app.test_client(), "eve@example.org")
    assert drawn(eve) == {"areas": [], "total": 0}
    assert eve.get(f"/threats/{square}/area.geojson").status_code == 404


def test_an_unchanged_answer_is_not_sent_again(desk):
    client, _, put = desk
    put(SQUARE)
    tag = client.get("/threats/areas").headers["ETag"]
    assert client.get("/threats/areas", headers={"If-None-Match": tag}).status_code == 304


def test_a_question_that_is_wrong_is_told_so(desk):
    client, _, _ = desk
    for query in ("?ids=1", "?view=1,2,3", "?severity=dire"):
        answer = client.get(f"/threats/areas{query}")
        assert answer.status_code == 422
        assert answer.json["error"]


def test_an_area_goes_when_its_source_tells_none_any_more(desk):
    client, _, put = desk
    put(SQUARE)
    put(None, title="Without an area")
    assert drawn(client)["total"] == 0


def test_the_api_tells_the_area_of_one_threat_and_lists_go_without(app, client, desk):
    _, _, put = desk
    comb, point = put(COMB, None)
    key = make.key(app, make.person(app, "grace@example.org", role="admin"), "threats:read")
    assert client.get(f"/v1/threats/{comb}", headers=key).json["area"] == COMB
    assert client.get(f"/v1/threats/{point}", headers=key).json["area"] is None
    assert all("area" not in each for each in client.get("/v1/threats", headers=key).json["threats"])
