"""Threats that may be one event told by two sources: all open proposals, and what a person says of one."""

from __future__ import annotations

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from app.errors import Faults, Unreadable
from app.service import pairs, rules
from app.terms import Permission
from app.web.access import actor, pages
from app.web.acting import Done, back, perform
from app.web.lists import PAGE, PER_PAGE, read
from app.web.reading import Pairs, first, form_pairs, query_pairs

SAVED = {
    "keep_this": "The same event: the other one is dismissed.",
    "keep_other": "The same event: the other one is kept, this one is dismissed.",
    "different": "Different events: the two will not be proposed again.",
    "take_back": "Taken back: the two are proposed again.",
}

blueprint = pages("pairs")


@blueprint.get("/threats/same")
def show() -> str:
    """Show all pairs that are still to be decided, newest first."""
    query = read((PAGE,), query_pairs())
    query.faults.raise_if_any()
    return render_template(
        "threats/same.html",
        found=pairs.open_pairs(actor(), PER_PAGE, (query.page - 1) * PER_PAGE),
        query=query,
        per_page=PER_PAGE,
        most=pairs.PAIRS_MAX,
        here=f"/threats/same{query.here()}",
        may_write=Permission.THREATS_WRITE in actor().permissions,
    )


@blueprint.post("/threats/<uuid:threat_id>/pairs")
def decide(threat_id: UUID) -> ResponseReturnValue:
    """Say of a threat and another one that they are the same event, of which one is kept, or not; or take that back."""
    sent = form_pairs()
    answer, other_id = first(sent, "answer") or "", _other(sent)

    def work() -> Done:
        same = None if answer == "take_back" else answer != "different"
        keep = {"keep_this": threat_id, "keep_other": other_id}.get(answer)
        pairs.decide(actor(), threat_id, other_id, same=same, keep=keep)
        return Done(SAVED[answer], back(sent, f"/threats/{threat_id}#told"))

    if answer not in SAVED:
        raise Unreadable("The form does not say whether the two are the same event.")
    return perform(sent, work)


def _other(sent: Pairs) -> UUID:
    other_id = rules.identifier(first(sent, "other_id") or "", "other_id", Faults())
    if other_id is None:
        raise Unreadable("The form does not say which other threat is meant.")
    return other_id
