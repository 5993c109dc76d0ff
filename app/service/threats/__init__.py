"""Threats: what the desk lists and shows, and how feeds, files and clients put them in."""

from app.service.threats.batch import Outcome
from app.service.threats.change import DISMISSAL_REASON_MAX, UNSET, ThreatChanges, change
from app.service.threats.filters import FILTERS, SORTING, matching
from app.service.threats.read import ThreatView, facets, get, points, restricted, search, some
from app.service.threats.upsert import THREAT_TABLES, UPSERT_MAX, upsert
from app.service.threats.versions import Difference, Version, versions

__all__ = [
    "DISMISSAL_REASON_MAX",
    "FILTERS",
    "SORTING",
    "THREAT_TABLES",
    "UNSET",
    "UPSERT_MAX",
    "Difference",
    "Outcome",
    "ThreatChanges",
    "ThreatView",
    "Version",
    "change",
    "facets",
    "get",
    "matching",
    "points",
    "restricted",
    "search",
    "some",
    "upsert",
    "versions",
]
