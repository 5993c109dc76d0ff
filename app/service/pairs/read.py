"""Reading pairs: those of a threat, all open ones, and with whom a threat is the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.db import db
from app.geo.distance import distance_km
from app.models import Threat, ThreatPair
from app.service.actor import Actor, guarded, owned
from app.service.query import Page
from app.service.threats.withheld import visible
from app.terms import Permission, ThreatStatus

OVER = (ThreatStatus.ENDED, ThreatStatus.RESOLVED)
LOW, HIGH = aliased(Threat), aliased(Threat)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two threats that may be one event, or that a person decided on; `this` is the one asked about, or that came first."""

    row: ThreatPair
    this: Threat
    other: Threat

    @property
    def km(self) -> float | None:
        """Return how far they are from each other, None if one has no place."""
        if self.this.lat is None or self.this.lng is None or self.other.lat is None or self.other.lng is None:
            return None
        return distance_km(self.this.lat, self.this.lng, self.other.lat, self.other.lng)

    @property
    def hours(self) -> float | None:
        """Return how far their times are from each other, None if one has none."""
        if self.this.observed_at is None or self.other.observed_at is None:
            return None
        return abs((self.this.observed_at - self.other.observed_at).total_seconds()) / 3600


def is_open() -> sa.ColumnElement[bool]:
    """Return the condition that a pair is still to be decided: neither of LOW and HIGH was dismissed, nor are both over."""
    return sa.and_(
        ThreatPair.state == "proposed",
        LOW.status != ThreatStatus.DISMISSED,
        HIGH.status != ThreatStatus.DISMISSED,
        sa.or_(LOW.status.not_in(OVER), HIGH.status.not_in(OVER)),
    )


def joined(actor: Actor, *columns: Any) -> sa.Select[Any]:
    """Return a statement for pairs with their threats LOW and HIGH."""
    # Outer joins, which SQLite never reorders: it would begin with all threats of the tenant.
    return (
        sa.select(*columns)
        .select_from(ThreatPair)
        .outerjoin(LOW, sa.and_(LOW.tenant_id == ThreatPair.tenant_id, LOW.id == ThreatPair.low_id))
        .outerjoin(HIGH, sa.and_(HIGH.tenant_id == ThreatPair.tenant_id, HIGH.id == ThreatPair.high_id))
        .where(owned(actor, ThreatPair))
    )


@guarded(Permission.THREATS_READ)
def of_threat(actor: Actor, threat_id: UUID) -> list[Pair]:
    """Return the pairs of a threat, open ones first, then those decided, the newest first."""
    shown = sa.or_(is_open(), ThreatPair.state != "proposed")
    # Two statements, each by an index: for one with OR, SQLite would go through all pairs.
    pairs = [
        Pair(pair, *((low, high) if column is ThreatPair.low_id else (high, low)))
        for column in (ThreatPair.low_id, ThreatPair.high_id)
        for pair, low, high in db.session.execute(
            joined(actor, ThreatPair, LOW, HIGH).where(column == threat_id, shown).execution_options(populate_existing=True)
        )
    ]
    newest = sorted(pairs, key=lambda one: (one.row.found_at, one.other.id), reverse=True)
    return sorted(newest, key=lambda one: one.row.state != "proposed")


@guarded(Permission.THREATS_READ)
def open_pairs(actor: Actor, limit: int = 50, offset: int = 0) -> Page[Pair]:
    """Return a page of the pairs that are still to be decided, newest first, and their true number."""
    rows = db.session.execute(
        joined(actor, ThreatPair, LOW, HIGH)
        .where(is_open())
        .order_by(ThreatPair.found_at.desc(), ThreatPair.low_id, ThreatPair.high_id)
        .limit(limit)
        .offset(offset)
        .execution_options(populate_existing=True)
    )
    return Page([Pair(pair, low, high) for pair, low, high in rows], count(actor), None)


@guarded(Permission.THREATS_READ)
def count(actor: Actor, most: int | None = None) -> int:
    """Return how many pairs are still to be decided; with `most`, no more than those are looked at."""
    waiting = joined(actor, ThreatPair.low_id).where(owned(actor, ThreatPair), is_open()).limit(most).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(waiting)) or 0


@guarded(Permission.THREATS_READ)
def same_as(actor: Actor, threat_id: UUID) -> list[UUID]:
    """Return the threats that a person said are the same event as this one, of those that the actor may see."""
    same = (owned(actor, ThreatPair), ThreatPair.state == "same")
    others = sa.union_all(
        sa.select(ThreatPair.high_id.label("id")).where(*same, ThreatPair.low_id == threat_id),
        sa.select(ThreatPair.low_id.label("id")).where(*same, ThreatPair.high_id == threat_id),
    ).subquery()
    found = sa.select(Threat.id).where(owned(actor, Threat), visible(actor), Threat.id.in_(sa.select(others.c.id)))
    return list(db.session.scalars(found.order_by(Threat.id)))
