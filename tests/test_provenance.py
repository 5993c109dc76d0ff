"""Where a threat comes from: its sources, when they told of it, what brought it, and what they wrote."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.db import db, now, transaction
from app.models import Threat, ThreatRecord
from app.service import pairs
from app.service.threats.provenance import origins, raw_record
from tests import browse, make

TABLE = b"id,title,note\nr-1,Road closed,<b>by the river</b>\n"


@pytest.fixture
def ada(app, client):
    who = make.person(app)
    browse.sign_in(app, client)
    return who


def read_in(app, who, content=TABLE):
    with app.app_context():
        run = make.import_file(who, "roads.csv", content)
        return run, db.session.scalars(sa.select(Threat.id)).one()


def test_a_threat_tells_its_source_the_import_that_brought_it_and_the_record_as_it_was_written(app, client, ada):
    run, threat_id = read_in(app, ada)
    page = client.get(f"/threats/{threat_id}").text
    assert f'Import <a href="/imports/{run.id}">roads.csv</a>' in page
    assert "&lt;b&gt;by the river&lt;/b&gt;" in page
    assert "<b>by the river" not in page
    answer = client.get(f"/threats/{threat_id}/record.txt")
    assert answer.mimetype == "text/plain"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "<b>by the river</b>" in answer.text


def test_when_a_source_last_told_of_a_threat_moves_on_with_each_telling_but_at_most_once_an_hour(app, ada):
    _, threat_id = read_in(app, ada)
    with app.app_context():
        (first,) = origins(ada, [threat_id])
        with transaction() as session:
            session.execute(
                sa.update(ThreatRecord).values(seen_at=now() - timedelta(hours=2), first_seen_at=now() - timedelta(days=1))
            )
    read_in(app, ada)
    with app.app_context():
        (again,) = origins(ada, [threat_id])
        assert again.seen_at >= first.seen_at
        assert again.first_seen_at < first.first_seen_at
    read_in(app, ada)
    with app.app_context():
        assert origins(ada, [threat_id])[0].seen_at == again.seen_at


def test_a_long_record_is_shown_in_part_with_its_true_length_and_sent_whole(app, client, ada):
    _, threat_id = read_in(app, ada, b"id,title,note\nr-1,Road closed," + b"x" * 9_000 + b"\n")
    page = client.get(f"/threats/{threat_id}").text
    whole = client.get(f"/threats/{threat_id}/record.txt").text
    assert f"The first 4,000 of {len(whole):,} characters." in page
    assert "x" * 5_000 not in page
    assert "x" * 9_000 in whole


def test_events_that_a_person_said_are_the_same_are_told_with_all_their_sources(app, client, ada):
    (one,) = make.put_threats(app, ada, 1, source="USGS")
    (other,) = make.put_threats(app, ada, 1, source="EMSC")
    with app.app_context():
        pairs.find(ada)
        pairs.decide(ada, one, other, same=True, keep=one)
    page = client.get(f"/threats/{one}").text
    assert f'EMSC: <a href="/threats/{other}">' in page
    assert "no import that is still known" in page


def test_a_stranger_and_a_threat_without_a_record_have_none(app, client, ada):
    _, threat_id = read_in(app, ada)
    stranger = make.actor(app, "elsewhere")
    with app.app_context():
        assert origins(stranger, [threat_id]) == []
        assert raw_record(stranger, threat_id) is None
        with transaction() as session:
            session.execute(sa.delete(ThreatRecord))
    assert client.get(f"/threats/{threat_id}/record.txt").status_code == 404
    assert "The record as the source wrote it" not in client.get(f"/threats/{threat_id}").text


def test_what_a_threat_tells_of_its_sources_takes_the_same_number_of_statements_for_one_and_for_many(app, ada, count_statements):
    ids = make.put_threats(app, ada, 50)
    counts = []
    with app.app_context():
        for some in (ids[:1], ids):
            with count_statements() as statements:
                origins(ada, some)
            counts.append(sum("SELECT" in statement for statement in statements))
    assert counts == [2, 2]
