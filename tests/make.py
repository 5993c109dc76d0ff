"""Plain builders: each puts one believable thing into the database and returns what a test needs of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask import Flask

from app.db import new_id, refresh_statistics, transaction
from app.errors import Faults
from app.feeds.record import Record
from app.models import ImportRun
from app.service import imports, incidents, jobs, keys, people, threats, worker
from app.service.actor import Actor, operator
from app.service.incidents import NewIncident
from app.terms import Edge, Permission

WHEN = datetime(2026, 4, 18, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


def actor(app: Flask, tenant: str = people.DEFAULT_TENANT) -> Actor:
    """Return someone who may do everything in the tenant, which is made if need be."""
    with app.app_context():
        return operator(people.the_tenant(tenant).id)


def person(app: Flask, email: str = "ada@example.org", role: str = "analyst", tenant: str = people.DEFAULT_TENANT) -> Actor:
    """Make a person whose password is PASSWORD and return the actor that they are."""
    admin = actor(app, tenant)
    with app.app_context():
        return people.actor_for(people.add(admin, email, role, password=PASSWORD).id, Edge.WEB)


def record(number: int = 0, **values) -> Record:
    """Return a record near Lagos; each number is another threat, an hour apart and a little further east."""
    return Record(
        **{
            "row": number + 1,
            "source": "test",
            "external_id": f"t-{number}",
            "title": f"Road closure {number}",
            "severity": ("critical", "high", "medium", "low", "negligible")[number % 5],
            "threat_type": "road closure",
            "location": "Apapa, Lagos",
            "location_country": "NG",
            "lat": 6.44,
            "lng": 3.36 + (number % 1000) / 1000,
            "observed_at": WHEN + timedelta(hours=number),
            **values,
        }
    )


def put_threats(app: Flask, who: Actor, count: int, **values) -> list[UUID]:
    """Put `count` threats in, as an import would, and return their ids, in order."""
    ids: list[UUID] = []
    with app.app_context():
        for start in range(0, count, threats.UPSERT_MAX):
            numbers = range(start, min(count, start + threats.UPSERT_MAX))
            outcomes = threats.upsert(who, [record(i, **values) for i in numbers], faults=Faults())
            ids += [outcome.threat_id for outcome in outcomes]
        if count >= threats.UPSERT_MAX:
            refresh_statistics(*threats.THREAT_TABLES)
    return ids


def incident(app: Flask, who: Actor, threat_ids: list[UUID], title: str = "Port access disruption in Lagos") -> UUID:
    """Make an incident of the threats and return its id."""
    with app.app_context():
        new = NewIncident(title=title, threat_ids=[str(threat_id) for threat_id in threat_ids])
        return incidents.create(who, new).incident.id


def key(app: Flask, who: Actor, *scopes: str) -> dict[str, str]:
    """Make an API key with these scopes, all but admin if none is given, and return the header that carries it."""
    wanted = scopes or tuple(scope for scope in Permission if scope is not Permission.ADMIN)
    with app.app_context():
        return {"X-API-Key": keys.create(who, "test", wanted)[1]}


def import_file(who: Actor, filename: str, content: bytes, **choice) -> ImportRun:
    """Read a file in, within an app context, as `cordon import` does, and return what came of it."""
    run = imports.draft(who, filename, content)
    with transaction():
        imports.start(who, run.id, **choice)
        claim = jobs.take(new_id(), only=(who, "import", run.id))
    imports.work(claim)
    return imports.get(who, run.id)


def do_jobs(app: Flask) -> int:
    """Do all jobs that are due, as a worker would, and return how many there were."""
    count = 0
    with app.app_context():
        while claim := jobs.take(new_id()):
            worker.do(claim)
            count += 1
    return count
