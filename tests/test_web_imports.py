"""Importing a file at the browser."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.db import db, new_id, now
from app.models import ImportProblem, ImportRun, Job, Threat
from app.service import imports, jobs
from tests import browse, make
from tests.test_feeds_cap import alert
from tests.test_feeds_maps import earth, packed, placemark

TABLE = b"id,title,lat,lng,severity\n1,Road closed,6.4,3.4,high\n2,Bridge closed,95,3.4,low\n3,Gate closed,6.5,3.5,low\n"


@pytest.fixture
def ada(app, client):
    who = make.person(app)
    browse.sign_in(app, client)
    return who


def upload(client, content, name="roads.csv"):
    # Encoded here, because Flask's client leaves its temporary file open.
    fields = {"csrf_token": browse.token(client), "file": FileStorage(io.BytesIO(content), name)}
    boundary, body = encode_multipart(fields)
    return client.post("/imports", data=body, content_type=f"multipart/form-data; boundary={boundary}")


def finished(app, client, path):
    """Have a started import done, and return its page then."""
    page = client.get(path).text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert make.do_jobs(app) == 1
    return client.get(path).text


def test_a_file_is_looked_at_started_and_accounted_for_row_by_row(app, client, ada):
    answer = upload(client, TABLE)
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "Nothing is kept yet." in page
    assert '<option value="lat" selected>' in page
    assert "Road closed" in page
    assert "0 threats" in client.get("/").text
    assert browse.send(client, f"{answer.location}/start", source="roads").status_code == 303
    page = finished(app, client, answer.location)
    assert "3 rows: 2 new, 1 not usable." in page
    assert "Latitude must be between -90 and 90." in page
    assert "2 threats" in client.get("/").text
    assert "3 rows: 2 new, 1 not usable." in client.get("/imports").text


def test_what_is_left_out_is_told_before_and_after(app, client, ada):
    location = upload(client, f"<alerts>{alert()}{alert('t1', status='Test')}</alerts>".encode(), "alerts.xml").location
    page = client.get(location).text
    assert "<dt>left out</dt><dd>1</dd>" in page
    assert "<li>1: tests</li>" in page
    assert "Source: met@example.org." in page
    browse.send(client, f"{location}/start")
    assert "1 row: 1 new. Left out: tests (1)." in finished(app, client, location)


def test_an_archive_of_places_is_uploaded_like_any_file(app, client, ada):
    location = upload(client, packed({"doc.kml": earth(placemark())}), "camps.kmz").location
    assert "KML, KMZ" in client.get(location).text
    browse.send(client, f"{location}/start", source="camps")
    assert "1 row: 1 new." in finished(app, client, location)


def test_the_same_file_again_changes_nothing_and_says_so(app, client, ada):
    for words in ("2 new", "2 unchanged"):
        location = upload(client, TABLE).location
        browse.send(client, f"{location}/start", source="roads")
        assert words in finished(app, client, location)


def test_columns_can_be_chosen_and_looked_at_before_the_start(app, client, ada):
    location = upload(client, b"what,where,breadth,length\nFlood,Lagos,6.4,3.4\n").location
    chosen = {"column-title": "what", "column-location": "where", "column-lat": "breadth", "column-lng": "length"}
    page = browse.send(client, location, source="floods", **chosen).text
    assert '<option value="breadth" selected>' in page
    assert "6.4, 3.4" in page
    browse.send(client, f"{location}/start", source="floods", **chosen)
    assert "1 row: 1 new." in finished(app, client, location)


def test_a_column_that_does_not_exist_is_named(client, ada):
    location = upload(client, TABLE).location
    for path in (location, f"{location}/start"):
        answer = browse.send(client, path, **{"column-title": "nothing"})
        assert answer.status_code == 422
        assert "The file has no column “nothing”." in browse.problems(answer.text)[0]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.csv", "Nothing was imported."),
        (b"PK\x03\x04xx", "a.xlsx", "zip archive"),
        (b"\x00\x01", "a.bin", "Nothing was imported."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(client, ada, content, name, words):
    answer = upload(client, content, name)
    assert answer.status_code == 422
    assert words in browse.problems(answer.text)[0]


def test_no_file_at_all_is_said(client, ada):
    answer = client.post("/imports", data={"csrf_token": browse.token(client)}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert browse.problems(answer.text) == ["Choose a file."]


def test_a_file_may_be_larger_than_other_forms_but_not_boundless(client, ada):
    rows = b"".join(b"%d,Road closed with a longer name to fill the file,6.4,3.4,high\n" % i for i in range(40_000))
    assert upload(client, b"id,title,lat,lng,severity\n" + rows).status_code == 303
    answer = upload(client, b"x" * (33 * 1024 * 1024))
    assert answer.status_code == 413
    assert "32,832 kB" in answer.text


def test_starting_twice_is_one_import(app, client, ada):
    location = upload(client, TABLE).location
    for _ in range(2):
        assert browse.send(client, f"{location}/start", source="roads").status_code == 303
    assert "3 rows: 2 new, 1 not usable." in finished(app, client, location)


def test_problems_come_in_pages(app, client, ada):
    rows = b"".join(b"%d,Road closed,95,185,high\n" % i for i in range(60))
    location = upload(client, b"id,title,lat,lng,severity\n" + rows).location
    browse.send(client, f"{location}/start", source="roads")
    page = finished(app, client, location)
    assert "60 rows that could not be used" in page
    assert "Page 1 of 2" in page
    assert "Page 2 of 2" in client.get(f"{location}?page=2").text
    assert client.get(f"{location}?page=x").status_code == 422


def dead(app, kind, message):
    """Give up the open job of a kind, as a worker does after its last attempt."""
    with app.app_context():
        db.session.execute(sa.update(Job).where(Job.kind == kind).values(state="dead", message=message, finished_at=now()))
        db.session.commit()


def test_a_draft_says_where_and_when_its_threats_lie_and_what_looks_wrong(client, ada):
    rows = (
        "1,Road closed,6.4,3.4,2026-04-18T09:00:00Z\n2,Bridge closed,-95,3.4,2026-04-19T09:00:00Z\n3,Gate closed,0,0,\n"
        "4,Ford closed,-12.5,-70.25,2026-04-20T10:00:00Z\n5,Pass closed,,,\n"
    )
    page = unescape(client.get(upload(client, f"id,title,lat,lng,time\n{rows}".encode()).location).text)
    assert "3 threats, 12.50° S to 6.40° N, 70.25° W to 3.40° E" in page
    assert "<dt>No coordinates</dt><dd>1 threat</dd>" in page
    assert re.search(r"2026-04-18 09:00 UTC</time> to <time[^>]*>2026-04-20 10:00 UTC</time>; 2 without a time", page)
    assert "1 row has a latitude beyond 90° or a longitude beyond 180°" in page
    assert "1 of them would be on Earth with latitude and longitude the other way round." in page
    assert "1 place is at 0° N, 0° E" in page
    assert "The map shows all 3 places." in page
    points = json.loads(re.search(r"data-shown=\"(\{.*?\})\" data-basemap", page)[1])
    assert (points["lat"], points["total"], len(set(points["ids"]))) == ([6.4, 0, -12.5], 3, 3)


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ("6.45,3.39,NG\n9.05,7.49,NG\n6.1,0.5,\n3,2,NG\n", ""),
        ("6.45,3.39,NG\n48.85,2.35,NG\n52.5,13.4,NG\n", "2 places are in another country than the one that is named."),
        ("3.39,6.45,NG\n52.5,13.4,NG\n", "1 place is in another country than the one that is named."),
        (
            "13.4,52.5,DE\n11.6,48.1,DE\n45.5,9.2,IT\n",
            "2 of 3 places are in the country that is named only with latitude and longitude swapped.",
        ),
    ],
)
def test_a_draft_says_whether_its_places_are_in_the_countries_that_it_names(client, ada, places, words):
    rows = "".join(f"{number},Gate,{row}\n" for number, row in enumerate(places.splitlines()))
    page = client.get(upload(client, f"id,title,lat,lng,country\n{rows}".encode()).location).text
    assert ("Look at this before you start" in page) == bool(words)
    assert words in page


def test_the_map_of_a_draft_says_how_many_of_its_places_it_shows(client, ada):
    rows = b"".join(b"%d,Road closed,6.4,3.4\n" % i for i in range(1_200))
    page = client.get(upload(client, b"id,title,lat,lng\n" + rows).location).text
    assert "The map shows the first 1,000 of 1,200 places." in page
    nowhere = client.get(upload(client, b"id,title\n1,Road closed\n").location).text
    assert "No row has coordinates" in nowhere
    assert "data-map" not in nowhere


def test_a_script_is_told_where_the_draft_is(client, ada):
    fields = {"csrf_token": browse.token(client), "file": FileStorage(io.BytesIO(TABLE), "roads.csv")}
    boundary, body = encode_multipart(fields)
    kind = f"multipart/form-data; boundary={boundary}"
    answer = client.post("/imports", data=body, content_type=kind, headers={"X-Requested-With": "fetch"})
    assert (answer.status_code, answer.data) == (201, b"")
    assert "Nothing is kept yet." in client.get(answer.location).text


def test_an_import_under_way_says_how_far_it_is_and_whether_a_worker_is_there(app, client, ada):
    location = upload(client, TABLE).location
    browse.send(client, f"{location}/start", source="roads")
    page = client.get(location).text
    assert "0 of 3 rows read." in page
    assert 'max="3" value="0"></progress>' in page
    assert "0 of 3 rows read." in client.get("/imports").text
    assert "No worker" not in page
    with app.app_context():
        db.session.execute(sa.update(Job).values(due_at=now() - timedelta(seconds=31)))
        db.session.commit()
    assert "No worker is running, so nothing happens. Start <code>cordon worker</code>" in client.get(location).text
    assert "No worker is at work" not in client.get("/feeds").text
    with app.app_context():
        db.session.execute(sa.update(Job).values(due_at=now() - timedelta(seconds=61)))
        db.session.commit()
    assert "No worker is at work" in client.get("/feeds").text
    with app.app_context():
        jobs.enqueue(make.actor(app), "test", new_id(), due_at=now() - timedelta(days=1))
        jobs.take(new_id())
    assert "No worker" not in client.get("/feeds").text + client.get(location).text  # there is one, which has another job
    with app.app_context():
        db.session.execute(sa.delete(Job).where(Job.kind == "test"))
        db.session.commit()
    with app.app_context():
        db.session.execute(sa.update(Job).values(due_at=now() + timedelta(seconds=9), message="The database is busy."))
        db.session.commit()
    assert "It failed, and is tried again by itself in a moment: The database is busy." in client.get(location).text


def test_what_was_given_up_says_why_and_goes_on_when_it_is_tried_again(app, client, ada):
    location = upload(client, TABLE).location
    browse.send(client, f"{location}/start", source="roads")
    dead(app, "import", "The database’s disk is full.")
    page = client.get(location).text
    assert "The import was given up after 0 of 3 rows: The database’s disk is full." in unescape(page)
    assert "Given up" in client.get("/imports").text
    for _ in range(2):
        assert browse.send(client, f"{location}/retry").status_code == 303
    assert "3 rows: 2 new, 1 not usable." in finished(app, client, location)
    assert browse.send(client, f"{location}/retry").status_code == 303
    assert make.do_jobs(app) == 0


def test_problems_are_taken_away_as_a_file_that_no_spreadsheet_runs(app, client, ada):
    rows = b"".join(b"%d,Road closed,95,185\n" % i for i in range(1_100))
    location = upload(client, b"id,title,lat,lng\n" + rows).location
    browse.send(client, f"{location}/start", source="roads")
    assert "problems.csv" in finished(app, client, location)
    with app.app_context():
        first = sa.update(ImportProblem).where(ImportProblem.number == 1)
        db.session.execute(first.values(reason='=HYPERLINK("http://example.org")'))
        db.session.commit()
    answer = client.get(f"{location}/problems.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "problems-roads-csv.csv" in answer.headers["Content-Disposition"]
    lines = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert lines[0] == ["row", "reason"]
    assert lines[1] == ["2", '\'=HYPERLINK("http://example.org")']
    assert lines[-1] == [
        "1101",
        "coordinates.lat: Latitude must be between -90 and 90. coordinates.lng: Longitude must be between -180 and 180.",
    ]
    assert len(lines) == 1_101
    assert client.get(f"/imports/{UUID(int=7)}/problems.csv").status_code == 404


def test_an_import_is_undone_by_its_page_and_comes_again(app, client, ada):
    location = upload(client, TABLE).location
    assert "Undo this import" not in client.get(location).text
    browse.send(client, f"{location}/start", source="roads")
    page = finished(app, client, location)
    assert "It brought 2 new threats: taken out again" in page
    for _ in range(2):
        assert browse.send(client, f"{location}/undo").status_code == 303
    page = client.get(location).text
    assert "The threats to be taken back are being looked up." in page
    assert "What it brought is being taken out." in client.get("/imports").text
    page = finished(app, client, location)
    assert "Undone: 2 threats taken out." in page
    assert "Undo this import" not in page
    assert "0 threats" in client.get("/").text
    again = upload(client, TABLE).location
    browse.send(client, f"{again}/start", source="roads")
    assert "3 rows: 2 new, 1 not usable." in finished(app, client, again)


def test_an_undo_that_was_given_up_goes_on(app, client, ada):
    location = upload(client, TABLE).location
    browse.send(client, f"{location}/start", source="roads")
    finished(app, client, location)
    browse.send(client, f"{location}/undo")
    dead(app, "undo_import", jobs.CUT_OFF)
    assert f"The undo was given up: {jobs.CUT_OFF}" in client.get(location).text
    browse.send(client, f"{location}/retry")
    assert "Undone: 2 threats taken out." in finished(app, client, location)


def test_an_import_that_is_not_over_is_not_undone(client, ada):
    location = upload(client, TABLE).location
    answer = browse.send(client, f"{location}/undo")
    assert answer.status_code == 409
    assert "This import is not over" in unescape(answer.text)


def test_who_only_reads_neither_undoes_nor_retries(app, client, ada):
    location = upload(client, TABLE).location
    browse.send(client, f"{location}/start", source="roads")
    finished(app, client, location)
    make.person(app, "vic@example.org", role="viewer")
    other = browse.sign_in(app, app.test_client(), "vic@example.org")
    assert "Undo this import" not in other.get(location).text
    for verb in ("undo", "retry"):
        assert browse.send(other, f"{location}/{verb}").status_code == 403


def test_what_speaks_of_threats_that_are_gone_says_that_they_are_unknown(app, client, ada):
    location = upload(client, TABLE).location
    browse.send(client, f"{location}/start", source="roads")
    finished(app, client, location)
    with app.app_context():
        gone = [str(threat_id) for threat_id in db.session.scalars(sa.select(Threat.id))]
    key = make.key(app, make.actor(app))
    browse.send(client, f"{location}/undo")
    finished(app, client, location)
    assert client.get(f"/threats/{gone[0]}").status_code == 404
    assert browse.send(client, f"/threats/{gone[0]}", status="contained").status_code == 404
    assert client.get(f"/threats/cards?ids={','.join(gone)}").status_code < 500
    made = browse.send(
        client, "/incidents", *(("threat_ids", threat_id) for threat_id in gone), title="Floods", scope="aggregate"
    )
    assert made.status_code == 422
    assert any("No threat has this id." in text for text in browse.problems(made.text))
    assert client.get(f"/v1/threats/{gone[0]}", headers=key).status_code == 404
    refused = client.post("/v1/incidents", json={"title": "Floods", "threat_ids": gone}, headers=key)
    assert refused.status_code == 422
    assert refused.text.count("threat_unknown") == len(gone)


def test_imports_come_in_pages_with_their_true_number(app, client, ada):
    with app.app_context():
        for number in range(23):
            imports.draft(ada, f"roads-{number}.csv", TABLE)
    page = client.get("/imports").text
    assert "23 imports" in page
    assert "Page 1 of 2" in page
    assert ("roads-22.csv" in page, "roads-2.csv" in page) == (True, False)
    assert "roads-2.csv" in client.get("/imports?page=2").text
    assert "beyond the last of 23 imports" in client.get("/imports?page=9").text
    assert client.get("/imports?page=x").status_code == 422


def test_a_file_of_a_kind_that_is_no_more_is_told_and_no_fault_of_the_server(app, client, ada):
    done, draft = upload(client, TABLE).location, upload(client, TABLE).location
    browse.send(client, f"{done}/start", source="roads")
    finished(app, client, done)
    with app.app_context():
        db.session.execute(sa.update(ImportRun).values(format="telex"))
        db.session.commit()
    assert "telex" in client.get("/imports").text
    page = client.get(done)
    assert (page.status_code, "telex" in page.text) == (200, True)
    for answer in (client.get(draft), browse.send(client, draft), browse.send(client, f"{draft}/start")):
        assert answer.status_code == 400
        assert "does not know this kind of file any more" in answer.text
