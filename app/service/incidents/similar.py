"""Open incidents that threats may belong to: those that hold some of them already, or lie near in place and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import cos, radians
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db, given_ids
from app.geo.circle import Circle
from app.geo.distance import distance_km
from app.models import Incident, Threat
from app.models.incident import TITLE_MAX
from app.service.actor import Actor, guarded, owned
from app.service.links import present_links
from app.service.rules import UNFIT
from app.service.selection import Selection, whereabouts
from app.service.threats.filters import contains_text, inside
from app.terms import IncidentStatus, Permission

NEAR_KM = 50
NEAR_IN_TIME = timedelta(hours=48)
CANDIDATES = 200
"""Looked at of each kind; of equals by the first measure, more than these are not told apart by the second."""
SHARED_LOOKED_AT = 10_000
"""Of the threats in incidents, the newest so many are counted by incident."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Similar:
    """An open incident that threats may belong to.

    `shared` is how many of them it holds, or, if `at_least`, how many of those that were looked at. For one that lies near,
    `distance_km` is from their middle to its nearest threat, and `minutes` is how long that one was observed before the earliest
    or after the latest of them, 0 if in between.
    """

    incident_id: UUID
    title: str
    shared: int
    distance_km: float | None
    minutes: int | None
    at_least: bool = False

    @property
    def reason(self) -> str:
        """Return why it may be the same, in words."""
        if self.shared:
            return f"{'at least ' if self.at_least else ''}{self.shared:,} shared threat{'' if self.shared == 1 else 's'}"
        km, minutes = round(self.distance_km or 0), self.minutes or 0
        place = f"{km} km" if km else "under 1 km"
        return f"{place}, {minutes // 60} h" if minutes >= 120 else f"{place}, {minutes} min"


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An open incident to choose; `distance_km` is from a place to its nearest threat, if that is within NEAR_KM."""

    incident_id: UUID
    title: str
    link_count: int
    distance_km: float | None


@guarded(Permission.INCIDENTS_READ)
def similar(actor: Actor, selection: Selection, limit: int = 5) -> list[Similar]:
    """Return open incidents that hold some of the selected threats, most first, then those that lie near, nearest first.

    Near is within NEAR_KM of the middle of all of them and within NEAR_IN_TIME of their times, by one linked threat. Unknown ids
    are passed over. Two statements and those of the index; the second looks only at threats in the box around the circle. Raises
    Warming.
    """
    about = whereabouts(actor, selection, SHARED_LOOKED_AT)
    at_least = about.grouped_total > len(about.grouped)
    shared_by = _sharing(actor, about.grouped) if about.grouped else []
    found = {row.id: Similar(row.id, row.title, row.shared, None, None, at_least) for row in shared_by}
    if about.middle is not None and about.times is not None:
        circle = Circle(*about.middle, NEAR_KM)
        earliest, latest = about.times
        in_time = Threat.observed_at.between(earliest - NEAR_IN_TIME, latest + NEAR_IN_TIME)
        for row, distance in _nearest(actor, circle, limit=CANDIDATES, of_threat=[in_time]):
            apart = max(earliest - row.observed_at, row.observed_at - latest, timedelta())
            shared = found[row.id].shared if row.id in found else 0
            found[row.id] = Similar(row.id, row.title, shared, distance, apart // MINUTE, at_least)
    return sorted(found.values(), key=_rank)[:limit]


@guarded(Permission.INCIDENTS_READ)
def open_incidents(actor: Actor, q: str, near: tuple[float, float] | None, limit: int = 10) -> list[OpenIncident]:
    """Return open incidents with `q` in their title: those within NEAR_KM of `near` first, then the newest.

    Letters match whatever their case; `near` is (lat, lng) in degrees, and the nearest by a linked threat come first. At most
    two statements: the first looks only at threats in the box around the circle, the second at incidents from the newest on
    until there are enough, so at each incident of the tenant at most once. Raises ValueError for a place that there is not.
    """
    text = q.strip()
    if len(text) > TITLE_MAX or UNFIT.search(text):
        return []
    titled = contains_text(text, Incident.title) if text else sa.true()
    found: dict[UUID, OpenIncident] = {}
    if near is not None:
        for row, distance in _nearest(actor, Circle(*near, NEAR_KM), limit=limit, of_incident=[titled]):
            found[row.id] = OpenIncident(row.id, row.title, row.link_count, distance)
    if len(found) < limit:
        newest = (
            sa.select(Incident.id, Incident.title, Incident.link_count)
            .where(owned(actor, Incident), _is_open(), titled)
            .order_by(Incident.created_at.desc(), Incident.id.desc())
            .limit(limit)
        )
        for row in db.session.execute(newest):
            found.setdefault(row.id, OpenIncident(row.id, row.title, row.link_count, None))
    return list(found.values())[:limit]


def _rank(one: Similar) -> tuple[Any, ...]:
    unknown = one.distance_km is None
    return (-one.shared, unknown, one.distance_km or 0, one.minutes or 0, -one.incident_id.int)


def _is_open() -> sa.ColumnElement[bool]:
    # One that was merged is closed.
    return sa.and_(Incident.status == IncidentStatus.OPEN, Incident.deleted_at.is_(None))


def _sharing(actor: Actor, ids: list[UUID]) -> Sequence[Any]:
    """Return id, title and number of shared threats of the open incidents that hold any of these."""
    given = given_ids(ids)
    shared = sa.func.count(Incident.id).label("shared")
    link = present_links(db.engine)
    rows = db.session.execute(
        sa.select(Incident.id, Incident.title, shared)
        .select_from(given)
        # Outer joins, which SQLite never reorders: it would begin with all incidents of the tenant.
        .outerjoin(link, sa.and_(link.c.tenant_id == actor.tenant_id, link.c.threat_id == given.c.id0))
        .outerjoin(Incident, sa.and_(owned(actor, Incident), _is_open(), Incident.id == link.c.incident_id))
        .group_by(Incident.id, Incident.title)
        .order_by(shared.desc(), Incident.id.desc())
        .limit(CANDIDATES)
    )
    return [row for row in rows if row.shared]


def _nearest(
    actor: Actor, circle: Circle, *, limit: int, of_threat: Sequence[Any] = (), of_incident: Sequence[Any] = ()
) -> list[tuple[Any, float]]:
    """Return the open incidents with a linked threat in the circle, nearest first, each with that threat and its distance.

    The conditions are on the threat and on the incident. Which is nearest, the database tells on a flat map, which is exact
    enough within a city's reach; the distance in km is then taken on the globe. Rows have id, title and link_count of the
    incident, lat, lng and observed_at of the threat.
    """
    north = Threat.lat - circle.lat
    turn = sa.func.abs(Threat.lng - circle.lng)
    east = sa.case((turn > 180, 360 - turn), else_=turn) * cos(radians(circle.lat))
    measure = north * north + east * east
    link = present_links(db.engine)
    ranked = (
        sa.select(
            Incident.id,
            Incident.title,
            Incident.link_count,
            Threat.lat,
            Threat.lng,
            Threat.observed_at,
            measure.label("measure"),
            sa.func.row_number().over(partition_by=Incident.id, order_by=(measure, Threat.id)).label("place"),
        )
        .select_from(Threat)
        # Outer joins for the same reason as above; threats in no open incident share the one row without an id.
        .outerjoin(link, sa.and_(link.c.tenant_id == Threat.tenant_id, link.c.threat_id == Threat.id))
        .outerjoin(Incident, sa.and_(owned(actor, Incident), _is_open(), Incident.id == link.c.incident_id, *of_incident))
        .where(owned(actor, Threat), inside(circle.box), *of_threat)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(ranked).where(ranked.c.place == 1).order_by(ranked.c.measure, ranked.c.id.desc()).limit(limit + 1)
    )
    found = [(row, distance_km(circle.lat, circle.lng, row.lat, row.lng)) for row in rows if row.id is not None]
    return [(row, distance) for row, distance in found if distance <= circle.radius_km][:limit]
