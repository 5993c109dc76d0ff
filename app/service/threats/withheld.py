"""Threats of sources whose terms forbid passing them on: for people of the desk, not for client programs and exported files.

That holds for the threats' own data. What people made of them, such as an incident with its title and start, is theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import sqlalchemy as sa

from app.feeds import acled
from app.models import Threat
from app.service.actor import Actor
from app.terms import Severity

NAMES = {acled.SOURCE: "ACLED"}
"""The restricted sources, whatever the case in which a threat has them, with the names that people know them by."""
PLACEHOLDER = Severity.MEDIUM
"""The severity that a withheld threat is given where one is asked for."""
NOT_TOLD = (
    "threat_type",
    "location",
    "location_country",
    "observed_at",
    "lat",
    "lng",
    "location_precision_level",
    "location_uncertainty_km",
)

Link = TypeVar("Link", bound=Any)


def name_of(source: str) -> str:
    """Return the name of a restricted source, or nothing for any other."""
    return NAMES.get(source.lower(), "")


def is_restricted() -> sa.ColumnElement[bool]:
    """Return the condition that a threat is of a restricted source."""
    return sa.func.lower(Threat.source).in_(NAMES)


def visible(actor: Actor) -> sa.ColumnElement[bool]:
    """Return the condition that the actor may see a threat. Every statement that reads threats for an edge carries it."""
    return sa.true() if actor.sees_restricted else ~is_restricted()


def hidden(texts: Iterable[str | None]) -> list[str]:
    """Return those of the names of sources that are of restricted ones."""
    return [text for text in texts if text and name_of(text)]


def stub(actor: Actor, link: Link) -> Link:
    """Return a link with its threat as the actor may see it: of a withheld one only the id and whose it is."""
    if actor.sees_restricted or not (name := name_of(link.source)):
        return link
    told: Link = link._replace(title=f"Withheld ({name})", severity=PLACEHOLDER, **dict.fromkeys(NOT_TOLD))
    return told
