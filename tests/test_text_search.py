"""Finding threats by their words, on both engines."""

from __future__ import annotations

from itertools import count

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db import db, transaction
from app.errors import Faults
from app.models import Threat, ThreatText
from app.service import threats
from app.service.actor import Actor
from app.service.rules import UNFIT
from app.service.threats.wording import words
from app.service.threats.wording_search import ids_having_words
from tests import browse, make

TEXTS = (
    "Protest at the port of Apapa",
    "Straße gesperrt in Köln",
    "東京都で地震",
    "Bank robbery, 2 armed men",
    "NEAR the border AND the river",
)
TENANTS = count()


def put(who: Actor, *texts: str, start: int = 0, field: str = "description") -> None:
    """Put in threats with these texts; each other text of theirs has no word."""
    bare = {"title": "–", "location": None, "description": None}
    records = [make.record(start + i, **{**bare, field: text}) for i, text in enumerate(texts)]
    threats.upsert(who, records, faults=Faults())


def found(who: Actor, query: str) -> list[int]:
    """Return the numbers of the threats that the query finds, by the condition and by the ids, which have to agree."""
    numbers = dict(db.session.execute(sa.select(Threat.id, Threat.external_id).where(Threat.tenant_id == who.tenant_id)).all())
    by_condition = set(db.session.scalars(sa.select(Threat.id).where(*threats.matching(who, {"q": query}))))
    by_ids = ids_having_words(who, query, db.session.connection()).tobytes()
    assert {threat_id.bytes for threat_id in by_condition} == {by_ids[i : i + 16] for i in range(0, len(by_ids), 16)}
    return sorted(int(numbers[threat_id].removeprefix("t-")) for threat_id in by_condition)


def expected(texts: tuple[str, ...] | list[str], query: str) -> list[int]:
    """Return what a plain look at every text finds."""
    wanted = words(query)
    return [
        i
        for i, text in enumerate(texts)
        if wanted and all(any(word.startswith(begin) for word in words(text)) for begin in wanted)
    ]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("apapa", [0]),
        ("PRO", [0]),
        ("papa", []),
        ("port protest", [0]),
        ("port bank", []),
        ("strasse köl", [1]),
        ("STRASSE koln", [1]),
        ("東京", [2]),
        ("地震", [2]),
        ("東都", []),
        ("2", [3]),
        ("the", [0, 4]),
        ("?!", []),
    ],
)
def test_a_threat_is_found_by_the_beginnings_of_its_words(context: Flask, query, numbers):
    who = make.actor(context)
    put(who, *TEXTS)
    assert found(who, query) == numbers == expected(TEXTS, query)


def test_title_place_and_description_are_searched_together_and_nothing_else(context: Flask):
    who = make.actor(context)
    text = make.record(0, title="Flood", location="Onitsha", description="Two bridges", threat_type="weather", url="https://a/b")
    threats.upsert(who, [text], faults=Faults())
    assert found(who, "flood onitsha bridge") == [0]
    assert found(who, "weather") == found(who, "https") == []


@pytest.mark.parametrize(
    "query",
    [
        *('"', "'", '"port', "port'", "\\", "*", ":", "%", "_", "(", ")", "-", "^", "{", "}", "&", "|", "!", ",", ";", "--"),
        *(
            "AND",
            "OR",
            "NOT",
            "NEAR",
            "near(border river)",
            "border AND river",
            "port OR bank",
            "port NOT protest",
            "port -protest",
        ),
        *(
            "words:port",
            "{words}: port",
            "words : *",
            "^protest",
            "port*",
            "port:*",
            "port:A",
            "'port':*",
            "port & !bank",
            "po_t",
        ),
        *("x' OR '1'='1", '" OR "1"="1', "port) OR (bank", "port\\", "port\tbank", "port\nprotest", "<-> port", "port <1> of"),
        *("1xport", "x", "1x", "0"),
    ],
)
def test_signs_and_operators_of_the_index_mean_nothing_in_a_query(context: Flask, query):
    who = make.actor(context)
    put(who, *TEXTS)
    assert found(who, query) == expected(TEXTS, query)


@pytest.mark.parametrize(
    "query", ["㌔" * 200, "ﷺ" * 200, "".join(map(chr, range(0x3300, 0x33C8))), " ".join(map(chr, range(0x4E00, 0x4E64)))]
)
def test_the_longest_queries_are_answered(context: Flask, query):
    who = make.actor(context)
    put(who, query, "port")
    assert found(who, query) == [0]


def test_a_text_of_20000_characters_is_found_by_its_last_word(context: Flask):
    who = make.actor(context)
    texts = ["é" * 20_000, "a b " * 4_999 + "last", "".join(chr(0x4E00 + i) for i in range(19_998)) + "東京", "ﷺ" * 20_000]
    put(who, *texts)
    assert [found(who, query) for query in ("eee", "last", "東京", "وسلم")] == [[0], [1], [2], [3]]


def test_a_changed_text_is_found_by_its_new_words_only(context: Flask):
    who = make.actor(context)
    put(who, "harbour closed", "harbour open")
    put(who, "airport closed")
    assert found(who, "harbour") == [1]
    assert found(who, "airport") == [0]
    put(who, "Harbour fire", start=1, field="title")
    assert found(who, "open") == []
    assert found(who, "fire") == [1]
    if db.engine.dialect.name == "sqlite":
        with transaction() as session:  # raises if the index is not in step with its table
            session.execute(sa.text("INSERT INTO threat_words(threat_words, rank) VALUES ('integrity-check', 1)"))


def test_a_new_threat_that_is_restated_at_once_is_found_by_what_holds(context: Flask):
    who = make.actor(context)
    threats.upsert(who, [make.record(0, title="First words"), make.record(0, title="Second words")], faults=Faults())
    assert found(who, "first") == []
    assert found(who, "second") == [0]


def test_nothing_of_another_tenant_is_found(context: Flask):
    us, them = make.actor(context), make.actor(context, "Other")
    put(us, "shared harbour")
    put(them, "shared airport", "shared")
    assert found(us, "shared") == [0]
    assert found(us, "airport") == []
    assert found(them, "shared") == [0, 1]
    assert found(us, f"{them.tenant_id}xairport") == []


def test_deleted_texts_leave_nothing_in_the_index(context: Flask):
    who = make.actor(context)
    put(who, *TEXTS)
    with transaction() as session:
        session.execute(sa.delete(ThreatText).where(ThreatText.tenant_id == who.tenant_id))
    assert found(who, "port") == []
    if db.engine.dialect.name == "sqlite":
        left = "SELECT count(*) FROM threat_words WHERE threat_words MATCH '\"1xport\"'"
        assert db.session.scalar(sa.text(left)) == 0


def test_threats_from_before_the_index_are_found_after_the_upgrade(app: Flask):
    who, other = make.actor(app), make.actor(app, "Other")
    make.put_threats(app, who, 5_001, location="Onitsha")
    make.put_threats(app, other, 3)
    with app.app_context():
        flask_migrate.downgrade(revision="0004")
        flask_migrate.upgrade()
        assert len(found(who, "onitsha")) == 5_001
        assert found(who, "closure 5000") == [5000]
        assert found(other, "closure 2") == [2]
        put(who, "airport", start=7)
        assert found(who, "airport") == [7]


LETTERS = st.text(
    st.sampled_from("aAbéÉßıİ ()*:\"'&|!\\_-–東京都ｶﾞ한กิक\u0301\u00ad१١½ﷺ🙂") | st.characters(exclude_categories=["Cs"]),
    max_size=12,
).filter(lambda text: not UNFIT.search(text))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    texts=st.lists(LETTERS, min_size=1, max_size=8), theirs=st.lists(LETTERS, max_size=4), further=st.lists(LETTERS, max_size=4)
)
def test_any_query_finds_what_a_plain_look_at_every_text_finds(app: Flask, texts, theirs, further):
    us, them = make.actor(app, f"T{next(TENANTS)}"), make.actor(app, f"T{next(TENANTS)}")
    with app.app_context():
        put(them, *theirs)
        put(us, *texts)
        begun = [text[:cut] for text in texts for cut in (1, 3, len(text))]
        for query in {*begun, *further, *theirs} - {""}:
            assert found(us, query) == expected(texts, query)


def test_the_words_that_match_are_marked_in_title_and_place(app: Flask, client):
    ada = make.person(app)
    make.put_threats(app, ada, 1, title="<b>Café</b> & fermé", location="Rue du Café <i>")
    page = browse.sign_in(app, client).get("/?q=cafe+FER").text
    assert "&lt;b&gt;<mark>Café</mark>&lt;/b&gt; &amp; <mark>fermé</mark></a>" in page
    assert "Rue du <mark>Café</mark> &lt;i&gt;, Nigeria" in page
    assert "<mark>" not in client.get("/").text


def test_a_search_without_a_letter_or_digit_finds_nothing_and_says_why(app: Flask, client):
    ada = make.person(app)
    make.put_threats(app, ada, 1, title="?!")
    page = browse.sign_in(app, client).get("/?q=%3F%21").text
    assert "The search has neither a letter nor a digit." in page
    assert "neither a letter" not in client.get("/?q=absent").text
