"""Who may come in: tenants, people, their membership and sign-in links, and API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask_security import UserMixin
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, choice, new_id, now
from app.terms import Role

ADDRESS_MAX = 45
"""Characters of an IP address."""


class Tenant(Base):
    """An organisation whose rows no other one ever sees. Its number is internal and short, for it stands in every index.

    `matched` is the position up to which its threats were looked through for events that two sources tell.
    """

    __tablename__ = "tenant"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    matched: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)


class Person(Base, UserMixin):
    """Someone who signs in. `fs_uniquifier` is Flask-Security's name for the value a session is bound to.

    `profile` is how they want pages shown (service.profile), as far as they chose.
    """

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)  # type: ignore[assignment]  # the mixin says int
    email: Mapped[str] = mapped_column(sa.String(255), unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    password: Mapped[str | None] = mapped_column(sa.String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_sign_in_at: Mapped[datetime | None]
    profile: Mapped[dict[str, Any] | None]


class Membership(Base):
    """What a person may do in a tenant."""

    __tablename__ = "membership"

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(choice(Role, "role"))


class SignInLink(Base):
    """An address that lets a person in once. Only the SHA-256 of its token is kept.

    One that `sets_password` does so by a form in which they choose a password; any other signs them in as it is opened.
    """

    __tablename__ = "sign_in_link"
    __table_args__ = (sa.Index(None, "person_id"),)

    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("person.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    sets_password: Mapped[bool | None]


class ApiKey(Base):
    """A key of a client program: looked up by `prefix`, proved by the SHA-256 of the whole key.

    `networks` are those from which it may be used; None or empty means any. `successor_id` is the key that it was rotated to.
    """

    __tablename__ = "api_key"
    __table_args__ = (sa.Index(None, "tenant_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"))
    name: Mapped[str] = mapped_column(sa.String(100))
    prefix: Mapped[str] = mapped_column(sa.String(8), unique=True)
    key_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    last4: Mapped[str] = mapped_column(sa.String(4))
    scopes: Mapped[list[Any]]
    networks: Mapped[list[Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_used_from: Mapped[str | None] = mapped_column(sa.String(ADDRESS_MAX))
    refused_at: Mapped[datetime | None]
    refused_from: Mapped[str | None] = mapped_column(sa.String(ADDRESS_MAX))
    revoked_at: Mapped[datetime | None]
    successor_id: Mapped[UUID | None]


class RateCount(Base):
    """How many requests of one client fell into one slot of time (service.limits). It belongs to no tenant.

    `bucket` is a hash of the limit's name and the client. From `gone_at` on the row counts for nothing.
    """

    __tablename__ = "rate_count"
    __table_args__ = (sa.Index(None, "gone_at"),)

    bucket: Mapped[bytes] = mapped_column(sa.LargeBinary(16), primary_key=True)
    slot: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    count: Mapped[int]
    gone_at: Mapped[datetime]
