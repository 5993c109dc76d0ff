"""What the document can't say, told to the fuzzer: where only a value that exists is valid, a valid request gets one.

A request that is meant to be invalid is sent as the fuzzer made it. In the stateful phase ids come from earlier answers, so there
only the rest is filled in.
"""

from __future__ import annotations

import json
import os
import re
from functools import partial
from http.client import HTTPConnection
from math import cos, pi, sin
from random import Random
from urllib.parse import urlsplit
from uuid import uuid4

import schemathesis
from schemathesis.core.transforms import UNRESOLVABLE

from app.api import conditions

KNOWN = os.environ["FUZZ_THREAT_IDS"].split()


def call(method, path, body=None):
    """Ask the server under test; return what it answered, or nothing if that is an error."""
    connection = HTTPConnection(urlsplit(os.environ["FUZZ_ADDRESS"]).netloc, timeout=30)
    headers = {"X-API-Key": os.environ["FUZZ_KEY"], "Content-Type": "application/json"}
    connection.request(method, f"/v1{path}", None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return json.loads(data) if response.status < 300 and data else None


def incident(count=5):
    return call("POST", "/incidents", {"title": "Fuzzed", "threat_ids": KNOWN[:count]})["id"]


def area(given):
    """Return a valid area, another for each one given: a polygon round a place, a circle, or a box."""
    random = Random(json.dumps(given, sort_keys=True))
    lat, lng = random.uniform(-60, 60), random.uniform(-180, 180)
    kind = random.choice(["polygon", "multipolygon", "circle", "box"])
    if kind == "circle":
        return {"center": {"lat": lat, "lng": lng}, "radius_km": random.uniform(0.1, 5000)}
    if kind == "box":
        return {"bbox": [lng, lat, random.uniform(-180, 180), random.uniform(lat, 90)]}
    corners = random.randint(3, 40)
    turns = [2 * pi * i / corners for i in range(corners)]
    radii = [random.uniform(0.1, 25) for _ in turns]
    ring = [[lng + r * cos(turn), lat + r * sin(turn)] for r, turn in zip(radii, turns, strict=True)]
    rings = [[*ring, ring[0]]]
    return {"type": "Polygon", "coordinates": rings} if kind == "polygon" else {"type": "MultiPolygon", "coordinates": [rings]}


def fill_selection(selection):
    for name in ("include", "exclude"):
        if name in selection:
            selection[name] = KNOWN[: len(selection[name])]
    if selection.get("area"):
        selection["area"] = area(selection["area"])
    if selection.get("filters"):
        selection["filters"] = {"severity": ["high", "low"], "ungrouped": False}
    if not (selection.get("area") or selection.get("filters") or selection.get("include")):
        selection["include"] = KNOWN[:1]


def key():
    return call("POST", "/keys", {"name": "Fuzzed", "scopes": ["threats:read"]})["id"]


def spare_own_key(ids):
    """Have another key revoked or rotated than the fuzzer's own."""
    if str(ids.get("id")).lower() == os.environ["FUZZ_KEY_ID"]:
        ids["id"] = key()


def fill_key(body):
    if body.get("expires_at"):
        body["expires_at"] = "2040-01-01T00:00:00Z"
    if body.get("networks"):
        body["networks"] = ["192.0.2.0/24"] * len(body["networks"])


def fill_path(name, ids):
    """Name an incident made for this request, an act of it, a threat in it, a threat that exists, a key made for this request."""
    if name.startswith("keys_"):
        ids["id"] = key()
        return
    if name.startswith("threats_"):
        ids["id"] = KNOWN[0]
        return
    ids["id"] = incident()
    if name == "incidents_restore":
        call("DELETE", f"/incidents/{ids['id']}")
    if name == "grouping_unlink":
        ids["threat_id"] = KNOWN[0]
    if name == "incidents_undo":
        call("PATCH", f"/incidents/{ids['id']}", {"title": "Renamed"})
        ids["act_id"] = call("GET", f"/incidents/{ids['id']}/activity?limit=200")["items"][-1]["act_id"]


def fill_body(name, ids, body):
    if isinstance(body.get("selection"), dict):
        fill_selection(body["selection"])
    if name in {"incidents_create", "grouping_link"} and "threat_ids" in body:
        body["threat_ids"] = KNOWN[: len(body["threat_ids"])]
    if name == "grouping_link" and not body.get("threat_ids") and not body.get("selection"):
        body["threat_ids"] = KNOWN[-1:]
    if name in {"grouping_move", "grouping_split"}:
        there = call("GET", f"/incidents/{ids['id']}") or {"threat_links": []}
        linked = [link["threat_id"] for link in there["threat_links"]]
        if not linked and call("POST", f"/incidents/{ids['id']}/threats", {"threat_ids": KNOWN[:1]}):
            linked = KNOWN[:1]
        body["threat_ids"] = linked[: len(body["threat_ids"])] or KNOWN[:1]
    if name == "grouping_move":
        body["to_incident_id"] = incident(0)
    if name == "grouping_merge":
        body["incident_ids"] = [incident(2) for _ in body["incident_ids"][:3]]
    if name == "threats_select":
        fill_selection(body)
    if name == "threats_change" and (body.get("status") == "dismissed" or "dismissal_reason" in body):
        body["status"], body["dismissal_reason"] = "dismissed", "Old news"


def firm(value):
    """Return the value with white space at the ends of texts made letters: lengths are counted after trimming it away."""
    if isinstance(value, dict):
        return {name: firm(member) for name, member in value.items()}
    if isinstance(value, list):
        return [firm(item) for item in value]
    if isinstance(value, str) and value.strip():
        ends = len(value) - len(value.lstrip()), len(value.rstrip())
        return "x" * ends[0] + value[ends[0] : ends[1]] + "x" * (len(value) - ends[1])
    return value


def want_all(query):
    """Have threats put in all or none: otherwise one at fault is told in the answer, and is no fault of the request."""
    if isinstance(query, dict) and query.get("partial") in (True, "true"):
        del query["partial"]


@schemathesis.hook
def map_case(_context, case):
    """Fill in what only this database knows, in requests that are meant to be valid."""
    spare_own_key(case.path_parameters or {})
    if case.meta is None:
        return case
    if not case.meta.generation.mode.is_positive:
        # Invalid elsewhere, it would be refused for its version first.
        if re.fullmatch(conditions.PATTERN, str(case.headers.get("If-Match", ""))):
            del case.headers["If-Match"]
        case.body = firm(case.body)
        want_all(case.query)
        return case
    name = case.operation.definition.raw["operationId"]
    for header in ("If-Match", "If-None-Match"):
        case.headers.pop(header, None)
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid4())
    if isinstance(case.query, dict):
        case.query.pop("cursor", None)
        if "bbox" in case.query:
            case.query["bbox"] = "3,6,-4,7"
    ids = case.path_parameters
    if ids and (case.meta.phase.name.value != "stateful" or any(value is UNRESOLVABLE for value in ids.values())):
        fill_path(name, ids)
    if isinstance(case.body, dict):
        (fill_key if name == "keys_create" else partial(fill_body, name, ids))(case.body)
    return case
