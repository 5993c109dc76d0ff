"""Candidate conflict events of the UCDP, a release for each month, from its API.

Documented and not tried against the live service: the token goes into `x-ucdp-access-token`, pages count from 0 and say how many
they are in `TotalPages`; the release of a month, `YY.0.MM`, comes out about the 20th of the next one.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import suppress
from datetime import date

from app.errors import Unreadable
from app.feeds.fetch import Answer, FetchError, Request
from app.feeds.jsonfile import load
from app.feeds.sources.source import Ask, Documents, Plan, Question, Source, address, check
from app.feeds.ucdp import ATTRIBUTION

_EVENTS = "https://ucdpapi.pcr.uu.se/api/gedevents"
PAGE = 1000
PAGES_MAX = 30
MONTHS_BACK = 4


def plan(ask: Ask) -> Plan:
    """Ask for all pages of a release: of the one that was chosen, else of the newest that there is."""
    *newer, last = [ask.settings["version"]] if ask.settings["version"] else _newest(ask.today)
    events: list[object] = []
    for version in newer:
        with suppress(FetchError):
            events = yield from _events(ask, version)
        if events:
            break
    else:
        events = yield from _events(ask, last)
    return Documents(content=json.dumps({"Result": events}).encode(), format="ucdp")


def _newest(today: date) -> list[str]:
    """Return the names of the releases of the last months, the newest first."""
    months = [today.year * 12 + today.month - 1 - back for back in range(1, MONTHS_BACK + 1)]
    return [f"{month // 12 % 100}.0.{month % 12 + 1}" for month in months]


def _events(ask: Ask, version: str) -> Generator[Request, Answer, list[object]]:
    """Ask for page after page. Raises Unreadable for more than PAGES_MAX, as those left out would never come."""
    events: list[object] = []
    for page in range(ask.at_most(PAGES_MAX)):
        headers = {"x-ucdp-access-token": ask.settings["token"]}
        answer = yield Request(url=address(f"{_EVENTS}/{version}", pagesize=PAGE, page=page), headers=headers)
        check(answer, "ucdp")
        document = load(answer.content)
        result = document.get("Result") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(result, list):
            raise Unreadable("The answer of the UCDP has no Result with events.")
        events += result
        pages = document.get("TotalPages")
        if not result or not isinstance(pages, int) or page + 1 >= pages:
            return events
    if ask.is_trial:
        return events
    raise Unreadable(f"The UCDP has more than {PAGES_MAX * PAGE:,} events in this release, more than can be read.")


SOURCE = Source(
    name="ucdp",
    label="UCDP candidate events",
    brings="Deadly conflict events worldwide, found by researchers, some weeks after each month.",
    licence=ATTRIBUTION,
    terms="https://ucdp.uu.se/downloads/",
    interval_s=86_400,
    interval_min_s=3600,
    plan=plan,
    questions=(
        Question(
            name="token",
            label="Access token",
            kind="secret",
            hint="Free of charge from the UCDP: https://ucdp.uu.se/apidocs/.",
            required=True,
            pattern=r"[\x21-\x7e]{4,200}",
        ),
        Question(
            name="version",
            label="Release",
            kind="text",
            hint="Such as 26.0.9 for September 2026. Empty is always the newest.",
            pattern=r"\d{2}\.\d{1,2}(\.\d{1,2})?",
        ),
    ),
)
