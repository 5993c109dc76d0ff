"""What was written is never lost: whatever happens to an incident meanwhile, its page gives a form's words back."""

from __future__ import annotations

from html import escape
from uuid import UUID

import pytest

from app.errors import Faults
from app.service import incidents, threats
from app.service.incidents import Changes
from tests import browse, make

WORDS = "Three lines <b>\n of what was seen\nat the gate."


@pytest.fixture
def life(app, client):
    return browse.life(app, client)


def form(life, verb, page=None):
    return browse.form(page or life.look(), f"/incidents/{life.first}/{verb}")


def press(life, verb, pairs, **changed):
    return browse.press(life.client, f"/incidents/{life.first}/{verb}", pairs, **changed)


def end(life, how):
    with life.app.app_context():
        if how == "deleted":
            incidents.delete(life.ada, UUID(life.first))
        else:
            incidents.merge(life.ada, UUID(life.other), [life.first], "One")


@pytest.mark.parametrize("how", ["deleted", "merged"])
@pytest.mark.parametrize(("verb", "field"), [("comment", "body"), ("edit", "description"), ("merge", "reason")])
def test_an_incident_that_ends_while_someone_writes_gives_the_words_back(life, how, verb, field):
    pairs = form(life, verb)
    end(life, how)
    answer = press(life, verb, pairs, **{field: WORDS})
    assert answer.status_code == 409
    assert f"{escape(WORDS)}</textarea>" in answer.text
    assert f"was {how}" in answer.text.split('id="trouble"')[1]
    unknown = browse.press(life.client, f"/incidents/{life.ids[0]}/{verb}", pairs, **{field: WORDS})
    assert unknown.status_code == 404


def test_choosing_between_texts_of_an_incident_that_was_deleted_keeps_them(life):
    pairs = form(life, "edit")
    life.follow(life.act("edit", title="Theirs", description="", scope="aggregate", started_at=""))
    clash = form(life, "edit", press(life, "edit", pairs, title="Mine").text)
    end(life, "deleted")
    answer = press(life, "edit", clash, title="Theirs", keep="title theirs")
    assert answer.status_code == 409
    assert "Mine</textarea>" in answer.text


def test_moving_to_a_closed_incident_goes_on_from_the_page_that_refuses_it(life):
    life.act("status", incident_id=life.other, status="closed")
    pairs = [*form(life, "selected"), ("threat_ids", life.ids[0])]
    answer = press(life, "move", pairs, other_id=life.other)
    assert answer.status_code == 409
    again = form(life, "selected", answer.text)
    life.follow(press(life, "move", again, reopen=browse.reopen(answer.text)))
    assert life.ids[0] in life.links(life.other)


def test_what_was_moved_to_an_incident_that_is_deleted_now_is_kept(life):
    life.act("status", incident_id=life.other, status="closed")
    pairs = [*form(life, "selected"), ("threat_ids", life.ids[0])]
    with life.app.app_context():
        incidents.delete(life.ada, UUID(life.other))
    answer = press(life, "move", pairs, other_id=life.other, reopen=life.other)
    assert answer.status_code == 409
    assert "The incident to be reopened is not there any more." in answer.text
    assert browse.ticked(answer.text) == [life.ids[0]]


def test_merging_into_a_closed_incident_goes_on_from_the_page_that_refuses_it(life):
    third = str(make.incident(life.app, life.ada, life.ids[7:], "Third"))
    life.act("status", incident_id=third, status="closed")
    life.act("status", status="closed")
    pairs = [*form(life, "merge"), ("incident_ids", life.other)]
    answer = press(life, "merge", pairs, other_id=third, reason="One queue")
    assert answer.status_code == 409
    life.follow(press(life, "merge", form(life, "merge", answer.text), reopen=browse.reopen(answer.text)))
    assert life.links() == sorted(life.ids)


def test_ids_that_are_not_in_the_list_are_kept_whether_they_were_ticked_or_typed(life):
    odd = "00000000-0000-4000-8000-00000000000"
    pairs = [*form(life, "merge"), ("incident_ids", f"{odd}1")]
    answer = press(life, "merge", pairs, other_id=f"{odd}2 {life.other}", reason="")
    assert browse.hidden(answer.text.split('id="merge-other"')[1].join(['id="merge-other"', ""]), "other_id") == f"{odd}1 {odd}2"
    assert ("incident_ids", life.other) in form(life, "merge", answer.text)


def test_the_second_editor_is_shown_both_texts_and_loses_nothing(life):
    page = life.look()
    was = {f"was_{name}": browse.hidden(page, f"was_{name}") for name in ("title", "description", "scope", "started_at")}
    seen = browse.hidden(page, "version")
    same = {"scope": "aggregate", "started_at": ""}
    life.follow(life.act("edit", title="Theirs", description="Their words", **same))
    mine = {"title": "Mine", "description": "", **same}
    answer = life.act("edit", version=seen, **{**was, **mine})
    assert answer.status_code == 409
    assert "Changed while you were editing" in answer.text
    assert "<blockquote>Mine</blockquote>" in answer.text
    assert "<blockquote>Theirs</blockquote>" in answer.text
    assert "You had not changed it. It now says:" in answer.text  # the description
    assert 'id="title" name="title" value="Mine"' in answer.text
    assert "Their words</textarea>" in answer.text
    assert life.facts().title == "Theirs"

    now = {name: browse.hidden(answer.text, name) for name in (*was, "version", "mine_title")}
    fields = {**now, **same, "title": "Mine", "description": "Their words"}
    theirs = browse.send(life.client, f"/incidents/{life.first}/edit", **fields, keep="title theirs")
    assert theirs.status_code == 409
    assert 'id="title" name="title" value="Theirs"' in theirs.text
    fields["title"] = "Theirs"
    mine = browse.send(life.client, f"/incidents/{life.first}/edit", **fields, keep="title mine")
    assert 'id="title" name="title" value="Mine"' in mine.text
    fields["title"] = "Mine"
    life.follow(browse.send(life.client, f"/incidents/{life.first}/edit", **fields))
    assert (life.facts().title, life.facts().description) == ("Mine", "Their words")


def test_an_act_on_what_was_changed_meanwhile_is_said_and_keeps_the_form(life):
    answer = life.act("unlink", ("threat_ids", life.ids[0]), version="0")
    assert answer.status_code == 409
    changed = "Someone else changed this incident since you opened it. Nothing was saved yet."
    assert f"<p>{changed}</p>" in answer.text  # beside the form, and at the top of the page
    assert browse.problems(answer.text) == [changed]
    assert browse.ticked(answer.text) == [life.ids[0]]
    assert len(life.links()) == 5
    assert life.act("unlink", ("threat_ids", life.ids[0]), version="x").status_code == 400


def test_a_split_of_an_incident_that_was_emptied_meanwhile_keeps_its_title(life):
    pairs = [*form(life, "selected"), ("threat_ids", life.ids[0])]
    with life.app.app_context():
        incidents.unlink(life.ada, UUID(life.first), life.ids[:5])
    answer = press(life, "split", pairs, new_title="Another matter")
    assert answer.status_code == 422
    assert "Nothing was saved." in answer.text
    assert "Another matter</textarea>" in answer.text


def test_a_third_edit_during_a_clash_leaves_the_second_editor_their_words(life):
    same = {"description": "", "scope": "aggregate", "started_at": ""}
    pairs = form(life, "edit")
    life.follow(life.act("edit", title="Theirs", **same))
    clash = form(life, "edit", press(life, "edit", pairs, title="Mine").text)
    theirs = form(life, "edit", press(life, "edit", clash, keep="title theirs").text)
    assert ("title", "Theirs") in theirs
    life.follow(life.act("edit", title="Third", **same))
    answer = press(life, "edit", theirs, description="More")
    assert answer.status_code == 409
    assert "<blockquote>Mine</blockquote>" in answer.text
    assert "<blockquote>Third</blockquote>" in answer.text
    again = form(life, "edit", answer.text)
    assert ("title", "Third") in again  # the choice was theirs
    assert ("description", "More") in again
    kept = form(life, "edit", press(life, "edit", again, keep="title mine").text)
    life.follow(press(life, "edit", kept))
    assert (life.facts().title, life.facts().description) == ("Mine", "More")


def test_a_comment_or_a_link_meanwhile_stands_against_no_form(life):
    edit, chosen = form(life, "edit"), [*form(life, "selected"), ("threat_ids", life.ids[0])]
    with life.app.app_context():
        incidents.comment(life.ada, UUID(life.first), "Said meanwhile.")
        incidents.link(life.ada, UUID(life.first), [life.ids[7]])
    life.follow(press(life, "edit", edit, title="Mine"))
    assert life.facts().title == "Mine"
    life.follow(press(life, "unlink", chosen))
    assert life.ids[0] not in life.links()


def test_a_text_of_someone_else_still_stands_against_an_edit(life):
    edit = form(life, "edit")
    with life.app.app_context():
        incidents.change(life.ada, UUID(life.first), Changes(description="Theirs"))
    answer = press(life, "edit", edit, title="Mine")
    assert answer.status_code == 409
    assert ("description", "Theirs") in form(life, "edit", answer.text)


@pytest.mark.parametrize(("verb", "field"), [("comment", "body"), ("edit", "description"), ("merge", "reason")])
def test_a_form_with_an_old_token_is_shown_again_with_a_fresh_one(life, verb, field):
    answer = press(life, verb, [*form(life, verb), ("incident_ids", life.other)], csrf_token="old", **{field: "Long words"})
    assert answer.status_code == 400
    assert "The form is too old" in answer.text
    life.follow(press(life, verb, form(life, verb, answer.text)))
    assert "Long words" in life.look()


def test_an_old_token_tells_nothing_of_an_incident_that_there_is_not(life):
    answer = browse.press(life.client, f"/incidents/{life.ids[0]}/comment", [("body", "Words")], csrf_token="old")
    assert answer.status_code == 400
    assert "Words</textarea>" in answer.text


@pytest.mark.parametrize("path", ["/incidents/{}/comment", "/incidents", "/threats/{}"])
@pytest.mark.parametrize("token", ["old", None])
def test_who_is_signed_out_is_given_their_words_back(app, life, path, token):
    stranger = app.test_client()
    fields = {"body": WORDS, "title": WORDS, "dismissal_reason": WORDS, "password": "secret"}
    answer = browse.press(stranger, path.format(life.first), [], csrf_token=token or browse.token(stranger, "/login"), **fields)
    assert answer.status_code == (400 if token else 401)
    assert f"{escape(WORDS)}</textarea>" in answer.text
    assert 'href="/login"' in answer.text
    assert "secret" not in answer.text
    assert life.facts().title not in answer.text


def test_who_may_not_write_any_more_is_given_their_words_back(app, life):
    make.person(app, "vera@example.org", "viewer")
    vera = browse.sign_in(app, app.test_client(), "vera@example.org")
    answer = browse.send(vera, f"/incidents/{life.first}/comment", body=WORDS)
    assert answer.status_code == 403
    assert f"{escape(WORDS)}</textarea>" in answer.text


def test_a_status_that_there_is_not_is_said_at_the_buttons(life):
    answer = life.act("status", status="lost")
    assert answer.status_code == 422
    assert '<a href="#state">Choose one of' in answer.text
    assert 'id="state"' in answer.text


def test_an_early_year_is_a_value_that_the_field_can_show(life):
    life.follow(life.act("edit", title="T", description="", scope="aggregate", started_at="0987-01-02T03:04"))
    assert ("started_at", "0987-01-02T03:04") in form(life, "edit")


def test_what_was_done_again_is_not_marked_as_undone(life):
    life.follow(life.undo(life.follow(life.undo(life.follow(life.act("status", status="closed"))))))
    assert life.facts().status == "closed"
    entries = life.look().split('<li class="entry')[1:]
    assert [entry.startswith(" is-undone") for entry in entries] == [False, True, False, False]


def test_the_link_of_a_version_leads_to_its_page_though_one_import_brought_many(app, life):
    with app.app_context():
        made = incidents.create(life.ada, incidents.NewIncident("Many")).incident.id
        records = [make.record(number) for number in range(40)]
        came = threats.upsert(life.ada, records, faults=Faults())
        incidents.link(life.ada, made, [str(one.threat_id) for one in came])
        threats.upsert(life.ada, [make.record(number, title=f"New {number}") for number in range(40)], faults=Faults())
    for page in ("", "?page=2"):
        for part in life.look(made, page).split('<li class="entry')[1:]:
            entry, href = part.split('id="')[1].split('"')[0], part.split('<p class="meta"><a href="')[1].split('"')[0]
            query, anchor = href.replace("&amp;", "&").split("#")
            assert anchor == entry
            assert f'id="{entry}"' in life.look(made, query)


@pytest.mark.parametrize("path", ["/threats/selected", "/threats/view?view=-180,-85,180,85&zoom=1"])
def test_a_script_whose_session_ended_is_told_so_before_anything_about_its_token(app, life, path):
    stranger = app.test_client()
    for client, status in ((stranger, 401), (life.client, 400)):
        assert client.post(path, data={"selection": "[]"}, headers={"X-Requested-With": "fetch"}).status_code == status
