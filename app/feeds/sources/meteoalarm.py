"""Weather warnings of MeteoAlarm, one country each: an Atom index of CAP alerts."""

from __future__ import annotations

from app.feeds.sources.cap_index import alerts
from app.feeds.sources.source import Ask, Plan, Question, Source

_INDEX = "https://feeds.meteoalarm.org/feeds/meteoalarm-legacy-atom"
_COUNTRIES = (
    "andorra austria belgium bosnia-herzegovina bulgaria croatia cyprus czechia denmark estonia finland france germany greece "
    "hungary iceland ireland israel italy latvia lithuania luxembourg malta moldova montenegro netherlands norway poland "
    "portugal republic-of-north-macedonia romania serbia slovakia slovenia spain sweden switzerland ukraine united-kingdom"
)


def plan(ask: Ask) -> Plan:
    """Ask for a country's index, and for its alerts."""
    return alerts(ask, f"{_INDEX}-{ask.settings['country']}")


SOURCE = Source(
    name="meteoalarm",
    label="MeteoAlarm weather warnings",
    brings="Warnings of the European weather services, of one country.",
    licence="Data: EUMETNET – MeteoAlarm, https://meteoalarm.org; levels are shown as issued.",
    terms="https://www.meteoalarm.org/en/live/page/terms-and-conditions",
    interval_s=600,
    interval_min_s=300,
    plan=plan,
    questions=(
        Question(
            name="country",
            label="Country",
            kind="choice",
            required=True,
            choices=(
                ("", "Choose a country"),
                *((slug, slug.replace("-", " ").title().replace(" Of ", " of ")) for slug in _COUNTRIES.split()),
            ),
        ),
    ),
)
