"""What a map draws of the threats that match: the cells of a grid where they are many, each one where they are few."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log2

import numpy as np
from numpy.typing import NDArray

from app.geo.box import Box
from app.geo.cells import cells_of
from app.geo.mercator import lat_of, lng_of, x_of, y_of
from app.index.morton import LEVEL, columns_and_rows
from app.index.part import STATUSES, Mask, Part
from app.index.question import Matches, in_box

POINTS_MAX = 2_000
"""More than these in the area that is drawn are shown as cells."""
CELLS_A_TILE = 2
"""A cell is 256 / 2^2 = 64 pixels wide at the zoom that is asked for."""
FINEST = 24
ACROSS_MAX = 256
"""So many cells of the level lie in the box's width and height at most, whatever zoom is asked for: two screens of 8K."""
SEVERITIES = 5
_MARGIN = 0.25


@dataclass(frozen=True, slots=True)
class Cells:
    """Squares of the grid of `level`, 2^level a side: column and row of each, the middle of its threats in degrees, and how many.

    `counts` has a row for each cell and a column for each severity, 0 to 4. `selected` is how many of them are selected.
    """

    level: int
    columns: NDArray[np.uint32]
    rows: NDArray[np.uint32]
    lngs: NDArray[np.float64]
    lats: NDArray[np.float64]
    counts: NDArray[np.int64]
    selected: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Points:
    """Single threats: the rows of each part, and which of them are selected."""

    rows: list[NDArray[np.int64]]
    selected: list[Mask]


@dataclass(frozen=True, slots=True)
class View:
    """The threats of a view: how many lie in it exactly, and what is drawn of it and of a margin round it."""

    in_view: int
    drawn: Cells | Points


def view(matches: Matches, box: Box, zoom: int, selected: list[Mask] | None = None) -> View:
    """Return what to draw of the box at a zoom, and of a quarter of it on each side. `selected` are rows for each part."""
    parts = matches.snapshot.parts
    level = _level(box, zoom)
    rows = matches.inside(with_margin(box, level))
    in_view = sum(int(in_box(part, these, box).sum()) for part, these in zip(parts, rows, strict=True))
    chosen = selected or [np.zeros(len(part), np.bool_) for part in parts]
    marks = [mask[these] for mask, these in zip(chosen, rows, strict=True)]
    if sum(map(len, rows)) <= POINTS_MAX:
        return View(in_view, Points(rows, marks))
    return View(in_view, _cells(level, [_table(*of_part, level) for of_part in zip(parts, rows, marks, strict=True)]))


def _level(box: Box, zoom: int) -> int:
    """Return the level of the cells: that of the zoom, or a coarser one where the box is too large for it to be seen at once."""
    left, right = (float(x) for x in x_of([box.min_lng, box.max_lng]))
    top, bottom = (float(y) for y in np.clip(y_of([box.max_lat, box.min_lat]), 0, 1))
    extent = max(right - left + box.crosses_antimeridian, bottom - top)
    return min(zoom + CELLS_A_TILE, FINEST, floor(log2(ACROSS_MAX / max(extent, ACROSS_MAX / 2**FINEST))))


def with_margin(box: Box, level: int) -> Box:
    """Return the box with a quarter of its size, and at least a cell, added on each side, out to the edges of cells."""
    side = 1 << level
    left, right = (float(x) for x in x_of([box.min_lng, box.max_lng]))
    width = right - left + box.crosses_antimeridian
    top, bottom = (float(y) for y in np.clip(y_of([box.max_lat, box.min_lat]), 0, 1))
    wide, high = max(width * _MARGIN, 1 / side), max((bottom - top) * _MARGIN, 1 / side)
    top, bottom = floor((top - high) * side) / side, ceil((bottom + high) * side) / side
    north, south = (float(lat) for lat in lat_of([max(top, 0), min(bottom, 1)]))
    north, south = 90 if top <= 0 else north, -90 if bottom >= 1 else south
    left, right = floor((left - wide) * side) / side, ceil((left + width + wide) * side) / side
    if right - left >= 1:
        return Box(-180, south, 180, north)
    west, east = (float(lng) for lng in lng_of([left % 1, right % 1 or 1]))
    return Box(west, south, east, north)


def _table(part: Part, rows: NDArray[np.int64], selected: Mask, level: int) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """Return cells as column << 32 | row, and for each the sums of longitudes, latitudes and selected, and the counts."""
    if not len(rows):
        return np.empty(0, np.uint64), np.empty((0, 3 + SEVERITIES))
    facts = part.facts
    these = slice(0, len(rows)) if len(rows) == len(part.keys) else rows
    lngs, lats, severities = facts.lngs[these], facts.lats[these], facts.categories[these] // np.uint8(STATUSES)
    if level <= LEVEL:
        cells = part.keys[these] >> np.uint32(2 * (LEVEL - level))
    else:  # Finer than the order of the rows, so there are few of them.
        pairs = np.stack(cells_of(lngs, lats, level)).astype(np.uint64)
        cells = pairs[0] << np.uint64(32) | pairs[1]
        order = np.argsort(cells, kind="stable")
        cells, lngs, lats, severities, selected = cells[order], lngs[order], lats[order], severities[order], selected[order]
    starts = np.concatenate(([0], np.flatnonzero(cells[1:] != cells[:-1]) + 1))
    sums = [np.add.reduceat(lngs, starts), np.add.reduceat(lats, starts), np.add.reduceat(selected, starts, dtype=np.int64)]
    sums += [np.add.reduceat(severities == rank, starts, dtype=np.int64) for rank in range(SEVERITIES)]
    cells = cells[starts]
    if level <= LEVEL:
        columns, lines = (half.astype(np.uint64) for half in columns_and_rows(cells))
        cells = columns << np.uint64(32) | lines
    return cells, np.column_stack(sums)


def _cells(level: int, tables: list[tuple[NDArray[np.uint64], NDArray[np.float64]]]) -> Cells:
    """Join the tables of the parts, in which the same cell may occur."""
    cells, which = np.unique(np.concatenate([cells for cells, _ in tables]), return_inverse=True)
    sums = np.zeros((len(cells), 3 + SEVERITIES))
    np.add.at(sums, which, np.concatenate([table for _, table in tables]))
    counts = sums[:, 3:].astype(np.int64)
    members = counts.sum(axis=1)
    return Cells(
        level=level,
        columns=(cells >> np.uint64(32)).astype(np.uint32),
        rows=cells.astype(np.uint32),
        lngs=sums[:, 0] / members,
        lats=sums[:, 1] / members,
        counts=counts,
        selected=sums[:, 2].astype(np.int64),
    )
