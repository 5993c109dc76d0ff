"""Incidents: the list, and the page of one."""

from __future__ import annotations

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from app.service import incidents
from app.service.query import PAGING, Page
from app.terms import IncidentStatus, Scope
from app.web import incident_page
from app.web.access import actor, pages
from app.web.lists import PAGE, PER_PAGE, read
from app.web.reading import query_pairs

PARAMS = (*(param for param in incidents.LIST_PARAMS if param not in PAGING), PAGE)

blueprint = pages("incidents")


@blueprint.get("/incidents")
def index() -> ResponseReturnValue:
    """List incidents, with the number of each status among those that match the other filters."""
    query = read(PARAMS, query_pairs())
    wrong = bool(len(query.faults))
    found: Page[incidents.IncidentView] = Page([], 0, None) if wrong else incidents.search(actor(), query.paging)
    counts = dict.fromkeys(IncidentStatus, 0) if wrong else incidents.status_counts(actor(), query.filters)
    return render_template("incidents/index.html", query=query, found=found, counts=counts, per_page=PER_PAGE, scopes=Scope)


@blueprint.get("/incidents/<uuid:incident_id>")
def show(incident_id: UUID) -> ResponseReturnValue:
    """Show one incident with its map, its threats, what can be done with it, and its timeline."""
    return incident_page.fresh(incident_id)
