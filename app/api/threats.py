"""The handlers of /v1/threats."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from flask import Response

from app.api import present
from app.api.answers import answer
from app.api.call import Call
from app.api.links import next_page
from app.api.schemas import ThreatIn, ThreatsIn
from app.errors import Faults
from app.feeds.record import Record
from app.service import rules, threats


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
    return answer(present.threat(threats.get(call.actor, call.id)))


def put(call: Call) -> Response:
    """Add or update threats by source and external id; all of them or none."""
    body: ThreatsIn = call.body
    faults = call.faults
    given = body.threats or []
    if not 1 <= len(given) <= threats.UPSERT_MAX:
        faults.add("threats", "field_invalid", f"Give 1 to {threats.UPSERT_MAX:,} threats; this has {len(given):,}.")
        faults.raise_if_any()
    records = [_record(threat, i, faults) for i, threat in enumerate(given)]
    outcomes = threats.upsert(call.actor, records, faults=faults)
    counts = Counter(outcome.kind for outcome in outcomes)
    results = [
        {
            "id": str(outcome.threat_id),
            "source": record.source.strip(),
            "external_id": record.external_id.strip(),
            "outcome": outcome.kind,
        }
        for record, outcome in zip(records, outcomes, strict=True)
    ]
    tally = {kind: counts[kind] for kind in ("new", "updated", "unchanged", "older")}
    return answer({**tally, "results": results})


def _record(threat: ThreatIn, i: int, faults: Faults) -> Record:
    def moment(name: str) -> datetime | None:
        value = getattr(threat, name)
        return None if value is None else rules.moment(value, f"threats[{i}].{name}", faults)

    place = threat.coordinates
    if place and {"lat", "lng"} - place.model_fields_set:
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
        lat=place.lat if place else None,
        lng=place.lng if place else None,
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
    )
