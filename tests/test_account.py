"""One's own account: how pages are shown, the password, the sessions."""

from __future__ import annotations

import logging
import re
import time
from statistics import median

import pytest
import sqlalchemy as sa
from flask_security.utils import verify_password
from passlib.totp import TOTP

from app.db import db, transaction
from app.models import Activity, Person
from app.service import passwords, people, profile
from tests import browse, make
from tests.test_people_page import identify, invite, join
from tests.test_web_sign_in import log_in

NEW = "a sound of distant drums"


@pytest.fixture
def ada(app, client):
    who = make.person(app)
    browse.sign_in(app, client)
    return who


def save(client, **changed):
    """Send the form of the profile with some of it changed."""
    return browse.press(client, "/account/profile", browse.form(client.get("/account").text, "/account/profile"), **changed)


def change(client, current=make.PASSWORD, password=NEW, again=None):
    return browse.send(client, "/account/password", current=current, password=password, again=again or password)


def test_times_are_printed_in_the_persons_time_zone_with_the_zone(app, client, ada):
    threat = make.put_threats(app, ada, 1)[0]
    assert ">2026-04-18 09:00 UTC</time>" in client.get(f"/threats/{threat}").text
    for zone, shown in {
        "Europe/Zurich": "2026-04-18 11:00 UTC+2",
        "Asia/Kathmandu": "2026-04-18 14:45 UTC+5:45",
        "America/St_Johns": "2026-04-18 06:30 UTC-2:30",
        "Africa/Abidjan": "2026-04-18 09:00 UTC",
    }.items():
        assert save(client, time_zone=zone).status_code == 303
        page = client.get(f"/threats/{threat}").text
        assert f'<time datetime="2026-04-18T09:00:00Z">{shown}</time>' in page
    assert ' data-time-zone="Africa/Abidjan"' in page


def test_the_api_and_files_stay_in_utc_and_km(app, client, ada):
    ids = make.put_threats(app, ada, 1, location_uncertainty_km=5.0)
    key = make.key(app, make.actor(app))
    save(client, time_zone="Asia/Kathmandu", units="miles")
    assert client.get(f"/v1/threats/{ids[0]}", headers=key).json["observed_at"] == "2026-04-18T09:00:00.000Z"
    file = client.get("/threats/export.csv").text
    assert "2026-04-18T09:00:00.000Z" in file
    assert "14:45" not in file


def test_distances_are_shown_in_the_persons_units(app, client, ada):
    threat = make.put_threats(app, ada, 1, location_uncertainty_km=5.0, location_precision_level="near")[0]
    assert "within 5 km" in client.get(f"/threats/{threat}").text
    save(client, units="miles")
    page = client.get(f"/threats/{threat}").text
    assert "within 3.11 miles" in page
    assert ' data-units="miles"' in page


def test_colours_and_shortcuts_are_told_by_the_page(app, client, ada):
    head = client.get("/").text.partition("</head>")[0]
    assert '<html lang="en">' in head
    assert 'content="light dark"' in head
    pairs = [pair for pair in browse.form(client.get("/account").text, "/account/profile") if pair[0] != "shortcuts"]
    browse.press(client, "/account/profile", pairs, theme="dark")
    head = client.get("/").text.partition("</head>")[0]
    assert '<html lang="en" data-theme="dark" data-shortcuts="off">' in head
    assert 'name="color-scheme" content="dark"' in head
    assert browse.form(client.get("/account").text, "/account/profile")[-1] == ("theme", "dark")


def test_a_name_is_changed_where_others_see_it(app, client, ada):
    answer = save(client, name=" Ada Lovelace ")
    page = client.get(answer.location).text
    assert "Your account is changed." in page
    assert ">Ada Lovelace</a>" in page


def test_a_profile_that_can_not_be_is_told_and_kept_in_the_form(app, client, ada):
    answer = save(client, name="\x00", time_zone="Mars/Olympus", units="leagues", theme="pink")
    assert answer.status_code == 422
    assert browse.problems(answer.text) == [
        "Control characters are not allowed here, except new lines and tabs.",
        "Choose a time zone of the list.",
        "Choose one of: km, miles.",
        "Choose one of: system, light, dark.",
    ]
    with app.app_context():
        assert people.find("ada@example.org").profile is None


def test_a_time_zone_that_is_known_no_more_counts_as_not_chosen(app, client, ada):
    with app.app_context(), transaction() as session:
        kept = {"time_zone": "Atlantis/Capital", "theme": "dark", "of later": 1}
        session.execute(sa.update(Person).values(profile=kept))
    assert 'data-theme="dark">' in client.get("/account").text
    assert profile.of(None) == profile.Profile()
    assert len(profile.time_zones()) > 400


def test_a_changed_password_ends_all_other_sessions_and_lets_its_owner_in(app, client, ada):
    other = browse.sign_in(app, app.test_client())
    answer = change(client)
    assert "Your password is changed. You are signed out everywhere else." in client.get(answer.location).text
    assert other.get("/").status_code == 303
    assert client.get("/").status_code == 200
    assert log_in(app.test_client(), "ada@example.org", NEW).location == "/"
    assert "is wrong" in log_in(app.test_client(), "ada@example.org", make.PASSWORD).text
    with app.app_context():
        assert db.session.scalar(sa.select(Activity.kind)) == "password_set"
        assert people.find("ada@example.org").password.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"current": "not mine at all"}, "This is not your password."),
        ({"current": ""}, "Enter your password."),
        ({"current": "\ud800".encode("utf-8", "surrogatepass")}, "This is not your password."),
        ({"password": "x" * 11}, "Use 12 to 256 characters."),
        ({"password": "x" * 257}, "Use 12 to 256 characters."),
        ({"again": "another one"}, "The two are not the same."),
        ({"password": "I am ADA@example.org"}, "Choose a password without your e-mail address and without the word Cordon."),
        ({"password": "qwertyuiop123"}, "This is among the passwords that are tried first. Choose another."),
    ],
)
def test_a_password_that_can_not_be_is_told_and_none_is_echoed(app, client, ada, given, says):
    answer = change(client, **given)
    assert (answer.status_code, browse.problems(answer.text)) == (422, [says])
    for secret in (make.PASSWORD, NEW, "x" * 11, "not mine at all", "another one"):
        assert secret not in answer.text
    assert client.get("/").status_code == 200


def test_any_characters_make_a_password_and_the_common_ones_do_not():
    assert len(passwords._known()) == 30_001  # and the nothing behind the last line
    for good in ("the quick red hen", "tTq9 ölüü 漢字 mm", "Ab1!Ab1?Ab1%", "purple1elephant"):
        assert not passwords.is_common(good), good
    for bad in ("password", "password2024", "iloveyou!!!!", "aaaaaaaaaaaa", "abcabcabcabc", "dragondragon", "1234567890123456"):
        assert passwords.is_common(bad), bad


def test_who_has_no_password_sets_one_without_telling_any(app, client):
    admin = make.actor(app)
    with app.app_context():
        people.add(admin, "ada@example.org", "viewer")
    browse.sign_in(app, client)
    page = client.get("/account").text
    assert "Set a password" in page
    assert 'name="current"' not in page
    assert browse.send(client, "/account/password", password=NEW, again=NEW).status_code == 303
    with app.app_context():
        assert verify_password(NEW, people.find("ada@example.org").password)


def test_signing_out_everywhere_ends_all_sessions_but_this_one(app, client, ada):
    others = [browse.sign_in(app, app.test_client()) for _ in range(2)]
    answer = browse.send(client, "/account/sign-out")
    assert "You are signed out everywhere else." in client.get(answer.location).text
    assert [other.get("/").status_code for other in others] == [303, 303]


def test_an_account_is_for_those_who_are_signed_in(client):
    assert client.get("/account").location == "/login?next=/account"
    assert client.get("/account/second-factor").status_code == 303


def test_forms_without_their_token_change_nothing(app, client, ada):
    for path in ("profile", "password", "sign-out", "second-factor", "second-factor/confirm", "second-factor/off"):
        assert client.post(f"/account/{path}", data={"name": "x", "password": NEW}).status_code == 400
    with app.app_context():
        person = people.find("ada@example.org")
        assert (person.name, person.profile) == ("ada", None)
        assert verify_password(make.PASSWORD, person.password)


def test_signing_in_takes_as_long_for_an_address_that_nobody_has(app, client):
    make.person(app)
    with app.app_context():
        people.add(make.actor(app), "eve@example.org", "viewer")  # who has no password
    token = browse.token(client, "/login")
    taken: dict[str, list[float]] = {"ada": [], "nobody": [], "eve": []}
    for number in range(25):
        for name, times in taken.items():
            fields = {"csrf_token": token, "email": f"{name}@example.org", "password": f"wrong password {number}"}
            start = time.perf_counter()
            client.post("/login", data=fields)
            times.append(time.perf_counter() - start)
    ada, nobody, eve = (median(times) for times in taken.values())
    assert abs(ada - nobody) < 0.4 * ada
    assert abs(ada - eve) < 0.4 * ada


def test_secrets_stand_in_no_log_and_in_no_later_page(app, client, caplog):
    """Everything is done once at the most talkative level, and all that was shown once is looked for afterwards."""
    caplog.set_level(logging.DEBUG)
    make.person(app, role="admin")
    log_in(client, "ada@example.org", "canary wrong password")
    log_in(client, "ada@example.org", make.PASSWORD)
    link = invite(client)
    join(app.test_client(), link, password="canary short", again="canary other")
    join(app.test_client(), link, password="canary of the invited")
    change(client, password="canary chosen anew")
    browse.send(client, "/account/second-factor", current="canary chosen anew")
    page = client.get("/account/second-factor").text
    typed = re.search(r'Key: <code class="once-shown">([^<]+)', page)[1]
    code = TOTP(key=typed.replace(" ", "")).generate().token
    shown = browse.send(client, "/account/second-factor/confirm", code=code).text
    recovery = re.findall(r"<li><code>([^<]+)", shown)
    other = app.test_client()
    log_in(other, "ada@example.org", "canary chosen anew")
    wrong = browse.press(other, "/login/code", browse.form(other.get("/login/code").text, "/login/code"), code=code).text
    log_in(other, "ada@example.org", "canary chosen anew")
    entered = browse.press(other, "/login/code", browse.form(other.get("/login/code").text, "/login/code"), code=recovery[0])
    assert entered.location == "/"
    bob = identify(app, "bob@example.org")
    pages = "".join(client.get(path).text for path in ("/", "/people", f"/people/{bob}", "/account", "/account/second-factor"))
    token = link.partition("=")[2]
    planted = [typed, typed.replace(" ", ""), *recovery, token, make.PASSWORD, "canary"]
    assert len(recovery) == 10
    for secret in planted:
        assert secret not in pages + wrong, secret
        assert secret not in caplog.text, secret
