"""Change numbers, by which an index in memory follows the threats and what is linked; threats by the time they came in."""

from alembic import op
import sqlalchemy as sa

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ('threat', 'incident'):
        op.add_column(table, sa.Column('change', sa.BigInteger(), server_default='0', nullable=False))
        op.create_index(op.f(f'ix_{table}_tenant_id_change'), table, ['tenant_id', 'change'])
    op.create_index(op.f('ix_threat_tenant_id_created_at_id'), 'threat', ['tenant_id', 'created_at', 'id'])


def downgrade() -> None:
    op.drop_index(op.f('ix_threat_tenant_id_created_at_id'), 'threat')
    for table in ('incident', 'threat'):
        op.drop_index(op.f(f'ix_{table}_tenant_id_change'), table)
        op.drop_column(table, 'change')
