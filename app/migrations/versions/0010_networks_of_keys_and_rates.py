"""Keys: their networks, from where they were used and refused, what followed them. Counts of requests, for limits."""

from alembic import op
import sqlalchemy as sa

from app.db import Id, Utc

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # All may be absent: code of before, which knows nothing of them, goes on making keys.
    op.add_column('api_key', sa.Column('networks', sa.JSON(), nullable=True))
    op.add_column('api_key', sa.Column('last_used_from', sa.String(length=45), nullable=True))
    op.add_column('api_key', sa.Column('refused_at', Utc(), nullable=True))
    op.add_column('api_key', sa.Column('refused_from', sa.String(length=45), nullable=True))
    op.add_column('api_key', sa.Column('successor_id', Id(), nullable=True))
    op.create_index('ix_api_key_tenant_id', 'api_key', ['tenant_id'])
    op.create_table('rate_count',
    sa.Column('bucket', sa.LargeBinary(length=16), nullable=False),
    sa.Column('slot', sa.BigInteger(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('gone_at', Utc(), nullable=False),
    sa.PrimaryKeyConstraint('bucket', 'slot', name=op.f('pk_rate_count')),
    )
    op.create_index('ix_rate_count_gone_at', 'rate_count', ['gone_at'])


def downgrade() -> None:
    op.drop_table('rate_count')
    op.drop_index('ix_api_key_tenant_id', 'api_key')
    for name in ('successor_id', 'refused_from', 'refused_at', 'last_used_from', 'networks'):
        op.drop_column('api_key', name)
