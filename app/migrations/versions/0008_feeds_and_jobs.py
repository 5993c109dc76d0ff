"""Feeds, jobs, and what sources told of threats."""

from alembic import op
import sqlalchemy as sa
from app import db

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('feed',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('id', db.Id(), nullable=False),
    sa.Column('connector', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('settings', sa.JSON(), nullable=False),
    sa.Column('secrets', sa.JSON(), nullable=False),
    sa.Column('interval_s', sa.Integer(), nullable=False),
    sa.Column('is_on', sa.Boolean(), nullable=False),
    sa.Column('etag', sa.String(length=500), nullable=True),
    sa.Column('last_modified', sa.String(length=100), nullable=True),
    sa.Column('digest', sa.LargeBinary(length=32), nullable=True),
    sa.Column('cursor', sa.JSON(), nullable=False),
    sa.Column('attempted_at', db.Utc(), nullable=True),
    sa.Column('succeeded_at', db.Utc(), nullable=True),
    sa.Column('changed_at', db.Utc(), nullable=True),
    sa.Column('failing_since', db.Utc(), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('message', sa.String(length=2000), nullable=True),
    sa.Column('created_at', db.Utc(), nullable=False),
    sa.Column('created_by', sa.String(length=100), nullable=False),
    sa.Column('updated_at', db.Utc(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('interval_s >= 30', name=op.f('ck_feed_interval_is_polite')),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenant.id'], name=op.f('fk_feed_tenant_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_feed')),
    sa.UniqueConstraint('tenant_id', 'name', name=op.f('uq_feed_tenant_id_name'))
    )
    op.create_table('job',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('id', db.Id(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('subject', db.Id(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('due_at', db.Utc(), nullable=False),
    sa.Column('claim', db.Id(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('message', sa.Text(), nullable=True),
    sa.Column('actor_kind', sa.String(length=10), nullable=False),
    sa.Column('actor_id', db.Id(), nullable=True),
    sa.Column('actor_name', sa.String(length=100), nullable=False),
    sa.Column('created_at', db.Utc(), nullable=False),
    sa.Column('finished_at', db.Utc(), nullable=True),
    sa.CheckConstraint("(state = 'running') = (claim IS NOT NULL)", name=op.f('ck_job_running_is_claimed')),
    sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'dead')", name=op.f('ck_job_state')),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenant.id'], name=op.f('fk_job_tenant_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_job'))
    )
    op.create_index('ix_job_open_due_at', 'job', ['due_at'], sqlite_where=sa.text("state IN ('waiting', 'running')"), postgresql_where=sa.text("state IN ('waiting', 'running')"))
    op.create_index('uq_job_open', 'job', ['tenant_id', 'kind', 'subject'], unique=True, sqlite_where=sa.text("state IN ('waiting', 'running')"), postgresql_where=sa.text("state IN ('waiting', 'running')"))

    op.create_table('threat_gone',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('id', db.Id(), nullable=False),
    sa.Column('change', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id'], ['tenant.id'], name=op.f('fk_threat_gone_tenant_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_threat_gone')),
    sqlite_with_rowid=False
    )
    op.create_index('ix_threat_gone_tenant_id_change', 'threat_gone', ['tenant_id', 'change'])

    op.create_table('threat_area',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('threat_id', db.Id(), nullable=False),
    sa.Column('area', sa.Text(), nullable=False),
    sa.Column('outline', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'threat_id'], ['threat.tenant_id', 'threat.id'], name=op.f('fk_threat_area_tenant_id_threat_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'threat_id', name=op.f('pk_threat_area'))
    )
    op.create_table('threat_pair',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('low_id', db.Id(), nullable=False),
    sa.Column('high_id', db.Id(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('kept_id', db.Id(), nullable=True),
    sa.Column('found_at', db.Utc(), nullable=False),
    sa.Column('decided_at', db.Utc(), nullable=True),
    sa.Column('decided_by', sa.String(length=100), nullable=True),
    sa.CheckConstraint("(state = 'same') = (kept_id IS NOT NULL)", name=op.f('ck_threat_pair_same_keeps_one')),
    sa.CheckConstraint("state IN ('proposed', 'same', 'different')", name=op.f('ck_threat_pair_state')),
    sa.CheckConstraint('low_id < high_id', name=op.f('ck_threat_pair_ids_are_ordered')),
    sa.ForeignKeyConstraint(['tenant_id', 'high_id'], ['threat.tenant_id', 'threat.id'], name=op.f('fk_threat_pair_tenant_id_high_id')),
    sa.ForeignKeyConstraint(['tenant_id', 'low_id'], ['threat.tenant_id', 'threat.id'], name=op.f('fk_threat_pair_tenant_id_low_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'low_id', 'high_id', name=op.f('pk_threat_pair')),
    sqlite_with_rowid=False
    )
    op.create_index('ix_threat_pair_tenant_id_high_id', 'threat_pair', ['tenant_id', 'high_id'])
    op.create_index('ix_threat_pair_tenant_id_state_found_at', 'threat_pair', ['tenant_id', 'state', 'found_at'])

    op.create_table('threat_record',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('threat_id', db.Id(), nullable=False),
    sa.Column('digest', sa.BigInteger(), nullable=False),
    sa.Column('first_seen_at', db.Utc(), nullable=False),
    sa.Column('seen_at', db.Utc(), nullable=False),
    sa.Column('run_id', db.Id(), nullable=True),
    sa.Column('raw', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('tenant_id', 'threat_id', name=op.f('pk_threat_record')),
    sqlite_with_rowid=False
    )
    op.create_table('threat_reference',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('reference', sa.String(length=200), nullable=False),
    sa.Column('threat_id', db.Id(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'threat_id'], ['threat.tenant_id', 'threat.id'], name=op.f('fk_threat_reference_tenant_id_threat_id')),
    sa.PrimaryKeyConstraint('tenant_id', 'reference', 'threat_id', name=op.f('pk_threat_reference')),
    sqlite_with_rowid=False
    )
    op.create_index('ix_threat_reference_tenant_id_threat_id', 'threat_reference', ['tenant_id', 'threat_id'])
    with op.batch_alter_table('import_run') as batch:
        batch.add_column(sa.Column('feed_id', db.Id(), nullable=True))
        batch.add_column(sa.Column('total', sa.Integer(), nullable=True))
        batch.add_column(sa.Column('position', sa.Integer(), server_default='0', nullable=False))
        batch.add_column(sa.Column('left_out', sa.JSON(), server_default='{}', nullable=False))
        batch.add_column(sa.Column('acts', sa.JSON(), server_default='[]', nullable=False))
        batch.create_index('ix_import_run_tenant_id_feed_id_id', ['tenant_id', 'feed_id', 'id'])
        batch.create_foreign_key('fk_import_run_tenant_id_feed_id', 'feed', ['tenant_id', 'feed_id'], ['tenant_id', 'id'])
    _change_states('import_run', "'draft', 'running', 'done', 'failed', 'undoing', 'undone'")
    op.create_table('import_file',
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('run_id', db.Id(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'run_id'], ['import_run.tenant_id', 'import_run.id'], name=op.f('fk_import_file_tenant_id_run_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'run_id', name=op.f('pk_import_file'))
    )
    op.execute('INSERT INTO import_file SELECT tenant_id, id, content FROM import_run WHERE content IS NOT NULL')
    op.add_column('tenant', sa.Column('matched', sa.JSON(), nullable=True))
    if op.get_bind().dialect.name == 'sqlite':
        op.execute('DROP TRIGGER threat_text_inserted')


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.execute("""CREATE TRIGGER threat_text_inserted AFTER INSERT ON threat_text BEGIN
    INSERT INTO threat_words(rowid, words) VALUES (new.id, new.words);
END""")
    op.drop_column('tenant', 'matched')
    op.drop_table('import_file')
    op.execute("UPDATE import_run SET state = 'done' WHERE state IN ('undoing', 'undone')")
    _change_states('import_run', "'draft', 'running', 'done', 'failed'")
    with op.batch_alter_table('import_run') as batch:
        batch.drop_constraint('fk_import_run_tenant_id_feed_id', type_='foreignkey')
        batch.drop_index('ix_import_run_tenant_id_feed_id_id')
        for name in ('acts', 'left_out', 'position', 'total', 'feed_id'):
            batch.drop_column(name)
    for name in ('threat_reference', 'threat_record', 'threat_pair', 'threat_area', 'threat_gone', 'job', 'feed'):
        op.drop_table(name)


def _change_states(table: str, states: str) -> None:
    """Let a run be in these states. SQLite's table is made anew without its checks, so both are given again."""
    name, sums = op.f('ck_import_run_state'), op.f('ck_import_run_counts_add_up')
    with op.batch_alter_table(table) as batch:
        if op.get_bind().dialect.name == 'postgresql':
            batch.drop_constraint(name, type_='check')
        else:
            batch.create_check_constraint(sums, 'seen = new + updated + unchanged + older + failed')
        batch.create_check_constraint(name, f'state IN ({states})')
