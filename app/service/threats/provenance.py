"""Where a threat comes from: each source that told of it, when, by which import or feed, and what it wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.db import db
from app.feeds.formats import FORMATS
from app.models import Feed, ImportRun, Threat, ThreatAlias, ThreatRecord
from app.service.actor import Actor, guarded, owned
from app.service.threats.withheld import visible
from app.terms import Permission


@dataclass(frozen=True, slots=True)
class Origin:
    """What one source told of an event, as the threat that it is here.

    `aliases` are the other ids by which the source knows it. `first_seen_at` and `seen_at` are when it was first and last told of
    here, the latter to within an hour. `run_id` is the import that brought the latest record, `brought_by` the name of its file
    or feed, both empty for what came by the API and for runs that are forgotten. `size` are the characters of the record kept.
    """

    threat_id: UUID
    title: str
    source: str
    external_id: str
    versions: int
    aliases: list[str]
    first_seen_at: datetime
    seen_at: datetime
    run_id: UUID | None
    brought_by: str
    is_feed: bool
    attribution: str
    size: int


@guarded(Permission.THREATS_READ)
def origins(actor: Actor, threat_ids: Collection[UUID]) -> list[Origin]:
    """Return where these threats come from, the one first seen first. Two statements."""
    mine = sa.and_(owned(actor, Threat), visible(actor), Threat.id.in_(threat_ids))
    its_record = sa.and_(ThreatRecord.tenant_id == Threat.tenant_id, ThreatRecord.threat_id == Threat.id)
    its_run = sa.and_(ImportRun.tenant_id == Threat.tenant_id, ImportRun.id == ThreatRecord.run_id)
    its_feed = sa.and_(Feed.tenant_id == Threat.tenant_id, Feed.id == ImportRun.feed_id)
    wanted = (
        sa.select(
            Threat.id,
            Threat.title,
            Threat.source,
            Threat.external_id,
            Threat.version_count,
            Threat.created_at,
            ThreatRecord.first_seen_at,
            ThreatRecord.seen_at,
            ImportRun.id.label("run_id"),
            ImportRun.filename,
            ImportRun.format,
            Feed.name,
            sa.func.coalesce(sa.func.length(ThreatRecord.raw), 0).label("size"),
        )
        .outerjoin(ThreatRecord, its_record)
        .outerjoin(ImportRun, its_run)
        .outerjoin(Feed, its_feed)
        .where(mine)
    )
    aliases: dict[UUID, list[str]] = defaultdict(list)
    named = sa.select(ThreatAlias.threat_id, ThreatAlias.alias).where(
        owned(actor, ThreatAlias), ThreatAlias.threat_id.in_(threat_ids)
    )
    for threat_id, alias in db.session.execute(named.order_by(ThreatAlias.alias)):
        aliases[threat_id].append(alias)
    found = [
        Origin(
            threat_id=row.id,
            title=row.title,
            source=row.source,
            external_id=row.external_id,
            versions=row.version_count,
            aliases=aliases[row.id],
            first_seen_at=row.first_seen_at or row.created_at,
            seen_at=row.seen_at or row.created_at,
            run_id=row.run_id,
            brought_by=row.name or row.filename or "",
            is_feed=row.name is not None,
            attribution=FORMATS[row.format].attribution if row.format in FORMATS else "",
            size=row.size,
        )
        for row in db.session.execute(wanted)
    ]
    return sorted(found, key=lambda origin: (origin.first_seen_at, origin.threat_id))


@guarded(Permission.THREATS_READ)
def raw_record(actor: Actor, threat_id: UUID, most: int | None = None) -> str | None:
    """Return a threat's latest record as its source wrote it, the first `most` characters of it; None if none is kept."""
    text = sa.func.substr(ThreatRecord.raw, 1, most) if most else ThreatRecord.raw
    its_threat = sa.and_(ThreatRecord.tenant_id == Threat.tenant_id, ThreatRecord.threat_id == Threat.id)
    asked = sa.select(text).select_from(Threat).join(ThreatRecord, its_threat)
    return db.session.scalar(asked.where(owned(actor, Threat), visible(actor), Threat.id == threat_id))
