"""Incidents: the one service that the HTML form and `POST /v1/incidents` both call."""

from app.models.incident import DESCRIPTION_MAX, TITLE_MAX
from app.service.incidents.change import COMMENT_MAX, UNSET, Changes, change, comment, delete, restore
from app.service.incidents.create import THREAT_IDS_MAX, NewIncident, create
from app.service.incidents.grouping import REASON_MAX, link, merge, move, split, unlink
from app.service.incidents.newcomers import Newcomers, newcomers, refuse
from app.service.incidents.read import (
    LINKS_IN_LIST,
    LINKS_IN_ONE,
    LIST_PARAMS,
    IncidentView,
    LinkedThreat,
    get,
    outlines,
    search,
    status_counts,
)
from app.service.incidents.timeline import KINDS, Item, timeline
from app.service.incidents.undo import UNDOABLE, undo

__all__ = [
    "COMMENT_MAX",
    "DESCRIPTION_MAX",
    "KINDS",
    "LINKS_IN_LIST",
    "LINKS_IN_ONE",
    "LIST_PARAMS",
    "REASON_MAX",
    "THREAT_IDS_MAX",
    "TITLE_MAX",
    "UNDOABLE",
    "UNSET",
    "Changes",
    "IncidentView",
    "Item",
    "LinkedThreat",
    "NewIncident",
    "Newcomers",
    "change",
    "comment",
    "create",
    "delete",
    "get",
    "link",
    "merge",
    "move",
    "newcomers",
    "outlines",
    "refuse",
    "restore",
    "search",
    "split",
    "status_counts",
    "timeline",
    "undo",
    "unlink",
]
