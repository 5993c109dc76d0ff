"""What the desk's form does with saved views. It comes back to the desk with everything that the form held."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

from flask import flash
from flask.typing import ResponseReturnValue

from app.errors import Conflict, Fault, Faults, Invalid, NotFound, Unreadable
from app.models import SavedView
from app.service import rules, saved_views
from app.web import desk
from app.web.access import actor, pages
from app.web.lists import DESK_PARAMS, EVERYTHING, read
from app.web.reading import Pairs, first, form_pairs, pairs_of

PLACE = re.compile(r"(map=-?\d{1,3}(\.\d{1,6})?,-?\d{1,3}(\.\d{1,6})?,\d{1,2}(&heat=on)?|heat=on)?")

blueprint = pages("saved_views")


@blueprint.post("/views")
def act() -> ResponseReturnValue:
    """Save what the desk shows under a name, or change a saved view, and show the desk again."""
    pairs = form_pairs()
    verb, _, written = (first(pairs, "view_act") or "").partition(" ")
    try:
        flash(_done(verb, written, pairs))
    except Invalid as error:
        return desk.kept(pairs, error.faults), 422
    except NotFound as error:
        return desk.kept(pairs, [Fault("saved_view", "not_found", str(error))]), 404
    except Conflict as error:
        return desk.kept(pairs, [Fault("saved_view", error.code, str(error))]), 409
    return desk.kept(pairs, [])


def _done(verb: str, written: str, pairs: Pairs) -> str:
    """Do what the button says and return it in words. Raises what the service raises, and Unreadable for no such button."""
    who, faults = actor(), Faults()
    if verb == "save":
        query, place = _state(pairs, faults)
        shared = first(pairs, "view_shared") is not None
        view = saved_views.save(who, first(pairs, "view_name"), query, place, shared=shared, faults=faults)
        return f"Saved as “{view.name}”{', for everyone here' if shared else ''}."
    if verb == "open" and not written:
        saved_views.open_with_everything(who)
        return "The desk opens with everything."
    view_id = rules.identifier(written, "saved_view", faults)
    if view_id is None or verb not in VERBS:
        raise Unreadable("The form does not say what to do with which saved view.")
    work, words = VERBS[verb]
    return words.format(work(view_id, pairs, faults).name)


def _state(pairs: Pairs, faults: Faults) -> tuple[str, str]:
    """Return the query string and the place on the map that the form was sent from, fit to be kept."""
    query = read(DESK_PARAMS, pairs_of(first(pairs, "view") or ""))
    for fault in query.faults:
        faults.add("view_name", fault.code, f"These filters can't be saved. {fault.field}: {fault.issue}")
    place = first(pairs, "view_place") or ""
    return (query.link() or EVERYTHING).removeprefix("?"), place if PLACE.fullmatch(place) else ""


def _rename(view_id: UUID, pairs: Pairs, faults: Faults) -> SavedView:
    return saved_views.rename(actor(), view_id, first(pairs, f"view_name_{view_id}"), faults)


def _replace(view_id: UUID, pairs: Pairs, faults: Faults) -> SavedView:
    return saved_views.replace(actor(), view_id, *_state(pairs, faults), faults)


def _open(view_id: UUID, _pairs: Pairs, _faults: Faults) -> SavedView:
    return saved_views.open_with(actor(), view_id)


VERBS: dict[str, tuple[Callable[[UUID, Pairs, Faults], SavedView], str]] = {
    "rename": (_rename, "The view is now called “{}”."),
    "replace": (_replace, "“{}” now stands for what the desk shows."),
    "share": (lambda view_id, *_: saved_views.share(actor(), view_id, shared=True), "Everyone here sees “{}” now."),
    "unshare": (lambda view_id, *_: saved_views.share(actor(), view_id, shared=False), "Only its owner sees “{}” now."),
    "delete": (lambda view_id, *_: saved_views.delete(actor(), view_id), "“{}” is deleted."),
    "open": (_open, "The desk opens with “{}” from now on."),
}
