"""Natural events of NASA's EONET."""

from __future__ import annotations

from app.feeds.eonet import ATTRIBUTION
from app.feeds.fetch import Request
from app.feeds.sources.source import Ask, Plan, Question, Source, address, one_document

_EVENTS = "https://eonet.gsfc.nasa.gov/api/v3/events"
_CATEGORIES = (
    ("drought", "Droughts"),
    ("dustHaze", "Dust and haze"),
    ("earthquakes", "Earthquakes"),
    ("floods", "Floods"),
    ("landslides", "Landslides"),
    ("manmade", "Man-made events"),
    ("seaLakeIce", "Sea and lake ice"),
    ("severeStorms", "Severe storms"),
    ("snow", "Snow"),
    ("tempExtremes", "Extreme temperatures"),
    ("volcanoes", "Volcanoes"),
    ("waterColor", "Water colour"),
    ("wildfires", "Wildfires"),
)


def plan(ask: Ask) -> Plan:
    """Ask for the events of some days; with all of them comes also that one is over."""
    asked = ask.settings
    url = address(_EVENTS, status=asked["status"], days=asked["days"], category=asked["category"])
    return one_document(Request(url=url), "eonet")


SOURCE = Source(
    name="eonet",
    label="NASA EONET natural events",
    brings="Wildfires, storms, volcanoes, floods and sea ice worldwide, chosen by people; not in real time.",
    licence=ATTRIBUTION,
    terms="https://eonet.gsfc.nasa.gov/what-is-eonet",
    interval_s=3600,
    interval_min_s=600,
    plan=plan,
    questions=(
        Question(
            name="status",
            label="Events",
            kind="choice",
            hint="With “open and over” an event ends here once EONET closes it.",
            default="all",
            choices=(("all", "Open and over"), ("open", "Open"), ("closed", "Over")),
        ),
        Question(name="days", label="Days back", kind="number", default="30", low=1, high=365),
        Question(name="category", label="Kind", kind="choice", choices=(("", "All"), *_CATEGORIES)),
    ),
)
