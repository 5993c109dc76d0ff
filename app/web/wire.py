"""The bytes in which the desk's map is told what to draw.

Four bytes with the length of the header (little-endian), the header as JSON padded with spaces to a multiple of eight bytes from
the beginning, then the arrays that it names, each padded with zeros to a multiple of eight. Numbers are little-endian.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from app.geo.mercator import x_of, y_of
from app.index.part import STATUSES, UNDATED
from app.index.snapshot import Snapshot
from app.index.view import Cells, Points
from app.service.view import MapView
from app.terms import Precision, ThreatStatus

MIMETYPE = "application/octet-stream"
ALIGNMENT = 8
TERMS = {"status": [status.value for status in ThreatStatus], "precision": [*(level.value for level in Precision), "unknown"]}

Arrays = dict[str, NDArray[Any]]


def encoded(shown: MapView) -> bytes:
    """Return a view as bytes; static/js/map/wire.js reads them."""
    drawn = shown.view.drawn
    arrays = _cells(drawn) if isinstance(drawn, Cells) else _points(drawn, shown.snapshot)
    header = {
        "version": shown.snapshot.version,
        "mode": "cells" if isinstance(drawn, Cells) else "points",
        "level": drawn.level if isinstance(drawn, Cells) else None,
        "arrays": [[name, array.dtype.name, array.size] for name, array in arrays.items()],
        "total": shown.total,
        "in_view": shown.view.in_view,
        "unplaced": shown.unplaced,
        "by_severity": shown.by_severity,
        "selected": None if shown.selected is None else {"total": sum(shown.selected), "by_severity": shown.selected},
        "terms": TERMS,
    }
    text = orjson.dumps(header)
    text += b" " * (-(4 + len(text)) % ALIGNMENT)
    parts = [len(text).to_bytes(4, "little"), text]
    for array in arrays.values():
        raw = np.ascontiguousarray(array).tobytes()
        parts += [raw, bytes(-len(raw) % ALIGNMENT)]
    return b"".join(parts)


def _cells(cells: Cells) -> Arrays:
    return {
        **_places(cells.lngs, cells.lats),
        "cx": cells.columns,
        "cy": cells.rows,
        "counts": cells.counts.astype(np.uint32),
        "selected": cells.selected.astype(np.uint32),
    }


def _points(points: Points, snapshot: Snapshot) -> Arrays:
    per_part = list(zip(snapshot.parts, points.rows, strict=True))

    def all_of(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part.facts, name)[rows] for part, rows in per_part])

    times = all_of("times")
    categories = all_of("categories")
    return {
        **_places(all_of("lngs"), all_of("lats")),
        "id": np.frombuffer(np.concatenate([part.ids_at(rows) for part, rows in per_part]).tobytes(), np.uint8),
        "severity": categories // np.uint8(STATUSES),
        "status": categories % np.uint8(STATUSES),
        "precision": all_of("precisions"),
        "uncertainty_km": all_of("uncertainties").astype(np.float32),
        "time": np.where(times == UNDATED, np.nan, times.astype(np.float64)),
        "selected": np.concatenate(points.selected).astype(np.uint8),
    }


def _places(lngs: NDArray[np.float64], lats: NDArray[np.float64]) -> Arrays:
    """Return places as fractions of the map's side, in steps of 2^-32; poles lie on its edge."""
    return {
        name: np.clip(fractions * 2**32, 0, 2**32 - 1).astype(np.uint32)
        for name, fractions in (("x", x_of(lngs)), ("y", y_of(lats)))
    }
