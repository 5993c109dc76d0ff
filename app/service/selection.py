"""Selections: threats said by area, filters and single ids, resolved over everything that matches, drawn or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from app.db import db, given_ids
from app.errors import Faults
from app.geo.box import Box
from app.geo.circle import Circle
from app.geo.polygon import Polygon
from app.models import Threat
from app.service.actor import Actor, guarded, owned
from app.service.threats.filters import inside, matching
from app.terms import Permission, Severity

SELECTION_MAX = 100_000
PREVIEW = 50

Shape = Box | Circle | Polygon


@dataclass(frozen=True, slots=True)
class Selection:
    """Threats to be selected: those in the area that match the filters, and `include`, without `exclude`.

    `filters` are values read by threats.FILTERS. With neither area nor filters, only `include` counts. `outline` is the
    area as it was given, for the incident to keep.
    """

    area: Shape | None = None
    outline: dict[str, Any] | None = None
    filters: dict[str, Any] = field(default_factory=dict)
    include: tuple[UUID, ...] = ()
    exclude: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Selected:
    """What a selection comes to: the ids, newest observed first, their severities, and the number of each, worst first."""

    ids: list[UUID]
    severities: list[Severity]
    by_severity: dict[Severity, int]


@guarded(Permission.THREATS_READ)
def resolve(actor: Actor, selection: Selection, faults: Faults, at: str = "selection") -> Selected:
    """Return exactly the threats that the selection means now.

    An id that the tenant does not have, and a selection of more than SELECTION_MAX, are faults.
    """
    rows: dict[UUID, Severity] = {}
    if selection.area is not None or selection.filters:
        rows = _matching(actor, selection)
    _include(actor, selection.include, rows, faults, f"{at}.include")
    for threat_id in selection.exclude:
        rows.pop(threat_id, None)
    if len(rows) > SELECTION_MAX:
        faults.add(at, "field_invalid", f"Select at most {SELECTION_MAX:,} threats; this comes to {len(rows):,}.")
    severities = list(rows.values())
    return Selected(list(rows), severities, {severity: severities.count(severity) for severity in reversed(Severity)})


def _matching(actor: Actor, selection: Selection) -> dict[UUID, Severity]:
    conditions = matching(actor, selection.filters)
    area = selection.area
    if area is not None:
        conditions.append(inside(area if isinstance(area, Box) else area.box))
    rows = db.session.execute(
        sa.select(Threat.id, Threat.severity, Threat.lng, Threat.lat)
        .where(*conditions)
        .order_by(Threat.observed_at.desc().nulls_last(), Threat.id.desc())
    ).all()
    if area is None or isinstance(area, Box):
        return {row.id: row.severity for row in rows}
    within = area.contains(np.array([row.lng for row in rows], float), np.array([row.lat for row in rows], float))
    return {row.id: row.severity for row, is_in in zip(rows, within, strict=True) if is_in}


def _include(actor: Actor, ids: tuple[UUID, ...], rows: dict[UUID, Severity], faults: Faults, at: str) -> None:
    if not ids:
        return
    given = given_ids(ids)
    statement = (
        sa.select(given.c.position, given.c.id0, Threat.severity)
        .outerjoin(Threat, sa.and_(owned(actor, Threat), Threat.id == given.c.id0))
        .order_by(given.c.position)
    )
    for position, threat_id, severity in db.session.execute(statement):
        if severity is None:
            faults.add(f"{at}[{position}]", "threat_unknown", "No threat has this id.")
        else:
            rows.setdefault(threat_id, severity)
