"""Feeds that a tenant has switched on or keeps ready."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id
from app.models.threat import URL_MAX

FEED_NAME_MAX = 100


class Feed(Base):
    """One source to be fetched every `interval_s` seconds while it is on.

    `connector` is a name of feeds.sources.SOURCES. `settings` answer that source's questions; the `secrets` among the answers
    stand apart, sealed, and are shown to nobody. `etag`, `last_modified`, `digest` (SHA-256 of what came last) and `cursor`
    (the source's own note of how far it has read) make the next request a conditional one. `failing_since` is set while it
    fails, `failures` counts in a row, `message` says what the last attempt came to.
    """

    __tablename__ = "feed"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "name"),
        sa.CheckConstraint("interval_s >= 30", "interval_is_polite"),
    )

    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    connector: Mapped[str] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(FEED_NAME_MAX))
    settings: Mapped[dict[str, Any]]
    secrets: Mapped[dict[str, Any]]
    interval_s: Mapped[int]
    is_on: Mapped[bool]
    etag: Mapped[str | None] = mapped_column(sa.String(500))
    last_modified: Mapped[str | None] = mapped_column(sa.String(100))
    digest: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    cursor: Mapped[dict[str, Any]]
    attempted_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    message: Mapped[str | None] = mapped_column(sa.String(URL_MAX))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(sa.String(100))
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
