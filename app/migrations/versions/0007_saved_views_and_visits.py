"""Views of the desk that people saved, and when each was last there."""

from alembic import op
import sqlalchemy as sa
from app import db

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('saved_view',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('id', db.Id(), nullable=False),
    sa.Column('owner_id', db.Id(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('query', sa.String(length=2000), nullable=False),
    sa.Column('place', sa.String(length=100), nullable=False),
    sa.Column('shared', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['person.id'], name=op.f('fk_saved_view_owner_id')),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenant.id'], name=op.f('fk_saved_view_tenant_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_saved_view')),
    sa.UniqueConstraint('tenant_id', 'owner_id', 'name', name=op.f('uq_saved_view_tenant_id_owner_id_name'))
    )
    op.create_table('desk_visit',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('person_id', db.Id(), nullable=False),
    sa.Column('seen_at', db.Utc(), nullable=False),
    sa.Column('last_ended_at', db.Utc(), nullable=True),
    sa.Column('default_view_id', db.Id(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_desk_visit_person_id')),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenant.id'], name=op.f('fk_desk_visit_tenant_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'person_id', name=op.f('pk_desk_visit'))
    )


def downgrade() -> None:
    op.drop_table('desk_visit')
    op.drop_table('saved_view')
