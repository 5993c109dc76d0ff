"""Threats as they are held while a call puts others in: found by any of their names, and what a statement changes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db
from app.models import Threat, ThreatAlias
from app.service.actor import Actor, owned
from app.terms import ThreatStatus

# A statement has a parameter for each name and each source, and SQLite allows 32,766 of them.
KEYS_MAX = 10_000

Key = tuple[str, str]

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


def known_by(actor: Actor, keys: set[Key]) -> dict[Key, Held]:
    """Return the threats that go by any of the names, by name. Two statements for each KEYS_MAX names."""
    columns = [getattr(Threat, name) for name in (*STATED, "severity", "status")]
    head = (Threat.id, Threat.source, Threat.source_updated_at, Threat.version_count, Threat.status_is_set, *columns)
    known: dict[Key, Held] = {}
    held: dict[UUID, Held] = {}
    ordered = sorted(keys)
    for some in (ordered[start : start + KEYS_MAX] for start in range(0, len(ordered), KEYS_MAX)):
        # Two lists of plain values, not one of pairs, which PostgreSQL takes for a chain of ORs, too deep at some length. They
        # may find a few threats more, by the id of one source in another, that nobody asks for then.
        sources, names = {source for source, _ in some}, {name for _, name in some}
        by_id = sa.select(Threat.external_id.label("name"), *head).where(
            owned(actor, Threat), Threat.source.in_(sources), Threat.external_id.in_(names)
        )
        by_alias = (
            sa.select(ThreatAlias.alias.label("name"), *head)
            .join(Threat, sa.and_(Threat.tenant_id == ThreatAlias.tenant_id, Threat.id == ThreatAlias.threat_id))
            .where(owned(actor, ThreatAlias), ThreatAlias.source.in_(sources), ThreatAlias.alias.in_(names))
        )
        for row in (*db.session.execute(by_id), *db.session.execute(by_alias)):
            if row.id not in held:
                values = {column.key: getattr(row, column.key) for column in columns}
                held[row.id] = Held(row.id, values, row.source_updated_at, row.version_count, row.status_is_set)
            known.setdefault((row.source, row.name), held[row.id])
    return known


def changes_of(held: Held, values: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
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


def ending(held: Held, over_at: datetime | None) -> dict[str, tuple[Any, Any]]:
    """Return what the end of a threat changes: its status, unless a person set it, and when it expires. All else stands."""
    changes: dict[str, tuple[Any, Any]] = {}
    was = held.values
    if was["status"] != ThreatStatus.ENDED and not held.status_is_set:
        changes["status"] = (was["status"], ThreatStatus.ENDED)
    if over_at and (was["expires_at"] is None or over_at < was["expires_at"]):
        changes["expires_at"] = (was["expires_at"], over_at)
    return changes


def plain(pair: tuple[Any, Any]) -> list[Any]:
    """Return a change as JSON keeps it."""
    return [value.isoformat() if isinstance(value, datetime) else value for value in pair]
