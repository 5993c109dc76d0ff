"""How often a client may ask, counted over all workers by the database.

Time is cut into slots, and a row counts the requests of one client in one slot. What matters is the sum over the slots of the
last window. Two ways to count:

- `spend` counts in memory and adds up with the database when a share of what is left was used, so that most requests cost no
  statement. Between two looks a worker lets in at most a sixteenth of what it believes is left: by so much per worker more than
  the quota may get in at worst. If the database is busy, it counts on alone and adds up later.
- `spend_exactly` asks the database each time: never more than the quota in any window, whatever the number of workers.

What is refused is not counted.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from threading import Lock

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.db import EPOCH, db, transaction
from app.models import RateCount

SLOTS = 10
"""Parts of a window."""
SHARE = 16
"""A worker looks anew when it let in one part in so many of what was left."""
LOOK_S = 1.0
"""Seconds between two looks that nothing else calls for."""
LITTLE = 1000
"""What is less than one part in so many of the quota waits to be counted."""
CLIENTS_MAX = 20_000
CLEANED_AT_ONCE = 100

clock = time.time


@dataclass(frozen=True, slots=True)
class Limit:
    """`quota` requests in any `window_s` seconds. `name` is what clients are told."""

    name: str
    quota: int
    window_s: int

    @property
    def slot_s(self) -> float:
        """Return the length of a slot."""
        return self.window_s / SLOTS

    def bucket(self, client: str) -> bytes:
        """Return what a client's requests are counted under; it can't be read back from."""
        return hashlib.sha256(f"{self.name}\0{client}".encode(errors="replace")).digest()[:16]


@dataclass(frozen=True, slots=True)
class Standing:
    """What came of asking: whether it is let in, how many more are, and in how many seconds that gets better."""

    limit: Limit
    is_over: bool
    left: int
    wait_s: int


@dataclass(slots=True)
class _Client:
    """What a worker remembers of a client: what was counted when it looked, what it let in since, and when some of it lapses."""

    looked_at: float
    counted: int = 0
    since: int = 0
    last_at: float = 0.0
    better_at: float = 0.0


_clients: dict[bytes, _Client] = {}
_lock = Lock()


def forget() -> None:
    """Forget what is in memory, as a worker that starts."""
    _clients.clear()


def spend(limit: Limit, client: str) -> Standing:
    """Count one request of a client, nearly for nothing, and say whether it is let in."""
    bucket, at = limit.bucket(client), clock()
    with _lock:
        known = _remembered(limit, bucket, at)
        added, last_at = known.since if _is_look_due(limit, known, at) else None, known.last_at
        if added is not None:
            known.looked_at, known.counted, known.since = at, known.counted + added, 0
    if added is not None:
        _look(limit, bucket, known, added, last_at, at)
    with _lock:
        left = limit.quota - known.counted - known.since
        if left <= 0:
            return Standing(limit, True, 0, max(1, ceil(known.better_at - at)))
        known.since, known.last_at = known.since + 1, at
        return Standing(limit, False, left - 1, limit.window_s)


def _remembered(limit: Limit, bucket: bytes, at: float) -> _Client:
    """Return what is known of the client; what was known a window ago holds no more."""
    known = _clients.get(bucket)
    if known is None or not 0 <= at - known.looked_at <= limit.window_s:
        if len(_clients) >= CLIENTS_MAX:
            _clients.clear()
        known = _clients[bucket] = _Client(at)
    return known


def _is_look_due(limit: Limit, known: _Client, at: float) -> bool:
    left, rested = limit.quota - known.counted - known.since, at - known.looked_at >= LOOK_S
    if left <= 0:
        return rested
    return known.since * SHARE > left or (rested and known.since * LITTLE >= limit.quota)


def _look(limit: Limit, bucket: bytes, known: _Client, added: int, last_at: float, at: float) -> None:
    """Add to the database what was let in, and learn of the other workers what they did."""
    try:
        if added:
            _count(limit, bucket, added, last_at, wait=False)
        counts = _counts(limit, bucket, at)
    except sa.exc.DBAPIError:
        db.session.rollback()
        with _lock:
            known.counted -= added
            known.since += added
        return
    oldest = int(at // limit.slot_s) - SLOTS
    leaving = counts.get(oldest, 0) * (at / limit.slot_s % 1)  # that part of the oldest slot is out of the window
    with _lock:
        known.counted = int(sum(counts.values()) - leaving)
        known.better_at = _better_at(limit, counts, known.counted - limit.quota + 1)


def spend_exactly(limits: Sequence[tuple[Limit, str]]) -> Standing | None:
    """Count one request under several limits; return the standing under one that it is over, and then count it under none.

    Writes to the database each time. Limits with a quota of 0 are passed over.
    """
    at = clock()
    asked = [(limit, limit.bucket(client)) for limit, client in limits if limit.quota]
    for limit, bucket in asked:  # first counted, then looked at: of two at once, the later one sees both
        _count(limit, bucket, 1, at)
    for limit, bucket in asked:
        counts = _counts(limit, bucket, at)
        if (excess := sum(counts.values()) - limit.quota) > 0:
            for other, there in asked:
                _count(other, there, -1, at)
            return Standing(limit, True, 0, max(1, ceil(_better_at(limit, counts, excess) - at)))
    return None


def _better_at(limit: Limit, counts: Mapping[int, int], number: int) -> float:
    """Return when so many of the requests counted will have lapsed."""
    last = 0
    for slot in sorted(counts):
        last = slot
        number -= counts[slot]
        if number <= 0:
            break
    return (last + SLOTS + 1) * limit.slot_s


def _counts(limit: Limit, bucket: bytes, at: float) -> dict[int, int]:
    """Return the counts by slot that a window up to now touches."""
    oldest = int(at // limit.slot_s) - SLOTS
    rows = db.session.execute(
        sa.select(RateCount.slot, RateCount.count).where(RateCount.bucket == bucket, RateCount.slot >= oldest)
    )
    return {row[0]: row[1] for row in rows}


def _count(limit: Limit, bucket: bytes, number: int, at: float, *, wait: bool = True) -> None:
    """Add to the count of the slot of a time, and delete some rows that count for nothing any more."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    slot = int(at // limit.slot_s)
    gone_at = EPOCH + timedelta(seconds=(slot + SLOTS + 1) * limit.slot_s)
    row = insert(RateCount).values(bucket=bucket, slot=slot, count=number, gone_at=gone_at)
    more = row.on_conflict_do_update(
        index_elements=[RateCount.bucket, RateCount.slot], set_={"count": RateCount.count + row.excluded["count"]}
    )
    key = sa.tuple_(RateCount.bucket, RateCount.slot)
    old = sa.select(RateCount.bucket, RateCount.slot).where(RateCount.gone_at < EPOCH + timedelta(seconds=at))
    some = old.limit(CLEANED_AT_ONCE).with_for_update(skip_locked=True)
    with transaction(wait=wait) as session:
        session.execute(more)
        session.execute(sa.delete(RateCount).where(key.in_(some)).execution_options(synchronize_session=False))
