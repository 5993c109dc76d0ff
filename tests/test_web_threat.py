"""A threat's page: what a person says of it, and its versions with what each changed."""

from __future__ import annotations

import pytest

from app.errors import Faults
from app.service import threats
from tests import browse, make


@pytest.fixture
def threat(app, client):
    ada = make.person(app)
    threat_id = str(make.put_threats(app, ada, 1)[0])
    return browse.sign_in(app, client), ada, f"/threats/{threat_id}"


def send(client, path, **fields):
    return browse.send(client, path, version=browse.hidden(client.get(path).text, "version"), **fields)


def test_the_status_is_set_and_stands(threat):
    client, _, path = threat
    answer = send(client, path, status="contained")
    assert answer.location == path
    page = client.get(path).text
    assert "Saved." in page
    assert '<option value="contained" selected>' in page
    assert "The status was set by a person" in page
    assert "<del>Active</del>" in page
    assert "<ins>Contained</ins>" in page


def test_it_is_pinned_and_unpinned(threat):
    client, _, path = threat
    send(client, path, pinned="true")
    assert ">Unpin</button>" in client.get(path).text
    send(client, path, pinned="false")
    assert ">Pin</button>" in client.get(path).text
    assert send(client, path, pinned="maybe").status_code == 422


def test_it_is_dismissed_with_a_reason_and_not_without(threat):
    client, _, path = threat
    answer = send(client, path, status="dismissed", dismissal_reason=" ")
    assert answer.status_code == 422
    assert browse.problems(answer.text) == ["Say why it is dismissed."]
    assert send(client, path, status="dismissed", dismissal_reason="A rumour.").status_code == 303
    page = client.get(path).text
    assert "Why it was dismissed" in page
    assert "A rumour." in page


def press(client, path, pairs, **changed):
    answer = browse.press(client, path, pairs, **changed)
    return answer, browse.form(answer.text, path) if answer.status_code == 409 else []


def forms(client, path):
    """Return the fields of the page's forms for the status and for the dismissal."""
    page = client.get(path).text
    return [browse.form(f"<form{part}", path) for part in page.split("<form") if 'name="was_status"' in part]


def test_the_second_editor_is_shown_both_texts_and_loses_nothing(threat):
    client, _, path = threat
    status, dismissal = forms(client, path)
    assert browse.press(client, path, status, status="contained").status_code == 303
    answer, fields = press(client, path, dismissal, dismissal_reason="Mine")
    assert answer.status_code == 409
    assert "Changed while you were editing" in answer.text
    assert "<blockquote>Dismissed</blockquote>" in answer.text
    assert "<blockquote>Contained</blockquote>" in answer.text
    assert {("status", "dismissed"), ("dismissal_reason", "Mine")} <= set(fields)
    assert '<option value="contained" selected>' in client.get(path).text

    _, theirs = press(client, path, fields, keep="status theirs")
    assert {("status", "contained"), ("dismissal_reason", "Mine")} <= set(theirs)
    _, mine = press(client, path, theirs, keep="status mine")
    assert ("status", "dismissed") in mine
    assert press(client, path, mine)[0].status_code == 303
    page = client.get(path).text
    assert "Why it was dismissed" in page
    assert "Mine" in page


def test_of_two_reasons_either_is_kept_and_a_third_change_meanwhile_loses_none(threat):
    client, _, path = threat
    _, dismissal = forms(client, path)
    assert browse.press(client, path, dismissal, dismissal_reason="Theirs").status_code == 303
    answer, fields = press(client, path, dismissal, dismissal_reason="Mine")
    assert "<blockquote>Theirs</blockquote>" in answer.text
    assert "<blockquote>Dismissed</blockquote>" not in answer.text  # both dismissed it
    assert browse.press(client, path, fields, dismissal_reason=" ").status_code == 422
    assert browse.press(client, path, forms(client, path)[1], dismissal_reason="Third").status_code == 303
    answer, fields = press(client, path, fields)
    assert "<blockquote>Mine</blockquote>" in answer.text
    assert "<blockquote>Third</blockquote>" in answer.text
    _, kept = press(client, path, fields, keep="dismissal_reason theirs")
    assert press(client, path, kept)[0].status_code == 303
    assert "Third" in client.get(path).text


def test_a_status_that_someone_dismissed_meanwhile_is_shown_with_both(threat):
    client, _, path = threat
    status, dismissal = forms(client, path)
    assert browse.press(client, path, dismissal, dismissal_reason="Theirs").status_code == 303
    answer, fields = press(client, path, status, status="contained")
    assert "<blockquote>Contained</blockquote>" in answer.text
    assert "<blockquote>Dismissed</blockquote>" in answer.text
    assert ("dismissal_reason", "Theirs") in fields
    assert press(client, path, fields)[0].status_code == 303
    page = client.get(path).text
    assert '<option value="contained" selected>' in page
    assert "Why it was dismissed" not in page


def test_another_text_of_the_source_or_a_pin_meanwhile_stands_against_no_status(app, threat):
    client, ada, path = threat
    status, _ = forms(client, path)
    send(client, path, pinned="true")
    with app.app_context():
        threats.upsert(ada, [make.record(0, title="Another title")], faults=Faults())
    assert browse.press(client, path, status, status="contained").status_code == 303
    assert "Contained</span>" in client.get(path).text
    assert browse.send(client, path, version="then", pinned="true").status_code == 400


def test_the_reason_stays_in_its_field_when_something_else_fails(threat):
    client, _, path = threat
    send(client, path, status="dismissed", dismissal_reason="A rumour.")
    pin = browse.send(client, path, pinned="maybe")
    assert pin.status_code == 422
    assert 'value="A rumour."' in pin.text
    assert '<details class="act">' in pin.text
    assert browse.send(client, path, status="gone").status_code == 422


def test_pinning_minds_no_change_meanwhile(threat):
    client, _, path = threat
    pin = client.get(path).text.split('aria-label="Pin"')[1].split("</form>")[0]
    assert 'name="version"' not in pin
    send(client, path, status="contained")
    assert browse.send(client, path, nonce=browse.hidden(pin, "nonce"), pinned="true").status_code == 303


def test_a_viewer_has_no_forms(app, threat):
    _, _, path = threat
    make.person(app, "vera@example.org", "viewer")
    vera = browse.sign_in(app, app.test_client(), "vera@example.org")
    assert "Set status" not in vera.get(path).text
    assert browse.send(vera, path, pinned="true").status_code == 403


def test_versions_are_shown_newest_first_in_pages_with_as_many_statements_for_many(app, threat, count_statements):
    client, ada, path = threat
    with count_statements() as one:
        client.get(path)
    with app.app_context():
        for number in range(1, 30):
            threats.upsert(ada, [make.record(0, title=f"Title {number}")], faults=Faults())
    with count_statements() as many:
        page = client.get(path).text
    assert len(one) == len(many)
    assert "30 versions" in page
    assert page.index("Title 29</ins>") < page.index("Title 28</ins>")
    assert 'id="version-11"' in page
    assert 'id="version-10"' not in page
    for number in (30, 11, 10, 1):
        part = client.get(f"{path}?version={number}").text
        assert f'id="version-{number}"' in part
        assert f'href="{path}?version={number}#version-{number}"' in part
    assert 'href="?page=2"' in client.get(f"{path}?version=30").text.replace(path, "")
    assert client.get(f"{path}?version=x").status_code == 422
    second = client.get(f"{path}?page=2").text
    assert 'id="version-10"' in second
    assert "It arrived." in second
    assert "ends before page 3" in client.get(f"{path}?page=3").text
