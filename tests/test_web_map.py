"""What the desk's map is told: cells or points, exact numbers, and what is selected of them."""

from __future__ import annotations

import json
import sys
from uuid import UUID

import numpy as np
import pytest

from app.errors import Faults, Invalid
from app.geo.cells import Cells
from app.geo.outline import corners, of_squares
from app.geo.polygon import Polygon
from app.service import incidents
from app.service.selection import Selection, Step, read_area
from tests import browse, make

WORLD = "view=-180,-85,180,85&zoom=2"


def decoded(body: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """Read a view as wire.js does."""
    length = int.from_bytes(body[:4], "little")
    header = json.loads(body[4 : 4 + length])
    assert (4 + length) % 8 == 0
    arrays, at = {}, 4 + length
    for name, kind, size in header["arrays"]:
        arrays[name] = np.frombuffer(body, kind, size, at)
        at += -(-arrays[name].nbytes // 8) * 8
    assert at == len(body)
    return header, arrays


def selection(*steps: dict) -> dict[str, str]:
    return {"selection": json.dumps(steps)}


def lagos(east: float, west: float = 3.0) -> dict:
    ring = [[west, 6], [east, 6], [east, 7], [west, 7], [west, 6]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.fixture
def ada(app, client):
    who = make.person(app)
    browse.sign_in(app, client)
    return who


def test_few_threats_are_told_one_by_one(app, client, ada):
    ids = make.put_threats(app, ada, 3)
    make.put_threats(app, ada, 1, source="other", lat=None, lng=None)
    header, arrays = decoded(client.get(f"/threats/view?{WORLD}").data)
    assert (header["mode"], header["total"], header["in_view"], header["unplaced"]) == ("points", 4, 3, 1)
    told = {UUID(bytes=arrays["id"][i * 16 : i * 16 + 16].tobytes()): i for i in range(3)}
    assert told.keys() == set(ids)
    first = told[ids[0]]
    assert (arrays["severity"][first], header["terms"]["status"][arrays["status"][first]]) == (4, "active")
    assert arrays["x"][first] / 2**32 * 360 - 180 == pytest.approx(3.36, abs=1e-6)
    assert arrays["time"][first] == make.WHEN.timestamp() * 1000
    assert header["by_severity"] == [0, 0, 1, 1, 2]


def test_many_threats_are_told_as_cells_that_add_up(app, client, ada):
    make.put_threats(app, ada, 2_100)
    header, arrays = decoded(client.get(f"/threats/view?{WORLD}").data)
    assert (header["mode"], header["level"], header["in_view"]) == ("cells", 4, 2_100)
    assert arrays["counts"].reshape(-1, 5).sum(axis=0).tolist() == [420] * 5
    assert (arrays["x"] >> np.uint32(28)).tolist() == arrays["cx"].tolist()
    assert (arrays["y"] >> np.uint32(28)).tolist() == arrays["cy"].tolist()


def test_the_numbers_go_by_the_filters_and_by_the_view(app, client, ada):
    make.put_threats(app, ada, 10)
    header, _ = decoded(client.get("/threats/view?severity=critical&view=3.359,6,3.3605,7&zoom=12").data)
    assert (header["total"], header["in_view"]) == (2, 1)


def test_an_unchanged_view_is_not_sent_again(app, client, ada):
    make.put_threats(app, ada, 2)
    first = client.get(f"/threats/view?{WORLD}")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get(f"/threats/view?{WORLD}", headers=tag).status_code == 304
    make.put_threats(app, ada, 3)
    assert client.get(f"/threats/view?{WORLD}", headers=tag).status_code == 200


def test_a_selection_is_marked_in_the_view_and_counted_wherever_it_lies(app, client, ada):
    ids = make.put_threats(app, ada, 4)
    form = selection(
        {"op": "add", "area": lagos(3.3625)},
        {"op": "take", "ids": [str(ids[0])]},
        {"op": "add", "filters": {"severity": ["low"]}},
    )
    answer = browse.send(client, "/threats/view?view=3.3605,6,3.4,7&zoom=10", **form)
    header, arrays = decoded(answer.data)
    assert header["selected"] == {"total": 3, "by_severity": [0, 1, 1, 1, 0]}
    assert arrays["selected"].sum() == 3


def test_what_a_selection_comes_to_is_told_with_those_listed(app, client, ada):
    ids = make.put_threats(app, ada, 4)
    form = selection({"op": "add", "ids": [str(ids[1]), str(ids[2])]}) | {"ids": " ".join(map(str, ids))}
    answer = browse.send(client, "/threats/selected", **form).json
    assert answer == {
        "total": 2,
        "by_severity": {"negligible": 0, "low": 0, "medium": 1, "high": 1, "critical": 0},
        "of": "0110",
        "steps": [{"adds": True, "words": "2 single threats", "change": 2}],
        "issue": "",
    }


def test_each_step_is_told_by_how_much_it_changes_the_selection(app, client, ada):
    ids = make.put_threats(app, ada, 10)
    form = selection(
        {"op": "add", "area": lagos(3.3625), "name": "lasso"},
        {
            "op": "add",
            "area": {"center": {"lat": 6.44, "lng": 3.36}, "radius_km": 0.5},
            "filters": {"severity": ["critical", "low"]},
        },
        {"op": "take", "ids": [str(ids[0]), str(ids[9])]},
        {"op": "add", "area": {"bbox": [3, 6, 4, 7]}},
        {"op": "take", "area": {"cells": {"level": 0, "keys": [[0, 0]]}}},
        {"op": "add", "filters": {"q": "closure"}},
    )
    answer = browse.send(client, "/threats/selected", **form).json
    told = [(step["adds"], step["words"], step["change"]) for step in answer["steps"]]
    assert told == [
        (True, "lasso", 3),
        (True, "within 0.5 km of 6.44, 3.36, filtered by severity", 1),
        (False, "2 single threats", 1),
        (True, "box", 7),
        (False, "cluster", 10),
        (True, "everything, filtered by search", 10),
    ]
    assert answer["total"] == 10


def test_more_than_can_become_an_incident_is_counted_truly_and_said(app, client, ada, monkeypatch):
    monkeypatch.setattr(sys.modules["app.service.selection.resolve"], "SELECTION_MAX", 4)
    make.put_threats(app, ada, 5)
    answer = browse.send(client, "/threats/selected", **selection({"op": "add"})).json
    assert (answer["total"], answer["issue"]) == (5, "Select at most 4 threats; this comes to 5.")


def test_the_cells_of_a_cluster_are_an_area(app, client, ada):
    make.put_threats(app, ada, 2_100)
    _, arrays = decoded(client.get("/threats/view?view=3,6,5,7&zoom=8").data)
    of_first = arrays["counts"].reshape(-1, 5)[0].sum()
    cells = {"level": 10, "keys": [[int(arrays["cx"][0]), int(arrays["cy"][0])]]}
    answer = browse.send(client, "/threats/selected", **selection({"op": "add", "area": {"cells": cells}})).json
    assert answer["total"] == of_first


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("{", "can't be read"),
        ("{}", "a list of at most 100 steps"),
        ("[1]", "adds or takes away ids, or an area and filters"),
        ('[{"op": "drop", "ids": []}]', "adds or takes away"),
        ('[{"op": "add", "ids": [1]}]', "adds or takes away"),
        ('[{"op": "add", "area": [1, 2, 3, 4]}]', "adds or takes away"),
        ('[{"op": "add", "filters": ["severity"]}]', "adds or takes away"),
        ('[{"op": "add", "name": 5}]', "adds or takes away"),
        (json.dumps([{"op": "add", "name": "x" * 101}]), "adds or takes away"),
        ('[{"op": "add", "ids": ["x"]}]', "36 characters"),
        ('[{"op": "add", "area": {"cells": {"level": 1, "keys": [[2, 0]]}}}]', "pair of column and row"),
        ('[{"op": "add", "area": {"cells": {"level": "1", "keys": [[0, 0]]}}}]', "level of a grid"),
        ('[{"op": "add", "area": {"cells": {"level": 1, "keys": []}}}]', "from 1 to 4,096"),
        ('[{"op": "add", "area": {"bbox": [1]}}]', "GeoJSON"),
        ('[{"op": "add", "filters": {"severity": "grave"}}]', "Choose one of"),
        ('[{"op": "add", "filters": {"colour": "red"}}]', "not known"),
    ],
)
def test_a_selection_that_can_not_be_read_is_refused_in_words(client, ada, steps, words):
    answer = browse.send(client, "/threats/selected", selection=steps)
    assert answer.status_code == 422
    assert words in answer.json["error"]


@pytest.mark.parametrize("query", ["", "view=1,2,3&zoom=2", "view=1,2,3,4", f"{WORLD}&zoom=99", f"{WORLD}&severity=grave"])
def test_a_view_that_can_not_be_read_is_refused_in_words(client, ada, query):
    answer = client.get(f"/threats/view?{query}")
    assert answer.status_code in {400, 422}


def test_the_histogram_leaves_the_time_filters_out(app, client, ada):
    make.put_threats(app, ada, 60)
    make.put_threats(app, ada, 2, source="other", observed_at=None)
    answer = client.get("/threats/histogram?observed_from=2026-04-19T00:00&source=test").json
    assert (len(answer["counts"]), sum(answer["counts"]), answer["total"], answer["undated"]) == (60, 60, 60, 0)
    assert answer["from"] == "2026-04-18T09:00:00+00:00"
    assert client.get("/threats/histogram").json["undated"] == 2
    assert client.get("/threats/histogram?q=nothing").json["total"] == 0


def test_cards_say_what_a_tooltip_shows(app, client, ada):
    first, second = make.put_threats(app, ada, 2)
    stranger = make.put_threats(app, make.actor(app, "elsewhere"), 1)[0]
    answer = client.get(f"/threats/cards?ids={second}+{stranger}+{first}").json
    assert [card["id"] for card in answer["cards"]] == [str(second), str(first)]
    assert answer["cards"][0]["title"] == "Road closure 1"
    assert client.get("/threats/cards?ids=x").status_code == 422


def test_nothing_of_another_tenant_is_counted(app, client, ada):
    make.put_threats(app, make.actor(app, "elsewhere"), 5)
    header, _ = decoded(client.get(f"/threats/view?{WORLD}").data)
    assert (header["total"], header["in_view"]) == (0, 0)


def test_squares_beside_one_another_are_one_area():
    squares = Cells.of(4, [[3, 3], [4, 3], [9, 9]])
    area = of_squares(squares.boxes())
    assert (area["type"], len(area["coordinates"]), corners(area)) == ("MultiPolygon", 2, 12)
    place = np.array([-90.0]), np.array([70.0])
    assert Polygon.from_geojson(area).contains(*place) == squares.contains(*place)


def test_a_selection_has_no_more_sets_of_filters_than_can_be_asked(client, ada):
    steps = [{"op": "add", "filters": {"q": f"word{number}"}} for number in range(21)]
    assert browse.send(client, "/threats/selected", **selection(*steps[:20])).status_code == 200
    answer = browse.send(client, "/threats/selected", **selection(*steps))
    assert (answer.status_code, "at most 20 different sets" in answer.json["error"]) == (422, True)


def test_an_incident_keeps_no_more_corners_than_an_area_may_have(app, ada):
    ring = [[index / 100, (index % 2) / 10] for index in range(5_002)]
    area, drawn = read_area({"type": "Polygon", "coordinates": [[*ring, [50, 10], ring[0]]]}, "area", Faults())
    steps = tuple(Step(adds=True, area=area, outline=drawn) for _ in range(2))
    with app.app_context(), pytest.raises(Invalid) as caught:
        incidents.create(ada, incidents.NewIncident("Too fine", selection=Selection(steps)))
    assert [fault.issue for fault in caught.value.faults] == [
        "The areas together have 10,008 corners; an incident keeps at most 10,000."
    ]
