"""The desk without JavaScript: filtering, paging, selecting, creating."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID

import pytest

from app.errors import Faults, Warming
from app.service import incidents, threats
from tests import browse, make


def selection(*steps: dict) -> tuple[str, str]:
    return "selection", json.dumps(steps)


def steps(page: str) -> list[dict]:
    return json.loads(browse.hidden(page, "selection"))


def words(page: str) -> list[str]:
    """Return the steps as the tray tells them."""
    told = re.search(r'<ol class="steps".*?</ol>', page, re.DOTALL)[0]
    items = re.findall(r"<li.*?</li>", told, re.DOTALL)
    return [unescape(re.sub(r"<span class=\"hidden\">.*?</span>|<[^>]+>", "", item)).strip() for item in items]


@pytest.fixture
def desk(app, client):
    """Return a signed-in analyst's client, the analyst, and 120 threats, newest last."""
    ada = make.person(app)
    ids = make.put_threats(app, ada, 120)
    return browse.sign_in(app, client), ada, [str(threat_id) for threat_id in ids]


def test_the_desk_lists_the_newest_threats_first_with_their_true_number(desk):
    client, _, ids = desk
    page = client.get("/").text
    assert "120 threats" in page
    assert browse.listed(page) == ids[:69:-1]
    assert "2026-04-23 08:00 UTC" in page


def test_filters_narrow_the_list_and_stay_in_the_fields(desk):
    client, _, _ = desk
    page = client.get("/?severity=critical&severity=high&q=closure+1&sort=title").text
    assert "13 threats" in page
    assert re.search(r'name="severity" value="critical" checked', page)
    assert 'value="closure 1"' in page
    assert '<option value="title" selected>' in page


def test_empty_filters_count_as_not_given_and_times_of_the_fields_are_utc(desk):
    client, _, _ = desk
    page = client.get("/?q=&within=&observed_from=2026-04-18T10:00&observed_to=2026-04-18T12:00").text
    assert "2 threats" in page
    assert 'value="2026-04-18T10:00"' in page


def test_the_last_hours_are_counted_from_now(desk):
    client, _, _ = desk
    assert "0 threats" in client.get("/?within=1h").text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("bbox=here", "A box is four numbers separated by commas"),
        ("severity=bad", "Choose one of: negligible, low, medium, high, critical."),
        ("within=2h", "Choose one of: 1h, 6h, 24h, 48h, 7d, 30d."),
        ("page=0", "Give a whole number from 1 to"),
        ("page=99999999999999999999", "Give a whole number from 1 to"),
        ("observed_from=yesterday", "Write the time with its zone"),
        ("incident_id=1", "Write the id as a UUID of 36 characters."),
        ("ungrouped=maybe", "Give true or false."),
        ("q=%00", "Control characters are not allowed"),
        ("q=%ED%A0%80", "Control characters are not allowed"),
        ("colour=red", "This is not known here."),
    ],
)
def test_a_filter_that_cannot_be_read_lists_nothing_and_says_why(desk, query, words):
    client, _, _ = desk
    answer = client.get(f"/?{query}")
    assert answer.status_code == 200
    assert words in answer.text
    assert browse.listed(answer.text) == []
    points = client.get(f"/threats/points?{query}")
    assert points.status_code == 422
    assert words in points.json["error"]


def test_a_filter_given_twice_is_a_clear_error(desk):
    client, _, _ = desk
    answer = client.get("/?q=a&q=b")
    assert answer.status_code == 400
    assert "The parameter q is given twice." in answer.text


def test_paging_keeps_the_selection_and_what_was_typed(desk):
    client, _, ids = desk
    newest = ids[::-1]
    chosen = [("threat_ids", newest[0]), ("threat_ids", newest[3])]
    page = browse.send(client, "/?page=2", *chosen, title="Harbour", view="").text
    assert browse.listed(page) == newest[50:100]
    assert steps(page) == [{"op": "add", "ids": [newest[0], newest[3]]}]
    assert 'value="Harbour"' in page
    pairs = [*browse.form(page, "/incidents"), ("threat_ids", newest[50])]
    page = browse.press(client, "/", pairs).text
    assert browse.ticked(page) == [newest[0], newest[3]]
    assert re.search(r'selected-count">3</span> selected', page)
    untick = [pair for pair in browse.form(page, "/incidents") if pair != ("threat_ids", newest[3])]
    page = browse.press(client, "/?page=2", untick).text
    assert browse.ticked(page) == [newest[50]]
    assert re.search(r'selected-count">2</span> selected', page)
    assert steps(page) == [{"op": "add", "ids": [newest[50], newest[0]]}, {"op": "take", "ids": [newest[3]]}]


def test_applying_filters_keeps_the_selection_and_starts_over_at_page_one(desk):
    client, _, ids = desk
    page = browse.send(client, "/", ("threat_ids", ids[0]), apply="1", severity="low", page="7").text
    assert "24 threats" in page
    assert steps(page) == [{"op": "add", "ids": [ids[0]]}]
    assert browse.hidden(page, "view") == "?severity=low"


def test_clearing_keeps_the_filters_and_resetting_keeps_the_selection(desk):
    client, _, ids = desk
    cleared = browse.send(client, "/?severity=low", ("threat_ids", ids[0]), clear="1").text
    assert "24 threats" in cleared
    assert browse.ticked(cleared) == []
    assert steps(cleared) == []
    reset = browse.send(client, "/", ("threat_ids", ids[119]), reset="1", severity="low").text
    assert "120 threats" in reset
    assert browse.ticked(reset) == [ids[119]]


def test_creating_leads_to_the_incidents_page(app, desk):
    client, ada, ids = desk
    fields = {"title": "Port access disruption in Lagos", "description": "Two gates.\r\nBlocked.", "scope": "investigation"}
    answer = browse.send(client, "/incidents", selection({"op": "add", "ids": ids[:2]}), ("threat_ids", ids[1]), **fields)
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "Port access disruption in Lagos" in page
    assert "Incident created with 2 threats." in page
    assert "Two gates.\nBlocked." in page
    with app.app_context():
        view = incidents.get(ada, UUID(answer.location.rpartition("/")[2]))
    assert {str(link.threat_id) for link in view.links} == {ids[0], ids[1]}
    assert view.incident.scope == "investigation"


def test_a_failed_submit_keeps_form_selection_and_view(desk):
    client, _, ids = desk
    newest = ids[::-1]
    lasso = {"op": "add", "area": {"bbox": [3.36, 6, 3.3625, 7]}, "filters": {"severity": "low"}, "name": "lasso"}
    chosen = [("threat_ids", newest[1]), selection(lasso)]
    answer = browse.send(client, "/incidents", *chosen, title=" ", description="Kept.", scope="investigation", view="?page=1")
    page = answer.text
    assert answer.status_code == 422
    assert browse.problems(page) == ["Enter a title."]
    assert '<a href="#title">' in page
    assert "Kept." in page
    assert re.search(r'value="investigation" checked', page)
    assert browse.ticked(page) == [newest[1]]
    assert steps(page) == [lasso, {"op": "add", "ids": [newest[1]]}]
    assert "<title>Error: Desk" in page


def test_a_form_of_an_earlier_session_is_shown_again_with_everything_in_it(app, desk):
    client, _, ids = desk
    old = browse.token(client)
    browse.send(client, "/logout")
    browse.sign_in(app, client)
    fields = {"csrf_token": old, "title": "Kept", "threat_ids": ids[119], "view": ""}
    answer = client.post("/incidents", data=fields)
    assert answer.status_code == 400
    assert "Nothing was saved" in browse.problems(answer.text)[0]
    assert 'value="Kept"' in answer.text
    assert browse.ticked(answer.text) == [ids[119]]
    assert browse.hidden(answer.text, "csrf_token") != old


def test_a_viewer_sees_the_desk_and_cannot_create(app, client):
    make.person(app)
    make.person(app, "vi@example.org", "viewer")
    browse.sign_in(app, client, "vi@example.org")
    assert "Create incident" not in client.get("/").text
    answer = browse.send(client, "/incidents", ("threat_ids", "x"), title="No")
    assert answer.status_code == 403
    assert "incidents:write" in answer.text


def test_the_map_gets_parallel_arrays_of_what_matches(desk):
    client, _, ids = desk
    data = client.get("/threats/points?severity=critical").json
    assert data["total"] == data["shown"] == len(data["ids"]) == 24
    assert data["ids"][0] == ids[115]
    assert data["severity"] == [4] * 24
    assert {len(data[name]) for name in ("lat", "lng", "precision", "uncertainty_km", "title")} == {24}


def test_a_map_that_can_not_show_all_says_how_many_there_are(app, desk):
    _, who, ids = desk
    with app.app_context():
        threats.upsert(who, [make.record(500, lat=None, lng=None)], faults=Faults())
        for limit in (119, 120, 121):
            page = threats.points(who, {}, limit)
            assert page.total == 120
            assert [str(row.id) for row in page.items] == ids[::-1][:limit]


def test_what_is_not_on_the_page_is_selected_by_a_place_and_by_all_that_match(app, desk):
    client, ada, ids = desk
    pairs = browse.form(client.get("/?severity=critical").text, "/incidents")
    page = browse.press(client, "/?severity=critical", pairs, step="add_all").text
    assert words(page) == ["+everything, filtered by severity: 24"]
    pairs = browse.form(page, "/incidents")
    fields = {"near_lat": "6.44", "near_lng": "3,36", "near_km": "0.5"}
    page = browse.press(client, "/?severity=critical", pairs, **fields, step="take_near").text
    assert words(page) == ["+everything, filtered by severity: 24", "−within 0.5 km of 6.44, 3.36, filtered by severity: 1"]
    page = browse.press(client, "/", browse.form(page, "/incidents"), **fields, step="add_near").text
    assert words(page)[-1] == "+within 0.5 km of 6.44, 3.36: 5"
    page = browse.press(client, "/", browse.form(page, "/incidents"), undo="1").text
    assert len(words(page)) == 2
    answer = browse.press(client, "/incidents", browse.form(page, "/incidents"), title="All critical ones but those near")
    with app.app_context():
        view = incidents.get(ada, UUID(answer.location.rpartition("/")[2]))
    assert {str(link.threat_id) for link in view.links} == set(ids[5::5])


def test_the_area_of_an_incident_is_what_was_added(app, desk):
    client, ada, ids = desk
    box = {"op": "add", "area": {"bbox": [3.355, 6, 3.3655, 7]}, "filters": {"severity": ["critical", "high"]}}
    answer = browse.send(client, "/incidents", selection(box, {"op": "take", "ids": [ids[0]]}), title="By a box")
    with app.app_context():
        view = incidents.get(ada, UUID(answer.location.rpartition("/")[2]))
    assert {str(link.threat_id) for link in view.links} == {ids[1], ids[5]}
    assert view.incident.area["coordinates"][0][2] == [3.3655, 7]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"near_km": "far"}, "Give the distance in km as a number."),
        ({"near_km": "0"}, "The radius has to be more than 0"),
        ({"near_lat": ""}, "Give the latitude as a number."),
        ({"near_lat": "91"}, "The latitude of the centre has to be from -90 to 90; 91 is not."),
        ({"near_lng": "181"}, "The longitude of the centre has to be from -180 to 180; 181 is not."),
        ({"near_lng": "nan"}, "The longitude of the centre"),
    ],
)
def test_a_place_that_there_is_not_is_said_at_its_field_and_nothing_is_lost(desk, fields, said):
    client, _, ids = desk
    chosen = {"near_lat": "6", "near_lng": "3", "near_km": "1", "threat_ids": ids[119], "title": "Kept"} | fields
    answer = browse.send(client, "/", step="add_near", **chosen)
    assert answer.status_code == 422
    assert said in browse.problems(answer.text)[0]
    assert browse.ticked(answer.text) == [ids[119]]
    assert 'value="Kept"' in answer.text
    assert '<details class="near" id="near" open>' in answer.text


def test_a_row_puts_its_place_into_the_fields(desk):
    client, _, ids = desk
    page = browse.send(client, "/", near_threat=ids[119], near_km="7").text
    assert (browse.hidden(page, "near_lat"), browse.hidden(page, "near_lng"), browse.hidden(page, "near_km")) == (
        "6.44000",
        "3.47900",
        "7",
    )


def test_a_period_up_to_now_is_kept_as_the_time_it_began(desk):
    client, _, _ = desk
    page = browse.send(client, "/?within=24h&severity=low&severity=high", step="add_all").text
    (step,) = steps(page)
    assert step["filters"]["severity"] == ["low", "high"]
    assert set(step["filters"]) == {"severity", "observed_from"}
    age = datetime.now(UTC) - datetime.fromisoformat(step["filters"]["observed_from"])
    assert timedelta(hours=24) <= age < timedelta(hours=24, minutes=1)


def test_all_that_match_filters_that_can_not_be_used_is_nothing(desk):
    client, _, _ = desk
    answer = browse.send(client, "/?severity=bad", step="add_all")
    assert answer.status_code == 422
    assert steps(answer.text) == []


def test_steps_that_come_to_nothing_make_no_incident(desk):
    client, _, ids = desk
    both = selection({"op": "add", "ids": ids[:3]}, {"op": "take", "area": {"bbox": [3, 6, 4, 7]}, "name": "box"})
    for path in ("/incidents", "/incidents/link"):
        answer = browse.send(client, path, both, title="Empty")
        assert answer.status_code == 422
        assert "Nothing is selected any more. Select at least one threat." in browse.problems(answer.text)
        assert words(answer.text) == ["+3 single threats: 3", "−box: 3"]


def test_a_selection_of_too_many_is_refused_with_the_true_number_and_kept(desk, monkeypatch):
    client, _, _ = desk
    monkeypatch.setattr(sys.modules["app.service.selection.resolve"], "SELECTION_MAX", 100)
    answer = browse.send(client, "/incidents", selection({"op": "add"}), title="Too many")
    assert answer.status_code == 422
    assert "Select at most 100 threats; this comes to 120." in browse.problems(answer.text)
    assert words(answer.text) == ["+everything: 120"]


@pytest.mark.parametrize("path", ["/", "/incidents", "/incidents/link"])
def test_while_the_threats_are_being_counted_nothing_is_lost(desk, monkeypatch, path):
    client, _, ids = desk

    def warming(*_args):
        raise Warming(400_000, 1_000_000)

    given = selection({"op": "add", "area": {"bbox": [3, 6, 4, 7]}}, {"op": "add", "ids": [ids[119]]})
    pairs = [*browse.form(client.get("/").text, "/incidents"), ("threat_ids", ids[118])]
    monkeypatch.setattr("app.service.live_index.live.Live.ask", warming)
    answer = browse.press(client, path, pairs, selection=given[1], title="Kept", to_incident_id=ids[0])
    assert answer.status_code == (200 if path == "/" else 503)
    if path != "/":
        assert "Counting: 400,000 of 1,000,000 threats so far. Nothing was saved" in browse.problems(answer.text)[0]
    assert steps(answer.text)[0] == json.loads(given[1])[0]
    assert "Counting…" in answer.text
    assert 'value="Kept"' in answer.text


def test_the_list_part_is_the_same_as_on_the_page(desk):
    client, _, _ = desk
    part = client.get("/threats/list?severity=high&page=1").text
    assert "<html" not in part
    assert browse.listed(part) == browse.listed(client.get("/?severity=high").text)


def test_a_page_behind_the_last_says_so(desk):
    client, _, _ = desk
    assert "The list ends before page 9." in client.get("/?page=9").text


@pytest.mark.parametrize("path", ["/", "/threats/list", "/threats/points", "/incidents"])
def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(app, client, count_statements, path):
    ada = make.person(app)
    browse.sign_in(app, client)
    counts = []
    for number in (1, 50):
        ids = make.put_threats(app, ada, number)
        for threat_id in ids:
            make.incident(app, ada, [threat_id])
        # The first takes over what has changed; on PostgreSQL any transaction beside it is a reason to look again.
        several = []
        for _ in range(4):
            with count_statements() as statements:
                assert client.get(path).status_code == 200
            several.append(len(statements))
        counts.append(min(several))
    assert counts[0] == counts[1]


def test_a_filter_that_no_threat_has_stays_in_the_form(desk):
    client, *_ = desk
    page = client.get("/?threat_type=never+seen&location_country=FR").text
    assert re.search(r'name="threat_type" value="never seen" checked', page)
    assert re.search(r'name="location_country" value="FR" checked', page)
