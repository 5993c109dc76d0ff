"""What a person says of two threats that may be one event: the same, of which one is kept; different; or not decided again."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from app.db import db, now, transaction
from app.errors import Conflict, Fault, Invalid, NotFound
from app.models import Activity, Threat, ThreatPair, ThreatVersion
from app.service.actor import Actor, guarded, owned
from app.service.threats.change import hold, write
from app.service.threats.told import forget
from app.service.threats.withheld import name_of
from app.terms import Permission, ThreatStatus

TITLE_SHOWN = 200


@guarded(Permission.THREATS_WRITE)
def decide(actor: Actor, threat_id: UUID, other_id: UUID, *, same: bool | None, keep: UUID | None = None) -> None:
    """Say that two threats are the same event, of which `keep` is kept and the other dismissed, or not; None takes it back.

    Taking back that they are the same gives the other the status back that it had, unless it was given another one since.
    Incidents keep the threats that they hold. Raises NotFound for what was never proposed, Conflict if someone else decided or
    took back meanwhile, and Invalid if `keep` is neither of them.
    """
    low_id, high_id = sorted((threat_id, other_id))
    if same and keep not in {low_id, high_id}:
        raise Invalid([Fault("keep", "field_invalid", "Say which of the two is kept.")])
    with transaction():
        threats = {one: hold(actor, one) for one in (low_id, high_id)}
        pair = db.session.scalar(
            sa.select(ThreatPair)
            .where(owned(actor, ThreatPair), ThreatPair.low_id == low_id, ThreatPair.high_id == high_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if pair is None:
            raise NotFound("proposal")
        if same is None:
            _take_back(actor, pair, threats)
            return
        _refuse_decided(pair, threats)
        if same and keep is not None:
            kept, other = threats[keep], threats[high_id if keep == low_id else low_id]
            values = {"status": ThreatStatus.DISMISSED, "dismissal_reason": _reason(kept)}
            write(actor, other, values, same_as=str(kept.id), status_was_set=other.status_is_set)
        pair.state, pair.kept_id = ("same", keep) if same else ("different", None)
        pair.decided_at, pair.decided_by = now(), actor.name
        db.session.flush()


def _refuse_decided(pair: ThreatPair, threats: dict[UUID, Threat]) -> None:
    if pair.state != "proposed":
        words = "the same event" if pair.state == "same" else "different events"
        raise Conflict("state_conflict", f"{pair.decided_by} has said meanwhile that these are {words}. Nothing was changed.")
    for threat in threats.values():
        if threat.status is ThreatStatus.DISMISSED:
            raise Conflict("state_conflict", f"“{threat.title}” was dismissed meanwhile. Nothing was changed.")


def _reason(kept: Threat) -> str:
    """Return why the other is dismissed. It is told to client programs too, so it says nothing of a restricted source's data."""
    if restricted := name_of(kept.source):
        return f"The same event as one that {restricted} tells."
    title = kept.title if len(kept.title) <= TITLE_SHOWN else f"{kept.title[: TITLE_SHOWN - 1]}…"
    return f"The same event as “{title}” ({kept.source})."


def _take_back(actor: Actor, pair: ThreatPair, threats: dict[UUID, Threat]) -> None:
    if pair.state == "proposed":
        raise Conflict("state_conflict", "This was taken back meanwhile. Nothing was changed.")
    if pair.kept_id is not None:
        other = threats[pair.high_id if pair.kept_id == pair.low_id else pair.low_id]
        _restore(actor, other, pair.kept_id)
    pair.state, pair.kept_id, pair.decided_at, pair.decided_by = "proposed", None, None, None
    db.session.flush()


def _restore(actor: Actor, threat: Threat, kept_id: UUID) -> None:
    """Give a threat the status that it had before it was dismissed for another, if that is what its status is from."""
    rows = db.session.execute(
        sa.select(ThreatVersion.changes, Activity.data)
        .join(Activity, sa.and_(Activity.tenant_id == ThreatVersion.tenant_id, Activity.id == ThreatVersion.act_id))
        .where(owned(actor, ThreatVersion), ThreatVersion.threat_id == threat.id)
        .order_by(ThreatVersion.number.desc())
    )
    latest = next((row for row in rows if {"status", "dismissal_reason"} & row.changes.keys()), None)
    if latest is None or latest.data.get("same_as") != str(kept_id):
        return
    changes = latest.changes
    values = {"status": ThreatStatus(changes["status"][0]), "dismissal_reason": changes["dismissal_reason"][0]}
    write(actor, threat, values)
    threat.status_is_set = latest.data["status_was_set"]
    forget(actor, [threat.id])  # the status that its source has told meanwhile is heard the next time
