"""What every command shares: the group they hang on, and failures told in one line instead of a traceback."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn

import click
import orjson
import sqlalchemy as sa

from app.db import explain
from app.errors import CordonError, Invalid, Unreadable
from app.service import people
from app.service.actor import Actor, operator

BAD_INPUT = 2
FAILED = 1


def fail(message: str, exit_code: int = FAILED) -> NoReturn:
    """End the command with one line on standard error."""
    kind = BadInput if exit_code == BAD_INPUT else click.ClickException
    raise kind(" ".join(message.split()))


class BadInput(click.ClickException):
    """Something the person gave can't be used."""

    exit_code = BAD_INPUT


class Command(click.Command):
    """A command whose failures are one plain line and an exit code: 2 for bad input, 1 for all else."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Invalid as error:
            fail(" ".join(f"{fault.field}: {fault.issue}" for fault in error.faults), BAD_INPUT)
        except Unreadable as error:
            fail(str(error), BAD_INPUT)
        except CordonError as error:
            fail(str(error))
        except sa.exc.DBAPIError as error:
            fail(str(explain(error)))
        except sa.exc.ArgumentError:
            fail("CORDON_DATABASE_URL is not an address such as postgresql://user:password@host/name.", BAD_INPUT)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type


def installed_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("cordon")
    except PackageNotFoundError:
        return "from a checkout, not installed"


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(installed_version(), message="Cordon %(version)s")
def cordon() -> None:
    """Cordon: a desk for security operations.

    Settings are environment variables, such as CORDON_DATA_DIR and CORDON_DATABASE_URL; the README lists them all.
    """


def the_operator() -> Actor:
    """Return the actor for someone at the command line, in the tenant of this installation."""
    return operator(people.the_tenant().id)


def print_json(answer: dict[str, Any]) -> None:
    """Print an answer for a machine to read."""
    click.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2))


def watched() -> bool:
    """Say whether a person is looking on."""
    return sys.stderr.isatty()
