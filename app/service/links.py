"""The links that are not removed, read so that no database begins at the wrong end."""

from __future__ import annotations

import sqlalchemy as sa

from app.db import Id

# Without statistics SQLite would go through all links of a tenant for every threat.
SOURCE = {
    "postgresql": "SELECT tenant_id, threat_id, incident_id FROM threat_link WHERE removed_at IS NULL",
    "sqlite": "SELECT tenant_id, threat_id, incident_id FROM threat_link INDEXED BY uq_threat_link_present"
    " WHERE removed_at IS NULL",
}


def present_links(bind: sa.Engine | sa.Connection) -> sa.FromClause:
    """Return a table of `tenant_id`, `threat_id` and `incident_id`, to be joined by tenant and threat.

    Outer joins keep the order of a statement on SQLite, which would otherwise begin with all incidents of the tenant.
    """
    columns = (sa.column("tenant_id", sa.Integer), sa.column("threat_id", Id()), sa.column("incident_id", Id()))
    return sa.text(SOURCE[bind.dialect.name]).columns(*columns).subquery("link")
