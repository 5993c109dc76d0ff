"""How bad an event is by the people who died in it: for the sources on conflict, which give no severity of their own."""

from __future__ import annotations

from app.terms import Severity

_BY_DEATHS = ((25, Severity.CRITICAL), (5, Severity.HIGH), (1, Severity.MEDIUM))


def severity(deaths: float | None, *, violent: bool = True) -> Severity:
    """Rate an event: critical from 25 deaths, high from 5, medium from 1; without any, low if violent, else negligible."""
    by_deaths = next((rating for floor, rating in _BY_DEATHS if (deaths or 0) >= floor), None)
    return by_deaths or (Severity.LOW if violent else Severity.NEGLIGIBLE)
