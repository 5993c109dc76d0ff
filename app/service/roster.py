"""The people of a tenant, as its admins see and change them: invited, given a role, disabled, let in anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import db, now, transaction
from app.errors import Conflict, Faults, NotFound
from app.models import Membership, Person, SecondFactor, SignInLink, Tenant
from app.service import people, rules, second_factor
from app.service.actor import Actor, act, guarded, owned
from app.terms import Permission, Role


class State(StrEnum):
    """How a person stands. One who is invited has never signed in and has no password yet."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the tenant. `link_until` is when the link lapses that lets them set a password, if there is one."""

    person: Person
    role: Role
    state: State
    has_second_factor: bool
    link_until: datetime | None


@guarded(Permission.ADMIN)
def members(actor: Actor) -> list[Member]:
    """Return all people of the tenant, by name."""
    found = [_member(*row) for row in db.session.execute(_rows(actor))]
    return sorted(found, key=lambda member: (member.person.name.casefold(), member.person.email))


@guarded(Permission.ADMIN)
def get(actor: Actor, person_id: UUID) -> Member:
    """Return a person of the tenant. Raises NotFound."""
    row = db.session.execute(_rows(actor).where(Person.id == person_id)).first()
    if row is None:
        raise NotFound("person")
    return _member(*row)


@guarded(Permission.ADMIN)
def invite(actor: Actor, email: str, role: str) -> tuple[Person, str]:
    """Add a person and return them with the token of a link. Raises Invalid, and Conflict if the address is taken."""
    with transaction() as session:
        person = people.add(actor, email, role)
        session.add(act(actor, "person_invited", person=str(person.id), email=person.email, role=role))
        return person, people.make_password_link(person)


@guarded(Permission.ADMIN)
def change_role(actor: Actor, person_id: UUID, role: str) -> Member:
    """Give a person another role, at once. Raises Invalid, NotFound, and Conflict for the last admin."""
    faults = Faults()
    known = rules.term(role, Role, "role", faults)
    faults.raise_if_any()
    with transaction() as session:
        before = _locked(actor, session, person_id)
        if known != before.role:
            if before.role is Role.ADMIN:
                _keep_an_admin(actor, session, person_id)
            one = sa.update(Membership).where(owned(actor, Membership), Membership.person_id == person_id)
            session.execute(one.values(role=known))
            session.add(act(actor, "person_role_changed", person=str(person_id), role=[before.role, known]))
        return get(actor, person_id)


@guarded(Permission.ADMIN)
def switch(actor: Actor, person_id: UUID, *, on: bool) -> Member:
    """Enable or disable a person, whose sessions and links end with it. Raises NotFound, and Conflict for the last admin."""
    with transaction() as session:
        before = _alone(actor, session, person_id)
        if before.person.active != on:
            if not on and before.role is Role.ADMIN:
                _keep_an_admin(actor, session, person_id)
            before.person.active = on
            before.person.fs_uniquifier = people.new_uniquifier()
            people.void_links(session, person_id)
            session.add(act(actor, "person_enabled" if on else "person_disabled", person=str(person_id)))
            session.flush()
        return get(actor, person_id)


@guarded(Permission.ADMIN)
def new_link(actor: Actor, person_id: UUID) -> tuple[Member, str]:
    """Return a token with which the person sets a password once. Raises NotFound, and Conflict for one who is disabled."""
    with transaction() as session:
        member = _alone(actor, session, person_id)
        if not member.person.active:
            raise Conflict("state_conflict", f"{member.person.name} is disabled. Enable them first.")
        session.add(act(actor, "person_link_made", person=str(person_id)))
        return member, people.make_password_link(member.person)


@guarded(Permission.ADMIN)
def take_off_second_factor(actor: Actor, person_id: UUID) -> Member:
    """Take a person's second factor off, with its recovery codes. Raises NotFound."""
    with transaction() as session:
        member = _alone(actor, session, person_id)
        if member.has_second_factor:
            session.add(act(actor, "second_factor_taken_off", person=str(person_id)))
        second_factor.remove(session, person_id)
        return get(actor, person_id)


def _rows(actor: Actor) -> Any:
    """Return what `_member` takes of each person of the tenant."""
    link = sa.select(sa.func.max(SignInLink.expires_at)).where(
        SignInLink.person_id == Person.id,
        SignInLink.sets_password.is_(True),
        SignInLink.used_at.is_(None),
        SignInLink.expires_at > now(),
    )
    return (
        sa.select(Person, Membership.role, SecondFactor.since, link.scalar_subquery())
        .join(Membership, Membership.person_id == Person.id)
        .outerjoin(SecondFactor, SecondFactor.person_id == Person.id)
        .where(owned(actor, Membership))
        .execution_options(populate_existing=True)
    )


def _member(person: Person, role: Role, since: datetime | None, link_until: datetime | None) -> Member:
    came = person.password is not None or person.last_sign_in_at is not None
    state = State.DISABLED if not person.active else State.ACTIVE if came else State.INVITED
    return Member(person, role, state, since is not None, link_until)


def _locked(actor: Actor, session: Session, person_id: UUID) -> Member:
    """Return a person, once nobody else changes people of the tenant: two admins can't each take the other's role away."""
    session.execute(sa.select(Tenant.id).where(Tenant.id == actor.tenant_id).with_for_update(key_share=True))
    return get(actor, person_id)


def _alone(actor: Actor, session: Session, person_id: UUID) -> Member:
    """Return a person who belongs to no other tenant: of one who does, only the operator may decide. Raises Conflict."""
    member = _locked(actor, session, person_id)
    elsewhere = sa.select(sa.func.count()).where(Membership.person_id == person_id, ~owned(actor, Membership))
    if actor.kind != "operator" and session.scalar(elsewhere):
        raise Conflict("state_conflict", f"{member.person.name} belongs to other tenants too, so only the operator can do this.")
    return member


def _keep_an_admin(actor: Actor, session: Session, person_id: UUID) -> None:
    """Raise Conflict unless another admin can sign in."""
    others = sa.select(sa.func.count()).select_from(Person).join(Membership, Membership.person_id == Person.id)
    able = sa.or_(Person.password.is_not(None), Person.last_sign_in_at.is_not(None))
    admins = (owned(actor, Membership), Membership.role == Role.ADMIN, Person.active.is_(True), Person.id != person_id, able)
    if not session.scalar(others.where(*admins)):
        raise Conflict("state_conflict", "This is the only admin who can sign in. Make someone else an admin first.")
