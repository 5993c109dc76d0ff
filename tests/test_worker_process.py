"""The worker as a process: beside the server, kept alive, alone, and gone when they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app import create_app
from app.db import release
from app.service import imports
from tests import make
from tests.test_cli import Cordon
from tests.test_cli_serve import serving

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are looked up in /proc")


def until(true: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def workers(server: int) -> list[int]:
    """Return the workers that are kept beside a server: the only ones of its processes' children that are children themselves."""
    return [grandchild for child in children(server) for grandchild in children(child)]


def until_it_serves(server: int) -> None:
    """Wait for a web worker beside the keeper and its worker: only then does each of them heed signals as it should."""
    until(lambda: workers(server) and len(children(server)) == 2)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def read_in(folder: Path) -> Callable[[], bool]:
    """Upload a file and start its import; return what says whether it was read in."""
    app = create_app(DATA_DIR=folder)
    actor = make.actor(app)
    with app.app_context():
        run = imports.draft(actor, "roads.csv", b"title,place\nRoad closed,Apapa\n")
        imports.start(actor, run.id)
        release()

    def is_done() -> bool:
        with app.app_context():
            state = imports.get(actor, run.id).state
            release()
        return state == "done"

    return is_done


def test_a_server_keeps_a_worker_beside_it_that_comes_back_when_it_is_killed_and_goes_with_it(tmp_path: Path):
    with serving(Cordon(tmp_path), until="Cordon is at") as (server, _):
        until_it_serves(server.pid)
        first = workers(server.pid)
        os.kill(first[0], signal.SIGKILL)
        until(lambda: workers(server.pid) not in ([], first))
        until(read_in(tmp_path))
        family = [server.pid, *children(server.pid), *workers(server.pid)]
        server.kill()
        until(lambda: all(map(is_gone, family[1:])))


def test_a_closed_terminal_does_not_take_the_worker_from_a_server_that_goes_on(tmp_path: Path):
    with serving(Cordon(tmp_path), until="Cordon is at") as (server, _):
        until_it_serves(server.pid)
        first = workers(server.pid)
        keepers = [child for child in children(server.pid) if children(child)]
        for pid in (server.pid, *keepers, *first):
            os.kill(pid, signal.SIGHUP)
        until(read_in(tmp_path))
        assert workers(server.pid) == first


def test_a_server_that_is_stopped_leaves_no_process_behind(tmp_path: Path):
    with serving(Cordon(tmp_path), until="Cordon is at") as (server, _):
        until_it_serves(server.pid)
        family = [*children(server.pid), *workers(server.pid)]
    assert server.returncode == 0
    until(lambda: all(map(is_gone, family)))


def test_a_worker_alone_does_what_is_waiting_and_stops_when_told_to(tmp_path: Path):
    cordon = Cordon(tmp_path)
    cordon.run("db", "upgrade")
    is_done = read_in(tmp_path)
    command = [sys.executable, "-m", "app.cli", "worker"]
    with subprocess.Popen(command, env=cordon.environment(), cwd=cordon.folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "The worker is waiting for jobs (Ctrl-C stops it).\n"
        until(is_done)
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_a_worker_refuses_a_database_without_its_schema(tmp_path: Path, postgresql_url: str):
    from tests.test_cli import fresh_database

    words = "The schema of the database is not made yet. Run: cordon db upgrade"
    assert Cordon(tmp_path, fresh_database(postgresql_url)).refused("worker") == words


KEEPER = """
import os, socket, sys, time
from pathlib import Path
from app.cli import worker

fork, calls = os.fork, []

def fork_later():
    calls.append(1)
    if len(calls) in {2, 3}:
        raise BlockingIOError("no room")
    return fork()

os.fork, worker.REST_S = fork_later, 0.05
worker._work = lambda *_, **__: Path(sys.argv[1]).touch()
worker.keep_beside(None, socket.socket())
ends = time.monotonic() + 30
while not Path(sys.argv[1]).exists() and time.monotonic() < ends:
    time.sleep(0.05)
"""


def test_a_keeper_without_room_for_another_process_tries_again(tmp_path: Path):
    begun = tmp_path / "begun"
    subprocess.run([sys.executable, "-c", KEEPER, str(begun)], check=True, timeout=60)
    assert begun.exists()
