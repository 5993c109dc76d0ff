"""The words of each threat by which it is found, and the index over them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ThreatText(Base):
    """The words of a threat's title, place and description, as service.threats.wording_search writes them.

    On SQLite `threat_words` is a full-text index over `words` (FTS5, an external content table; `id` is its rowid; see
    sqlite.org/fts5.html, section 4.4.3). Triggers tell it of changes and deletions; who adds rows tells it of all of them
    at once, for each alone would take ten times as long. On PostgreSQL `words` is a tsvector. There is no foreign key: a
    row is written and deleted together with its threat, and the check would cost imports as much as the words do.
    """

    __tablename__ = "threat_text"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "threat_id"),
        sa.Index(None, "words", postgresql_using="gin").ddl_if("postgresql"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)
    tenant_id: Mapped[int]
    threat_id: Mapped[UUID]
    words: Mapped[str] = mapped_column(sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql"))


# Neither positions nor lengths of texts are kept: nothing asks for them.
FOLLOWING = (
    """CREATE VIRTUAL TABLE threat_words USING fts5(
    words, content='threat_text', content_rowid='id', tokenize='ascii', detail=none, columnsize=0)""",
    """CREATE TRIGGER threat_text_deleted AFTER DELETE ON threat_text BEGIN
    INSERT INTO threat_words(threat_words, rowid, words) VALUES ('delete', old.id, old.words);
END""",
    """CREATE TRIGGER threat_text_updated AFTER UPDATE ON threat_text BEGIN
    INSERT INTO threat_words(threat_words, rowid, words) VALUES ('delete', old.id, old.words);
    INSERT INTO threat_words(rowid, words) VALUES (new.id, new.words);
END""",
)


@sa.event.listens_for(ThreatText.__table__, "after_create")
def _make_index(_table: sa.Table, connection: sa.Connection, **_rest: Any) -> None:
    if connection.dialect.name == "sqlite":
        for statement in FOLLOWING:
            connection.exec_driver_sql(statement)


@sa.event.listens_for(ThreatText.__table__, "before_drop")
def _drop_index(_table: sa.Table, connection: sa.Connection, **_rest: Any) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TABLE threat_words")
