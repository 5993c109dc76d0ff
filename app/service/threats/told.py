"""What is kept of the record by which a source told of a threat: the record itself, its area and its references.

A record that says what the latest one of its threat said is known by a digest, without looking at its values. That holds only
while nothing but that record has written to the threat what a source may write; whoever does so otherwise calls `forget`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from hashlib import blake2b
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from app.db import among, db
from app.feeds.record import Record
from app.geo.simplify import outline
from app.models import Threat, ThreatArea, ThreatRecord, ThreatReference
from app.models.told import REFERENCE_MAX
from app.service.actor import Actor, owned
from app.service.commit_order import change_number
from app.service.rules import is_plain
from app.service.threats.held import Held
from app.service.threats.rows import add

RAW_MAX = 100_000
REFERENCES_MAX = 50
SEEN_EVERY = timedelta(hours=1)
NO_DIGEST = 0
RULES = b"1"
"""Another one for other rules of `clean`, so that records which are the same are looked at once more."""

_SAID = attrgetter(*(field.name for field in fields(Record) if field.name not in {"row", "raw"}))


def digest(record: Record) -> int:
    """Return 64 bits that tell what a record says from what any other says; NO_DIGEST for what no database could keep."""
    try:
        said = orjson.dumps(_SAID(record))
    except TypeError:
        return NO_DIGEST
    return int.from_bytes(blake2b(said, digest_size=8, person=RULES).digest(), signed=True) or 1


@dataclass(slots=True)
class Told:
    """A threat and the latest record that told of it in this call."""

    held: Held
    record: Record


def keep(actor: Actor, told: Sequence[Told], time: datetime, run_id: UUID | None) -> None:
    """Keep the latest records of threats, their areas and references, in the place of what was kept of them before."""
    before = [one.held.id for one in told if not one.held.is_new]
    if before:
        for model in (ThreatRecord, ThreatArea, ThreatReference):
            _execute(sa.delete(model).where(owned(actor, model), among(model.threat_id, before)))
    columns: dict[str, list[Any]] = {
        "threat_id": [one.held.id for one in told],
        "digest": [one.held.digest for one in told],
        "first_seen_at": [one.held.first_seen_at or time for one in told],
        "raw": [_raw(one.record) for one in told],
    }
    add(ThreatRecord, columns, tenant_id=actor.tenant_id, seen_at=time, run_id=run_id)
    areas = [(one.held.id, one.record.area) for one in told if one.record.area]
    columns = {
        "threat_id": [threat_id for threat_id, _ in areas],
        "area": [orjson.dumps(area).decode() for _, area in areas],
        "outline": [outline(area) for _, area in areas],
    }
    add(ThreatArea, columns, tenant_id=actor.tenant_id)
    references = [(one.held.id, each) for one in told for each in _references(one.record)]
    columns = {"threat_id": [threat_id for threat_id, _ in references], "reference": [each for _, each in references]}
    add(ThreatReference, columns, tenant_id=actor.tenant_id)
    # Whoever looks for threats with a reference in common follows the changes of threats.
    unchanged = {one.held.id for one in told if not one.held.is_new and not one.held.is_changed} & set(columns["threat_id"])
    if unchanged:
        its = sa.and_(owned(actor, Threat), among(Threat.id, sorted(unchanged)))
        _execute(sa.update(Threat).where(its).values(change=change_number(actor, Threat)))


def seen(actor: Actor, threat_ids: Collection[UUID], time: datetime) -> None:
    """Note that the sources of these threats told of them again."""
    if threat_ids:
        its = among(ThreatRecord.threat_id, list(threat_ids))
        _execute(sa.update(ThreatRecord).where(owned(actor, ThreatRecord), its).values(seen_at=time))


def forget(actor: Actor, threat_ids: Iterable[UUID]) -> None:
    """Have the next record of each of these threats looked at in full, also if it says what the latest one said.

    For whatever changes a threat in what sources say of it (its stated fields, its stamp, its names) by other means than a
    record of its own, such as undoing an import.
    """
    if ids := list(threat_ids):
        its = among(ThreatRecord.threat_id, ids)
        _execute(sa.update(ThreatRecord).where(owned(actor, ThreatRecord), its).values(digest=NO_DIGEST))


def _references(record: Record) -> list[str]:
    """Return the first REFERENCES_MAX of those that can be kept."""
    fit = [each for each in dict.fromkeys(record.references) if is_plain(each, REFERENCE_MAX)]
    return fit[:REFERENCES_MAX]


def _execute(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))


def _raw(record: Record) -> str | None:
    """Return the record as its source wrote it, without what no database can keep, and cut with a note if it is very long."""
    if record.raw is None:
        return None
    text = record.raw()
    if not text.isascii() or "\0" in text:
        text = text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    if len(text) <= RAW_MAX:
        return text
    return f"{text[:RAW_MAX]}\n[Cut here by Cordon: the record has {len(text):,} characters.]"
