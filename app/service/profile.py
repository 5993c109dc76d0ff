"""How a person wants pages shown: time zone, units, shortcuts, colours. The API and files know nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import sqlalchemy as sa

from app.db import transaction
from app.errors import Faults
from app.models import Person
from app.service import rules
from app.service.actor import Actor
from app.terms import Theme, Units

NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person chose; the defaults are for those who chose nothing, and for nobody."""

    time_zone: str = "UTC"
    units: Units = Units.KM
    theme: Theme = Theme.SYSTEM
    shortcuts: bool = True


@cache
def time_zones() -> tuple[str, ...]:
    """Return the names that may be chosen: UTC, then those of places, by name."""
    places = (name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/", "right/")))
    return ("UTC", *sorted(places))


def of(kept: Mapping[str, Any] | None) -> Profile:
    """Return the profile that a person's row holds. A zone that is known no more counts as not chosen."""
    chosen = {name: value for name, value in (kept or {}).items() if name in Profile.__dataclass_fields__}
    if chosen.get("time_zone") not in time_zones():
        chosen.pop("time_zone", None)
    for name, terms in (("units", Units), ("theme", Theme)):
        if name in chosen:
            chosen[name] = terms(chosen[name])
    return Profile(**chosen)


def change(actor: Actor, *, name: str, time_zone: str, units: str, theme: str, shortcuts: bool) -> None:
    """Change the person's own name and profile. Raises Invalid."""
    faults = Faults()
    shown = rules.text(name, "name", faults, maximum=NAME_MAX, required="Enter a name.")
    if time_zone not in time_zones():
        faults.add("time_zone", "field_invalid", "Choose a time zone of the list.")
    known_units = rules.term(units, Units, "units", faults)
    known_theme = rules.term(theme, Theme, "theme", faults)
    faults.raise_if_any()
    profile = Profile(time_zone, known_units or Units.KM, known_theme or Theme.SYSTEM, shortcuts)
    with transaction() as session:
        session.execute(sa.update(Person).where(Person.id == actor.id).values(name=shown, profile=asdict(profile)))
