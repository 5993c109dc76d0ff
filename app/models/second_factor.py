"""The second factor of a person: codes of an authenticator app, and recovery codes for when it is lost."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class SecondFactor(Base):
    """A person's authenticator app. It counts from `since` on; until then it is being set up.

    `secret` is encrypted. `counter` is the period of the last code that was used, so that none is used twice. `wrong` counts
    wrong codes since the last right one; too many make codes useless until `wait_until`.
    """

    __tablename__ = "second_factor"

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    secret: Mapped[bytes]
    since: Mapped[datetime | None]
    counter: Mapped[int | None] = mapped_column(sa.BigInteger)
    wrong: Mapped[int]
    wait_until: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code that stands once for the authenticator app. Only its SHA-256 is kept; it has 120 bits."""

    __tablename__ = "recovery_code"
    __table_args__ = (sa.Index(None, "person_id"),)

    code_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("person.id"))
    used_at: Mapped[datetime | None]
