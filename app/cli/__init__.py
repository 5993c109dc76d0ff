"""The command edge."""

from __future__ import annotations

from flask import Flask
from flask.cli import ScriptInfo

from app.cli import access, care, importing, serve, worker
from app.cli.command import cordon

__all__ = ["access", "care", "importing", "init_app", "main", "serve", "worker"]


def init_app(app: Flask) -> None:
    """Add the commands to Flask's own; its `db`, which has all of Flask-Migrate's, stays."""
    for name, command in cordon.commands.items():
        if name != "db":
            app.cli.add_command(command)


def main() -> None:
    """Run the console script `cordon`."""
    from app import create_app  # noqa: PLC0415 - the application joins all edges, this one too

    info = ScriptInfo(create_app=create_app, set_debug_flag=False, load_dotenv_defaults=False)
    cordon.main(prog_name="cordon", obj=info)
