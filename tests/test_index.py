"""The index of threats in memory, against a plain reference that looks at one threat after the other."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo.box import Box
from app.geo.cells import Cells
from app.geo.circle import Circle
from app.geo.polygon import Polygon
from app.index import order, snapshot
from app.index.morton import keys_of, spans
from app.index.part import STATUSES, UNDATED, Facts, bytes_of, ids_of
from app.index.question import Matches, Question
from app.index.snapshot import Dictionary, Snapshot
from app.index.view import ACROSS_MAX, POINTS_MAX, view, with_margin
from app.index.view import Cells as CellsDrawn

KINDS = (None, "flood", "strike", "outage")


@dataclass(frozen=True)
class Plain:
    """A threat as the reference knows it."""

    id: UUID
    lng: float | None
    lat: float | None
    time: int | None
    severity: int
    status: int
    kind: str | None
    grouped: bool = False


def some(random: Random, count: int, first: int = 0) -> list[Plain]:
    """Return threats on a coarse grid and at coarse times, so that edges and ties are met often."""

    def one(number: int) -> Plain:
        placed = random.random() < 0.9
        return Plain(
            UUID(int=random.getrandbits(64) << 64 | number),
            random.choice((-180.0, 180.0, 179.5, *range(-170, 180, 10))) if placed else None,
            random.choice((-90.0, 90.0, 85.06, *range(-80, 90, 5))) if placed else None,
            random.choice((None, *range(20))),
            random.randrange(5),
            random.randrange(6),
            random.choice(KINDS),
        )

    return [one(first + i) for i in range(count)]


def facts(threats: list[Plain], words: Dictionary) -> tuple[np.ndarray, Facts]:
    def nan(value: float | None) -> float:
        return np.nan if value is None else value

    return ids_of(threat.id.bytes for threat in threats), Facts(
        lngs=np.array([nan(threat.lng) for threat in threats], np.float64),
        lats=np.array([nan(threat.lat) for threat in threats], np.float64),
        times=np.array([UNDATED if threat.time is None else threat.time for threat in threats], np.int64),
        categories=np.array([threat.severity * STATUSES + threat.status for threat in threats], np.uint8),
        precisions=np.zeros(len(threats), np.uint8),
        uncertainties=np.zeros(len(threats), np.float16),
        kinds=words.kinds.learn(threat.kind for threat in threats),
        sources=words.sources.learn("s" for _ in threats),
        countries=words.countries.learn(None for _ in threats),
        grouped=np.zeros(len(threats), np.bool_),
    )


def taken(threats: list[Plain]) -> Snapshot:
    words = Dictionary()
    made = Snapshot.of(*facts(threats, words), words)
    grouped = [threat.id.bytes for threat in threats if threat.grouped]
    return made.group(ids_of(grouped), np.ones(len(grouped), np.bool_))


def answers(question: Question, threat: Plain) -> bool:
    """Say whether a threat matches, by the words of Question."""
    if question.start is not None and (threat.time is None or threat.time < question.start):
        return False
    if question.end is not None and (threat.time is None or threat.time >= question.end):
        return False
    if question.box is not None and (threat.lng is None or not question.box.contains(threat.lat, threat.lng)):
        return False
    return (
        (question.severities is None or threat.severity in question.severities)
        and (question.statuses is None or threat.status in question.statuses)
        and (question.kinds is None or threat.kind in question.kinds)
        and (question.grouped is None or threat.grouped == question.grouped)
        and all(threat.id.bytes in set(bytes_of(ids)) for ids in question.among)
    )


def found(made: Snapshot, rows: list[np.ndarray]) -> set[UUID]:
    return {UUID(bytes=raw) for part, these in zip(made.parts, rows, strict=True) for raw in bytes_of(part.ids_at(these))}


def newest_first(threats: list[Plain]) -> list[UUID]:
    key = lambda threat: (UNDATED if threat.time is None else threat.time, threat.id)  # noqa: E731
    return [threat.id for threat in sorted(threats, key=key, reverse=True)]


lngs = st.sampled_from([-180.0, 180.0, 179.5, -170.0, 0.0, 55.5, 60.0])
lats = st.sampled_from([-90.0, -80.0, -5.0, 0.0, 12.0, 60.0, 90.0])
boxes = st.builds(lambda a, b, c, d: Box(a, min(b, d), c, max(b, d)), lngs, lats, lngs, lats)
questions = st.builds(
    Question,
    severities=st.none() | st.frozensets(st.integers(0, 4), min_size=1),
    statuses=st.none() | st.frozensets(st.integers(0, 5), min_size=1),
    kinds=st.none() | st.frozensets(st.sampled_from(["flood", "strike", "never heard of"]), min_size=1),
    box=st.none() | boxes,
    start=st.none() | st.integers(0, 20),
    end=st.none() | st.integers(0, 20),
    grouped=st.none() | st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), question=questions, box=boxes, changes=st.integers(0, 3))
def test_the_index_finds_what_looking_at_each_threat_finds_through_any_changes(seed, question, box, changes):
    random = Random(seed)
    known = {threat.id: threat for threat in some(random, random.choice((0, 1, 60)))}
    made = taken(list(known.values()))
    for round_number in range(changes):
        old = random.sample(sorted(known), min(len(known), 5))
        stated = [
            replace(made_anew, id=threat_id, grouped=known[threat_id].grouped)
            for threat_id, made_anew in zip(old, some(random, 5), strict=False)
        ]
        stated += some(random, 4, first=1000 * (round_number + 1))
        known |= {threat.id: threat for threat in stated}
        made = made.state(*facts(stated, made.words))
        moved = random.sample(sorted(known), min(len(known), 6))
        flags = [random.random() < 0.5 for _ in moved]
        known |= {threat_id: replace(known[threat_id], grouped=flag) for threat_id, flag in zip(moved, flags, strict=True)}
        made = made.group(ids_of(threat_id.bytes for threat_id in moved), np.array(flags, np.bool_))
    threats = list(known.values())
    among = tuple(ids_of(threat.id.bytes for threat in random.sample(threats, len(threats) // 2)) for _ in range(changes % 2))
    question = replace(question, among=among)

    matches = Matches(made, question)
    matching = [threat for threat in threats if answers(question, threat)]
    assert len(made) == len(threats)
    assert found(made, matches.masks) == {threat.id for threat in matching}
    placed_in_box = {threat.id for threat in matching if threat.lng is not None and box.contains(threat.lat, threat.lng)}
    assert found(made, matches.inside(box)) == placed_in_box
    counts = made.by_severity(matches.masks)
    assert counts == [sum(threat.severity == rank for threat in matching) for rank in range(5)]

    expected = newest_first(matching)
    page = [UUID(bytes=raw) for raw in bytes_of(order.newest(matches, 7, offset=3))]
    assert page == expected[3:10]
    if page:
        last = known[page[-1]]
        after = (UNDATED if last.time is None else last.time, last.id.bytes)
        assert [UUID(bytes=raw) for raw in bytes_of(order.newest(matches, 7, after=after))] == expected[10:17]
        assert order.up_to(matches, after) == 3 + len(page)
    if threats:
        first = random.choice(threats).id.bytes
        since = {UUID(bytes=raw) for raw in bytes_of(matches.inside_since(box, first))}
        assert since == {threat_id for threat_id in placed_in_box if threat_id.bytes >= first}
    spread = order.histogram(matches)
    assert spread.counts.sum() + spread.undated == len(matching)
    assert spread.undated == sum(threat.time is None for threat in matching)
    kinds = Counter(threat.kind for threat in known.values() if threat.kind)
    assert order.by_text(made, "kinds") == sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))
    assert order.by_text(made, "countries") == []


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_areas_hold_what_they_hold_of_each_threat_alone(seed):
    random = Random(seed)
    threats = some(random, 200)
    made = taken(threats)
    matches = Matches(made, Question())
    lng, lat = random.uniform(-200, 200), random.uniform(-80, 80)
    ring = [
        [lng + random.uniform(5, 60) * np.cos(a), max(-90, min(90, lat + random.uniform(5, 40) * np.sin(a)))]
        for a in np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ]
    column, row = random.randrange(8), random.randrange(8)
    for shape in (
        Polygon.from_geojson({"type": "Polygon", "coordinates": [[*ring, ring[0]]]}),
        Circle(lat, (lng + 180) % 360 - 180, random.uniform(10, 9000)),
        Cells.of(3, [[column, row], [7 - column, row]]),
    ):
        alone = {
            threat.id
            for threat in threats
            if threat.lng is not None and shape.contains(np.array([threat.lng]), np.array([threat.lat]))[0]
        }
        assert found(made, matches.inside(shape)) == alone


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), zoom=st.integers(0, 18))
def test_a_view_counts_each_threat_once_in_the_cell_where_it_lies(seed, zoom):
    random = np.random.default_rng(seed)
    size = POINTS_MAX + 500
    words = Dictionary()
    threats = some(Random(seed), size)
    ids, known = facts(threats, words)
    spread = 180 / 2**zoom
    known = replace(known, lngs=random.uniform(-spread, spread, size), lats=random.uniform(-spread / 3, spread / 3, size))
    made = Snapshot.of(ids[:-100], known[:-100], words).state(ids[-100:], known[-100:])
    chosen = [random.random(len(part)) < 0.3 for part in made.parts]
    box = Box(-spread / 2, -spread / 6, spread / 2, spread / 6)
    shown = view(Matches(made, Question()), box, zoom, chosen)
    assert shown.in_view == ((np.abs(known.lngs) <= spread / 2) & (np.abs(known.lats) <= spread / 6)).sum()
    margin = with_margin(box, min(zoom + 2, 24))
    drawn = [rows[chosen[i][rows]] for i, rows in enumerate(Matches(made, Question()).inside(margin))]
    if isinstance(shown.drawn, CellsDrawn):
        assert shown.drawn.selected.sum() == sum(map(len, drawn))
        squares = Cells(shown.drawn.level, shown.drawn.columns, shown.drawn.rows)
        assert len({*zip(squares.columns.tolist(), squares.rows.tolist(), strict=True)}) == len(squares.columns)
        for i in range(0, len(squares.columns), 7):
            one = Cells(squares.level, squares.columns[i : i + 1], squares.rows[i : i + 1])
            inside = one.contains(known.lngs, known.lats)
            ranks = known.severities[inside]
            assert shown.drawn.counts[i].tolist() == [(ranks == rank).sum() for rank in range(5)]
            assert shown.drawn.lngs[i] == pytest.approx(known.lngs[inside].mean())
            assert one.contains(shown.drawn.lngs[i : i + 1], shown.drawn.lats[i : i + 1])[0]
    else:
        assert sum(map(len, shown.drawn.rows)) <= POINTS_MAX
        assert sum(int(marks.sum()) for marks in shown.drawn.selected) == sum(map(len, drawn))


@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(0, 40), st.floats(0, 40))
def test_the_runs_of_a_box_hold_the_keys_of_its_places(west, south, width, height):
    east, north = (west + width + 180) % 360 - 180, min(90.0, south + height)
    box = Box(west, south, east, north)
    places = np.array([[west, south], [east, north], [west, north], [east, south]])
    for key in keys_of(places[:, 0], places[:, 1]).tolist():
        assert any(first <= key < end for first, end in spans(box))


@pytest.mark.parametrize(
    "box", [Box(170, -10, -170, 10), Box(-180, -90, 180, 90), Box(0, 86, 10, 90), Box(179, 0, 180, 0), Box(-180, 5, -180, 5)]
)
@pytest.mark.parametrize("level", [2, 9, 24])
def test_the_margin_of_a_view_holds_the_view(box, level):
    margin = with_margin(box, level)
    for lng in (box.min_lng, box.max_lng):
        for lat in (box.min_lat, box.max_lat):
            assert margin.contains(lat, lng)


def test_a_view_of_the_world_has_no_more_cells_than_can_be_seen_whatever_zoom_is_asked_for():
    random = np.random.default_rng(3)
    size = 80_000
    words = Dictionary()
    ids, known = facts(some(Random(3), size), words)
    known = replace(known, lngs=random.uniform(-180, 180, size), lats=random.uniform(-85, 85, size))
    made = Snapshot.of(ids, known, words)
    drawn = view(Matches(made, Question()), Box(-180, -85, 180, 85), 22).drawn
    assert isinstance(drawn, CellsDrawn)
    assert (drawn.level, drawn.counts.sum()) == (8, size)
    assert len(drawn.columns) <= ACROSS_MAX**2


def test_an_answer_keeps_no_ids_that_it_was_asked_about():
    threats = some(Random(4), 100)
    made = taken(threats)
    ids = ids_of(threat.id.bytes for threat in threats)
    before = sys.getrefcount(ids)
    matches = Matches(made, Question(among=(ids,)))
    assert len(found(made, matches.masks)) == 100
    assert sys.getrefcount(ids) == before


def test_many_later_statements_are_sorted_into_the_rest(monkeypatch):
    monkeypatch.setattr(snapshot, "LATER_MAX", 10)
    threats = some(Random(1), 50)
    made = taken(threats)
    made = made.state(*facts([replace(threat, severity=4) for threat in threats[:11]], made.words))
    assert [len(part) for part in made.parts] == [50, 0]
    assert len(made) == 50
    assert made.by_severity(Matches(made, Question()).masks)[4] >= 11


def test_a_million_threats_take_64_bytes_each():
    threats = taken(some(Random(2), 1000))
    assert threats.nbytes() <= 64 * 1000


def test_more_texts_than_two_bytes_can_number_are_told_apart():
    words = Dictionary()
    codes = words.kinds.learn(str(i) for i in range(70_000))
    assert (codes.dtype, len(set(codes.tolist()))) == (np.uint32, 70_000)
    assert words.kinds.mask(["69999", "never"]).sum() == 1
