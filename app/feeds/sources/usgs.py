"""Earthquakes of the USGS: its summary feeds, which are made anew about every minute."""

from __future__ import annotations

from app.feeds.fetch import Request
from app.feeds.sources.source import Ask, Plan, Question, Source, one_document
from app.feeds.usgs import ATTRIBUTION

_FEEDS = "https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary"


def plan(ask: Ask) -> Plan:
    """Ask for the summary feed of a magnitude and a period."""
    wanted = f"{ask.settings['magnitude']}_{ask.settings['period']}"
    return one_document(Request(url=f"{_FEEDS}/{wanted}.geojson"), "usgs_geojson")


SOURCE = Source(
    name="usgs",
    label="USGS earthquakes",
    brings="Earthquakes worldwide, minutes after they happen, corrected as more is known.",
    licence=ATTRIBUTION,
    terms="https://www.usgs.gov/information-policies-and-instructions/copyrights-and-credits",
    interval_s=300,
    interval_min_s=60,
    plan=plan,
    questions=(
        Question(
            name="magnitude",
            label="Magnitude",
            kind="choice",
            default="2.5",
            choices=(
                ("significant", "Significant ones only"),
                ("4.5", "4.5 and more"),
                ("2.5", "2.5 and more"),
                ("1.0", "1.0 and more"),
                ("all", "All"),
            ),
        ),
        Question(
            name="period",
            label="Period",
            kind="choice",
            hint="How far back each answer goes. What was missed while Cordon was off comes in again within it.",
            default="day",
            choices=(("hour", "Past hour"), ("day", "Past day"), ("week", "Past 7 days"), ("month", "Past 30 days")),
        ),
    ),
)
