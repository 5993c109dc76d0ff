"""Squares of the map: what a cluster on it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.geo.box import Box
from app.geo.mercator import lat_of, lng_of, x_of, y_of

CELLS_MAX = 4_096
LEVEL_MAX = 30
_MARGIN = 1e-9
"""Degrees by which a bounding box is widened, so that rounding never leaves a place of the squares outside."""


def cells_of(lngs: NDArray[np.float64], lats: NDArray[np.float64], level: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return column and row of the square, of 2^level a side, that holds each place. Beyond the map is its outermost square."""
    return cell_of(x_of(lngs), level), cell_of(y_of(lats), level)


def cell_of(fractions: NDArray[np.float64], level: int) -> NDArray[np.uint32]:
    """Return the column or row that holds each position, given as a fraction of the map's side."""
    side = 1 << level
    return np.clip(np.floor(fractions * side), 0, side - 1).astype(np.uint32)


@dataclass(frozen=True, slots=True)
class Cells:
    """Squares of one level, as columns and rows; at most CELLS_MAX. Other values raise ValueError in words for a person."""

    level: int
    columns: NDArray[np.uint32]
    rows: NDArray[np.uint32]

    @classmethod
    def of(cls, level: object, keys: Sequence[object]) -> Self:
        """Read squares given as pairs of column and row."""
        if isinstance(level, bool) or not isinstance(level, int) or not 0 <= level <= LEVEL_MAX:
            raise ValueError(f"The level of a grid is a whole number from 0 to {LEVEL_MAX}.")
        if not 0 < len(keys) <= CELLS_MAX:
            raise ValueError(f"Give from 1 to {CELLS_MAX:,} squares.")
        for key in keys:
            match key:
                case [int(column), int(row)] if 0 <= column < 1 << level and 0 <= row < 1 << level:
                    continue
            raise ValueError("A square is a pair of column and row of its level.")
        pairs = np.array(keys, np.uint32)
        return cls(level, pairs[:, 0], pairs[:, 1])

    @property
    def box(self) -> Box:
        """Return a box that holds all places of the squares."""
        boxes = self.boxes()
        return Box(
            max(-180, min(box.min_lng for box in boxes) - _MARGIN),
            max(-90, min(box.min_lat for box in boxes) - _MARGIN),
            min(180, max(box.max_lng for box in boxes) + _MARGIN),
            min(90, max(box.max_lat for box in boxes) + _MARGIN),
        )

    def boxes(self) -> list[Box]:
        """Return each square as a box; those at the edge of the map reach the pole."""
        side = 1 << self.level
        wests, easts = lng_of(self.columns / side), lng_of((self.columns.astype(np.int64) + 1) / side)
        norths, souths = lat_of(self.rows / side), lat_of((self.rows.astype(np.int64) + 1) / side)
        norths[self.rows == 0] = 90
        souths[self.rows == side - 1] = -90
        return [Box(*map(float, edges)) for edges in zip(wests, souths, easts, norths, strict=True)]

    def contains(self, lngs: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Say for each place in degrees whether one of the squares holds it."""
        columns, rows = cells_of(lngs, lats, self.level)
        within: NDArray[np.bool_] = np.isin(_joined(columns, rows), _joined(self.columns, self.rows))
        return within


def _joined(columns: NDArray[np.uint32], rows: NDArray[np.uint32]) -> NDArray[np.uint64]:
    return columns.astype(np.uint64) << np.uint64(32) | rows
