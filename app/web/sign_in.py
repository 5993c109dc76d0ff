"""Signing in: by password, through Flask-Security, or by a link; then, for those who have one, by the code of a second factor."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Flask, current_app, redirect, render_template, request, session
from flask_security import RoleMixin, Security, SQLAlchemyUserDatastore, login_user
from flask_security.forms import LoginForm
from flask_security.tf_plugin import TfPlugin
from werkzeug.wrappers import Response

from app.db import db
from app.errors import Invalid
from app.models import Person
from app.service import account, people, second_factor
from app.service.rules import UNFIT
from app.web.acting import OUR_PATH
from app.web.reading import first, form_pairs, printable
from app.web.summary import Message, messages

WRONG = "The e-mail address or the password is wrong."
HALF = "half"
"""The session's name for who has given their password and not yet their code, until when, and where they go on to."""
HALF_S = 600
JOIN = "join"
"""The session's name for the token of a link, so that it stands in no page and in no address that is kept."""

links = Blueprint("sign_in", __name__)


class NoRole(RoleMixin):
    """Stands where Flask-Security wants a role model. What a person may do comes from their membership in a tenant."""


class SignInForm(LoginForm):
    """The form of Flask-Security, with addresses compared as the service keeps them."""

    def cleaned_email(self) -> str:
        """Return the address as it is compared; text that PostgreSQL can't take becomes an address nobody has."""
        return UNFIT.sub("\ufffd", self.email.data or "").strip().casefold()

    def validate(self, **kwargs: Any) -> bool:
        """Check address and password."""
        self.email.data = self.cleaned_email()
        return bool(super().validate(**kwargs))


class SecondStep(TfPlugin):
    """What Flask-Security asks between a right password and the session."""

    def tf_enter(self, user: Any, remember_me: bool | None, primary_authn_via: str, next_loc: str | None) -> Response | None:  # noqa: ARG002, FBT001 - its signature
        """Return the way to the page that asks for a code, if the person has a second factor."""
        if second_factor.is_on(user.id):
            return _ask_code(user, next_loc)
        people.note_sign_in(user.id)
        return None


def init_app(app: Flask) -> None:
    """Add the sign-in page, signing out by POST, the links and the second step."""
    app.config.update(
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of the method
        SECURITY_PASSWORD_SALT=app.config["SECRET_KEY"],
        SECURITY_PASSWORD_LENGTH_MIN=people.PASSWORD_MIN,
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False, "test_environment": True},
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/login",
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_SEND_REGISTER_EMAIL=False,
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_CACHE_CONTROL={},  # headers.py says it for every page
        SECURITY_MSG_GENERIC_AUTHN_FAILED=(WRONG, "error"),
    )
    security = Security(app, SQLAlchemyUserDatastore(db, Person, NoRole), login_form=SignInForm)
    security.two_factor_plugins = SecondStep()
    # Two ways into a session that we don't offer; each would also read the database on every request, /v1 included.
    security.principal.identity_loaders.clear()
    security.login_manager.request_loader(lambda _request: None)
    app.register_blueprint(links)


@links.get("/enter")
def enter() -> Response:
    """Sign in by a one-time link, or go on to where its owner sets a password. Raises NotFound if it is used or too old.

    A mail program that looks at the address with HEAD does not use it up.
    """
    if request.method == "HEAD":
        return Response()
    token = request.args.get("token", "")
    if people.sets_password(token):
        session[JOIN] = token
        return redirect("/join", 303)
    return admit(people.use_sign_in_link(token))


@links.get("/join")
def join() -> str:
    """Ask the owner of a link for their name and a password. Raises NotFound if the link is used or too old."""
    person = people.owner_of(session.get(JOIN, ""))
    return _join_page(person, "" if person.password is None else person.name, [])


@links.post("/join")
def joined() -> Response | tuple[str, int]:
    """Set name and password, which uses up the link, and sign in."""
    pairs, token = form_pairs(), session.get(JOIN, "")
    name = first(pairs, "name") or ""
    try:
        person = account.join(token, name, first(pairs, "password") or "", first(pairs, "again") or "")
    except Invalid as error:
        wrong = messages(error.faults, {"name": "name", "password": "password", "again": "again"})
        return _join_page(people.owner_of(token), printable(name), wrong), 422
    session.pop(JOIN)
    return admit(person)


@links.get("/login/code")
def code() -> Response | str:
    """Ask for the code of the second factor."""
    return redirect("/login", 303) if _half() is None else _code_page([])


@links.post("/login/code")
def with_code() -> Response | tuple[str, int]:
    """Sign in by the code of the second factor, or a recovery code. Too many wrong ones lead back to the password."""
    person, pairs = _half(), form_pairs()
    if person is None:
        return redirect("/login", 303)
    try:
        second_factor.check(person.id, first(pairs, "code") or "", current_app.config["SECRET_KEY"])
    except second_factor.TooManyWrong as error:
        session.pop(HALF)
        return _code_page([Message("", "again", str(error))], ended=True), 422
    except Invalid as error:
        return _code_page(messages(error.faults, {})), 422
    return _let_in(person, session.pop(HALF)["next"])


def admit(person: Person) -> Response:
    """Sign in someone who proved by a link who they are; who has a second factor gives its code first."""
    return _ask_code(person, None) if second_factor.is_on(person.id) else _let_in(person, "/")


def _let_in(person: Person, to: str) -> Response:
    people.note_sign_in(person.id)
    login_user(person)
    return redirect(to, 303)


def _ask_code(person: Person, to: str | None) -> Response:
    way = to if to and OUR_PATH.fullmatch(to) else "/"
    session[HALF] = {"who": person.fs_uniquifier, "until": time.time() + HALF_S, "next": way}
    return redirect("/login/code", 303)


def _half() -> Person | None:
    """Return who gave their password not long ago, and has not given their code yet."""
    half = session.get(HALF)
    return people.with_uniquifier(half["who"]) if half and half["until"] > time.time() else None


def _join_page(person: Person, name: str, errors: list[Message]) -> str:
    return render_template("security/join.html", email=person.email, first_time=person.password is None, name=name, errors=errors)


def _code_page(errors: list[Message], *, ended: bool = False) -> str:
    return render_template("security/code.html", errors=errors, ended=ended)
