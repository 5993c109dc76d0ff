"""How often one may try a password: each person, whether or not there is such a one, and each address."""

from __future__ import annotations

from flask import Flask, current_app, make_response, render_template, request
from flask_security import current_user
from werkzeug.wrappers import Response

from app.errors import RateLimited
from app.service import addresses
from app.service.limits import Limit, spend_exactly
from app.service.rules import UNFIT
from app.web.sign_in import SignInForm

WINDOW_S = 300
# All of them look at a password; most at one's own, which someone at another's screen may guess.
ASK_PASSWORD = {
    "security.login",
    "security.verify",
    "account.change_password",
    "account.begin",
    "account.renew",
    "account.switch_off",
}


def init_app(app: Flask) -> None:
    """Look at each try before its password is looked at. Comes after the check that the form is ours."""
    app.before_request(_check)


def _check() -> Response | None:
    if request.method != "POST" or request.endpoint not in ASK_PASSWORD:
        return None
    form = SignInForm()
    email = current_user.email if current_user.is_authenticated else UNFIT.sub("\ufffd", form.email.data or "").strip().casefold()
    quota = current_app.config["SIGN_IN_RATE"]
    asked = [
        (Limit("sign-in of a person", quota, WINDOW_S), email),
        (Limit("sign-in from an address", quota, WINDOW_S), addresses.client(request.remote_addr or "")),
    ]
    standing = spend_exactly(asked)
    if standing is None:
        return None
    minutes = -(-standing.wait_s // 60)
    words = f"Too many tries. Wait {minutes} minute{'' if minutes == 1 else 's'}, then try again."
    if request.endpoint != "security.login" or request.is_json:
        raise RateLimited(words, standing.wait_s)
    form.form_errors = [words]
    page = render_template("security/login_user.html", login_user_form=form)
    return make_response(page, 429, {"Retry-After": str(standing.wait_s)})
