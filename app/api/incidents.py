"""The handlers of /v1/incidents, but for those that group threats anew."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from app.api import conditions, present
from app.api.answers import answer
from app.api.bodies import CommentIn, IncidentIn, IncidentPatch
from app.api.call import Call
from app.api.links import next_page
from app.api.selection import selection
from app.db import transaction
from app.errors import VersionMismatch
from app.service import incidents, rules
from app.service.actor import Actor
from app.service.incidents import UNSET, IncidentView
from app.service.incidents.acts import hold, hold_all
from app.service.incidents.read import known, links_page, view
from app.service.incidents.timeline import Item, acts_by_id


def create(call: Call) -> Response:
    """Create an incident and optionally link existing threats."""
    body: IncidentIn = call.body
    new = incidents.NewIncident(
        title=body.title,
        description=body.description,
        scope=body.scope,
        threat_ids=body.threat_ids or (),
        selection=selection(body.selection, "selection", call.faults) if body.selection else None,
    )
    made = incidents.create(call.actor, new, call.faults)
    return tagged(made, 201, {"Location": f"/v1/incidents/{made.incident.id}"})


def search(call: Call) -> Response:
    """List incidents."""
    page = incidents.search(call.actor, call.values, call.faults)
    body = {
        "incidents": [present.incident(each) for each in page.items],
        "total": page.total,
        "next_cursor": page.next_cursor,
    }
    return answer(body, headers=next_page(page.next_cursor))


def get(call: Call) -> Response:
    """Return one incident."""
    call.faults.raise_if_any()
    return tagged(incidents.get(call.actor, call.id))


def change(call: Call) -> Response:
    """Change an incident's title, description, scope, status or start."""
    body: IncidentPatch = call.body
    given = body.model_fields_set
    start = None if body.started_at is None else rules.moment(body.started_at, "started_at", call.faults)
    changes = incidents.Changes(
        title=body.title if "title" in given else UNSET,
        description=body.description if "description" in given else UNSET,
        scope=body.scope if "scope" in given else UNSET,
        status=body.status if "status" in given else UNSET,
        started_at=start if "started_at" in given else UNSET,
    )
    return tagged(incidents.change(call.actor, call.id, changes, call.faults, call.expected))


def delete(call: Call) -> Response:
    """Delete an incident; it can be restored for 30 days."""
    call.faults.raise_if_any()
    incidents.delete(call.actor, call.id, call.expected)
    return Response(status=204, headers={"Cache-Control": "no-store"})


def restore(call: Call) -> Response:
    """Bring a deleted incident back."""
    call.faults.raise_if_any()
    with transaction():
        if call.expected is not None:
            for incident in hold_all(call.actor, [call.id]):
                if incident.version != call.expected:
                    raise VersionMismatch(incident.version)
        return tagged(incidents.restore(call.actor, call.id))


def links(call: Call) -> Response:
    """List all links of an incident, in linking order."""
    page = links_page(call.actor, call.id, call.values, call.faults)
    body = {
        "threat_links": [present.threat_link(link) for link in page.items],
        "total": page.total,
        "next_cursor": page.next_cursor,
    }
    return answer(body, headers=next_page(page.next_cursor))


def activity(call: Call) -> Response:
    """List what happened to an incident, newest last."""
    call.faults.raise_if_any()
    page = incidents.timeline(
        call.actor,
        call.id,
        before_link=call.values.get("include_versions_before_link", False),
        limit=call.values.get("limit", 50),
        offset=call.values.get("offset", 0),
    )
    return answer({"items": [present.activity_item(item, call.id) for item in page.items], "total": page.total})


def undo(call: Call) -> Response:
    """Reverse an act as one new act, unless later work stands on it."""
    call.faults.raise_if_any()
    return tagged(incidents.undo(call.actor, call.id, call.second_id, call.expected))


def comment(call: Call) -> Response:
    """Add a comment to the timeline."""
    body: CommentIn = call.body
    with transaction():
        if call.expected is not None:
            hold(call.actor, call.id, expected=call.expected)
        act_id = incidents.comment(call.actor, call.id, body.body, call.faults)
        said = acts_by_id(call.actor, [act_id])[act_id]
    return answer(present.activity_item(Item(said.kind, said.at, said, None, None, None), call.id), 201)


def tagged(it: IncidentView, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an incident with its entity tag."""
    body = present.incident(it)
    return answer(body, status, {**(headers or {}), "ETag": conditions.tag(it.incident.version, body)})


def present_tag(actor: Actor, incident_id: UUID) -> tuple[int, str]:
    """Return the present version of an incident, deleted or not, and its entity tag. Raises NotFound."""
    it = view(actor, known(actor, incident_id, deleted=True))
    return it.incident.version, conditions.tag(it.incident.version, present.incident(it))
