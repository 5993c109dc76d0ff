"""People, sign-in links and keys in the service, and the settings they stand on."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask_security.utils import verify_password

from app import create_app
from app.db import db, now, transaction
from app.errors import Conflict, Invalid, NotFound, Unavailable, Unreadable
from app.models import ApiKey, Person, SignInLink
from app.service import keys, people, threats
from app.service.actor import PERMISSIONS
from app.terms import Permission, Role
from tests import make


@pytest.mark.parametrize("password", ["pässwörd-långt-12", "pa\u0308sswo\u0308rd-lang-12", "パスワードは長い方がよい"])
def test_a_password_of_any_letters_lets_its_owner_in(app, client, password):
    admin = make.actor(app)
    with app.app_context():
        people.add(admin, "ada@example.org", "analyst", password=password)
    page = client.get("/login").text
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    client.post("/login", data={"email": "ADA@example.org", "password": password, "csrf_token": token})
    assert client.get("/").status_code == 200


def test_a_person_is_kept_with_a_hash_and_what_they_may_do(context):
    admin = make.actor(context)
    person = people.add(admin, " Ada@Example.org ", "viewer", name=" ", password=make.PASSWORD)
    assert (person.email, person.name) == ("ada@example.org", "ada")
    assert make.PASSWORD not in person.password
    assert verify_password(make.PASSWORD, person.password)
    assert people.actor_for(person.id).permissions == PERMISSIONS[Role.VIEWER]
    assert people.find("ADA@example.org").id == person.id


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": ""}, "email"),
        ({"email": "ß" * 200 + "@example.org"}, "email"),
        ({"role": "king"}, "role"),
        ({"name": "x" * 101}, "name"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 257}, "password"),
    ],
)
def test_a_person_that_can_not_be_is_told_field_by_field(context, given, field):
    admin = make.actor(context)
    good = {"email": "ada@example.org", "role": "analyst", "name": "Ada", "password": make.PASSWORD}
    values = {**good, **given}
    with pytest.raises(Invalid) as refused:
        people.add(admin, values["email"], values["role"], name=values["name"], password=values["password"])
    assert [fault.field for fault in refused.value.faults] == [field]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 0


def test_an_address_is_taken_once(context):
    admin = make.actor(context)
    people.add(admin, "ada@example.org", "viewer")
    with pytest.raises(Conflict, match="already"):
        people.add(admin, "ADA@example.org", "viewer")


def test_a_long_address_gives_a_name_that_fits(context):
    person = people.add(make.actor(context), f"{'x' * 120}@example.org", "viewer")
    assert len(person.name) == 100


def test_a_sign_in_link_lets_one_of_many_in(context):
    person = people.add(make.actor(context), "ada@example.org", "viewer")
    token = people.make_sign_in_link(person)
    came_in: list[bool] = []

    def enter() -> None:
        with context.app_context():
            try:
                people.use_sign_in_link(token)
                came_in.append(True)
            except NotFound:
                came_in.append(False)

    together = [threading.Thread(target=enter) for _ in range(8)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert sorted(came_in) == [False] * 7 + [True]


def test_a_sign_in_link_is_kept_as_a_hash_and_lapses(context):
    person = people.add(make.actor(context), "ada@example.org", "viewer")
    token = people.make_sign_in_link(person)
    row = db.session.scalar(sa.select(SignInLink))
    assert token.encode() not in row.token_hash
    with transaction() as session:
        session.execute(sa.update(SignInLink).values(expires_at=now() - timedelta(seconds=1)))
    with pytest.raises(NotFound):
        people.use_sign_in_link(token)


def test_a_person_who_is_switched_off_does_not_come_in(context):
    person = people.add(make.actor(context), "ada@example.org", "viewer")
    token = people.make_sign_in_link(person)
    with transaction() as session:
        session.execute(sa.update(Person).values(active=False))
    with pytest.raises(NotFound):
        people.use_sign_in_link(token)
    with pytest.raises(NotFound):
        people.actor_for(person.id)


def test_a_key_says_what_is_wrong_with_it_before_it_is_made(context):
    admin = make.actor(context)
    with pytest.raises(Invalid) as refused:
        keys.create(admin, " ", ["incidents:read", "everything"])
    assert [fault.field for fault in refused.value.faults] == ["name", "scopes[1]"]
    with pytest.raises(Invalid) as refused:
        keys.create(admin, "Good", [])
    assert [fault.field for fault in refused.value.faults] == ["scopes"]


def test_keys_of_a_name_are_revoked_in_their_own_tenant_only(context):
    ours, theirs = make.actor(context), make.actor(context, "Other")
    _, mine = keys.create(ours, "feed", [Permission.THREATS_READ, Permission.THREATS_READ])
    _, other = keys.create(theirs, "feed", [Permission.THREATS_READ])
    assert keys.revoke_named(ours, "feed") == 1
    assert keys.revoke_named(ours, "feed") == 0
    with pytest.raises(keys.KeyRefused):
        keys.authenticate(mine, "192.0.2.1")
    assert keys.authenticate(other, "192.0.2.1").permissions == {Permission.THREATS_READ}


def test_a_key_is_found_by_its_id_and_by_how_it_begins(context):
    ours, theirs = make.actor(context), make.actor(context, "Other")
    row, key = keys.create(ours, "feed", [Permission.THREATS_READ])
    for written in (str(row.id), row.prefix, f"cordon_{row.prefix}"):
        assert keys.find(ours, written).id == row.id
        with pytest.raises(NotFound):
            keys.find(theirs, written)
    with pytest.raises(NotFound):
        keys.find(ours, key)


def test_of_many_who_rotate_a_key_at_once_one_does(context):
    admin = make.actor(context)
    row, _ = keys.create(admin, "feed", [Permission.THREATS_READ])
    made: list[bool] = []

    def rotate() -> None:
        with context.app_context():
            try:
                keys.rotate(admin, row.id, 1)
                made.append(True)
            except Conflict:
                made.append(False)

    together = [threading.Thread(target=rotate) for _ in range(6)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert sorted(made) == [False] * 5 + [True]
    assert keys.listed(admin).total == 2


def test_a_key_is_read_while_another_writes(app, client):
    key = make.key(app, make.actor(app))
    with app.app_context():
        engine = db.engine
    with engine.connect().execution_options(writes=True) as writer:
        if engine.dialect.name == "sqlite":
            writer.exec_driver_sql("SELECT 1")
        else:
            writer.exec_driver_sql("LOCK TABLE api_key IN EXCLUSIVE MODE")
        start = now()
        assert client.get("/v1/threats", headers=key).status_code == 200
        assert now() - start < timedelta(milliseconds=app.config["BUSY_TIMEOUT_MS"] / 2)
        writer.rollback()
    client.get("/v1/threats", headers=key)
    with app.app_context():
        assert db.session.scalar(sa.select(ApiKey.last_used_at)) is not None


def test_putting_threats_in_does_not_hold_up_incidents(app, client, engine_name):
    if engine_name == "sqlite":
        pytest.skip("SQLite has one writer at a time, whatever it writes")
    who = make.actor(app)
    key = make.key(app, who)
    with app.app_context():
        engine = db.engine
    with engine.connect() as writer:
        writer.exec_driver_sql("SELECT id FROM tenant FOR NO KEY UPDATE")
        assert client.post("/v1/incidents", headers=key, json={"title": "Now"}).status_code == 201
        writer.rollback()
    assert threats.UPSERT_MAX == 1000


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%20b", "ü ß"])
def test_a_data_folder_may_have_any_name(tmp_path, name):
    app = create_app(DATA_DIR=tmp_path / name)
    with app.app_context():
        db.session.execute(sa.text("SELECT 1"))
        db.engine.dispose()
    assert (tmp_path / name / "cordon.db").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_the_secret_key_is_made_once_and_kept_private(tmp_path):
    first, second = create_app(DATA_DIR=tmp_path), create_app(DATA_DIR=tmp_path)
    assert first.config["SECRET_KEY"] == second.config["SECRET_KEY"]
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_a_secret_key_that_was_cut_off_is_told(tmp_path):
    (tmp_path / "secret-key").write_text("")
    with pytest.raises(Unavailable, match="empty or cut off"):
        create_app(DATA_DIR=tmp_path)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CORDON_WORKERS", "many"), ("CORDON_SECURE_COOKIES", "yes"), ("CORDON_DATABASE_URL", "mysql://secret@host/x")],
)
def test_a_setting_that_can_not_be_is_named_without_its_value(tmp_path, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(Unreadable) as refused:
        create_app(DATA_DIR=tmp_path)
    assert variable in str(refused.value)
    assert value not in str(refused.value)
