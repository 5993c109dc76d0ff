"""The steps of a selection in words, as the tray lists them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from app.geo.box import Box
from app.geo.cells import Cells
from app.geo.circle import Circle
from app.service.selection import Step
from app.web.reading import printable
from app.web.text import counted

FILTER_WORDS = {
    "q": "search",
    "severity": "severity",
    "status": "status",
    "threat_type": "type",
    "source": "source",
    "location_country": "country",
    "observed_from": "time",
    "observed_to": "time",
    "bbox": "box",
    "incident_id": "incident",
    "ungrouped": "in no incident",
    "arrived_from": "arrival",
}


@dataclass(frozen=True, slots=True)
class StepWords:
    """A step in words, and by how many threats it made the selection larger or smaller; None while that is not known."""

    adds: bool
    words: str
    change: int | None

    def as_dict(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return asdict(self)


def words_of(step: Step, change: int | None) -> StepWords:
    """Return a step in words."""
    if step.ids is not None:
        return StepWords(step.adds, counted(len(step.ids), "single threat"), change)
    names = list(dict.fromkeys(FILTER_WORDS.get(name, name) for name in step.filters))
    what = printable(step.name) or _what(step)
    return StepWords(step.adds, f"{what}, filtered by {', '.join(names)}" if names else what, change)


def _what(step: Step) -> str:
    match step.area:
        case None:
            return "everything"
        case Circle(lat=lat, lng=lng, radius_km=km):
            return f"within {km:g} km of {lat:g}, {lng:g}"
        case Box():
            return "box"
        case Cells():
            return "cluster"
    return "area"
