"""API keys by the API: made and told once, bound to networks, rotated, revoked, and on record."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.db import db, now, transaction
from app.models import Activity, ApiKey, KeptAnswer
from app.service import keys
from app.terms import Permission
from tests import make

PATH = "/v1/keys"
GOOD = {"name": "playbook", "scopes": ["threats:read"]}


@pytest.fixture
def admin(app) -> dict[str, str]:
    return make.key(app, make.actor(app), Permission.ADMIN)


def issues(response) -> dict[str, str]:
    return {each["field"]: each["issue"] for each in response.json["error"]["details"]}


def as_key(made) -> dict[str, str]:
    return {"X-API-Key": made.json["key"]}


def set_key(app, key_id: str, **values) -> None:
    with app.app_context(), transaction() as session:
        session.execute(sa.update(ApiKey).where(ApiKey.id == UUID(key_id)).values(values))


def asked_from(client, address: str, headers: dict[str, str]):
    return client.get("/v1/threats", headers=headers, environ_base={"REMOTE_ADDR": address})


def acts(app) -> list[Activity]:
    with app.app_context():
        return list(db.session.scalars(sa.select(Activity).where(Activity.kind.like("key_%")).order_by(Activity.id)))


def test_a_key_is_made_told_once_and_works(app, client, admin):
    made = client.post(PATH, headers=admin, json=GOOD)
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    body = made.json
    assert re.fullmatch(keys.PATTERN, body["key"])
    assert body["key"].startswith(f"cordon_{body['prefix']}")
    assert body["key"].endswith(body["last4"])
    assert body["key_withheld"] is False
    assert (body["state"], body["scopes"], body["networks"], body["expires_at"]) == ("unused", ["threats:read"], [], None)
    assert client.get("/v1/threats", headers=as_key(made)).status_code == 200
    assert client.post("/v1/threats", headers=as_key(made), json={}).status_code == 403
    page = client.get(PATH, headers=admin)
    assert page.json["total"] == 2
    listed = page.json["keys"][0]
    assert (listed["id"], listed["state"], listed["last_used_from"]) == (body["id"], "used", "127.0.0.1")
    assert listed["last_used_at"] is not None
    assert body["key"][15:-4] not in page.text
    assert not {"key", "key_hash"} & set(listed)


def test_all_that_is_wrong_with_a_key_is_told_at_once(client, admin):
    wrong = {
        "name": " ",
        "scopes": ["threats:read", "everything"],
        "expires_at": "2020-01-01T00:00:00Z",
        "networks": ["192.0.2.0/24", "192.0.2.1/24", "here", "fe80::1%eth0", ""],
    }
    refused = client.post(PATH, headers=admin, json=wrong)
    assert refused.status_code == 422
    what = "Write each network as 192.0.2.0/24, 2001:db8::/32 or one address."
    assert issues(refused) == {
        "name": "Enter a name.",
        "scopes[1]": f"Choose one of: {', '.join(Permission)}.",
        "expires_at": "This time is past.",
        "networks[1]": "This is an address inside a network. Did you mean 192.0.2.0/24?",
        "networks[2]": what,
        "networks[3]": what,
        "networks[4]": what,
    }
    assert set(issues(client.post(PATH, headers=admin, json={}))) == {"name", "scopes"}
    many = {**GOOD, "networks": [f"192.0.2.{number}" for number in range(51)], "expires_at": "tomorrow"}
    refused = client.post(PATH, headers=admin, json=many)
    assert issues(refused)["networks"] == "Give at most 50 networks; this has 51."
    assert "with its zone" in issues(refused)["expires_at"]
    assert client.get(PATH, headers=admin).json["total"] == 1


@pytest.mark.parametrize(
    ("networks", "good", "bad"),
    [
        (
            ["192.0.2.0/24", "10.0.0.1"],
            ["192.0.2.1", "::ffff:192.0.2.7", "10.0.0.1"],
            ["192.0.3.1", "10.0.0.2", "2001:db8::1", ""],
        ),
        (["2001:DB8::/32"], ["2001:db8:1::1"], ["2001:db9::1", "192.0.2.1", "unix:"]),
        ([], ["192.0.2.1", "", "2001:db8::1"], []),
    ],
)
def test_a_key_is_good_in_its_networks_only(client, admin, networks, good, bad):
    key = as_key(client.post(PATH, headers=admin, json={**GOOD, "networks": networks}))
    for address in good:
        assert asked_from(client, address, key).status_code == 200, address
    for address in bad:
        refused = asked_from(client, address, key)
        assert refused.status_code == 401, address
        assert refused.json["error"]["code"] == "api_key_invalid"
        assert refused.json["error"]["message"] == "This API key may not be used from this address."


def test_from_where_a_key_was_refused_is_told(client, admin):
    made = client.post(PATH, headers=admin, json={**GOOD, "networks": ["192.0.2.0/24"]})
    asked_from(client, "198.51.100.7", as_key(made))
    asked_from(client, "198.51.100.8", as_key(made))
    listed = client.get(PATH, headers=admin).json["keys"][0]
    assert listed["networks"] == ["192.0.2.0/24"]
    assert (listed["refused_from"], listed["state"]) == ("198.51.100.7", "unused")
    assert listed["refused_at"] is not None


def test_use_is_noted_once_a_minute_with_its_address(app, client, admin, count_statements):
    made = client.post(PATH, headers=admin, json=GOOD)
    asked_from(client, "192.0.2.1", as_key(made))
    with count_statements() as statements:
        asked_from(client, "192.0.2.2", as_key(made))
    assert not [statement for statement in statements if statement.startswith("UPDATE")]
    set_key(app, made.json["id"], last_used_at=now() - timedelta(minutes=2))
    asked_from(client, "192.0.2.3", as_key(made))
    assert client.get(PATH, headers=admin).json["keys"][0]["last_used_from"] == "192.0.2.3"


def test_a_rotated_key_is_good_until_the_overlap_ends(app, client, admin):
    until = (now() + timedelta(days=90)).isoformat().replace("+00:00", "Z")
    old = client.post(PATH, headers=admin, json={**GOOD, "networks": ["127.0.0.0/8"], "expires_at": until})
    new = client.post(f"{PATH}/{old.json['id']}/rotate", headers=admin, json={"overlap_hours": 48})
    assert new.status_code == 201
    for member in ("name", "scopes", "networks"):
        assert new.json[member] == old.json[member]
    assert new.json["key"] != old.json["key"]
    # As long a life as the old one was given, from now on.
    assert new.json["expires_at"][:16] == old.json["expires_at"][:16]
    for made in (old, new):
        assert client.get("/v1/threats", headers=as_key(made)).status_code == 200
    _, was, _ = client.get(PATH, headers=admin).json["keys"]
    assert (was["state"], was["successor_id"]) == ("replaced", new.json["id"])
    ends = now() + timedelta(hours=48)
    assert was["expires_at"][:10] in {f"{ends:%Y-%m-%d}", f"{ends - timedelta(minutes=1):%Y-%m-%d}"}
    again = client.post(f"{PATH}/{old.json['id']}/rotate", headers=admin, json={})
    assert again.status_code == 409
    assert again.json["error"]["message"] == "This key was rotated before. Rotate the one that followed it."
    set_key(app, old.json["id"], expires_at=now() - timedelta(seconds=1))
    assert client.get("/v1/threats", headers=as_key(old)).status_code == 401
    assert client.get("/v1/threats", headers=as_key(new)).status_code == 200
    assert client.get(PATH, headers=admin).json["keys"][1]["state"] == "expired"


@pytest.mark.parametrize("hours", ["0", "0.0", "-0.0"])
def test_without_overlap_the_old_key_ends_at_once(client, admin, hours):
    old = client.post(PATH, headers=admin, json=GOOD)
    headers = {**admin, "Content-Type": "application/json"}
    rotated = client.post(f"{PATH}/{old.json['id']}/rotate", headers=headers, data=f'{{"overlap_hours": {hours}}}')
    assert rotated.status_code == 201
    assert client.get("/v1/threats", headers=as_key(old)).status_code == 401


def test_an_overlap_never_lengthens_a_life(client, admin):
    until = (now() + timedelta(hours=2)).isoformat().replace("+00:00", "Z")
    old = client.post(PATH, headers=admin, json={**GOOD, "expires_at": until})
    client.post(f"{PATH}/{old.json['id']}/rotate", headers=admin, json={"overlap_hours": 720})
    assert client.get(PATH, headers=admin).json["keys"][1]["expires_at"] == old.json["expires_at"]


@pytest.mark.parametrize(
    ("hours", "issue"),
    [(721, "Give 0 to 720 hours"), (-1, "Give 0 to 720 hours"), ("1", "a whole number"), (1.5, "a whole number")],
)
def test_an_overlap_is_thirty_days_at_most(client, admin, hours, issue):
    old = client.post(PATH, headers=admin, json=GOOD)
    refused = client.post(f"{PATH}/{old.json['id']}/rotate", headers=admin, json={"overlap_hours": hours})
    assert refused.status_code == 422
    assert issue in issues(refused)["overlap_hours"]


def test_a_revoked_key_is_revoked_for_good(client, admin):
    made = client.post(PATH, headers=admin, json=GOOD)
    path = f"{PATH}/{made.json['id']}"
    assert client.delete(path, headers=admin).status_code == 204
    assert client.delete(path, headers=admin).status_code == 204
    assert client.get("/v1/threats", headers=as_key(made)).status_code == 401
    listed = client.get(PATH, headers=admin).json["keys"][0]
    assert listed["state"] == "revoked"
    assert listed["revoked_at"] is not None
    refused = client.post(f"{path}/rotate", headers=admin, json={})
    assert refused.status_code == 409
    assert refused.json["error"]["message"] == "This key is revoked. Make a new one."


def test_keys_of_another_tenant_are_not_there(app, client, admin):
    theirs = make.key(app, make.actor(app, "Other"), Permission.ADMIN)
    made = client.post(PATH, headers=theirs, json=GOOD)
    none = client.delete(f"{PATH}/00000000-0000-7000-8000-000000000000", headers=admin).json["error"]
    for answer in (
        client.delete(f"{PATH}/{made.json['id']}", headers=admin),
        client.post(f"{PATH}/{made.json['id']}/rotate", headers=admin, json={}),
    ):
        assert answer.status_code == 404
        assert answer.json["error"] == none
    assert [row["name"] for row in client.get(PATH, headers=admin).json["keys"]] == ["test"]
    assert client.get("/v1/threats", headers=as_key(made)).status_code == 200


def test_a_list_of_many_keys_has_pages(client, admin):
    for number in range(5):
        client.post(PATH, headers=admin, json={**GOOD, "name": f"key {number}"})
    page = client.get(f"{PATH}?limit=2&offset=1", headers=admin).json
    assert [row["name"] for row in page["keys"]] == ["key 3", "key 2"]
    assert page["total"] == 6
    assert client.get(f"{PATH}?limit=0", headers=admin).status_code == 422


@pytest.mark.parametrize("rotated", [False, True])
def test_a_request_sent_again_makes_one_key_and_does_not_tell_it_again(app, client, admin, rotated):
    path, body = PATH, GOOD
    if rotated:
        path, body = f"{PATH}/{client.post(PATH, headers=admin, json=GOOD).json['id']}/rotate", {"overlap_hours": 1}
    headers = {**admin, "Idempotency-Key": "one"}
    first = client.post(path, headers=headers, json=body)
    again = client.post(path, headers=headers, json=body)
    assert again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json == {**first.json, "key": None, "key_withheld": True}
    assert client.get(PATH, headers=admin).json["total"] == (3 if rotated else 2)
    with app.app_context():
        kept = db.session.scalar(sa.select(KeptAnswer))
        assert first.json["key"][15:] not in kept.body.decode()


def test_every_act_on_a_key_is_on_record_without_the_key(app, client, admin):
    made = client.post(PATH, headers=admin, json={**GOOD, "networks": ["192.0.2.0/24"]})
    new = client.post(f"{PATH}/{made.json['id']}/rotate", headers=admin, json={})
    client.delete(f"{PATH}/{new.json['id']}", headers=admin)
    rows = acts(app)
    assert [row.kind for row in rows] == ["key_created", "key_created", "key_rotated", "key_revoked"]
    assert [row.edge for row in rows] == ["cli", "api", "api", "api"]
    assert rows[1].actor_kind == "key"
    assert rows[1].data["key_id"] == made.json["id"]
    assert rows[1].data["networks"] == ["192.0.2.0/24"]
    assert rows[2].data["rotated_id"] == made.json["id"]
    assert rows[3].data["prefix"] == new.json["prefix"]
    told = json.dumps([row.data for row in rows])
    for response in (made, new):
        assert response.json["key"][15:-4] not in told


def test_the_published_pattern_and_checksum_know_keys_from_other_text(client, admin):
    key = client.post(PATH, headers=admin, json=GOOD).json["key"]
    text = f"export CORDON_KEY={key}; cordon_import_of_something; {key}x"
    assert re.findall(keys.PATTERN, text) == [key]
    assert keys.checksum(key[:-6]) == key[-6:]
    assert keys.checksum("cordon_" + "0" * 51) == "2ybTxn"
