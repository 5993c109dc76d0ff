"""A request after the route table has checked it, as the handlers get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.errors import Faults
from app.service.actor import Actor


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, what the path, the query and the body say, and the faults found in them so far.

    `id` is set for routes with an id in their path, `second_id` for those with two, `body` for those with a body model.
    `expected` is the version that If-Match wants, where the route looks at that.
    """

    actor: Actor
    id: UUID
    second_id: UUID
    values: dict[str, Any]
    body: Any
    faults: Faults
    expected: int | None = None
