"""What a source of threats is: what it asks the operator, and how its documents are come by.

A plan is a generator that yields requests, is sent the answer to each, and returns the documents that came; it has no network
and no clock in it. A request that could not be answered is raised in it as FetchError, for those that can do without one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from app.errors import Unreadable
from app.feeds.fetch import Answer, Request, redacted
from app.feeds.formats import FORMATS, recognise

TRIAL_REQUESTS = 5
"""How many requests a plan of many makes when its settings are only tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One setting of a feed.

    `kind` is text, choice, number, secret, url or bbox. The answer to a number is an int from `low` to `high`, to all others
    text, "" where none is given and none is `required`. Of a choice `choices` are (value, label); text has to match `pattern`.
    """

    name: str
    label: str
    kind: str
    hint: str = ""
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = False
    low: int = 0
    high: int = 0
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a plan goes by: the answers to its source's questions, its own note of how far it has read, and today's date (UTC).

    Of a trial only the first few records are looked at.
    """

    settings: Mapping[str, Any]
    today: date
    cursor: Mapping[str, Any] = field(default_factory=dict)
    is_trial: bool = False

    def at_most(self, count: int) -> int:
        """Return how many requests of one kind to make where a whole round would make `count`."""
        return min(count, TRIAL_REQUESTS) if self.is_trial else count


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What came, as one file of a format that FORMATS names, and the note for the next round.

    `etag` and `last_modified` are given where the first request of the next round may be answered with "not modified", which
    then means that there is nothing new. `columns` and `source` are for formats that leave a choice. `fault` says why not all
    came that should have; `content` is empty where nothing did.
    """

    content: bytes
    format: str
    cursor: Mapping[str, Any] = field(default_factory=dict)
    etag: str | None = None
    last_modified: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    fault: str = ""


Plan = Generator[Request, Answer, Documents | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kind of feed that an operator can switch on.

    `brings` says in a sentence what comes of it; `licence` is the line that its terms, at `terms`, ask for. It is asked every
    `interval_s` seconds unless the operator chooses otherwise, which may be every `interval_min_s`.
    """

    name: str
    label: str
    brings: str
    licence: str
    terms: str
    interval_s: int
    interval_min_s: int
    plan: Callable[[Ask], Plan]
    questions: tuple[Question, ...] = ()


def one_document(request: Request, format_name: str) -> Plan:
    """Ask for a single document of a known format. Raises Unreadable when something else came."""
    answer = yield request
    check(answer, format_name)
    return Documents(content=answer.content, format=format_name, etag=answer.etag, last_modified=answer.last_modified)


def check(answer: Answer, format_name: str) -> None:
    """Raise Unreadable, which names the source's host, unless the answer can be read as a format to its end."""
    try:
        FORMATS[format_name].parse(answer.content)
    except Unreadable as error:
        raise misread(answer, str(error)) from None


def misread(answer: Answer, reason: str) -> Unreadable:
    """Return what to raise for an answer that can't be read: a web page, an archive or nothing at all is best called so."""
    if not answer.content.lstrip().startswith((b"{", b"[")):
        try:
            recognise("", answer.content)
        except Unreadable as better:
            reason = str(better)
    return Unreadable(f"What came from {redacted(answer.url)} can't be read. {reason}")


def address(base: str, **parameters: str | int) -> str:
    """Return an address with those parameters that have a value."""
    query = urlencode({name: value for name, value in parameters.items() if value != ""}, safe=",;|:")
    return f"{base}?{query}" if query else base
