"""Putting threats in: new ones are added, changed ones get a version, and an older statement changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db, new_id, now, transaction
from app.errors import Faults
from app.feeds.record import Record
from app.models import Incident, Tenant, Threat, ThreatAlias, ThreatLink, ThreatText, ThreatVersion
from app.service.actor import Actor, act, guarded, owned
from app.service.commit_order import change_number
from app.service.threats.clean import clean
from app.service.threats.wording_search import TEXTS, indexed
from app.terms import Permission, Severity, ThreatStatus

UPSERT_MAX = 1_000
THREAT_TABLES = tuple(model.__tablename__ for model in (Threat, ThreatAlias, ThreatText, ThreatVersion))

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record: new, updated, unchanged, older (than what we hold) or failed (a rule is broken)."""

    kind: str
    threat_id: UUID | None = None


# The fields that a source states in full each time: absent means absent now.
STATED = (
    "title",
    "description",
    "threat_type",
    "threat_rationale",
    "location",
    "location_country",
    "lat",
    "lng",
    "location_precision_level",
    "location_uncertainty_km",
    "observed_at",
    "expires_at",
    "likelihood",
    "impact_severity",
    "risk_score",
    "risk_level",
    "likelihood_rationale",
    "impact_rationale",
    "attribution_types",
    "sources",
    "affected_assets",
    "url",
)


@dataclass(slots=True)
class Held:
    """A threat as it is held, followed through the records of one call; written once at the end."""

    id: UUID
    values: dict[str, Any]
    stamp: datetime | None
    versions: int
    status_is_set: bool = False
    is_new: bool = False
    is_changed: bool = False


@guarded(Permission.THREATS_WRITE)
def upsert(
    actor: Actor,
    records: Sequence[Record],
    *,
    faults: Faults,
    at: str = "threats",
    partial: bool = False,
    ids: Mapping[Key, UUID] | None = None,
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
        batch = Batch(actor, _known(actor, {key for values in cleaned if values for key in _keys(values)}), ids or {})
        outcomes = [batch.put(values) if values else Outcome("failed") for values in cleaned]
        batch.write()
    return outcomes


def _keys(values: dict[str, Any]) -> list[Key]:
    """Return every name that the record's threat goes by, its own id first."""
    return [(values["source"], name) for name in (values["external_id"], *values["aliases"])]


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
        keys = _keys(values)
        held = next((self._known[key] for key in keys if key in self._known), None)
        if held is None:
            held = Held(self._ids.get(keys[0]) or new_id(), values, values["source_updated_at"], 1, is_new=True)
            values["severity"] = values["severity"] or Severity.MEDIUM
            values["status"] = values["status"] or ThreatStatus.ACTIVE
            self._known[keys[0]] = held
            self._name(held, keys)
            self._version(held, {})
            return Outcome("new", held.id)
        stamp = values["source_updated_at"]
        if stamp and held.stamp and stamp < held.stamp:
            return Outcome("older", held.id)
        self._name(held, keys)
        if stamp and stamp != held.stamp:
            held.stamp, held.is_changed = stamp, True
        changes = _changes(held, values)
        if not changes:
            return Outcome("unchanged", held.id)
        held.is_changed = True
        held.values = {**held.values, **{name: after for name, (_, after) in changes.items()}}
        held.versions += 1
        self._version(held, {name: _plain(pair) for name, pair in changes.items()})
        if "observed_at" in changes:
            self._moved.add(held.id)
        if not changes.keys().isdisjoint(TEXTS):
            self._reworded.add(held.id)
        return Outcome("updated", held.id)

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
            **{name: value for name, value in held.values.items() if name != "aliases"},
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


def _known(actor: Actor, keys: set[Key]) -> dict[Key, Held]:
    """Return the threats that go by any of the names, by name. Two statements."""
    if not keys:
        return {}
    columns = [getattr(Threat, name) for name in (*STATED, "severity", "status")]
    head = (Threat.id, Threat.source, Threat.source_updated_at, Threat.version_count, Threat.status_is_set, *columns)
    by_id = sa.select(Threat.external_id.label("name"), *head).where(
        owned(actor, Threat), sa.tuple_(Threat.source, Threat.external_id).in_(keys)
    )
    by_alias = (
        sa.select(ThreatAlias.alias.label("name"), *head)
        .join(Threat, sa.and_(Threat.tenant_id == ThreatAlias.tenant_id, Threat.id == ThreatAlias.threat_id))
        .where(owned(actor, ThreatAlias), sa.tuple_(ThreatAlias.source, ThreatAlias.alias).in_(keys))
    )
    known: dict[Key, Held] = {}
    held: dict[UUID, Held] = {}
    for row in (*db.session.execute(by_id), *db.session.execute(by_alias)):
        if row.id not in held:
            values = {column.key: getattr(row, column.key) for column in columns}
            held[row.id] = Held(row.id, values, row.source_updated_at, row.version_count, row.status_is_set)
        known.setdefault((row.source, row.name), held[row.id])
    return known


def _changes(held: Held, values: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what the record changes, field by field, as before and after.

    Severity and status are changed only by a record that states them, and a status that a person set stands.
    """
    was = held.values
    changes = {name: (was[name], values[name]) for name in STATED if was[name] != values[name]}
    if values["severity"] not in {None, was["severity"]}:
        changes["severity"] = (was["severity"], values["severity"])
    if values["status"] not in {None, was["status"]} and not held.status_is_set:
        changes["status"] = (was["status"], values["status"])
    return changes


def _plain(pair: tuple[Any, Any]) -> list[Any]:
    return [value.isoformat() if isinstance(value, datetime) else value for value in pair]


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
