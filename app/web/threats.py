"""The page of one threat, and what a person says of it: its status, whether it is pinned, why it is dismissed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.errors import CordonError, Faults, Invalid, NotFound, Unreadable, VersionMismatch
from app.geo.outline import corners
from app.models import Threat
from app.service import incidents, rules, threats
from app.service import pairs as told_pairs
from app.service.query import LIMIT_MAX, OFFSET_MAX, Param, whole
from app.service.threats.areas import area
from app.service.threats.change import ThreatChanges, change
from app.service.threats.provenance import origins, raw_record
from app.service.threats.versions import versions
from app.terms import Permission, ThreatStatus
from app.web import clash
from app.web.access import actor, pages
from app.web.acting import Done, perform
from app.web.forms import ThreatForm
from app.web.lists import PAGE, ListQuery, read
from app.web.reading import Pairs, first, form_pairs, printable, query_pairs
from app.web.sharing import refuse_withheld
from app.web.summary import messages

VERSIONS_SHOWN = 20
RECORD_SHOWN = 4_000
PARAMS = (PAGE, Param("version", whole(1, OFFSET_MAX), "The page that this version is on."))

blueprint = pages("threats")


@blueprint.get("/threats/<uuid:threat_id>")
def show(threat_id: UUID) -> ResponseReturnValue:
    """Show one threat: its facts, its place, what its source says, the incidents it is in, and its versions."""
    query = read(PARAMS, query_pairs())
    query.faults.raise_if_any()
    return _page(threat_id, query)


@blueprint.post("/threats/<uuid:threat_id>")
def act(threat_id: UUID) -> ResponseReturnValue:
    """Set the status, pin or unpin, or dismiss with a reason; or choose between two people's words, which writes nothing yet."""
    pairs = form_pairs()
    if first(pairs, "keep") is not None:
        return _page(threat_id, read((PAGE,), []), pairs), 409

    def work() -> Done:
        faults = Faults()
        changes = _changes(pairs, faults)
        try:
            change(actor(), threat_id, changes, faults, _seen(pairs))
        except VersionMismatch:
            # The source may bring another text, and someone may pin it. Only another status or reason stands against this one.
            now = threats.get(actor(), threat_id).threat
            if clash.clashes(pairs, _shown(now)):
                raise
            change(actor(), threat_id, changes, faults, now.updated_at)
        return Done("Saved.", f"/threats/{threat_id}")

    try:
        return perform(pairs, work)
    except Invalid as error:
        return _page(threat_id, read((PAGE,), []), pairs, error), 422
    except VersionMismatch as error:
        return _page(threat_id, read((PAGE,), []), pairs, error), 409


@blueprint.get("/threats/<uuid:threat_id>/record.txt")
def record(threat_id: UUID) -> Response:
    """Send the latest record of a threat as its source wrote it, as a file of plain text."""
    refuse_withheld(threats.get(actor(), threat_id).threat, "record")
    told = raw_record(actor(), threat_id)
    if told is None:
        raise NotFound("record")
    response = Response(told, mimetype="text/plain")
    response.headers.set("Content-Disposition", "attachment", filename=f"record-{threat_id}.txt")
    return response


def _changes(pairs: Pairs, faults: Faults) -> ThreatChanges:
    names = ("status", "dismissal_reason", "pinned")
    given: dict[str, Any] = {name: first(pairs, name) for name in names if clash.changed(pairs, name)}
    if "pinned" in given:
        if given["pinned"] not in {"true", "false"}:
            faults.add("pinned", "field_invalid", "Give true or false.")
        given["pinned"] = given["pinned"] == "true"
    return ThreatChanges(**given)


def _shown(threat: Threat) -> clash.Texts:
    """Return the fields as the forms show them."""
    return {"status": threat.status.value, "dismissal_reason": threat.dismissal_reason or ""}


def _seen(pairs: Pairs) -> datetime | None:
    """Return the time of change that the form was made from, if it says one. Raises Unreadable."""
    written = first(pairs, "version")
    if written is None:
        return None
    seen = rules.moment(written, "version", Faults())
    if seen is None:
        raise Unreadable("The form's version is not a time.")
    return seen


def _page(threat_id: UUID, query: ListQuery, pairs: Pairs | None = None, error: CordonError | None = None) -> str:
    who = actor()
    threat = threats.get(who, threat_id).threat
    if number := query.values.get("version"):
        page = max(0, threat.version_count - number) // VERSIONS_SHOWN + 1
        query = ListQuery(tuple(pair for pair in query.pairs if pair[0] != "version"), query.values, page)
    # Newest first, though they are counted from the oldest.
    end = max(0, threat.version_count - (query.page - 1) * VERSIONS_SHOWN)
    start = max(0, end - VERSIONS_SHOWN)
    sent = MultiDict((name, printable(value)) for name, value in pairs or [])
    now, seen = _shown(threat), threat.updated_at.isoformat()
    draft = clash.Draft(seen, now)
    if pairs:
        draft = (clash.too_late if isinstance(error, VersionMismatch) else clash.shown_again)(pairs, now, seen)
    form = ThreatForm(formdata=sent, data=now)
    for name, value in draft.values.items():
        form[name].data = value
    return render_template(
        "threats/show.html",
        threat=threat,
        holding=incidents.search(who, {"threat_id": threat_id, "limit": LIMIT_MAX}),
        versions=versions(who, threat_id, end - start, start).items[::-1] if end else [],
        pairs=told_pairs.of_threat(who, threat_id),
        pairs_max=told_pairs.PAIRS_MAX,
        origins=origins(who, [threat_id, *told_pairs.same_as(who, threat_id)]),
        record=raw_record(who, threat_id, RECORD_SHOWN),
        record_shown=RECORD_SHOWN,
        query=query,
        per_page=VERSIONS_SHOWN,
        statuses=ThreatStatus,
        form=form,
        draft=draft,
        settling=bool(draft.clashes) or isinstance(error, VersionMismatch),
        dismissing="dismissal_reason" in sent,
        errors=messages(error.faults, {}) if isinstance(error, Invalid) else [],
        may_write=Permission.THREATS_WRITE in who.permissions,
        area_corners=corners(orjson.loads(told)) if (told := area(who, threat_id)) else 0,
        path=request.path,
    )
