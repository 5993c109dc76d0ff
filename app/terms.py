"""The field's own terms: every enumeration that pages, API, files and tables share.

This module imports nothing of ours, so that parsers, tables, services and edges can all name a severity without importing
each other.
"""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """How bad a threat is, least first. The position is the rank that is stored and sorted by."""

    NEGLIGIBLE = "negligible"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return 0 for negligible up to 4 for critical."""
        return RANKS[self]


SEVERITIES = tuple(Severity)
RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}


class ThreatStatus(StrEnum):
    """Where a threat is in its life."""

    ACTIVE = "active"
    MONITORING = "monitoring"
    CONTAINED = "contained"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"
    ENDED = "ended"


class IncidentStatus(StrEnum):
    """Where an incident is in its life."""

    OPEN = "open"
    CLOSED = "closed"
    RESOLVED = "resolved"


class Scope(StrEnum):
    """What an incident is for."""

    AGGREGATE = "aggregate"
    INVESTIGATION = "investigation"


class Precision(StrEnum):
    """What a threat's coordinates stand for. Anything but `exact` must not be shown as a precise dot."""

    EXACT = "exact"
    NEAR = "near"
    DISTRICT = "district"
    REGION = "region"
    COUNTRY = "country"


class Role(StrEnum):
    """What a person may do in a tenant."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"


class Permission(StrEnum):
    """What an actor may do: the scopes of an API key, and what a role stands for."""

    INCIDENTS_READ = "incidents:read"
    INCIDENTS_WRITE = "incidents:write"
    THREATS_READ = "threats:read"
    THREATS_WRITE = "threats:write"
    ADMIN = "admin"


class KeyState(StrEnum):
    """How an API key stands. One that was replaced is good until it expires."""

    UNUSED = "unused"
    USED = "used"
    REPLACED = "replaced"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Units(StrEnum):
    """In what a person wants distances shown."""

    KM = "km"
    MILES = "miles"


class Theme(StrEnum):
    """In which colours a person wants pages shown."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Edge(StrEnum):
    """By which way an act came in."""

    WEB = "web"
    API = "api"
    CLI = "cli"
    JOB = "job"
