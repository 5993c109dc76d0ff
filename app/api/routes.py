"""The one table of the routes under /v1: what authorises, what validates, and what the document is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, request
from pydantic import BaseModel
from werkzeug.routing import BaseConverter

from app.api import bodies, conditions, grouping, incidents, keys, limits, schemas, threats
from app.api.answers import CredentialsMissing, failure, from_bytes
from app.api.call import Call
from app.api.reading import Body, json_object, raw_body, read
from app.errors import Faults, NotFound, VersionMismatch
from app.service import idempotency, query
from app.service import incidents as incident_service
from app.service import keys as key_service
from app.service import threats as threat_service
from app.service.actor import Actor, require
from app.service.incidents.read import links_page
from app.service.query import FLAG, PAGING, Param
from app.service.rules import CANONICAL_UUID
from app.service.selection import resolve
from app.service.threats.filters import LIST_PARAMS as THREAT_PARAMS
from app.terms import Permission

MIB = 1024 * 1024
NO_ID = UUID(int=0)
LIMIT_AND_OFFSET = tuple(param for param in PAGING if param.name != "cursor")
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `permission` is the one that the service function behind the handler is guarded with.

    `selects` says that the body can hold a selection, which needs the permission to read threats too. `present` returns the
    version and the entity tag of what the path names: with it, a write looks at If-Match. `kept` turns an answer that holds a
    secret into what is kept of it, to be told to the same request sent again.
    """

    method: str
    path: str
    handler: Callable[[Call], Response]
    permission: Permission
    answer: type[BaseModel] | None
    status: int = 200
    params: tuple[Param, ...] = ()
    body: type[Body] | None = None
    body_max: int = MIB * 3 // 2
    present: Callable[[Actor, UUID], tuple[int, str]] | None = None
    selects: bool = False
    kept: Callable[[bytes], bytes] | None = None

    @property
    def ids(self) -> list[str]:
        """Return the names of the ids in the path."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    @property
    def name(self) -> str:
        """Return a name that is unique among the operations."""
        return f"{self.handler.__module__.rsplit('.', 1)[-1]}_{self.handler.__name__}"

    @property
    def accepts(self) -> tuple[str, ...]:
        """Return the media types of the body."""
        return (JSON, MERGE_PATCH) if self.method == "PATCH" else (JSON,)

    @property
    def tags(self) -> bool:
        """Say whether the answer carries an entity tag."""
        return self.answer in {schemas.Incident, schemas.OneThreat, schemas.Parted}


def _write(path: str, handler: Callable[[Call], Response], **more: Any) -> Route:
    """Return the route of a verb of one incident that answers with the incident, unless it says otherwise."""
    values = {"method": "POST", "permission": Permission.INCIDENTS_WRITE, "answer": schemas.Incident, **more}
    return Route(path=f"/v1/incidents/{{id}}{path}", handler=handler, present=incidents.present_tag, **values)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/incidents",
        incidents.create,
        incident_service.create.permission,
        schemas.Incident,
        status=201,
        body=bodies.IncidentIn,
        selects=True,
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
    _write("", incidents.change, method="PATCH", body=bodies.IncidentPatch),
    _write("", incidents.delete, method="DELETE", answer=None, status=204),
    _write("/restore", incidents.restore),
    Route("GET", "/v1/incidents/{id}/threats", incidents.links, links_page.permission, schemas.Links, params=PAGING),
    _write("/threats", grouping.link, body=bodies.LinkIn, selects=True),
    _write("/threats/{threat_id}", grouping.unlink, method="DELETE"),
    _write("/move", grouping.move, body=bodies.MoveIn, answer=schemas.Moved),
    _write("/split", grouping.split, body=bodies.SplitIn, answer=schemas.Parted, status=201),
    _write("/merge", grouping.merge, body=bodies.MergeIn),
    Route(
        "GET",
        "/v1/incidents/{id}/activity",
        incidents.activity,
        incident_service.timeline.permission,
        schemas.Activity,
        params=(
            Param("include_versions_before_link", FLAG, "true: also versions of threats from before they were linked."),
            *LIMIT_AND_OFFSET,
        ),
    ),
    _write("/activity/{act_id}/undo", incidents.undo),
    _write("/comments", incidents.comment, body=bodies.CommentIn, answer=schemas.ActivityItem, status=201),
    Route(
        "GET",
        "/v1/threats",
        threats.search,
        threat_service.search.permission,
        schemas.Threats,
        params=THREAT_PARAMS,
    ),
    Route(
        "POST",
        "/v1/threats",
        threats.create,
        threat_service.upsert.permission,
        schemas.OneThreat,
        status=201,
        body=bodies.NewThreat,
    ),
    Route(
        "PUT",
        "/v1/threats",
        threats.put,
        threat_service.upsert.permission,
        schemas.PutAnswer,
        params=(Param("partial", FLAG, "true: threats at fault are left out and told in the answer; the others are put in."),),
        body=bodies.ThreatsIn,
        body_max=4 * MIB,
    ),
    Route("POST", "/v1/threats/select", threats.select, resolve.permission, schemas.Selected, body=bodies.SelectionBody),
    Route("GET", "/v1/threats/{id}", threats.get, threat_service.get.permission, schemas.OneThreat),
    Route(
        "PATCH",
        "/v1/threats/{id}",
        threats.change,
        threat_service.change.permission,
        schemas.OneThreat,
        body=bodies.ThreatPatch,
        present=threats.present_tag,
    ),
    Route(
        "GET",
        "/v1/threats/{id}/versions",
        threats.versions,
        threat_service.versions.permission,
        schemas.Versions,
        params=LIMIT_AND_OFFSET,
    ),
    Route("GET", "/v1/keys", keys.search, key_service.listed.permission, schemas.Keys, params=LIMIT_AND_OFFSET),
    Route(
        "POST",
        "/v1/keys",
        keys.create,
        key_service.create.permission,
        schemas.NewKey,
        status=201,
        body=bodies.KeyIn,
        kept=keys.without_secret,
    ),
    Route(
        "POST",
        "/v1/keys/{id}/rotate",
        keys.rotate,
        key_service.rotate.permission,
        schemas.NewKey,
        status=201,
        body=bodies.RotateIn,
        kept=keys.without_secret,
    ),
    Route("DELETE", "/v1/keys/{id}", keys.revoke, key_service.revoke.permission, None, status=204),
)


class WrittenId(BaseConverter):
    """An id as the client wrote it, right or wrong, but never the last part of another path."""

    regex = "(?!select$)[^/]+"
    part_isolating = True


def blueprint() -> Blueprint:
    """Return the routes of the table, ready to be registered."""
    made = Blueprint("api", __name__)
    made.record_once(lambda state: state.app.url_map.converters.update(id=WrittenId))
    for route in ROUTES:
        made.add_url_rule(
            route.path.replace("{", "<id:written_").replace("}", ">"),
            route.name,
            _view(route),
            methods=[route.method],
            provide_automatic_options=False,
        )
    return made


def _view(route: Route) -> Callable[..., Response]:
    def view(**written: str) -> Response:
        actor = _actor(route)
        first, second = _ids(route, written)
        faults = Faults()
        values = query.read(route.params, request.args.items(multi=True), faults)
        raw = raw_body(route.body_max) if route.body else b""
        body = read(route.body, json_object(raw, route.accepts), faults) if route.body else None
        expected = _expected(route, actor, first)
        call = Call(actor, first, second, values, body, faults, expected)
        try:
            if route.method == "POST" and (key := conditions.idempotency_key()) is not None:
                return _once(route, call, idempotency.Request(key, route.method, request.path, raw))
            response = route.handler(call)
        except VersionMismatch as error:
            tag = route.present(actor, first)[1] if route.present else ""
            return failure("version_mismatch", str(error), headers={"ETag": tag})
        return conditions.unless_known(response) if route.method == "GET" else response

    return view


def _actor(route: Route) -> Actor:
    key = request.headers.get("X-API-Key")
    try:
        if key is None:
            raise CredentialsMissing("Send an API key in the header X-API-Key; a key in the address is never looked at.")
        actor = key_service.authenticate(key, request.remote_addr or "")
    except (CredentialsMissing, key_service.KeyRefused):
        limits.count_address()
        raise
    limits.count_key(actor.id)
    actor = replace(actor, sees_restricted=current_app.config["SHARE_RESTRICTED"])
    require(actor, route.permission)
    return actor


def _ids(route: Route, written: dict[str, str]) -> tuple[UUID, UUID]:
    """Return the one or two ids of the path. One that can't be read names nothing that there is."""
    found = []
    for name in route.ids:
        value = written[f"written_{name}"]
        if not CANONICAL_UUID.fullmatch(value):
            what = route.path.split("/")[2].removesuffix("s") if name == "id" else name.removesuffix("_id")
            raise NotFound(what)
        found.append(UUID(value))
    first, second, *_ = [*found, NO_ID, NO_ID]
    return first, second


def _expected(route: Route, actor: Actor, first: UUID) -> int | None:
    """Return the version that If-Match wants; of several the present one, if it is among them, else one that is not."""
    versions = conditions.versions_expected() if route.present and route.method != "GET" else None
    if not versions or not route.present:
        return None
    if len(versions) > 1:
        present, _ = route.present(actor, first)
        return present if present in versions else versions[0]
    return versions[0]


def _once(route: Route, call: Call, asked: idempotency.Request) -> Response:
    def work() -> idempotency.Answer:
        response = route.handler(call)
        kept = {name: response.headers[name] for name in ("Location", "ETag") if name in response.headers}
        body = response.get_data()
        return idempotency.Answer(response.status_code, kept, body, route.kept and route.kept(body))

    told, again = idempotency.once(call.actor, asked, work)
    return from_bytes(told.body, told.status, {**told.headers, **({"Idempotent-Replayed": "true"} if again else {})})
