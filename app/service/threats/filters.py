"""What a list of threats can be narrowed by, the same for the desk, the map, the API and a selection."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.geo.box import Box
from app.models import Incident, Threat, ThreatLink
from app.service.actor import Actor, owned
from app.service.query import BOX, COUNTRY, FLAG, ID, MOMENT, PAGING, SEARCH_MAX, Param, Sorting, one_of, words
from app.service.threats.withheld import visible
from app.service.threats.wording_search import having_words
from app.terms import Severity, ThreatStatus

SORTING = Sorting(
    columns={
        "observed_at": Threat.observed_at,
        "severity": Threat.severity,
        "created_at": Threat.created_at,
        "updated_at": Threat.updated_at,
        "title": Threat.title,
    },
    id_column=Threat.id,
    default="-observed_at",
)

FILTERS: tuple[Param, ...] = (
    Param(
        "q",
        words(SEARCH_MAX),
        "Words, of which each begins a word of the title, the place or the description, whatever the case and accents."
        " Text without a letter or digit matches nothing.",
    ),
    Param("severity", one_of(Severity), "Only these severities.", repeatable=True),
    Param("status", one_of(ThreatStatus), "Only these statuses.", repeatable=True),
    Param("threat_type", words(SEARCH_MAX), "Only these types, written as the threats have them.", repeatable=True),
    Param("source", words(SEARCH_MAX), "Only from these sources.", repeatable=True),
    Param("location_country", COUNTRY, "Only in these countries (ISO 3166-1 alpha-2).", repeatable=True),
    Param("bbox", BOX, "Only inside minLng,minLat,maxLng,maxLat; may cross the antimeridian with minLng above maxLng."),
    Param("observed_from", MOMENT, "Only observed at this time or later."),
    Param("observed_to", MOMENT, "Only observed before this time."),
    Param("arrived_from", MOMENT, "Only those that came in at this time or later."),
    Param("incident_id", ID, "Only those linked to this incident."),
    Param("ungrouped", FLAG, "true: only those in no incident; false: only those in one."),
)
LIST_PARAMS: tuple[Param, ...] = (
    *FILTERS,
    Param("sort", SORTING.kind, f"The order; {SORTING.default} if not given."),
    *PAGING,
)


def inside(box: Box) -> sa.ColumnElement[bool]:
    """Return the condition that a threat's coordinates lie in the box, edges included."""
    return sa.or_(
        *(
            sa.and_(Threat.lat.between(part.min_lat, part.max_lat), Threat.lng.between(part.min_lng, part.max_lng))
            for part in box.split()
        )
    )


def contains_text(query: str, *columns: Any) -> sa.ColumnElement[bool]:
    """Return the condition that one of the columns contains the text, whatever the case of its letters."""
    return sa.or_(*(column.icontains(query, autoescape=True) for column in columns))


def matching(actor: Actor, values: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for the threats of the actor's tenant that match values read by FILTERS and that they may see.

    With `deleted` in `values`, deleted incidents count as others do: the page of one shows the threats it had.
    """
    conditions = [owned(actor, Threat), visible(actor)]
    for name, column in (
        ("severity", Threat.severity),
        ("status", Threat.status),
        ("threat_type", Threat.threat_type),
        ("source", Threat.source),
        ("location_country", Threat.location_country),
    ):
        if chosen := values.get(name):
            conditions.append(column.in_(chosen))
    if query := values.get("q"):
        conditions.append(having_words(actor, query))
    if box := values.get("bbox"):
        conditions.append(inside(box))
    if (start := values.get("observed_from")) is not None:
        conditions.append(Threat.observed_at >= start)
    if (end := values.get("observed_to")) is not None:
        conditions.append(Threat.observed_at < end)
    if (arrived := values.get("arrived_from")) is not None:
        conditions.append(Threat.created_at >= arrived)
    linked = (
        sa.select(ThreatLink.threat_id)
        .join(Incident, sa.and_(Incident.tenant_id == ThreatLink.tenant_id, Incident.id == ThreatLink.incident_id))
        .where(
            owned(actor, ThreatLink),
            ThreatLink.threat_id == Threat.id,
            ThreatLink.removed_at.is_(None),
            sa.true() if values.get("deleted") else Incident.deleted_at.is_(None),
        )
        .correlate(Threat)
    )
    if incident_id := values.get("incident_id"):
        conditions.append(linked.where(ThreatLink.incident_id == incident_id).exists())
    if (ungrouped := values.get("ungrouped")) is not None:
        conditions.append(~linked.exists() if ungrouped else linked.exists())
    return conditions
