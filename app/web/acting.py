"""What every form that acts has in common: it acts once, leads on to a page, and leaves a notice from which it can be undone."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import orjson
from flask import Flask, flash, redirect, request
from werkzeug.wrappers import Response

from app.errors import Unreadable
from app.service.idempotency import Answer, Request, once
from app.web.access import actor
from app.web.reading import Pairs, first

NONCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
OUR_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a form: the notice's words, the path to go on to, and the act that the notice's button undoes.

    `incident_id` is the incident that the notice links to and whose act it is; `made` says that a draft on the desk was used.
    """

    text: str
    to: str
    incident_id: str = ""
    act_id: str = ""
    made: bool = False


def init_app(app: Flask) -> None:
    """Let the templates put a one-time number into each form."""
    app.jinja_env.globals.update(nonce=nonce)


def done(text: str, to: str, incident_id: UUID, act_id: UUID | None = None, *, made: bool = False) -> Done:
    """Return what came of a form, with ids as text."""
    return Done(text, to, str(incident_id), str(act_id or ""), made)


def nonce() -> str:
    """Return a one-time number for a form."""
    return secrets.token_urlsafe(16)


def perform(pairs: Pairs, work: Callable[[], Done]) -> Response:
    """Do the work of the form that was sent, once however often it comes, and lead on with a notice."""
    came = carry_out(pairs, work)
    flash(came)  # type: ignore[arg-type]  # the session keeps any JSON
    return redirect(came["to"], 303)


def carry_out(pairs: Pairs, work: Callable[[], Done]) -> dict[str, Any]:
    """Return what came of a form; for one that was sent before, with the same fields, what came of it then. Raises Unreadable."""
    number = first(pairs, "nonce") or ""
    if not number:
        return asdict(work())
    if not NONCE.fullmatch(number):
        raise Unreadable("The form's one-time number can't be read.")
    who, body = actor(), request.get_data(cache=True)
    # Someone may go back to a form and change it: that is another form.
    key = f"form {who.id} {number} {hashlib.sha256(body).hexdigest()}"
    sent = Request(key, request.method, request.path, body)
    answer, _ = once(who, sent, lambda: Answer(303, {}, orjson.dumps(asdict(work()))))
    came: dict[str, Any] = orjson.loads(answer.body)
    return came


def expected(pairs: Pairs) -> int | None:
    """Return the version that the form was made from, if it says one. Raises Unreadable."""
    written = first(pairs, "version")
    if written is None:
        return None
    if not re.fullmatch(r"\d{1,9}", written, re.ASCII):
        raise Unreadable("The form's version is not a number.")
    return int(written)


def back(pairs: Pairs, otherwise: str) -> str:
    """Return the path of ours that the form asks to be led back to, or another."""
    wanted = first(pairs, "back") or ""
    return wanted if OUR_PATH.fullmatch(wanted) else otherwise
