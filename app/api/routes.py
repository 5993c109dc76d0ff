"""The one table of the routes under /v1: what authorises, what validates, and what the document is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Response, request
from pydantic import BaseModel

from app.api import incidents, schemas, threats
from app.api.answers import CredentialsMissing
from app.api.call import Call
from app.api.reading import Body, json_object, read
from app.errors import Faults, NotFound
from app.service import incidents as incident_service
from app.service import keys, query
from app.service import threats as threat_service
from app.service.actor import require
from app.service.query import Param
from app.service.rules import CANONICAL_UUID
from app.service.threats.filters import LIST_PARAMS as THREAT_PARAMS
from app.terms import Permission

MIB = 1024 * 1024
NO_ID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `permission` is the one that the service function behind the handler is guarded with."""

    method: str
    path: str
    handler: Callable[[Call], Response]
    permission: Permission
    answer: type[BaseModel]
    status: int = 200
    params: tuple[Param, ...] = ()
    body: type[Body] | None = None
    body_max: int = MIB

    @property
    def has_id(self) -> bool:
        """Say whether the path holds an id."""
        return "{" in self.path

    @property
    def name(self) -> str:
        """Return a name that is unique among the operations."""
        return f"{self.handler.__module__.rsplit('.', 1)[-1]}_{self.handler.__name__}"


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/incidents",
        incidents.create,
        incident_service.create.permission,
        schemas.Incident,
        status=201,
        body=schemas.IncidentIn,
    ),
    Route(
        "GET",
        "/v1/incidents",
        incidents.search,
        incident_service.search.permission,
        schemas.Incidents,
        params=incident_service.LIST_PARAMS,
    ),
    Route("GET", "/v1/incidents/{id}", incidents.get, incident_service.get.permission, schemas.Incident),
    Route(
        "GET",
        "/v1/threats",
        threats.search,
        threat_service.search.permission,
        schemas.Threats,
        params=THREAT_PARAMS,
    ),
    Route("GET", "/v1/threats/{id}", threats.get, threat_service.get.permission, schemas.Threat),
    Route(
        "PUT",
        "/v1/threats",
        threats.put,
        threat_service.upsert.permission,
        schemas.PutAnswer,
        body=schemas.ThreatsIn,
        body_max=4 * MIB,
    ),
)


def blueprint() -> Blueprint:
    """Return the routes of the table, ready to be registered."""
    made = Blueprint("api", __name__)
    for route in ROUTES:
        made.add_url_rule(
            route.path.replace("{id}", "<written_id>"),
            route.name,
            _view(route),
            methods=[route.method],
            provide_automatic_options=False,
        )
    return made


def _view(route: Route) -> Callable[..., Response]:
    def view(written_id: str = "") -> Response:
        key = request.headers.get("X-API-Key")
        if key is None:
            raise CredentialsMissing("Send an API key in the header X-API-Key; a key in the address is never looked at.")
        actor = keys.authenticate(key)
        require(actor, route.permission)
        if route.has_id and not CANONICAL_UUID.fullmatch(written_id):
            raise NotFound(route.answer.__name__.lower())
        faults = Faults()
        values = query.read(route.params, request.args.items(multi=True), faults)
        body = read(route.body, json_object(route.body_max), faults) if route.body else None
        return route.handler(Call(actor, UUID(written_id) if route.has_id else NO_ID, values, body, faults))

    return view
