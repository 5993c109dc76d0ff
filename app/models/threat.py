"""Threats, the other names their sources know them by, and their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, choice, new_id
from app.terms import Precision, Severity, ThreatStatus

THREAT_TITLE_MAX = 500
TEXT_MAX = 20_000
SHORT_TEXT_MAX = 200
URL_MAX = 2_000


class Threat(Base):
    """Something that may do harm, with a place and a time.

    `source` and `external_id` are its identity at the source. Coordinates are WGS84 degrees; uncertainty is in km.
    `source_updated_at` is the source's stamp of the version we hold; `version_count` counts that one too. A status that a
    person set (`status_is_set`) stands, whatever the source says. `change` is of service.commit_order.
    """

    __tablename__ = "threat"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "source", "external_id"),
        sa.CheckConstraint("severity BETWEEN 0 AND 4", "severity_rank"),
        sa.CheckConstraint("lat BETWEEN -90 AND 90", "lat_range"),
        sa.CheckConstraint("lng BETWEEN -180 AND 180", "lng_range"),
        sa.CheckConstraint("(lat IS NULL) = (lng IS NULL)", "coordinates_are_whole"),
        sa.CheckConstraint("location_uncertainty_km >= 0", "uncertainty_not_negative"),
        sa.CheckConstraint("version_count >= 1", "version_count_positive"),
        sa.Index(None, "tenant_id", "observed_at", "id"),
        sa.Index(None, "tenant_id", "severity", "observed_at", "id"),
        sa.Index(None, "tenant_id", "lat", "lng"),
        sa.Index(None, "tenant_id", "created_at", "id"),
        sa.Index(None, "tenant_id", "change"),
    )

    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    source: Mapped[str] = mapped_column(sa.String(SHORT_TEXT_MAX))
    external_id: Mapped[str] = mapped_column(sa.String(SHORT_TEXT_MAX))
    title: Mapped[str] = mapped_column(sa.String(THREAT_TITLE_MAX))
    severity: Mapped[Severity]
    status: Mapped[ThreatStatus] = mapped_column(choice(ThreatStatus, "status"))
    status_is_set: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    pinned: Mapped[bool] = mapped_column(default=False)
    description: Mapped[str | None] = mapped_column(sa.Text)
    threat_type: Mapped[str | None] = mapped_column(sa.String(SHORT_TEXT_MAX))
    threat_rationale: Mapped[str | None] = mapped_column(sa.Text)
    location: Mapped[str | None] = mapped_column(sa.String(THREAT_TITLE_MAX))
    location_country: Mapped[str | None] = mapped_column(sa.String(2))
    lat: Mapped[float | None]
    lng: Mapped[float | None]
    location_precision_level: Mapped[Precision | None] = mapped_column(choice(Precision, "precision"))
    location_uncertainty_km: Mapped[float | None]
    observed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    likelihood: Mapped[str | None] = mapped_column(sa.String(SHORT_TEXT_MAX))
    impact_severity: Mapped[str | None] = mapped_column(sa.String(SHORT_TEXT_MAX))
    risk_score: Mapped[float | None]
    risk_level: Mapped[str | None] = mapped_column(sa.String(SHORT_TEXT_MAX))
    likelihood_rationale: Mapped[str | None] = mapped_column(sa.Text)
    impact_rationale: Mapped[str | None] = mapped_column(sa.Text)
    dismissal_reason: Mapped[str | None] = mapped_column(sa.Text)
    attribution_types: Mapped[list[Any]]
    sources: Mapped[list[Any]]
    affected_assets: Mapped[list[Any]]
    url: Mapped[str | None] = mapped_column(sa.String(URL_MAX))
    source_updated_at: Mapped[datetime | None]
    version_count: Mapped[int]
    last_version_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    change: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")


class ThreatAlias(Base):
    """A further id under which a source knows a threat, so that a change of the preferred id is not a new threat."""

    __tablename__ = "threat_alias"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "threat_id"], ["threat.tenant_id", "threat.id"]),
        sa.Index(None, "tenant_id", "threat_id"),
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(sa.String(SHORT_TEXT_MAX), primary_key=True)
    alias: Mapped[str] = mapped_column(sa.String(SHORT_TEXT_MAX), primary_key=True)
    threat_id: Mapped[UUID]


class ThreatVersion(Base):
    """One real change of a threat: number 1 is its arrival, each later one says what changed.

    `changes` maps a field to its value before and after; it is empty for number 1.
    """

    __tablename__ = "threat_version"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "threat_id"], ["threat.tenant_id", "threat.id"]),
        sa.ForeignKeyConstraint(["tenant_id", "act_id"], ["activity.tenant_id", "activity.id"]),
        {"sqlite_with_rowid": False},
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    threat_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    act_id: Mapped[UUID]
    changes: Mapped[dict[str, Any]]
