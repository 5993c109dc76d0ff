"""The JSON shapes. Those that come in check types only, for the rules of values are the service's; limits are its too."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.api.reading import Body
from app.models.incident import DESCRIPTION_MAX, TITLE_MAX
from app.models.threat import SHORT_TEXT_MAX, TEXT_MAX, THREAT_TITLE_MAX, URL_MAX
from app.service.incidents import THREAT_IDS_MAX
from app.service.threats import UPSERT_MAX
from app.service.threats.clean import LIST_MAX, UNCERTAINTY_MAX_KM
from app.terms import IncidentStatus, Precision, Scope, Severity, ThreatStatus

# No control characters but newline, return and tab, and, where text is required, something other than white space.
CHARACTER = r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202d\u202e]"
# White space as Unicode and Python's strip() have it, spelt out because dialects of \s differ.
SPACE = r"\u0000-\u0020\u007f\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202d-\u202f\u205f\u2060\u3000\ufeff"
FIT = f"^{CHARACTER}*$"
FIT_AND_NOT_BLANK = rf"^{CHARACTER}*[^{SPACE}]{CHARACTER}*$"
WEB_ADDRESS_OR_BLANK = rf"^[ \n\t\r]*(?:[hH][tT][tT][pP][sS]?://[^/{SPACE}]{CHARACTER}*)?$"


def said(**schema: Any) -> Any:
    """Say in the document what the service will hold the value to; absent means None."""
    return Field(default=None, json_schema_extra=schema)


def text(maximum: int) -> Any:
    """Say that this is optional text."""
    return said(maxLength=maximum, pattern=FIT)


def required_text(maximum: int) -> Any:
    """Say that this is text which may not be blank."""
    return said(minLength=1, maxLength=maximum, pattern=FIT_AND_NOT_BLANK)


def needing(*names: str, example: dict[str, Any] | None = None) -> ConfigDict:
    """Say in the document which members are required; that one is absent is told by the service, with its own words."""
    schema: dict[str, Any] = {"required": list(names)}
    if example:
        schema["examples"] = [example]
    return Body.model_config | ConfigDict(json_schema_extra=schema)


Uuid = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Short = Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": SHORT_TEXT_MAX, "pattern": FIT_AND_NOT_BLANK})]
GEOJSON_AREA = {
    "oneOf": [
        {
            "type": "object",
            "title": "GeoJSON",
            "required": ["type", "coordinates"],
            "properties": {"type": {"enum": ["Polygon", "MultiPolygon"]}, "coordinates": {"type": "array"}},
        },
        {
            "type": "object",
            "title": "Circle",
            "required": ["center", "radius_km"],
            "properties": {"center": {"$ref": "#/components/schemas/Coordinates"}, "radius_km": {"type": "number"}},
        },
        {
            "type": "object",
            "title": "Box",
            "required": ["bbox"],
            "properties": {"bbox": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}},
        },
    ]
}


class Coordinates(Body):
    """A place in WGS84 degrees."""

    lat: float = said(minimum=-90, maximum=90)
    lng: float = said(minimum=-180, maximum=180)

    model_config = needing("lat", "lng")


class SelectionBody(Body):
    """Threats said by an area, by filters as in the list's query, and by single ids to add and to leave out."""

    area: dict[str, Any] | None = said(**GEOJSON_AREA)
    filters: dict[str, Any] | None = said(description="As the query of GET /v1/threats, without its paging and order.")
    include: list[Uuid] = said(maxItems=THREAT_IDS_MAX)
    exclude: list[Uuid] = said(maxItems=THREAT_IDS_MAX)


class IncidentIn(Body):
    """An incident to be made."""

    title: str = required_text(TITLE_MAX)
    description: str | None = text(DESCRIPTION_MAX)
    scope: str = said(enum=list(Scope), default=Scope.AGGREGATE)
    threat_ids: list[Uuid] = said(maxItems=THREAT_IDS_MAX, description="A set: a repeated id counts once.")
    selection: SelectionBody | None = None

    model_config = needing(
        "title",
        example={
            "title": "Port access disruption in Lagos",
            "description": "Multiple protest and road-closure threats affecting site access.",
            "scope": "aggregate",
            "threat_ids": ["4f5d1cc9-d4cc-49a1-a3fc-5ec93d674bc8", "4e91fe4c-0f95-43a2-8a1c-b62cc12df5db"],
        },
    )


class AssetIn(Body):
    """Something of value that the threat is near."""

    asset_id: str = required_text(SHORT_TEXT_MAX)
    asset_name: str | None = text(SHORT_TEXT_MAX)
    asset_type: str | None = text(SHORT_TEXT_MAX)
    distance_km: float | None = said(minimum=0, maximum=UNCERTAINTY_MAX_KM)

    model_config = needing("asset_id")


class ThreatIn(Body):
    """A threat as its source states it, in full: a member that is absent is absent now."""

    source: str = required_text(SHORT_TEXT_MAX)
    external_id: str = required_text(SHORT_TEXT_MAX)
    title: str = required_text(THREAT_TITLE_MAX)
    severity: str | None = said(enum=[*Severity, None], description="Absent: medium for a new threat, else unchanged.")
    status: str | None = said(enum=[*ThreatStatus, None], description="Absent: active for a new threat, else unchanged.")
    description: str | None = text(TEXT_MAX)
    threat_type: str | None = text(SHORT_TEXT_MAX)
    threat_rationale: str | None = text(TEXT_MAX)
    location: str | None = text(THREAT_TITLE_MAX)
    location_country: str | None = said(pattern="^[A-Z]{2}$")
    coordinates: Coordinates | None = None
    location_precision_level: str | None = said(enum=[*Precision, None])
    location_uncertainty_km: float | None = said(minimum=0, maximum=UNCERTAINTY_MAX_KM)
    observed_at: str | None = said(format="date-time")
    expires_at: str | None = said(format="date-time")
    source_updated_at: str | None = said(
        format="date-time", description="The source's stamp; older than the one we hold changes nothing."
    )
    likelihood: str | None = text(SHORT_TEXT_MAX)
    impact_severity: str | None = text(SHORT_TEXT_MAX)
    risk_score: float | None = said(minimum=-1e9, maximum=1e9)
    risk_level: str | None = text(SHORT_TEXT_MAX)
    likelihood_rationale: str | None = text(TEXT_MAX)
    impact_rationale: str | None = text(TEXT_MAX)
    url: str | None = said(maxLength=URL_MAX, pattern=WEB_ADDRESS_OR_BLANK)
    aliases: list[Short] = said(maxItems=LIST_MAX)
    sources: list[Short] = said(maxItems=LIST_MAX)
    attribution_types: list[Short] = said(maxItems=LIST_MAX)
    affected_assets: list[AssetIn] = said(maxItems=LIST_MAX)

    model_config = needing("source", "external_id", "title")


class ThreatsIn(Body):
    """Threats to be put in: all of them, or, if any is at fault, none."""

    threats: list[ThreatIn] = said(minItems=1, maxItems=UPSERT_MAX)

    model_config = needing("threats")


Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Place(BaseModel):
    """A place in WGS84 degrees."""

    lat: float
    lng: float


class ThreatSummary(BaseModel):
    """What an incident says of a threat."""

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


class Incidents(BaseModel):
    """A page of incidents; `total` counts all that match. `next_cursor` is null on the last page."""

    incidents: list[Incident]
    total: int
    next_cursor: str | None


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


class Threats(BaseModel):
    """A page of threats; `total` counts all that match. Cordon keeps no register of assets, so `assets` is empty."""

    threats: list[Threat]
    total: int
    assets: list[dict[str, Any]]
    next_cursor: str | None


class PutResult(BaseModel):
    """What became of one threat that was put in: new, updated, unchanged, or older than what is held."""

    id: Uuid
    source: str
    external_id: str
    outcome: str = Field(json_schema_extra={"enum": ["new", "updated", "unchanged", "older"]})


class PutAnswer(BaseModel):
    """What became of the threats, counted and one by one, in the order they were given."""

    new: int
    updated: int
    unchanged: int
    older: int
    results: list[PutResult]


class ErrorDetail(BaseModel):
    """One fault. `pointer` is a JSON pointer into the body; for a query parameter, its name."""

    field: str
    code: str
    issue: str
    pointer: str


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
