"""The records of one call: what each means for the threat that it speaks of, and the writing of all that at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import db, new_id
from app.feeds.record import Record
from app.models import Incident, Threat, ThreatAlias, ThreatLink, ThreatText, ThreatVersion
from app.service.actor import Actor, act, owned
from app.service.commit_order import change_number
from app.service.threats.held import STATED, Held, Key, changes_of, ending, plain
from app.service.threats.rows import add
from app.service.threats.told import NO_DIGEST, Told, forget, keep
from app.service.threats.wording_search import TEXTS, add_words, indexed
from app.terms import Severity, ThreatStatus

KEPT = ("source", "external_id", *STATED, "severity", "status")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record.

    New, updated, unchanged, older (than what we hold), failed (a rule is broken) or unknown (the end of what is not held).
    `act_id` is the act by which a new or updated one was written.
    """

    kind: str
    threat_id: UUID | None = None
    act_id: UUID | None = None


class Batch:
    """The records of one call on their way in: decided one by one in memory, written together."""

    def __init__(self, actor: Actor, known: dict[Key, Held], ids: Mapping[Key, UUID], time: datetime) -> None:
        """Begin with the threats that are held already, by each of their names."""
        self.time = time
        self._actor = actor
        self._known = known
        self._ids = ids
        self._act = act(actor, "threats_put")
        self._new: list[Held] = []
        self._told: dict[UUID, Told] = {}
        self._ended: set[UUID] = set()
        self._aliases: list[tuple[Key, UUID]] = []
        self._versions: list[tuple[UUID, int, dict[str, Any]]] = []
        self._moved: set[UUID] = set()
        self._reworded: set[UUID] = set()

    def put(self, values: dict[str, Any], record: Record, digest: int) -> Outcome:
        """Decide what a clean record, with its digest, means for the threat that it speaks of."""
        source, stamp = values["source"], values["source_updated_at"]
        replaced = [(source, name) for name in values["replaces"]]
        keys = [(source, values["external_id"]), *((source, name) for name in values["aliases"]), *replaced]
        if values["is_end"]:
            return self._end(self._held(keys), values["expires_at"] or stamp, stamp)
        held = next((self._known[key] for key in keys if key in self._known), None)
        if held is None:
            held = Held(self._ids.get(keys[0]) or new_id(), values, stamp, 1, is_new=True)
            values["severity"] = values["severity"] or Severity.MEDIUM
            values["status"] = values["status"] or ThreatStatus.ACTIVE
            self._new.append(held)
            self._known[keys[0]] = held
            self._name(held, keys)
            self._versions.append((held.id, 1, {}))
            self._tell(held, record, digest)
            return Outcome("new", held.id, self._act.id)
        if stamp and held.stamp and stamp < held.stamp:
            return Outcome("older", held.id)
        others = self._end([other for other in self._held(replaced) if other is not held], stamp, stamp)
        self._name(held, keys)
        outcome = self._state(held, changes_of(held, values), stamp)
        self._tell(held, record, digest)
        return Outcome("updated", held.id, self._act.id) if others.kind == "updated" else outcome

    def _held(self, keys: list[Key]) -> list[Held]:
        """Return the threats that go by these names, each once."""
        return list({held.id: held for key in keys if (held := self._known.get(key))}.values())

    def _end(self, threats: list[Held], over_at: datetime | None, stamp: datetime | None) -> Outcome:
        """Decide what their end changes; the outcome is updated if it changes any of them."""
        outcome = Outcome("unknown")
        for held in threats:
            if stamp and held.stamp and stamp < held.stamp:
                became = Outcome("older", held.id)
            else:
                became = self._state(held, ending(held, over_at), stamp)
                # Its own record, told again, may now be older, or bring it back.
                held.digest = NO_DIGEST
                self._ended.add(held.id)
            if outcome.kind != "updated":
                outcome = became
        return outcome

    def _state(self, held: Held, changes: dict[str, tuple[Any, Any]], stamp: datetime | None) -> Outcome:
        """Note what a statement of this stamp changes."""
        if stamp and stamp != held.stamp:
            held.stamp, held.is_changed = stamp, True
        if not changes:
            return Outcome("unchanged", held.id)
        held.is_changed = True
        held.values = {**held.values, **{name: after for name, (_, after) in changes.items()}}
        held.versions += 1
        self._versions.append((held.id, held.versions, {name: plain(pair) for name, pair in changes.items()}))
        if "observed_at" in changes:
            self._moved.add(held.id)
        if not changes.keys().isdisjoint(TEXTS):
            self._reworded.add(held.id)
        return Outcome("updated", held.id, self._act.id)

    def _name(self, held: Held, keys: list[Key]) -> None:
        for key in keys:
            if key not in self._known:
                self._known[key] = held
                self._aliases.append((key, held.id))

    def _tell(self, held: Held, record: Record, digest: int) -> None:
        if digest == NO_DIGEST or digest != held.digest:
            held.digest = digest
            self._told[held.id] = Told(held, record)

    def write(self, run_id: UUID | None) -> None:
        """Write all that was decided. Threats are updated in the order of their ids, so that two writers never deadlock."""
        changed = {threat_id for threat_id, _, _ in self._versions}
        if changed:
            self._act.data = {"count": len(changed)}
            db.session.add(self._act)
            db.session.flush()
        touched = {held.id: held for held in self._known.values() if held.is_changed and not held.is_new}
        old = sorted(touched.values(), key=lambda held: held.id)
        number = db.session.scalar(sa.select(change_number(self._actor, Threat))) or 0
        tenant_id = self._actor.tenant_id
        self._add_new(number)
        add(
            ThreatAlias,
            {
                "source": [key[0] for key, _ in self._aliases],
                "alias": [key[1] for key, _ in self._aliases],
                "threat_id": [threat_id for _, threat_id in self._aliases],
            },
            tenant_id=tenant_id,
        )
        key = sa.and_(owned(self._actor, Threat), Threat.id == sa.bindparam("key_id"))
        of_threat = sa.and_(owned(self._actor, ThreatText), ThreatText.threat_id == sa.bindparam("key_id"))
        words = [{"key_id": held.id, "words": indexed(tenant_id, held.values)} for held in old if held.id in self._reworded]
        for statement, rows in (
            (sa.update(Threat).where(key), [self._new_state(held, number) for held in old if held.id in changed]),
            (sa.update(Threat).where(key), [_new_stamp(held) for held in old if held.id not in changed]),
            (sa.update(ThreatText).where(of_threat), words),
        ):
            if rows:
                db.session.connection().execute(statement, rows)
        ids, numbers, changes = zip(*self._versions, strict=True) if self._versions else ((), (), ())
        columns = {"threat_id": ids, "number": numbers, "changes": changes}
        add(ThreatVersion, columns, tenant_id=tenant_id, at=self.time, act_id=self._act.id)
        keep(self._actor, list(self._told.values()), self.time, run_id)
        forget(self._actor, self._ended - self._told.keys())
        if self._moved:
            restart_incidents(self._actor, self._moved, self.time)

    def _add_new(self, number: int) -> None:
        new, tenant_id = self._new, self._actor.tenant_id
        columns = {name: [held.values[name] for held in new] for name in KEPT}
        columns |= {
            "id": [held.id for held in new],
            "source_updated_at": [held.stamp for held in new],
            "version_count": [held.versions for held in new],
        }
        times = dict.fromkeys(("last_version_at", "created_at", "updated_at"), self.time)
        add(Threat, columns, tenant_id=tenant_id, status_is_set=False, pinned=False, change=number, **times)
        if new:
            add_words(tenant_id, {held.id: held.values for held in new})

    def _new_state(self, held: Held, number: int) -> dict[str, Any]:
        """Return the row that updates a threat to a new version."""
        return {
            **{name: held.values[name] for name in (*STATED, "severity", "status")},
            "key_id": held.id,
            "source_updated_at": held.stamp,
            "version_count": held.versions,
            "last_version_at": self.time,
            "updated_at": self.time,
            "change": number,
        }


def _new_stamp(held: Held) -> dict[str, Any]:
    """Return the row that updates a threat of which only the source's stamp moved on."""
    return {"key_id": held.id, "source_updated_at": held.stamp}


def restart_incidents(actor: Actor, threat_ids: set[UUID], time: datetime) -> None:
    """Let incidents whose start nobody set begin with their earliest threat again, after threats changed their time."""
    holding = sa.select(ThreatLink.incident_id).where(
        owned(actor, ThreatLink), ThreatLink.threat_id.in_(list(threat_ids)), ThreatLink.removed_at.is_(None)
    )
    earliest = (
        sa.select(sa.func.min(Threat.observed_at))
        .join(ThreatLink, sa.and_(ThreatLink.tenant_id == Threat.tenant_id, ThreatLink.threat_id == Threat.id))
        .where(owned(actor, ThreatLink), ThreatLink.incident_id == Incident.id, ThreatLink.removed_at.is_(None))
        .scalar_subquery()
    )
    db.session.execute(
        sa.update(Incident)
        .where(
            owned(actor, Incident),
            Incident.id.in_(holding),
            Incident.started_at_is_set.is_(False),
            Incident.started_at.is_distinct_from(earliest),
        )
        .values(started_at=earliest, version=Incident.version + 1, updated_at=time)
        .execution_options(synchronize_session=False)
    )
