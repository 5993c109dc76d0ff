"""The country that a place lies in, without asking anyone.

`countries.bin` holds the world as squares of a fiftieth of a degree, in runs that are alike; `tests/tools/build_countries.py`
makes it from Natural Earth and says of what it consists. A border is off by up to two kilometres.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_FILE = Path(__file__).with_name("countries.bin")
_HEAD = struct.Struct("<4sBHI")


class _World(NamedTuple):
    """`starts` are the cells at which runs begin, counted row by row from the north-west, and `numbers` index `codes`."""

    per_degree: int
    starts: NDArray[np.uint32]
    numbers: NDArray[np.uint8]
    codes: NDArray[np.object_]


def countries_at(lats: NDArray[np.float64], lngs: NDArray[np.float64]) -> list[str | None]:
    """Return for each place, in degrees, the code of ISO 3166-1 alpha-2 of its country (XK for Kosovo).

    At sea it is None, but for the first 10 km or so off a coast, which are the country's: harbours lie there, and the coast is
    generalised. Who holds a place is as Natural Earth sees it, except that a place goes under the code that ISO 3166 lists it
    under. NaN, and what is off the globe, is None.
    """
    world = _world()
    rows, columns = 180 * world.per_degree, 360 * world.per_degree
    is_on_globe = (np.abs(lats) <= 90) & (np.abs(lngs) <= 180)
    row = np.minimum((90 - np.where(is_on_globe, lats, 0)) * world.per_degree, rows - 1).astype(np.uint32)
    column = ((np.where(is_on_globe, lngs, 0) + 180) * world.per_degree).astype(np.uint32) % columns
    run = np.searchsorted(world.starts, row * np.uint32(columns) + column, "right") - 1
    found: list[str | None] = world.codes[np.where(is_on_globe, world.numbers[run], 0)].tolist()
    return found


@cache
def _world() -> _World:
    data = _FILE.read_bytes()
    _, per_degree, codes, runs = _HEAD.unpack_from(data)
    names = data[_HEAD.size : _HEAD.size + 2 * codes].decode()
    body = np.frombuffer(zlib.decompress(data[_HEAD.size + 2 * codes :]), np.uint8)
    lengths = np.ascontiguousarray(body[runs:].reshape(4, runs).T).view("<u4").ravel()
    starts = np.concatenate(([0], np.cumsum(lengths[:-1], dtype=np.uint32))).astype(np.uint32)
    return _World(
        per_degree, starts, body[:runs].copy(), np.array([None, *map("".join, zip(*[iter(names)] * 2, strict=True))], object)
    )
