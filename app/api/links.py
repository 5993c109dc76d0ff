"""The Link header of a list (RFC 8288)."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import request


def next_page(cursor: str | None) -> dict[str, str]:
    """Return the header that points to the next page with the present filters; none on the last page."""
    if cursor is None:
        return {}
    kept = [pair for pair in request.args.items(multi=True) if pair[0] not in {"offset", "cursor"}]
    return {"Link": f'<{request.path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'}
