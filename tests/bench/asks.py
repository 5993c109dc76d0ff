"""What the benches of the desk ask: views, filters, lassos and words, drawn at random from the threats that there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import cos, pi, sin
from typing import Any

import numpy as np
import sqlalchemy as sa

from app.db import db
from app.geo.mercator import lat_of, lng_of, x_of, y_of
from app.geo.polygon import Polygon
from app.models import Incident, Threat
from tests.bench.threats import UNTIL

WINDOW = (1280, 720)
ZOOMS = {"world": 2, "country": 6, "city": 12}
CORNERS = 200
SAMPLE = 10
"""One threat in so many is looked at while a lasso is fitted to its number."""

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Ground:
    """Places of all threats that have one, in degrees; a source of chance; and the id of an incident."""

    lngs: np.ndarray
    lats: np.ndarray
    random: np.random.Generator
    incident_id: str

    @classmethod
    def read(cls) -> Ground:
        """Read the places with an application's context pushed."""
        rows = db.session.execute(sa.select(Threat.lng, Threat.lat).where(Threat.lat.is_not(None))).all()
        places = np.array([tuple(row) for row in rows])
        largest = db.session.scalar(sa.select(Incident.id).order_by(Incident.link_count.desc(), Incident.id).limit(1))
        db.session.remove()
        return cls(places[:, 0], places[:, 1], np.random.default_rng(7), str(largest))

    def filters(self) -> dict[str, Pairs]:
        """Return filters as the desk's address has them, each with the words that a table knows it by."""
        week, month = ((UNTIL - timedelta(days=days)).isoformat() for days in (7, 30))
        severities = [("severity", name) for name in ("medium", "high", "critical")]
        statuses = [("status", "active"), ("status", "monitoring")]
        return {
            "none": [],
            "severity": severities,
            "status": statuses,
            "type": [("threat_type", "flood"), ("threat_type", "protest")],
            "country": [("location_country", "CN"), ("location_country", "US")],
            "time, 7 days": [("observed_from", week)],
            "severity, status, 30 days": [*severities, *statuses, ("observed_from", month)],
            "ungrouped": [("ungrouped", "true")],
            "one incident": [("incident_id", self.incident_id)],
            "text: bridge": [("q", "bridge")],
            "text: in": [("q", "in")],
        }

    def views(self, zoom: int, count: int) -> list[str]:
        """Return the bounds of windows at random threats, as `view` takes them."""
        side = 256 * 2**zoom
        width, height = WINDOW[0] / side, WINDOW[1] / side
        which = self.random.integers(0, len(self.lngs), count)
        xs = x_of(self.lngs[which]) + self.random.uniform(-0.4, 0.4, count) * width
        ys = np.clip(y_of(self.lats[which]) + self.random.uniform(-0.4, 0.4, count) * height, height / 2, 1 - height / 2)
        souths, norths = lat_of(np.minimum(ys + height / 2, 1)), lat_of(np.maximum(ys - height / 2, 0))
        if width >= 1:
            return [f"-180,{south:.6f},180,{north:.6f}" for south, north in zip(souths, norths, strict=True)]
        wests, easts = ((lng_of(xs + sign * width / 2) + 180) % 360 - 180 for sign in (-1, 1))
        return [",".join(f"{value:.6f}" for value in view) for view in zip(wests, souths, easts, norths, strict=True)]

    def lassos(self, target: int, count: int) -> list[dict[str, Any]]:
        """Return hand-drawn polygons of CORNERS corners that hold about `target` threats, as GeoJSON."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            i = self.random.integers(0, len(self.lngs))
            x, y = float(x_of(self.lngs[i])), float(y_of(self.lats[i]))
            wobble = self.random.uniform(0, 2 * pi, 3)
            low, high = 0.0, min(y, 1 - y, 0.4)
            for _ in range(30):
                radius = (low + high) / 2
                outline = _outline(x, y, radius, wobble)
                hits = self.inside(outline, SAMPLE).sum() * SAMPLE
                if abs(hits - target) < target / 10:
                    found.append(outline)
                    break
                low, high = (low, radius) if hits > target else (radius, high)
        return found

    def inside(self, outline: dict[str, Any], step: int = 1) -> np.ndarray:
        """Say of every `step`-th place whether it lies in a polygon: slowly and plainly, for comparison."""
        return Polygon.from_geojson(outline).contains(self.lngs[::step], self.lats[::step])


def _outline(x: float, y: float, radius: float, wobble: np.ndarray) -> dict[str, Any]:
    corners = []
    for i in range(CORNERS):
        angle = 2 * pi * i / CORNERS
        r = radius * (1 + sum(0.12 * sin((n + 2) * angle + shift) for n, shift in enumerate(wobble)))
        corners.append([round(float(lng_of(x + r * cos(angle))), 6), round(float(lat_of(y + r * sin(angle))), 6)])
    return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}


def queries(titles: list[str], count: int) -> list[str]:
    """Return what people type: a word of a title, two of one, the beginning of one, and words that nothing has."""
    random = np.random.default_rng(8)
    asked = []
    for i in range(count):
        words = titles[random.integers(0, len(titles))].replace(",", "").split()
        word = max(words, key=len)
        asked.append((word, " ".join(words[-2:]), word[:4], f"{words[0]} {word[:5]}", words[-1], f"zz{word}")[i % 6])
    return asked
