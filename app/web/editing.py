"""The form that edits an incident: what its fields show, and what they change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.errors import Faults
from app.models import Incident
from app.service import rules
from app.service.incidents import UNSET, Changes
from app.web.clash import Texts, changed
from app.web.lists import in_utc
from app.web.reading import Pairs, first

FIELDS = ("title", "description", "scope", "started_at")


def shown(incident: Incident) -> Texts:
    """Return the fields as the form shows them."""
    began = incident.started_at if incident.started_at_is_set else None
    return {
        "title": incident.title,
        "description": incident.description or "",
        "scope": incident.scope.value,
        "started_at": minute(began),
    }


def minute(time: datetime | None) -> str:
    """Return a time as a field of type datetime-local takes it, in UTC."""
    return time.astimezone(UTC).isoformat(timespec="minutes")[:16] if time else ""


def changes(pairs: Pairs, faults: Faults) -> Changes:
    """Return what the form changes. A field that says what it said when the form was made stays as it is."""
    values: dict[str, Any] = {name: first(pairs, name) for name in FIELDS if changed(pairs, name)}
    if "started_at" in values:
        values["started_at"] = _began(values["started_at"], faults)
    return Changes(**values)


def _began(text: str, faults: Faults) -> Any:
    if not text.strip():
        return None
    return rules.moment(in_utc(text.strip()), "started_at", faults) or UNSET
