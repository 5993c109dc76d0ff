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
from app.models import Incident, Tenant, Threat, ThreatAlias, ThreatLink, ThreatVersion
from app.service.actor import Actor, act, guarded, owned
from app.service.threats.clean import clean
from app.terms import Permission, Severity, ThreatStatus

UPSERT_MAX = 1_000

Key = tuple[str, str]
Item = tuple[int, dict[str, Any]]


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
    with it the records at fault are left out. A record that repeats one before it counts as a later statement of the same
    threat. `ids` gives new threats ids chosen by the caller.
    """
    cleaned = [clean(record, f"{at}[{i}]", faults) for i, record in enumerate(records)]
    if not partial:
        faults.raise_if_any()
    outcomes = [Outcome("failed")] * len(records)
    pending = [(i, values) for i, values in enumerate(cleaned) if values]
    with transaction():
        # One writer of threats at a time in a tenant: two that bring the same new threat must not both insert it.
        db.session.execute(sa.select(Tenant.id).where(Tenant.id == actor.tenant_id).with_for_update())
        imported = act(actor, "threats_put", count=len(pending))
        db.session.add(imported)
        db.session.flush()
        while pending:
            batch, pending = _first_of_each(pending)
            _put(actor, imported.id, batch, outcomes, ids or {})
        if not any(outcome.kind in {"new", "updated"} for outcome in outcomes):
            db.session.delete(imported)
    return outcomes


def _keys(values: dict[str, Any]) -> list[Key]:
    """Return every name that the record's threat goes by, its own id first."""
    return [(values["source"], name) for name in (values["external_id"], *values["aliases"])]


def _first_of_each(pending: list[Item]) -> tuple[list[Item], list[Item]]:
    """Split off the first statement of every threat, so that a repeated one meets what the first one wrote."""
    seen: set[Key] = set()
    first: list[Item] = []
    rest: list[Item] = []
    for item in pending:
        keys = set(_keys(item[1]))
        (rest if keys & seen else first).append(item)
        seen |= keys
    return first, rest


def _put(actor: Actor, act_id: UUID, batch: list[Item], outcomes: list[Outcome], ids: Mapping[Key, UUID]) -> None:
    time = now()
    known = _known(actor, {key for _, values in batch for key in _keys(values)})
    inserts: list[dict[str, Any]] = []
    aliases: list[dict[str, Any]] = []
    updates: list[dict[str, Any]] = []
    versions: list[dict[str, Any]] = []
    moved: list[UUID] = []
    for i, values in batch:
        keys = _keys(values)
        held = next((known[key] for key in keys if key in known), None)
        if held is None:
            threat_id = ids.get(keys[0]) or new_id()
            inserts.append(_new_row(actor, threat_id, values, time))
            versions.append(_version(actor, threat_id, 1, time, act_id, {}))
            aliases.extend(_alias(actor, key, threat_id) for key in keys[1:])
            outcomes[i] = Outcome("new", threat_id)
            continue
        aliases.extend(_alias(actor, key, held.id) for key in keys if key not in known)
        stamp = values["source_updated_at"]
        if stamp and held.source_updated_at and stamp < held.source_updated_at:
            outcomes[i] = Outcome("older", held.id)
            continue
        changes = _changes(held, values)
        if not changes:
            outcomes[i] = Outcome("unchanged", held.id)
            continue
        number = held.version_count + 1
        updates.append(
            {
                **{name: getattr(held, name) for name in (*STATED, "severity", "status")},
                **{name: after for name, (_, after) in changes.items()},
                "key_id": held.id,
                "source_updated_at": stamp or held.source_updated_at,
                "version_count": number,
                "last_version_at": time,
                "updated_at": time,
            }
        )
        versions.append(_version(actor, held.id, number, time, act_id, {n: _plain(pair) for n, pair in changes.items()}))
        outcomes[i] = Outcome("updated", held.id)
        if "observed_at" in changes:
            moved.append(held.id)
    _write(actor, inserts, aliases, updates, versions)
    if moved:
        _restart_incidents(actor, moved)


def _known(actor: Actor, keys: set[Key]) -> dict[Key, Any]:
    """Return the threats that go by any of the names, by name. Two statements for each source."""
    columns = [getattr(Threat, name) for name in (*STATED, "severity", "status")]
    head = (Threat.id, Threat.source, Threat.source_updated_at, Threat.version_count, *columns)
    known: dict[Key, Any] = {}
    for source in {source for source, _ in keys}:
        wanted = [name for its, name in keys if its == source]
        for row in db.session.execute(
            sa.select(Threat.external_id, *head).where(
                owned(actor, Threat), Threat.source == source, Threat.external_id.in_(wanted)
            )
        ):
            known[source, row.external_id] = row
        for row in db.session.execute(
            sa.select(ThreatAlias.alias, *head)
            .join(Threat, sa.and_(Threat.tenant_id == ThreatAlias.tenant_id, Threat.id == ThreatAlias.threat_id))
            .where(owned(actor, ThreatAlias), ThreatAlias.source == source, ThreatAlias.alias.in_(wanted))
        ):
            known.setdefault((source, row.alias), row)
    return known


def _changes(held: Any, values: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what the record changes, field by field, as before and after.

    Severity and status are changed only by a record that states them, and a dismissal by a person stands.
    """
    changes = {name: (getattr(held, name), values[name]) for name in STATED if getattr(held, name) != values[name]}
    if values["severity"] not in {None, held.severity}:
        changes["severity"] = (held.severity, values["severity"])
    if values["status"] not in {None, held.status} and held.status is not ThreatStatus.DISMISSED:
        changes["status"] = (held.status, values["status"])
    return changes


def _plain(pair: tuple[Any, Any]) -> list[Any]:
    return [value.isoformat() if isinstance(value, datetime) else value for value in pair]


def _new_row(actor: Actor, threat_id: UUID, values: dict[str, Any], time: datetime) -> dict[str, Any]:
    return {
        **{name: value for name, value in values.items() if name != "aliases"},
        "severity": values["severity"] or Severity.MEDIUM,
        "status": values["status"] or ThreatStatus.ACTIVE,
        "tenant_id": actor.tenant_id,
        "id": threat_id,
        "pinned": False,
        "version_count": 1,
        "last_version_at": time,
        "created_at": time,
        "updated_at": time,
    }


def _alias(actor: Actor, key: Key, threat_id: UUID) -> dict[str, Any]:
    return {"tenant_id": actor.tenant_id, "source": key[0], "alias": key[1], "threat_id": threat_id}


def _version(actor: Actor, threat_id: UUID, number: int, time: datetime, act_id: UUID, changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "tenant_id": actor.tenant_id,
        "threat_id": threat_id,
        "number": number,
        "at": time,
        "act_id": act_id,
        "changes": changes,
    }


def _write(
    actor: Actor,
    inserts: list[dict[str, Any]],
    aliases: list[dict[str, Any]],
    updates: list[dict[str, Any]],
    versions: list[dict[str, Any]],
) -> None:
    connection = db.session.connection()
    if inserts:
        connection.execute(sa.insert(Threat), inserts)
    if aliases:
        connection.execute(sa.insert(ThreatAlias), aliases)
    if updates:
        key = sa.and_(owned(actor, Threat), Threat.id == sa.bindparam("key_id"))
        connection.execute(sa.update(Threat).where(key), updates)
    if versions:
        connection.execute(sa.insert(ThreatVersion), versions)


def _restart_incidents(actor: Actor, threat_ids: list[UUID]) -> None:
    """Let incidents whose start nobody set begin with their earliest threat again, after threats changed their time."""
    holding = sa.select(ThreatLink.incident_id).where(
        owned(actor, ThreatLink), ThreatLink.threat_id.in_(threat_ids), ThreatLink.removed_at.is_(None)
    )
    earliest = (
        sa.select(sa.func.min(Threat.observed_at))
        .join(ThreatLink, sa.and_(ThreatLink.tenant_id == Threat.tenant_id, ThreatLink.threat_id == Threat.id))
        .where(owned(actor, ThreatLink), ThreatLink.incident_id == Incident.id, ThreatLink.removed_at.is_(None))
        .scalar_subquery()
    )
    db.session.execute(
        sa.update(Incident)
        .where(owned(actor, Incident), Incident.id.in_(holding), Incident.started_at_is_set.is_(False))
        .values(started_at=earliest)
        .execution_options(synchronize_session=False)
    )
