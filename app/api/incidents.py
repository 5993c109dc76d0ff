"""The handlers of /v1/incidents."""

from __future__ import annotations

from flask import Response, request

from app.api import present
from app.api.answers import answer
from app.api.call import Call
from app.api.links import next_page
from app.api.schemas import IncidentIn
from app.api.selection import selection
from app.service import incidents


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
    view = incidents.create(call.actor, new, call.faults)
    headers = {"Location": f"{request.path}/{view.incident.id}", "ETag": etag(view)}
    return answer(present.incident(view), 201, headers)


def search(call: Call) -> Response:
    """List incidents."""
    page = incidents.search(call.actor, call.values, call.faults)
    body = {
        "incidents": [present.incident(view) for view in page.items],
        "total": page.total,
        "next_cursor": page.next_cursor,
    }
    return answer(body, headers=next_page(page.next_cursor))


def get(call: Call) -> Response:
    """Return one incident."""
    view = incidents.get(call.actor, call.id)
    return answer(present.incident(view), headers={"ETag": etag(view)})


def etag(view: incidents.IncidentView) -> str:
    """Return the entity tag of this version of the incident."""
    return f'"{view.incident.version}"'
