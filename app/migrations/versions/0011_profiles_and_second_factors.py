"""People: how they want pages shown, when they last signed in, their second factors; links that set a password."""

from alembic import op
import sqlalchemy as sa

from app.db import Id, Utc

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # All may be absent: code of before, which knows nothing of them, goes on adding people and links.
    op.add_column('person', sa.Column('last_sign_in_at', Utc(), nullable=True))
    op.add_column('person', sa.Column('profile', sa.JSON(), nullable=True))
    op.add_column('sign_in_link', sa.Column('sets_password', sa.Boolean(), nullable=True))
    op.create_index('ix_sign_in_link_person_id', 'sign_in_link', ['person_id'])
    op.create_table('second_factor',
    sa.Column('person_id', Id(), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False),
    sa.Column('since', Utc(), nullable=True),
    sa.Column('counter', sa.BigInteger(), nullable=True),
    sa.Column('wrong', sa.Integer(), nullable=False),
    sa.Column('wait_until', Utc(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_second_factor_person_id')),
    sa.PrimaryKeyConstraint('person_id', name=op.f('pk_second_factor'))
    )
    op.create_table('recovery_code',
    sa.Column('code_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('person_id', Id(), nullable=False),
    sa.Column('used_at', Utc(), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_recovery_code_person_id')),
    sa.PrimaryKeyConstraint('code_hash', name=op.f('pk_recovery_code'))
    )
    op.create_index('ix_recovery_code_person_id', 'recovery_code', ['person_id'])


def downgrade() -> None:
    op.drop_table('recovery_code')
    op.drop_table('second_factor')
    op.drop_index('ix_sign_in_link_person_id', 'sign_in_link')
    op.drop_column('sign_in_link', 'sets_password')
    op.drop_column('person', 'profile')
    op.drop_column('person', 'last_sign_in_at')
