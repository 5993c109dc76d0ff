"""Tables and their constraints; nothing else. Every row belongs to a tenant, directly or through its key."""

from __future__ import annotations

from app.models.access import ApiKey, Membership, Person, SignInLink, Tenant
from app.models.activity import Activity, ActivityOther
from app.models.desk import DeskVisit, SavedView
from app.models.imports import ImportProblem, ImportRun
from app.models.incident import Incident, KeptAnswer, LinkChange, RefusedNewcomer, ThreatLink
from app.models.threat import Threat, ThreatAlias, ThreatVersion
from app.models.threat_text import ThreatText

__all__ = [
    "Activity",
    "ActivityOther",
    "ApiKey",
    "DeskVisit",
    "ImportProblem",
    "ImportRun",
    "Incident",
    "KeptAnswer",
    "LinkChange",
    "Membership",
    "Person",
    "RefusedNewcomer",
    "SavedView",
    "SignInLink",
    "Tenant",
    "Threat",
    "ThreatAlias",
    "ThreatLink",
    "ThreatText",
    "ThreatVersion",
]
