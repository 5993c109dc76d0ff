"""CAP alerts by address: one, several in `<alerts>`, or in an EDXL envelope."""

from __future__ import annotations

from app.feeds.fetch import Request
from app.feeds.sources.source import Ask, Plan, Question, Source, one_document


def plan(ask: Ask) -> Plan:
    """Ask for the document at the address."""
    request = Request(url=ask.settings["url"], headers={"Accept": "application/cap+xml, application/xml;q=0.9, */*;q=0.5"})
    return one_document(request, "cap")


SOURCE = Source(
    name="cap",
    label="CAP alerts by address",
    brings="The alerts of a document in the Common Alerting Protocol, through their updates and cancellations.",
    licence="The issuing authority’s terms apply.",
    terms="https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html",
    interval_s=300,
    interval_min_s=60,
    plan=plan,
    questions=(
        Question(
            name="url",
            label="Address",
            kind="url",
            hint="Of a CAP document: one alert, several in <alerts>, or in an EDXL envelope.",
            required=True,
        ),
    ),
)
