"""`cordon user` and `cordon key`: who may come in."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any

import click
from flask.cli import with_appcontext

from app.cli.command import cordon, fail, print_json, the_operator
from app.db import now
from app.errors import NotFound, Unreadable
from app.models import ApiKey, Person
from app.service import keys, people, roster
from app.terms import Permission, Role

EVERY = 1_000_000
ADDRESS = click.option(
    "--address", default="http://127.0.0.1:8000", show_default=True, help="Where this Cordon is reached, for the link."
)


@cordon.group()
def user() -> None:
    """Add people and let them in."""


@user.command("add")
@click.argument("email")
@click.option("--role", default=Role.ANALYST.value, show_default=True, help=f"One of {', '.join(Role)}.")
@click.option("--name", default="", help="The name to show; the address before the @ if not given.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--link", is_flag=True, help="Set no password; print an address by which they set it themselves.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@ADDRESS
@with_appcontext
def add_user(*, email: str, role: str, name: str, password_stdin: bool, link: bool, as_json: bool, address: str) -> None:
    """Add a person, who signs in with EMAIL. The password is asked for unless an option says otherwise."""
    if password_stdin and link:
        raise click.UsageError("Give --password-stdin or --link, not both.")
    password = None if link else _password(from_stdin=password_stdin)
    person = people.add(the_operator(), email, role, name=name, password=password)
    answer = {"email": person.email, "name": person.name, "role": role}
    if link:
        answer["link"] = _password_address(person, address)
    if as_json:
        print_json(answer)
        return
    click.echo(f"Added {person.email} with the role {role}.")
    if link:
        _show_link(person, answer["link"])


@user.command("link")
@click.argument("email")
@ADDRESS
@with_appcontext
def link_user(email: str, address: str) -> None:
    """Print an address by which EMAIL sets a new password, once, for someone who has lost theirs."""
    person = _person(email)
    if not person.active:
        fail(f"{person.email} is disabled. An admin can enable them on the page People.")
    _show_link(person, _password_address(person, address))


@user.command("second-factor-off")
@click.argument("email")
@with_appcontext
def take_second_factor_off(email: str) -> None:
    """Take EMAIL's second factor off: the app and the recovery codes are lost, and no admin can sign in to do it."""
    person = roster.take_off_second_factor(the_operator(), _person(email).id).person
    click.echo(f"{person.email} signs in without a second factor now.")


def _person(email: str) -> Person:
    person = people.find(email)
    if person is None:
        raise NotFound("person")
    return person


def sign_in_address(person: Person, address: str) -> str:
    """Return an address that signs the person in once."""
    return f"{address.rstrip('/')}/enter?token={people.make_sign_in_link(person)}"


def _password_address(person: Person, address: str) -> str:
    return f"{address.rstrip('/')}/enter?token={people.make_password_link(person)}"


def _show_link(person: Person, link: str) -> None:
    days = people.link_life(person).days
    within = f"{days} day{'s' if days > 1 else ''}"
    click.echo(f"Whoever opens this address sets the password of {person.email}, once, within {within}:\n\n    {link}\n")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        try:
            return sys.stdin.buffer.readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise Unreadable("The password on standard input is not UTF-8.") from None
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask for a password: give --password-stdin or --link.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


@cordon.group()
def key() -> None:
    """Make, list, rotate and revoke keys of client programs."""


@key.command("add")
@click.argument("name")
@click.option("--network", "networks", multiple=True, help="From where it may be used, such as 192.0.2.0/24; repeatable.")
@click.option("--scope", "scopes", multiple=True, help=f"What it may do; repeatable. {', '.join(Permission)}.")
@click.option("--expires-in-days", type=click.IntRange(1, 3650), help="Never, if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@with_appcontext
def add_key(*, name: str, scopes: tuple[str, ...], networks: tuple[str, ...], expires_in_days: int | None, as_json: bool) -> None:
    """Make an API key and print it. It can't be shown again."""
    expires_at = now() + timedelta(days=expires_in_days) if expires_in_days else None
    row, secret = keys.create(the_operator(), name, scopes, expires_at, networks)
    _show_key(row, secret, as_json=as_json)


@key.command("list")
@click.option("--all", "with_ended", is_flag=True, help="Also those that are revoked or expired.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@with_appcontext
def list_keys(*, with_ended: bool, as_json: bool) -> None:
    """List the API keys, newest first. KEY in other commands is the first column, or the id."""
    actor, at = the_operator(), now()
    every = keys.listed(actor, ended=None if with_ended else False, limit=EVERY).items
    if as_json:
        print_json({"keys": [_facts(row, at) for row in every]})
        return
    for row in every:
        used = f"used {row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never used"
        until = f"until {row.expires_at:%Y-%m-%d %H:%M}" if row.expires_at else "without end"
        click.echo(f"{row.prefix}  {keys.state(row, at):8}  {used:21}  {until:22}  {row.name} ({', '.join(row.scopes)})")


@key.command("revoke")
@click.argument("key")
@with_appcontext
def revoke_key(*, key: str) -> None:
    """Revoke KEY for good, at once."""
    actor = the_operator()
    row = keys.revoke(actor, keys.find(actor, key).id)
    click.echo(f"“{row.name}” ({row.prefix}) is revoked.")


@key.command("rotate")
@click.argument("key")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, keys.OVERLAP_MAX_HOURS),
    default=24,
    show_default=True,
    help="How long the old key stays good.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@with_appcontext
def rotate_key(*, key: str, overlap_hours: int, as_json: bool) -> None:
    """Make a key in the place of KEY and print it. It can't be shown again."""
    actor = the_operator()
    row, secret = keys.rotate(actor, keys.find(actor, key).id, overlap_hours)
    _show_key(row, secret, as_json=as_json)


def _facts(row: ApiKey, at: datetime) -> dict[str, Any]:
    names = (
        "id",
        "name",
        "prefix",
        "scopes",
        "networks",
        "created_at",
        "expires_at",
        "last_used_at",
        "last_used_from",
        "revoked_at",
    )
    return {**{name: getattr(row, name) for name in names}, "state": keys.state(row, at)}


def _show_key(row: ApiKey, secret: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**_facts(row, now()), "key": secret})
        return
    until = f"until {row.expires_at:%Y-%m-%d %H:%M} UTC" if row.expires_at else "without end"
    click.echo(secret)
    click.echo(f"Good {until} for {', '.join(row.scopes)}. Keep it; it can't be shown again.", err=True)
