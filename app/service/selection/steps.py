"""What a selection is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.geo import outline
from app.index.question import Shape


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a selection: it adds threats to those selected so far, or takes them away.

    They are those of `ids`, or else those in the area that match the filters, which are values read by threats.FILTERS; without
    an area, all that match. `outline` is the area as GeoJSON. `at` is where the step stands in the input; unknown `ids` are
    faults there. `name` is what the desk calls it: "lasso", "within 25 km of Lagos".
    """

    adds: bool
    area: Shape | None = None
    outline: dict[str, Any] | None = None
    filters: dict[str, Any] = field(default_factory=dict)
    ids: tuple[UUID, ...] | None = None
    at: str = "ids"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """Steps that are taken in order, beginning with nothing selected."""

    steps: tuple[Step, ...] = ()

    @property
    def outline(self) -> dict[str, Any] | None:
        """Return the areas that were added, for an incident to keep; what was taken away later is not cut out of them."""
        return outline.together([step.outline for step in self.steps if step.adds and step.outline])
