"""Detections of fires by satellites, from NASA's FIRMS. Its key stands in the path, and its refusals come with status 200."""

from __future__ import annotations

from app.errors import Unreadable
from app.feeds.fetch import Request
from app.feeds.firms import ATTRIBUTION
from app.feeds.sources.source import Ask, Documents, Plan, Question, Source, check

_AREA = "https://firms.modaps.eosdis.nasa.gov/api/area/csv"


def plan(ask: Ask) -> Plan:
    """Ask for the detections in an area. Raises Unreadable with FIRMS's own words where it refuses."""
    asked = ask.settings
    where = asked["area"].replace(" ", "") or "world"
    answer = yield Request(url=f"{_AREA}/{asked['map_key']}/{asked['satellite']}/{where}/{asked['days']}")
    begin = answer.content[:300].decode("utf-8", "replace").strip()
    if "map_key" in begin.casefold():
        raise Unreadable("FIRMS does not accept this MAP_KEY. Look whether it is written rightly and still valid.")
    if begin.casefold().startswith(("invalid", "exceed", "error")):
        raise Unreadable(f"FIRMS refuses the request: “{begin.splitlines()[0][:100]}”.")
    check(answer, "firms")
    return Documents(content=answer.content, format="firms", etag=answer.etag, last_modified=answer.last_modified)


SOURCE = Source(
    name="firms",
    label="NASA FIRMS fires",
    brings="Spots that satellites find hot, within three hours; thousands a day, each of low severity.",
    licence=ATTRIBUTION,
    terms="https://www.earthdata.nasa.gov/engage/open-data-services-software-policies/data-use-guidance",
    interval_s=3600,
    interval_min_s=600,
    plan=plan,
    questions=(
        Question(
            name="map_key",
            label="MAP_KEY",
            kind="secret",
            hint="Free of charge from https://firms.modaps.eosdis.nasa.gov/api/map_key/.",
            required=True,
            pattern="[A-Za-z0-9]{8,64}",
        ),
        Question(
            name="satellite",
            label="Satellite",
            kind="choice",
            default="VIIRS_NOAA20_NRT",
            choices=(
                ("VIIRS_NOAA20_NRT", "VIIRS on NOAA-20"),
                ("VIIRS_NOAA21_NRT", "VIIRS on NOAA-21"),
                ("VIIRS_SNPP_NRT", "VIIRS on Suomi NPP"),
                ("MODIS_NRT", "MODIS on Terra and Aqua"),
                ("LANDSAT_NRT", "Landsat (United States and Canada)"),
            ),
        ),
        Question(
            name="area",
            label="Area",
            kind="bbox",
            hint="West, south, east and north in degrees, such as -10,35,30,60. Empty is the whole world.",
        ),
        Question(name="days", label="Days back", kind="number", default="1", low=1, high=5),
    ),
)
