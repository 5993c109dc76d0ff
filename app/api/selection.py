"""Reading a selection from JSON."""

from __future__ import annotations

from uuid import UUID

from app.api.bodies import SelectionBody
from app.errors import Faults
from app.service import rules
from app.service.incidents import THREAT_IDS_MAX
from app.service.selection import Selection, Step, read_area, read_filters


def selection(body: SelectionBody, at: str, faults: Faults) -> Selection:
    """Return the selection; what can't be read is a fault under `at`."""
    steps = []
    shape, drawn = read_area(body.area, f"{at}.area", faults) if body.area is not None else (None, None)
    filters = read_filters(body.filters or {}, f"{at}.filters", faults)
    if shape is not None or filters:
        steps.append(Step(adds=True, area=shape, outline=drawn, filters=filters))
    for adds, name, ids in ((True, "include", body.include), (False, "exclude", body.exclude)):
        if ids:
            steps.append(Step(adds, ids=_ids(ids, f"{at}.{name}", faults), at=f"{at}.{name}"))
    if body.area is None and not body.filters and not body.include and not faults.within(at):
        faults.add(at, "field_required", "Say what to select: an area, filters or ids.")
    return Selection(tuple(steps))


def _ids(values: list[str], at: str, faults: Faults) -> tuple[UUID, ...]:
    return tuple(rules.identifiers(values, at, faults, maximum=THREAT_IDS_MAX))
