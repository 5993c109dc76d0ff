"""Finding threats by the words of their title, place and description: a full-text index of SQLite (FTS5) or PostgreSQL (GIN).

The index holds each word with the number of its tenant before it, `7xharbour`. So no search ever walks through the words of
another tenant, however common they are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.db import db
from app.index.part import Ids, ids_of
from app.models import Threat, ThreatText
from app.service.actor import Actor, owned
from app.service.threats.wording import asked, words

TEXTS = ("title", "location", "description")


def indexed(tenant_id: int, values: Mapping[str, Any]) -> str:
    """Return what the index keeps of a threat's texts: its different words, with a space between."""
    text = "\n".join(values[name] or "" for name in TEXTS)
    return " ".join(f"{tenant_id}x{word}" for word in dict.fromkeys(words(text)))


def having_words(actor: Actor, query: str) -> sa.ColumnElement[bool]:
    """Return the condition that for each word of the query a word of the threat begins with it; false if it has no words."""
    return Threat.id.in_(sa.select(ThreatText.threat_id).where(owned(actor, ThreatText), _found(actor, query)))


def ids_having_words(actor: Actor, query: str, connection: sa.Connection) -> Ids:
    """Return the ids of the tenant's threats of which having_words() is true, in no order."""
    if db.engine.dialect.name == "postgresql":
        joined = sa.func.string_agg(sa.func.uuid_send(ThreatText.threat_id), sa.cast(b"", sa.LargeBinary), type_=sa.LargeBinary)
        ids = connection.scalar(sa.select(joined).where(owned(actor, ThreatText), _found(actor, query))) or b""
    else:
        joined = sa.func.group_concat(sa.func.hex(ThreatText.threat_id), "")
        ids = bytes.fromhex(connection.scalar(sa.select(joined).where(owned(actor, ThreatText), _found(actor, query))) or "")
    return ids_of([ids])


def _found(actor: Actor, query: str) -> sa.ColumnElement[bool]:
    """Return the condition that a row has all words of the query. Words are alphanumeric, so quoting them is enough."""
    wanted = [f"{actor.tenant_id}x{word}" for word in asked(query)]
    if not wanted:
        return sa.false()
    if db.engine.dialect.name == "postgresql":
        of_all = " & ".join(f"'{word}':*" for word in wanted)
        return ThreatText.words.bool_op("@@")(sa.cast(of_all, postgresql.TSQUERY))
    index = sa.table("threat_words", sa.column("rowid"), sa.column("threat_words"))
    of_all = " AND ".join(f'"{word}"*' for word in wanted)
    return ThreatText.id.in_(sa.select(index.c.rowid).where(index.c.threat_words.match(of_all)))
