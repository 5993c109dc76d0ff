"""The sources of feeds: one file each, and the one table of them."""

from app.feeds.sources import acled, address, cap, cap_index, eonet, firms, gdacs, gdelt, meteoalarm, nws, ucdp, usgs
from app.feeds.sources.source import Ask, Documents, Plan, Question, Source

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        usgs.SOURCE,
        gdacs.RSS,
        gdacs.API,
        nws.SOURCE,
        meteoalarm.SOURCE,
        eonet.SOURCE,
        firms.SOURCE,
        gdelt.SOURCE,
        ucdp.SOURCE,
        acled.SOURCE,
        cap_index.SOURCE,
        cap.SOURCE,
        address.SOURCE,
    )
}

__all__ = ["SOURCES", "Ask", "Documents", "Plan", "Question", "Source"]
