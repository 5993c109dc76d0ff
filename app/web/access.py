"""Who is at the browser: pages are for people who are signed in, and act as the actor that the service makes of them."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, request, url_for
from flask_security import current_user, logout_user
from werkzeug.wrappers import Response

from app.errors import NotFound
from app.service import people, profile
from app.service.actor import Actor
from app.web.reading import FORM, form_pairs
from app.web.sent import words_of


def pages(name: str) -> Blueprint:
    """Return a blueprint whose pages ask for sign-in first."""
    blueprint = Blueprint(name, __name__)
    blueprint.before_request(_require_person)
    return blueprint


def actor() -> Actor:
    """Return the actor of this request."""
    who: Actor = g.actor
    return who


def wants_json() -> bool:
    """Say whether a script asks, which can't follow a redirect to the sign-in page."""
    return request.accept_mimetypes.best == "application/json" or request.headers.get("X-Requested-With") == "fetch"


def recognise() -> bool:
    """Find out who is at the browser, for `actor`, and how they want pages shown; say whether they belong to a tenant."""
    if not current_user.is_authenticated:
        return False
    try:
        g.actor = people.actor_for(current_user.id)
    except NotFound:
        logout_user()
        return False
    g.profile = profile.of(current_user.profile)
    return True


def _require_person() -> Response | None:
    if recognise():
        return None
    if wants_json():
        abort(401, "You are signed out. Sign in again.")
    if request.method == "POST" and request.mimetype == FORM and words_of(form_pairs()):
        abort(401)  # the error page gives the words back
    # A form can't be sent again by a redirect, so it leads to the desk.
    back = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return redirect(url_for("security.login", next=None if back == "/" else back), 303)
