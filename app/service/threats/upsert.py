"""Putting threats in: new ones are added, changed ones get a version, and an older statement changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db, new_id, now, refresh_statistics, transaction
from app.errors import Faults
from app.feeds.record import Record
from app.models import Incident, Tenant, Threat, ThreatAlias, ThreatLink, ThreatText, ThreatVersion
from app.service.actor import Actor, act, guarded, owned
from app.service.commit_order import change_number
from app.service.threats.clean import clean
from app.service.threats.held import STATED, Held, Key, changes_of, ending, known_by, plain
from app.service.threats.wording_search import TEXTS, indexed
from app.terms import Permission, Severity, ThreatStatus

UPSERT_MAX = 1_000
MANY = 500
NOT_KEPT = {"aliases", "replaces", "is_end"}
"""What a record says besides the values of a threat."""
THREAT_TABLES = tuple(model.__tablename__ for model in (Threat, ThreatAlias, ThreatText, ThreatVersion))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record.

    New, updated, unchanged, older (than what we hold), failed (a rule is broken) or unknown (the end of what is not held).
    `act_id` is the act by which a new or updated one was written.
    """

    kind: str
    threat_id: UUID | None = None
    act_id: UUID | None = None


@guarded(Permission.THREATS_WRITE)
def upsert(
    actor: Actor,
    records: Sequence[Record],
    *,
    faults: Faults,
    at: str = "threats",
    partial: bool = False,
    ids: Mapping[Key, UUID] | None = None,
    run_id: UUID | None = None,  # noqa: ARG001 - kept with the raw record
) -> list[Outcome]:
    """Put records in by their source and external id, in one transaction; return an outcome for each, in order.

    Faults are named `threats[3].title`. Unless `partial`, any fault means that nothing is written and Invalid is raised;
    with it the records at fault are left out. A record that speaks of the same threat as one before it, by whichever of its
    names, is a later statement of it. `ids` gives new threats ids chosen by the caller. The number of statements does not
    depend on the number of records.
    """
    cleaned = [clean(record, f"{at}[{i}]", faults) for i, record in enumerate(records)]
    if not partial:
        faults.raise_if_any()
    with transaction():
        # One writer of threats at a time in a tenant: two that bring the same new threat must not both insert it. It does not
        # keep others from adding rows that point to the tenant.
        tenant = sa.select(Tenant.id).where(Tenant.id == actor.tenant_id)
        db.session.execute(tenant.with_for_update(key_share=True))
        named = {key for values in cleaned if values for key in (*_keys(values), *_replaced(values))}
        batch = Batch(actor, known_by(actor, named), ids or {})
        outcomes = [batch.put(values) if values else Outcome("failed") for values in cleaned]
        batch.write()
    if sum(outcome.kind == "new" for outcome in outcomes) >= MANY:
        refresh_statistics(*THREAT_TABLES, if_small=True)
    return outcomes


def _keys(values: dict[str, Any]) -> list[Key]:
    """Return every name that the record's threat goes by, its own id first."""
    return [(values["source"], name) for name in (values["external_id"], *values["aliases"])]


def _replaced(values: dict[str, Any]) -> list[Key]:
    """Return the names of the statements that the record takes the place of."""
    return [(values["source"], name) for name in values["replaces"]]


class Batch:
    """The records of one call on their way in: decided one by one in memory, written together."""

    def __init__(self, actor: Actor, known: dict[Key, Held], ids: Mapping[Key, UUID]) -> None:
        """Begin with the threats that are held already, by each of their names."""
        self._actor = actor
        self._known = known
        self._ids = ids
        self._time = now()
        self._act = act(actor, "threats_put")
        self._aliases: list[dict[str, Any]] = []
        self._versions: list[dict[str, Any]] = []
        self._moved: set[UUID] = set()
        self._reworded: set[UUID] = set()

    def put(self, values: dict[str, Any]) -> Outcome:
        """Decide what a clean record means for the threat that it speaks of."""
        keys, replaced = _keys(values), _replaced(values)
        stamp = values["source_updated_at"]
        if values["is_end"]:
            return self._end(self._held(keys + replaced), values["expires_at"] or stamp, stamp)
        held = next(iter(self._held(keys + replaced)), None)
        if held is None:
            held = Held(self._ids.get(keys[0]) or new_id(), values, values["source_updated_at"], 1, is_new=True)
            values["severity"] = values["severity"] or Severity.MEDIUM
            values["status"] = values["status"] or ThreatStatus.ACTIVE
            self._known[keys[0]] = held
            self._name(held, keys + replaced)
            self._version(held, {})
            return Outcome("new", held.id, self._act.id)
        if stamp and held.stamp and stamp < held.stamp:
            return Outcome("older", held.id)
        others = self._end([other for other in self._held(replaced) if other is not held], stamp, stamp)
        self._name(held, keys + replaced)
        outcome = self._state(held, changes_of(held, values), stamp)
        return Outcome("updated", held.id, self._act.id) if others.kind == "updated" else outcome

    def _held(self, keys: list[Key]) -> list[Held]:
        """Return the threats that go by these names, each once."""
        return list({held.id: held for key in keys if (held := self._known.get(key))}.values())

    def _end(self, threats: list[Held], over_at: datetime | None, stamp: datetime | None) -> Outcome:
        """Decide what their end changes; the outcome is updated if it changes any of them."""
        outcome = Outcome("unknown")
        for held in threats:
            if stamp and held.stamp and stamp < held.stamp:
                became = Outcome("older", held.id)
            else:
                became = self._state(held, ending(held, over_at), stamp)
            if outcome.kind != "updated":
                outcome = became
        return outcome

    def _state(self, held: Held, changes: dict[str, tuple[Any, Any]], stamp: datetime | None) -> Outcome:
        """Note what a statement of this stamp changes."""
        if stamp and stamp != held.stamp:
            held.stamp, held.is_changed = stamp, True
        if not changes:
            return Outcome("unchanged", held.id)
        held.is_changed = True
        held.values = {**held.values, **{name: after for name, (_, after) in changes.items()}}
        held.versions += 1
        self._version(held, {name: plain(pair) for name, pair in changes.items()})
        if "observed_at" in changes:
            self._moved.add(held.id)
        if not changes.keys().isdisjoint(TEXTS):
            self._reworded.add(held.id)
        return Outcome("updated", held.id, self._act.id)

    def _name(self, held: Held, keys: list[Key]) -> None:
        for key in keys:
            if key not in self._known:
                self._known[key] = held
                row = {"tenant_id": self._actor.tenant_id, "source": key[0], "alias": key[1], "threat_id": held.id}
                self._aliases.append(row)

    def _version(self, held: Held, changes: dict[str, Any]) -> None:
        self._versions.append(
            {
                "tenant_id": self._actor.tenant_id,
                "threat_id": held.id,
                "number": held.versions,
                "at": self._time,
                "act_id": self._act.id,
                "changes": changes,
            }
        )

    def write(self) -> None:
        """Write all that was decided. Threats are updated in the order of their ids, so that two writers never deadlock."""
        touched = sorted({held.id: held for held in self._known.values()}.values(), key=lambda held: held.id)
        changed = {version["threat_id"] for version in self._versions}
        if self._versions:
            self._act.data = {"count": len(changed)}
            db.session.add(self._act)
            db.session.flush()
        number = change_number(self._actor, Threat)
        inserts = [self._new_row(held) for held in touched if held.is_new]
        old = [held for held in touched if held.is_changed and not held.is_new]
        updates = [self._new_state(held, is_version=held.id in changed) for held in old]
        tenant_id = self._actor.tenant_id
        new_words = [
            {"tenant_id": tenant_id, "threat_id": held.id, "words": indexed(tenant_id, held.values)}
            for held in touched
            if held.is_new
        ]
        other_words = [{"key_id": held.id, "words": indexed(tenant_id, held.values)} for held in old if held.id in self._reworded]
        key = sa.and_(owned(self._actor, Threat), Threat.id == sa.bindparam("key_id"))
        of_threat = sa.and_(owned(self._actor, ThreatText), ThreatText.threat_id == sa.bindparam("key_id"))
        for statement, rows in (
            (sa.insert(Threat).values(change=number), inserts),
            (sa.insert(ThreatAlias), self._aliases),
            (sa.update(Threat).where(key).values(change=number), [row for row in updates if "version_count" in row]),
            (sa.update(Threat).where(key), [row for row in updates if "version_count" not in row]),
            (sa.insert(ThreatVersion), self._versions),
            (sa.insert(ThreatText), new_words),
            (sa.update(ThreatText).where(of_threat), other_words),
        ):
            if rows:
                db.session.connection().execute(statement, rows)
        if self._moved:
            _restart_incidents(self._actor, self._moved, self._time)

    def _new_row(self, held: Held) -> dict[str, Any]:
        return {
            **{name: value for name, value in held.values.items() if name not in NOT_KEPT},
            "tenant_id": self._actor.tenant_id,
            "id": held.id,
            "source_updated_at": held.stamp,
            "status_is_set": False,
            "pinned": False,
            "version_count": held.versions,
            "last_version_at": self._time,
            "created_at": self._time,
            "updated_at": self._time,
        }

    def _new_state(self, held: Held, *, is_version: bool) -> dict[str, Any]:
        """Return the row that updates a threat; without a new version, only the source's stamp moves on."""
        if not is_version:
            return {"key_id": held.id, "source_updated_at": held.stamp}
        return {
            **{name: held.values[name] for name in (*STATED, "severity", "status")},
            "key_id": held.id,
            "source_updated_at": held.stamp,
            "version_count": held.versions,
            "last_version_at": self._time,
            "updated_at": self._time,
        }


def _restart_incidents(actor: Actor, threat_ids: set[UUID], time: datetime) -> None:
    """Let incidents whose start nobody set begin with their earliest threat again, after threats changed their time."""
    holding = sa.select(ThreatLink.incident_id).where(
        owned(actor, ThreatLink), ThreatLink.threat_id.in_(list(threat_ids)), ThreatLink.removed_at.is_(None)
    )
    earliest = (
        sa.select(sa.func.min(Threat.observed_at))
        .join(ThreatLink, sa.and_(ThreatLink.tenant_id == Threat.tenant_id, ThreatLink.threat_id == Threat.id))
        .where(owned(actor, ThreatLink), ThreatLink.incident_id == Incident.id, ThreatLink.removed_at.is_(None))
        .scalar_subquery()
    )
    db.session.execute(
        sa.update(Incident)
        .where(
            owned(actor, Incident),
            Incident.id.in_(holding),
            Incident.started_at_is_set.is_(False),
            Incident.started_at.is_distinct_from(earliest),
        )
        .values(started_at=earliest, version=Incident.version + 1, updated_at=time)
        .execution_options(synchronize_session=False)
    )
