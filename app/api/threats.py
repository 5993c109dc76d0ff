"""The handlers of /v1/threats."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from flask import Response

from app.api import conditions, present
from app.api.answers import answer, detail
from app.api.bodies import NewThreat, SelectionBody, ThreatIn, ThreatPatch, ThreatsIn
from app.api.call import Call
from app.api.links import next_page
from app.api.selection import selection
from app.db import EPOCH, new_id, transaction
from app.errors import Conflict, Fault, Faults, Invalid
from app.feeds.record import Record
from app.service import pairs, rules, threats
from app.service.actor import Actor
from app.service.selection import resolve
from app.service.threats.areas import area
from app.terms import Permission

REFUSAL_DETAILS_MAX = 10
"""Faults of a threat that was left out which the answer tells."""
IN_ITEM = re.compile(r"threats\[(\d{1,4})\](.*)", re.ASCII | re.DOTALL)


def search(call: Call) -> Response:
    """List threats."""
    page = threats.search(call.actor, call.values, call.faults)
    body = {
        "threats": [present.threat(view) for view in page.items],
        "total": page.total,
        "assets": [],
        "next_cursor": page.next_cursor,
    }
    return answer(body, headers=next_page(page.next_cursor))


def get(call: Call) -> Response:
    """Return one threat."""
    call.faults.raise_if_any()
    return _tagged(call.actor, threats.get(call.actor, call.id))


def create(call: Call) -> Response:
    """Add one threat."""
    body: NewThreat = call.body
    threat_id = new_id()
    source = body.source if "source" in body.model_fields_set else "api"
    external_id = body.external_id if "external_id" in body.model_fields_set else str(threat_id)
    found = Faults()
    for fault in call.faults:
        found.add(f"threats[0].{fault.field}", fault.code, fault.issue)
    record = replace(_record(body, 0, found), source=source, external_id=external_id)
    with transaction():
        try:
            [outcome] = threats.upsert(call.actor, [record], faults=found, ids={(source.strip(), external_id): threat_id})
        except Invalid as error:
            raise _without(error, "threats[0].") from None
        if outcome.kind != "new" or outcome.threat_id is None:
            raise Conflict("state_conflict", "This source has a threat of this id already. PUT /v1/threats updates it.")
        reader = replace(_reader(call.actor), sees_restricted=True)  # it is what the client itself told
        return _tagged(call.actor, threats.get(reader, outcome.threat_id), 201, {"Location": f"/v1/threats/{outcome.threat_id}"})


def change(call: Call) -> Response:
    """Change what a person says of a threat: its status, whether it is pinned, why it is dismissed."""
    body: ThreatPatch = call.body
    given = body.model_fields_set
    changes = threats.ThreatChanges(
        status=body.status if "status" in given else threats.UNSET,
        pinned=body.pinned if "pinned" in given else threats.UNSET,
        dismissal_reason=body.dismissal_reason if "dismissal_reason" in given else threats.UNSET,
    )
    expected = None if call.expected is None else EPOCH + timedelta(milliseconds=call.expected)
    return _tagged(call.actor, threats.change(call.actor, call.id, changes, call.faults, expected))


def versions(call: Call) -> Response:
    """List the versions of a threat, oldest first."""
    call.faults.raise_if_any()
    page = threats.versions(call.actor, call.id, call.values.get("limit", 50), call.values.get("offset", 0))
    return answer({"versions": [present.version(each) for each in page.items], "total": page.total})


def select(call: Call) -> Response:
    """Say what a selection comes to, writing nothing."""
    body: SelectionBody = call.body
    found = Faults()
    for fault in call.faults:
        found.add(f"selection.{fault.field}" if fault.field else "selection", fault.code, fault.issue)
    chosen = selection(body, "selection", found)
    selected = resolve(call.actor, chosen, found)
    if found:
        raise _without(Invalid(list(found)), "selection.")
    body_out = {
        "total": len(selected.ids),
        "by_severity": {str(severity): count for severity, count in selected.by_severity.items()},
        "threat_ids": list(map(str, selected.first)),
    }
    return answer(body_out)


def _without(error: Invalid, start: str) -> Invalid:
    """Return the faults of something that came alone, where the service speaks of it as a part; itself is the empty field."""
    whole = start.rstrip(".")
    named = [("" if fault.field == whole else fault.field.removeprefix(start), fault) for fault in error.faults]
    return Invalid([Fault(field, fault.code, fault.issue) for field, fault in named])


def _tagged(actor: Actor, it: threats.ThreatView, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = _body(actor, it)
    return answer(body, status, {**(headers or {}), "ETag": conditions.tag(_version(it), body)})


def _version(it: threats.ThreatView) -> int:
    """Return the version of a threat: when it was updated, in milliseconds since 1970."""
    return (it.threat.updated_at - EPOCH) // timedelta(milliseconds=1)


def present_tag(actor: Actor, threat_id: UUID) -> tuple[int, str]:
    """Return the present version of a threat and its entity tag. Raises NotFound."""
    it = threats.get(_reader(actor), threat_id)
    return _version(it), conditions.tag(_version(it), _body(actor, it))


def _reader(actor: Actor) -> Actor:
    """Return the actor as one who may read: who may write a threat is told what was written, also without that scope."""
    return replace(actor, permissions=actor.permissions | {Permission.THREATS_READ})


def _body(actor: Actor, it: threats.ThreatView) -> dict[str, Any]:
    reader = _reader(actor)
    return present.whole_threat(it, pairs.same_as(reader, it.threat.id), area(reader, it.threat.id))


def put(call: Call) -> Response:
    """Add or update threats by source and external id; all of them or none, unless `partial`."""
    body: ThreatsIn = call.body
    faults, partial = call.faults, bool(call.values.get("partial"))
    given = body.threats or []
    if not 1 <= len(given) <= threats.UPSERT_MAX:
        faults.add("threats", "field_invalid", f"Give 1 to {threats.UPSERT_MAX:,} threats; this has {len(given):,}.")
        faults.raise_if_any()
    records = [_record(threat, i, faults) for i, threat in enumerate(given)]
    if not all(0 <= _item(fault) < len(given) for fault in faults):
        partial = False
    outcomes = threats.upsert(call.actor, records, faults=faults, partial=partial)
    counts = Counter(outcome.kind for outcome in outcomes)
    refused: dict[int, list[dict[str, str]]] = defaultdict(list)
    for fault in faults:
        details = refused[_item(fault)]
        if len(details) < REFUSAL_DETAILS_MAX:
            details.append(detail(fault))
    results = [
        {"index": i, "errors": refused[i]}
        if outcome.kind == "failed"
        else {
            "index": i,
            "id": str(outcome.threat_id),
            "source": record.source.strip(),
            "external_id": record.external_id.strip(),
            "outcome": outcome.kind,
        }
        for i, (record, outcome) in enumerate(zip(records, outcomes, strict=True))
    ]
    tally = {kind: counts[kind] for kind in ("new", "updated", "unchanged", "older", "failed")}
    return answer({**tally, "results": results})


def _item(fault: Fault) -> int:
    """Return the index of the threat that a fault is of; -1 for the request's own, such as a member that is called threats[0]."""
    found = IN_ITEM.fullmatch(fault.field)
    return -1 if found is None or (fault.code == "field_unknown" and not found[2]) else int(found[1])


def _record(threat: ThreatIn, i: int, faults: Faults) -> Record:
    def moment(name: str) -> datetime | None:
        value = getattr(threat, name)
        return None if value is None else rules.moment(value, f"threats[{i}].{name}", faults)

    place = threat.coordinates
    if place and {"lat", "lng"} - place.model_fields_set and not faults.within(f"threats[{i}].coordinates"):
        faults.add(f"threats[{i}].coordinates", "field_invalid", "Give both latitude and longitude, or neither.")
    return Record(
        row=i + 1,
        source=threat.source or "",
        external_id=threat.external_id or "",
        title=threat.title or "",
        severity=threat.severity,
        status=threat.status,
        description=threat.description,
        threat_type=threat.threat_type,
        threat_rationale=threat.threat_rationale,
        location=threat.location,
        location_country=threat.location_country,
        # A half that is missing is at fault already; 0 lets the other half be looked at.
        lat=place.lat or 0.0 if place else None,
        lng=place.lng or 0.0 if place else None,
        location_precision_level=threat.location_precision_level,
        location_uncertainty_km=threat.location_uncertainty_km,
        observed_at=moment("observed_at"),
        expires_at=moment("expires_at"),
        source_updated_at=moment("source_updated_at"),
        likelihood=threat.likelihood,
        impact_severity=threat.impact_severity,
        risk_score=threat.risk_score,
        risk_level=threat.risk_level,
        likelihood_rationale=threat.likelihood_rationale,
        impact_rationale=threat.impact_rationale,
        url=threat.url,
        aliases=tuple(threat.aliases or ()),
        sources=tuple(threat.sources or ()),
        attribution_types=tuple(threat.attribution_types or ()),
        affected_assets=tuple(asset.model_dump() for asset in threat.affected_assets or ()),
        raw=lambda: orjson.dumps(threat.model_dump(exclude_unset=True)).decode(),
    )
