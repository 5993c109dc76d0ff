"""The desk: find threats, select some, make them one incident."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import UUID

import orjson
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.db import new_id
from app.errors import Conflict, Fault, Faults, Invalid, NotFound, Unreadable, Warming
from app.service import feeds, incidents, rules, threats
from app.service import pairs as told_pairs
from app.service.incidents import Changes, NewIncident
from app.service.incidents.history import latest
from app.service.incidents.similar import open_incidents
from app.service.query import Page
from app.service.selection import Selection, read_steps, summary, whereabouts
from app.service.threats import ThreatView
from app.service.threats.withheld import name_of
from app.terms import IncidentStatus, Permission
from app.web import near, view_menu
from app.web.access import actor, pages
from app.web.acting import Done, done, perform
from app.web.chosen import chosen_incident
from app.web.forms import IncidentForm
from app.web.lists import DESK_FILTERS, DESK_PARAMS, EVERYTHING, PER_PAGE, ListQuery, Period, last_visit, only, read
from app.web.reading import Pairs, first, form_pairs, pairs_of, printable, query_pairs
from app.web.selecting import Chosen, Steps, choose, meant
from app.web.sharing import number_withheld
from app.web.summary import Message, messages
from app.web.text import counted

# Fields in the order of the page, with the elements that a message about them leads to.
TARGETS = {
    "": "create",
    "threat_ids": "selection",
    "selection": "selection",
    "title": "title",
    "description": "description",
    "scope": "scope-0",
    "to_incident_id": "to_incident_id",
    "view_name": "view_name",
    "saved_view": "saved-views",
}
OPEN_SHOWN = 20
FACETS_SHOWN = 100
TOLD_TWICE_MAX = 1_000
"""So many proposals of the same event are counted here; their page has the true number."""

blueprint = pages("desk")


@dataclass(frozen=True, slots=True)
class Draft:
    """What the person has put into the form so far."""

    form: IncidentForm
    steps: Steps
    incident_id: str = ""
    near: near.Near = field(default_factory=near.Near)


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of a filter that are offered, with their numbers of threats if known, and how many values there are."""

    offered: list[tuple[str, int | None]]
    number: int


@blueprint.get("/")
def show() -> ResponseReturnValue:
    """Show the desk with the filters of the address, or those of the person's own first view, and nothing selected."""
    if address := view_menu.opening():
        return redirect(address, 303)
    return _page(read(DESK_PARAMS, query_pairs()), Draft(IncidentForm(formdata=None), []))


@blueprint.post("/")
def again() -> ResponseReturnValue:
    """Show the desk again with other filters, another page or selection, and the form as it was sent. Nothing is written."""
    pairs = form_pairs()
    applied = first(pairs, "apply") is not None
    query = read(DESK_PARAMS, only(DESK_FILTERS, pairs) if applied else query_pairs())
    faults = Faults()
    draft = _draft(pairs)
    if first(pairs, "clear") is not None:
        draft.steps.clear()
    elif first(pairs, "undo") is not None:
        del draft.steps[-1:]
    elif step := near.step_of(pairs, query, faults):
        draft.steps.append(step)
    page = _page(query, draft, messages(faults, TARGETS))
    return (page, 422) if len(faults) else page


@blueprint.post("/incidents")
def create() -> ResponseReturnValue:
    """Make an incident of the form and go to its page; if something is wrong, show the desk again and say what."""
    pairs = form_pairs()

    def work() -> Done:
        faults = Faults()
        selection = _selection(pairs, faults)
        new = NewIncident(first(pairs, "title"), first(pairs, "description"), first(pairs, "scope"), selection=selection)
        since = new_id()
        made = incidents.create(actor(), new, faults).incident
        words = f"Incident created with {counted(made.link_count, 'threat')}."
        return done(words, f"/incidents/{made.id}", made.id, latest(actor(), made.id, since), made=True)

    try:
        return perform(pairs, work)
    except Invalid as error:
        return kept(pairs, error.faults), 422
    except Warming as error:
        return kept(pairs, [_not_yet(error)]), 503


@blueprint.post("/incidents/link")
def link() -> ResponseReturnValue:
    """Add the selected threats to an open incident and come back to the desk; a closed one is reopened first if asked for."""
    pairs = form_pairs()
    chosen_id = chosen_incident(pairs)
    reopen = first(pairs, "reopen") == chosen_id

    def work() -> Done:
        faults = Faults()
        selection = _selection(pairs, faults)
        incident_id = _incident_id(chosen_id, faults)
        faults.raise_if_any()
        since = new_id()
        before = incidents.get(actor(), incident_id).incident.link_count
        if reopen:
            incidents.change(actor(), incident_id, Changes(status=IncidentStatus.OPEN))
        incident = incidents.link(actor(), incident_id, selection=selection, faults=faults).incident
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
    except Warming as error:
        return kept(pairs, [_not_yet(error)]), 503


def _selection(pairs: Pairs, faults: Faults) -> Selection:
    """Return the selection that the form means, which may not be empty."""
    unreadable = Faults()
    steps = meant(actor(), pairs, unreadable)
    for fault in () if steps else unreadable:
        faults.add(fault.field, fault.code, fault.issue)
    selection = read_steps(orjson.dumps(steps).decode(), faults)
    if not len(faults) and not summary(actor(), selection).total:
        words = "Select at least one threat."
        faults.add("threat_ids", "field_required", f"Nothing is selected any more. {words}" if steps else words)
    return selection


def _not_yet(error: Warming) -> Fault:
    return Fault("selection", "unavailable", f"{error} Nothing was saved; send it again in a moment.")


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
    return _page(_view(pairs), _draft(pairs), messages(faults, TARGETS), reopen)


def _view(pairs: Pairs) -> ListQuery:
    """Return the state of the desk that the form was sent from; one that nobody could have sent it from is no state."""
    try:
        return read(DESK_PARAMS, only(DESK_PARAMS, pairs_of(first(pairs, "view") or "")))
    except Unreadable:
        return read(DESK_PARAMS, [])


@blueprint.get("/threats/list")
def rows() -> ResponseReturnValue:
    """Answer the list part of the desk alone, for the script that puts it in place."""
    last_visit()
    query = read(DESK_PARAMS, query_pairs())
    return render_template(
        "desk/_list.html", query=query, found=_found(query), per_page=PER_PAGE, chosen_ids=(), withheld=_withheld(query)
    )


def _draft(pairs: Pairs) -> Draft:
    values = MultiDict((name, printable(value)) for name, value in pairs)
    # What is wrong with the selection is left out of the page, and was said if the form was to be carried out.
    steps = meant(actor(), pairs, Faults())
    return Draft(IncidentForm(formdata=values), steps, printable(chosen_incident(pairs)), near.fields(actor(), pairs))


def _found(query: ListQuery) -> Page[ThreatView]:
    """Return the page of threats; none at all when a parameter can't be used, rather than a list that ignores it."""
    try:
        return threats.search(actor(), query.paging, query.faults)
    except Invalid:
        return Page([], 0, None)


def _withheld(query: ListQuery) -> int:
    return 0 if query.faults else number_withheld(query.filters)


def _page(query: ListQuery, draft: Draft, errors: list[Message] | None = None, reopen: str = "") -> str:
    may_write = Permission.INCIDENTS_WRITE in actor().permissions
    found = _found(query)
    chosen, chosen_ids = choose(actor(), draft.steps, [view.threat.id for view in found.items])
    facets = threats.facets(actor())
    return render_template(
        "desk/desk.html",
        query=query,
        found=found,
        withheld=_withheld(query) if any(name_of(text) for text, _ in facets["source"]) else 0,
        told_twice=told_pairs.count(actor(), TOLD_TWICE_MAX),
        told_twice_max=TOLD_TWICE_MAX,
        per_page=PER_PAGE,
        periods=Period,
        facets=_offered(query, facets),
        facets_shown=FACETS_SHOWN,
        views=view_menu.entries(query),
        everything=EVERYTHING,
        last_visit=last_visit(),
        freshness=feeds.freshness(actor()),
        form=draft.form,
        chosen=chosen,
        chosen_ids=chosen_ids,
        near=draft.near,
        errors=errors or [],
        may_write=may_write,
        open_incidents=open_incidents(actor(), "", _middle(chosen), OPEN_SHOWN) if may_write else [],
        incident_id=draft.incident_id,
        reopen=reopen,
        path=request.path,
    )


def _offered(query: ListQuery, facets: dict[str, list[tuple[str, int]]]) -> dict[str, Facet]:
    """Return what each filter offers: the most frequent values, and those that are chosen."""
    found = {}
    for name, pairs in facets.items():
        chosen = query.texts(name)
        offered: list[tuple[str, int | None]] = []
        offered += [pair for place, pair in enumerate(pairs) if place < FACETS_SHOWN or pair[0] in chosen]
        offered += [(text, None) for text in chosen if text not in dict(pairs)]  # or applying other filters would drop it
        found[name] = Facet(offered, len(pairs))
    return found


def _middle(chosen: Chosen) -> tuple[float, float] | None:
    return whereabouts(actor(), chosen.selection).middle if chosen.total else None
