"""Incidents: the one service that the HTML form and `POST /v1/incidents` both call."""

from app.models.incident import DESCRIPTION_MAX, TITLE_MAX
from app.service.incidents.create import THREAT_IDS_MAX, NewIncident, create
from app.service.incidents.read import (
    LINKS_IN_LIST,
    LINKS_IN_ONE,
    LIST_PARAMS,
    IncidentView,
    LinkedThreat,
    get,
    search,
    status_counts,
)

__all__ = [
    "DESCRIPTION_MAX",
    "LINKS_IN_LIST",
    "LINKS_IN_ONE",
    "LIST_PARAMS",
    "THREAT_IDS_MAX",
    "TITLE_MAX",
    "IncidentView",
    "LinkedThreat",
    "NewIncident",
    "create",
    "get",
    "search",
    "status_counts",
]
