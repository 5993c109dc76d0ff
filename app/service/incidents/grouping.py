"""Grouping threats anew: link, unlink, move, split, merge. Each is one act in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.db import new_id, transaction
from app.errors import Conflict, Faults
from app.index.part import uuids_of
from app.models import Incident
from app.models.incident import DESCRIPTION_MAX, TITLE_MAX
from app.service import rules
from app.service.actor import Actor, guarded
from app.service.incidents.acts import Act, Link, hold, hold_all, hold_others, present_links
from app.service.incidents.create import THREAT_IDS_MAX, NewIncident, wanted
from app.service.incidents.read import IncidentView, view
from app.service.selection import Selection
from app.terms import IncidentStatus, Permission, Scope

REASON_MAX = 1_000
MERGE_MAX = 100


@guarded(Permission.INCIDENTS_WRITE)
def link(
    actor: Actor,
    incident_id: UUID,
    threat_ids: Sequence[str] = (),
    selection: Selection | None = None,
    faults: Faults | None = None,
    expected: int | None = None,
) -> IncidentView:
    """Link threats to an open incident and return it. Those linked already stay as they are; if all are, nothing is written.

    The same goes for a selection that comes to none just now.

    Raises Invalid, NotFound, VersionMismatch, or Conflict `incident_not_open`.
    """
    faults = faults if faults is not None else Faults()
    with transaction():
        incident = hold(actor, incident_id, expected=expected)
        wanted_ids = uuids_of(wanted(actor, threat_ids, selection, faults))
        if not wanted_ids and selection is None:
            faults.add("threat_ids", "field_required", "Give at least one threat.")
        faults.raise_if_any()
        _must_be_open(incident)
        fresh = _not_linked(actor, incident, wanted_ids)
        if fresh:
            linked = Act(actor, "threat_linked", [incident], threat_count=len(fresh))
            linked.link(incident, fresh)
            linked.finish()
        return view(actor, incident)


@guarded(Permission.INCIDENTS_WRITE)
def unlink(
    actor: Actor, incident_id: UUID, threat_ids: Sequence[str], faults: Faults | None = None, expected: int | None = None
) -> IncidentView:
    """Take threats out of an incident and return it. Raises Invalid for a threat that is not in it; NotFound; VersionMismatch."""
    faults = faults if faults is not None else Faults()
    with transaction():
        incident = hold(actor, incident_id, expected=expected)
        links = _linked(actor, incident, threat_ids, faults)
        faults.raise_if_any()
        removed = Act(actor, "threat_unlinked", [incident], threat_count=len(links))
        removed.unlink(incident, links)
        removed.finish()
        return view(actor, incident)


@guarded(Permission.INCIDENTS_WRITE)
def move(
    actor: Actor,
    incident_id: UUID,
    threat_ids: Sequence[str],
    to_incident_id: str | None,
    faults: Faults | None = None,
    expected: int | None = None,
) -> tuple[IncidentView, IncidentView]:
    """Take threats out of one incident and link them to another that is open; return both.

    Raises Invalid, NotFound, VersionMismatch, or Conflict `incident_not_open`.
    """
    faults = faults if faults is not None else Faults()
    target_id = _target(to_incident_id, incident_id, faults)
    with transaction():
        named = {"to_incident_id": target_id} if target_id else {}
        hold_all(actor, [incident_id, *named.values()])  # all at once, so that opposite moves never wait for each other
        source = hold(actor, incident_id, expected=expected)
        others = hold_others(actor, named, faults)
        links = _linked(actor, source, threat_ids, faults)
        faults.raise_if_any()
        target = others[0]
        _must_be_open(target)
        moved = Act(actor, "moved", [source, target], threat_count=len(links))
        moved.unlink(source, links)
        moved.link(target, _not_linked(actor, target, [threat_id for _, threat_id in links]))
        moved.finish()
        return view(actor, source), view(actor, target)


@guarded(Permission.INCIDENTS_WRITE)
def split(
    actor: Actor, incident_id: UUID, new: NewIncident, faults: Faults | None = None, expected: int | None = None
) -> tuple[IncidentView, IncidentView]:
    """Take threats out of an incident and make them a new one; return the old and the new.

    `new.selection` is not used. Raises Invalid, NotFound, VersionMismatch.
    """
    faults = faults if faults is not None else Faults()
    title = rules.text(new.title, "title", faults, maximum=TITLE_MAX, required="Enter a title.")
    description = rules.text(new.description, "description", faults, maximum=DESCRIPTION_MAX)
    scope = rules.term(new.scope, Scope, "scope", faults) or Scope.AGGREGATE
    with transaction() as session:
        source = hold(actor, incident_id, expected=expected)
        links = _linked(actor, source, new.threat_ids, faults)
        faults.raise_if_any()
        target = Incident(
            tenant_id=actor.tenant_id,
            id=new_id(),
            title=title,
            description=description,
            status=IncidentStatus.OPEN,
            scope=scope,
            link_count=0,
            version=0,
            created_at=source.updated_at,
            updated_at=source.updated_at,
        )
        session.add(target)
        session.flush()
        parted = Act(actor, "split", [source, target], threat_count=len(links), new_incident_id=str(target.id))
        target.created_at = parted.at
        parted.unlink(source, links)
        parted.link(target, [threat_id for _, threat_id in links])
        parted.finish()
        return view(actor, source), view(actor, target)


@guarded(Permission.INCIDENTS_WRITE)
def merge(
    actor: Actor,
    incident_id: UUID,
    incident_ids: Sequence[str],
    reason: str | None,
    faults: Faults | None = None,
    expected: int | None = None,
) -> IncidentView:
    """Merge other incidents into this open one and return it.

    Their threats are linked to it; they themselves are closed, point to it, and keep their links for reading. Raises Invalid,
    NotFound, VersionMismatch, or Conflict `incident_not_open`.
    """
    faults = faults if faults is not None else Faults()
    sources = _sources(incident_ids, incident_id, faults)
    why = rules.text(reason, "reason", faults, maximum=REASON_MAX, required="Say why they belong together.")
    with transaction():
        hold_all(actor, [incident_id, *sources.values()])
        target = hold(actor, incident_id, expected=expected)
        merged = hold_others(actor, sources, faults)
        faults.raise_if_any()
        _must_be_open(target)
        act = Act(actor, "merged", [target, *merged], reason=why, merged_ids=[str(source.id) for source in merged])
        threat_ids = [threat_id for source in merged for _, threat_id in present_links(actor, source.id)]
        act.link(target, _not_linked(actor, target, list(dict.fromkeys(threat_ids))))
        for source in merged:
            act.change(source, status=IncidentStatus.CLOSED, resolved_at=None, merged_into_id=target.id)
        act.finish()
        return view(actor, target)


def _must_be_open(incident: Incident) -> None:
    if incident.status is not IncidentStatus.OPEN:
        words = f"“{incident.title}” is {incident.status}. Reopen it first, then link threats to it."
        raise Conflict("incident_not_open", words)


def _not_linked(actor: Actor, incident: Incident, threat_ids: Sequence[UUID]) -> list[UUID]:
    held = {threat_id for _, threat_id in present_links(actor, incident.id, threat_ids)}
    return [threat_id for threat_id in threat_ids if threat_id not in held]


def _linked(actor: Actor, incident: Incident, written: Sequence[str], faults: Faults) -> list[Link]:
    """Return the links of the threats in the incident; a threat that is not in it is a fault at its index."""
    threat_ids = rules.identifiers(written, "threat_ids", faults, maximum=THREAT_IDS_MAX)
    if not written:
        faults.add("threat_ids", "field_required", "Give at least one threat.")
    links = present_links(actor, incident.id, threat_ids)
    if len(links) < len(threat_ids):
        held = {threat_id for _, threat_id in links}
        for i, value in enumerate(written):
            if rules.CANONICAL_UUID.fullmatch(value) and UUID(value) not in held:
                faults.add(f"threat_ids[{i}]", "threat_unknown", "This incident has no such threat.")
    return links


def _target(written: str | None, source: UUID, faults: Faults) -> UUID | None:
    if not written:
        faults.add("to_incident_id", "field_required", "Say which incident they go to.")
        return None
    target = rules.identifier(written, "to_incident_id", faults)
    if target == source:
        raise Conflict("state_conflict", "They are in this incident already.")
    return target


def _sources(written: Sequence[str], target: UUID, faults: Faults) -> dict[str, UUID]:
    """Return the incidents to be merged, each once, by the field that names it."""
    if not written:
        faults.add("incident_ids", "field_required", "Give at least one incident.")
    if len(written) > MERGE_MAX:
        faults.add("incident_ids", "field_invalid", f"Merge at most {MERGE_MAX} at once; this has {len(written):,}.")
        return {}
    sources: dict[str, UUID] = {}
    for i, value in enumerate(written):
        source = rules.identifier(value, f"incident_ids[{i}]", faults)
        if source == target:
            raise Conflict("state_conflict", "An incident can't be merged into itself.")
        if source and source not in sources.values():
            sources[f"incident_ids[{i}]"] = source
    return sources
