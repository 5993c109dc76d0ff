"""Threats that came in inside the areas of open incidents: to be added, or not to be proposed again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from app.db import new_id
from app.errors import Unavailable, Unreadable
from app.models import Threat
from app.service import incidents, threats
from app.service.incidents import Newcomers
from app.service.incidents.history import latest
from app.terms import Permission
from app.web.access import actor, pages, wants_json
from app.web.acting import Done, back, done, perform
from app.web.reading import first, form_pairs
from app.web.text import counted

SHOWN = 10
AT_ONCE = 1_000
"""So many threats are added or refused by one button; more stay for the next."""

blueprint = pages("newcomers")


def proposals(incident_id: UUID | None = None, back_to: str = "/") -> dict[str, Any]:
    """Return what incidents/_newcomers.html shows; nothing while the threats are not in memory."""
    found: list[Newcomers] = []
    with suppress(Unavailable):
        found = incidents.newcomers(actor(), incident_id)
    shown = {threat.id: threat for threat in threats.some(actor(), [i for one in found for i in one.threat_ids[:SHOWN]])}
    listed: list[tuple[Newcomers, list[Threat]]] = [
        (one, [shown[threat_id] for threat_id in one.threat_ids[:SHOWN] if threat_id in shown]) for one in found
    ]
    may_write = Permission.INCIDENTS_WRITE in actor().permissions
    return {"newcomers": listed, "at_once": AT_ONCE, "back": back_to, "may_write": may_write}


@blueprint.get("/incidents/newcomers")
def show() -> str:
    """Show all proposals; the desk's script is given the list of them alone."""
    template = "incidents/_newcomers.html" if wants_json() else "incidents/newcomers.html"
    return render_template(template, **proposals(back_to="/" if wants_json() else "/incidents/newcomers"))


@blueprint.post("/incidents/<uuid:incident_id>/newcomers")
def decide(incident_id: UUID) -> ResponseReturnValue:
    """Add the threats that the form names to the incident, or have them not proposed again."""
    pairs = form_pairs()
    ids = (first(pairs, "ids") or "").split()
    answer = first(pairs, "answer")
    if answer not in {"add", "refuse"}:
        raise Unreadable("The form does not say whether to add the threats or not.")

    def work() -> Done:
        title = incidents.get(actor(), incident_id).incident.title
        to = back(pairs, f"/incidents/{incident_id}")
        if answer == "refuse":
            incidents.refuse(actor(), incident_id, ids)
            return done(f"{counted(len(ids), 'threat')} will not be proposed to “{title}” again.", to, incident_id)
        since = new_id()
        incidents.link(actor(), incident_id, ids)
        return done(f"{counted(len(ids), 'threat')} added to “{title}”.", to, incident_id, latest(actor(), incident_id, since))

    return perform(pairs, work)
