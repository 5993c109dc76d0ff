"""Signing in: by password, through Flask-Security, or by a one-time link."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, redirect, request, url_for
from flask_security import RoleMixin, Security, SQLAlchemyUserDatastore, login_user
from flask_security.forms import LoginForm
from werkzeug.wrappers import Response

from app.db import db
from app.models import Person
from app.service import people
from app.service.rules import UNFIT

WRONG = "The e-mail address or the password is wrong."

links = Blueprint("sign_in", __name__)


class NoRole(RoleMixin):
    """Stands where Flask-Security wants a role model. What a person may do comes from their membership in a tenant."""


class SignInForm(LoginForm):
    """The form of Flask-Security, with addresses compared as the service keeps them."""

    def validate(self, **kwargs: Any) -> bool:
        """Check address and password; text that PostgreSQL can't take counts as an address nobody has."""
        self.email.data = UNFIT.sub("\ufffd", self.email.data or "").strip().casefold()
        return bool(super().validate(**kwargs))


def init_app(app: Flask) -> None:
    """Add the sign-in page, signing out by POST, and the one-time link."""
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
    # Two ways into a session that we don't offer; each would also read the database on every request, /v1 included.
    security.principal.identity_loaders.clear()
    security.login_manager.request_loader(lambda _request: None)
    app.register_blueprint(links)


@links.get("/enter")
def enter() -> Response:
    """Sign in by a one-time link and go to the desk. Raises NotFound if it is used or too old.

    A mail program that looks at the address with HEAD does not use it up.
    """
    if request.method == "HEAD":
        return Response()
    login_user(people.use_sign_in_link(request.args.get("token", "")))
    return redirect(url_for("desk.show"), 303)
