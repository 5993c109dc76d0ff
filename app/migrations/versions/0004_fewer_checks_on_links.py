"""Links without checks and indexes that cost an act on 10,000 of them most of its time, and changes in the order they are read."""

from alembic import op
import sqlalchemy as sa
from app import db

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

ACT = ['activity.tenant_id', 'activity.id']
PRESENT = {'unique': True, 'sqlite_where': sa.text('removed_at IS NULL'), 'postgresql_where': sa.text('removed_at IS NULL')}


def upgrade() -> None:
    op.drop_index('ix_threat_link_tenant_id_added_by', 'threat_link')
    op.drop_index('ix_link_change_tenant_id_act_id', 'link_change')
    if op.get_bind().dialect.name == 'postgresql':
        op.drop_constraint('fk_threat_link_tenant_id_added_by', 'threat_link')
        op.drop_constraint('fk_link_change_tenant_id_act_id', 'link_change')
        _key_changes_by('act_id', 'link_id')
        return
    _remake_threat_link()
    _remake_link_change('act_id', 'link_id')


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.create_foreign_key('fk_threat_link_tenant_id_added_by', 'threat_link', 'activity', ['tenant_id', 'added_by'], ['tenant_id', 'id'])
        op.create_foreign_key('fk_link_change_tenant_id_act_id', 'link_change', 'activity', ['tenant_id', 'act_id'], ['tenant_id', 'id'])
        _key_changes_by('link_id', 'act_id')
    else:
        _remake_threat_link(sa.ForeignKeyConstraint(['tenant_id', 'added_by'], ACT, name='fk_threat_link_tenant_id_added_by'))
        _remake_link_change('link_id', 'act_id', sa.ForeignKeyConstraint(['tenant_id', 'act_id'], ACT, name='fk_link_change_tenant_id_act_id'))
    op.create_index('ix_threat_link_tenant_id_added_by', 'threat_link', ['tenant_id', 'added_by'])
    op.create_index('ix_link_change_tenant_id_act_id', 'link_change', ['tenant_id', 'act_id'])


def _key_changes_by(*columns: str) -> None:
    op.drop_constraint('pk_link_change', 'link_change')
    op.create_primary_key('pk_link_change', 'link_change', ['tenant_id', 'incident_id', *columns])


def _remake_threat_link(*further: sa.Constraint) -> None:
    """Make the table anew with its rows: SQLite can't drop or add a constraint."""
    op.drop_index('uq_threat_link_present', 'threat_link')
    op.rename_table('threat_link', 'threat_link_before')
    op.create_table('threat_link',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('incident_id', db.Id(), nullable=False),
    sa.Column('id', db.Id(), nullable=False),
    sa.Column('threat_id', db.Id(), nullable=False),
    sa.Column('added_at', db.Utc(), nullable=False),
    sa.Column('added_by', db.Id(), nullable=False),
    sa.Column('removed_at', db.Utc(), nullable=True),
    sa.Column('removed_by', db.Id(), nullable=True),
    sa.CheckConstraint('(removed_at IS NULL) = (removed_by IS NULL)', name=op.f('ck_threat_link_removal_is_whole')),
    *further,
    sa.ForeignKeyConstraint(['tenant_id', 'incident_id'], ['incident.tenant_id', 'incident.id'], name=op.f('fk_threat_link_tenant_id_incident_id')),
    sa.ForeignKeyConstraint(['tenant_id', 'threat_id'], ['threat.tenant_id', 'threat.id'], name=op.f('fk_threat_link_tenant_id_threat_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'incident_id', 'id', name=op.f('pk_threat_link')),
    sqlite_with_rowid=False
    )
    op.execute('INSERT INTO threat_link SELECT tenant_id, incident_id, id, threat_id, added_at, added_by, removed_at, removed_by FROM threat_link_before')
    op.drop_table('threat_link_before')
    op.create_index('uq_threat_link_present', 'threat_link', ['tenant_id', 'threat_id', 'incident_id'], **PRESENT)


def _remake_link_change(first: str, second: str, *further: sa.Constraint) -> None:
    op.rename_table('link_change', 'link_change_before')
    op.create_table('link_change',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('incident_id', db.Id(), nullable=False),
    sa.Column('link_id', db.Id(), nullable=False),
    sa.Column('act_id', db.Id(), nullable=False),
    sa.Column('threat_id', db.Id(), nullable=False),
    sa.Column('removed', sa.Boolean(), nullable=False),
    *further,
    sa.PrimaryKeyConstraint('tenant_id', 'incident_id', first, second, name=op.f('pk_link_change')),
    sqlite_with_rowid=False
    )
    op.execute('INSERT INTO link_change SELECT tenant_id, incident_id, link_id, act_id, threat_id, removed FROM link_change_before')
    op.drop_table('link_change_before')
