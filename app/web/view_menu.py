"""Saved views as the desk lists them."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from app.errors import Unreadable
from app.service import saved_views
from app.service.saved_views import Listed
from app.web.access import actor
from app.web.lists import DESK_PARAMS, EVERYTHING, ListQuery, read
from app.web.reading import pairs_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A saved view with its address, what can't be used of it by now, and whether the desk shows it."""

    listed: Listed
    address: str
    issue: str
    is_shown: bool


def entries(query: ListQuery) -> list[Entry]:
    """Return the views that the person sees, for a desk that shows `query`."""
    shown = query.link() or EVERYTHING
    return [_entry(listed, shown) for listed in saved_views.visible(actor())]


def opening() -> str:
    """Return the address that the person's desk opens with, "" for everything, or if an address says what to show."""
    if request.query_string:
        return ""
    return next((_address(listed) for listed in saved_views.visible(actor()) if listed.is_default), "")


def _entry(listed: Listed, shown: str) -> Entry:
    query = f"?{listed.view.query}"
    return Entry(listed, _address(listed), _issue(query), query == shown)


def _address(listed: Listed) -> str:
    view = listed.view
    return f"/?{view.query}" + (f"#{view.place}" if view.place else "")


def _issue(query: str) -> str:
    """Return what can't be used of a query string that could be when it was saved."""
    try:
        faults = read(DESK_PARAMS, pairs_of(query)).faults
    except Unreadable as error:
        return str(error)
    return " ".join(f"{fault.field}: {fault.issue}" for fault in faults)
