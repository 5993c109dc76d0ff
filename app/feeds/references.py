"""Ids beyond the source, by which two sources speak of the same event: written as the name of whose ids they are, and the id.

GLIDE: https://glidenumber.net, "TC-2019-000176-PHL". The ids of other systems stand in the addresses that sources link to.
"""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

LENGTH_MAX = 200
CAP_LENGTH_MIN = 16
"""A CAP identifier that is shorter is unique for its sender alone, as the standard asks for; "17" is not the same at another."""

_GLIDE = re.compile(r"\b[A-Z]{2}-\d{4}-\d{6}-[A-Z]{3}\b", re.IGNORECASE)
_IN_PATH = (
    ("usgs", re.compile(r"earthquake\.usgs\.gov/earthquakes/eventpage/(\w+)", re.ASCII)),
    ("jtwc", re.compile(r"/jtwc/products/(\w+)\.tcw", re.ASCII)),
    ("inciweb", re.compile(r"inciweb\.(?:nwcg\.gov|wildfire\.gov)/incident/(\d+)", re.ASCII)),
    ("irwin", re.compile(r"irwin\.doi\.gov/.*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.ASCII | re.IGNORECASE)),
)


def named(whose: str, *ids: str) -> tuple[str, ...]:
    """Return the references for ids of one system, without those that are blank or too long to be kept."""
    written = dict.fromkeys(f"{whose}:{one.strip()}" for one in ids if one.strip())
    return tuple(one for one in written if len(one) <= LENGTH_MAX)


def glides(*texts: str) -> tuple[str, ...]:
    """Return the references for the GLIDE numbers that stand in texts."""
    found = [number.upper() for text in texts if "-" in text for number in _GLIDE.findall(text)]
    return named("glide", *found) if found else ()


def cap(identifier: str) -> tuple[str, ...]:
    """Return the reference for an alert's identifier, also where it stands at the end of an address as NWS writes it."""
    own = identifier.rpartition("/")[2] if "urn:oid:" in identifier else identifier
    return named("cap", own) if len(own) >= CAP_LENGTH_MIN and "://" not in own else ()


def of_address(address: str) -> tuple[str, ...]:
    """Return the reference for the event that a page of another system is about, where its address says which."""
    address = unescape(address)
    if re.search(r"//(www\.)?gdacs\.org/", address):
        asked = {name.casefold(): values[0] for name, values in parse_qs(_query(address)).items()}
        kind, number = asked.get("eventtype", ""), asked.get("eventid", "")
        return named("gdacs", f"{kind.upper()}{number}") if kind and number else ()
    for whose, pattern in _IN_PATH:
        if found := pattern.search(address):
            return named(whose, found[1].lower())
    return ()


def _query(address: str) -> str:
    try:
        return urlsplit(address).query
    except ValueError:  # an address that is none
        return ""
