"""The handlers that group the threats of incidents anew: link, unlink, move, split, merge."""

from __future__ import annotations

from flask import Response

from app.api import conditions, present
from app.api.answers import answer
from app.api.bodies import LinkIn, MergeIn, MoveIn, SplitIn
from app.api.call import Call
from app.api.incidents import tagged
from app.api.selection import selection
from app.errors import Invalid, NotFound
from app.service import incidents


def link(call: Call) -> Response:
    """Link threats to an open incident."""
    body: LinkIn = call.body
    chosen = selection(body.selection, "selection", call.faults) if body.selection else None
    return tagged(incidents.link(call.actor, call.id, body.threat_ids or (), chosen, call.faults, call.expected))


def unlink(call: Call) -> Response:
    """Take one threat out of an incident."""
    call.faults.raise_if_any()
    try:
        return tagged(incidents.unlink(call.actor, call.id, [str(call.second_id)], expected=call.expected))
    except Invalid:
        raise NotFound("threat") from None


def move(call: Call) -> Response:
    """Take threats out of an incident and link them to another."""
    body: MoveIn = call.body
    source, target = incidents.move(call.actor, call.id, body.threat_ids or (), body.to_incident_id, call.faults, call.expected)
    return answer({"incident": present.incident(source), "to_incident": present.incident(target)})


def split(call: Call) -> Response:
    """Take threats out of an incident and make them a new one."""
    body: SplitIn = call.body
    new = incidents.NewIncident(
        title=body.title, description=body.description, scope=body.scope, threat_ids=body.threat_ids or ()
    )
    source, target = incidents.split(call.actor, call.id, new, call.faults, call.expected)
    made = present.incident(target)
    headers = {"Location": f"/v1/incidents/{target.incident.id}", "ETag": conditions.tag(target.incident.version, made)}
    return answer({"incident": present.incident(source), "new_incident": made}, 201, headers)


def merge(call: Call) -> Response:
    """Merge other incidents into this one; they are closed and point to it."""
    body: MergeIn = call.body
    return tagged(incidents.merge(call.actor, call.id, body.incident_ids or (), body.reason, call.faults, call.expected))
