"""Another tenant whose rows have the very same ids, and whose acts are further on, changes nothing of what one sees and does.

Each row's key has the tenant and an id, so the database allows it, and no statement may rely on ids being rare.
"""

from __future__ import annotations

import re
import sys
from dataclasses import fields, is_dataclass
from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.db import Base, db, new_id, now, transaction
from app.errors import CordonError, Faults
from app.geo.box import Box
from app.models import Activity, ActivityOther, Incident, LinkChange, Threat, ThreatLink
from app.service import incidents, threats
from app.service.idempotency import Answer, Request, once
from app.service.incidents import Changes, NewIncident
from app.service.incidents.history import history, kinds_of, latest, position
from app.service.incidents.read import links_of, links_page
from app.service.incidents.similar import open_incidents, similar
from app.service.live_index.live import forget
from app.service.selection import Selection, Step, read_area
from app.terms import IncidentStatus
from tests import make

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"
TABLES = [
    table for table in Base.metadata.sorted_tables if "tenant_id" in table.c and table.name not in {"membership", "api_key"}
]
KEYED = [table for table in TABLES if "tenant_id" in table.primary_key.columns]


@pytest.fixture
def begin(monkeypatch):
    """A function that lets the ids begin anew, the same ones each time."""
    numbers = count()

    def next_id() -> UUID:
        return UUID(int=(0x024C_0000_0000_774B << 64) + 1_000 * next(numbers))  # of 2050: after all that is now

    def begin() -> None:
        nonlocal numbers
        numbers = count()

    for module in list(sys.modules.values()):
        if getattr(module, "new_id", None) is new_id and module.__name__.startswith("app.service"):
            monkeypatch.setattr(module, "new_id", next_id)
    monkeypatch.setattr("app.service.incidents.acts.randbits", lambda _bits: 0)
    return begin


def plain(value):
    """Return anything that the service answers as text, without the moments of this test."""
    if isinstance(value, Base):
        value = {column.key: getattr(value, column.key) for column in sa.inspect(type(value)).column_attrs}
    if is_dataclass(value):
        value = {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items() if name not in {"tenant_id", "change"}}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return re.sub(rf"{now():%Y-%m-%d}( at |[T ])[\d:.+]*", "today", str(value))


def rows(tenant_id):
    with db.engine.connect() as connection:
        return {
            table.name: [
                plain(dict(row._mapping))
                for row in connection.execute(sa.select(table).where(table.c.tenant_id == tenant_id).order_by(*table.primary_key))
            ]
            for table in KEYED
        }


def all_that_is_read(who, ids):
    """Return what the reading functions answer, of all and for each incident that there is."""
    mine = db.session.execute(
        sa.select(Incident.id, Incident.deleted_at).where(Incident.tenant_id == who.tenant_id).order_by(Incident.id)
    ).all()
    acts = list(db.session.scalars(sa.select(Activity.id).where(Activity.tenant_id == who.tenant_id).order_by(Activity.id)))
    read = [
        incidents.search(who, {}),
        incidents.search(who, {"threat_id": ids[1]}),
        incidents.search(who, {"bbox": Box.parse("3.361,6,3.362,7")}),
        incidents.search(who, {"status": IncidentStatus.OPEN, "q": "port"}),
        incidents.status_counts(who, {}),
        open_incidents(who, "", (6.44, 3.36)),
        open_incidents(who, "", None),
        similar(who, Selection((Step(adds=True, ids=tuple(ids)),))),
        incidents.newcomers(who),
        list(map(tuple, incidents.outlines(who).items)),
    ]
    for incident_id, deleted_at in mine:
        read += [incidents.get(who, incident_id, deleted=True), history(who, incident_id), kinds_of(who, incident_id)]
        read += [links_of(who, [incident_id], 1)]
        read += [latest(who, incident_id, acts[0]), position(who, incident_id, acts[len(acts) // 2])]
        if deleted_at is None:
            read += [incidents.timeline(who, incident_id, before_link=before_link, limit=500) for before_link in (False, True)]
            read += [links_page(who, incident_id, {"limit": 2})]
    return [plain(one) for one in read]


def life(who, ids):
    """Do all that can be done to incidents, and yield what each act answered."""

    def attempt(verb, *arguments, **named):
        try:
            return verb(who, *arguments, **named)
        except CordonError as refused:
            return [str(refused), getattr(refused, "code", None), plain(list(getattr(refused, "faults", [])))]

    def last(incident_id):
        return db.session.scalar(
            sa.select(Activity.id)
            .where(Activity.tenant_id == who.tenant_id, Activity.incident_id == incident_id)
            .order_by(Activity.id.desc())
            .limit(1)
        )

    texts = [str(i) for i in ids]
    made = [
        incidents.create(who, NewIncident(title, threat_ids=some)) for title, some in (("Port", texts[:2]), ("Depot", texts[2:4]))
    ]
    yield made
    first, second = (view.incident.id for view in made)
    yield attempt(incidents.link, first, texts[4:5])
    linked = last(first)
    yield attempt(incidents.unlink, first, texts[:1])
    unlinked = last(first)
    yield attempt(incidents.undo, first, linked)
    yield attempt(incidents.undo, first, unlinked)
    yield attempt(incidents.undo, first, unlinked)
    yield attempt(incidents.undo, first, last(first))
    yield attempt(incidents.link, first, texts[:1])
    yield attempt(incidents.undo, first, unlinked)
    yield attempt(incidents.undo, first, linked)
    yield attempt(incidents.undo, first, last(first))
    for verb, arguments in (
        (incidents.move, (texts[1:2], str(second))),
        (incidents.split, (NewIncident("Part", threat_ids=texts[1:2]),)),
        (incidents.merge, ([str(second)], "the same")),
        (incidents.change, (Changes(title="Port of Lagos"),)),
        (incidents.change, (Changes(started_at=make.WHEN - timedelta(days=9)),)),
        (incidents.change, (Changes(status="resolved"),)),
        (incidents.delete, ()),
    ):
        yield attempt(verb, first, *arguments)
        yield attempt(incidents.undo, first, last(first))
    yield attempt(incidents.unlink, first, texts[1:2])
    taken_out = last(first)
    yield attempt(incidents.link, first, texts[1:2])
    yield attempt(incidents.undo, first, taken_out)
    yield attempt(incidents.comment, first, "Noted.")
    yield attempt(incidents.unlink, first, [texts[5], make.WHEN.isoformat()])
    yield threats.upsert(who, [make.record(1, title="Road closure, longer")], faults=Faults())
    shape, outline = read_area({"bbox": [3.3, 6, 3.5, 7]}, "area", Faults())
    area = Selection((Step(adds=True, area=shape, outline=outline),))
    yield (fenced := incidents.create(who, NewIncident("Fenced", selection=area)))
    yield threats.upsert(who, [make.record(number) for number in (6, 7)], faults=Faults())
    yield (proposed := incidents.newcomers(who))
    yield attempt(incidents.refuse, fenced.incident.id, [str(proposed[0].threat_ids[0])])
    yield attempt(incidents.refuse, fenced.incident.id, [NOBODY])
    yield incidents.newcomers(who)
    yield incidents.delete(who, second)
    yield attempt(incidents.link, second, texts[:1])
    yield attempt(incidents.restore, second)
    yield attempt(incidents.move, first, texts[1:2], str(second))
    yield attempt(incidents.merge, second, [str(first)], "the same")
    yield attempt(incidents.comment, first, "Noted too late.")
    for body in (b"once", b"once", b"otherwise"):
        yield attempt(once, Request("key", "POST", "/here", body), lambda body=body: Answer(201, {"Location": "/there"}, body))


def lived(app, who):
    """Live, and return what was answered to each act, and now and then what could be read and stood in the tables."""
    ids = make.put_threats(app, who, 6)
    return [
        (
            plain(answer),
            all_that_is_read(who, ids) if number % 17 == 0 else None,
            rows(who.tenant_id) if number % 3 == 0 else None,
        )
        for number, answer in enumerate(life(who, ids))
    ]


def move_all(there, here):
    """Give the rows of the one tenant to the other, which has none, and let them say something else there."""
    with transaction() as session:
        for table in KEYED:
            columns = [sa.literal(here).label(column.name) if column.name == "tenant_id" else column for column in table.c]
            session.execute(sa.insert(table).from_select(table.c.keys(), sa.select(*columns).where(table.c.tenant_id == there)))
        for table in reversed(TABLES):
            session.execute(sa.delete(table).where(table.c.tenant_id == there))
        session.execute(sa.update(Incident).where(Incident.tenant_id == here).values(title="Theirs"))
        session.execute(
            sa.update(Threat)
            .where(Threat.tenant_id == here)
            .values(title="Theirs", lat=6.45, observed_at=make.WHEN - timedelta(days=1))
        )
        session.execute(sa.update(Activity).where(Activity.tenant_id == here).values(actor_name="Them"))
        # There, every act touched every incident and turned every link.
        for table, of in ((ActivityOther, Incident), (LinkChange, ThreatLink)):
            session.execute(sa.delete(table).where(table.tenant_id == here))
            row = {"tenant_id": sa.literal(here), "act_id": Activity.id}
            if of is Incident:
                row |= {"incident_id": Incident.id}
            else:
                row |= {"incident_id": ThreatLink.incident_id, "link_id": ThreatLink.id}
                row |= {"threat_id": ThreatLink.threat_id, "removed": ThreatLink.removed_at.is_(None)}
            every = sa.select(*row.values()).select_from(Activity).join(of, sa.true())
            every = every.where(Activity.tenant_id == here, of.tenant_id == here)
            session.execute(sa.insert(table).from_select(list(row), every))
        one = session.scalars(
            sa.select(Activity.id).where(Activity.tenant_id == here, Activity.kind == "threat_unlinked").order_by(Activity.id)
        ).first()
        links = session.scalars(sa.select(ThreatLink).where(ThreatLink.tenant_id == here).order_by(ThreatLink.id.desc())).all()
        session.execute(
            sa.update(ThreatLink)
            .where(ThreatLink.tenant_id == here)
            .values(removed_at=make.WHEN, removed_by=links[0].added_by, added_by=one)
        )
        first = {(link.incident_id, link.threat_id): link.id for link in links}
        session.execute(
            sa.update(ThreatLink)
            .where(ThreatLink.tenant_id == here, ThreatLink.id.in_(first.values()))
            .values(removed_at=None, removed_by=None)
        )
    db.session.remove()
    forget(db.engine)


@pytest.mark.parametrize("found", ["first", "last"])
def test_a_tenant_with_the_same_ids_is_neither_seen_nor_touched(context, begin, found):
    names = ("elsewhere", "mine") if found == "first" else ("mine", "elsewhere")
    by_name = {name: make.actor(context, name) for name in names}
    theirs, mine = by_name["elsewhere"], by_name["mine"]
    begin()
    alone = lived(context, mine)
    move_all(mine.tenant_id, theirs.tenant_id)
    before = rows(theirs.tenant_id)
    begin()
    beside = lived(context, mine)
    assert len(beside) == len(alone)
    for number, (now_told, told) in enumerate(zip(beside, alone, strict=True)):
        assert now_told == told, f"act {number}"
    assert rows(theirs.tenant_id) == before
