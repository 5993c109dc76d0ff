"""Files to take away: of an incident, of any filtered list of incidents or threats."""

from __future__ import annotations

from itertools import chain, islice
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue

from app.errors import Fault, Invalid, NotFound
from app.service import export
from app.service.export import Export, Format
from app.web.access import actor, pages
from app.web.incidents import PARAMS
from app.web.lists import DESK_PARAMS, ListQuery, read
from app.web.reading import query_pairs
from app.web.sharing import may_share

blueprint = pages("export")


@blueprint.get("/incidents/<uuid:incident_id>/export.<extension>")
def incident(incident_id: UUID, extension: str) -> ResponseReturnValue:
    """Send the threats of an incident."""
    return sent(export.of_incident(actor(), incident_id, _format(extension), share=may_share()))


@blueprint.get("/incidents/export.<extension>")
def incidents(extension: str) -> ResponseReturnValue:
    """Send the incidents that the filters of the list let through; order and page don't matter."""
    query = read(PARAMS, query_pairs())
    _refuse_faults(query)
    return sent(export.of_incidents(actor(), query.filters, _format(extension), share=may_share()))


@blueprint.get("/threats/export.<extension>")
def threats(extension: str) -> ResponseReturnValue:
    """Send the threats that the filters of the desk let through; order and page don't matter."""
    query = read(DESK_PARAMS, query_pairs())
    _refuse_faults(query)
    return sent(export.of_threats(actor(), query.filters, _format(extension), share=may_share()))


def _format(extension: str) -> Format:
    try:
        return Format(extension)
    except ValueError:
        raise NotFound("format") from None


def _refuse_faults(query: ListQuery) -> None:
    """Raise Invalid in words that name the filter, which on this page has no field beside it."""
    if faults := list(query.faults):
        raise Invalid([Fault(fault.field, fault.code, f"{fault.field}: {fault.issue}") for fault in faults])


def sent(file: Export) -> Response:
    """Return the file as a download. The first rows are read at once, so that a database that fails is said on a page."""
    beginning = list(islice(file.content, 2))
    response = Response(chain(beginning, file.content), content_type=file.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=file.name)
    response.call_on_close(file.content.close)
    return response
