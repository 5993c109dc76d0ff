"""The short form of the crash battery of the worker; tests/crash/worker_kills.py has the long one."""

from __future__ import annotations

from app.db import release
from tests.crash.worker_kills import battery


def test_a_worker_that_is_killed_in_the_middle_of_jobs_loses_nothing_and_does_nothing_twice(app):
    with app.app_context():
        release()
    assert battery(app, kills=8)["kills"] == 8
