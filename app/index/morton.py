"""Morton order: places numbered so that every square of the map, at every zoom, is one run of numbers.

The Web Mercator square is cut into 2^16 columns and rows; the bits of both are interleaved, those of the column in the even
places (G. M. Morton, "A Computer Oriented Geodetic Data Base and a New Technique in File Sequencing", IBM 1966).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.geo.box import Box
from app.geo.cells import cell_of, cells_of
from app.geo.mercator import x_of, y_of

LEVEL = 16
"""The finest level: 2^16 cells a side, 600 m at the equator."""

_SPREAD = ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555))
_FINENESS = 4
"""A box is covered by cells of down to 2^-4 of its longer side."""
_ROUNDING = 1e-12

Span = tuple[int, int]
"""A run of keys: the first, and the first beyond."""


def keys_of(lngs: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Return the Morton keys of places in degrees."""
    columns, rows = cells_of(lngs, lats, LEVEL)
    return _spread(columns) | _spread(rows) << np.uint32(1)


def columns_and_rows(keys: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return column and row of cells by their keys."""
    return _gathered(keys), _gathered(keys >> np.uint32(1))


@lru_cache(maxsize=64)
def spans(box: Box) -> tuple[Span, ...]:
    """Return runs of keys that hold every place of a box and not many others, ascending."""
    found = sorted(span for part in box.split() for span in _spans(part))
    merged: list[Span] = []
    for first, end in found:
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return tuple(merged)


def _spans(box: Box) -> Iterator[Span]:
    edges = np.array([box.min_lng, box.max_lng]), np.array([box.max_lat, box.min_lat])
    slack = np.array([-_ROUNDING, _ROUNDING])
    left, right = (int(cell) for cell in cell_of(x_of(edges[0]) + slack, LEVEL))
    top, bottom = (int(cell) for cell in cell_of(y_of(edges[1]) + slack, LEVEL))
    finest = max(1, max(right - left, bottom - top) >> _FINENESS)
    waiting = [(0, 0, 0, 1 << LEVEL)]
    while waiting:
        key, x, y, side = waiting.pop()
        if x > right or y > bottom or x + side <= left or y + side <= top:
            continue
        within = left <= x and x + side - 1 <= right and top <= y and y + side - 1 <= bottom
        if within or side <= finest:
            yield key, key + side * side
            continue
        half = side >> 1
        quarter = half * half
        waiting += [
            (key, x, y, half),
            (key + quarter, x + half, y, half),
            (key + 2 * quarter, x, y + half, half),
            (key + 3 * quarter, x + half, y + half, half),
        ]


def _spread(numbers: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Put a zero before each of the lower 16 bits."""
    for shift, mask in _SPREAD:
        numbers = (numbers | numbers << np.uint32(shift)) & np.uint32(mask)
    return numbers


def _gathered(numbers: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Undo `_spread`, passing over the bits in the odd places."""
    numbers = numbers & np.uint32(0x55555555)
    for shift, mask in ((1, 0x33333333), (2, 0x0F0F0F0F), (4, 0x00FF00FF), (8, 0x0000FFFF)):
        numbers = (numbers | numbers >> np.uint32(shift)) & np.uint32(mask)
    return numbers
