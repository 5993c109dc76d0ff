"""Other people's words and numbers for severity and status, in ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.feeds.values import BadRow, shown
from app.terms import Severity, ThreatStatus

_SEVERITIES = {
    Severity.NEGLIGIBLE: "negligible informational information info none very_low insignificant minimal unknown",
    Severity.LOW: "low minor green slight",
    Severity.MEDIUM: "medium moderate yellow amber normal average",
    Severity.HIGH: "high major severe serious orange significant warning",
    Severity.CRITICAL: "critical extreme red very_high catastrophic emergency disastrous",
}
_STATUSES = {
    ThreatStatus.ACTIVE: "active open ongoing current new alert live in_progress actual",
    ThreatStatus.MONITORING: "monitoring monitored watch watching under_observation",
    ThreatStatus.CONTAINED: "contained under_control controlled",
    ThreatStatus.RESOLVED: "resolved done solved fixed",
    ThreatStatus.DISMISSED: "dismissed false false_alarm rejected deleted cancelled canceled",
    ThreatStatus.ENDED: "ended closed past over finished expired inactive archived complete completed",
}
_SEVERITY_OF = {word: severity for severity, words in _SEVERITIES.items() for word in words.split()}
_STATUS_OF = {word: status for status, words in _STATUSES.items() for word in words.split()}
_RANKS = tuple(Severity)


def severity_reader(words: Iterable[str]) -> Callable[[str], Severity]:
    """Return what reads the severities of one column, given all its words.

    Words are looked up in the table above. Whole numbers count from 1 (negligible) to 5 (critical) when the column has
    a 5, and from 0 (negligible) to 4 (critical) otherwise. No word at all means medium. The reader raises BadRow.
    """
    first = 1 if any(_whole(word) == 5 for word in words) else 0

    def read(word: str) -> Severity:
        if not word:
            return Severity.MEDIUM
        if (known := _SEVERITY_OF.get(_key(word))) is not None:
            return known
        count = _whole(word)
        if count is not None and 0 <= count - first < len(_RANKS):
            return _RANKS[count - first]
        raise BadRow(f"The severity “{shown(word)}” is not known: use {', '.join(Severity)}.")

    return read


def status(word: str) -> ThreatStatus | None:
    """Return our status for a word, None for no word. Raises BadRow for a word that is not known."""
    if not word:
        return None
    if (known := _STATUS_OF.get(_key(word))) is not None:
        return known
    raise BadRow(f"The status “{shown(word)}” is not known: use {', '.join(ThreatStatus)}.")


def _key(word: str) -> str:
    return word.casefold().replace(" ", "_").replace("-", "_")


def _whole(word: str) -> int | None:
    """Return the number that a word like "3" or "3.0" stands for."""
    digits = word.removesuffix(".0")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 4 else None
