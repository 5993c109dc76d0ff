"""What the desk keeps for people: when they were there, and views that they saved."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id

VIEW_NAME_MAX = 100
VIEW_QUERY_MAX = 2_000
VIEW_PLACE_MAX = 100


class SavedView(Base):
    """A state of the desk under a name: the query string without "?", and what the address says of the map behind "#".

    Only its owner sees it unless it is shared, then everyone in the tenant does.
    """

    __tablename__ = "saved_view"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "owner_id", "name"),)

    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(sa.String(VIEW_NAME_MAX))
    query: Mapped[str] = mapped_column(sa.String(VIEW_QUERY_MAX))
    place: Mapped[str] = mapped_column(sa.String(VIEW_PLACE_MAX))
    shared: Mapped[bool]


class DeskVisit(Base):
    """When a person was last seen at the desk of a tenant, when the visit before this one ended, and the view it opens with.

    The view has no foreign key: one that was deleted, or is not shared any more, is none.
    """

    __tablename__ = "desk_visit"

    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    seen_at: Mapped[datetime]
    last_ended_at: Mapped[datetime | None]
    default_view_id: Mapped[UUID | None]
