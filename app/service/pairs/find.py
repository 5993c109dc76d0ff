"""Finding threats that may be one event told by two sources, among those written since it was last looked."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.db import among, db, now, transaction
from app.errors import Warming
from app.index.neighbours import Neighbours
from app.index.part import ids_of, uuids_of
from app.index.snapshot import Snapshot
from app.models import Tenant, Threat, ThreatPair, ThreatReference
from app.service import live_index
from app.service.actor import Actor, guarded, owned
from app.service.commit_order import Position, position, unread
from app.service.jobs import Claim
from app.service.live_index.rows import PRECISION_PLACES, STATUS_PLACES
from app.service.pairs.read import OVER, is_open, joined
from app.terms import Permission, Precision, ThreatStatus

BATCH = 1_000
PAIRS_MAX = 10
"""A threat has at most so many open proposals: those by an id that both have first, then the nearest."""
LOOKED_AT = 3 * PAIRS_MAX
"""So many that are near a threat are looked at, the nearest: some may be decided, and others have enough proposals already."""
BY_PLACE = "Same type, place and time."
WAIT_S = 0.5
"""How long it waits before it looks anew whether the index is there."""
NAMES = {"glide": "GLIDE number", "gdacs": "GDACS event", "usgs": "USGS event", "cap": "CAP alert"}

BEFORE_ALL = (-1, UUID(int=0))
_PRECISE = {PRECISION_PLACES[one] for one in (Precision.EXACT, Precision.NEAR, None)}
_GONE = {STATUS_PLACES[status] for status in (ThreatStatus.DISMISSED, *OVER)}


@dataclass(frozen=True, slots=True)
class Round:
    """All threats written after `since` that were there at `until`, of which those up to `after` are done.

    They are gone through by the numbers of their changes, the first time of all by their ids.
    """

    since: Position | None
    until: Position
    after: tuple[int, UUID] = BEFORE_ALL

    @classmethod
    def read(cls, kept: dict[str, Any] | None, present: Position) -> Round:
        """Return the round that was not done to its end, or else a new one; all anew if the database went back since."""
        since = Position(**kept["since"]) if kept and kept["since"] else None
        if since and present.is_before(since):
            return cls(None, present)
        if kept and "until" in kept:
            return cls(since, Position(**kept["until"]), (kept["after"][0], UUID(kept["after"][1])))
        return cls(since, present)

    def kept(self, rows: Sequence[tuple[UUID, int]]) -> dict[str, Any]:
        """Return what is kept once these rows are done; after the last ones, that all was looked through until then."""
        if len(rows) < BATCH:
            return {"since": asdict(self.until)}
        last, change = rows[-1]
        since = asdict(self.since) if self.since else None
        return {"since": since, "until": asdict(self.until), "after": [change, str(last)]}


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """Two threats that may be one, and why; the least is proposed first."""

    rank: int
    apart: float
    low: UUID
    high: UUID
    reason: str


def match(claim: Claim) -> None:
    """Do the job of looking for such threats in a tenant. Raises Lost and Stopped."""
    find(claim.actor, hold=claim.hold)
    with transaction():
        claim.hold()
        claim.done()


@guarded(Permission.THREATS_WRITE)
def find(actor: Actor, *, hold: Callable[..., object] = lambda **_: None) -> int:
    """Propose pairs among the threats written since the last call and all others, and return how many.

    Two threats of different sources are proposed if both have the same id of another system, or if they are of the same type,
    within a kilometre and a day of each other, and neither is over. What a person dismissed is not proposed, nor a pair that was
    proposed or decided before. Each BATCH is one transaction, which begins with `hold()` and moves the tenant's position;
    while the index is not there yet, `hold(got_on=False)` is called in between.
    """
    found = 0
    neighbours, held_until = None, None
    while True:
        this = Round.read(_kept(actor), position(db.session.connection(), actor.tenant_id))
        rows = _written(actor, this)
        if not rows and this.after == BEFORE_ALL:
            return found
        if neighbours is None or this.until != held_until:  # what was written since then is of the next round
            neighbours, held_until = Neighbours(_snapshot(actor, hold), _PRECISE, _GONE), this.until
        ids = [threat_id for threat_id, _ in rows]
        chosen = _chosen(actor, sorted({*_alike(actor, ids), *_near(neighbours, ids)}))
        with transaction() as session:
            hold()
            # Before the pairs, which keep their threats from being taken out: whoever does that holds this row first.
            kept = sa.update(Tenant).where(Tenant.id == actor.tenant_id).values(matched=this.kept(rows))
            session.execute(kept.execution_options(synchronize_session=False))
            found += _propose(actor, chosen)


def is_due(actor: Actor) -> bool:
    """Say whether `find` has something to look at: threats written since then, or the rest of a round that was cut off."""
    this = Round.read(_kept(actor), position(db.session.connection(), actor.tenant_id))
    return this.after != BEFORE_ALL or bool(_written(actor, this))


def _kept(actor: Actor) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = db.session.scalar(sa.select(Tenant.matched).where(Tenant.id == actor.tenant_id))
    return kept


def _written(actor: Actor, this: Round) -> list[tuple[UUID, int]]:
    """Return id and change of the next threats of a round."""
    statement = sa.select(Threat.id, Threat.change).where(owned(actor, Threat)).limit(BATCH)
    change, last = this.after
    if this.since is None:
        statement = statement.where(Threat.id > last).order_by(Threat.id)
    else:
        later = sa.or_(Threat.change > change, sa.and_(Threat.change == change, Threat.id > last))
        written = unread(db.session.connection(), Threat, this.since)
        statement = statement.where(written, Threat.change >= change, later).order_by(Threat.change, Threat.id)
    return [(row.id, row.change) for row in db.session.execute(statement)]


def _snapshot(actor: Actor, hold: Callable[..., object]) -> Snapshot:
    """Return all threats as they are in memory, once they are there."""
    while True:
        try:
            (matches,) = live_index.ask(actor, {})
        except Warming:
            with transaction():
                hold(got_on=False)
            time.sleep(WAIT_S)
        else:
            return matches.snapshot


def _near(neighbours: Neighbours, ids: Sequence[UUID]) -> Iterator[Candidate]:
    """Yield pairs of the same type, place and time, of which one is among these threats."""
    near = neighbours.of(ids_of(threat_id.bytes for threat_id in ids), LOOKED_AT)
    for one, other, apart in zip(uuids_of(near.ids), uuids_of(near.others), near.apart.tolist(), strict=True):
        yield Candidate(1, apart, min(one, other), max(one, other), BY_PLACE)


def _alike(actor: Actor, ids: Sequence[UUID]) -> Iterator[Candidate]:
    """Yield pairs that have an id of another system in common, of which one is among these threats."""
    theirs = sa.select(ThreatReference.reference).where(owned(actor, ThreatReference), among(ThreatReference.threat_id, ids))
    place = sa.func.row_number().over(
        partition_by=(ThreatReference.reference, Threat.source), order_by=ThreatReference.threat_id.desc()
    )
    told = (
        sa.select(ThreatReference.reference, ThreatReference.threat_id, Threat.source, Threat.status, place.label("place"))
        # An outer join, which SQLite never reorders: it would begin with all threats of the tenant.
        .outerjoin(Threat, sa.and_(Threat.tenant_id == ThreatReference.tenant_id, Threat.id == ThreatReference.threat_id))
        .where(owned(actor, ThreatReference), ThreatReference.reference.in_(theirs))
        .subquery()
    )
    written = set(ids)
    by_reference: dict[str, list[Any]] = defaultdict(list)
    # Of one source a threat is proposed at most PAIRS_MAX others; one may be itself.
    kept = sa.or_(told.c.place <= PAIRS_MAX + 1, among(told.c.threat_id, ids))
    for row in db.session.execute(sa.select(told).where(kept, told.c.status != ThreatStatus.DISMISSED)):
        by_reference[row.reference].append(row)
    for reference, rows in by_reference.items():
        if len(rows) < 2:
            continue
        whose, _, own_id = reference.partition(":")
        words = f"Both name the {NAMES.get(whose, f'{whose} id')} {own_id}."[:200]
        for one in (row for row in rows if row.threat_id in written):
            for other in (row for row in rows if row.place <= PAIRS_MAX + 1 and row.source != one.source):
                if one.status not in OVER or other.status not in OVER:
                    low, high = sorted((one.threat_id, other.threat_id))
                    yield Candidate(0, 0.0, low, high, words)


def _chosen(actor: Actor, candidates: list[Candidate]) -> list[Candidate]:
    """Return those of the candidates, best first, that were never proposed and that leave no threat with too many proposals."""
    if not candidates:
        return []
    ids = list({threat_id for one in candidates for threat_id in (one.low, one.high)})
    seen: set[tuple[UUID, UUID]] = set()
    proposed: Counter[UUID] = Counter()
    for column in (ThreatPair.low_id, ThreatPair.high_id):
        columns = (ThreatPair.low_id, ThreatPair.high_id, sa.case((is_open(), 1), else_=0).label("open"))
        for low, high, is_waiting in db.session.execute(joined(actor, *columns).where(among(column, ids))):
            if (low, high) not in seen:
                seen.add((low, high))
                proposed.update({low: is_waiting, high: is_waiting})
    chosen = []
    for one in candidates:
        if (one.low, one.high) not in seen and max(proposed[one.low], proposed[one.high]) < PAIRS_MAX:
            seen.add((one.low, one.high))
            proposed.update((one.low, one.high))
            chosen.append(one)
    return chosen


def _propose(actor: Actor, chosen: list[Candidate]) -> int:
    """Write proposals of threats that are still there; return how many."""
    if not chosen:
        return 0
    ids = list({threat_id for one in chosen for threat_id in (one.low, one.high)})
    there = set(db.session.scalars(sa.select(Threat.id).where(owned(actor, Threat), among(Threat.id, ids))))
    base = {"tenant_id": actor.tenant_id, "state": "proposed", "found_at": now()}
    rows = [
        {**base, "low_id": one.low, "high_id": one.high, "reason": one.reason} for one in chosen if {one.low, one.high} <= there
    ]
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    if rows:
        db.session.execute(insert(ThreatPair).on_conflict_do_nothing(), rows)
    return len(rows)
