"""The document and the reference page drawn from it."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, render_template

from app.api import limits, openapi
from app.api.answers import answer
from app.api.codes import CODES


def blueprint() -> Blueprint:
    """Return the two routes, which need no key."""
    made = Blueprint("reference", __name__)
    made.add_url_rule("/v1/openapi.json", "document", _document, provide_automatic_options=False)
    made.add_url_rule("/docs", "page", _page)
    return made


def _document() -> Response:
    limits.count_address()
    return answer(openapi.document())


def _page() -> str:
    document = openapi.document()
    models = document["components"]["schemas"]
    return render_template(
        "docs/reference.html",
        document=document,
        operations=[
            {"method": method.upper(), "path": path, **operation}
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        ],
        models=models,
        codes=CODES,
        pretty=lambda value: orjson.dumps(value, option=orjson.OPT_INDENT_2).decode(),
        type_of=_type_of,
    )


def _type_of(schema: dict[str, object]) -> str:
    """Return a member's type in a few words."""
    match schema:
        case {"$ref": str(reference)}:
            return reference.rsplit("/", 1)[-1]
        case {"anyOf": list(kinds)}:
            return " or ".join(_type_of(kind) for kind in kinds)
        case {"enum": list(values)}:
            return " | ".join("null" if value is None else str(value) for value in values)
        case {"type": "array", "items": dict(items)}:
            return f"list of {_type_of(items)}"
        case {"format": str(form)}:
            return form
        case {"type": str(name)}:
            return {"string": "text"}.get(name, name)
    return "any"
