"""What people do about their own account: choose a password, end their sessions. `join` is for those who come by a link."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.db import db, transaction
from app.errors import Denied, Faults
from app.models import Person
from app.service import passwords, people, rules
from app.service.actor import Actor, act
from app.service.profile import NAME_MAX
from app.terms import Permission

WRONG = "This is not your password."


def join(token: str, name: str, password: str, again: str) -> Person:
    """Set the name and password of the person whose link this is, which is used up. Raises Invalid, and NotFound."""
    faults = Faults()
    owner = people.owner_of(token)
    shown = rules.text(name, "name", faults, maximum=NAME_MAX, required="Enter your name.")
    chosen = _chosen(password, again, owner, faults)
    faults.raise_if_any()
    hashed = passwords.hashed(chosen)
    with transaction() as session:
        person = people.spend(session, token, for_password=True)
        person.name = shown or person.name
        session.flush()
        _set(session, people.actor_for(person.id), person, hashed)
    return person


def change_password(actor: Actor, current: str, password: str, again: str) -> Person:
    """Set another password, which ends all sessions; who has none yet need not tell it. Raises Invalid."""
    faults = Faults()
    person = myself(actor)
    prove(person, current, faults)
    chosen = _chosen(password, again, person, faults)
    faults.raise_if_any()
    hashed = passwords.hashed(chosen)
    with transaction() as session:
        _set(session, actor, person, hashed)
    return person


def sign_out_everywhere(actor: Actor) -> Person:
    """End all sessions of the person."""
    with transaction() as session:
        person = myself(actor)
        person.fs_uniquifier = people.new_uniquifier()
        session.add(act(actor, "signed_out_everywhere", person=str(person.id)))
    return person


def myself(actor: Actor) -> Person:
    """Return the person that the actor is, as they are now. Raises Denied for keys and the operator."""
    person = db.session.get(Person, actor.id, populate_existing=True) if actor.kind == "person" else None
    if person is None:
        raise Denied(Permission.INCIDENTS_READ)
    return person


def prove(person: Person, current: str, faults: Faults, field: str = "current") -> None:
    """Add a fault unless this is the person's password, or they have none."""
    if person.password is not None and not passwords.fits(current, person.password):
        faults.add(field, "field_invalid", WRONG if current else "Enter your password.")


def _chosen(password: str, again: str, person: Person, faults: Faults) -> str:
    chosen = passwords.check(password, "password", faults, email=person.email)
    if password != again:
        faults.add("again", "field_invalid", "The two are not the same.")
    return chosen


def _set(session: Session, actor: Actor, person: Person, hashed: str) -> None:
    person.password = hashed
    person.fs_uniquifier = people.new_uniquifier()
    session.add(act(actor, "password_set", person=str(person.id)))
