"""What the service takes to answer the desk, in its own process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import sqlalchemy as sa
from flask import Flask

from app.db import EPOCH, db
from app.errors import Faults, Warming
from app.feeds.record import Record
from app.geo.box import Box
from app.models import Threat
from app.service import live_index, query, threats, view
from app.service.actor import Actor
from app.service.selection import read_steps, resolve
from app.service.threats import FILTERS, SORTING
from app.terms import Severity
from tests import make
from tests.bench.asks import ZOOMS, Ground, Pairs, queries

VIEWS = 200
LASSOS = 35
FIRSTS = 10


def milliseconds(work: Callable[[], Any]) -> float:
    """Return how long the work takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def spread(times: Iterable[float]) -> str:
    """Return median and 95th percentile."""
    ordered = sorted(times)
    return f"{ordered[len(ordered) // 2]:.1f} / {ordered[int(len(ordered) * 0.95)]:.1f}"


def worked(works: Iterable[Callable[[], Any]]) -> str:
    """Return how long each of the works takes, and in brackets how much of it this thread was at work.

    On a machine with other load the latter is what the former would be without it, but for what PostgreSQL does.
    """
    walls, own = [], []
    for work in works:
        start = time.thread_time()
        walls.append(milliseconds(work))
        own.append((time.thread_time() - start) * 1000)
    db.session.remove()
    return f"{spread(walls)} ({spread(own)})"


def row(*cells: object) -> None:
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def values_of(pairs: Pairs) -> dict[str, Any]:
    """Return filters as the service takes them."""
    faults = Faults()
    values = query.read(FILTERS, pairs, faults)
    faults.raise_if_any()
    return values


def loaded(who: Actor) -> None:
    """Wait until the index answers."""
    while True:
        try:
            live_index.ask(who, {})
            return
        except Warming:
            time.sleep(0.01)


def own_memory() -> float:
    """Return the resident memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def index(app: Flask, _environment: dict[str, str], ground: Ground) -> None:
    """Load the index: time and memory."""
    who = make.actor(app)
    with app.app_context():
        before = own_memory()
        began = time.process_time()
        took = milliseconds(lambda: loaded(who))
        own = time.process_time() - began
        (matches,) = live_index.ask(who, {})
        held, size = matches.snapshot.nbytes(), len(matches.snapshot)
        row("loaded in s", "arrays, MB a million", "process before, MB", "and after, MB")
        row("---", "---", "---", "---")
        row(f"{took / 1000:.1f} ({own:.1f})", f"{held / size:.1f}", f"{before:.0f}", f"{own_memory():.0f}")
        assert size >= len(ground.lngs)


def views(app: Flask, _environment: dict[str, str], ground: Ground) -> None:
    """Views of the map, with each filter: first the filter's own first answer, then windows over it."""
    who = make.actor(app)
    drawn = {name: [Box.parse(text) for text in ground.views(zoom, VIEWS)] for name, zoom in ZOOMS.items()}
    row("filter", "matching", "new filter, world", *ZOOMS)
    row(*["---"] * (3 + len(ZOOMS)))
    with app.app_context():
        loaded(who)
        fresh = count(1)

        def new_filter(pairs: Pairs, box: Box) -> None:
            last = ("observed_to", f"2027-01-01T00:00:{next(fresh) / 1000:06.3f}Z")
            view.of_map(who, values_of([*pairs, last]), box, ZOOMS["world"])

        for name, pairs in ground.filters().items():
            values = values_of(pairs)
            total = view.of_map(who, values, drawn["world"][0], ZOOMS["world"]).total
            first = worked(partial(new_filter, pairs, box) for box in drawn["world"][:FIRSTS])
            warm = [worked(partial(view.of_map, who, values, box, ZOOMS[zoom]) for box in drawn[zoom]) for zoom in ZOOMS]
            row(name, f"{total:,}", first, *warm)


def lasso(app: Flask, _environment: dict[str, str], ground: Ground) -> None:
    """Counts of lassos, as the tray shows them, and the ids of them, as an incident takes them."""
    who = make.actor(app)
    row("threats hit", "count", "ids", "exact")
    row("---", "---", "---", "---")
    with app.app_context():
        loaded(who)
        for target in (10_000, 100_000):
            outlines = ground.lassos(target, LASSOS)
            texts = [orjson.dumps([{"op": "add", "area": outline}]).decode() for outline in outlines]
            pairs = zip(texts, outlines, strict=True)
            exact = sum(sum(_selected(who, text)) == int(ground.inside(outline).sum()) for text, outline in pairs)
            counts = worked(partial(_selected, who, text) for text in texts)
            ids = worked(partial(_resolved, who, text) for text in texts)
            row(f"about {target:,}", counts, ids, f"{exact} of {LASSOS}")


def _selected(who: Actor, text: str) -> list[int]:
    """Return the numbers by severity of a selection, from a view of the sea: the map asks for both at once."""
    return view.of_map(who, {}, Box.parse("-30,-30,-29.9,-29.9"), 12, read_steps(text, Faults())).selected or []


def _resolved(who: Actor, text: str) -> None:
    resolve(who, read_steps(text, Faults()))


def lists(app: Flask, _environment: dict[str, str], ground: Ground) -> None:
    """The first page, a deep one by cursor, and searching."""
    who = make.actor(app)
    row("list", "ms")
    row("---", "---")
    with app.app_context():
        loaded(who)
        titles = list(db.session.scalars(sa.select(Threat.title).order_by(Threat.id).limit(5_000)))
        deep = threats.search(who, {}).total * 9 // 10
        last = db.session.scalars(sa.select(Threat).order_by(*SORTING.order("-observed_at")).limit(1).offset(deep)).one()
        cursor = SORTING.cursor("-observed_at", last)

        some = values_of(ground.filters()["severity, status, 30 days"])

        def page(values: dict[str, Any]) -> None:
            threats.search(who, values)
            db.session.remove()

        row("page 1", worked([partial(page, {})] * 50))
        row(f"page at row {deep:,} by cursor", worked([partial(page, {"cursor": cursor})] * 50))
        row("page 1 of severity, status, 30 days", worked([partial(page, some)] * 50))
        row("200 searches", worked(partial(page, values_of([("q", asked)])) for asked in queries(titles, 200)))
        row("facets", worked([partial(threats.facets, who)] * 5))


def histogram(app: Flask, _environment: dict[str, str], ground: Ground) -> None:
    """How the threats spread over time."""
    who = make.actor(app)
    row("filter", "ms")
    row("---", "---")
    with app.app_context():
        loaded(who)
        for name, pairs in ground.filters().items():
            values = values_of(pairs)
            row(name, worked([partial(view.over_time, who, values)] * 50))


def refresh(app: Flask, _environment: dict[str, str], _ground: Ground) -> None:
    """How long a question takes right after threats were changed."""
    who = make.actor(app)
    row("changed threats", "the change", "the next answer", "the one after")
    row("---", "---", "---", "---")
    with app.app_context():
        loaded(who)
        for size in (1, 1_000):
            times = [_changed(who, size, turn) for turn in range(30)]
            row(f"{size:,}", *(spread(column) for column in zip(*times, strict=True)))


def _changed(who: Actor, size: int, turn: int) -> tuple[float, float, float]:
    records = restated(size, turn)
    wrote = milliseconds(lambda: threats.upsert(who, records, faults=Faults()))
    world = Box.parse("-180,-85,180,85")
    found = []
    seen = milliseconds(lambda: found.append(view.of_map(who, {}, world, 2)))
    again = milliseconds(lambda: found.append(view.of_map(who, {}, world, 2)))
    assert found[0].by_severity == found[1].by_severity
    (matches,) = live_index.ask(who, {})
    ids = np.frombuffer(b"".join(i.bytes for i in _ids_of(records)), "S16")
    at = [part.find(ids) for part in matches.snapshot.parts]
    ranks = [part.facts.severities[rows[rows >= 0]] for part, rows in zip(matches.snapshot.parts, at, strict=True)]
    assert set(np.concatenate(ranks).tolist()) == {list(Severity).index(records[0].severity)}
    db.session.remove()
    return wrote, seen, again


def restated(size: int, turn: int) -> list[Record]:
    """Return `size` threats that are there, with another severity."""
    statement = sa.select(Threat).where(Threat.source == "wire").order_by(Threat.id).limit(size).offset(1_000 * turn)
    severity = list(Severity)[turn % len(Severity)]
    found = db.session.scalars(statement).all()
    records = [
        Record(
            row=i,
            source=threat.source,
            external_id=threat.external_id,
            title=f"{threat.title[:400]}, again",
            severity=severity,
            location=threat.location,
            lat=threat.lat,
            lng=threat.lng,
            observed_at=threat.observed_at or EPOCH,
        )
        for i, threat in enumerate(found)
    ]
    db.session.remove()
    return records


def _ids_of(records: list[Record]) -> list[Any]:
    names = [record.external_id for record in records]
    return list(db.session.scalars(sa.select(Threat.id).where(Threat.source == "wire", Threat.external_id.in_(names))))
