"""`cordon db upgrade` and `cordon doctor`."""

from __future__ import annotations

from dataclasses import asdict

import click
import flask_migrate
from flask import current_app
from flask.cli import with_appcontext

from app.cli.command import FAILED, cordon, print_json
from app.db import db as database
from app.errors import Unavailable
from app.service import health
from app.service.health import Schema


@cordon.group()
def db() -> None:
    """Look after the database's schema."""


@db.command()
@with_appcontext
def upgrade() -> None:
    """Bring the schema up to date, or make it in an empty database."""
    before = upgrade_schema()
    click.echo("The schema was up to date already." if before is Schema.CURRENT else "The schema is up to date now.")


def upgrade_schema() -> Schema:
    """Apply the migrations that are missing; return how the schema stood before. Raises Unavailable for a newer one."""
    before = health.schema()
    if before is Schema.NEWER:
        raise Unavailable("The database is of a newer Cordon than this one. Install that version again.")
    if before is not Schema.CURRENT:
        flask_migrate.upgrade()
    return before


def ready_schema() -> None:
    """Bring the schema of an SQLite file up to date. Raises Unavailable if that of PostgreSQL is not."""
    if database.engine.dialect.name == "sqlite":
        upgrade_schema()
    elif (state := health.schema()) is not Schema.CURRENT:
        raise Unavailable(f"The schema of the database is {state}. {health.MEND_SCHEMA}")


@cordon.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
@with_appcontext
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Look whether this installation is well, and say how to mend what is not.

    Ends with 1 if anything is wrong.
    """
    checks = health.checks(current_app.config)
    well = all(check.ok for check in checks)
    if as_json:
        print_json({"ok": well, "checks": [{**asdict(check), "mend": "" if check.ok else check.mend} for check in checks]})
    else:
        for check in checks:
            mark = click.style("ok   ", fg="green") if check.ok else click.style("wrong", fg="red", bold=True)
            click.echo(f"{mark}  {check.name:<15} {check.finding}{'' if check.ok else f' {check.mend}'}")
    if not well:
        ctx.exit(FAILED)
