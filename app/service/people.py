"""People, their tenants, and the links that sign them in."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from flask_security.proxies import _security as security
from flask_security.utils import hash_password

from app.db import db, now, transaction
from app.errors import Conflict, Faults, NotFound
from app.models import Membership, Person, SignInLink, Tenant
from app.service import rules
from app.service.actor import PERMISSIONS, Actor, guarded
from app.terms import Edge, Permission, Role

NAME_MAX = 100
EMAIL_MAX = 255
PASSWORD_MIN = 12
PASSWORD_MAX = 256
LINK_LIFE = timedelta(hours=24)
DEFAULT_TENANT = "Main"


def the_tenant(name: str = DEFAULT_TENANT) -> Tenant:
    """Return the tenant of this name, made if there is none."""
    find = sa.select(Tenant).where(Tenant.name == name)
    tenant = db.session.scalar(find)
    if tenant is None:
        with transaction() as session:
            tenant = session.scalar(find) or Tenant(name=name)
            session.add(tenant)
    return tenant


@guarded(Permission.ADMIN)
def add(actor: Actor, email: str, role: str, *, name: str = "", password: str | None = None) -> Person:
    """Add a person to the actor's tenant. Raises Invalid, or Conflict if the address is taken.

    Without a password the person can come in by a sign-in link only.
    """
    faults = Faults()
    typed = email.casefold()
    address = rules.text(typed, "email", faults, maximum=EMAIL_MAX, required="Enter an e-mail address.") or ""
    if address and not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        faults.add("email", "field_invalid", "Write the address as name@example.org.")
    known_role = rules.term(role, Role, "role", faults)
    shown = rules.text(name, "name", faults, maximum=NAME_MAX) or address.split("@")[0][:NAME_MAX]
    if password is not None:
        # As the sign-in form will; Flask-Security has no public way to it.
        password = security._password_util.normalize(password)  # noqa: SLF001 - it has no public way
    if password is not None and not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        faults.add("password", "field_invalid", f"Use {PASSWORD_MIN} to {PASSWORD_MAX} characters.")
    faults.raise_if_any()
    with transaction() as session:
        if session.scalar(sa.select(Person.id).where(Person.email == address)):
            raise Conflict("state_conflict", f"There is a person with the address {address} already.")
        person = Person(
            email=address,
            name=shown,
            password=hash_password(password) if password is not None else None,
            fs_uniquifier=secrets.token_hex(32),
            active=True,
        )
        session.add(person)
        session.flush()
        session.add(Membership(person_id=person.id, tenant_id=actor.tenant_id, role=known_role))
    return person


def find(email: str) -> Person | None:
    """Return the person with this address, if there is one."""
    return db.session.scalar(sa.select(Person).where(Person.email == email.strip().casefold()))


def actor_for(person_id: UUID, edge: Edge = Edge.WEB) -> Actor:
    """Return the actor that a signed-in person is, in the first tenant they belong to. Raises NotFound."""
    row = db.session.execute(
        sa.select(Person.name, Membership.tenant_id, Membership.role)
        .join(Membership, Membership.person_id == Person.id)
        .where(Person.id == person_id, Person.active.is_(True))
        .order_by(Membership.tenant_id)
        .limit(1)
    ).first()
    if row is None:
        raise NotFound("person")
    return Actor(row.tenant_id, "person", person_id, row.name, PERMISSIONS[row.role], edge)


def make_sign_in_link(person: Person) -> str:
    """Return a token that signs the person in once, within LINK_LIFE. Only its hash is kept."""
    token = secrets.token_urlsafe(32)
    with transaction() as session:
        session.add(SignInLink(token_hash=_hash(token), person_id=person.id, expires_at=now() + LINK_LIFE))
    return token


def use_sign_in_link(token: str) -> Person:
    """Use up a token and return whose it was. Raises NotFound if it is unknown, used, or too old."""
    with transaction() as session:
        # The update itself decides who is first, so that two uses at once can't both succeed.
        person_id = session.scalar(
            sa.update(SignInLink)
            .where(SignInLink.token_hash == _hash(token), SignInLink.used_at.is_(None), SignInLink.expires_at > now())
            .values(used_at=now())
            .returning(SignInLink.person_id)
        )
        person = session.get(Person, person_id) if person_id else None
        if person is None or not person.active:
            raise NotFound("sign-in link; it may have been used, or be too old")
    return person


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
