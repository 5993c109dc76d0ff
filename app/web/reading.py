"""What the browser sent, as pairs of text. Bytes that are not UTF-8 become lone surrogates, which the rules refuse."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from app.errors import Unreadable
from app.service.rules import UNFIT

FORM = "application/x-www-form-urlencoded"

Pairs = list[tuple[str, str]]


def keep_body() -> None:
    """Keep the bytes of a form, which Flask would otherwise read only once and loosely. Raises Unreadable.

    Has to run before anything looks at `request.form`. A body in chunks, whose length nobody said, is cut at the limit without
    a word by what reads it, so one byte more is asked for. Raises RequestEntityTooLarge.
    """
    limit = request.max_content_length
    if request.content_length is None and limit is not None:
        request.max_content_length = limit + 1
        body = request.get_data(cache=True, parse_form_data=False)
        request.max_content_length = limit
        if len(body) > limit:
            raise RequestEntityTooLarge
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
