"""Trying settings out: a source is asked and its answer read, and nothing is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from app.db import db, now
from app.errors import Faults, Unreadable
from app.feeds.fetch import FetchError
from app.feeds.formats import FORMATS
from app.feeds.record import Item, LeftOut, Problem, Record
from app.feeds.sources import Ask
from app.geo.box import Box
from app.service.actor import Actor, guarded
from app.service.feeds.answers import read_answers
from app.service.feeds.keep import source_of
from app.service.feeds.outside import fetcher, gather
from app.service.feeds.work import feed_of
from app.service.imports.file import items
from app.terms import Permission

HEAD = 10
TIMEOUT_S = 15.0
ALL_S = 30.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What came: `head` are the first records and problems, the counts are of all; `box` is around all places, if any.

    `obstacle` says why nothing came, or not all that should have.
    """

    format: str = ""
    size: int = 0
    head: tuple[Record | Problem, ...] = ()
    records: int = 0
    problems: int = 0
    left_out: Mapping[str, int] | None = None
    box: Box | None = None
    obstacle: str = ""


@guarded(Permission.ADMIN)
def try_it(actor: Actor, connector: str, given: Mapping[str, str], feed_id: UUID | None = None) -> Trial:
    """Ask a source with these answers, those of a feed for the secrets left empty. Raises NotFound and Invalid."""
    source, faults = source_of(actor, connector), Faults()
    feed = feed_of(actor, feed_id) if feed_id else None
    settings, secrets = read_answers(source, given, feed.secrets if feed else {}, faults)
    faults.raise_if_any()
    db.session.rollback()  # no connection to the database waits for the source
    ends = monotonic() + ALL_S

    def in_time() -> None:
        if monotonic() > ends:
            raise FetchError(f"The source took longer than {ALL_S:g} seconds.")

    ask = Ask(settings={**settings, **secrets}, today=now().date(), is_trial=True)
    try:
        came = gather(source, ask, fetcher(timeout_s=TIMEOUT_S), before_each=in_time)
        if came is None:
            return Trial(obstacle="The source has nothing just now.")
        if not came.content:
            return Trial(obstacle=came.fault or "The source has nothing just now.")
        return _read(
            came.format, came.content, list(items(FORMATS[came.format], came.content, came.columns, came.source)), came.fault
        )
    except (FetchError, Unreadable) as error:
        return Trial(obstacle=str(error))


def _read(format_name: str, content: bytes, found: list[Item], obstacle: str) -> Trial:
    head = [item for item in found if not isinstance(item, LeftOut)][:HEAD]
    records = [item for item in found if isinstance(item, Record)]
    places = [
        (item.lat, item.lng)
        for item in records
        if item.lat is not None and item.lng is not None and abs(item.lat) <= 90 and abs(item.lng) <= 180
    ]
    return Trial(
        format=FORMATS[format_name].label,
        size=len(content),
        head=tuple(head),
        records=len(records),
        problems=sum(isinstance(item, Problem) for item in found),
        left_out=Counter(item.reason for item in found if isinstance(item, LeftOut)),
        box=Box.around(places) if places else None,
        obstacle=obstacle,
    )
