"""Who acts, what they may do, and whose rows they see: each said in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from uuid import UUID

import sqlalchemy as sa

from app.db import new_id, now
from app.errors import Denied
from app.models import Activity
from app.terms import Edge, Permission, Role

P = ParamSpec("P")
R = TypeVar("R")

READ = frozenset({Permission.INCIDENTS_READ, Permission.THREATS_READ})
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: READ,
    Role.ANALYST: READ | {Permission.INCIDENTS_WRITE, Permission.THREATS_WRITE},
    Role.ADMIN: frozenset(Permission),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone or something that acts in a tenant, by one edge. `kind` is person, key or operator (the command line).

    `sees_restricted` says whether threats are told whose source forbids passing them on (service.threats.withheld).
    """

    tenant_id: int
    kind: str
    id: UUID | None
    name: str
    permissions: frozenset[Permission]
    edge: Edge
    sees_restricted: bool = True


def operator(tenant_id: int, edge: Edge = Edge.CLI) -> Actor:
    """Return the actor for someone with access to the machine itself."""
    return Actor(tenant_id, "operator", None, "operator", frozenset(Permission), edge)


def worker(tenant_id: int, kind: str, id_: UUID | None, name: str) -> Actor:
    """Return the actor for a job that someone asked for: they may not be here any more, but what they were allowed is done."""
    return Actor(tenant_id, kind, id_, name, READ | {Permission.THREATS_WRITE}, Edge.JOB)


class Guarded(Generic[P, R]):
    """A service function that refuses an actor without `permission`. The edges read the permission from here."""

    def __init__(self, permission: Permission, function: Callable[Concatenate[Actor, P], R]) -> None:
        self.permission = permission
        self.__doc__ = function.__doc__
        self._function = function

    def __call__(self, actor: Actor, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function. Raises Denied before anything else is looked at."""
        require(actor, self.permission)
        return self._function(actor, *args, **kwargs)


def guarded(permission: Permission) -> Callable[[Callable[Concatenate[Actor, P], R]], Guarded[P, R]]:
    """Mark a service function with the permission it needs."""
    return lambda function: Guarded(permission, function)


def require(actor: Actor, permission: Permission) -> None:
    """Raise Denied unless the actor has the permission."""
    if permission not in actor.permissions:
        raise Denied(permission)


def owned(actor: Actor, model: Any) -> sa.ColumnElement[bool]:
    """Return the condition that keeps a statement within the actor's tenant. Every statement of the service carries it."""
    condition: sa.ColumnElement[bool] = model.tenant_id == actor.tenant_id
    return condition


def act(actor: Actor, kind: str, *, incident_id: UUID | None = None, **data: Any) -> Activity:
    """Return a new activity row for this actor, to be added to the transaction by the caller."""
    return Activity(
        tenant_id=actor.tenant_id,
        id=new_id(),
        incident_id=incident_id,
        kind=kind,
        at=now(),
        edge=actor.edge,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        data=data,
    )
