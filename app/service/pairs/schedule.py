"""When threats are looked through for events that two sources tell: soon after any were written."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from app.db import db
from app.models import Job, Tenant
from app.service import jobs
from app.service.actor import worker
from app.service.pairs.find import is_due

KIND = "match"
WHOLE = UUID(int=0)
"""The subject of the job: all threats of the tenant."""


def keep_matched() -> None:
    """See to it that every tenant whose threats were written to since they were last looked through has a job for it.

    One that was given up stays so until a person has it tried again.
    """
    given_up = sa.exists().where(Job.tenant_id == Tenant.id, Job.kind == KIND, Job.subject == WHOLE, Job.state == "dead")
    for tenant_id in db.session.scalars(sa.select(Tenant.id).where(~given_up)).all():
        actor = worker(tenant_id, "operator", None, "Cordon")
        if is_due(actor):
            jobs.enqueue(actor, KIND, WHOLE)
