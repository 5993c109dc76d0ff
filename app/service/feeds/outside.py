"""What of the world outside this installation may ask feeds for: said once for each database, by whoever knows the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from app.db import db
from app.feeds.fetch import Fetcher, FetchError
from app.feeds.sources import Ask, Documents, Source

_reach: WeakKeyDictionary[sa.Engine, dict[str, Any]] = WeakKeyDictionary()


def reach(**named: Any) -> None:
    """Say how documents are fetched: `allowed`, `contact` and whatever else a Fetcher takes."""
    _reach[db.engine] = named


def fetcher(**named: Any) -> Fetcher:
    """Return what fetches documents; what is named goes before what was said of all."""
    return Fetcher(**{**_reach.get(db.engine, {}), **named})


def gather(
    source: Source,
    ask: Ask,
    fetch: Fetcher,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    before_each: Callable[[], None] = lambda: None,
) -> Documents | None:
    """Carry a source's plan out; None is for nothing new.

    Only the first request is made with the stamps of the last round. `before_each` is called before each one, and may raise.
    Raises FetchError and Unreadable.
    """
    plan = source.plan(ask)
    try:
        request = replace(next(plan), etag=etag, last_modified=last_modified)
        while True:
            before_each()
            try:
                answer = fetch.fetch(request)
            except FetchError as error:
                request = plan.throw(error)
                continue
            if answer.status == 304:
                plan.close()
                return None
            request = plan.send(answer)
    except StopIteration as end:
        documents: Documents | None = end.value
        return documents
