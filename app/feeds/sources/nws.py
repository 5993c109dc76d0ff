"""Active alerts of the US National Weather Service, which asks for a contact in the User-Agent (CORDON_FEED_CONTACT)."""

from __future__ import annotations

from app.feeds.fetch import Request
from app.feeds.nws import ATTRIBUTION
from app.feeds.sources.source import Ask, Plan, Question, Source, address, one_document

_ACTIVE = "https://api.weather.gov/alerts/active"
_AREAS = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC "
    "SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI AM AN GM LC LE LH LM LO LS PH PK PM PS PZ SL"
)


def plan(ask: Ask) -> Plan:
    """Ask for what is active now; tests and exercises are not asked for."""
    url = address(_ACTIVE, status="actual", area=ask.settings["area"], severity=ask.settings["severity"])
    return one_document(Request(url=url, headers={"Accept": "application/geo+json"}), "nws")


SOURCE = Source(
    name="nws",
    label="US National Weather Service alerts",
    brings="Watches, warnings and advisories that are active in the United States and on its coasts.",
    licence=ATTRIBUTION,
    terms="https://www.weather.gov/disclaimer",
    interval_s=120,
    interval_min_s=30,
    plan=plan,
    questions=(
        Question(
            name="area",
            label="State or sea",
            kind="choice",
            choices=(("", "All"), *((code, code) for code in _AREAS.split())),
        ),
        Question(
            name="severity",
            label="Severity",
            kind="choice",
            default="Extreme,Severe,Moderate",
            choices=(
                ("", "All"),
                ("Extreme,Severe,Moderate", "Moderate and worse"),
                ("Extreme,Severe", "Severe and worse"),
                ("Extreme", "Extreme"),
            ),
        ),
    ),
)
