"""Tables and their constraints; nothing else. Every row belongs to a tenant, directly or through its key."""

from __future__ import annotations

from app.models.access import ApiKey, Membership, Person, RateCount, SignInLink, Tenant
from app.models.activity import Activity, ActivityOther
from app.models.desk import DeskVisit, SavedView
from app.models.feed import Feed
from app.models.imports import ImportFile, ImportProblem, ImportRun
from app.models.incident import Incident, KeptAnswer, LinkChange, RefusedNewcomer, ThreatLink
from app.models.job import Job
from app.models.second_factor import RecoveryCode, SecondFactor
from app.models.threat import Threat, ThreatAlias, ThreatVersion
from app.models.threat_text import ThreatText
from app.models.told import ThreatArea, ThreatGone, ThreatPair, ThreatRecord, ThreatReference

__all__ = [
    "Activity",
    "ActivityOther",
    "ApiKey",
    "DeskVisit",
    "Feed",
    "ImportFile",
    "ImportProblem",
    "ImportRun",
    "Incident",
    "Job",
    "KeptAnswer",
    "LinkChange",
    "Membership",
    "Person",
    "RateCount",
    "RecoveryCode",
    "RefusedNewcomer",
    "SavedView",
    "SecondFactor",
    "SignInLink",
    "Tenant",
    "Threat",
    "ThreatAlias",
    "ThreatArea",
    "ThreatGone",
    "ThreatLink",
    "ThreatPair",
    "ThreatRecord",
    "ThreatReference",
    "ThreatText",
    "ThreatVersion",
]
