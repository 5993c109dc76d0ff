"""Markup in what a source tells is never markup on a page of ours, from the file to every page that shows the threat."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
import sqlalchemy as sa

from app.db import db
from app.models import Threat
from tests import browse, make
from tests.test_feeds_cap import alert, info
from tests.test_feeds_maps import channel, earth, item, placemark
from tests.test_web_imports import finished, upload

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)><svg/onload=alert(3)>\"><b>bold</b>' autofocus onfocus=alert(4)"
TWICE = EVIL.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
THRICE = TWICE.replace("&", "&amp;")


def csv_file() -> bytes:
    words = ['"' + EVIL.replace('"', '""') + '"'] * 4
    rows = (f"{number},{','.join(words)},{url},6,3" for number, url in enumerate(("https://a.example/", "javascript:alert(5)")))
    return "\n".join(["id,title,description,location,type,url,lat,lng", *rows]).encode()


FILES = {
    "table.csv": csv_file(),
    "feed.rss": channel(
        item("<georss:point>6 3</georss:point>", title=THRICE, description=THRICE, category=THRICE, link="javascript:alert(5)")
    ),
    "alert.xml": alert(infos=info(headline=TWICE, event=TWICE, description=TWICE, web="javascript:alert(5)")).encode(),
    "places.kml": earth(placemark(f"<description>{THRICE}</description><Point><coordinates>3,6</coordinates></Point>", THRICE)),
}


class Page(HTMLParser):
    """Collects what a browser would run, or take for markup of EVIL."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        runs = [name for name, value in attrs if name.startswith("on") or (value or "").strip().lower().startswith("javascript:")]
        if runs or given.get("src") == "x" or tag == "b" or (tag == "script" and "src" not in given):
            self.found.append(self.get_starttag_text())


def harmful(page: str) -> list[str]:
    parser = Page()
    parser.feed(page)
    return parser.found


def test_what_is_looked_for_would_be_found():
    assert len(harmful(f"<a href='javascript:alert(5)'>{EVIL.replace('<script>alert(1)</script>', '')}")) == 4
    assert harmful(EVIL)[0] == "<script>"


@pytest.mark.parametrize("name", FILES)
def test_markup_of_a_source_is_shown_as_words_if_at_all(app, client, name):
    make.person(app)
    browse.sign_in(app, client)
    at = upload(client, FILES[name], name).location
    pages = [client.get(at).text]
    own = {} if name == "alert.xml" else {"source": f"<b>{name}"}  # An alert says itself of whom it is.
    assert browse.send(client, f"{at}/start", **own).status_code == 303
    pages.append(finished(app, client, at))
    assert " 1 new" in pages[-1]
    with app.app_context():
        [threat] = db.session.scalars(sa.select(Threat.id))
    pages += [client.get("/").text, client.get(f"/threats/{threat}").text]
    assert "bold" in pages[-1]
    incident = browse.send(client, "/incidents", ("threat_ids", str(threat)), title=EVIL).location
    pages.append(client.get(incident).text)
    for page in pages:
        assert harmful(page) == []
