"""The page of API keys: who sees it, the key shown once, forms that keep what was typed, rotating and revoking."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
import sqlalchemy as sa

from app.db import db, now, transaction
from app.models import Activity, ApiKey, KeptAnswer
from app.service import keys
from app.terms import Permission, Role
from tests import browse, make


@pytest.fixture
def grace(app, client):
    make.person(app, "grace@example.org", Role.ADMIN)
    return browse.sign_in(app, client, "grace@example.org")


def shown(page: str) -> str:
    """Return the key that an answer shows."""
    return re.search(r'<textarea class="key-secret" id="key"[^>]*readonly[^>]*>(\w+)</textarea>', page)[1]


def fill(client, *scopes: str, **fields: str):
    """Send the form of the page as it is, but for some fields."""
    pairs = browse.form(client.get("/keys").text, "/keys")
    return browse.press(client, "/keys", [*pairs, *(("scope", scope) for scope in scopes)], **fields)


def rows(app) -> list[ApiKey]:
    with app.app_context():
        return list(db.session.scalars(sa.select(ApiKey).order_by(ApiKey.id)))


def works(app, key: str) -> bool:
    return app.test_client().get("/v1/threats", headers={"X-API-Key": key}).status_code == 200


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_only_admins_see_the_page_and_the_way_to_it(app, client, role):
    make.person(app, role=role)
    browse.sign_in(app, client)
    who = make.actor(app)
    make.key(app, who)
    key_id = rows(app)[0].id
    assert "/keys" not in client.get("/").text
    assert client.get("/keys").status_code == 403
    assert client.get(f"/keys/{key_id}/revoke").status_code == 403
    for path in ("/keys", f"/keys/{key_id}/rotate", f"/keys/{key_id}/revoke"):
        assert browse.send(client, path, name="x", scope="admin", overlap="0").status_code == 403, path
    assert [(row.revoked_at, row.expires_at) for row in rows(app)] == [(None, None)]


def test_who_is_signed_out_is_led_to_the_sign_in_page(client):
    assert client.get("/keys").location == "/login?next=/keys"


def test_a_key_is_made_shown_once_and_works(app, client, grace):
    assert '<a href="/keys" aria-current="page">API keys</a>' in client.get("/keys").text
    made = fill(
        client, "threats:read", "incidents:write", name=" Playbook ", days="90", networks="192.0.2.0/24\r\n127.0.0.1\r\n\r\n"
    )
    assert made.status_code == 200
    assert made.headers["Cache-Control"] == "no-store"
    key = shown(made.text)
    assert works(app, key)
    (row,) = rows(app)
    assert (row.name, row.scopes, row.networks) == (
        "Playbook",
        ["incidents:write", "threats:read"],
        ["192.0.2.0/24", "127.0.0.1/32"],
    )
    assert timedelta(days=89) < row.expires_at - now() < timedelta(days=91)
    page = client.get("/keys").text
    assert f"<code>cordon_{row.prefix}…{row.last4}</code>" in page
    assert "In use" in page
    assert "from 127.0.0.1" in page
    assert key[15:-4] not in page
    with app.app_context():
        (act,) = db.session.scalars(sa.select(Activity))
        assert (act.kind, act.edge, act.actor_name) == ("key_created", "web", "grace")


def test_the_same_form_sent_again_makes_no_second_key_and_shows_none(app, client, grace):
    pairs = [*browse.form(client.get("/keys").text, "/keys"), ("scope", "threats:read")]
    key = shown(browse.press(client, "/keys", pairs, name="Playbook").text)
    again = browse.press(client, "/keys", pairs, name="Playbook")
    assert again.status_code == 303
    page = client.get(again.location).text
    assert "The key “Playbook” was made when this form was sent before." in page
    assert key[15:-4] not in page
    assert len(rows(app)) == 1
    with app.app_context():
        assert key[15:-4] not in db.session.scalar(sa.select(KeptAnswer)).body.decode()


def test_a_form_that_can_not_be_used_keeps_what_was_typed_and_says_why(app, client, grace):
    refused = fill(client, "admin", name="", days="0", networks="10.0.0.1/8\nhome\nhouse")
    assert refused.status_code == 422
    assert browse.problems(refused.text) == [
        "Enter a name.",
        "Give a whole number of days from 1 to 3,650, or nothing.",
        "This is an address inside a network. Did you mean 10.0.0.0/8?",
        "Write each network as 192.0.2.0/24, 2001:db8::/32 or one address.",
    ]
    kept = browse.form(refused.text, "/keys")
    assert ("scope", "admin") in kept
    assert ("days", "0") in kept
    assert ("networks", "10.0.0.1/8\nhome\nhouse") in kept
    assert "<title>Error: API keys" in refused.text
    assert browse.problems(fill(client, name="Playbook", days="").text) == ["Choose at least one scope."]
    assert browse.problems(fill(client, "root", name="Playbook").text) == [f"Choose one of: {', '.join(Permission)}."]
    assert rows(app) == []


def test_a_key_that_never_expires_says_so(app, client, grace):
    assert "It expires never" in fill(client, "threats:read", name="<b>Playbook</b>", days="").text
    page = client.get("/keys").text
    assert "&lt;b&gt;Playbook" in page
    assert "<b>Playbook" not in page
    assert "Never used" in page
    assert rows(app)[0].expires_at is None


def test_a_key_is_rotated_and_both_are_good_for_as_long_as_was_chosen(app, client, grace):
    old = shown(fill(client, "threats:read", name="Playbook").text)
    action = f"/keys/{rows(app)[0].id}/rotate"
    pairs = browse.form(client.get("/keys").text, action)
    assert ("overlap", "24") in pairs
    made = browse.press(client, action, pairs, overlap="168")
    new = shown(made.text)
    assert "“Playbook” is made" in made.text
    assert works(app, old)
    assert works(app, new)
    was, row = rows(app)
    assert timedelta(days=6, hours=23) < was.expires_at - now() < timedelta(days=7, hours=1)
    assert was.successor_id == row.id
    page = client.get("/keys").text
    assert "Replaced, good until it expires" in page
    assert action not in page
    refused = browse.press(client, action, [pair for pair in pairs if pair[0] != "nonce"])
    assert refused.status_code == 409
    assert browse.problems(refused.text) == ["This key was rotated before. Rotate the one that followed it."]


@pytest.mark.parametrize("overlap", ["721", "5", "-1", "soon", ""])
def test_an_overlap_that_is_not_offered_is_refused(app, client, grace, overlap):
    fill(client, "threats:read", name="Playbook")
    refused = browse.send(client, f"/keys/{rows(app)[0].id}/rotate", overlap=overlap)
    assert refused.status_code == 422
    assert browse.problems(refused.text) == ["Give 0 to 720 hours, which is 30 days."]
    assert len(rows(app)) == 1


def test_a_key_is_revoked_after_asking(app, client, grace):
    key = shown(fill(client, "threats:read", name="Playbook").text)
    works(app, key)
    path = f"/keys/{rows(app)[0].id}/revoke"
    assert f'<a class="button" href="{path}">Revoke' in client.get("/keys").text
    asked = client.get(path).text
    assert "Revoke “Playbook”?" in asked
    assert works(app, key)
    done = browse.press(client, path, browse.form(asked, path))
    assert done.status_code == 303
    page = client.get(done.location).text
    assert "“Playbook” is revoked. Nothing can use it any more." in page
    assert "Keys that ended" in page
    assert path not in page
    assert not works(app, key)


def test_states_are_told_in_words(app, client, grace):
    who = make.actor(app)
    for name in ("Expired one", "Refused one"):
        make.key(app, who)
        with app.app_context(), transaction() as session:
            session.execute(sa.update(ApiKey).where(ApiKey.name == "test").values(name=name))
    with app.app_context(), transaction() as session:
        session.execute(sa.update(ApiKey).where(ApiKey.name == "Expired one").values(expires_at=now() - timedelta(days=2)))
        refused = {"networks": ["10.0.0.0/8"], "refused_at": now(), "refused_from": "192.0.2.66"}
        session.execute(sa.update(ApiKey).where(ApiKey.name == "Refused one").values(refused))
    page = " ".join(unescape(re.sub(r"<[^>]+>", " ", client.get("/keys").text)).split())
    live, ended = page.split("Keys that ended 1")
    assert "Refused one Never used" in live
    assert "From 10.0.0.0/8 Last used never Last refused" in live
    assert "from 192.0.2.66 , which is in none of its networks" in live
    assert "Expired one Expired" in ended


def test_keys_of_another_tenant_are_not_there(app, client, grace):
    make.key(app, make.actor(app, "Other"))
    row = rows(app)[0]
    assert row.prefix not in client.get("/keys").text
    assert client.get(f"/keys/{row.id}/revoke").status_code == 404
    for verb in ("revoke", "rotate"):
        assert browse.send(client, f"/keys/{row.id}/{verb}", overlap="0").status_code == 404
    assert rows(app)[0].revoked_at is None


def test_a_forged_form_makes_nothing(app, client, grace):
    assert client.post("/keys", data={"name": "Forged", "scope": "admin"}).status_code == 400
    assert rows(app) == []


def test_a_list_that_is_cut_says_the_true_number(app, client, grace, monkeypatch):
    monkeypatch.setattr("app.web.keys.LIVE_SHOWN", 2)
    monkeypatch.setattr("app.web.keys.ENDED_SHOWN", 1)
    who = make.actor(app)
    for _ in range(5):
        make.key(app, who)
    with app.app_context():
        for row in keys.listed(who, limit=2).items:
            keys.revoke(who, row.id)
    page = " ".join(re.sub(r"<[^>]+>", " ", client.get("/keys").text).split())
    assert "Keys that are good 3 The newest 2 are shown" in page
    assert "Keys that ended 2 The newest 1 are shown." in page


def test_the_pattern_for_secret_scanners_is_shown(client, grace):
    page = unescape(client.get("/keys").text)
    assert f'<code class="pattern">{keys.PATTERN}</code>' in page
