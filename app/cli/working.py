"""The threads of a worker process: they take jobs from the queue and do them until they are told to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import Flask

from app.db import explain, now
from app.service import feeds, jobs, pairs, worker

logger = logging.getLogger(__name__)

POLL_S = 0.5
REST_S = 5.0
"""How long it waits after the database did not answer."""
CARE_S = 30.0


class Worker:
    """Does jobs in `threads` threads. `stop` lets each end at its next transaction and gives its job back.

    The heart beats until the last job is out of hand: what takes long to stop must not go to another worker meanwhile.
    """

    def __init__(self, app: Flask, *, threads: int = 4, lease: timedelta = jobs.LEASE, poll_s: float = POLL_S) -> None:
        self._app = app
        self._lease = lease
        self._poll_s = poll_s
        self._stopping, self._is_over = threading.Event(), threading.Event()
        self._in_hand: set[UUID] = set()
        tasks: list[Callable[[], float]] = [self._work] * threads + [self._care]
        self._threads = [threading.Thread(target=self._within_app, args=(task, self._stopping)) for task in tasks]
        self._heart = threading.Thread(target=self._within_app, args=(self._beat, self._is_over))

    def start(self) -> None:
        """Begin."""
        for thread in (*self._threads, self._heart):
            thread.start()

    def stop(self) -> None:
        """Ask all to end soon; `join` waits for it."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until no job is in hand any more."""
        for thread in self._threads:
            thread.join()
        self._is_over.set()
        self._heart.join()

    def _within_app(self, task: Callable[[], float], end: threading.Event) -> None:
        """Repeat a task until its end, resting in between as long as it says, whatever becomes of the database meanwhile."""
        while not end.is_set():
            try:
                with self._app.app_context():
                    rest = task()
            except sa.exc.DBAPIError as error:
                logger.warning("The worker rests: %s", explain(error))
                rest = REST_S
            except Exception:  # a thread that ended by it would never be missed
                logger.exception("The worker rests after an error that was not expected")
                rest = REST_S
            end.wait(rest)

    def _work(self) -> float:
        due = jobs.next_due()
        claim = jobs.take(uuid4(), lease=self._lease, stopping=self._stopping) if due and due <= now() else None
        if claim is None:
            return self._poll_s
        self._in_hand.add(claim.token)
        try:
            worker.do(claim)
        finally:
            self._in_hand.discard(claim.token)
        return 0

    def _beat(self) -> float:
        if tokens := tuple(self._in_hand):
            jobs.keep(tokens, self._lease)
        return self._lease.total_seconds() / 3

    def _care(self) -> float:
        jobs.forget_done()
        feeds.keep_scheduled()
        pairs.keep_matched()
        return CARE_S
