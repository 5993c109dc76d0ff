"""Undoing an import: how far it is, and the indexes by which a threat is known to be in nobody's use."""

from alembic import op
import sqlalchemy as sa

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('import_run', sa.Column('undo', sa.JSON(), nullable=True))
    for table in ('threat_alias', 'threat_link', 'refused_newcomer'):
        op.create_index(f'ix_{table}_tenant_id_threat_id', table, ['tenant_id', 'threat_id'])


def downgrade() -> None:
    for table in ('refused_newcomer', 'threat_link', 'threat_alias'):
        op.drop_index(f'ix_{table}_tenant_id_threat_id', table)
    op.drop_column('import_run', 'undo')
