"""What a person says of a threat: its status, why it is dismissed, and whether it is pinned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import EPOCH, db, now, transaction
from app.errors import Faults, NotFound, VersionMismatch
from app.models import Tenant, Threat, ThreatVersion
from app.service import rules
from app.service.actor import Actor, act, guarded, owned
from app.service.commit_order import change_number
from app.service.threats.read import ThreatView, _views
from app.service.threats.withheld import visible
from app.terms import Permission, ThreatStatus

DISMISSAL_REASON_MAX = 2_000
TICK = timedelta(milliseconds=1)


class Unset(Enum):
    """Says that a field is to stay as it is, where None means that it is to be empty."""

    UNSET = auto()


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True)
class ThreatChanges:
    """What is to be different, as an edge read it."""

    status: str | Unset = UNSET
    pinned: bool | Unset = UNSET
    dismissal_reason: str | Unset | None = UNSET


@guarded(Permission.THREATS_WRITE)
def change(
    actor: Actor,
    threat_id: UUID,
    changes: ThreatChanges,
    faults: Faults | None = None,
    expected: datetime | None = None,
) -> ThreatView:
    """Change a threat as a person does and return it; a status said so stands against the source from then on.

    Each real change is a version; what is the same already is no change, and writes nothing. `expected` is the `updated_at`
    that the caller has seen. Raises Invalid, NotFound; VersionMismatch with the present `updated_at` in milliseconds since 1970.
    """
    faults = faults if faults is not None else Faults()
    said = _clean(changes, faults)
    with transaction():
        threat = hold(actor, threat_id)
        if expected is not None and threat.updated_at != expected:
            raise VersionMismatch((threat.updated_at - EPOCH) // TICK)
        _with_reason(threat, said, faults)
        faults.raise_if_any()
        different = {name: value for name, value in said.items() if getattr(threat, name) != value}
        if different:
            write(actor, threat, different)
        return _views(actor, [threat])[0]


def _clean(changes: ThreatChanges, faults: Faults) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if not isinstance(changes.status, Unset):
        said["status"] = rules.term(changes.status, ThreatStatus, "status", faults)
    if not isinstance(changes.pinned, Unset):
        said["pinned"] = changes.pinned
    if not isinstance(changes.dismissal_reason, Unset):
        field = "dismissal_reason"
        said[field] = rules.text(changes.dismissal_reason, field, faults, maximum=DISMISSAL_REASON_MAX)
    return said


def hold(actor: Actor, threat_id: UUID) -> Threat:
    """Return the threat, locked until the transaction ends. Raises NotFound."""
    # An upsert holds this row while it compares what it has read, unlocked, with what it brings.
    db.session.execute(sa.select(Tenant.id).where(Tenant.id == actor.tenant_id).with_for_update(key_share=True))
    threat = db.session.scalar(
        sa.select(Threat)
        .where(owned(actor, Threat), visible(actor), Threat.id == threat_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if threat is None:
        raise NotFound("threat")
    return threat


def _with_reason(threat: Threat, said: dict[str, Any], faults: Faults) -> None:
    """Let status and reason go together: a dismissed threat has one, and any other status clears it."""
    if said.get("status", threat.status) is ThreatStatus.DISMISSED:
        if {"status", "dismissal_reason"} & said.keys() and not said.get("dismissal_reason", threat.dismissal_reason):
            faults.add("dismissal_reason", "field_required", "Say why it is dismissed.")
    elif "status" in said:
        said["dismissal_reason"] = None
    elif said.get("dismissal_reason"):
        faults.add("dismissal_reason", "field_invalid", "A reason goes with the status dismissed only.")


def write(actor: Actor, threat: Threat, different: dict[str, Any], **why: Any) -> None:
    """Set fields of a threat that `hold` returned, with the version and the act that say so; `why` is kept with the act."""
    done = act(actor, "threat_changed", threat_id=str(threat.id), **why)
    # Never the same twice, so that two changes within a millisecond can be told apart by it.
    done.at = max(now(), threat.updated_at + TICK)
    threat.version_count += 1
    version = ThreatVersion(
        tenant_id=actor.tenant_id,
        threat_id=threat.id,
        number=threat.version_count,
        at=done.at,
        act_id=done.id,
        changes={name: [getattr(threat, name), value] for name, value in different.items()},
    )
    for name, value in different.items():
        setattr(threat, name, value)
    if different.keys() & {"status", "dismissal_reason"}:
        threat.status_is_set = True
    threat.last_version_at = threat.updated_at = done.at
    threat.change = change_number(actor, Threat)
    db.session.add(done)
    db.session.flush()
    db.session.add(version)
    db.session.flush()
