"""Threats: what the desk lists and shows, and how feeds, files and clients put them in."""

from app.service.threats.filters import FILTERS, SORTING, matching
from app.service.threats.read import ThreatView, facets, get, points, search
from app.service.threats.upsert import UPSERT_MAX, Outcome, upsert

__all__ = [
    "FILTERS",
    "SORTING",
    "UPSERT_MAX",
    "Outcome",
    "ThreatView",
    "facets",
    "get",
    "matching",
    "points",
    "search",
    "upsert",
]
