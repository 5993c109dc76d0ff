"""Importing a file at the browser."""

from __future__ import annotations

import io

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

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
