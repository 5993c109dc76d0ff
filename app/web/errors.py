"""What a page says when something goes wrong. The error page asks nothing of the database, which may be what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import sqlalchemy as sa
from flask import current_app, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, Unauthorized
from werkzeug.wrappers import Response

from app import db, errors
from app.errors import Fault
from app.web import access, desk, incident_page
from app.web.incident_page import Trouble
from app.web.reading import FORM, Pairs, form_pairs
from app.web.sent import words_of

OLD_FORM = "The form is too old, or was not sent from this page. Nothing was saved."
# Pages that can show the form again with everything in it, to be looked at and sent once more.
KEEPS_FORM = {"desk.create", "desk.again", "desk.link", "saved_views.act"}
INCIDENT_FORMS = {
    "acts.edit": "edit",
    "acts.status": "status",
    "acts.delete": "status",
    "acts.restore": "status",
    "acts.comment": "comment",
    "acts.unlink": "threats",
    "acts.move": "threats",
    "acts.split": "threats",
    "acts.selected": "threats",
    "acts.merge": "merge",
}

# For HTTP's own errors, by status: a heading and a sentence.
HTTP_WORDS = {
    400: ("This request can't be read", "Something in the address or the form is not written as it should be."),
    401: ("Sign in first", "This page is for people who are signed in."),
    404: ("Page not found", "There is no page at this address. It may have been moved, or the address is mistyped."),
    405: ("This can't be done here", "The page does not answer this kind of request."),
    413: ("Too much at once", "What you sent is larger than allowed here."),
    415: ("This can't be read", "The page does not take this kind of form."),
}
STATUSES: dict[type[errors.CordonError], tuple[int, str]] = {
    errors.NotFound: (404, "Not found"),
    errors.Denied: (403, "You are not allowed to do this"),
    errors.Conflict: (409, "This does not fit any more"),
    errors.VersionMismatch: (409, "Changed by someone else"),
    errors.Unreadable: (400, "This request can't be read"),
    errors.RateLimited: (429, "Too many tries"),
    errors.Unavailable: (503, "The database can't serve just now"),
    errors.Invalid: (422, "Something is not right"),
}


def html_error(error: Exception) -> Response:
    """Return the page for any error: plain words, no internals, and the way on."""
    if isinstance(error, sa.exc.DBAPIError):
        current_app.logger.error("The database failed", exc_info=error)
        error = db.explain(error)
    if isinstance(error, errors.CordonError):
        status, heading = STATUSES.get(type(error), (500, "Something went wrong"))
        words = [str(error)]
        if isinstance(error, errors.Invalid):
            words = [fault.issue for fault in error.faults]
        readable = request.method == "POST" and request.mimetype == FORM and not isinstance(error, errors.Unreadable)
        page = _page(status, heading, *words, sent=words_of(form_pairs()) if readable else ())
        if isinstance(error, errors.RateLimited):
            page.headers["Retry-After"] = str(error.wait_s)
        return page
    if isinstance(error, CSRFError):
        return _old_form(form_pairs() if request.mimetype == FORM else [])
    if isinstance(error, HTTPException) and error.code:
        return _http_page(error, error.code)
    current_app.logger.error("An error that nobody foresaw", exc_info=error)
    return _page(500, "Something went wrong", "This is a fault of Cordon, not of yours. It was noted in the log.")


def _http_page(error: HTTPException, code: int) -> Response:
    if code < 400:  # a redirect by the router
        return Response(response=error.get_body(), status=code, headers=list(error.get_headers()))
    heading, words = HTTP_WORDS.get(code, (error.name, error.description or error.name))
    if code == 413:
        limit = request.max_content_length or 0
        words = f"What you sent is larger than allowed here, which is {limit // 1024:,} kB."
    response = _page(code, heading, words, sent=words_of(form_pairs()) if code == 401 and request.mimetype == FORM else ())
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _old_form(pairs: Pairs) -> Response:
    """Return the form's page with everything in it and a fresh token; for who is signed out, what they wrote, to be copied."""
    known = access.recognise()
    if not known and access.wants_json():
        return _http_page(Unauthorized(), 401)
    where = INCIDENT_FORMS.get(request.endpoint or "")
    if known and pairs and request.endpoint in KEEPS_FORM:
        return make_response(desk.kept(pairs, [Fault("", "form_old", OLD_FORM + " Send it again.")]), 400)
    if known and pairs and where:
        trouble = Trouble(where, pairs, errors.Unreadable(OLD_FORM + " Send it again."))
        # Of an incident that there is not, the plain page below says no more than of any other.
        with suppress(errors.NotFound):
            return make_response(incident_page.again((request.view_args or {})["incident_id"], trouble))
    ways = "Go back, load the page anew, and send the form again." if known else "Sign in, and send the form again."
    return _page(400, "Send the form again", OLD_FORM, ways, sent=words_of(pairs))


def _page(status: int, heading: str, *words: str, sent: Sequence[tuple[str, str]] = ()) -> Response:
    page = render_template("errors/error.html", heading=heading, words=words, actor=g.get("actor"), status=status, sent=sent)
    response = make_response(page, status)
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response
