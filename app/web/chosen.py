"""What the pages of an incident choose: threats of it, and other incidents."""

from __future__ import annotations

from app.web.reading import Pairs, first


def written(pairs: Pairs) -> list[str]:
    """Return the ids that a form carries, as they were written: `selected` parted by spaces, and `threat_ids`."""
    ids = [part for name, value in pairs if name == "selected" for part in value.split()]
    ids += [value for name, value in pairs if name == "threat_ids" and value]
    return list(dict.fromkeys(ids))


def chosen_incident(pairs: Pairs) -> str:
    """Return the incident that a form is to lead threats to, as it was written: the id that was typed, or the one chosen."""
    return (first(pairs, "other_id") or "").strip() or (first(pairs, "to_incident_id") or "")


def chosen_to_merge(pairs: Pairs) -> list[str]:
    """Return the incidents to be merged, as they were written: those ticked, and the ids that were typed."""
    ids = [value for name, value in pairs if name == "incident_ids" and value]
    ids += [part for name, value in pairs if name == "other_id" for part in value.split()]
    return list(dict.fromkeys(ids))
