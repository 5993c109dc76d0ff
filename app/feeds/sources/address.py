"""Any document with places at an address: what it is, is found out from what it holds."""

from __future__ import annotations

import re

from app.errors import Unreadable
from app.feeds.columns import FIELDS
from app.feeds.fetch import FetchError, Request, redacted
from app.feeds.formats import recognise
from app.feeds.sources.source import Ask, Documents, Plan, Question, Source

_PAIR = re.compile(r"\s*([a-z_]+)\s*=\s*(.+?)\s*")
_HEADER = re.compile(r"([A-Za-z0-9-]{1,60}):\s*([\x20-\x7e]{1,2000})")


def plan(ask: Ask) -> Plan:
    """Ask for the document at the address, with the header that was given. Raises Unreadable when it is of no known kind."""
    asked = ask.settings
    headers = {}
    if asked["header"]:
        found = _HEADER.fullmatch(asked["header"].strip())
        if not found:
            raise FetchError("The header can't be sent: write it as Name: value.")
        headers[found[1]] = found[2]
    answer = yield Request(url=asked["url"], headers=headers)
    try:
        format_ = recognise("", answer.content)
        columns = columns_of(asked["columns"]) if format_.takes_columns else {}
        format_.guess_columns(answer.content, columns) if format_.guess_columns else format_.parse(answer.content)
    except Unreadable as error:
        raise Unreadable(f"What came from {redacted(answer.url)} can't be read. {error}") from None
    return Documents(
        content=answer.content,
        format=format_.name,
        etag=answer.etag,
        last_modified=answer.last_modified,
        columns=columns,
        source=asked["source"] if format_.takes_columns else "",
    )


def columns_of(text: str) -> dict[str, str]:
    """Return the choice of columns written as `title=Headline; lat=Y`. Raises Unreadable, saying what is wrong."""
    chosen = {}
    for part in filter(str.strip, text.split(";")):
        found = _PAIR.fullmatch(part)
        if not found or found[1] not in FIELDS:
            raise Unreadable(
                f"“{part.strip()[:40]}” is no choice of a column. Write field=column, a field being one of {', '.join(FIELDS)}."
            )
        chosen[found[1]] = found[2]
    return chosen


SOURCE = Source(
    name="address",
    label="Any address",
    brings="The threats of one document: RSS, Atom, GeoRSS, GeoJSON, CSV, KML, KMZ, GPX, TAK, and all else that can be imported.",
    licence="The publisher’s terms apply.",
    terms="",
    interval_s=600,
    interval_min_s=60,
    plan=plan,
    questions=(
        Question(name="url", label="Address", kind="url", required=True),
        Question(
            name="source",
            label="Name of the source",
            kind="text",
            hint="Under which its threats are known. Two feeds of one name update each other’s threats.",
            required=True,
            pattern=r"[^\x00-\x1f]{1,100}",
        ),
        Question(
            name="columns",
            label="Columns",
            kind="text",
            hint="Where the guess is wrong, such as title=Headline; lat=Y; lng=X.",
            pattern=r"[^\x00-\x1f]{1,2000}",
        ),
        Question(
            name="header",
            label="Header to send along",
            kind="secret",
            hint="If the address asks for a key, such as Authorization: Bearer abc.",
            pattern=r"[A-Za-z0-9-]{1,60}:\s*[\x20-\x7e]{1,2000}",
        ),
    ),
)
