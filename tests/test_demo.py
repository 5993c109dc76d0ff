"""The demonstration data."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db, now
from app.errors import Denied
from app.models import Incident, Threat, ThreatLink
from app.service import demo, incidents
from app.service.demo import generate
from app.service.incidents import NewIncident
from tests import make


def test_an_empty_desk_is_filled_with_threats_and_incidents(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        filled = demo.fill(actor)
        threats = list(db.session.scalars(sa.select(Threat)))
        linked = Counter(db.session.scalars(sa.select(ThreatLink.incident_id)))
        assert str(filled) == "Added 4,000 made-up threats and 3 incidents for demonstration."
        assert (filled.threats, filled.incidents) == (len(threats), len(linked)) == (demo.THREATS, 3)
        assert min(linked.values()) > 1
    assert len({threat.threat_type for threat in threats}) >= 11
    assert len({threat.location_country for threat in threats}) > 80
    assert Counter(threat.severity for threat in threats).most_common()[-1][0] == "critical"
    assert all(threat.sources == ["Demonstration"] for threat in threats)
    time = now()
    assert all(time - timedelta(days=14, minutes=1) < threat.observed_at <= time for threat in threats)


def test_a_desk_with_threats_is_left_alone(app: Flask):
    actor = make.actor(app)
    make.put_threats(app, actor, 1)
    with app.app_context():
        filled = demo.fill(actor)
        assert filled.threats == 0
        assert str(filled) == "There are threats already, so no demonstration data was added."
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Threat)) == 1


def test_another_tenants_threats_do_not_count(app: Flask):
    make.put_threats(app, make.actor(app, "Other"), 1)
    actor = make.actor(app)
    with app.app_context():
        assert demo.fill(actor).threats == demo.THREATS


def test_the_published_example_request_makes_an_incident(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        demo.fill(actor)
        view = incidents.create(actor, NewIncident(**demo.EXAMPLE))
        assert [str(link.threat_id) for link in view.links] == demo.EXAMPLE["threat_ids"]
        assert {link.threat_type for link in view.links} == {"protest", "road closure"}
        assert {link.location_country for link in view.links} == {"NG"}
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Incident)) == 4


def test_the_same_seed_makes_the_same_threats():
    time = now()
    first, again, other = (list(generate.threats(300, time, seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_people_live_where_threats_are_and_big_outbreaks_are_rare():
    made = list(generate.threats(demo.THREATS, now(), 3))
    places = Counter(record.location for _, record in made)
    assert len(places) > 1000
    assert places.most_common(1)[0][1] < 80
    outbreaks = Counter(outbreak for outbreak, _ in made if outbreak)
    assert max(outbreaks.values()) > 15
    assert sum(size < 10 for size in outbreaks.values()) > 0.8 * len(outbreaks)


def test_a_viewer_can_not_fill_the_desk(app: Flask):
    viewer = make.person(app, role="viewer")
    with app.app_context(), pytest.raises(Denied):
        demo.fill(viewer)
