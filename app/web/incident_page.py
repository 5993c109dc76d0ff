"""The page of one incident, fresh or with a form on it that could not be carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.errors import Conflict, CordonError, Fault, Invalid, NotFound, Unreadable, VersionMismatch
from app.geo.middle import middle
from app.models import Incident
from app.service import incidents
from app.service.incidents import KINDS, IncidentView, LinkedThreat
from app.service.incidents.history import history, kinds_of, position
from app.service.incidents.similar import OpenIncident, open_incidents
from app.service.query import FLAG, ID, OFFSET_MAX, Kind, Param, whole
from app.service.rules import unknown
from app.service.threats.withheld import name_of
from app.terms import Permission
from app.web import clash, editing
from app.web.access import actor
from app.web.chosen import chosen_incident, chosen_to_merge
from app.web.forms import CommentForm, EditForm, GroupingForm, MergeForm
from app.web.lists import ListQuery, read
from app.web.newcomers import proposals
from app.web.reading import Pairs, first, printable, query_pairs
from app.web.sent import words_of
from app.web.sharing import may_share, number_withheld
from app.web.suggestions import as_near
from app.web.summary import Message, messages

PER_PAGE = 30
OPEN_SHOWN = 20
CHANGED = "Someone else changed this incident since you opened it. Nothing was saved yet."
ENTRY = {"act", "threat", "number"}
"""Parameters that name an entry of the timeline, whose page is then shown."""
GONE = "The incident to be reopened is not there any more. Nothing was saved."
TARGETS = {
    "threat_ids": "threats",
    "to_incident_id": "to_incident_id",
    "new_title": "new_title",
    "incident_ids": "merge",
    "reason": "reason",
    "body": "body",
    "scope": "scope-0",
    "version": "edit",
    "status": "state",
}


def _kind(value: str, name: str, faults: Any) -> str | None:
    if value in KINDS:
        return value
    unknown(value, KINDS, name, faults)
    return None


PARAMS = (
    Param("kind", Kind(_kind, {"enum": list(KINDS)}), "Only entries of these kinds.", repeatable=True),
    Param("include_versions_before_link", FLAG, "Also what its threats were before they were linked."),
    Param("act", ID, "The page that this act is on."),
    Param("threat", ID, "With `act` and `number`: the page that this version of a threat is on."),
    Param("number", whole(1, OFFSET_MAX), "The number of the version."),
    Param("page", whole(1, OFFSET_MAX // PER_PAGE), "The page, from 1."),
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A form that could not be carried out: which one, what was in it, and what stands against it."""

    where: str
    pairs: Pairs
    error: CordonError | None = None
    reopen: UUID | None = None
    act_id: str = ""
    choosing: bool = False

    @property
    def status(self) -> int:
        """Return the HTTP status of the page."""
        return 422 if isinstance(self.error, Invalid) else 400 if isinstance(self.error, Unreadable) else 409

    @property
    def words(self) -> str:
        """Return what stands against it, where that is not a matter of single fields."""
        if isinstance(self.error, VersionMismatch) or self.choosing:
            return CHANGED
        if isinstance(self.error, NotFound):
            return GONE
        return str(self.error) if isinstance(self.error, Conflict | Unreadable) else ""

    def words_without_forms(self, incident: Incident) -> str:
        """Return why nothing came of a form that the page of the incident has no longer."""
        if isinstance(self.error, Conflict | Unreadable):
            return str(self.error)
        if not incident.deleted_at and not incident.merged_into_id:
            return self.words or "Nothing was saved."
        return f"This incident was {'deleted' if incident.deleted_at else 'merged into another'} meanwhile. Nothing was saved."

    @property
    def faults(self) -> list[Fault]:
        """Return what is wrong with single fields."""
        found = self.error.faults if isinstance(self.error, Invalid) else []
        named = "new_title" if self.where == "threats" else "title"
        return [Fault(named, fault.code, fault.issue) if fault.field == "title" else fault for fault in found]


@dataclass(slots=True)
class Forms:
    """The forms of the page. The one in trouble holds what was sent, with the version that it was made from."""

    edit: EditForm
    comment: CommentForm
    grouping: GroupingForm
    merge: MergeForm
    draft: clash.Draft


def fresh(incident_id: UUID) -> ResponseReturnValue:
    """Return the page as the address asks for it."""
    query = read(PARAMS, query_pairs())
    query.faults.raise_if_any()
    return _page(incident_id, query, None)


def again(incident_id: UUID, trouble: Trouble) -> ResponseReturnValue:
    """Return the page with the form that could not be carried out, everything in it, and the reason."""
    pairs = [("act", trouble.act_id)] if trouble.act_id else []
    return _page(incident_id, read(PARAMS, pairs), trouble), trouble.status


def _page(incident_id: UUID, query: ListQuery, trouble: Trouble | None) -> str:
    who = actor()
    view = incidents.get(who, incident_id, deleted=True)
    incident = view.incident
    kinds = query.values.get("kind", ())
    before_link = query.values.get("include_versions_before_link", False)
    number = query.page
    if act_id := query.values.get("act"):
        version = (query.values["threat"], query.values["number"]) if {"threat", "number"} <= query.values.keys() else None
        number = position(who, incident_id, act_id, kinds, version, before_link=before_link) // PER_PAGE + 1
    alive = incident.deleted_at is None and incident.merged_into_id is None
    may_write = Permission.INCIDENTS_WRITE in who.permissions
    near = _near(view.links)
    others = _others(incident, near) if may_write and alive else []
    to_merge = [printable(part) for part in chosen_to_merge(trouble.pairs)] if trouble and trouble.where == "merge" else []
    formless = not alive or (trouble is not None and trouble.where == "threats" and not view.links)
    errors = messages(trouble.faults, TARGETS) if trouble else []
    stopped = trouble.words_without_forms(incident) if trouble and formless and trouble.where != "undo" else ""
    if trouble and trouble.words and not stopped:
        errors.insert(0, Message("", "trouble", trouble.words))  # without a script nothing else leads to the form
    return render_template(
        "incidents/show.html",
        incident=incident,
        links=view.links,
        withheld=_withheld(view),
        alive=alive,
        may_act=may_write and alive,
        may_write=may_write,
        target=incidents.get(who, incident.merged_into_id, deleted=True).incident if incident.merged_into_id else None,
        deletion=next(iter(history(who, incident_id, ("deleted", "undone"), 1).items), None) if incident.deleted_at else None,
        entries=history(who, incident_id, kinds, PER_PAGE, (number - 1) * PER_PAGE, before_link=before_link),
        kinds=kinds_of(who, incident_id, before_link=before_link),
        query=ListQuery(tuple(pair for pair in query.pairs if pair[0] not in ENTRY), query.values, number),
        per_page=PER_PAGE,
        others=others,
        proposed=proposals(incident_id, f"/incidents/{incident_id}") if may_write and alive else None,
        near=as_near(near),
        forms=_forms(incident, trouble),
        ticked={*to_merge, *_sent_all(trouble, "threat_ids")},
        typed=[part for part in to_merge if part not in {str(other.incident_id) for other in others}],
        elsewhere=[part for part in _sent(trouble, "selected").split() if _plain(part)],
        trouble=trouble,
        stopped=stopped,
        sent=words_of(trouble.pairs) if trouble and formless else [],
        errors=errors,
        at=f"{request.path}{query.link()}" if request.method == "GET" else f"/incidents/{incident_id}",
    )


def _withheld(view: IncidentView) -> int:
    """Return how many threats of the incident an exported file goes without."""
    if len(view.links) < view.incident.link_count:
        return number_withheld({"incident_id": view.incident.id})
    return 0 if may_share() else sum(bool(name_of(link.source)) for link in view.links)


def _near(links: list[LinkedThreat]) -> tuple[float, float] | None:
    """Return where the incident is: the middle of its threats that have a place."""
    return middle((link.lat, link.lng) for link in links if link.lat is not None and link.lng is not None)


def _others(incident: Incident, near: tuple[float, float] | None) -> list[OpenIncident]:
    """Return open incidents to choose from without a script, the nearest first."""
    found = open_incidents(actor(), "", near, OPEN_SHOWN + 1)
    return [other for other in found if other.incident_id != incident.id][:OPEN_SHOWN]


def _forms(incident: Incident, trouble: Trouble | None) -> Forms:
    sent = dict.fromkeys(("edit", "comment", "threats", "merge"))
    if trouble:
        values = MultiDict((name, printable(value)) for name, value in trouble.pairs)
        values["to_incident_id"] = printable(chosen_incident(trouble.pairs))
        sent[trouble.where] = values
    now = editing.shown(incident)
    draft = clash.Draft(str(incident.version), now)
    if trouble and trouble.where == "edit":
        come = clash.too_late if isinstance(trouble.error, VersionMismatch) else clash.shown_again
        draft = come(trouble.pairs, now, draft.version)
    forms = Forms(
        edit=EditForm(formdata=sent["edit"], data=now),
        comment=CommentForm(formdata=sent["comment"]),
        grouping=GroupingForm(formdata=sent["threats"]),
        merge=MergeForm(formdata=sent["merge"]),
        draft=draft,
    )
    for name, value in draft.values.items():
        forms.edit[name].data = value
    return forms


def _sent_all(trouble: Trouble | None, name: str) -> list[str]:
    return [value for key, value in trouble.pairs if key == name] if trouble else []


def _sent(trouble: Trouble | None, name: str) -> str:
    return (first(trouble.pairs, name) or "") if trouble else ""


def _plain(text: str) -> bool:
    return printable(text) == text
