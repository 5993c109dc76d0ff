"""The second factor: set up, asked for at sign-in, lost, and taken off."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from urllib.parse import urlencode

import flask
import pytest
import sqlalchemy as sa
from passlib.totp import TOTP

from app.db import db, now, transaction
from app.errors import Conflict, Denied, Invalid
from app.models import Activity, RecoveryCode, SecondFactor
from app.service import people, second_factor
from app.service.actor import operator
from app.web import sign_in
from tests import browse, make
from tests.test_people_page import identify, kinds
from tests.test_web_sign_in import log_in

PAGE = "/account/second-factor"


class Phone:
    """An authenticator app, whose clock is as far ahead as one says."""

    def __init__(self, page: str) -> None:
        self.key = re.search(r'Key: <code class="once-shown">([^<]+)', page)[1]
        self.totp = TOTP(key=self.key.replace(" ", ""))

    def code(self, ahead_s: int = 0) -> str:
        return self.totp.generate(second_factor.now() + timedelta(seconds=ahead_s)).token


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Have the half minute of a code begin with the test, so that it does not end in the middle of it."""
    late = timedelta(seconds=now().timestamp() % 30 - 1)
    monkeypatch.setattr(second_factor, "now", lambda: now() - late)


@pytest.fixture
def ada(app, client):
    who = make.person(app)
    browse.sign_in(app, client)
    return who


def begin(client):
    assert browse.send(client, PAGE, current=make.PASSWORD).location == PAGE
    return Phone(client.get(PAGE).text)


def set_up(client):
    """Switch the second factor on with the code of half a minute ago; return the telephone and the recovery codes."""
    phone = begin(client)
    page = browse.send(client, f"{PAGE}/confirm", code=phone.code(-30))
    assert page.status_code == 200, browse.problems(page.text)
    return phone, re.findall(r"<li><code>([^<]+)", page.text)


def give(client, code):
    return browse.press(client, "/login/code", browse.form(client.get("/login/code").text, "/login/code"), code=code)


def half_in(app, path="/login"):
    """Return a browser that has given Ada's password."""
    client = app.test_client()
    fields = {"csrf_token": browse.token(client, path), "email": "ada@example.org", "password": make.PASSWORD}
    assert client.post(path, data=fields).location == "/login/code"
    return client


def test_setting_up_shows_a_picture_and_a_key_and_needs_a_code(app, client, ada):
    assert "Off." in client.get("/account").text
    phone = begin(client)
    page = client.get(PAGE).text
    assert re.fullmatch(r"([A-Z2-7]{4} ){7}[A-Z2-7]{4}", phone.key)
    assert '<svg role="img" aria-label="QR code' in page
    assert "style" not in re.search(r"<svg role.*?</svg>", page, re.DOTALL)[0]
    wrong = browse.send(client, f"{PAGE}/confirm", code="000000" if phone.code() != "000000" else "111111")
    assert (wrong.status_code, browse.problems(wrong.text)) == (422, [second_factor.WRONG])
    assert log_in(app.test_client(), "ada@example.org", make.PASSWORD).location == "/"  # it is not on yet
    done = browse.send(client, f"{PAGE}/confirm", code=f" {phone.code()[:3]} {phone.code()[3:]} ")
    codes = re.findall(r"<li><code>([^<]+)", done.text)
    assert len(set(codes)) == 10
    later = client.get(PAGE).text
    assert "10 recovery codes left" in later
    assert phone.key not in later
    assert not any(code in later for code in codes)
    assert kinds(app) == ["second_factor_on"]


@pytest.mark.parametrize("path", ["", "/codes", "/off"])
def test_changing_it_asks_for_the_password(app, client, ada, path):
    if path:
        set_up(client)
    for current, says in (("", "Enter your password."), ("not my password", "This is not your password.")):
        answer = browse.send(client, PAGE + path, current=current)
        assert (answer.status_code, browse.problems(answer.text)) == (422, [says])
    with app.app_context():
        assert second_factor.is_on(ada.id) is bool(path)


def test_signing_in_asks_for_the_code_after_the_password(app, client, ada):
    phone, _ = set_up(client)
    theirs = half_in(app, "/login?next=/incidents?status%3Dopen")
    assert theirs.get("/").status_code == 303
    assert theirs.get("/account").status_code == 303
    answer = give(theirs, phone.code())
    assert (answer.status_code, answer.location) == (303, "/incidents?status=open")
    assert theirs.get("/").status_code == 200
    assert theirs.get("/login/code").location == "/login"


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"])
def test_signing_in_by_a_code_leads_to_no_other_host(app, client, ada, elsewhere):
    phone, _ = set_up(client)
    theirs = half_in(app)
    with theirs.session_transaction() as session:
        where = session["half"]["next"]
    assert where == "/"
    with app.test_request_context():
        sign_in._ask_code(people.find("ada@example.org"), elsewhere)
        assert flask.session["half"]["next"] == "/"
    path = "/login?" + urlencode({"next": elsewhere})
    fields = {"csrf_token": browse.token(theirs, path), "email": "ada@example.org", "password": make.PASSWORD}
    theirs.post(path, data=fields)
    assert give(theirs, phone.code()).location == "/"


def test_a_code_works_once(app, client, ada):
    phone, _ = set_up(client)
    code = phone.code()
    assert give(half_in(app), code).location == "/"
    for old in (code, phone.code(-30)):
        answer = give(half_in(app), old)
        assert (answer.status_code, browse.problems(answer.text)) == (422, [second_factor.WRONG])
    assert give(half_in(app), phone.code(30)).location == "/"


@pytest.mark.parametrize("ahead_s", [-90, 90])
def test_a_code_of_another_minute_is_wrong(app, client, ada, ahead_s):
    phone, _ = set_up(client)
    assert give(half_in(app), phone.code(ahead_s)).status_code == 422


def test_one_code_sent_twice_at_once_lets_one_in(context):
    ada = make.person(context)
    secret_key = context.config["SECRET_KEY"]
    second_factor.begin(ada, make.PASSWORD, secret_key)
    totp = TOTP(key=second_factor.pending(ada, secret_key).typed_key.replace(" ", ""))
    second_factor.confirm(ada, totp.generate(second_factor.now() - timedelta(seconds=30)).token, secret_key)
    code, came = totp.generate(second_factor.now()).token, []

    def come():
        with context.app_context():
            try:
                second_factor.check(ada.id, code, secret_key)
                came.append(True)
            except Invalid:
                came.append(False)

    together = [threading.Thread(target=come) for _ in range(4)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert sorted(came) == [False] * 3 + [True]


def test_a_recovery_code_stands_for_the_app_once(app, client, ada):
    _, codes = set_up(client)
    assert give(half_in(app), f" {codes[3].upper()} ").location == "/"
    assert give(half_in(app), codes[3]).status_code == 422
    assert "9 recovery codes left" in client.get("/account").text
    with app.app_context():
        kept = db.session.scalars(sa.select(RecoveryCode.code_hash)).all()
        assert {len(one) for one in kept} == {32}


def test_new_recovery_codes_replace_the_old_ones(app, client, ada):
    _, old = set_up(client)
    page = browse.send(client, f"{PAGE}/codes", current=make.PASSWORD).text
    new = re.findall(r"<li><code>([^<]+)", page)
    assert set(old).isdisjoint(new)
    assert give(half_in(app), old[0]).status_code == 422
    assert give(half_in(app), new[0]).location == "/"


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "x" * 10_000, "é" * 24]
)
def test_what_is_no_code_is_wrong(app, client, ada, code):
    set_up(client)
    answer = give(half_in(app), code)
    assert (answer.status_code, browse.problems(answer.text)) == (422, [second_factor.WRONG])
    assert len(code) < 9 or code not in answer.text


def test_five_wrong_codes_lead_back_to_the_password_and_to_a_wait(app, client, ada):
    phone, codes = set_up(client)
    theirs = half_in(app)
    for _ in range(4):
        assert browse.problems(give(theirs, "nothing").text) == [second_factor.WRONG]
    answer = give(theirs, "nothing")
    assert (answer.status_code, browse.problems(answer.text)) == (
        422,
        ["There were 5 wrong codes. Sign in again in 5 minutes."],
    )
    assert theirs.get("/login/code").location == "/login"
    for right in (phone.code(), codes[0]):
        assert "There were 5 wrong codes" in give(half_in(app), right).text
    with app.app_context(), transaction() as session:
        session.execute(sa.update(SecondFactor).values(wait_until=second_factor.now() - timedelta(seconds=1)))
    assert give(half_in(app), phone.code()).location == "/"


def test_a_password_given_long_ago_is_asked_for_again(app, client, ada):
    phone, _ = set_up(client)
    theirs = half_in(app)
    with theirs.session_transaction() as session:
        session["half"]["until"] -= 601
        session.modified = True
    assert theirs.get("/login/code").location == "/login"
    token = browse.token(theirs, "/login")
    assert theirs.post("/login/code", data={"csrf_token": token, "code": phone.code()}).location == "/login"


def test_a_link_does_not_go_round_the_second_factor(app, client, ada):
    phone, codes = set_up(client)
    with app.app_context():
        person = people.find("ada@example.org")
        straight, password = people.make_sign_in_link(person), people.make_password_link(person)
    theirs = app.test_client()
    assert theirs.get(f"/enter?token={straight}").location == "/login/code"
    assert theirs.get("/").status_code == 303
    assert give(theirs, phone.code()).location == "/"
    theirs = app.test_client()
    fields = browse.form(theirs.get(f"/enter?token={password}", follow_redirects=True).text, "/join")
    new = "a sound of distant drums"
    assert browse.press(theirs, "/join", fields, password=new, again=new).location == "/login/code"
    assert theirs.get("/").status_code == 303
    assert give(theirs, codes[0]).location == "/"


def test_switching_it_off_needs_no_code_any_more(app, client, ada):
    set_up(client)
    answer = browse.send(client, f"{PAGE}/off", current=make.PASSWORD)
    assert "Your second factor is off." in client.get(answer.location).text
    assert log_in(app.test_client(), "ada@example.org", make.PASSWORD).location == "/"
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(RecoveryCode)) == 0


def test_an_admin_takes_a_lost_one_off(app, client, ada):
    set_up(client)
    make.person(app, "bob@example.org", "admin")
    bob = browse.sign_in(app, app.test_client(), "bob@example.org")
    path = f"/people/{identify(app, 'ada@example.org')}"
    assert "Take the second factor off" in bob.get(path).text
    answer = browse.press(bob, f"{path}/second-factor", browse.form(bob.get(path).text, f"{path}/second-factor"))
    assert "ada signs in without a second factor now." in bob.get(answer.location).text
    assert "Take the second factor off" not in bob.get(path).text
    assert log_in(app.test_client(), "ada@example.org", make.PASSWORD).location == "/"
    assert kinds(app) == ["second_factor_on", "second_factor_taken_off"]


@pytest.mark.parametrize("path", ["/confirm", "/codes"])
def test_what_does_not_fit_its_state_is_told(app, client, ada, path):
    answer = browse.send(client, PAGE + path, current=make.PASSWORD, code="123456")
    assert (answer.status_code, len(browse.problems(answer.text))) == (409, 1)
    set_up(client)
    answer = browse.send(client, PAGE, current=make.PASSWORD)
    assert (answer.status_code, browse.problems(answer.text)) == (409, ["Your second factor is on already."])


def test_a_secret_is_kept_encrypted_and_another_key_of_the_server_is_told(app, client, ada):
    phone, codes = set_up(client)
    with app.app_context():
        assert phone.totp.key not in db.session.scalar(sa.select(SecondFactor.secret))
        with pytest.raises(Conflict, match="another secret key"):
            second_factor.check(ada.id, phone.code(), "another key of the server")
        second_factor.check(ada.id, codes[0], "another key of the server")
        second_factor.begin(make.person(app, "bob@example.org"), make.PASSWORD, "another key of the server")
    assert "Set up" in browse.sign_in(app, app.test_client(), "bob@example.org").get(PAGE).text


def test_only_people_have_a_second_factor(context):
    make.person(context)
    with pytest.raises(Denied):
        second_factor.begin(operator(people.the_tenant().id), "", "key")
    second_factor.check(people.find("ada@example.org").id, "whatever", "key")  # who has none needs none
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Activity)) == 0
