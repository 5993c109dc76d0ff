"""The headers of safe writes and conditional requests: Idempotency-Key, If-Match, If-None-Match.

An entity tag is `"<version>-<hash of the body>"`. A read compares it whole. A write compares the version alone: it guards what
the write changes, and a new title of a threat in an incident is no change of the incident.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from flask import Response, request

from app.api.answers import as_bytes
from app.errors import Unreadable

KEY_MAX = 255
KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_MAX}}}")
TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
TAGS = re.compile(rf"{TAG}(?:[ \t]*,[ \t]*{TAG})*")
PATTERN = r'^(\*|(W/)?"[!#-~]*"([ \t]*,[ \t]*(W/)?"[!#-~]*")*)$'
"""The same for the document, whose readers send ASCII."""
OURS = re.compile(r'"(\d{1,14})-[0-9a-f]{16}"', re.ASCII)
NEVER = -1
"""A version that nothing has."""


def tag(version: int, body: dict[str, Any]) -> str:
    """Return the entity tag of a body. `version` is what a write compares."""
    return f'"{version}-{hashlib.sha256(as_bytes(body)).hexdigest()[:16]}"'


def idempotency_key() -> str | None:
    """Return the Idempotency-Key of the request, if it has one. Raises Unreadable."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise Unreadable(f"An Idempotency-Key is 1 to {KEY_MAX} visible ASCII characters.")
    return key


def versions_expected() -> list[int] | None:
    """Return the versions of which If-Match wants one; None if any will do. Raises Unreadable."""
    tags = _tags("If-Match")
    if tags is None or tags == ["*"]:
        return None
    found = [OURS.fullmatch(text) for text in tags]
    return [int(match[1]) if match else NEVER for match in found]


def unless_known(response: Response) -> Response:
    """Return 304 instead of an answer whose entity tag the client has, by If-None-Match. Raises Unreadable."""
    own = response.headers.get("ETag")
    tags = _tags("If-None-Match") if own else None
    if own is None or tags is None or (tags != ["*"] and own not in {text.removeprefix("W/") for text in tags}):
        return response
    return Response(status=304, headers={"ETag": own, "Cache-Control": response.headers["Cache-Control"]})


def _tags(header: str) -> list[str] | None:
    written = request.headers.get(header)
    if written is None:
        return None
    written = written.strip(" \t")
    if written == "*":
        return ["*"]
    if not TAGS.fullmatch(written):
        raise Unreadable(f"{header} is * or a list of entity tags in double quotes.")
    return re.findall(TAG, written)
