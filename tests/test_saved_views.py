"""Saved views: saved, opened, renamed, shared, deleted, and made the first one, without a script."""

from __future__ import annotations

import re
from html import unescape

import pytest

from app.errors import Conflict, Denied, Faults, Invalid, NotFound
from app.service import saved_views
from tests import browse, make


@pytest.fixture
def desk(app, client):
    """A signed-in analyst's client, the analyst, and a few threats."""
    ada = make.person(app)
    make.put_threats(app, ada, 10)
    return browse.sign_in(app, client), ada


def other(app, email="bo@example.org", role="analyst", tenant=None):
    who = make.person(app, email, role, **({"tenant": tenant} if tenant else {}))
    return browse.sign_in(app, app.test_client(), email), who


def act(client, verb, view="?severity=critical", **fields):
    return browse.send(client, "/views", view=view, view_act=verb, **fields)


def saved(client) -> dict[str, tuple[str, str]]:
    """Return the views that the desk lists, by name: address and id."""
    page = client.get("/?sort=title").text
    items = page[page.index('class="views-list"') : page.index('class="views-save"')].split("<li>")[2:]
    found = {}
    for item in items:
        address, name = re.search(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', item).groups()
        view_id = re.search(r'name="view_act" value="\w+ ([0-9a-f-]{36})"', item)
        found[unescape(name)] = unescape(address), view_id[1] if view_id else ""
    return found


def test_what_is_shown_is_saved_with_all_that_the_form_held(desk):
    client, _ = desk
    listed = browse.listed(client.get("/").text)
    answer = act(
        client, "save", "?q=closure&severity=critical&page=3", view_name="  Night shift ", title="Half a title",
        threat_ids=listed[0], view_place="map=6.44000,3.36000,9&heat=on",
    )  # fmt: skip
    assert answer.status_code == 200
    assert "Saved as “Night shift”." in answer.text
    assert 'value="Half a title"' in answer.text
    assert "2 threats" in answer.text
    assert browse.hidden(answer.text, "selection").count(listed[0]) == 1
    address, _ = saved(client)["Night shift"]
    assert address == "/?q=closure&severity=critical#map=6.44000,3.36000,9&heat=on"
    page = client.get(address).text
    assert "2 threats" in page
    assert re.search(r'aria-current="true">Night shift<', page)


def test_a_view_of_everything_does_not_lead_to_the_first_view(desk):
    client, _ = desk
    act(client, "save", "", view_name="All")
    assert saved(client)["All"][0] == "/?sort=-observed_at"


@pytest.mark.parametrize(
    ("view", "name", "words"),
    [
        ("", " ", "Give the view a name."),
        ("", "x" * 101, "Use at most 100 characters; this has 101."),
        ("", "a\x00b", "Control characters are not allowed"),
        ("?bbox=here", "Box", "These filters can't be saved. bbox: A box is four numbers"),
        ("?colour=red", "Red", "These filters can't be saved. colour: This is not known here."),
        ("?q=" + "a" * 150 + "&" + "&".join(f"source={'s' * 190}{i}" for i in range(12)), "Long", "Use at most 2,000 characters"),
    ],
)
def test_what_can_not_be_saved_is_said_and_nothing_is_lost(desk, view, name, words):
    client, _ = desk
    answer = act(client, "save", view, view_name=name, title="Kept", view_place="javascript:alert(1)")
    assert answer.status_code == 422
    assert any(words in problem for problem in browse.problems(answer.text))
    assert 'value="Kept"' in answer.text
    assert saved(client) == {}


def test_a_name_is_there_once_for_each_owner(app, desk):
    client, _ = desk
    act(client, "save", view_name="Mine")
    assert "already" in browse.problems(act(client, "save", view_name="Mine").text)[0]
    bo, _ = other(app)
    assert act(bo, "save", view_name="Mine").status_code == 200


def test_a_view_is_renamed_replaced_and_deleted(desk):
    client, _ = desk
    act(client, "save", view_name="One")
    act(client, "save", view_name="Two")
    view_id = saved(client)["One"][1]
    answer = act(client, f"rename {view_id}", **{f"view_name_{view_id}": "Two"})
    assert (answer.status_code, "already" in browse.problems(answer.text)[0]) == (422, True)
    act(client, f"rename {view_id}", **{f"view_name_{view_id}": "Three"})
    assert sorted(saved(client)) == ["Three", "Two"]
    act(client, f"replace {view_id}", "?severity=low", view_place="map=1.0,2.0,5")
    assert saved(client)["Three"][0] == "/?severity=low#map=1.0,2.0,5"
    assert "is deleted" in act(client, f"delete {view_id}").text
    assert list(saved(client)) == ["Two"]
    assert act(client, f"delete {view_id}").status_code == 404


def test_a_shared_view_is_seen_by_all_and_changed_by_its_owner_or_an_administrator(app, desk):
    client, _ = desk
    bo, _ = other(app)
    act(client, "save", view_name="Ports", view_shared="true")
    act(client, "save", view_name="Private")
    assert list(saved(bo)) == ["Ports"]
    assert "from ada" in bo.get("/").text
    view_id = saved(client)["Ports"][1]
    assert act(bo, f"delete {view_id}").status_code == 404
    boss, _ = other(app, "boss@example.org", "admin")
    assert "Harbours" in act(boss, f"rename {view_id}", **{f"view_name_{view_id}": "Harbours"}).text
    stranger, _ = other(app, "ines@example.net", tenant="Other")
    assert saved(stranger) == {}
    assert act(stranger, f"open {view_id}").status_code == 404
    assert act(bo, f"open {view_id}").status_code == 200
    act(client, f"unshare {view_id}")
    assert saved(bo) == {}
    assert bo.get("/").status_code == 200
    act(client, f"share {view_id}")
    assert list(saved(bo)) == ["Harbours"]


def test_a_viewer_saves_private_views_only(app, desk):
    viewer, _ = other(app, "vi@example.org", "viewer")
    assert act(viewer, "save", view_name="Mine").status_code == 200
    view_id = saved(viewer)["Mine"][1]
    for answer in (act(viewer, "save", view_name="Ours", view_shared="true"), act(viewer, f"share {view_id}")):
        assert answer.status_code == 403
    assert list(saved(viewer)) == ["Mine"]


def test_the_desk_opens_with_the_view_that_was_chosen(desk):
    client, _ = desk
    act(client, "save", view_name="Critical")
    assert client.get("/").status_code == 200
    view_id = saved(client)["Critical"][1]
    assert "opens with “Critical”" in act(client, f"open {view_id}").text
    answer = client.get("/")
    assert (answer.status_code, answer.location) == (303, "/?severity=critical")
    assert "10 threats" in client.get("/?sort=-observed_at").text
    assert "10 threats" in browse.send(client, "/", reset="1").text
    act(client, f"delete {view_id}")
    assert client.get("/").status_code == 200
    act(client, "save", view_name="Again")
    act(client, f"open {saved(client)['Again'][1]}")
    assert "opens with everything" in act(client, "open").text
    assert client.get("/").status_code == 200


def test_a_view_with_a_filter_that_is_not_known_any_more_says_so(app, desk):
    client, ada = desk
    with app.app_context():
        saved_views.save(ada, "Old", "colour=red&severity=low", "", shared=False, faults=Faults())
        saved_views.save(ada, "Twice", "q=a&q=b", "", shared=False, faults=Faults())
    page = client.get("/").text
    assert "Something in it can't be used any more. colour: This is not known here." in page
    assert "The parameter q is given twice." in page
    page = client.get("/?colour=red&severity=low").text
    assert "Nothing is listed, because a filter can't be used" in page


@pytest.mark.parametrize("verb", ["", "explode", "delete", "delete x", "rename 0", "open x"])
def test_a_button_that_is_not_ours_changes_nothing(desk, verb):
    client, _ = desk
    act(client, "save", view_name="Kept")
    assert act(client, verb).status_code == (200 if verb == "open" else 400)
    assert list(saved(client)) == ["Kept"]


def test_there_is_an_end_to_how_many_a_person_may_have(app, desk, monkeypatch):
    client, ada = desk
    monkeypatch.setattr(saved_views, "VIEWS_MAX", 2)
    with app.app_context():
        for name in "ab":
            saved_views.save(ada, name, "q=a", "", shared=False, faults=Faults())
        with pytest.raises(Conflict, match="You have 2 saved views"):
            saved_views.save(ada, "c", "q=a", "", shared=False, faults=Faults())
    answer = act(client, "save", view_name="c", title="Kept")
    assert answer.status_code == 409
    assert 'value="Kept"' in answer.text


def test_the_service_refuses_what_the_page_would_not_send(app):
    viewer = make.person(app, "vi@example.org", "viewer")
    with app.app_context():
        with pytest.raises(Denied):
            saved_views.save(viewer, "a", "", "", shared=True, faults=Faults())
        with pytest.raises(Invalid):
            saved_views.save(viewer, "a", "q=\x00", "x" * 101, shared=False, faults=Faults())
        view = saved_views.save(viewer, "a", "q=a", "", shared=False, faults=Faults())
        with pytest.raises(Invalid):
            saved_views.replace(viewer, view.id, "x" * 2001, "", Faults())
        with pytest.raises(NotFound):
            saved_views.open_with(make.actor(app, "Elsewhere"), view.id)


def test_a_desk_can_have_its_first_view_before_its_first_visit(app, client):
    ada = make.person(app)
    with app.app_context():
        view = saved_views.save(ada, "Critical", "severity=critical", "", shared=False, faults=Faults())
        saved_views.open_with(ada, view.id)
        assert [listed.is_default for listed in saved_views.visible(ada)] == [True]
    assert browse.sign_in(app, client).get("/").location == "/?severity=critical"
