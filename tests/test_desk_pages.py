"""Pages of the desk's list and the values that its filters offer, without a script."""

from __future__ import annotations

import re
from html import unescape

import pytest

from app.errors import Faults
from app.service import threats
from app.web import desk as desk_pages
from tests import browse, make


@pytest.fixture
def desk(app, client):
    """Return a signed-in analyst's client, the analyst, and 120 threats, newest last."""
    ada = make.person(app)
    ids = make.put_threats(app, ada, 120)
    return browse.sign_in(app, client), ada, [str(threat_id) for threat_id in ids]


def way(page: str, name: str) -> str:
    """Return the address that a button of the list leads to."""
    return unescape(re.search(rf'formaction="([^"]*)">{name}</button>', page)[1])


def rows(page: str) -> str:
    return re.search(r"rows ([^<]*)<", page)[1]


def test_the_next_page_begins_behind_the_last_row_though_more_have_come_in(app, desk):
    client, ada, ids = desk
    first = client.get("/?severity=critical&severity=high&severity=medium&severity=low&severity=negligible").text
    assert rows(first) == "1–50 of 120"
    with app.app_context():
        threats.upsert(ada, [make.record(number) for number in (500, 501, 502)], faults=Faults())
    second = client.get(way(first, "Next")).text
    assert browse.listed(second) == ids[69:19:-1]
    assert rows(second) == "54–103 of 123"
    assert rows(client.get(way(second, "Next")).text) == "104–123 of 123"
    assert rows(client.get(way(second, "Previous")).text) == "1–50 of 123"


@pytest.mark.parametrize("sort", ["severity", "-severity", "title", "-created_at", "observed_at", "-updated_at"])
def test_each_order_is_gone_through_by_pages_without_a_gap(desk, sort):
    client, _, ids = desk
    page = client.get(f"/?sort={sort}").text
    seen = browse.listed(page)
    for expected in ("51–100 of 120", "101–120 of 120"):
        page = client.get(way(page, "Next")).text
        assert rows(page) == expected
        seen += browse.listed(page)
    assert sorted(seen) == sorted(ids)
    assert ">Next<" not in page


@pytest.mark.parametrize("cursor", ["x", "%00", "WyJ0aXRsZSIsICJhIiwgIjAwIl0", "a" * 3000])
def test_a_cursor_that_is_none_of_this_list_says_so(desk, cursor):
    client, _, _ = desk
    answer = client.get(f"/?page=2&cursor={cursor}")
    assert answer.status_code == 200
    assert "This cursor is not one of this list in this order." in answer.text
    assert browse.listed(answer.text) == []


def test_a_page_that_a_form_came_from_is_shown_again(desk):
    client, _, ids = desk
    view = way(client.get("/").text, "Next").removeprefix("/")
    answer = browse.send(client, "/incidents", view=view, title="")
    assert answer.status_code == 422
    assert browse.listed(answer.text) == ids[69:19:-1]
    assert browse.hidden(answer.text, "view") == view


def test_filters_offer_the_most_frequent_values_and_those_that_are_chosen(app, desk, monkeypatch):
    client, ada, _ = desk
    kinds = [make.record(200 + i, threat_type=f"kind {i}") for i in range(5)]
    with app.app_context():
        threats.upsert(ada, kinds, faults=Faults())
    monkeypatch.setattr(desk_pages, "FACETS_SHOWN", 3)
    page = client.get("/?threat_type=kind+4").text
    offered = re.findall(r'name="threat_type" value="([^"]+)"( checked)?', page)
    assert offered == [("road closure", ""), ("kind 0", ""), ("kind 1", ""), ("kind 4", " checked")]
    assert "The 3 most frequent of 6 are offered" in page


def test_without_a_script_nothing_is_offered_that_needs_one(desk):
    client, _, _ = desk
    page = client.get("/").text
    for part in ('id="time"', 'id="copy-link"', 'id="news"', 'id="proposals-button"'):
        assert re.search(rf"<[^>]*{part}[^>]* hidden", page), part
    assert re.search(r'<noscript>.*href="/incidents/newcomers".*</noscript>', page, re.DOTALL)


def test_the_period_is_read_to_the_second(desk):
    client, _, _ = desk
    page = client.get("/?observed_from=2026-04-18T10:00:30Z&arrived_from=2020-01-01T00:00:00Z").text
    assert "118 threats" in page
    assert 'name="observed_from" value="2026-04-18T10:00:30"' in page
    assert 'name="arrived_from" value="2020-01-01T00:00"' in page
