"""The files: what is in each, its format, and its name, which says what and when."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.db import now
from app.service.actor import Actor, guarded, require
from app.service.export import csv, geojson, json, kml, read
from app.service.export.table import INCIDENTS, THREATS, Chunks, Table
from app.service.incidents.read import known
from app.service.threats import restricted
from app.terms import Permission

NAME_MAX = 60
"""Letters of an incident's title in the name of its file."""


class Format(StrEnum):
    """A format, by the ending of its files."""

    CSV = "csv"
    GEOJSON = "geojson"
    KML = "kml"
    JSON = "json"


WRITERS: dict[Format, tuple[Callable[[Chunks, Table, str, int], Generator[bytes, None, None]], str]] = {
    Format.CSV: (csv.write, "text/csv; charset=utf-8"),
    Format.GEOJSON: (geojson.write, "application/geo+json"),
    Format.KML: (kml.write, "application/vnd.google-earth.kml+xml"),
    Format.JSON: (json.write, "application/json"),
}


@dataclass(frozen=True, slots=True)
class Export:
    """A file to be sent: its name, its media type, and its bytes, which are read as they are asked for.

    Whoever takes the bytes closes them, which gives the database's connection back.
    """

    name: str
    media_type: str
    content: Generator[bytes, None, None]


@guarded(Permission.THREATS_READ)
def of_threats(actor: Actor, values: dict[str, Any], form: Format, *, share: bool = False) -> Export:
    """Export the threats that match values read by threats.FILTERS, in the order in which they came in.

    What the source forbids passing on is in no file, which says how much it is, unless `share` says that it may be.
    """
    number = 0 if share else restricted(actor, values)
    return _export(form, read.threats(_outside(actor, share=share), values), THREATS, "threats", "Threats", number)


@guarded(Permission.INCIDENTS_READ)
def of_incidents(actor: Actor, values: dict[str, Any], form: Format, *, share: bool = False) -> Export:
    """Export the incidents that match values read by incidents.LIST_PARAMS, in the order of their making.

    Unless `share`, the middle of each is that of the threats that may be passed on.
    """
    return _export(form, read.incidents(_outside(actor, share=share), values), INCIDENTS, "incidents", "Incidents")


@guarded(Permission.INCIDENTS_READ)
def of_incident(actor: Actor, incident_id: UUID, form: Format, *, share: bool = False) -> Export:
    """Export the threats of an incident, in linking order, `share` as for of_threats. Raises NotFound."""
    require(actor, Permission.THREATS_READ)
    incident = known(actor, incident_id)
    name = f"incident-{_plain(incident.title) or incident.id}"
    number = 0 if share else restricted(actor, {"incident_id": incident_id})
    return _export(form, read.threats_of(_outside(actor, share=share), incident_id), THREATS, name, incident.title, number)


def _outside(actor: Actor, *, share: bool) -> Actor:
    """Return the actor as they see threats that leave the desk."""
    return replace(actor, sees_restricted=actor.sees_restricted and share)


def _export(form: Format, chunks: Chunks, table: Table, name: str, title: str, withheld: int = 0) -> Export:
    write, media_type = WRITERS[form]
    time = now()
    title = f"{title}, as of {time:%Y-%m-%d %H:%M} UTC"
    return Export(f"{name}-{time:%Y-%m-%dT%H%M}Z.{form}", media_type, write(chunks, table, title, withheld))


def _plain(title: str) -> str:
    """Return the title in small letters and digits of ASCII, parted by hyphens; nothing if it has none."""
    ascii_only = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", ascii_only))[:NAME_MAX].rstrip("-")
