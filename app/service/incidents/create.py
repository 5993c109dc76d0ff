"""Making threats one incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from app.db import among, db, given_ids, new_id, now, transaction
from app.errors import Faults
from app.geo.outline import corners
from app.geo.polygon import MAX_VERTICES
from app.index.part import Ids, ids_of
from app.models import Incident, Threat
from app.models.incident import DESCRIPTION_MAX, TITLE_MAX
from app.service import rules
from app.service.actor import Actor, guarded, owned
from app.service.commit_order import change_number
from app.service.incidents.acts import Act
from app.service.incidents.read import IncidentView, view
from app.service.selection import Selection, resolve
from app.terms import IncidentStatus, Permission, Scope

THREAT_IDS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class NewIncident:
    """What someone asks for, as the edge read it: text not yet trimmed, ids not yet looked at."""

    title: str | None
    description: str | None = None
    scope: str | None = Scope.AGGREGATE
    threat_ids: Sequence[str] = ()
    selection: Selection | None = None


@guarded(Permission.INCIDENTS_WRITE)
def create(actor: Actor, new: NewIncident, faults: Faults | None = None) -> IncidentView:
    """Create an incident with its links and its activity line in one transaction, and return it.

    `faults` are those the edge found already; all are raised together as Invalid, with nothing written. The number of
    statements does not depend on the number of threats.
    """
    faults = faults if faults is not None else Faults()
    title = rules.text(new.title, "title", faults, maximum=TITLE_MAX, required="Enter a title.")
    description = rules.text(new.description, "description", faults, maximum=DESCRIPTION_MAX)
    scope = rules.term(new.scope, Scope, "scope", faults) or Scope.AGGREGATE
    threat_ids = wanted(actor, new.threat_ids, new.selection, faults)
    area = new.selection.outline if new.selection else None
    if area and corners(area) > MAX_VERTICES:
        many = f"The areas together have {corners(area):,} corners; an incident keeps at most {MAX_VERTICES:,}."
        faults.add("selection", "field_invalid", many)
    faults.raise_if_any()
    with transaction() as session:
        time = now()
        incident = Incident(
            tenant_id=actor.tenant_id,
            id=new_id(),
            title=title,
            description=description,
            status=IncidentStatus.OPEN,
            scope=scope,
            started_at=earliest(actor, threat_ids),
            area=area,
            link_count=len(threat_ids),
            version=1,
            created_at=time,
            updated_at=time,
            change=change_number(actor, Incident),
        )
        session.add(incident)
        session.flush()
        Act(actor, "incident_created", [incident], threat_count=len(threat_ids)).link(incident, threat_ids)
        return view(actor, incident)


def wanted(actor: Actor, written: Sequence[str], selection: Selection | None, faults: Faults) -> Ids:
    """Return the threats said by ids and by a selection together, each once.

    Ids that can't be read, or that the tenant does not have, are faults at their index. It only reads, so that nobody has to
    wait for it; undoing an import may take out what it found, before that is linked.
    """
    threat_ids = rules.identifiers(written, "threat_ids", faults, maximum=THREAT_IDS_MAX)
    given = given_ids(threat_ids)
    ours = sa.and_(owned(actor, Threat), Threat.id == given.c.id0)
    unknown = set(
        db.session.scalars(sa.select(given.c.id0).outerjoin(Threat, ours).where(Threat.id.is_(None))) if threat_ids else ()
    )
    if unknown:
        for i, value in enumerate(written):
            if rules.CANONICAL_UUID.fullmatch(value) and UUID(value) in unknown:
                faults.add(f"threat_ids[{i}]", "threat_unknown", "No threat has this id.")
    ids = ids_of(threat_id.bytes for threat_id in threat_ids)
    if selection is not None:
        chosen = resolve(actor, selection, faults).ids
        return np.concatenate((ids, chosen[~np.isin(chosen, ids)]))
    return ids


def earliest(actor: Actor, threat_ids: Ids) -> datetime | None:
    """Return the earliest observed_at of the threats, which no one can change until the transaction ends."""
    if not len(threat_ids):
        return None
    held = (
        sa.select(Threat.observed_at)
        .where(owned(actor, Threat), among(Threat.id, threat_ids))
        .order_by(Threat.id)
        .with_for_update(read=True)
        .subquery()
    )
    first: datetime | None = db.session.scalar(sa.select(sa.func.min(held.c.observed_at)))
    return first
