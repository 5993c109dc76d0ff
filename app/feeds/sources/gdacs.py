"""Disaster alerts of GDACS, from its RSS feeds and from its API.

The parameters of the API are documented and were not tried against the live service: `eventlist`, `fromdate`, `todate`,
`pageSize` of at most 100, `pageNumber` from 1.
"""

from __future__ import annotations

import json
from datetime import timedelta

from app.errors import Unreadable
from app.feeds.fetch import Request
from app.feeds.gdacs import ATTRIBUTION
from app.feeds.jsonfile import features, load
from app.feeds.sources.source import Ask, Documents, Plan, Question, Source, address, check, one_document

_TERMS = "https://www.gdacs.org/About/termofuse.aspx"
_SEARCH = "https://www.gdacs.org/gdacsapi/api/events/geteventlist/SEARCH"
PAGE = 100
PAGES_MAX = 20


def plan_rss(ask: Ask) -> Plan:
    """Ask for one of the RSS feeds."""
    return one_document(Request(url=f"https://www.gdacs.org/xml/{ask.settings['feed']}.xml"), "gdacs_rss")


def plan_api(ask: Ask) -> Plan:
    """Ask for all pages of the events of some days, and put them together."""
    since = ask.today - timedelta(days=ask.settings["days"])
    found: list[object] = []
    for page in range(1, ask.at_most(PAGES_MAX) + 1):
        answer = yield Request(
            url=address(
                _SEARCH,
                eventlist="EQ;TC;FL;VO;DR;WF;TS",
                fromdate=since.isoformat(),
                todate=(ask.today + timedelta(days=1)).isoformat(),
                pageSize=PAGE,
                pageNumber=page,
            )
        )
        check(answer, "gdacs_json")
        more = features(load(answer.content))
        found += more
        if len(more) < PAGE:
            break
    else:
        if not ask.is_trial:
            raise Unreadable(f"GDACS has more than {PAGES_MAX * PAGE:,} events in these days. Choose fewer.")
    return Documents(content=json.dumps({"type": "FeatureCollection", "features": found}).encode(), format="gdacs_json")


RSS = Source(
    name="gdacs",
    label="GDACS disaster alerts",
    brings="Earthquakes, cyclones, floods, volcanoes, droughts and forest fires worldwide, with GDACS’s alert level.",
    licence=ATTRIBUTION,
    terms=_TERMS,
    interval_s=600,
    interval_min_s=300,
    plan=plan_rss,
    questions=(
        Question(
            name="feed",
            label="Alerts",
            kind="choice",
            default="rss",
            choices=(("rss", "All current ones"), ("rss_24h", "Of the past 24 hours"), ("rss_7d", "Of the past 7 days")),
        ),
    ),
)
API = Source(
    name="gdacs_api",
    label="GDACS disaster alerts (API)",
    brings="The same events as GDACS’s RSS feed, for as many days back as wanted.",
    licence=ATTRIBUTION,
    terms=_TERMS,
    interval_s=1800,
    interval_min_s=300,
    plan=plan_api,
    questions=(Question(name="days", label="Days back", kind="number", default="7", low=1, high=365),),
)
