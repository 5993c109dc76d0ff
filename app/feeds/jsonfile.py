"""JSON files and the outer shape of GeoJSON, RFC 8259 and RFC 7946."""

from __future__ import annotations

import json

from app.errors import Unreadable
from app.feeds.encoding import decode
from app.feeds.values import BadRow

PARTS_MAX = 1_000_000
"""Lists and objects in one file; each takes some 150 bytes of memory whatever its size in the file."""


def load(data: bytes) -> object:
    """Return what a JSON file holds.

    NaN and infinities, which some programs write, are let through for each row to deal with. Raises Unreadable, saying
    where, for anything that is not JSON, is nested too deeply, or holds a number of thousands of digits or more than
    PARTS_MAX parts.
    """
    if data.count(b"[") + data.count(b"{") > PARTS_MAX:
        raise Unreadable(f"The JSON has more than {PARTS_MAX:,} lists and objects, the most that can be read.")
    text, _ = decode(data, legacy=False)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno:,}, column {error.colno:,}"
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            raise Unreadable(f"The JSON is cut off: what begins or should go on at {where} has no end.") from None
        raise Unreadable(f"This is not JSON: {error.msg[0].lower()}{error.msg[1:]} at {where}.") from None
    except RecursionError:
        raise Unreadable("The JSON is nested too deeply.") from None
    except ValueError:
        raise Unreadable("The JSON holds a number of too many digits.") from None


def features(document: object) -> list[object]:
    """Return the features of a FeatureCollection, or a single Feature as a list of one.

    Raises Unreadable when the file's root is anything else.
    """
    if isinstance(document, dict):
        if document.get("type") == "Feature":
            return [document]
        if document.get("type") == "FeatureCollection" and isinstance(document.get("features"), list):
            return list(document["features"])
    raise Unreadable("This is not GeoJSON: its root is neither a FeatureCollection with features nor a Feature.")


def members(value: object, what: str) -> dict[str, object]:
    """Return a JSON object; null counts as an empty one. Raises BadRow for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRow(f"The {what} is not an object.")
    return value
