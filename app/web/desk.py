"""The desk: find threats, select some, make them one incident."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.errors import Fault, Faults, Invalid
from app.service import incidents, threats
from app.service.actor import Actor
from app.service.incidents import NewIncident
from app.service.query import Page
from app.service.threats import ThreatView
from app.terms import Permission
from app.web.access import actor, pages
from app.web.chosen import Chosen, choose, written
from app.web.forms import IncidentForm
from app.web.lists import DESK_FILTERS, DESK_PARAMS, PER_PAGE, ListQuery, Period, only, read
from app.web.reading import Pairs, first, form_pairs, pairs_of, printable, query_pairs
from app.web.summary import Message, messages

# Fields in the order of the page, with the elements that a message about them leads to.
TARGETS = {"": "create", "threat_ids": "selection", "title": "title", "description": "description", "scope": "scope-0"}

blueprint = pages("desk")


@dataclass(frozen=True, slots=True)
class Draft:
    """What the person has put into the form so far."""

    form: IncidentForm
    chosen: Chosen


@blueprint.get("/")
def show() -> ResponseReturnValue:
    """Show the desk with the filters of the address and nothing selected."""
    return _page(read(DESK_PARAMS, query_pairs()), Draft(IncidentForm(formdata=None), Chosen()))


@blueprint.post("/")
def again() -> ResponseReturnValue:
    """Show the desk again with other filters or another page, and the form as it was sent. Nothing is written."""
    pairs = form_pairs()
    applied = first(pairs, "apply") is not None
    state = only(DESK_FILTERS, pairs) if applied else query_pairs()
    if first(pairs, "clear") is not None:
        pairs = [(name, value) for name, value in pairs if name not in {"selected", "threat_ids"}]
    return _page(read(DESK_PARAMS, state), _draft(actor(), pairs))


@blueprint.post("/incidents")
def create() -> ResponseReturnValue:
    """Make an incident of the form and go to its page; if something is wrong, show the desk again and say what."""
    pairs = form_pairs()
    ids = written(pairs)
    faults = Faults()
    if not ids:
        faults.add("threat_ids", "field_required", "Select at least one threat.")
    new = NewIncident(first(pairs, "title"), first(pairs, "description"), first(pairs, "scope"), ids)
    try:
        made = incidents.create(actor(), new, faults).incident
    except Invalid as error:
        return kept(pairs, error.faults), 422
    flash(f"Incident created with {made.link_count:,} threat{'' if made.link_count == 1 else 's'}.")
    return redirect(url_for("incidents.show", incident_id=made.id), 303)


def kept(pairs: Pairs, faults: list[Fault]) -> str:
    """Return the desk as it was when the form was sent, with everything in it, and with these faults."""
    state = pairs_of(first(pairs, "view") or "")
    return _page(read(DESK_PARAMS, only(DESK_PARAMS, state)), _draft(actor(), pairs), messages(faults, TARGETS))


@blueprint.get("/threats/list")
def rows() -> ResponseReturnValue:
    """Answer the list part of the desk alone, for the script that puts it in place."""
    query = read(DESK_PARAMS, query_pairs())
    return render_template("desk/_list.html", query=query, found=_found(query), per_page=PER_PAGE, chosen_ids=())


def _draft(who: Actor, pairs: Pairs) -> Draft:
    values = MultiDict((name, printable(value)) for name, value in pairs)
    return Draft(IncidentForm(formdata=values), choose(who, written(pairs)))


def _found(query: ListQuery) -> Page[ThreatView]:
    """Return the page of threats; none at all when a filter can't be read, rather than a list that ignores it."""
    return Page([], 0, None) if len(query.faults) else threats.search(actor(), query.paging)


def _page(query: ListQuery, draft: Draft, errors: list[Message] | None = None) -> str:
    found = _found(query)
    here = [view.threat.id for view in found.items]
    return render_template(
        "desk/desk.html",
        query=query,
        found=found,
        per_page=PER_PAGE,
        periods=Period,
        facets=threats.facets(actor()),
        form=draft.form,
        chosen=draft.chosen,
        chosen_ids=frozenset(draft.chosen.ids),
        elsewhere=draft.chosen.elsewhere(here),
        errors=errors or [],
        may_write=Permission.INCIDENTS_WRITE in actor().permissions,
        selection_max=incidents.THREAT_IDS_MAX,
        path=request.path,
    )
