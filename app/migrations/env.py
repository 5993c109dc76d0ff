"""Runs the migrations on the application's own engine; called by Alembic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import sqlalchemy as sa
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


def include_object(item: Any, name: str | None, kind: str, *_: object) -> bool:
    """Leave out what one engine alone has: SQLite's tables of words, which `threat_text` makes, and PostgreSQL's own indexes."""
    if kind == "table":
        return not (name or "").startswith("threat_words")
    return kind != "index" or not item.dialect_options["postgresql"]["using"] or db.engine.dialect.name == "postgresql"


def run() -> None:
    """Apply the migrations, each in one transaction, in which SQLite also keeps changes of tables."""
    with db.engine.connect() as connection, foreign_keys_unchecked(connection):
        context.configure(
            connection=connection.execution_options(writes=True),
            target_metadata=Base.metadata,
            render_item=render_item,
            include_object=include_object,
            transactional_ddl=True,
            transaction_per_migration=True,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


@contextmanager
def foreign_keys_unchecked(connection: sa.Connection) -> Iterator[None]:
    """Let SQLite replace a table that others point to (sqlite.org/lang_altertable.html, section 7); check them all after."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        if driver.execute("PRAGMA foreign_key_check").fetchall():
            raise RuntimeError("the migration left rows that point to nothing")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


run()
