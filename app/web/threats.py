"""The page of one threat."""

from __future__ import annotations

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from app.service import incidents, threats
from app.service.query import LIMIT_MAX
from app.web.access import actor, pages

blueprint = pages("threats")


@blueprint.get("/threats/<uuid:threat_id>")
def show(threat_id: UUID) -> ResponseReturnValue:
    """Show one threat: its facts, its place, what its source says, and the incidents it is in."""
    view = threats.get(actor(), threat_id)
    holding = incidents.search(actor(), {"threat_id": threat_id, "limit": LIMIT_MAX})
    return render_template("threats/show.html", threat=view.threat, holding=holding)
