"""Selections: threats said by areas, filters and single ids, resolved over everything that matches, drawn or not."""

from app.service.selection.reading import read_area, read_filters, read_steps
from app.service.selection.resolve import PREVIEW, SELECTION_MAX, Selected, resolve
from app.service.selection.steps import Selection, Step

__all__ = [
    "PREVIEW",
    "SELECTION_MAX",
    "Selected",
    "Selection",
    "Step",
    "read_area",
    "read_filters",
    "read_steps",
    "resolve",
]
