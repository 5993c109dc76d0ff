"""The words of CAP for how bad, how sure and how real an alert is, in ours; NWS uses the same ones.

Source: Common Alerting Protocol 1.2 (OASIS, 2010), section 3.2.
"""

from __future__ import annotations

from app.terms import Severity

FURTHER = "further areas of the same alert"
"""Why a part of an alert is no threat of its own."""

_SEVERITIES = {
    "extreme": Severity.CRITICAL,
    "severe": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "minor": Severity.LOW,
}
_AWARENESS = {
    "green": Severity.NEGLIGIBLE,
    "yellow": Severity.MEDIUM,
    "orange": Severity.HIGH,
    "red": Severity.CRITICAL,
}
_STATUSES = {"exercise": "exercises", "system": "messages between systems", "test": "tests", "draft": "drafts"}
_KINDS = {"ack": "acknowledgements", "error": "refusals of other messages"}


def severity(word: str, awareness: str = "") -> Severity:
    """Rate by the colour of an awareness level ("2; yellow; Moderate"), as MeteoAlarm gives it, or else by CAP's word."""
    return _AWARENESS.get(colour(awareness)) or _SEVERITIES.get(word.casefold(), Severity.NEGLIGIBLE)


def colour(awareness: str) -> str:
    """Return the colour of an awareness level, "" when there is none."""
    parts = [part.strip().casefold() for part in awareness.split(";")]
    return parts[1] if len(parts) > 1 else ""


def kept_off(status: str, scope: str = "", kind: str = "") -> str:
    """Say in the plural what a message is that must not come to the desk; "" for one that must."""
    if reason := _STATUSES.get(status.casefold()):
        return reason
    if scope.casefold() in {"restricted", "private"}:
        return "alerts that are not public"
    return _KINDS.get(kind.casefold(), "")


def rationale(source: str, words: dict[str, str]) -> str:
    """Say in the source's own words what the severity rests on."""
    facts = ", ".join(f"{name} {word}" for name, word in words.items() if word)
    return f"{source}: {facts or 'no severity'}."
