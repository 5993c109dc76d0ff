"""Threats as they are held while a call puts others in: found by any of their names, and what a statement changes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.db import Id, Utc, among, db
from app.models import Threat
from app.service.actor import Actor, owned
from app.terms import ThreatStatus

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

# Each name is looked up in the indexes by itself: by statistics of 10,000 rows ago, a join might compare all with all.
_GIVEN = {
    "sqlite": "SELECT key AS position, value ->> 0 AS source, value ->> 1 AS name FROM json_each(:names)",
    "postgresql": "SELECT position - 1 AS position, source, name"
    " FROM unnest(CAST(:sources AS text[]), CAST(:names AS text[])) WITH ORDINALITY AS given(source, name, position)",
}
_ONE = {
    "sqlite": "SELECT position, {rank} AS rank, {id} AS id FROM given CROSS JOIN {table}"
    " ON tenant_id = :tenant_id AND {table}.source = given.source AND {name} = given.name",
    "postgresql": "SELECT position, {rank} AS rank, one.id FROM given CROSS JOIN LATERAL (SELECT {id} AS id FROM {table}"
    " WHERE tenant_id = :tenant_id AND source = given.source AND {name} = given.name LIMIT 1) AS one",
}
_TOLD = {
    "sqlite": "LEFT JOIN threat_record AS told ON told.tenant_id = :tenant_id AND told.threat_id = found.id",
    "postgresql": "LEFT JOIN LATERAL (SELECT * FROM threat_record"
    " WHERE tenant_id = :tenant_id AND threat_id = found.id LIMIT 1) AS told ON true",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A threat that goes by a name, with what is kept of its latest record, if anything is (`digest` is 0 if not)."""

    id: UUID
    digest: int
    first_seen_at: datetime | None
    seen_at: datetime | None


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
    digest: int = 0
    first_seen_at: datetime | None = None


def find(actor: Actor, names: Collection[Key]) -> dict[Key, Found]:
    """Return the threats that go by these names, by name. One statement for any number of them.

    A name that is one threat's own id and an alias of another one stands for the first.
    """
    if not names:
        return {}
    dialect = db.engine.dialect.name
    ordered = list(names)
    given: dict[str, Any] = {"names": orjson.dumps(ordered).decode()}
    if dialect == "postgresql":
        given = {"sources": [source for source, _ in ordered], "names": [name for _, name in ordered]}
    own = _ONE[dialect].format(rank=0, table="threat", id="id", name="external_id")
    alias = _ONE[dialect].format(rank=1, table="threat_alias", id="threat_id", name="alias")
    rows = db.session.connection().execute(_statement(dialect, own, alias), {"tenant_id": actor.tenant_id, **given})
    found: dict[Key, Found] = {}
    for position, _rank, threat_id, digest, first_seen_at, seen_at in rows:
        found.setdefault(ordered[position], Found(threat_id, digest or 0, first_seen_at, seen_at))
    return found


def _statement(dialect: str, own: str, alias: str) -> sa.TextualSelect:
    text = sa.text(
        f"WITH given AS MATERIALIZED ({_GIVEN[dialect]}), found AS MATERIALIZED ({own} UNION ALL {alias})"  # noqa: S608 - constants
        f" SELECT position, rank, id, digest, first_seen_at, seen_at FROM found {_TOLD[dialect]} ORDER BY rank"
    )
    if dialect == "postgresql":
        lists = postgresql.ARRAY(sa.Text)
        text = text.bindparams(sa.bindparam("sources", type_=lists), sa.bindparam("names", type_=lists))
    return text.columns(
        sa.column("position", sa.Integer),
        sa.column("rank", sa.Integer),
        sa.column("id", Id()),
        sa.column("digest", sa.BigInteger),
        sa.column("first_seen_at", Utc()),
        sa.column("seen_at", Utc()),
    )


def held_of(actor: Actor, found: Iterable[Found]) -> dict[UUID, Held]:
    """Return these threats with their values, by id. One statement, none for no threats."""
    by_id = {one.id: one for one in found}
    if not by_id:
        return {}
    columns = [getattr(Threat, name) for name in (*STATED, "severity", "status")]
    head = (Threat.id, Threat.source_updated_at, Threat.version_count, Threat.status_is_set)
    rows = db.session.connection().execute(sa.select(*head, *columns).where(owned(actor, Threat), among(Threat.id, list(by_id))))
    names = [column.key for column in columns]
    return {
        threat_id: Held(
            threat_id,
            dict(zip(names, values, strict=True)),
            stamp,
            versions,
            status_is_set,
            digest=by_id[threat_id].digest,
            first_seen_at=by_id[threat_id].first_seen_at,
        )
        for threat_id, stamp, versions, status_is_set, *values in rows
    }


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
