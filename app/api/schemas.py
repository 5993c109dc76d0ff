"""The JSON shapes that go out, for the document. What writes them is present.py, and a fuzzer holds the one to the other."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from app.api.bodies import Uuid
from app.service.incidents import KINDS
from app.terms import Edge, IncidentStatus, KeyState, Permission, Precision, Scope, Severity, ThreatStatus

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Place(BaseModel):
    """A place in WGS84 degrees."""

    lat: float
    lng: float


class ThreatSummary(BaseModel):
    """What an incident says of a threat. One of a source that forbids passing it on is "Withheld", of medium severity."""

    id: Uuid
    title: str
    severity: Severity
    threat_type: str | None
    location: str | None
    observed_at: Time | None
    coordinates: Place | None


class ThreatLink(BaseModel):
    """A threat's place in an incident."""

    id: Uuid
    threat_id: Uuid
    added_at: Time
    threat: ThreatSummary


class Incident(BaseModel):
    """Threats that belong together. `threat_link_count` is the true number also where `threat_links` is cut."""

    id: Uuid
    title: str
    status: IncidentStatus
    scope: Scope
    threat_links: list[ThreatLink]
    threat_link_count: int
    created_at: Time
    updated_at: Time
    description: str | None
    started_at: Time | None
    resolved_at: Time | None
    area: dict[str, Any] | None
    version: int
    merged_into_id: Uuid | None


class Incidents(BaseModel):
    """A page of incidents; `total` counts all that match. `next_cursor` is null on the last page."""

    incidents: list[Incident]
    total: int
    next_cursor: str | None


class Links(BaseModel):
    """A page of an incident's links, in linking order; `total` counts all. `next_cursor` is null on the last page."""

    threat_links: list[ThreatLink]
    total: int
    next_cursor: str | None


class Moved(BaseModel):
    """The incident that threats were taken out of, and the one that they were linked to."""

    incident: Incident
    to_incident: Incident


class Parted(BaseModel):
    """The incident that threats were taken out of, and the new one that was made of them."""

    incident: Incident
    new_incident: Incident


class Change(BaseModel):
    """A field's value before an act and after it."""

    field: str
    before: Any
    after: Any


class ActivityItem(BaseModel):
    """Something that happened: an act, a link of it, or a version of a threat, with its number.

    What is not an act has no `act_id`; `link_id` and `threat_id` are set where one threat is spoken of; `body` is that of a
    comment, `reason` that of a merge, `undoes_act_id` the act that an undo reversed, and `changes` are those of this incident.
    """

    kind: str = Field(json_schema_extra={"enum": list(KINDS)})
    at: Time
    threat_id: Uuid | None
    link_id: Uuid | None
    threat_version: int | None
    act_id: Uuid | None
    actor: str
    edge: Edge
    body: str | None
    reason: str | None
    undoes_act_id: Uuid | None
    changes: list[Change]


class Activity(BaseModel):
    """A page of an incident's timeline, newest last; `total` counts all items."""

    items: list[ActivityItem]
    total: int


class Asset(BaseModel):
    """Something of value that a threat is near."""

    asset_id: str
    asset_name: str | None
    asset_type: str | None
    distance_km: float | None


class Threat(BaseModel):
    """Something that may do harm, with a place and a time."""

    id: Uuid
    title: str
    severity: Severity
    status: ThreatStatus
    pinned: bool
    created_at: Time
    updated_at: Time
    attribution_types: list[str]
    sources: list[str]
    affected_assets: list[Asset]
    version_count: int
    development_count: int
    description: str | None
    threat_rationale: str | None
    threat_type: str | None
    location: str | None
    location_country: str | None
    coordinates: Place | None
    observed_at: Time | None
    expires_at: Time | None
    likelihood: str | None
    impact_severity: str | None
    risk_score: float | None
    risk_level: str | None
    likelihood_rationale: str | None
    impact_rationale: str | None
    dismissal_reason: str | None
    location_precision_level: Precision | None
    location_uncertainty_km: float | None
    last_version_at: Time
    latest_development_title: str | None
    source: str
    external_id: str
    url: str | None
    incident_ids: list[Uuid]


class OneThreat(Threat):
    """One threat by itself. `same_as` are those that a person said are the same event, told by another source.

    `area` is what the source told of its area, in full detail: a GeoJSON Polygon or MultiPolygon in degrees, longitude first. Its
    rings may cross themselves, and its longitudes run on past 180. Lists of threats do not carry it.
    """

    same_as: list[Uuid]
    area: dict[str, Any] | None


class Threats(BaseModel):
    """A page of threats; `total` counts all that match. Cordon keeps no register of assets, so `assets` is empty."""

    threats: list[Threat]
    total: int
    assets: list[dict[str, Any]]
    next_cursor: str | None


class Difference(BaseModel):
    """A field that a version changed, and how it was and is, in words."""

    field: str
    label: str
    before: str
    after: str


class Version(BaseModel):
    """One change of a threat. Number 1 is its arrival and has no differences."""

    number: int
    at: Time
    actor: str
    edge: Edge
    act_id: Uuid
    differences: list[Difference]


class Versions(BaseModel):
    """A page of a threat's versions, oldest first; `total` counts all."""

    versions: list[Version]
    total: int


class BySeverity(BaseModel):
    """How many there are of each severity."""

    critical: int
    high: int
    medium: int
    low: int
    negligible: int


class Selected(BaseModel):
    """What a selection comes to now: how many, and the ids of the first, newest observed first."""

    total: int
    by_severity: BySeverity
    threat_ids: list[Uuid]


class PutResult(BaseModel):
    """What became of one threat that was put in: new, updated, unchanged, or older than what is held."""

    index: int
    id: Uuid
    source: str
    external_id: str
    outcome: str = Field(json_schema_extra={"enum": ["new", "updated", "unchanged", "older"]})


class ErrorDetail(BaseModel):
    """One fault. `pointer` is a JSON pointer (RFC 6901) into the body; for a query parameter, a slash and its name."""

    field: str
    code: str
    issue: str
    pointer: str


class PutRefused(BaseModel):
    """A threat that was not put in, and its first faults; only with `partial=true`."""

    index: int
    errors: list[ErrorDetail]


class PutAnswer(BaseModel):
    """What became of the threats, counted and one by one, in the order they were given. `failed` were not put in."""

    new: int
    updated: int
    unchanged: int
    older: int
    failed: int
    results: list[PutResult | PutRefused]


class Key(BaseModel):
    """An API key: `cordon_` and `prefix` is how it begins. One that is `replaced` was rotated and is good until `expires_at`.

    Use, and refusal for a network that it may not be used from, are noted once a minute.
    """

    id: Uuid
    name: str
    prefix: str
    last4: str
    state: KeyState
    scopes: list[Permission]
    networks: list[str]
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    last_used_from: str | None
    refused_at: Time | None
    refused_from: str | None
    revoked_at: Time | None
    successor_id: Uuid | None


class Keys(BaseModel):
    """A page of keys, newest first, and how many there are."""

    keys: list[Key]
    total: int


class NewKey(Key):
    """A new API key. `key` is told once: to the same request sent again it is null, and `key_withheld` is true."""

    key: str | None
    key_withheld: bool


class ErrorBody(BaseModel):
    """What went wrong."""

    code: str
    message: str
    retryable: bool
    details: list[ErrorDetail]


class Error(BaseModel):
    """The one shape of all errors."""

    error: ErrorBody
    request_id: str
