"""Which column of somebody's table holds which of our fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.errors import Unreadable

_NAMES: dict[str, str] = {
    "title": "title headline event_title incident_title name event_name incident_name event event_type subject summary "
    "label source_headline conflict_name dyad_name",
    "external_id": "external_id id event_id incident_id eventid uid guid uuid event_id_cnty globaleventid serial "
    "reference objectid fid",
    "lat": "lat latitude y lat_dd lat_wgs84 y_coord begin_lat breite breitengrad latitud",
    "lng": "lng lon long longitude x lon_dd lon_wgs84 x_coord begin_lon laenge länge laengengrad längengrad longitud",
    "severity": "severity severity_level threat_level risk_level alert_level alertlevel alert level priority criticality",
    "status": "status state_of_threat threat_status event_status",
    "description": "description details notes narrative text body comment comments where_description event_description",
    "threat_type": "threat_type event_type hazard hazard_type category incident_type event type kind sub_event_type",
    "location": "location location_name place place_name where address city town areadesc area_desc where_coordinates "
    "cz_name adm_2 adm_1",
    "location_country": "location_country country_code iso2 iso_a2 iso3 iso_a3 country_iso country country_name",
    "observed_at": "observed_at observed time timestamp datetime date_time occurred_at event_time event_date "
    "incident_date begin_utc start_time start date_start date otime acq_date onset effective sent published_at "
    "reported_at datum fecha",
    "expires_at": "expires_at expires expiry expiry_date valid_until",
    "source_updated_at": "source_updated_at updated_at updated last_updated modified_at modified last_modified datemodified",
    "url": "url link href source_url sourceurl web permalink",
}
"""Our fields, and the names under which columns hold them, the likeliest first."""

_TAGS: dict[str, str] = {
    "title": "#event+name #event #cause+name #crisis+name",
    "external_id": "#event+id #event+code #meta+id",
    "lat": "#geo+lat",
    "lng": "#geo+lon",
    "severity": "#severity",
    "status": "#status",
    "description": "#description",
    "threat_type": "#event+type #cause+type #cause",
    "location": "#loc+name #adm3+name #adm2+name #adm1+name #loc",
    "location_country": "#country+code #country+name #country",
    "observed_at": "#date+start #date+occurred #date+reported #date",
    "expires_at": "#date+expires",
    "source_updated_at": "#date+updated #date+modified",
    "url": "#meta+url",
}
"""The same for the hashtags of HXL, https://hxlstandard.org/standard/1-1final/dictionary/."""

FIELDS = tuple(_NAMES)
"""Our fields that a column can hold."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table holds and how it would be read.

    `chosen` has every one of `FIELDS`, each with the name of a column or None; `names` are all columns in order; `rows`
    the first up to five rows as text; `notes` are sentences for a person about what was assumed.
    """

    chosen: Mapping[str, str | None]
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def candidates(field: str, names: Sequence[str], tags: Sequence[str]) -> Iterator[str]:
    """Yield the columns that may hold a field, the likeliest first: by HXL tag, by name, by how the name ends."""
    parts = [_tag(tag) for tag in tags]
    for wanted in _TAGS[field].split():
        yield from (name for name, part in zip(names, parts, strict=False) if part >= _tag(wanted) and "+year" not in part)
    plain = [re.sub(r"[\W_]+", "_", name.casefold()).strip("_") for name in names]
    for wanted in _NAMES[field].split():
        yield from (name for name, word in zip(names, plain, strict=True) if word == wanted)
    if field in {"lat", "lng"}:
        for wanted in _NAMES[field].split()[:4]:
            yield from (name for name, word in zip(names, plain, strict=True) if word.endswith(f"_{wanted}"))


def _tag(tag: str) -> frozenset[str]:
    """Split "#geo+lat" into its parts, since HXL gives their order no meaning. No tag becomes an empty set."""
    return frozenset(re.findall(r"[#+]\w+", tag.casefold()))


def overridden(chosen: Mapping[str, str | None], columns: Mapping[str, str] | None, names: Sequence[str]) -> dict[str, str]:
    """Return field -> column as guessed, with a person's choice laid over it; an empty name leaves a field out.

    Raises Unreadable for a field or a column that does not exist, naming those that do.
    """
    result = {field: name for field, name in chosen.items() if name is not None}
    for field, name in (columns or {}).items():
        if field not in FIELDS:
            raise Unreadable(f"There is no field “{field}” to read a column into. There are: {', '.join(FIELDS)}.")
        if name and name not in names:
            raise Unreadable(f"The file has no column “{name}”. It has: {', '.join(names)}.")
        result[field] = name
    return {field: name for field, name in result.items() if name}
