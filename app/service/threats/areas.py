"""The areas of threats that are more than a point: as told, for one; drawn simply, for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db
from app.geo.box import Box
from app.models import Threat, ThreatArea
from app.service.actor import Actor, guarded, owned
from app.service.query import Page
from app.service.threats.filters import SORTING, inside, matching
from app.service.threats.withheld import visible
from app.terms import Permission

OUTLINES_MAX = 200


@guarded(Permission.THREATS_READ)
def area(actor: Actor, threat_id: UUID) -> str | None:
    """Return the area of a threat as its source told it: GeoJSON of a Polygon or MultiPolygon, None if it told none.

    It is None, too, for a threat that there is not, or that the actor may not see.
    """
    its = sa.and_(ThreatArea.tenant_id == Threat.tenant_id, ThreatArea.threat_id == Threat.id)
    asked = sa.select(ThreatArea.area).join(Threat, its).where(owned(actor, Threat), visible(actor), Threat.id == threat_id)
    return db.session.scalar(asked)


@guarded(Permission.THREATS_READ)
def outlines(
    actor: Actor, values: dict[str, Any], box: Box | None = None, ids: Sequence[UUID] | None = None, limit: int = OUTLINES_MAX
) -> Page[Any]:
    """Return what a map draws of the areas of threats that match values read by FILTERS: the newest, and their true number.

    At most `limit`; with `box`, of threats in it; with `ids`, of these. Rows have id, title, severity and outline, GeoJSON as
    geo.simplify gives it.
    """
    conditions = matching(actor, values)
    if box is not None:
        conditions.append(inside(box))
    if ids is not None:
        conditions.append(Threat.id.in_(ids))
    its = sa.and_(ThreatArea.tenant_id == Threat.tenant_id, ThreatArea.threat_id == Threat.id)
    asked = sa.select(Threat.id, Threat.title, Threat.severity, ThreatArea.outline).join(ThreatArea, its).where(*conditions)
    rows = list(db.session.execute(asked.order_by(*SORTING.order("-observed_at")).limit(limit)))
    total = len(rows)
    if total == limit:
        counted = sa.select(sa.func.count()).select_from(Threat).join(ThreatArea, its).where(*conditions)
        total = db.session.scalar(counted) or 0
    return Page(rows, total, None)
