"""An incident's life by forms, without JavaScript: every verb, each told in a notice that undoes it."""

from __future__ import annotations

import re
from html import unescape
from uuid import UUID

import pytest

from app.service import incidents
from tests import browse, make


@pytest.fixture
def life(app, client):
    return browse.life(app, client)


def test_facts_are_edited_and_the_edit_is_undone(life):
    page = life.follow(life.act("edit", title=" New title ", description="What is known.", scope="investigation", started_at=""))
    assert "Saved." in page
    assert "<h1>New title</h1>" in page
    assert life.facts().scope == "investigation"
    page = life.follow(life.undo(page))
    assert "Undone." in page
    assert "<h1>Port access disruption in Lagos</h1>" in page


def test_the_start_is_said_in_utc_and_given_back_when_emptied(life):
    fields = {"title": "T", "description": "", "scope": "aggregate"}
    life.follow(life.act("edit", started_at="2026-01-02T03:04", **fields))
    assert f"{life.facts().started_at:%Y-%m-%d %H:%M %Z}" == "2026-01-02 03:04 UTC"
    assert 'value="2026-01-02T03:04"' in life.look()
    life.follow(life.act("edit", started_at="", **fields))
    assert life.facts().started_at == make.WHEN


def test_what_is_wrong_with_an_edit_is_said_beside_the_field_and_the_input_is_kept(life):
    answer = life.act("edit", title="", description="Kept words", scope="other", started_at="yesterday")
    assert answer.status_code == 422
    assert "Enter a title." in browse.problems(answer.text)
    assert "Choose one of: aggregate, investigation." in browse.problems(answer.text)
    assert any("Write the time with its zone" in words for words in browse.problems(answer.text))
    assert "Kept words</textarea>" in answer.text
    assert life.facts().description is None


@pytest.mark.parametrize(("status", "words"), [("closed", "Closed."), ("resolved", "Resolved.")])
def test_closing_leaves_the_threats_alone_and_is_reopened_or_undone(life, status, words):
    assert "Closing and resolving leave the threats as they are" in life.look()
    page = life.follow(life.act("status", status=status))
    assert words in page
    assert "until it is reopened" in page
    assert len(life.links()) == 5
    assert "Reopened." in life.follow(life.act("status", status="open"))
    life.follow(life.act("status", status=status))
    life.follow(life.undo(life.follow(life.act("status", status="open"))))
    assert life.facts().status == status


def test_a_deleted_incident_says_by_whom_and_is_restored(life):
    page = life.follow(life.act("delete"))
    assert "This incident is deleted." in page
    assert "ada deleted it on" in page
    assert life.first not in life.client.get("/incidents").text
    assert "Restored." in life.follow(browse.send(life.client, f"/incidents/{life.first}/restore"))
    again = browse.send(life.client, f"/incidents/{life.first}/restore")
    assert again.status_code == 409
    assert "This incident is not deleted." in again.text
    life.follow(life.undo(life.follow(life.act("delete"))))
    assert life.facts().deleted_at is None


def test_a_deleted_incident_shows_the_threats_that_it_had_as_a_list_and_on_the_map(life):
    points = re.search(r'data-points="([^"]+)"', life.look())[1].replace("&amp;", "&")
    assert len(life.client.get(points).json["ids"]) == 5
    page = life.follow(life.act("delete"))
    assert '<h2 id="threats-title">5 threats</h2>' in page
    assert life.client.get(points).json["total"] == 0  # as the desk and the API have it
    points = re.search(r'data-points="([^"]+)"', page)[1].replace("&amp;", "&")
    assert sorted(life.client.get(points).json["ids"]) == sorted(life.ids[:5])
    assert "export.csv" not in page


def test_a_comment_is_in_the_timeline_and_an_empty_one_is_refused(life):
    page = life.follow(life.act("comment", body="The gate opens\r\nat noon. <b>"))
    assert "The gate opens\nat noon. &lt;b&gt;" in page
    answer = life.act("comment", body=" ")
    assert answer.status_code == 422
    assert browse.problems(answer.text) == ["Enter a comment."]


def test_the_notice_after_creating_undoes_it_and_so_do_the_timeline_and_the_next_notice(life):
    answer = browse.send(life.client, "/incidents", ("threat_ids", life.ids[0]), title="Made by mistake")
    path = answer.location
    number = path.rpartition("/")[2]

    def undo(page, where):
        act_id = re.search(rf'{where}.*?action="{path}/undo">.*?name="act_id" value="([^"]+)"', page, re.DOTALL)[1]
        sent = browse.send(life.client, f"{path}/undo", act_id=act_id)
        assert sent.status_code == 303
        return life.client.get(sent.location).text

    page = undo(life.client.get(path).text, "data-notice")
    assert "Undone." in page
    assert life.facts(number).deleted_at is not None
    assert "ada deleted it on" in page
    assert "the creation</a>" in page
    page = undo(page, "data-notice")
    assert life.facts(number).deleted_at is None
    assert life.links(number) == [life.ids[0]]
    undo(page, 'class="entry"')
    assert life.facts(number).deleted_at is not None


def test_threats_are_taken_out_and_come_back_by_undo(life):
    page = life.follow(life.act("unlink", ("threat_ids", life.ids[0]), ("threat_ids", life.ids[1])))
    assert "2 threats taken out." in page
    assert life.links() == sorted(life.ids[2:5])
    life.follow(life.undo(page))
    assert life.links() == sorted(life.ids[:5])


def test_taking_out_nothing_is_refused_in_place(life):
    answer = life.act("unlink")
    assert answer.status_code == 422
    assert browse.problems(answer.text) == ["Give at least one threat."]


@pytest.mark.parametrize("field", ["to_incident_id", "other_id"])
def test_threats_are_moved_to_an_incident_chosen_or_named_by_its_id(life, field):
    assert f'<option value="{life.other}">Flooding in Apapa (2)</option>' in life.look()
    page = life.follow(life.act("move", ("threat_ids", life.ids[0]), **{field: life.other}))
    assert "1 threat moved to “Flooding in Apapa”." in page
    assert life.ids[0] in life.links(life.other)
    life.follow(life.undo(page))
    assert life.ids[0] in life.links()
    assert life.links(life.other) == sorted(life.ids[5:7])


def test_moving_nowhere_keeps_the_ticks(life):
    answer = life.act("move", ("threat_ids", life.ids[3]))
    assert answer.status_code == 422
    assert browse.problems(answer.text) == ["Say which incident they go to."]
    assert browse.ticked(answer.text) == [life.ids[3]]


def test_moving_to_a_closed_incident_offers_to_reopen_it_and_does_both(life):
    life.act("status", incident_id=life.other, status="closed")
    answer = life.act("move", ("threat_ids", life.ids[0]), other_id=life.other)
    assert answer.status_code == 409
    assert "“Flooding in Apapa” is closed." in answer.text
    assert browse.ticked(answer.text) == [life.ids[0]]
    assert f'name="reopen" value="{life.other}"' in answer.text
    life.follow(life.act("move", ("threat_ids", life.ids[0]), other_id=life.other, reopen=life.other))
    assert life.facts(life.other).status == "open"
    assert life.ids[0] in life.links(life.other)


def test_threats_are_split_off_and_undone(life):
    page = life.follow(life.act("split", ("threat_ids", life.ids[0]), new_title="Another matter"))
    assert "1 threat split into “Another matter”." in page
    assert life.links() == sorted(life.ids[1:5])
    assert "Another matter" in life.client.get("/incidents").text
    life.follow(life.undo(page))
    assert life.links() == sorted(life.ids[:5])
    assert "Another matter" not in life.client.get("/incidents").text


def test_a_split_without_a_title_says_so_at_its_own_field(life):
    answer = life.act("split", ("threat_ids", life.ids[0]))
    assert answer.status_code == 422
    assert '<a href="#new_title">Enter a title.</a>' in answer.text
    assert "<h1>Port access" in answer.text


def test_enter_in_a_field_does_what_the_field_says(life):
    life.follow(life.act("selected", ("threat_ids", life.ids[0]), new_title="By Enter"))
    life.follow(life.act("selected", ("threat_ids", life.ids[1]), to_incident_id=life.other))
    assert life.links() == sorted(life.ids[2:5])
    assert life.act("selected", ("threat_ids", life.ids[2])).status_code == 422


def test_incidents_are_merged_with_a_reason_and_point_to_the_target(life):
    answer = life.act("merge", ("incident_ids", life.other))
    assert answer.status_code == 422
    assert browse.problems(answer.text) == ["Say why they belong together."]
    page = life.follow(life.act("merge", ("incident_ids", life.other), reason="One queue"))
    assert "1 incident merged into this one." in page
    assert "One queue" in page
    assert life.links() == sorted(life.ids[:7])
    merged = life.look(life.other)
    assert f'into <a href="/incidents/{life.first}">Port access disruption in Lagos</a>' in merged
    assert "Edit title" not in merged
    assert browse.send(life.client, f"/incidents/{life.other}/comment", body="x").status_code == 409
    life.follow(life.undo(page))
    assert life.links() == sorted(life.ids[:5])
    assert life.facts(life.other).status == "open"


def test_merging_into_a_closed_incident_reopens_it_if_asked(life):
    life.act("status", status="closed")
    answer = life.act("merge", other_id=life.other, reason="One queue")
    assert answer.status_code == 409
    assert "Reopen it and go on" in answer.text
    life.follow(life.act("merge", other_id=life.other, reason="One queue", reopen=life.first))
    assert life.facts().status == "open"
    assert len(life.links()) == 7


def test_an_act_with_later_work_upon_it_is_not_undone_and_the_reason_stands_beside_it(life):
    page = life.follow(life.act("unlink", ("threat_ids", life.ids[0])))
    with life.app.app_context():
        incidents.link(life.ada, UUID(life.first), [life.ids[0]])
    answer = life.undo(page)
    assert answer.status_code == 409
    assert "can't be undone now. Later, on" in answer.text
    assert "threats were linked by ada. Undo that first." in answer.text
    twice = life.follow(life.act("status", status="closed"))
    life.follow(life.undo(twice))
    assert "This was undone already." in life.undo(twice).text


def test_undo_leads_nowhere_else_and_knows_no_foreign_act(life):
    page = life.follow(life.act("status", status="closed"))
    act_id = re.search(r'name="act_id" value="([^"]+)"', page)[1]
    path = f"/incidents/{life.first}/undo"
    assert browse.send(life.client, path, act_id="x").status_code == 404
    assert browse.send(life.client, path, act_id=life.ids[0]).status_code == 404
    answer = browse.send(life.client, path, act_id=act_id, back="//elsewhere.example")
    assert answer.location == f"/incidents/{life.first}"


def test_a_form_sent_twice_acts_once_and_is_told_the_same(life):
    page = life.look()
    nonce = browse.hidden(page, "nonce")
    body = dict(nonce=nonce, body="Once only")  # noqa: C408 - keywords as they are sent
    token = browse.token(life.client)
    answers = [life.client.post(f"/incidents/{life.first}/comment", data={"csrf_token": token, **body}) for _ in range(3)]
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, f"/incidents/{life.first}")}
    assert life.look().count("Once only") == 1
    other = life.client.post(f"/incidents/{life.first}/comment", data={"csrf_token": token, **body, "body": "Second"})
    assert other.status_code == 303
    assert "Second" in life.look()


def test_the_timeline_is_filtered_paged_and_linked_to(life):
    for number in range(35):
        with life.app.app_context():
            incidents.comment(life.ada, UUID(life.first), f"Remark {number}.")
    life.act("status", status="closed")
    page = life.look()
    assert "37 entries, newest first" in page
    assert "Page 1 of 2" in page
    assert "Remark 0." not in page
    assert "Remark 0." in life.look(query="?page=2")
    closed = life.look(query="?kind=status_changed")
    assert "closed the incident" in closed
    assert "Remark 34." not in closed
    act_id = re.search(r'id="act-([0-9a-f-]+)"(?:(?!</li>).)*Remark 1\.', life.look(query="?page=2"), re.DOTALL)[1]
    assert "Remark 1." in life.look(query=f"?act={act_id}")
    assert life.client.get(f"/incidents/{life.first}?kind=nothing").status_code == 422
    assert "The timeline ends before page 9." in life.look(query="?page=9")


def test_the_timeline_tells_what_the_threats_were_before_they_were_linked_if_asked(life):
    assert "brought in" not in life.look()
    query = "?kind=threat_version&include_versions_before_link=true"
    page = life.look(query=query)
    assert "5 entries, newest first" in page
    assert page.count("</strong> brought in <a") == 5
    assert 'name="include_versions_before_link" value="true" checked' in page
    link = unescape(re.search(r'<a href="([?]act=[^"]+include_versions_before_link=true)#', page)[1])
    assert "brought in" in life.look(query=link)


def test_others_are_offered_by_their_distance_from_the_middle_of_the_incident(app, life):
    places = {"North": 6.6, "Middle": 6.5, "South": 6.4}
    ids = {name: make.put_threats(app, life.ada, 1, external_id=name, lat=lat, lng=3.0)[0] for name, lat in places.items()}
    for name, threat_id in ids.items():
        make.incident(app, life.ada, [threat_id], f"Near the {name}")
    made = str(make.incident(app, life.ada, [ids["North"], ids["South"]], "Both ends"))
    page = life.look(made)
    assert 'data-near="6.5000,3.0000"' in page
    offered = re.search(r'<select id="to_incident_id".*?</select>', page, re.DOTALL)[0]
    assert re.findall(r">Near the (\w+)", offered)[0] == "Middle"


def test_a_viewer_sees_all_and_can_do_nothing(life):
    make.person(life.app, "vera@example.org", "viewer")
    vera = browse.sign_in(life.app, life.app.test_client(), "vera@example.org")
    page = vera.get(f"/incidents/{life.first}").text
    assert "Timeline" in page
    for words in ("Edit title", ">Undo", "Add comment", ">Close<", "Take out", "Merge other"):
        assert words not in page
    assert browse.send(vera, f"/incidents/{life.first}/comment", body="x").status_code == 403
    assert browse.send(vera, f"/incidents/{life.first}/edit", title="x").status_code == 403


def test_every_verb_on_an_incident_of_others_finds_nothing(life):
    stranger = make.person(life.app, "sam@example.net", tenant="Other")
    theirs = str(make.incident(life.app, stranger, []))
    fields = {"title": "x", "status": "closed", "body": "x", "reason": "x", "new_title": "x", "act_id": life.ids[0]}
    fields |= {"threat_ids": life.ids[0], "to_incident_id": life.other, "incident_ids": life.other}
    for verb in ("edit", "status", "delete", "restore", "comment", "unlink", "move", "split", "selected", "merge", "undo"):
        assert browse.send(life.client, f"/incidents/{theirs}/{verb}", **fields).status_code == 404, verb


def test_the_page_needs_no_more_statements_for_fifty_threats_than_for_one(app, client, count_statements):
    ada = make.person(app)
    ids = make.put_threats(app, ada, 60)
    browse.sign_in(app, client)
    counts = []
    for size in (1, 50):
        made = make.incident(app, ada, ids[:size])
        with app.app_context():
            incidents.unlink(ada, made, [str(ids[0])])
            incidents.link(ada, made, [str(ids[0])])
            for _ in range(size):
                incidents.comment(ada, made, "Said.")
                make.incident(app, ada, [ids[59]], "Another")
            incidents.merge(ada, made, [str(make.incident(app, ada, ids[50:55]))], "Same")
        with count_statements() as statements:
            assert client.get(f"/incidents/{made}").status_code == 200
        counts.append(len(statements))
    # One less where the near incidents are enough to choose from.
    assert counts[1] <= counts[0] <= 20, counts
