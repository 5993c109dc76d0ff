"""Keeping the index of each tenant in step with the database, and asking it."""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import sqlalchemy as sa

from app.db import db
from app.errors import Unavailable, Warming
from app.index.question import Matches
from app.index.snapshot import Dictionary, Snapshot
from app.service import commit_order
from app.service.actor import Actor, guarded
from app.service.live_index import rows
from app.service.live_index.asking import SHARED_ONLY, question_of
from app.terms import Permission

logger = logging.getLogger(__name__)

CAN_NOT_READ = "The threats can't be read into memory just now; the server's log says why."
PATIENCE_S = 1.0
"""How long after the reading began questions wait for its end; then they are told to come again."""
REST_S = 5.0
"""How long after a failure to read them it is not tried again."""
KEPT_MATCHES = 8


@guarded(Permission.THREATS_READ)
def ask(actor: Actor, *questions: dict[str, Any]) -> list[Matches]:
    """Return the threats that match values read by threats.FILTERS, for each question, in the state that the database has now.

    Every write that was committed before the call is in the answer, and all of the answer is of one state. Raises Warming while
    the threats are being read for the first time, and Unavailable if they can't be read.
    """
    if not actor.sees_restricted:
        questions = tuple({**values, SHARED_ONLY: True} for values in questions)
    return _live(db.engine, actor.tenant_id).ask(actor, questions)


_all: WeakKeyDictionary[sa.Engine, dict[int, Live]] = WeakKeyDictionary()
_all_lock = threading.Lock()


def _live(engine: sa.Engine, tenant_id: int) -> Live:
    with _all_lock:
        of_engine = _all.setdefault(engine, {})
        if tenant_id not in of_engine:
            of_engine[tenant_id] = Live(engine, tenant_id)
        return of_engine[tenant_id]


def _begin_anew() -> None:
    """Forget all in a process that was just forked off: no thread that holds a lock came along."""
    global _all, _all_lock
    _all, _all_lock = WeakKeyDictionary(), threading.Lock()


os.register_at_fork(after_in_child=_begin_anew)


def forget(engine: sa.Engine) -> None:
    """Drop what is held of a database, whose rows were replaced by other means than writes of ours."""
    with _all_lock:
        _all.pop(engine, None)


class Live:
    """The index of one tenant. `_position` is where the reading of changes goes on."""

    def __init__(self, engine: sa.Engine, tenant_id: int) -> None:
        self._engine = engine
        self._tenant_id = tenant_id
        self._lock = threading.Lock()
        self._loading: threading.Thread | None = None
        self._read, self._of = 0, 0
        self._failed_at = -inf
        self._patient_until = -inf
        self._snapshot: Snapshot | None = None
        self._position = commit_order.Position(0, 0, "", "")
        self._matches: OrderedDict[Any, Matches] = OrderedDict()

    def ask(self, actor: Actor, questions: Sequence[dict[str, Any]]) -> list[Matches]:
        """Return the threats that match, as `ask` of this module says."""
        self._wait_until_loaded()
        keys = [tuple(sorted(values.items())) for values in questions]
        with self._reading() as connection:
            with self._lock:
                snapshot = self._refresh(connection)
                known = {key: self._matches[key] for key in keys if key in self._matches}
            for key, values in zip(keys, questions, strict=True):
                if key not in known:
                    known[key] = Matches(snapshot, question_of(actor, values, connection))
        with self._lock:
            if snapshot is self._snapshot:
                for key in keys:
                    self._matches[key] = known[key]
                    self._matches.move_to_end(key)
                while len(self._matches) > KEPT_MATCHES:
                    self._matches.popitem(last=False)
        return [known[key] for key in keys]

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        """Open a transaction whose statements all see one state, on a connection apart from that of the request."""
        with self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    def _refresh(self, connection: sa.Connection) -> Snapshot:
        """Take over what has changed since it was last looked at. The lock is held, so that states follow one another."""
        snapshot = self._snapshot
        if snapshot is None:  # another question has found in between that the database went back
            raise Warming(0, 0)
        position = commit_order.position(connection, self._tenant_id)
        if position.seen == self._position.seen:
            return snapshot
        if position.is_before(self._position):
            self._snapshot = None
            self._matches.clear()
            raise Warming(0, 0)
        words, since = snapshot.words, self._position
        snapshot = snapshot.without(rows.gone(connection, self._tenant_id, since))
        snapshot = snapshot.state(*rows.changed(connection, self._tenant_id, words, since))
        snapshot = snapshot.group(*rows.regrouped(connection, self._tenant_id, since))
        self._position = position
        if snapshot is not self._snapshot:
            self._snapshot = snapshot = replace(snapshot, version=position.version)
            self._matches.clear()
        return snapshot

    def _wait_until_loaded(self) -> None:
        with self._lock:
            if self._snapshot is not None:
                return
            if monotonic() < self._failed_at + REST_S:
                raise Unavailable(CAN_NOT_READ)
            if self._loading is None or not self._loading.is_alive():
                self._loading = threading.Thread(target=self._load, name=f"index of tenant {self._tenant_id}", daemon=True)
                self._loading.start()
                self._patient_until = monotonic() + PATIENCE_S
            loading = self._loading
        loading.join(max(0, self._patient_until - monotonic()))
        still_reading = loading.is_alive()
        if self._snapshot is None:
            raise Warming(self._read, self._of) if still_reading else Unavailable(CAN_NOT_READ)

    def _load(self) -> None:
        try:
            with self._reading() as connection:
                position = commit_order.position(connection, self._tenant_id)
                self._of = rows.count(connection, self._tenant_id)
                words = Dictionary()
                ids, facts = rows.load(connection, self._tenant_id, words, self._tell)
                grouped = rows.grouped(connection, self._tenant_id)
            snapshot = Snapshot.of(ids, facts, words, position.version).group(grouped, np.ones(len(grouped), np.bool_))
        except Exception:  # a question after a rest begins anew
            logger.exception("The threats could not be read into memory")
            self._failed_at = monotonic()
            return
        with self._lock:
            self._snapshot, self._position = snapshot, position

    def _tell(self, read: int) -> None:
        self._read = read
