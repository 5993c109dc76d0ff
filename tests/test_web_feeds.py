"""The pages of feeds: who sees them, who changes what, what a bad form keeps, and how fresh the desk says that they are."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.db import db, now
from app.feeds.sources import SOURCES
from app.models import Feed, ImportRun, Job
from app.service import feeds
from tests import browse, make
from tests.answering import answer
from tests.test_feed_server import ROADS, add, admin, do_next, feed_id, look, stage  # noqa: F401 - fixtures
from tests.test_feeds_cap import alert


@pytest.fixture
def grace(app, client, admin):  # noqa: F811
    return browse.sign_in(app, client, "grace@example.org")


def values_of(page: str) -> dict[str, str]:
    """Return what the fields of the settings form hold."""
    return dict(re.findall(r'name="set-(\w+)" value="([^"]*)"', page))


def test_an_admin_sees_the_catalogue_with_the_terms_of_each_source(client, grace):
    page = client.get("/feeds").text
    assert "No feed is set up yet. Choose one below" in page
    assert '<a href="/feeds" aria-current="page">Feeds</a>' in page
    for source in SOURCES.values():
        assert f'<a href="/feeds/add/{source.name}">{source.label}</a>' in page
        assert not source.terms or f'<a href="{source.terms}" rel="noreferrer">Terms' in page
        assert client.get(f"/feeds/add/{source.name}").status_code == 200
    assert client.get("/feeds/add/nothing").status_code == 404


def test_a_feed_is_added_switched_on_and_fetched(app, client, grace, stage):  # noqa: F811
    fields = {"set-name": "Roads", "set-interval_s": "900", "set-url": stage.url, "set-source": "roads"}
    made = browse.send(client, "/feeds/add/address", **fields)
    assert made.status_code == 303
    page = client.get(made.location).text
    assert "“Roads” is on. It is fetched now." in page
    assert "On, not fetched yet" in page
    assert values_of(page)["interval_s"] == "900"
    make.do_jobs(app)
    page = client.get(made.location).text
    assert "2 rows: 2 new." in page
    assert 'href="/imports/' in page
    assert "every 15 minutes" in client.get("/feeds").text


def test_a_form_that_can_not_be_used_keeps_what_was_written_and_says_why(app, client, grace):
    fields = {"set-name": "", "set-interval_s": "1", "set-url": "ftp://example.org", "set-source": "roads"}
    refused = browse.send(client, "/feeds/add/address", **fields)
    assert refused.status_code == 422
    assert browse.problems(refused.text) == [
        "Give the feed a name.",
        "The address must begin with https:// or http://.",
        "Give a whole number of seconds from 60 to 604,800.",
    ]
    assert '<a href="#set-url">' in refused.text
    assert values_of(refused.text)["url"] == "ftp://example.org"
    with app.app_context():
        assert db.session.scalars(sa.select(Feed)).all() == []


def test_two_feeds_can_not_have_one_name(client, grace, feed_id):  # noqa: F811
    refused = browse.send(client, "/feeds/add/usgs", **{"set-name": "Roads", "set-interval_s": "300"})
    assert browse.problems(refused.text) == ["Another feed has this name already."]


def test_settings_are_tried_without_keeping_anything(app, client, grace, stage):  # noqa: F811
    fields = {"set-name": "Roads", "set-interval_s": "900", "set-url": stage.url, "set-source": "roads", "try": "1"}
    tried = browse.send(client, "/feeds/add/address", **fields)
    assert tried.status_code == 200
    assert "2 threats. Nothing is kept." in tried.text
    assert "2 threats, 6.40° N to 6.50° N, 3.40° E to 3.50° E" in tried.text
    assert "&#34;lat&#34;: [6.4, 6.5]" in tried.text
    assert "Road closed" in tried.text
    assert values_of(tried.text)["url"] == stage.url
    with app.app_context():
        assert db.session.scalars(sa.select(Feed)).all() == []
    assert "0 threats" in client.get("/").text
    stage.content = answer(status="500 Oops")
    tried = browse.send(client, "/feeds/add/address", **fields)
    assert "has a fault of its own (HTTP 500)" in tried.text
    assert browse.send(client, "/feeds/add/address", **{**fields, "set-url": "x"}).status_code == 422


def test_a_run_says_which_feed_fetched_it_and_leads_to_what_can_be_found(app, client, grace, admin, stage):  # noqa: F811
    roads = add(app, admin, stage.url)
    make.do_jobs(app)
    page = client.get(f"/imports/{look(app, admin, roads).runs[0].id}").text
    assert "· fetched <time" in page
    assert "by the feed Roads" in page
    assert f'<a href="/feeds/{roads}">Feed Roads</a>' in page
    assert "All threats of the source roads on the desk" in page
    browse.send(client, f"/feeds/{roads}/switch", on="0")
    alerts = add(app, admin, stage.url, "cap", "Alerts")
    do_next(app, stage, answer(alert("a1").encode()))
    page = client.get(f"/imports/{look(app, admin, alerts).runs[0].id}").text
    assert "1 row: 1 new." in page
    assert "on the desk</a>" not in page


def test_a_run_of_a_feed_that_was_given_up_is_not_offered_what_can_not_be_done(app, client, grace, admin, feed_id):  # noqa: F811
    make.do_jobs(app)
    path = f"/imports/{look(app, admin, feed_id).runs[0].id}"
    with app.app_context():
        db.session.execute(sa.update(ImportRun).values(state="running"))
        db.session.commit()
    assert "2 rows read. You may leave this page" in client.get(path).text
    with app.app_context():
        db.session.execute(sa.update(Job).values(state="dead", message="No.", finished_at=now()))
        db.session.commit()
    page = client.get(path).text
    assert "The import was given up: No." in page
    assert "goes on from there when the feed is fetched again" in page
    assert "Undo this import" not in page
    assert browse.send(client, f"{path}/undo").status_code == 409
    with app.app_context():
        db.session.execute(sa.update(ImportRun).values(state="done"))
        db.session.commit()
    browse.send(client, f"{path}/undo")
    with app.app_context():
        undo = sa.update(Job).where(Job.kind == "undo_import")
        db.session.execute(undo.values(state="dead", message="No.", finished_at=now()))
        db.session.commit()
    assert f'action="{path}/retry"' in client.get(path).text
    browse.send(client, f"{path}/retry")
    make.do_jobs(app)
    assert "Undone: 2 threats taken out." in client.get(path).text


def test_a_secret_is_never_shown_again_and_stays_when_left_empty(app, client, grace, stage):  # noqa: F811
    header = "X-Key: kept-back"
    fields = {"set-name": "Roads", "set-interval_s": "900", "set-url": stage.url.partition("?")[0], "set-source": "roads"}
    made = browse.send(client, "/feeds/add/address", **fields, **{"set-header": header})
    page = client.get(made.location).text
    assert "Set; leave empty to keep it." in page
    assert "kept-back" not in page
    version = browse.hidden(page, "version")
    assert browse.send(client, made.location, **{**fields, "set-name": "Closed roads"}, version=version).status_code == 303
    make.do_jobs(app)
    assert "X-Key: kept-back" in stage.heads[-1]
    tried = browse.send(client, made.location, **fields, **{"try": "1"})
    assert "2 threats" in tried.text
    assert "X-Key: kept-back" in stage.heads[-1]
    assert "kept-back" not in tried.text


def test_a_secret_is_not_sent_to_another_host_than_it_was_given_for(client, grace, stage):  # noqa: F811
    fields = {"set-name": "Roads", "set-interval_s": "900", "set-url": "https://example.org/", "set-source": "roads"}
    made = browse.send(client, "/feeds/add/address", **fields, **{"set-header": "X-Key: kept-back"})
    page = client.get(made.location).text
    assert "For another host it has to be given again." in page
    elsewhere = {**fields, "set-url": stage.url}
    assert "2 threats" in browse.send(client, made.location, **elsewhere, **{"try": "1"}).text
    assert "kept-back" not in stage.heads[-1].partition("\r\n")[2]
    assert browse.send(client, made.location, **elsewhere, version=browse.hidden(page, "version")).status_code == 303
    assert "Set; leave empty to keep it." not in client.get(made.location).text


def test_a_secret_is_sealed_in_the_database_and_asked_for_again_when_the_secret_key_is_another_one(app, client, grace, stage):  # noqa: F811
    fields = {"set-name": "Roads", "set-interval_s": "900", "set-url": stage.url.partition("?")[0], "set-source": "roads"}
    made = browse.send(client, "/feeds/add/address", **fields, **{"set-header": "X-Key: kept-back"})
    with app.app_context():
        kept = db.session.scalar(sa.select(Feed.secrets))
        assert len(kept["header"]) > 100
        assert "kept-back" not in str(kept)
        feeds.seal_with("another secret key, as after a move")
    make.do_jobs(app)
    page = client.get(made.location).text
    assert "A secret of this feed can&#39;t be read any more" in page
    version = browse.hidden(page, "version")
    refused = browse.send(client, made.location, **fields, version=version)
    assert refused.status_code == 422
    assert "Give it again, or have it removed." in refused.text
    assert browse.send(client, made.location, **fields, **{"set-header": "X-Key: anew"}, version=version).status_code == 303
    make.do_jobs(app)
    assert "X-Key: anew" in stage.heads[-1]


def test_an_optional_secret_is_removed_by_a_box_that_a_required_one_has_not(app, client, grace, stage):  # noqa: F811
    fields = {"set-name": "Roads", "set-interval_s": "900", "set-url": stage.url.partition("?")[0], "set-source": "roads"}
    made = browse.send(client, "/feeds/add/address", **fields, **{"set-header": "X-Key: kept-back"})
    page = client.get(made.location).text
    gone = {"set-header-remove": "1"}
    assert 'name="set-header-remove"' in page
    version = browse.hidden(page, "version")
    assert browse.send(client, made.location, **fields, **gone, version=version).status_code == 303
    assert "set-header-remove" not in client.get(made.location).text
    make.do_jobs(app)
    assert "kept-back" not in stage.heads[-1]
    account = {"set-name": "ACLED", "set-interval_s": "86400", "set-days": "30", "set-email": "a@example.org"}
    made = browse.send(client, "/feeds/add/acled", **account, **{"set-password": "kept-back"})
    assert "-remove" not in client.get(made.location).text


def test_settings_that_someone_else_changed_meanwhile_are_not_overwritten(app, client, grace, feed_id):  # noqa: F811
    version = browse.hidden(client.get(f"/feeds/{feed_id}").text, "version")
    fields = {"set-name": "Mine", "set-interval_s": "900", "set-url": "https://example.org/", "set-source": "roads"}
    assert browse.send(client, f"/feeds/{feed_id}", **fields, version=version).status_code == 303
    clash = browse.send(client, f"/feeds/{feed_id}", **{**fields, "set-name": "Theirs"}, version=version)
    assert clash.status_code == 409
    assert browse.problems(clash.text) == [
        "This was changed by someone else since you saw it. Look at it anew before you change it."
    ]
    assert values_of(clash.text)["name"] == "Theirs"
    with app.app_context():
        assert db.session.scalar(sa.select(Feed.name)) == "Mine"


def test_a_feed_is_switched_off_and_on_run_and_removed_by_buttons(app, client, grace, admin, feed_id):  # noqa: F811
    make.do_jobs(app)
    assert browse.send(client, f"/feeds/{feed_id}/switch", on="0").status_code == 303
    page = client.get("/feeds").text
    assert "Off</span>" in page
    assert "Switched off by grace." in page
    assert "Run now" not in page
    assert browse.send(client, f"/feeds/{feed_id}/run").status_code == 409
    assert look(app, admin, feed_id).due_at is None
    browse.send(client, f"/feeds/{feed_id}/switch", on="1")
    make.do_jobs(app)
    before = look(app, admin, feed_id)
    assert (before.state, before.due_at > now()) == ("on", True)
    browse.send(client, f"/feeds/{feed_id}/run")
    assert look(app, admin, feed_id).due_at <= now()
    browse.send(client, f"/feeds/{feed_id}/remove")
    assert "“Roads” is removed. Its threats are kept." in client.get("/feeds").text
    assert client.get(f"/feeds/{feed_id}").status_code == 404
    assert "2 threats" in client.get("/").text


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_who_is_no_admin_sees_feeds_and_changes_nothing(app, client, admin, stage, feed_id, role):  # noqa: F811
    make.do_jobs(app)
    make.person(app, role=role)
    browse.sign_in(app, client)
    for path in ("/feeds", f"/feeds/{feed_id}"):
        page = client.get(path).text
        assert "2 rows: 2 new." in page
        assert "127.0.0.1" not in page
        assert set(re.findall(r'<form [^>]*action="([^"]*)"', page)) == {"/logout"}
    acts = ("/feeds/add/usgs", *(f"/feeds/{feed_id}{act}" for act in ("", "/switch", "/run", "/remove")))
    for path in acts:
        assert (
            browse.send(client, path, **{"set-name": "x", "set-interval_s": "900", "on": "0", "try": "1"}).status_code == 403
        ), path
    assert len(stage.heads) == 1
    assert look(app, admin, feed_id).state == "on"


def test_a_viewer_can_not_retry_what_was_given_up_and_an_analyst_can(app, client, admin, feed_id):  # noqa: F811
    with app.app_context():
        db.session.execute(sa.update(Job).values(state="dead", message="It would not.", finished_at=now()))
        db.session.commit()
        job_id = db.session.scalar(sa.select(Job.id))
    for role, status in (("viewer", 403), ("analyst", 303)):
        make.person(app, f"{role}@example.org", role=role)
        browse.sign_in(app, client, f"{role}@example.org")
        assert ("Try again" in client.get("/feeds").text) == (role == "analyst")
        assert browse.send(client, f"/feeds/jobs/{job_id}").status_code == status
    assert look(app, admin, feed_id).state == "new"


def test_forged_forms_change_nothing(app, client, grace, admin, feed_id):  # noqa: F811
    for path in ("/feeds/add/usgs", *(f"/feeds/{feed_id}{act}" for act in ("", "/switch", "/run", "/remove"))):
        assert client.post(path, data={"set-name": "x", "on": "0"}).status_code == 400
    assert look(app, admin, feed_id).state == "new"


@pytest.mark.usefixtures("grace", "feed_id")
def test_the_page_takes_as_many_statements_for_20_feeds_as_for_1(app, client, admin, stage, count_statements):  # noqa: F811
    make.do_jobs(app)
    with count_statements() as one:
        page = client.get("/feeds").text
    for number in range(19):
        add(app, admin, stage.url, name=f"Feed {number}")
    make.do_jobs(app)
    with count_statements() as twenty:
        assert client.get("/feeds").text.count("in the last 1 run,") == 20 * page.count("in the last 1 run,") == 20
    assert len(one) == len(twenty)


def test_the_script_is_told_when_nothing_changed(app, client, grace, feed_id):  # noqa: F811
    first = client.get("/feeds/state")
    assert f'id="live-{feed_id}"' in first.text
    assert "csrf_token" not in first.text
    assert client.get("/feeds/state", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    make.do_jobs(app)
    assert client.get("/feeds/state", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_many_runs_are_drawn_as_bars_with_their_numbers_in_words(app, client, grace, stage, feed_id):  # noqa: F811
    make.do_jobs(app)
    do_next(app, stage, answer(ROADS.replace(b"low", b"medium")))
    do_next(app, stage, answer(ROADS))
    page = client.get("/feeds").text
    assert "in the last 3 runs, the latest last: 2, 1, 1" in page
    assert page.count("<rect") == 3


def test_the_desk_says_how_fresh_its_feeds_are(app, client, grace, admin, stage, feed_id):  # noqa: F811
    def line() -> str:
        found = re.search(r'<p class="freshness"[^>]*>.*?</p>', client.get("/").text, re.DOTALL)
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found[0])).strip() if found else ""

    assert line() == "Feeds: Roads: not fetched yet"
    make.do_jobs(app)
    assert line() == "Feeds: Roads: just now"
    fresh = client.get("/feeds/fresh", headers={"X-Requested-With": "fetch"}).text
    assert fresh.startswith('<p class="freshness" id="freshness">')
    assert "just now" in fresh
    add(app, admin, stage.url, name="Alerts")
    do_next(app, stage, answer(status="500 Oops"))
    since = look(app, admin, feed_id).feed.failing_since
    assert line() == f"Feeds: Alerts: failing since {since:%H:%M} UTC; Roads: failing since {since:%H:%M} UTC"
    with app.app_context():
        db.session.execute(sa.update(Feed).values(failing_since=now() - timedelta(days=3)))
        db.session.commit()
    assert re.search(r"Roads: failing since \d{4}-\d\d-\d\d \d\d:\d\d UTC", line())
    with app.app_context():
        for view in feeds.overview(admin):
            feeds.switch(admin, view.feed.id, on=False)
    assert line() == ""
