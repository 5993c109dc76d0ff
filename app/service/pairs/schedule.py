"""When threats are looked through for events that two sources tell: soon after any were written."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from app.db import db
from app.models import Job, Tenant
from app.service import jobs
from app.service.actor import worker
from app.service.commit_order import position

KIND = "match"
WHOLE = UUID(int=0)
"""The subject of the job: all threats of the tenant."""


def keep_matched() -> None:
    """See to it that every tenant whose threats were written to since they were last looked through has a job for it.

    One that was given up stays so until a person has it tried again.
    """
    given_up = sa.exists().where(Job.tenant_id == Tenant.id, Job.kind == KIND, Job.subject == WHOLE, Job.state == "dead")
    for tenant_id, matched in db.session.execute(sa.select(Tenant.id, Tenant.matched).where(~given_up)).all():
        since = (matched or {}).get("since") or {}
        present = position(db.session.connection(), tenant_id)
        if since.get("version") != present.version:
            jobs.enqueue(worker(tenant_id, "operator", None, "Cordon"), KIND, WHOLE)
