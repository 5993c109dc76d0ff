"""Selections: threats said by areas, filters and single ids, resolved over everything that matches, drawn or not."""

from app.service.selection.reading import read_area, read_filters, read_steps
from app.service.selection.resolve import SELECTION_MAX, Selected, resolve, too_many
from app.service.selection.steps import Selection, Step
from app.service.selection.summary import Summary, Whereabouts, summary, whereabouts

__all__ = [
    "SELECTION_MAX",
    "Selected",
    "Selection",
    "Step",
    "Summary",
    "Whereabouts",
    "read_area",
    "read_filters",
    "read_steps",
    "resolve",
    "summary",
    "too_many",
    "whereabouts",
]
