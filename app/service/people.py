"""People, their tenants, and the links that let them in."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import db, now, transaction
from app.errors import Conflict, Faults, NotFound
from app.models import Membership, Person, SignInLink, Tenant
from app.service import passwords, rules
from app.service.actor import PERMISSIONS, Actor, guarded
from app.service.profile import NAME_MAX
from app.terms import Edge, Permission, Role

EMAIL_MAX = 255
PASSWORD_MIN = passwords.MIN
LINK_LIFE = timedelta(hours=24)
INVITATION_LIFE = timedelta(days=7)
DEFAULT_TENANT = "Main"
GONE = "sign-in link; it may have been used, or be too old"


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

    Without a password the person can come in by a link only.
    """
    faults = Faults()
    typed = email.casefold()
    address = rules.text(typed, "email", faults, maximum=EMAIL_MAX, required="Enter an e-mail address.") or ""
    if address and not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        faults.add("email", "field_invalid", "Write the address as name@example.org.")
    known_role = rules.term(role, Role, "role", faults)
    shown = rules.text(name, "name", faults, maximum=NAME_MAX) or address.split("@")[0][:NAME_MAX]
    if password is not None:
        password = passwords.check(password, "password", faults, email=address)
    faults.raise_if_any()
    with transaction() as session:
        if session.scalar(sa.select(Person.id).where(Person.email == address)):
            raise Conflict("state_conflict", f"There is a person with the address {address} already.")
        person = Person(
            email=address,
            name=shown,
            password=passwords.hashed(password) if password is not None else None,
            fs_uniquifier=new_uniquifier(),
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


def new_uniquifier() -> str:
    """Return what the sessions of a person are bound to; a new one ends all of them."""
    return secrets.token_hex(32)


def with_uniquifier(uniquifier: str) -> Person | None:
    """Return the active person whose sessions are bound to this value."""
    return db.session.scalar(sa.select(Person).where(Person.fs_uniquifier == uniquifier, Person.active.is_(True)))


def note_sign_in(person_id: UUID) -> None:
    """Note that a person signed in just now."""
    with transaction() as session:
        session.execute(sa.update(Person).where(Person.id == person_id).values(last_sign_in_at=now()))


def make_sign_in_link(person: Person) -> str:
    """Return a token that signs the person in once, within LINK_LIFE. Only its hash is kept."""
    token = secrets.token_urlsafe(32)
    with transaction() as session:
        session.add(SignInLink(token_hash=_hash(token), person_id=person.id, expires_at=now() + LINK_LIFE))
    return token


def make_password_link(person: Person) -> str:
    """Return a token with which the person sets a password once, within `link_life`; those made before stop working."""
    token = secrets.token_urlsafe(32)
    until = now() + link_life(person)
    with transaction() as session:
        void_links(session, person.id, SignInLink.sets_password.is_(True))
        session.add(SignInLink(token_hash=_hash(token), person_id=person.id, expires_at=until, sets_password=True))
    return token


def void_links(session: Session, person_id: UUID, *which: sa.ColumnElement[bool]) -> None:
    """Have a person's links, or which of them, count as used."""
    unused = sa.update(SignInLink).where(SignInLink.person_id == person_id, SignInLink.used_at.is_(None), *which)
    session.execute(unused.values(used_at=now()))


def link_life(person: Person) -> timedelta:
    """Return how long a link is good that sets the person's password: longer for the first one."""
    return INVITATION_LIFE if person.password is None else LINK_LIFE


def sets_password(token: str) -> bool:
    """Say whether a token is one that sets a password."""
    return bool(db.session.scalar(sa.select(SignInLink.sets_password).where(SignInLink.token_hash == _hash(token))))


def owner_of(token: str) -> Person:
    """Return whose password the token may set, leaving it as it is. Raises NotFound."""
    person = db.session.scalar(
        sa.select(Person)
        .join(SignInLink, SignInLink.person_id == Person.id)
        .where(_good(token), SignInLink.sets_password.is_(True), Person.active.is_(True))
    )
    if person is None:
        raise NotFound(GONE)
    return person


def use_sign_in_link(token: str) -> Person:
    """Use up a token that signs in and return whose it was. Raises NotFound if it is unknown, used, or too old."""
    with transaction() as session:
        return spend(session, token, for_password=False)


def spend(session: Session, token: str, *, for_password: bool) -> Person:
    """Use up a token within a transaction and return whose it was. Raises NotFound if it is unknown, used, or too old."""
    # The update itself decides who is first, so that two uses at once can't both succeed.
    person_id = session.scalar(
        sa.update(SignInLink)
        .where(_good(token), sa.func.coalesce(SignInLink.sets_password, sa.false()).is_(for_password))
        .values(used_at=now())
        .returning(SignInLink.person_id)
    )
    person = session.get(Person, person_id, populate_existing=True) if person_id else None
    if person is None or not person.active:
        raise NotFound(GONE)
    return person


def _good(token: str) -> sa.ColumnElement[bool]:
    return sa.and_(SignInLink.token_hash == _hash(token), SignInLink.used_at.is_(None), SignInLink.expires_at > now())


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
