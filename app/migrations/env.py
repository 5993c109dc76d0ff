"""Runs the migrations on the application's own engine; called by Alembic."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app

from app import models  # noqa: F401 - fills the metadata
from app.db import Base, Id, Ranked, Utc, db


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our column types by their names into a new migration."""
    if kind == "type" and isinstance(item, Id | Utc | Ranked):
        autogen.imports.add("from app import db")
        return f"db.{type(item).__name__}()"
    return False


def run() -> None:
    """Apply the migrations in one transaction each, in which SQLite also keeps changes of tables."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection.execution_options(writes=True),
            target_metadata=Base.metadata,
            render_item=render_item,
            transactional_ddl=True,
            transaction_per_migration=True,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
