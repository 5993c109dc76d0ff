"""One's own account: how pages are shown, the password, the sessions, and the second factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import segno
from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user, login_user
from markupsafe import Markup

from app.errors import Conflict, Invalid
from app.models import Person
from app.service import account, passwords, profile, second_factor
from app.terms import Theme, Units
from app.web.access import actor, pages
from app.web.reading import first, form_pairs, printable
from app.web.summary import Message, messages

THEMES = {Theme.SYSTEM: "As this device is set", Theme.LIGHT: "Light", Theme.DARK: "Dark"}
UNITS = {Units.KM: "Kilometres", Units.MILES: "Miles"}
PROFILE = {"name": "name", "time_zone": "time_zone", "units": "units-0", "theme": "theme-0"}
PASSWORD = {"current": "current", "password": "password", "again": "again"}

blueprint = pages("account")


@blueprint.get("/account")
def index() -> ResponseReturnValue:
    """Show the account."""
    return _account([])


@blueprint.post("/account/profile")
def change_profile() -> ResponseReturnValue:
    """Change the name and how pages are shown."""
    pairs = form_pairs()
    sent = {name: first(pairs, name) or "" for name in PROFILE}
    shortcuts = first(pairs, "shortcuts") == "1"
    try:
        profile.change(actor(), **sent, shortcuts=shortcuts)
    except Invalid as error:
        values = {name: printable(value) for name, value in sent.items()} | {"shortcuts": shortcuts}
        return _account(messages(error.faults, PROFILE), values), 422
    return _done("Your account is changed.")


@blueprint.post("/account/password")
def change_password() -> ResponseReturnValue:
    """Set another password; all other sessions end, this one goes on."""
    pairs = form_pairs()
    try:
        person = account.change_password(actor(), *(first(pairs, name) or "" for name in PASSWORD))
    except Invalid as error:
        return _account(messages(error.faults, PASSWORD)), 422
    return _go_on(person, "Your password is changed. You are signed out everywhere else.")


@blueprint.post("/account/sign-out")
def sign_out() -> ResponseReturnValue:
    """End all other sessions; this one goes on."""
    return _go_on(account.sign_out_everywhere(actor()), "You are signed out everywhere else.")


@blueprint.get("/account/second-factor")
def factor() -> ResponseReturnValue:
    """Show how the second factor stands, with the QR code while it is being set up."""
    return _factor([])


@blueprint.post("/account/second-factor")
def begin() -> ResponseReturnValue:
    """Begin to set the second factor up."""

    def work() -> ResponseReturnValue:
        second_factor.begin(actor(), _sent("current"), _key())
        return redirect("/account/second-factor", 303)

    return _factor_unless(work)


@blueprint.post("/account/second-factor/confirm")
def confirm() -> ResponseReturnValue:
    """Switch the second factor on by a code of the app, and show the recovery codes: this once."""
    return _factor_unless(lambda: _codes(second_factor.confirm(actor(), _sent("code"), _key())))


@blueprint.post("/account/second-factor/codes")
def renew() -> ResponseReturnValue:
    """Make new recovery codes in place of the others, and show them: this once."""
    return _factor_unless(lambda: _codes(second_factor.renew_codes(actor(), _sent("current"))))


@blueprint.post("/account/second-factor/off")
def switch_off() -> ResponseReturnValue:
    """Take the second factor off."""

    def work() -> ResponseReturnValue:
        second_factor.switch_off(actor(), _sent("current"))
        return _done("Your second factor is off.")

    return _factor_unless(work)


def _sent(name: str) -> str:
    return first(form_pairs(), name) or ""


def _key() -> str:
    return str(current_app.config["SECRET_KEY"])


def _done(words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("account.index"), 303)


def _go_on(person: Person, words: str) -> ResponseReturnValue:
    login_user(person)  # to what sessions are bound from now on
    return _done(words)


def _account(errors: list[Message], values: Mapping[str, str | bool] | None = None) -> str:
    kept = profile.of(current_user.profile)
    shown = {
        "name": actor().name,
        "time_zone": kept.time_zone,
        "units": kept.units,
        "theme": kept.theme,
        "shortcuts": kept.shortcuts,
    }
    return render_template(
        "account/account.html",
        errors=errors,
        values=values or shown,
        email=current_user.email,
        has_password=current_user.password is not None,
        factor=second_factor.status(actor()),
        time_zones=profile.time_zones(),
        units=UNITS,
        themes=THEMES,
        password_min=passwords.MIN,
    )


def _factor_unless(work: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    """Do the work; with what is wrong, show the page of the second factor again."""
    try:
        return work()
    except Invalid as error:
        return _factor(messages(error.faults, {})), 422
    except Conflict as error:
        return _factor([Message("", "main", str(error))]), 409


def _factor(errors: list[Message]) -> str:
    try:
        pending = second_factor.pending(actor(), _key())
    except Conflict:  # made under another secret key: it can only be begun anew
        pending = None
    return render_template(
        "account/factor.html",
        errors=errors,
        pending=pending,
        picture=_picture(pending.uri) if pending else "",
        status=second_factor.status(actor()),
        has_password=current_user.password is not None,
    )


def _picture(uri: str) -> Markup:
    """Return the QR code as SVG without styles."""
    code = segno.make(uri, error="m", micro=False)
    drawn = code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None)
    return Markup(drawn.replace("<svg ", '<svg role="img" aria-label="QR code for your authenticator app" ', 1))  # noqa: S704 - made of our own


def _codes(codes: list[str]) -> str:
    return render_template("account/codes.html", codes=codes)
