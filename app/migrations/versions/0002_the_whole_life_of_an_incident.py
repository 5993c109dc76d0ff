"""The whole life of an incident: acts that touch several, links that come and go, merging, and kept answers."""

from alembic import op
import sqlalchemy as sa
from app import db

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('kept_answer',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('key_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('body_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('headers', sa.JSON(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', db.Utc(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenant.id'], name=op.f('fk_kept_answer_tenant_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'key_hash', name=op.f('pk_kept_answer'))
    )
    with op.batch_alter_table('kept_answer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_kept_answer_created_at'), ['created_at'], unique=False)

    op.create_table('activity_other',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('incident_id', db.Id(), nullable=False),
    sa.Column('act_id', db.Id(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'act_id'], ['activity.tenant_id', 'activity.id'], name=op.f('fk_activity_other_tenant_id_act_id')),
    sa.ForeignKeyConstraint(['tenant_id', 'incident_id'], ['incident.tenant_id', 'incident.id'], name=op.f('fk_activity_other_tenant_id_incident_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'incident_id', 'act_id', name=op.f('pk_activity_other')),
    sqlite_with_rowid=False
    )
    op.create_table('link_change',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('incident_id', db.Id(), nullable=False),
    sa.Column('link_id', db.Id(), nullable=False),
    sa.Column('act_id', db.Id(), nullable=False),
    sa.Column('threat_id', db.Id(), nullable=False),
    sa.Column('removed', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'act_id'], ['activity.tenant_id', 'activity.id'], name=op.f('fk_link_change_tenant_id_act_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'incident_id', 'link_id', 'act_id', name=op.f('pk_link_change')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('link_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_link_change_tenant_id_act_id'), ['tenant_id', 'act_id'], unique=False)

    with op.batch_alter_table('activity', schema=None) as batch_op:
        batch_op.add_column(sa.Column('undoes_id', db.Id(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f('uq_activity_tenant_id_undoes_id'), ['tenant_id', 'undoes_id'])
        batch_op.create_foreign_key(batch_op.f('fk_activity_tenant_id_undoes_id'), 'activity', ['tenant_id', 'undoes_id'], ['tenant_id', 'id'])

    with op.batch_alter_table('incident', schema=None) as batch_op:
        batch_op.add_column(sa.Column('merged_into_id', db.Id(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_incident_tenant_id_merged_into_id'), 'incident', ['tenant_id', 'merged_into_id'], ['tenant_id', 'id'])
        batch_op.create_check_constraint(op.f('ck_incident_merged_is_closed'), "merged_into_id IS NULL OR status = 'closed'")

    with op.batch_alter_table('threat', schema=None) as batch_op:
        batch_op.add_column(sa.Column('status_is_set', sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table('threat_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_threat_link_tenant_id_added_by'), ['tenant_id', 'added_by'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('threat_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_threat_link_tenant_id_added_by'))

    with op.batch_alter_table('threat', schema=None) as batch_op:
        batch_op.drop_column('status_is_set')

    with op.batch_alter_table('incident', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_incident_merged_is_closed'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_incident_tenant_id_merged_into_id'), type_='foreignkey')
        batch_op.drop_column('merged_into_id')

    with op.batch_alter_table('activity', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_activity_tenant_id_undoes_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('uq_activity_tenant_id_undoes_id'), type_='unique')
        batch_op.drop_column('undoes_id')

    with op.batch_alter_table('link_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_link_change_tenant_id_act_id'))

    op.drop_table('link_change')
    op.drop_table('activity_other')
    with op.batch_alter_table('kept_answer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_kept_answer_created_at'))

    op.drop_table('kept_answer')
