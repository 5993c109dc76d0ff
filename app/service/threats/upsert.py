"""Putting threats in: new ones are added, changed ones get a version, and an older statement changes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db, now, refresh_statistics, transaction
from app.errors import Faults
from app.feeds.record import Record
from app.models import Tenant, Threat, ThreatAlias, ThreatRecord, ThreatText, ThreatVersion
from app.models.threat import SHORT_TEXT_MAX
from app.service.actor import Actor, guarded
from app.service.rules import is_plain
from app.service.threats.batch import Batch, Outcome
from app.service.threats.clean import clean, fill_countries
from app.service.threats.held import Found, Held, Key, find, held_of
from app.service.threats.told import NO_DIGEST, SEEN_EVERY, digest, seen
from app.terms import Permission

UPSERT_MAX = 1_000
MANY = 500
THREAT_TABLES = tuple(model.__tablename__ for model in (Threat, ThreatAlias, ThreatText, ThreatVersion, ThreatRecord))


@dataclass(slots=True)
class Statement:
    """A record on its way in. `same` is the threat whose latest record said the same, `values` what it says, if that is new."""

    record: Record
    at: str
    is_broken: bool
    digest: int
    names: list[Key] = field(default_factory=list)
    same: Found | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def look(self, faults: Faults) -> None:
        """Check the values; none are left of a record at fault."""
        self.values = clean(self.record, self.at, faults)
        if self.is_broken:
            self.values = {}


@guarded(Permission.THREATS_WRITE)
def upsert(
    actor: Actor,
    records: Sequence[Record],
    *,
    faults: Faults,
    at: str = "threats",
    partial: bool = False,
    ids: Mapping[Key, UUID] | None = None,
    run_id: UUID | None = None,
) -> list[Outcome]:
    """Put records in by their source and external id, in one transaction; return an outcome for each, in order.

    Faults are named `threats[3].title`. Unless `partial`, any fault means that nothing is written and Invalid is raised;
    with it the records at fault are left out, also those that were at fault before. A record that speaks of the same threat as
    one before it, by whichever of its names, is a later statement of it. Where a record with coordinates names no country, it
    is filled in. `ids` gives new threats ids chosen by the caller; `run_id` is the import or fetch that brings the records. The
    number of statements does not depend on the number of records.
    """
    broken = {int(found[1]) for fault in faults if (found := re.match(rf"{re.escape(at)}\[(\d+)\]", fault.field))}
    statements = [Statement(record, f"{at}[{i}]", i in broken, digest(record)) for i, record in enumerate(records)]
    if faults and not partial:
        for statement in statements:
            statement.look(faults)
        faults.raise_if_any()
    with transaction():
        # One writer of threats at a time in a tenant: two that bring the same new threat must not both insert it. It does not
        # keep others from adding rows that point to the tenant.
        tenant = sa.select(Tenant.id).where(Tenant.id == actor.tenant_id)
        db.session.execute(tenant.with_for_update(key_share=True))
        known = _known(actor, statements, faults)
        if not partial:
            faults.raise_if_any()
        batch = Batch(actor, known, ids or {}, now())
        outcomes = [_put(batch, statement) for statement in statements]
        batch.write(run_id)
        _note_seen(actor, statements, batch.time)
    if sum(outcome.kind == "new" for outcome in outcomes) >= MANY:
        refresh_statistics(*THREAT_TABLES, if_small=True)
    return outcomes


def _known(actor: Actor, statements: Sequence[Statement], faults: Faults) -> dict[Key, Held]:
    """Look at what the statements say, but for those that say the same as before; return the threats that the others speak of."""
    for statement in statements:
        statement.names = _names(statement)
    found = find(actor, {name for statement in statements for name in statement.names})
    for statement in statements:
        statement.same = _same(statement, found)
        if not statement.same:
            statement.look(faults)
    # What says the same is looked at nevertheless where another statement of this call may come before it.
    touched = {found[name].id for one in statements if not one.same for name in one.names if name in found}
    for statement in statements:
        if statement.same and statement.same.id in touched:
            statement.same = None
            statement.look(faults)
    fill_countries([statement.values for statement in statements if statement.values])
    spoken_of = {name: found[name] for one in statements if one.values for name in one.names if name in found}
    held = held_of(actor, spoken_of.values())
    return {name: held[one.id] for name, one in spoken_of.items()}


def _names(statement: Statement) -> list[Key]:
    """Return every name that the record speaks of, its own id first, as `clean` leaves them; none if they break a rule."""
    record = statement.record
    source, names = record.source, [record.external_id, *record.aliases, *record.replaces]
    if not all(is_plain(name, SHORT_TEXT_MAX) for name in (source, *names)):
        values = clean(record, "", Faults())
        if not values:
            return []
        source, names = values["source"], [values["external_id"], *values["aliases"], *values["replaces"]]
    return [(source, name) for name in names]


def _same(statement: Statement, found: Mapping[Key, Found]) -> Found | None:
    """Return the threat that the record speaks of, if its latest record said the same and it means nothing for others."""
    one = found.get(statement.names[0]) if statement.names else None
    if one is None or one.digest != statement.digest or statement.digest == NO_DIGEST or statement.is_broken:
        return None
    return None if statement.record.is_end or statement.record.replaces else one


def _put(batch: Batch, statement: Statement) -> Outcome:
    if statement.same:
        return Outcome("unchanged", statement.same.id)
    return batch.put(statement.values, statement.record, statement.digest) if statement.values else Outcome("failed")


def _note_seen(actor: Actor, statements: Sequence[Statement], time: datetime) -> None:
    """Note, once an hour, that threats were told of again."""
    long_ago = time - SEEN_EVERY
    again = {one.same.id for one in statements if one.same and one.same.seen_at and one.same.seen_at <= long_ago}
    seen(actor, again, time)
