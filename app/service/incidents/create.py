"""Making threats one incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db, given_ids, new_id, now, transaction
from app.errors import Faults
from app.models import Incident, Threat, ThreatLink
from app.models.incident import DESCRIPTION_MAX, TITLE_MAX
from app.service import rules
from app.service.actor import Actor, act, guarded, owned
from app.service.incidents.read import LINKS_IN_ONE, IncidentView, links_of
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
    threat_ids = rules.identifiers(new.threat_ids, "threat_ids", faults, maximum=THREAT_IDS_MAX)
    with transaction() as session:
        if new.selection is not None:
            selected = resolve(actor, new.selection, faults)
            threat_ids = list(dict.fromkeys([*threat_ids, *selected.ids]))
        started_at = _earliest(actor, threat_ids, new.threat_ids, faults)
        faults.raise_if_any()
        time = now()
        incident = Incident(
            tenant_id=actor.tenant_id,
            id=new_id(),
            title=title,
            description=description,
            status=IncidentStatus.OPEN,
            scope=scope,
            started_at=started_at,
            area=new.selection.outline if new.selection else None,
            link_count=len(threat_ids),
            version=1,
            created_at=time,
            updated_at=time,
        )
        session.add(incident)
        session.flush()
        created = act(actor, "incident_created", incident_id=incident.id, threat_count=len(threat_ids))
        session.add(created)
        session.flush()
        _link(actor, incident.id, threat_ids, created.id, time)
        return IncidentView(incident, links_of(actor, [incident.id], LINKS_IN_ONE).get(incident.id, []))


def _earliest(actor: Actor, ids: list[UUID], written: Sequence[str], faults: Faults) -> datetime | None:
    """Return the earliest observed_at of the threats; ids that the tenant does not have are faults at their index."""
    if not ids:
        return None
    given = given_ids(ids)
    ours = sa.and_(owned(actor, Threat), Threat.id == given.c.id0)
    found, earliest = db.session.execute(
        sa.select(sa.func.count(Threat.id), sa.func.min(Threat.observed_at)).select_from(given).outerjoin(Threat, ours)
    ).one()
    if found < len(ids):
        unknown = set(db.session.scalars(sa.select(given.c.id0).outerjoin(Threat, ours).where(Threat.id.is_(None))))
        for i, value in enumerate(written):
            if rules.CANONICAL_UUID.fullmatch(value) and UUID(value) in unknown:
                faults.add(f"threat_ids[{i}]", "threat_unknown", "No threat has this id.")
    return earliest


def _link(actor: Actor, incident_id: UUID, threat_ids: list[UUID], act_id: UUID, time: datetime) -> None:
    if not threat_ids:
        return
    given = given_ids([new_id() for _ in threat_ids], threat_ids)
    row: dict[str, Any] = {
        "tenant_id": sa.literal(actor.tenant_id),
        "incident_id": sa.literal(incident_id, ThreatLink.incident_id.type),
        "id": given.c.id0,
        "threat_id": given.c.id1,
        "added_at": sa.literal(time, ThreatLink.added_at.type),
        "added_by": sa.literal(act_id, ThreatLink.added_by.type),
    }
    db.session.execute(sa.insert(ThreatLink).from_select(list(row), sa.select(*row.values()).order_by(given.c.position)))
