"""The desk: find threats, select some, make them one incident."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.db import new_id
from app.errors import Conflict, Fault, Faults, Invalid, NotFound, Unreadable
from app.service import incidents, rules, threats
from app.service.actor import Actor
from app.service.incidents import Changes, NewIncident
from app.service.incidents.history import latest
from app.service.incidents.similar import middle_of, open_incidents
from app.service.query import Page
from app.service.threats import ThreatView
from app.terms import IncidentStatus, Permission
from app.web.access import actor, pages
from app.web.acting import Done, done, perform
from app.web.chosen import Chosen, choose, chosen_incident, written
from app.web.forms import IncidentForm
from app.web.lists import DESK_FILTERS, DESK_PARAMS, PER_PAGE, ListQuery, Period, only, read
from app.web.reading import Pairs, first, form_pairs, pairs_of, printable, query_pairs
from app.web.summary import Message, messages
from app.web.text import counted

# Fields in the order of the page, with the elements that a message about them leads to.
TARGETS = {
    "": "create",
    "threat_ids": "selection",
    "title": "title",
    "description": "description",
    "scope": "scope-0",
    "to_incident_id": "to_incident_id",
}
OPEN_SHOWN = 20

blueprint = pages("desk")


@dataclass(frozen=True, slots=True)
class Draft:
    """What the person has put into the form so far."""

    form: IncidentForm
    chosen: Chosen
    incident_id: str = ""


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
    new = NewIncident(first(pairs, "title"), first(pairs, "description"), first(pairs, "scope"), ids)

    def work() -> Done:
        faults = Faults()
        if not ids:
            faults.add("threat_ids", "field_required", "Select at least one threat.")
        since = new_id()
        made = incidents.create(actor(), new, faults).incident
        words = f"Incident created with {counted(made.link_count, 'threat')}."
        return done(words, f"/incidents/{made.id}", made.id, latest(actor(), made.id, since), made=True)

    try:
        return perform(pairs, work)
    except Invalid as error:
        return kept(pairs, error.faults), 422


@blueprint.post("/incidents/link")
def link() -> ResponseReturnValue:
    """Add the selected threats to an open incident and come back to the desk; a closed one is reopened first if asked for."""
    pairs = form_pairs()
    ids = written(pairs)
    chosen_id = chosen_incident(pairs)
    reopen = first(pairs, "reopen") == chosen_id

    def work() -> Done:
        faults = Faults()
        if not ids:
            faults.add("threat_ids", "field_required", "Select at least one threat.")
        incident_id = _incident_id(chosen_id, faults)
        since = new_id()
        before = incidents.get(actor(), incident_id).incident.link_count
        if reopen:
            incidents.change(actor(), incident_id, Changes(status=IncidentStatus.OPEN))
        incident = incidents.link(actor(), incident_id, ids, faults=faults).incident
        words = f"{counted(incident.link_count - before, 'threat')} added to “{incident.title}”."
        to = f"/?{urlencode([(name, printable(value)) for name, value in _view(pairs).pairs])}".rstrip("?")
        return done(words, to, incident_id, latest(actor(), incident_id, since), made=True)

    try:
        return perform(pairs, work)
    except Invalid as error:
        return kept(pairs, error.faults), 422
    except NotFound:
        return kept(pairs, [Fault("to_incident_id", "incident_unknown", "No incident has this id.")]), 422
    except Conflict as error:
        can_reopen = error.code == "incident_not_open"
        return kept(pairs, [Fault("to_incident_id", error.code, str(error))], chosen_id if can_reopen else ""), 409


def _incident_id(text: str, faults: Faults) -> UUID:
    """Return the incident that the form names. Raises Invalid with all faults if it names none."""
    found = rules.identifier(text, "to_incident_id", faults) if text else None
    if found is None:
        faults.add("to_incident_id", "field_required", "Choose an open incident.")
        raise Invalid(list(faults))
    return found


def kept(pairs: Pairs, faults: list[Fault], reopen: str = "") -> str:
    """Return the desk as it was when the form was sent, with everything in it, and with these faults.

    `reopen` is an incident that has to be reopened before the form can be carried out.
    """
    return _page(_view(pairs), _draft(actor(), pairs), messages(faults, TARGETS), reopen)


def _view(pairs: Pairs) -> ListQuery:
    """Return the state of the desk that the form was sent from; one that nobody could have sent it from is no state."""
    try:
        return read(DESK_PARAMS, only(DESK_PARAMS, pairs_of(first(pairs, "view") or "")))
    except Unreadable:
        return read(DESK_PARAMS, [])


@blueprint.get("/threats/list")
def rows() -> ResponseReturnValue:
    """Answer the list part of the desk alone, for the script that puts it in place."""
    query = read(DESK_PARAMS, query_pairs())
    return render_template("desk/_list.html", query=query, found=_found(query), per_page=PER_PAGE, chosen_ids=())


def _draft(who: Actor, pairs: Pairs) -> Draft:
    values = MultiDict((name, printable(value)) for name, value in pairs)
    return Draft(IncidentForm(formdata=values), choose(who, written(pairs)), printable(chosen_incident(pairs)))


def _found(query: ListQuery) -> Page[ThreatView]:
    """Return the page of threats; none at all when a filter can't be read, rather than a list that ignores it."""
    return Page([], 0, None) if len(query.faults) else threats.search(actor(), query.paging)


def _page(query: ListQuery, draft: Draft, errors: list[Message] | None = None, reopen: str = "") -> str:
    may_write = Permission.INCIDENTS_WRITE in actor().permissions
    found = _found(query)
    here = [view.threat.id for view in found.items]
    near = middle_of(actor(), [str(threat_id) for threat_id in draft.chosen.ids])
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
        may_write=may_write,
        open_incidents=open_incidents(actor(), "", near, OPEN_SHOWN) if may_write else [],
        incident_id=draft.incident_id,
        reopen=reopen,
        selection_max=incidents.THREAT_IDS_MAX,
        path=request.path,
    )
