"""The people of a tenant: seen, invited and decided about by its admins."""

from __future__ import annotations

import re
import threading

import pytest
import sqlalchemy as sa

from app.db import db, now, transaction
from app.errors import Conflict, Denied
from app.models import Activity, Membership, Person, SecondFactor, SignInLink
from app.service import account, people, roster, second_factor
from app.service.roster import State
from app.terms import Role
from tests import browse, make

NEW = "a sound of distant drums"


@pytest.fixture
def admin(app, client):
    """Ada is an admin and signed in."""
    who = make.person(app, role="admin")
    browse.sign_in(app, client)
    return who


def identify(app, email):
    with app.app_context():
        return people.find(email).id


def invite(client, email="bob@example.org", role="analyst"):
    """Invite someone by the page and return the path of their link."""
    answer = browse.send(client, "/people", email=email, role=role)
    assert answer.status_code == 200
    return re.search(r"http://localhost(/enter\?token=[\w-]+)", answer.text)[1]


def join(client, path, name="Bob", password=NEW, again=None):
    """Follow a link and send its form."""
    page = client.get(path, follow_redirects=True)
    fields = browse.form(page.text, "/join")
    return browse.press(client, "/join", fields, name=name, password=password, again=password if again is None else again)


def kinds(app):
    with app.app_context():
        return list(db.session.scalars(sa.select(Activity.kind).order_by(Activity.at, Activity.id)))


def test_someone_invited_sets_a_name_and_a_password_and_is_in(app, client, admin):
    path = invite(client)
    listed = client.get("/people").text
    assert "bob@example.org" in listed
    assert "Invited" in listed
    assert "link good until" in listed
    theirs = app.test_client()
    page = theirs.get(path, follow_redirects=True)
    assert "Welcome to Cordon" in page.text
    assert path.partition("=")[2] not in page.text
    assert page.request.path == "/join"
    answer = join(theirs, path)
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Bob" in theirs.get("/").text
    assert theirs.get(path, follow_redirects=True).status_code == 404
    with app.app_context():
        assert [(one.person.name, one.role, one.state) for one in roster.members(admin)] == [
            ("ada", Role.ADMIN, State.ACTIVE),
            ("Bob", Role.ANALYST, State.ACTIVE),
        ]
    assert kinds(app) == ["person_invited", "password_set"]


def test_opening_an_invitation_does_not_use_it_up(app, client, admin):
    path = invite(client)
    for _ in range(2):
        assert app.test_client().get(path, follow_redirects=True).status_code == 200
    assert join(app.test_client(), path).status_code == 303


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": " "}, "Enter your name."),
        ({"password": "short", "again": "short"}, "Use 12 to 256 characters."),
        ({"again": "something else"}, "The two are not the same."),
        ({"password": "bob@example.org-2026"}, "Choose a password without your e-mail address and without the word Cordon."),
        ({"password": "The Cordon of 2026"}, "Choose a password without your e-mail address and without the word Cordon."),
        ({"password": "password1234"}, "This is among the passwords that are tried first. Choose another."),
        ({"password": "123123123123"}, "This is among the passwords that are tried first. Choose another."),
        ({"password": "sunshinesunshine"}, "This is among the passwords that are tried first. Choose another."),
    ],
)
def test_a_bad_name_or_password_is_told_and_the_link_still_works(app, client, admin, given, says):
    path = invite(client)
    theirs = app.test_client()
    answer = join(theirs, path, **{"again": None, **given})
    assert answer.status_code == 422
    assert browse.problems(answer.text) == [says]
    assert given.get("password", NEW) not in re.sub(r'name="username" value="[^"]*"', "", answer.text)
    assert join(theirs, path).status_code == 303


def test_a_password_of_bytes_that_are_no_text_is_refused(app, client, admin):
    theirs = app.test_client()
    page = theirs.get(invite(client), follow_redirects=True).text
    body = f"csrf_token={browse.hidden(page, 'csrf_token')}&name=B&password=%ff%fe{'x' * 12}&again=%ff%fe{'x' * 12}"
    answer = theirs.post("/join", data=body, content_type=browse.FORM)
    assert browse.problems(answer.text) == ["Control characters are not allowed here."]


def test_an_invitation_lapses_after_seven_days_and_a_new_one_replaces_it(app, client, admin):
    first = invite(client)
    with app.app_context():
        left = db.session.scalar(sa.select(SignInLink.expires_at).where(SignInLink.sets_password.is_(True))) - now()
    assert people.INVITATION_LIFE.days == 7
    assert abs((people.INVITATION_LIFE - left).total_seconds()) < 60
    bob = identify(app, "bob@example.org")
    page = browse.send(client, f"/people/{bob}/link").text
    second = re.search(r"http://localhost(/enter\?token=[\w-]+)", page)[1]
    assert "within 7 days" in page
    assert app.test_client().get(first).status_code == 303
    assert app.test_client().get(first, follow_redirects=True).status_code == 404
    with app.app_context(), transaction() as session:
        session.execute(sa.update(SignInLink).values(expires_at=now()))
    assert app.test_client().get(second, follow_redirects=True).status_code == 404


def test_an_address_is_shown_once_and_kept_as_a_hash(app, client, admin):
    token = invite(client).partition("=")[2]
    for path in ("/people", f"/people/{identify(app, 'bob@example.org')}", "/"):
        assert token not in client.get(path).text
    with app.app_context():
        assert token.encode() not in db.session.scalar(sa.select(SignInLink.token_hash).where(SignInLink.sets_password.is_(True)))


@pytest.mark.parametrize(
    ("email", "role", "status", "says"),
    [
        ("nobody", "analyst", 422, ["Write the address as name@example.org."]),
        ("", "king", 422, ["Enter an e-mail address.", "Choose one of: viewer, analyst, admin."]),
        ("ADA@example.org", "viewer", 409, ["There is a person with the address ada@example.org already."]),
    ],
)
def test_an_invitation_that_can_not_be_is_told_and_the_form_kept(client, admin, email, role, status, says):
    answer = browse.send(client, "/people", email=email, role=role)
    assert (answer.status_code, browse.problems(answer.text)) == (status, says)
    assert f'value="{email}"' in answer.text


def test_a_role_is_changed_at_once(app, client, admin):
    make.person(app, "bob@example.org")
    bob = identify(app, "bob@example.org")
    theirs = browse.sign_in(app, app.test_client(), "bob@example.org")
    assert theirs.get("/people").status_code == 403
    page = client.get(f"/people/{bob}").text
    answer = browse.press(client, f"/people/{bob}/role", browse.form(page, f"/people/{bob}/role"), role="admin")
    assert "bob has the role admin now." in client.get(answer.location).text
    assert theirs.get("/people").status_code == 200
    assert kinds(app) == ["person_role_changed"]
    answer = browse.send(client, f"/people/{bob}/role", role="king")
    assert (answer.status_code, browse.problems(answer.text)) == (422, ["Choose one of: viewer, analyst, admin."])


def test_a_disabled_person_is_out_at_once_and_stays_out_until_enabled(app, client, admin):
    make.person(app, "bob@example.org")
    bob = identify(app, "bob@example.org")
    theirs = browse.sign_in(app, app.test_client(), "bob@example.org")
    with app.app_context():
        link = people.make_sign_in_link(people.find("bob@example.org"))
    assert theirs.get("/").status_code == 200
    answer = browse.send(client, f"/people/{bob}/switch", on="0")
    assert "bob is disabled and signed out everywhere." in client.get(answer.location).text
    assert theirs.get("/").status_code == 303
    assert theirs.get(f"/enter?token={link}").status_code == 404
    answer = browse.send(client, f"/people/{bob}/link")
    assert (answer.status_code, browse.problems(answer.text)) == (409, ["bob is disabled. Enable them first."])
    browse.send(client, f"/people/{bob}/switch", on="1")
    assert theirs.get("/").status_code == 303  # what was a session does not come back to life
    assert browse.sign_in(app, theirs, "bob@example.org").get("/").status_code == 200
    assert kinds(app) == ["person_disabled", "person_enabled"]


@pytest.mark.parametrize(("verb", "field", "value"), [("role", "role", "viewer"), ("switch", "on", "0")])
def test_the_last_admin_who_can_sign_in_stays(app, client, admin, verb, field, value):
    invite(client, "eve@example.org", "admin")  # who has not come yet
    answer = browse.send(client, f"/people/{admin.id}/{verb}", **{field: value})
    words = "This is the only admin who can sign in. Make someone else an admin first."
    assert (answer.status_code, browse.problems(answer.text)) == (409, [words])
    assert client.get("/people").status_code == 200
    make.person(app, "bob@example.org", "admin")
    assert browse.send(client, f"/people/{admin.id}/{verb}", **{field: value}).status_code == 303
    assert client.get("/people").status_code in {303, 403}


def test_two_admins_who_demote_each_other_at_once_leave_one(context):
    ada, bob = make.person(context, role="admin"), make.person(context, "bob@example.org", "admin")
    refused: list[Conflict] = []

    def demote(who, other):
        with context.app_context():
            try:
                roster.change_role(who, other.id, "viewer")
            except Conflict as error:
                refused.append(error)

    together = [threading.Thread(target=demote, args=pair) for pair in ((ada, bob), (bob, ada))]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert len(refused) == 1
    assert db.session.scalars(sa.select(Membership.role).where(Membership.role == Role.ADMIN)).all() == [Role.ADMIN]


def test_a_reset_link_ends_all_sessions_once_it_is_used(app, client, admin):
    make.person(app, "bob@example.org")
    theirs = browse.sign_in(app, app.test_client(), "bob@example.org")
    page = browse.send(client, f"/people/{identify(app, 'bob@example.org')}/link").text
    path = re.search(r"http://localhost(/enter\?token=[\w-]+)", page)[1]
    assert "within 1 day:" in page
    assert theirs.get("/").status_code == 200
    other = app.test_client()
    assert "Set a new password" in other.get(path, follow_redirects=True).text
    assert join(other, path).status_code == 303
    assert theirs.get("/").status_code == 303
    assert other.get("/").status_code == 200


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_only_admins_see_and_change_people(app, client, role):
    admin = make.person(app, role="admin")
    who = make.person(app, "bob@example.org", role)
    browse.sign_in(app, client, "bob@example.org")
    assert 'href="/people"' not in client.get("/").text
    for path in ("/people", f"/people/{admin.id}"):
        assert client.get(path).status_code == 403
    sent = {"/people": {"email": "x@example.org", "role": "admin"}, f"/people/{who.id}/role": {"role": "admin"}}
    sent |= {f"/people/{admin.id}/{verb}": {"on": "0"} for verb in ("switch", "link", "second-factor")}
    for path, fields in sent.items():
        assert browse.send(client, path, **fields).status_code == 403
    with app.app_context():
        for act in (roster.members, lambda one: roster.invite(one, "x@example.org", "viewer")):
            with pytest.raises(Denied):
                act(who)
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 2


def test_people_of_another_tenant_are_nobody(app, client, admin):
    other = make.person(app, "eve@example.org", "admin", tenant="Other")
    assert "eve@example.org" not in client.get("/people").text
    assert client.get(f"/people/{other.id}").status_code == 404
    for verb in ("role", "switch", "link", "second-factor"):
        assert browse.send(client, f"/people/{other.id}/{verb}", role="viewer", on="0").status_code == 404
    with app.app_context():
        assert roster.get(other, other.id).state is State.ACTIVE


def test_of_one_who_belongs_to_two_tenants_neither_admin_decides_alone(app, client, admin):
    both = make.person(app, "eve@example.org", tenant="Other")
    with app.app_context(), transaction() as session:
        session.add(Membership(person_id=both.id, tenant_id=admin.tenant_id, role=Role.VIEWER))
    for verb in ("switch", "link", "second-factor"):
        answer = browse.send(client, f"/people/{both.id}/{verb}", on="0")
        assert (answer.status_code, "only the operator can do this" in answer.text) == (409, True)
    assert browse.send(client, f"/people/{both.id}/role", role="analyst").status_code == 303
    with app.app_context():
        rows = db.session.execute(sa.select(Membership.tenant_id, Membership.role).where(Membership.person_id == both.id))
        roster.switch(make.actor(app), both.id, on=False)  # the operator
        assert {row.tenant_id: row.role for row in rows} == {admin.tenant_id: Role.ANALYST, both.tenant_id: Role.ANALYST}


def test_the_operator_lets_a_locked_out_admin_in(app, client, admin):
    run = app.test_cli_runner()
    with app.app_context():
        second_factor.begin(admin, make.PASSWORD, app.config["SECRET_KEY"])
        with transaction() as session:
            session.execute(sa.update(SecondFactor).values(since=now()))
        assert second_factor.is_on(admin.id)
    done = run.invoke(args=["user", "second-factor-off", "ada@example.org"])
    assert (done.exit_code, done.output) == (0, "ada@example.org signs in without a second factor now.\n")
    with app.app_context():
        assert not second_factor.is_on(admin.id)
        act = db.session.scalar(sa.select(Activity))
        assert (act.kind, act.actor_kind, act.edge) == ("second_factor_taken_off", "operator", "cli")
    assert run.invoke(args=["user", "second-factor-off", "eve@example.org"]).exit_code == 1
    make.person(app, "bob@example.org")
    with app.app_context():
        roster.switch(admin, people.find("bob@example.org").id, on=False)
    refused = run.invoke(args=["user", "link", "bob@example.org"])
    assert (refused.exit_code, "bob@example.org is disabled" in refused.output) == (1, True)


def test_the_last_sign_in_is_told_whichever_way_it_was(app, client, admin):
    make.person(app, "bob@example.org")
    fields = {"email": "bob@example.org", "password": make.PASSWORD}
    theirs = app.test_client()
    fields["csrf_token"] = browse.token(theirs, "/login")
    assert client.get("/people").text.count("never") == 1
    assert theirs.post("/login", data=fields).status_code == 302
    assert "never" not in client.get("/people").text


def test_two_who_have_one_link_can_not_both_set_the_password(context):
    admin = make.actor(context)
    _, token = roster.invite(admin, "bob@example.org", "viewer")
    came: list[bool] = []

    def come(number):
        with context.app_context():
            try:
                account.join(token, "Bob", f"{NEW} {number}", f"{NEW} {number}")
                came.append(True)
            except people.NotFound:
                came.append(False)

    together = [threading.Thread(target=come, args=(number,)) for number in range(4)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert sorted(came) == [False] * 3 + [True]
