"""The JSON shapes that come in. They check types only, for the rules of values are the service's; limits are its too."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from app.api.reading import Body
from app.models.incident import DESCRIPTION_MAX, TITLE_MAX
from app.models.threat import SHORT_TEXT_MAX, TEXT_MAX, THREAT_TITLE_MAX, URL_MAX
from app.service import rules
from app.service.addresses import NETWORKS_MAX
from app.service.incidents import COMMENT_MAX, REASON_MAX, THREAT_IDS_MAX
from app.service.incidents.grouping import MERGE_MAX
from app.service.keys import NAME_MAX, OVERLAP_MAX_HOURS
from app.service.threats import DISMISSAL_REASON_MAX, UPSERT_MAX
from app.service.threats.clean import LIST_MAX, UNCERTAINTY_MAX_KM
from app.terms import IncidentStatus, Permission, Precision, Scope, Severity, ThreatStatus

WEB_ADDRESS_OR_BLANK = rf"^[ \n\t\r]*(?:[hH][tT][tT][pP][sS]?://[^/{rules.SPACE}]{rules.CHARACTER}*)?$"


def said(**schema: Any) -> Any:
    """Say in the document what the service will hold the value to; absent means None."""
    return Field(default=None, json_schema_extra=schema)


def text(maximum: int) -> Any:
    """Say that this is optional text."""
    return said(maxLength=maximum, pattern=rules.FIT)


def required_text(maximum: int) -> Any:
    """Say that this is text which may not be blank."""
    return said(minLength=1, maxLength=maximum, pattern=rules.FIT_AND_NOT_BLANK)


def needing(*names: str, example: dict[str, Any] | None = None) -> ConfigDict:
    """Say in the document which members are required; that one is absent is told by the service, with its own words."""
    schema: dict[str, Any] = {"required": list(names)}
    if example:
        schema["examples"] = [example]
    return Body.model_config | ConfigDict(json_schema_extra=schema)


# JSON has one kind of number: 24.0 is a whole one.
Whole = Annotated[int, BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)]
Uuid = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Short = Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": SHORT_TEXT_MAX, "pattern": rules.FIT_AND_NOT_BLANK})]
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


class IncidentPatch(Body):
    """What is to be different (RFC 7396): a member that is absent stays as it is, and null empties it."""

    title: str = required_text(TITLE_MAX)
    description: str | None = text(DESCRIPTION_MAX)
    scope: str = said(enum=list(Scope))
    status: str = said(enum=list(IncidentStatus), description="Closing and resolving leave the threats alone.")
    started_at: str | None = said(format="date-time", description="null: the earliest `observed_at` of the threats again.")


class LinkIn(Body):
    """Threats to be linked, by ids, by a selection, or both. Those linked already stay as they are."""

    threat_ids: list[Uuid] = said(maxItems=THREAT_IDS_MAX, description="A set: a repeated id counts once.")
    selection: SelectionBody | None = None


class MoveIn(Body):
    """Threats of this incident, and the open incident that they go to."""

    threat_ids: list[Uuid] = said(minItems=1, maxItems=THREAT_IDS_MAX)
    to_incident_id: Uuid = said()

    model_config = needing("threat_ids", "to_incident_id")


class SplitIn(Body):
    """Threats of this incident, and the incident that is to be made of them."""

    threat_ids: list[Uuid] = said(minItems=1, maxItems=THREAT_IDS_MAX)
    title: str = required_text(TITLE_MAX)
    description: str | None = text(DESCRIPTION_MAX)
    scope: str = said(enum=list(Scope), default=Scope.AGGREGATE)

    model_config = needing("threat_ids", "title")


class MergeIn(Body):
    """Incidents to be merged into this one, and why they belong together."""

    incident_ids: list[Uuid] = said(minItems=1, maxItems=MERGE_MAX)
    reason: str = required_text(REASON_MAX)

    model_config = needing("incident_ids", "reason")


class CommentIn(Body):
    """What someone has to say."""

    body: str = required_text(COMMENT_MAX)

    model_config = needing("body")


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
    location_country: str | None = said(
        pattern="^[A-Z]{2}$",
        description="Absent: the country that the coordinates lie in, if they do in one and do not stand for a whole country.",
    )
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


class NewThreat(ThreatIn):
    """A threat to be made. Without a source it is "api", without an external id its own id."""

    source: str = said(minLength=1, maxLength=SHORT_TEXT_MAX, pattern=rules.FIT_AND_NOT_BLANK, default="api")

    model_config = needing("title", example={"title": "Road closed at Apapa gate", "severity": "high"})


class ThreatPatch(Body):
    """What a person says of a threat (RFC 7396): a member that is absent stays. A status said so stands against the source."""

    status: str = said(enum=list(ThreatStatus), description="dismissed needs a dismissal_reason; any other clears it.")
    pinned: bool = said()
    dismissal_reason: str | None = text(DISMISSAL_REASON_MAX)


class ThreatsIn(Body):
    """Threats to be put in: all of them, or, if any is at fault, none; with `partial=true`, those that are not at fault."""

    threats: list[ThreatIn] = said(minItems=1, maxItems=UPSERT_MAX)

    model_config = needing("threats")


class KeyIn(Body):
    """An API key to be made."""

    name: str = required_text(NAME_MAX)
    scopes: list[str] = said(minItems=1, items={"enum": list(Permission)})
    expires_at: str | None = said(format="date-time", description="Never, if absent.")
    networks: list[str] = said(
        maxItems=NETWORKS_MAX,
        description="From where it may be used, such as 192.0.2.0/24; if absent or empty, from everywhere.",
    )

    model_config = needing("name", "scopes", example={"name": "playbook", "scopes": ["incidents:write", "threats:read"]})


class RotateIn(Body):
    """How an API key is rotated."""

    overlap_hours: Whole = said(minimum=0, maximum=OVERLAP_MAX_HOURS, default=24, description="How long the old key stays good.")
