"""People of the tenant, for its admins: who is there, inviting, and what is decided about one of them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.errors import Conflict, Fault, Invalid
from app.service import people, roster
from app.terms import Role
from app.web.access import actor, pages
from app.web.acting import Done, perform
from app.web.reading import Pairs, first, form_pairs, printable
from app.web.summary import Message, messages

ROLES = {
    Role.VIEWER: "Reads and takes files away.",
    Role.ANALYST: "Also groups, edits, comments and imports.",
    Role.ADMIN: "Also decides about people, keys and feeds.",
}

blueprint = pages("people")


@blueprint.get("/people")
def index() -> ResponseReturnValue:
    """Show all people, and the form that invites one."""
    return _index("", Role.ANALYST, [])


@blueprint.post("/people")
def invite() -> ResponseReturnValue:
    """Invite a person, and show the address to be handed over: this once."""
    pairs = form_pairs()
    email, role = first(pairs, "email") or "", first(pairs, "role") or ""
    try:
        person, token = roster.invite(actor(), email, role)
    except (Invalid, Conflict) as error:
        faults = error.faults if isinstance(error, Invalid) else [Fault("email", "state_conflict", str(error))]
        wrong = messages(faults, {"email": "email", "role": "role-0"})
        return _index(printable(email), printable(role), wrong), 422 if isinstance(error, Invalid) else 409
    return _link(person.name, person.email, token, people.INVITATION_LIFE.days)


@blueprint.get("/people/<uuid:person_id>")
def show(person_id: UUID) -> ResponseReturnValue:
    """Show a person, and what can be decided about them."""
    return _show(person_id, [])


@blueprint.post("/people/<uuid:person_id>/role")
def role(person_id: UUID) -> ResponseReturnValue:
    """Give a person another role."""
    pairs = form_pairs()

    def work() -> Done:
        member = roster.change_role(actor(), person_id, first(pairs, "role") or "")
        return Done(f"{member.person.name} has the role {member.role} now.", f"/people/{person_id}")

    return _perform(person_id, pairs, work)


@blueprint.post("/people/<uuid:person_id>/switch")
def switch(person_id: UUID) -> ResponseReturnValue:
    """Enable or disable a person."""
    pairs = form_pairs()
    on = first(pairs, "on") == "1"

    def work() -> Done:
        member = roster.switch(actor(), person_id, on=on)
        words = "can sign in again" if on else "is disabled and signed out everywhere"
        return Done(f"{member.person.name} {words}.", f"/people/{person_id}")

    return _perform(person_id, pairs, work)


@blueprint.post("/people/<uuid:person_id>/link")
def link(person_id: UUID) -> ResponseReturnValue:
    """Make an address by which a person sets a new password, and show it: this once."""
    try:
        member, token = roster.new_link(actor(), person_id)
    except Conflict as error:
        return _show(person_id, _at("link", error)), 409
    return _link(member.person.name, member.person.email, token, people.link_life(member.person).days)


@blueprint.post("/people/<uuid:person_id>/second-factor")
def second_factor(person_id: UUID) -> ResponseReturnValue:
    """Take a person's second factor off."""

    def work() -> Done:
        member = roster.take_off_second_factor(actor(), person_id)
        return Done(f"{member.person.name} signs in without a second factor now.", f"/people/{person_id}")

    return _perform(person_id, form_pairs(), work)


def _perform(person_id: UUID, pairs: Pairs, work: Callable[[], Done]) -> ResponseReturnValue:
    try:
        return perform(pairs, work)
    except Invalid as error:
        return _show(person_id, messages(error.faults, {"role": "role-0"})), 422
    except Conflict as error:
        return _show(person_id, _at("main", error)), 409


def _at(target: str, error: Conflict) -> list[Message]:
    return [Message("", target, str(error))]


def _index(email: str, chosen: str, errors: list[Message]) -> str:
    members = roster.members(actor())
    return render_template("people/index.html", members=members, roles=ROLES, email=email, chosen=chosen, errors=errors)


def _show(person_id: UUID, errors: list[Message]) -> str:
    member = roster.get(actor(), person_id)
    return render_template("people/person.html", member=member, roles=ROLES, errors=errors, is_me=person_id == actor().id)


def _link(name: str, email: str, token: str, days: int) -> str:
    address = f"{request.url_root}enter?token={token}"
    return render_template("people/link.html", name=name, email=email, address=address, days=days)
