"""The words of each threat by which it is found, with those of the threats that are there already."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from app import db
# Words in the index must be made just as those that are asked for, so by the code of today, not by that of this day.
from app.service.threats.wording_search import TEXTS, indexed

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

BATCH = 5_000
FOLLOWING = (
    """CREATE VIRTUAL TABLE threat_words USING fts5(
    words, content='threat_text', content_rowid='id', tokenize='ascii', detail=none, columnsize=0)""",
    """CREATE TRIGGER threat_text_inserted AFTER INSERT ON threat_text BEGIN
    INSERT INTO threat_words(rowid, words) VALUES (new.id, new.words);
END""",
    """CREATE TRIGGER threat_text_deleted AFTER DELETE ON threat_text BEGIN
    INSERT INTO threat_words(threat_words, rowid, words) VALUES ('delete', old.id, old.words);
END""",
    """CREATE TRIGGER threat_text_updated AFTER UPDATE ON threat_text BEGIN
    INSERT INTO threat_words(threat_words, rowid, words) VALUES ('delete', old.id, old.words);
    INSERT INTO threat_words(rowid, words) VALUES (new.id, new.words);
END""",
)


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == 'postgresql'
    table = op.create_table('threat_text',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('tenant_id', sa.Integer(), nullable=False),
    sa.Column('threat_id', db.Id(), nullable=False),
    sa.Column('words', sa.Text().with_variant(postgresql.TSVECTOR(), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_threat_text')),
    sa.UniqueConstraint('tenant_id', 'threat_id', name=op.f('uq_threat_text_tenant_id_threat_id'))
    )
    if not on_postgresql:
        for statement in FOLLOWING:
            op.execute(statement)
    fill(table)
    if on_postgresql:
        op.create_index(op.f('ix_threat_text_words'), 'threat_text', ['words'], postgresql_using='gin')


def fill(table: sa.Table) -> None:
    threat = sa.table('threat', sa.column('tenant_id'), sa.column('id', db.Id()), *map(sa.column, TEXTS))
    key = sa.tuple_(threat.c.tenant_id, threat.c.id)
    batch = sa.select(threat).order_by(threat.c.tenant_id, threat.c.id).limit(BATCH)
    rows = op.get_bind().execute(batch).mappings().all()
    while rows:
        op.bulk_insert(table, [
            {'tenant_id': row['tenant_id'], 'threat_id': row['id'], 'words': indexed(row['tenant_id'], row)} for row in rows
        ])
        last = sa.tuple_(sa.literal(rows[-1]['tenant_id']), sa.literal(rows[-1]['id'], db.Id()))
        rows = op.get_bind().execute(batch.where(key > last)).mappings().all()


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.execute('DROP TABLE threat_words')
    op.drop_table('threat_text')
