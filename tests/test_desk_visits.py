"""New since my last visit: what a visit is, and what the desk then shows."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app.db import db, now, transaction
from app.errors import Faults
from app.models import DeskVisit
from app.service import threats, visits
from tests import browse, make


def later(app, who, by: timedelta) -> None:
    """Let time pass for a person, by moving what is known of them back."""
    with app.app_context(), transaction() as session:
        visit = session.get(DeskVisit, (who.tenant_id, who.id))
        visit.seen_at -= by
        if visit.last_ended_at is not None:
            visit.last_ended_at -= by


def kept(who) -> DeskVisit:
    db.session.rollback()
    return db.session.get(DeskVisit, (who.tenant_id, who.id), populate_existing=True)


def test_a_visit_ends_after_half_an_hour_without_a_request(app):
    ada = make.person(app)
    with app.app_context():
        assert visits.last_ended(ada) is None
        first = kept(ada).seen_at
    later(app, ada, timedelta(minutes=29))
    with app.app_context():
        assert visits.last_ended(ada) is None
        assert kept(ada).seen_at >= first
    later(app, ada, timedelta(minutes=31))
    with app.app_context():
        ended = kept(ada).seen_at
        assert visits.last_ended(ada) == ended
        assert kept(ada).last_ended_at == ended
        assert visits.last_ended(ada) == ended


def test_requests_within_a_minute_write_once(app, count_statements):
    ada = make.person(app)
    with app.app_context():
        visits.last_ended(ada)
    for passed, writes in ((timedelta(), 0), (timedelta(seconds=59), 0), (timedelta(seconds=2), 1)):
        later(app, ada, passed)
        with app.app_context(), count_statements() as statements:
            visits.last_ended(ada)
        assert len([text for text in statements if text.startswith("UPDATE")]) == writes


def test_a_busy_database_is_no_reason_not_to_answer(app, engine_name):
    ada = make.person(app)
    with app.app_context():
        visits.last_ended(ada)
    later(app, ada, timedelta(hours=2))
    with app.app_context():
        seen = kept(ada).seen_at
        db.session.rollback()
        with db.engine.connect().execution_options(writes=True) as other:
            other.execute(sa.update(DeskVisit).values(seen_at=DeskVisit.seen_at))
            assert visits.last_ended(ada) == seen
            other.rollback()
        assert kept(ada).seen_at == seen
        assert visits.last_ended(ada) == seen
        assert kept(ada).seen_at > seen


def test_a_first_visit_that_can_not_be_noted_is_one_all_the_same(app):
    ada = make.person(app)
    with app.app_context():
        with db.engine.connect().execution_options(writes=True) as other:
            other.execute(sa.insert(DeskVisit).values(tenant_id=ada.tenant_id, person_id=ada.id, seen_at=now()))
            assert visits.last_ended(ada) is None
            other.rollback()
        assert kept(ada) is None
        assert visits.last_ended(ada) is None
        assert kept(ada).last_ended_at is None


def test_visits_of_several_people_and_tenants_are_apart(app):
    ada, ines = make.person(app), make.person(app, "ines@example.net", tenant="Other")
    with app.app_context():
        visits.last_ended(ada)
    later(app, ada, timedelta(hours=1))
    with app.app_context():
        assert visits.last_ended(ines) is None
        assert visits.last_ended(ada) is not None


def test_the_desk_lists_what_came_in_since_the_last_visit(app, client):
    ada = make.person(app)
    make.put_threats(app, ada, 3)
    browse.sign_in(app, client)
    page = client.get("/?new=true").text
    assert "3 threats" in page
    assert "your first visit" in page
    later(app, ada, timedelta(hours=1))
    with app.app_context(), transaction() as session:
        session.execute(sa.text("UPDATE threat SET created_at = :at"), {"at": old(app)})
    with app.app_context():
        threats.upsert(ada, [make.record(7)], faults=Faults())
    page = client.get("/?new=true").text
    assert browse.listed(page) == browse.listed(client.get("/?q=closure+7").text)
    assert 'name="new" value="true" checked' in page
    assert client.get("/threats/list?new=true").text.count("<tr role") == 2
    assert "1 threat<" in client.get("/threats/list?new=true&arrived_from=2020-01-01T00:00:00Z").text
    assert "0 threats" in client.get("/threats/list?new=true&arrived_from=2999-01-01T00:00:00Z").text


def old(app):
    time = now() - timedelta(days=1)
    return time if db.engine.dialect.name == "postgresql" else int(time.timestamp() * 1000)
