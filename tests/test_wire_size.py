"""What goes over the wire: compressed answers, files that the browser keeps, and how much the desk takes."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tests import browse, make

GZIP = {"Accept-Encoding": "gzip, br"}
OWN = {**GZIP, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def desk(app, client):
    """A signed-in client on a desk with more than a page of threats."""
    ada = make.person(app)
    make.put_threats(app, ada, 60)
    return browse.sign_in(app, client)


def got(client, path: str, **headers: str):
    """Get all of a file and let go of it."""
    with client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()}) as answer:
        answer.get_data()
        return answer


def sheet(client) -> str:
    """Return the address that a page gives for a file."""
    return re.search(r'href="(/static/[^"]*base\.css)"', client.get("/login", follow_redirects=True).text)[1]


def test_a_file_is_kept_by_the_browser_under_an_address_of_its_content(client):
    answer = got(client, sheet(client))
    assert re.fullmatch(r"/static/v-[0-9a-f]{16}/css/base\.css", sheet(client))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for other in ("/static/css/base.css", "/static/v-0123456789abcdef/css/base.css"):
        again = got(client, other)
        assert again.headers["Cache-Control"] == "no-cache"
        assert again.data == answer.data


def test_a_file_comes_compressed_to_who_takes_it_so_and_not_again_if_it_is_the_same(client):
    path = sheet(client)
    plain, small = got(client, path), got(client, path, Accept_Encoding="gzip")
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in small.headers["Vary"]
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) / 2
    assert int(small.headers["Content-Length"]) == len(small.data)
    for answer in (plain, small):
        assert got(client, path, Accept_Encoding="gzip", If_None_Match=answer.headers["ETag"]).status_code == 304
    assert got(client, path, Accept_Encoding="gzip;q=0").data == plain.data
    part = got(client, path, Accept_Encoding="gzip", Range="bytes=0-9")
    assert (part.status_code, part.data) == (206, plain.data[:10])


def test_a_script_comes_without_its_comments_and_with_its_lines_where_they_were(app, client):
    folder = Path(app.static_folder)
    for path in sorted(folder.glob("js/**/*.js")):
        lines = path.read_text().split("\n")
        sent = (
            gzip.decompress(got(client, f"/static/{path.relative_to(folder)}", Accept_Encoding="gzip").data).decode().split("\n")
        )
        assert len(sent) == len(lines), path
        for before, after in zip(lines, sent, strict=True):
            assert after == before or (not after and before.lstrip().startswith(("/**", "*", "//"))), (path, before)


def test_a_file_is_the_same_for_everyone(desk):
    assert got(desk, sheet(desk), Accept_Encoding="gzip").headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    ["/static/v-0/", "/static/nothing.css", "/static/v-0/../wsgi.py", "/static/..%2fwsgi.py", "/static/v-0/%2e%2e/wsgi.py"],
)
def test_no_other_file_is_given_away(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("site", ["cross-site", "same-site", None])
def test_a_page_that_another_site_may_have_asked_for_is_not_compressed(desk, site):
    headers = {**GZIP, **({"Sec-Fetch-Site": site} if site else {})}
    answer = desk.get("/?q=closure", headers=headers)
    assert "csrf_token" in answer.text
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/?q=closure", "/threats/list", "/threats/view?view=-180,-85,180,85&zoom=1", "/threats/histogram?severity=low", "/nothing"],
)
def test_pages_and_data_come_compressed_to_our_own(desk, path):
    small, plain = desk.get(path, headers=OWN), desk.get(path)
    if "Content-Encoding" not in small.headers:
        assert len(plain.data) < 1_000
        return
    assert len(small.data) < len(plain.data)
    assert len(gzip.decompress(small.data)) == pytest.approx(len(plain.data), abs=200)


def test_a_view_that_has_not_changed_is_not_sent_again_however_it_came(desk):
    path = "/threats/view?view=-180,-85,180,85&zoom=1"
    for headers in ({}, GZIP):
        etag = desk.get(path, headers=headers).headers["ETag"]
        assert desk.get(path, headers={**GZIP, "If-None-Match": etag}).status_code == 304


def test_streams_and_the_api_are_sent_as_they_are(app, desk):
    assert "Content-Encoding" not in desk.get("/threats/export.json", headers=OWN).headers
    assert "Content-Encoding" not in desk.get("/v1/openapi.json", headers=OWN).headers


def test_the_desk_takes_few_queries_and_bytes_whatever_the_number_of_rows(app, client, count_statements):
    ada = make.person(app)
    browse.sign_in(app, client)
    figures = {"/": [], "/threats/list": []}
    for number in (1, 50):
        make.put_threats(app, ada, number)
        for path, found in figures.items():
            several = []
            # The first takes over what has changed; on PostgreSQL any transaction beside it is a reason to look again.
            for _ in range(4):
                with count_statements() as statements:
                    answer = client.get(path, headers=OWN)
                several.append(len(statements))
            found.append((min(several), len(answer.data)))
    for path, queries, size in (("/", 18, 14_000), ("/threats/list", 10, 6_000)):
        (one, _), (fifty, bytes_of_fifty) = figures[path]
        assert one == fifty <= queries, path
        assert bytes_of_fifty <= size, path
