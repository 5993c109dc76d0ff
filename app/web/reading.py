"""What the browser sent, as pairs of text. Bytes that are not UTF-8 become lone surrogates, which the rules refuse."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from app.errors import Unreadable
from app.service.rules import UNFIT

FORM = "application/x-www-form-urlencoded"

Pairs = list[tuple[str, str]]


def keep_body() -> None:
    """Keep the bytes of a form, which Flask would otherwise read only once and loosely. Raises Unreadable.

    Has to run before anything looks at `request.form`.
    """
    if request.mimetype != FORM:
        return
    try:
        request.get_data(cache=True).decode()
    except UnicodeDecodeError:
        raise Unreadable("The form is not UTF-8 text.") from None


def form_pairs() -> Pairs:
    """Return the fields of the form that was sent, in order."""
    if request.mimetype != FORM:
        raise UnsupportedMediaType(f"Send the form as {FORM}.")
    return _pairs(request.get_data(cache=True).decode())


def query_pairs() -> Pairs:
    """Return the parameters of the address, in order."""
    return _pairs(request.query_string.decode("utf-8", "surrogateescape"))


def pairs_of(query: str) -> Pairs:
    """Return the parameters written in a query string."""
    return _pairs(query.removeprefix("?"))


def first(pairs: Pairs, name: str) -> str | None:
    """Return the first value of this name."""
    return next((value for key, value in pairs if key == name), None)


def printable(text: str | None) -> str:
    """Return the text fit for a page: what no rule lets through is shown as a replacement character."""
    return UNFIT.sub("\ufffd", (text or "").replace("\r\n", "\n").replace("\r", "\n"))


def _pairs(text: str) -> Pairs:
    return parse_qsl(text, keep_blank_values=True, errors="surrogateescape")
