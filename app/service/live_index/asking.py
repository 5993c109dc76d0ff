"""The filters of threats as a question to the index."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.db import EPOCH
from app.index.part import ids_of
from app.index.question import Question
from app.models import Threat
from app.service.actor import Actor
from app.service.live_index.rows import STATUS_PLACES, bytes_of, linked_to
from app.service.threats.filters import matching
from app.service.threats.withheld import NAMES
from app.service.threats.wording_search import ids_having_words

SHARED_ONLY = "shared_only"
"""The value that, with those of the filters, leaves out threats of restricted sources."""


def question_of(actor: Actor, values: dict[str, Any], connection: sa.Connection) -> Question:
    """Return the question that values read by threats.FILTERS ask.

    What the index does not hold is found by the database as a set of ids, by statements on the connection.
    """
    among = []
    if values.get("q"):
        among.append(ids_having_words(actor, values["q"], connection))
    if values.get("incident_id"):
        among.append(linked_to(connection, actor.tenant_id, values["incident_id"]))
    if values.get("arrived_from"):
        arrived = matching(actor, {"arrived_from": values["arrived_from"]})
        among.append(ids_of(connection.execute(sa.select(bytes_of(connection, Threat.id)).where(*arrived)).scalars()))
    return Question(
        severities=_set(severity.rank for severity in values.get("severity", ())),
        statuses=_set(STATUS_PLACES[status] for status in values.get("status", ())),
        kinds=_set(values.get("threat_type", ())),
        sources=_set(values.get("source", ())),
        not_sources=frozenset(NAMES) if values.get(SHARED_ONLY) else frozenset(),
        countries=_set(values.get("location_country", ())),
        box=values.get("bbox"),
        start=_ms(values.get("observed_from")),
        end=_ms(values.get("observed_to")),
        grouped=None if values.get("ungrouped") is None else not values["ungrouped"],
        among=tuple(among),
    )


def _set(values: Any) -> frozenset[Any] | None:
    return frozenset(values) or None


def _ms(time: datetime | None) -> int | None:
    return None if time is None else round((time - EPOCH).total_seconds() * 1000)
