"""Whether what sources forbid passing on may leave the desk, and how much exported files go without."""

from __future__ import annotations

from typing import Any

from flask import current_app

from app.errors import NotFound
from app.models import Threat
from app.service.threats import restricted
from app.service.threats.withheld import name_of
from app.web.access import actor


def may_share() -> bool:
    """Say whether the settings let everything leave the desk."""
    may: bool = current_app.config["SHARE_RESTRICTED"]
    return may


def refuse_withheld(threat: Threat, what: str) -> None:
    """Refuse to make a file of a threat that may not leave the desk. Raises NotFound."""
    if name_of(threat.source) and not may_share():
        raise NotFound(what)


def number_withheld(values: dict[str, Any]) -> int:
    """Return how many of the threats that match values read by threats.FILTERS a file of them goes without."""
    return 0 if may_share() else restricted(actor(), values)
