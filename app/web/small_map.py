"""What the small map of a page draws of threats that are not kept yet."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.service.imports.shape import Shape
from app.terms import Severity


def points_of(shape: Shape) -> dict[str, Any] | None:
    """Return the first places of what was read as the map takes them, with ids that only the page uses; None without any."""
    points = shape.points
    if not points:
        return None
    return {
        "ids": [str(UUID(int=i)) for i in range(len(points))],
        "lat": [point.lat for point in points],
        "lng": [point.lng for point in points],
        "severity": [_rank(point.severity) for point in points],
        "precision": [None] * len(points),
        "uncertainty_km": [None] * len(points),
        "total": len(points),
    }


def _rank(severity: str | None) -> int:
    """Return the rank that a severity will have; one that is not stated, or not known, counts as medium."""
    return next((term.rank for term in Severity if term == severity), Severity.MEDIUM.rank)
