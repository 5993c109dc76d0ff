"""Taking back what some acts brought: threats that came by them go, and those that they changed are as they were before.

Whatever has been used or changed since is kept as it is, and told with the reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.db import Ranked, Utc, among, db, now
from app.models import (
    RefusedNewcomer,
    Tenant,
    Threat,
    ThreatAlias,
    ThreatArea,
    ThreatGone,
    ThreatLink,
    ThreatPair,
    ThreatRecord,
    ThreatReference,
    ThreatText,
    ThreatVersion,
)
from app.service.actor import Actor, owned
from app.service.commit_order import change_number
from app.service.threats.batch import restart_incidents
from app.service.threats.rows import add
from app.service.threats.told import forget
from app.service.threats.wording_search import TEXTS, indexed
from app.terms import Severity

GOES_WITH = (
    ThreatAlias.threat_id,
    ThreatText.threat_id,
    ThreatVersion.threat_id,
    ThreatRecord.threat_id,
    ThreatArea.threat_id,
    ThreatReference.threat_id,
    ThreatPair.low_id,
    ThreatPair.high_id,
    RefusedNewcomer.threat_id,
)
"""What is deleted with a threat that nobody has used."""


class Version(NamedTuple):
    """A version of a threat, as far as it matters here."""

    number: int
    act_id: UUID
    is_mine: bool
    changes: dict[str, Any]


def touched(actor: Actor, acts: Collection[UUID], after: UUID | None) -> list[UUID]:
    """Return the ids of the threats that have a version by one of the acts, in order, those after one only."""
    by_them = sa.and_(owned(actor, ThreatVersion), among(ThreatVersion.act_id, list(acts)))
    if after:
        by_them = sa.and_(by_them, ThreatVersion.threat_id > after)
    found = sa.select(ThreatVersion.threat_id).where(by_them).distinct()
    return sorted(db.session.scalars(found))


def take_back(
    actor: Actor, acts: Collection[UUID], undo_id: UUID, ids: Sequence[UUID], undone: Mapping[UUID, UUID]
) -> Counter[str]:
    """Take back what the acts did to threats that they touched, by the act `undo_id`; call it inside a transaction().

    `undone` are other acts that were taken back, each with the act that did so: what both changed counts as never changed.
    Returns how many threats were taken `out` and how many put `back`, and how many were kept, by why: `linked` to an incident
    at any time, `judged` by a person, `changed` by a later act.
    """
    # As an upsert does, which compares what it has read, unlocked, with what it brings.
    db.session.execute(sa.select(Tenant.id).where(Tenant.id == actor.tenant_id).with_for_update(key_share=True))
    held = sa.select(Threat.id, Threat.pinned, Threat.status_is_set, Threat.version_count)
    held = held.add_columns(*(getattr(Threat, name) for name in TEXTS))
    # Locked first: then nobody can link one of them any more, and whoever did it before is seen below.
    threats = db.session.execute(
        held.where(owned(actor, Threat), among(Threat.id, ids)).order_by(Threat.id).with_for_update()
    ).all()
    versions, linked, paired = _versions(actor, acts, ids, undone), _linked(actor, ids), _paired(actor, ids)
    by_outcome: dict[str, list[Any]] = defaultdict(list)
    for threat in threats:
        is_judged = threat.pinned or threat.status_is_set or threat.id in paired
        outcome = _decide(versions[threat.id], is_linked=threat.id in linked, is_judged=is_judged)
        by_outcome[outcome].append(threat)
    if by_outcome["back"]:
        _put_back(actor, undo_id, [(threat, versions[threat.id]) for threat in by_outcome["back"]])
    if by_outcome["out"]:
        _take_out(actor, [threat.id for threat in by_outcome["out"]])
    return Counter({outcome: len(those) for outcome, those in by_outcome.items() if those})


def _versions(
    actor: Actor, acts: Collection[UUID], ids: Sequence[UUID], undone: Mapping[UUID, UUID]
) -> dict[UUID, list[Version]]:
    rows = db.session.execute(
        sa.select(ThreatVersion.threat_id, ThreatVersion.number, ThreatVersion.act_id, ThreatVersion.changes)
        .where(owned(actor, ThreatVersion), among(ThreatVersion.threat_id, ids))
        .order_by(ThreatVersion.threat_id, ThreatVersion.number)
    )
    found: dict[UUID, list[Version]] = defaultdict(list)
    for threat_id, number, act_id, changes in rows:
        found[threat_id].append(Version(number, act_id, act_id in acts, changes))
    return {threat_id: _standing(versions, undone) for threat_id, versions in found.items()}


def _standing(versions: Sequence[Version], undone: Mapping[UUID, UUID]) -> list[Version]:
    """Return the versions without those that an undo cancelled, and without its own.

    An undo of changes there and back has no version, as it had nothing to put back. The first version is no change.
    """
    theirs: dict[UUID, list[Version]] = defaultdict(list)
    for version in versions[1:]:
        if version.act_id in undone:
            theirs[undone[version.act_id]].append(version)
    there = {version.act_id for version in versions}
    cancelled = {undo_id for undo_id, those in theirs.items() if undo_id in there or _is_there_and_back(those)}
    return [versions[0], *(one for one in versions[1:] if undone.get(one.act_id, one.act_id) not in cancelled)]


def _is_there_and_back(versions: Sequence[Version]) -> bool:
    is_in_a_row = versions[-1].number - versions[0].number + 1 == len(versions)
    return is_in_a_row and not _reversed([version.changes for version in versions])


def _linked(actor: Actor, ids: Sequence[UUID]) -> set[UUID]:
    linked = sa.select(ThreatLink.threat_id).where(owned(actor, ThreatLink), among(ThreatLink.threat_id, ids))
    return set(db.session.scalars(linked))


def _paired(actor: Actor, ids: Sequence[UUID]) -> set[UUID]:
    """Return those that a person kept, or dismissed, for being the same as another."""
    same = sa.and_(owned(actor, ThreatPair), ThreatPair.state == "same")
    return {
        threat_id
        for column in (ThreatPair.low_id, ThreatPair.high_id)
        for threat_id in db.session.scalars(sa.select(column).where(same, among(column, ids)))
    }


def _decide(versions: Sequence[Version], *, is_linked: bool, is_judged: bool) -> str:
    is_new = versions[0].is_mine
    if is_new and is_linked:
        return "linked"
    if is_new and is_judged:
        return "judged"
    first = next(at for at, version in enumerate(versions) if version.is_mine)
    if not all(version.is_mine for version in versions[first:]):
        return "changed"
    return "out" if is_new else "back"


def _take_out(actor: Actor, ids: Sequence[UUID]) -> None:
    """Delete threats with all that is told of them, and note for the followers of the table that they are gone."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    theirs = sa.and_(owned(actor, Threat), among(Threat.id, ids))
    gone = insert(ThreatGone).from_select(
        ["tenant_id", "id", "change"], sa.select(Threat.tenant_id, Threat.id, change_number(actor, Threat)).where(theirs)
    )
    # Whoever puts threats in by the API may have given one the id of one that is gone.
    again = gone.on_conflict_do_update(index_elements=["tenant_id", "id"], set_={"change": gone.excluded.change})
    db.session.execute(again)
    for column in GOES_WITH:
        _execute(sa.delete(column.class_).where(owned(actor, column.class_), among(column, ids)))
    _execute(sa.delete(Threat).where(theirs))


def _put_back(actor: Actor, undo_id: UUID, threats: Sequence[tuple[Any, Sequence[Version]]]) -> None:
    """Give threats a new version with the values that they had before the versions that are taken back."""
    time, number = now(), db.session.scalar(sa.select(change_number(actor, Threat)))
    rows: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
    versions, moved, words = [], set(), []
    for threat, past in threats:
        changes = _reversed([version.changes for version in past if version.is_mine])
        if not changes:
            continue
        before = {name: _read(name, after) for name, (_, after) in changes.items()}
        version = threat.version_count + 1
        rows[frozenset(before)].append({**before, "key_id": threat.id, "version_count": version})
        versions.append((threat.id, version, changes))
        if "observed_at" in changes:
            moved.add(threat.id)
        if not changes.keys().isdisjoint(TEXTS):
            texts = {name: before.get(name, getattr(threat, name)) for name in TEXTS}
            words.append({"key_id": threat.id, "words": indexed(actor.tenant_id, texts)})
    # A statement for each set of fields that changed: all fields of each threat would be five times as much.
    key = sa.and_(owned(actor, Threat), Threat.id == sa.bindparam("key_id"))
    put = sa.update(Threat).where(key).values(last_version_at=time, updated_at=time, change=number)
    of_threat = sa.and_(owned(actor, ThreatText), ThreatText.threat_id == sa.bindparam("key_id"))
    for statement, its in (*((put, alike) for alike in rows.values()), (sa.update(ThreatText).where(of_threat), words)):
        if its:
            db.session.connection().execute(statement, its)
    ids, numbers, differences = zip(*versions, strict=True) if versions else ((), (), ())
    columns = {"threat_id": ids, "number": numbers, "changes": differences}
    add(ThreatVersion, columns, tenant_id=actor.tenant_id, at=time, act_id=undo_id)
    _forget_told(actor, [threat.id for threat, _ in threats])
    if moved:
        restart_incidents(actor, moved, time)


def _forget_told(actor: Actor, ids: Sequence[UUID]) -> None:
    """Let go what the record taken back told beyond the values; what was told before it is not known, until it is told again."""
    forget(actor, ids)
    for model in (ThreatArea, ThreatReference):
        _execute(sa.delete(model).where(owned(actor, model), among(model.threat_id, ids)))
    its = sa.and_(owned(actor, ThreatRecord), among(ThreatRecord.threat_id, ids))
    _execute(sa.update(ThreatRecord).where(its).values(raw=None))


def _reversed(changes: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return the change that takes back several, the oldest first."""
    back: dict[str, list[Any]] = {}
    for change in reversed(changes):
        for name, (before, after) in change.items():
            back[name] = [back[name][0] if name in back else after, before]
    return {name: pair for name, pair in back.items() if pair[0] != pair[1]}


def _read(name: str, value: Any) -> Any:
    """Return a value of a version as the threat has it."""
    kind = Threat.__table__.c[name].type
    if value is None:
        return None
    if isinstance(kind, Utc):
        return datetime.fromisoformat(value)
    if isinstance(kind, Ranked):
        return Severity(value)
    return kind.enum_class(value) if isinstance(kind, sa.Enum) and kind.enum_class else value


def _execute(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))
