"""Fills a tenant that has no threats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

import sqlalchemy as sa

from app.db import db, now, refresh_statistics, transaction
from app.errors import Faults
from app.feeds.record import Record
from app.models import Threat
from app.service.actor import Actor, guarded, owned
from app.service.demo import generate, lagos
from app.service.incidents import NewIncident, create
from app.service.threats import THREAT_TABLES, UPSERT_MAX, upsert
from app.terms import Permission, Scope

THREATS = 4_000
SEED = 2026
"""Makes outbreaks of each kind in INCIDENTS."""

# The largest outbreak of each of these becomes an incident.
INCIDENTS = (
    ("flood", Scope.AGGREGATE, "Flooding in {city}", "Water in several districts. Which roads are open?"),
    ("protest", Scope.AGGREGATE, "Unrest in {city}", "Protests that follow each other within a day or two."),
    ("cyber outage", Scope.INVESTIGATION, "Network failures in {city}", "Is there a common cause?"),
)


@dataclass(frozen=True, slots=True)
class Filled:
    """What was put in. Nothing, when the tenant had threats already."""

    threats: int
    incidents: int

    def __str__(self) -> str:
        if not self.threats:
            return "There are threats already, so no demonstration data was added."
        return f"Added {self.threats:,} made-up threats and {self.incidents} incidents for demonstration."


@guarded(Permission.ADMIN)
def fill(actor: Actor) -> Filled:
    """Put THREATS threats of the last two weeks and a few incidents into the actor's tenant, if it has no threat."""
    if db.session.scalar(sa.select(Threat.id).where(owned(actor, Threat)).limit(1)):
        return Filled(0, 0)
    with transaction():
        filled = _fill(actor)
    refresh_statistics(*THREAT_TABLES)
    return filled


def _fill(actor: Actor) -> Filled:
    time = now()
    scenario = lagos.records(time)
    made = list(generate.threats(THREATS - len(scenario), time, SEED))
    ids = _put(actor, [*scenario, *(record for _, record in made)])
    outbreaks: dict[str, list[tuple[Record, UUID]]] = defaultdict(list)
    for (outbreak, record), threat_id in zip(made, ids[len(scenario) :], strict=True):
        if outbreak:
            outbreaks[outbreak].append((record, threat_id))
    for kind, scope, title, description in INCIDENTS:
        members = max((m for m in outbreaks.values() if m[0][0].threat_type == kind), key=len)
        threat_ids = [str(threat_id) for _, threat_id in members]
        create(actor, NewIncident(title.format(city=members[0][0].location), description, scope, threat_ids))
    return Filled(len(ids), len(INCIDENTS))


def _put(actor: Actor, records: Sequence[Record]) -> list[UUID]:
    """Put the records in and return their ids, in order."""
    ids: list[UUID] = []
    rest = iter(records)
    while batch := list(islice(rest, UPSERT_MAX)):
        for outcome in upsert(actor, batch, faults=Faults(), ids=lagos.CHOSEN_IDS):
            assert outcome.threat_id is not None
            ids.append(outcome.threat_id)
    return ids
