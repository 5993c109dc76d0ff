"""The database itself: types, transactions, migrations."""

from __future__ import annotations

from uuid import UUID

import alembic.command
import flask_migrate
import numpy as np
import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import Base, among, db, engine_url, given_ids, new_id, now, sqlite_is_safe, transaction
from app.models import Incident, Tenant
from tests import make


def described(engine: sa.Engine) -> dict[str, object]:
    """Return all that the database says of its tables, in a form that can be compared."""
    engine.dispose()  # SQLite's pragmas tell the schema as a connection last read it, which may be long ago
    inspector = sa.inspect(engine)
    tables: dict[str, object] = {}
    for name in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        tables[name] = {
            "columns": {c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(name)},
            "key": inspector.get_pk_constraint(name),
            "foreign": sorted(str(sorted(f.items(), key=str)) for f in inspector.get_foreign_keys(name)),
            "unique": sorted(str((u["name"], u["column_names"])) for u in inspector.get_unique_constraints(name)),
            "checks": sorted((c["name"], c["sqltext"]) for c in inspector.get_check_constraints(name)),
            "indexes": sorted(
                (i["name"], str(i["column_names"]), i["unique"], *map(str, i.get("dialect_options", {}).values()))
                for i in inspector.get_indexes(name)
            ),
        }
    return tables


def test_an_upgraded_database_equals_the_models(context: Flask):
    upgraded = described(db.engine)
    try:
        with db.engine.begin() as connection:
            Base.metadata.drop_all(connection)
            Base.metadata.create_all(connection)
        assert described(db.engine) == upgraded
    finally:
        with db.engine.begin() as connection:
            Base.metadata.drop_all(connection)
            connection.exec_driver_sql("DELETE FROM alembic_version")
        flask_migrate.upgrade()
    assert described(db.engine) == upgraded


def test_there_is_nothing_left_for_a_migration_to_do(context: Flask):
    flask_migrate.check()


def test_a_downgrade_takes_everything_away_and_an_upgrade_brings_it_back(context: Flask):
    before = described(db.engine)
    flask_migrate.downgrade(revision="base")
    assert described(db.engine) == {}
    flask_migrate.upgrade()
    assert described(db.engine) == before


def test_a_transaction_that_fails_leaves_nothing(context: Flask):
    def write_and_fail() -> None:
        with transaction() as session:
            session.add(Tenant(name="Half"))
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        write_and_fail()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Tenant)) == 0


def test_a_transaction_within_another_is_a_part_of_it(context: Flask):
    def write_twice_and_fail() -> None:
        with transaction():
            with transaction() as session:
                session.add(Tenant(name="Inner"))
            raise LookupError

    with pytest.raises(LookupError):
        write_twice_and_fail()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Tenant)) == 0


def test_given_ids_come_back_in_order_whatever_their_number(context: Flask):
    for count in (0, 1, 1000):
        first, second = [new_id() for _ in range(count)], [new_id() for _ in range(count)]
        given = given_ids(first, second)
        rows = db.session.execute(sa.select(given.c.id0, given.c.id1).order_by(given.c.position)).all()
        assert [tuple(row) for row in rows] == list(zip(first, second, strict=True))


def test_an_array_of_ids_means_the_same_as_a_list_also_with_zeros_at_the_end(context: Flask):
    ids = [UUID(int=7 << 64), new_id(), UUID(int=0)]
    array = np.array([one.bytes for one in ids], "S16")
    given = given_ids(array, ids)
    rows = db.session.execute(sa.select(given.c.id0, given.c.id1).order_by(given.c.position)).all()
    assert [tuple(row) for row in rows] == [(one, one) for one in ids]
    assert set(db.session.scalars(sa.select(given.c.id1).where(among(given.c.id1, array[:2])))) == set(ids[:2])


def test_times_come_back_as_they_were_written(context: Flask):
    time = now()
    with transaction() as session:
        session.add(Tenant(name="Clock", created_at=time))
    db.session.expunge_all()
    assert db.session.scalar(sa.select(Tenant.created_at).where(Tenant.name == "Clock")) == time


def test_ids_are_of_version_7_and_ascend():
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(ids)
    assert {i.version for i in ids} == {7}
    assert all(isinstance(i, UUID) for i in ids)


def test_a_link_cannot_join_two_tenants_even_by_sql(app: Flask):
    ours, theirs = make.actor(app), make.actor(app, "Other")
    foreign = make.put_threats(app, theirs, 1)[0]
    incident_id = make.incident(app, ours, make.put_threats(app, ours, 1))
    with app.app_context(), pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(
            sa.text(
                "INSERT INTO threat_link (tenant_id, incident_id, id, threat_id, added_at, added_by)"
                " SELECT tenant_id, incident_id, :id, :threat_id, added_at, added_by FROM threat_link"
                " WHERE incident_id = :incident_id"
            ).bindparams(
                sa.bindparam("id", new_id(), Base.type_annotation_map[UUID]),
                sa.bindparam("threat_id", foreign, Base.type_annotation_map[UUID]),
                sa.bindparam("incident_id", incident_id, Base.type_annotation_map[UUID]),
            )
        )


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
    ],
)
def test_an_sqlite_that_can_lose_data_is_known(version, safe):
    assert sqlite_is_safe(version) is safe


def test_the_sqlite_in_use_is_safe():
    assert sqlite_is_safe()


def test_postgresql_addresses_need_not_name_the_driver():
    assert engine_url("postgres://a@b/c") == engine_url("postgresql://a@b/c") == "postgresql+psycopg://a@b/c"


def test_migrations_have_one_head(context: Flask):
    config = context.extensions["migrate"].migrate.get_config()
    alembic.command.heads(config)
    script = alembic.script.ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1


def test_an_upgrade_keeps_what_is_there(app: Flask):
    who = make.actor(app)
    ids = make.put_threats(app, who, 3)
    incident_id = make.incident(app, who, ids)
    with app.app_context():
        flask_migrate.downgrade(revision="0001")
        flask_migrate.upgrade()
        rows = db.session.execute(sa.text("SELECT count(*) FROM threat_link")).scalar()
        kept = db.session.scalar(sa.select(Incident).where(Incident.id == incident_id))
    assert rows == 3
    assert kept.link_count == 3


def test_postgresql_does_not_take_a_table_for_small_that_has_grown(app, engine_name):
    if engine_name == "sqlite":
        pytest.skip("SQLite plans by the form of the statements")
    with app.app_context():
        db.session.execute(sa.text("ANALYZE threat"))
        db.session.commit()
    make.put_threats(app, make.actor(app), 999)  # less than what the builder itself looks at anew for
    with app.app_context():
        assert db.session.scalar(sa.text("SELECT reltuples FROM pg_class WHERE relname = 'threat'")) == 999
