"""What the document can't say, told to the fuzzer: where only a value that exists is valid, a valid request gets one."""

from __future__ import annotations

import os

import schemathesis


@schemathesis.hook
def map_case(_context, case):
    """Put threats that exist, areas on the globe and no made-up cursor into requests that are meant to be valid."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return case
    if isinstance(case.query, dict):
        case.query.pop("cursor", None)
        if "bbox" in case.query:
            case.query["bbox"] = "3,6,-4,7"
    if isinstance(case.body, dict) and "title" in case.body:
        known = os.environ["FUZZ_THREAT_IDS"].split()
        selection = case.body.get("selection") or {}
        for holder, name in ((case.body, "threat_ids"), (selection, "include"), (selection, "exclude")):
            if name in holder:
                holder[name] = known[: len(holder[name])]
        if selection.get("area"):
            selection["area"] = {"bbox": [3, 6, 4, 7]}
        if selection.get("filters"):
            selection["filters"] = {"severity": ["high", "low"], "ungrouped": False}
    return case
