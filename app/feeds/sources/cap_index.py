"""Indexes of CAP alerts, Atom or RSS: each alert that they link to is asked for once.

What an alert replaces or cancels stands in the alert itself, so the alerts are read and not the entries of the index. An index
that was read before its alerts were all there is read whole the next time, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element, tostring

from app.errors import Unreadable
from app.feeds.cap_terms import kept_off
from app.feeds.fetch import Answer, FetchError, Request
from app.feeds.sources.source import Ask, Documents, Plan, Question, Source, misread
from app.feeds.values import shown
from app.feeds.xmlfile import DEPTH_MAX, MARKS_MAX, below, children, load, marks, name, word

ENTRIES_MAX = 3000
"""Alerts of one index that are looked at, from its top."""
ALERTS_MAX = 100
"""Alerts that are asked for in one round; the others come in the next ones."""
ALERT_MAX = 4 * 1024 * 1024
ALL_MAX = 24 * 1024 * 1024
"""Bytes of one alert, and of all alerts of a round, which ends also before there are more marks than one document may have."""
FAILURES_MAX = 3
"""Failures in a row that end a round, and rounds after which an alert that never comes is let be."""
_MISSING = {404, 410}
_CAP = "application/cap+xml"
_ACCEPT = {"Accept": f"{_CAP}, application/xml;q=0.9, */*;q=0.5"}


def plan(ask: Ask) -> Plan:
    """Ask for the index at the address, and for its alerts."""
    return alerts(ask, ask.settings["url"])


def alerts(ask: Ask, url: str) -> Plan:
    """Ask for an index, then for each alert that it links to and that did not come before, and join them in one document.

    The cursor holds the identifiers in the index that came (`seen`), and how often others did not through a fault of their own
    (`failed`): they are not there, can't be read, or others of their host came in the same round. A host that is out of order
    makes none be let be. Raises FetchError when the index does not come, Unreadable when it is none. An alert that does not come
    is no fault of the whole unless nothing came and more than it may be wrong; those that failed before are asked for last.
    """
    index = yield Request(
        url=url, headers={"Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5"}
    )
    links = dict(_links(index))
    seen = {key for key in ask.cursor.get("seen", ()) if key in links}
    failed: dict[str, int] = {key: count for key, count in ask.cursor.get("failed", {}).items() if key in links}
    missed: dict[str, FetchError | Unreadable] = {}
    hosts: set[str] = set()
    found: list[bytes] = []
    size = count = faults_in_row = 0
    wanted = sorted((key for key in links if key not in seen), key=lambda key: failed.get(key, -1))
    for key in wanted[: ask.at_most(ALERTS_MAX)]:
        try:
            answer = yield Request(url=links[key], headers=_ACCEPT, max_bytes=ALERT_MAX)
            alert = _alerts_in(answer)
        except (FetchError, Unreadable) as error:
            missed[key], faults_in_row = error, faults_in_row + 1
            if faults_in_row == FAILURES_MAX:
                break
            continue
        faults_in_row = 0
        hosts.add(urlsplit(links[key]).netloc)
        count += marks(alert)
        if found and count > MARKS_MAX - 2:
            break
        failed.pop(key, None)
        seen.add(key)
        found.append(alert)
        size += len(answer.content)
        if size > ALL_MAX:
            break
    if not wanted:
        return None
    for key, why in missed.items():
        failed[key] = failed.get(key, 0) + (_is_its_own(why) or urlsplit(links[key]).netloc in hosts)
    is_of_all = faults_in_row == FAILURES_MAX or not (found or all(_is_missing(why) for why in missed.values()))
    seen |= {key for key, times in failed.items() if times >= FAILURES_MAX}
    is_whole = seen >= links.keys()
    return Documents(
        content=b"<alerts>%b</alerts>" % b"".join(found) if found else b"",
        format="cap",
        cursor={
            "seen": [key for key in links if key in seen],
            "failed": {key: n for key, n in failed.items() if key not in seen},
        },
        etag=index.etag if is_whole else None,
        last_modified=index.last_modified if is_whole else None,
        fault=str([*missed.values()][-1]) if is_of_all else "",
    )


def _is_missing(error: FetchError | Unreadable) -> bool:
    return isinstance(error, FetchError) and error.status in _MISSING


def _is_its_own(error: FetchError | Unreadable) -> bool:
    """Say whether it is the alert that is at fault, and not its host."""
    return isinstance(error, Unreadable) or _is_missing(error) or error.status == 200


def _links(index: Answer) -> Iterator[tuple[str, str]]:
    """Yield the identifier of each alert in an index with its address. Raises Unreadable when this is no index."""
    root = _root(index)
    if name(root) not in {"feed", "rss", "RDF"}:
        raise misread(index, f"It is neither an Atom nor an RSS feed; its root is “{shown(name(root))}”.")
    entries = [entry for entry in root.iter() if name(entry) in {"entry", "item"}]
    for entry in entries[:ENTRIES_MAX]:
        with suppress(ValueError):  # of an address that is none
            address = urljoin(index.url, _link(entry))
            if address == index.url:
                continue
            yield word(entry, "identifier") or word(entry, "guid") or address, address


def _link(entry: Element) -> str:
    """Return the address of an entry's alert: that of the link whose type is CAP, or else of the first."""
    places = [(part.get("type"), (part.get("href") or part.get("url") or part.text or "").strip()) for part in _linking(entry)]
    return next((to for kind, to in places if kind == _CAP), next((to for _, to in places if to), ""))


def _linking(entry: Element) -> list[Element]:
    return [*children(entry, "link"), *children(entry, "enclosure")]


def _alerts_in(answer: Answer) -> bytes:
    """Return the alerts of an answer, fit to be put into one document with others."""
    root = _root(answer, depth=DEPTH_MAX - 1)
    found = [root] if name(root) == "alert" else list(below(root, "alert"))
    if not found:
        raise misread(answer, "It holds no CAP alert.")
    if kept_off(envelope := word(root, "distributionStatus")):
        for status in (status for alert in found for status in children(alert, "status")):
            status.text = envelope
    return b"".join(tostring(alert, "unicode").encode() for alert in found)


def _root(answer: Answer, depth: int = DEPTH_MAX) -> Element:
    try:
        return load(answer.content, depth=depth)
    except Unreadable as error:
        raise misread(answer, str(error)) from None


SOURCE = Source(
    name="cap_index",
    label="Index of CAP alerts",
    brings="Every alert that an Atom or RSS feed of a weather service or another authority links to, each asked for once.",
    licence="The issuing authority’s terms apply.",
    terms="https://alertingauthority.wmo.int/",
    interval_s=300,
    interval_min_s=60,
    plan=plan,
    questions=(
        Question(
            name="url",
            label="Address",
            kind="url",
            hint="Of the Atom or RSS feed. The WMO lists those of most countries at https://alertingauthority.wmo.int/.",
            required=True,
        ),
    ),
)
