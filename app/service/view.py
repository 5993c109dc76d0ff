"""What the desk shows of the threats that match: on the map, over time, and how many are selected of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.errors import Faults
from app.geo.box import Box
from app.index import order
from app.index.order import Histogram
from app.index.snapshot import Snapshot
from app.index.view import View, view
from app.service import live_index
from app.service.actor import Actor, guarded
from app.service.selection import Selection
from app.service.selection.resolve import selected_rows
from app.terms import Permission


@dataclass(frozen=True, slots=True)
class MapView:
    """A view of the map, with the numbers beside it. Counts by severity go by rank, 0 to 4.

    `total` is all that match, `unplaced` those of them without coordinates; `selected` is what the selection comes to, wherever
    it lies, or None without one.
    """

    snapshot: Snapshot
    view: View
    total: int
    unplaced: int
    by_severity: list[int]
    selected: list[int] | None


@guarded(Permission.THREATS_READ)
def of_map(actor: Actor, values: dict[str, Any], box: Box, zoom: int, selection: Selection | None = None) -> MapView:
    """Return what the map draws of a box at a zoom, of the threats that match values read by threats.FILTERS.

    Raises Invalid for a selection with ids that there are not, and Warming while the threats are being read into memory.
    """
    steps = selection.steps if selection else ()
    matches, *of_steps = live_index.ask(actor, values, *(step.filters for step in steps))
    snapshot = matches.snapshot
    chosen = selected_rows(selection, of_steps, Faults()) if selection and steps else None
    return MapView(
        snapshot=snapshot,
        total=sum(matches.by_severity),
        unplaced=matches.unplaced,
        by_severity=matches.by_severity,
        view=view(matches, box, zoom, chosen),
        selected=snapshot.by_severity(chosen) if chosen else None,
    )


@guarded(Permission.THREATS_READ)
def over_time(actor: Actor, values: dict[str, Any]) -> Histogram:
    """Return how the threats that match spread over the time they were observed. Raises Warming."""
    (matches,) = live_index.ask(actor, values)
    return order.histogram(matches)
