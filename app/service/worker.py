"""The worker: takes jobs from the queue and does them, in a few threads, until it is told to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import Flask

from app.db import db, explain, now, transaction
from app.errors import CordonError
from app.service import imports, jobs
from app.service.jobs import LEASE, Claim, Lost, Stopped

logger = logging.getLogger(__name__)

# Each handler ends its job itself, in the transaction of its last effect.
HANDLERS: dict[str, Callable[[Claim], object]] = {
    "import": imports.work,
}
POLL_S = 0.5
REST_S = 5.0
"""How long it waits after the database did not answer."""
CARE_S = 60.0
UNEXPECTED = "It stopped with an error that Cordon did not expect; the server's log says which."


class Worker:
    """Does jobs in `threads` threads. `stop` lets each end at its next transaction and gives its job back."""

    def __init__(self, app: Flask, *, threads: int = 4, lease: timedelta = LEASE, poll_s: float = POLL_S) -> None:
        self._app = app
        self._lease = lease
        self._poll_s = poll_s
        self._stopping = threading.Event()
        self._in_hand: set[UUID] = set()
        tasks = [self._work] * threads + [self._beat, self._care]
        self._threads = [threading.Thread(target=self._within_app, args=(task,)) for task in tasks]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask all to end soon; `join` waits for it."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until no job is in hand any more."""
        for thread in self._threads:
            thread.join()

    def _within_app(self, task: Callable[[], None]) -> None:
        """Repeat a task until it is time to stop, whatever becomes of the database meanwhile."""
        while not self._stopping.is_set():
            with self._app.app_context():
                try:
                    task()
                except sa.exc.DBAPIError as error:
                    logger.warning("The worker rests: %s", explain(error))
                    self._stopping.wait(REST_S)

    def _work(self) -> None:
        due = jobs.next_due()
        claim = jobs.take(uuid4(), lease=self._lease, stopping=self._stopping) if due and due <= now() else None
        db.session.rollback()
        if claim is None:
            self._stopping.wait(self._poll_s)
            return
        self._in_hand.add(claim.token)
        try:
            do(claim)
        finally:
            self._in_hand.discard(claim.token)

    def _beat(self) -> None:
        if tokens := tuple(self._in_hand):
            jobs.keep(tokens, self._lease)
        self._stopping.wait(self._lease.total_seconds() / 3)

    def _care(self) -> None:
        jobs.forget_done()
        self._stopping.wait(CARE_S)


def do(claim: Claim) -> None:
    """Do a job; what goes wrong is noted with it for a person to read. Raises the driver's error if not even that can be."""
    try:
        HANDLERS[claim.kind](claim)
    except Lost:
        logger.info("The %s job of %s went to someone else", claim.kind, claim.subject)
    except Stopped:
        _end(claim, lambda: claim.again(now()))
    except CordonError as error:
        reason = str(error)
        _end(claim, lambda: claim.failed(reason))
    except sa.exc.DBAPIError as error:
        reason = str(explain(error))
        logger.warning("The %s job of %s will be tried again: %s", claim.kind, claim.subject, reason)
        _end(claim, lambda: claim.failed(reason))
    except Exception:
        logger.exception("The %s job of %s stopped", claim.kind, claim.subject)
        _end(claim, lambda: claim.failed(UNEXPECTED))


def _end(claim: Claim, how: Callable[[], None]) -> None:
    try:
        with transaction():
            how()
    except Lost:
        logger.info("The %s job of %s went to someone else", claim.kind, claim.subject)
