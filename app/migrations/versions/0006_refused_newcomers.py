"""Threats that are not to be proposed to an incident again, though they lie inside its area."""

from alembic import op
import sqlalchemy as sa
from app import db

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('refused_newcomer',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('incident_id', db.Id(), nullable=False),
    sa.Column('threat_id', db.Id(), nullable=False),
    sa.Column('at', db.Utc(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'incident_id'], ['incident.tenant_id', 'incident.id'], name=op.f('fk_refused_newcomer_tenant_id_incident_id')),
    sa.ForeignKeyConstraint(['tenant_id', 'threat_id'], ['threat.tenant_id', 'threat.id'], name=op.f('fk_refused_newcomer_tenant_id_threat_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'incident_id', 'threat_id', name=op.f('pk_refused_newcomer')),
    sqlite_with_rowid=False
    )


def downgrade() -> None:
    op.drop_table('refused_newcomer')
