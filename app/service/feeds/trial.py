"""Trying settings out: a source is asked and its answer read, and nothing is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from app.db import db, now
from app.errors import Faults, Unreadable
from app.feeds.fetch import FetchError
from app.feeds.formats import FORMATS
from app.feeds.record import Item, LeftOut, Problem, Record
from app.feeds.sources import Ask
from app.service.actor import Actor, guarded
from app.service.feeds.answers import kept_secrets, read_answers
from app.service.feeds.keep import source_of
from app.service.feeds.outside import fetcher, gather
from app.service.feeds.work import feed_of
from app.service.imports.file import items
from app.service.imports.shape import Shape
from app.terms import Permission

HEAD = 10
TIMEOUT_S = 15.0
ALL_S = 30.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What came: `head` are the first records and problems, the counts are of all; `shape` says where and when they lie.

    `obstacle` says why nothing came, or not all that should have.
    """

    format: str = ""
    size: int = 0
    head: Sequence[Record | Problem] = ()
    records: int = 0
    problems: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    shape: Shape = field(default_factory=Shape)
    obstacle: str = ""


@guarded(Permission.ADMIN)
def try_it(actor: Actor, connector: str, given: Mapping[str, str], feed_id: UUID | None = None, all_s: float = ALL_S) -> Trial:
    """Ask a source with these answers, those of a feed for the secrets left empty, for `all_s` seconds at most.

    Raises NotFound and Invalid.
    """
    source, faults = source_of(actor, connector), Faults()
    feed = feed_of(actor, feed_id) if feed_id else None
    settings, secrets = read_answers(source, given, kept_secrets(feed, given) if feed else {}, faults)
    faults.raise_if_any()
    db.session.rollback()  # no connection to the database waits for the source
    ends = monotonic() + all_s

    def in_time() -> None:
        if monotonic() > ends:
            raise FetchError(f"The source took longer than {all_s:g} seconds.")

    ask = Ask(settings={**settings, **secrets}, today=now().date(), is_trial=True)
    try:
        came = gather(source, ask, fetcher(timeout_s=TIMEOUT_S), before_each=in_time)
        if came is None or not came.content:
            return Trial(obstacle=(came and came.fault) or "The source has nothing just now.")
        found = items(FORMATS[came.format], came.content, came.columns, came.source)
        return _read(came.format, came.content, found, came.fault)
    except (FetchError, Unreadable) as error:
        return Trial(obstacle=str(error))


def _read(format_name: str, content: bytes, found: Iterable[Item], obstacle: str) -> Trial:
    head: list[Record | Problem] = []
    counts: Counter[type[Item]] = Counter()
    left_out: Counter[str] = Counter()
    shape = Shape()
    for item in found:
        counts[type(item)] += 1
        if isinstance(item, Record):
            shape.add(item)
        if isinstance(item, LeftOut):
            left_out[item.reason] += 1
        elif len(head) < HEAD:
            head.append(item)
    label = FORMATS[format_name].label
    return Trial(label, len(content), head, counts[Record], counts[Problem], left_out, shape, obstacle)
