"""`cordon worker`: the process that fetches feeds and reads files in, and the one that `cordon serve` keeps beside itself."""

from __future__ import annotations

import gc
import os
import signal
import socket
import time
from threading import Event

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.cli.care import ready_schema
from app.cli.command import cordon
from app.cli.working import Worker
from app.db import release

LOOK_S = 0.5
REST_S = 2.0
"""How long after the end of a worker its keeper starts another one."""


@cordon.command()
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Jobs done at the same time.")
@with_appcontext
def worker(*, threads: int) -> None:
    """Fetch feeds, read uploaded files in, and do what else is waiting, until it is stopped.

    `cordon serve` has a worker of its own. Run this where another server serves Cordon, or on further machines.
    """
    ready_schema()
    click.echo("The worker is waiting for jobs (Ctrl-C stops it).")
    release()
    _work(current_app._get_current_object(), threads)  # type: ignore[attr-defined]  # noqa: SLF001 - how Flask documents it


def keep_beside(app: Flask, listener: socket.socket, threads: int = 4) -> None:
    """Fork a process that keeps a worker running for as long as this process lives, and has nothing of its listener."""
    parent = os.getpid()
    if os.fork():
        return
    listener.close()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # The server goes on after it, as when its terminal is closed.
    stopping = _stopped_by_signals()
    while not stopping.is_set() and os.getppid() == parent:
        keeper = os.getpid()
        try:
            child = os.fork()
        except OSError:  # No room for another process just now.
            stopping.wait(REST_S)
            continue
        if not child:
            _work(app, threads, parent=keeper)
            os._exit(0)
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(LOOK_S)
            if stopping.is_set() or os.getppid() != parent:
                os.kill(child, signal.SIGTERM)
                os.waitpid(child, 0)
                os._exit(0)
        stopping.wait(REST_S)
    os._exit(0)


def _work(app: Flask, threads: int, parent: int = 0) -> None:
    """Do jobs until a signal says to stop, or until the parent, if there is one to look for, is gone."""
    stopping = _stopped_by_signals()
    gc.freeze()  # going through all that is loaded, again and again, takes a fifth of the time of an import
    jobs = Worker(app, threads=threads)
    jobs.start()
    while not stopping.wait(LOOK_S) and parent in {0, os.getppid()}:
        pass
    jobs.stop()
    jobs.join()


def _stopped_by_signals() -> Event:
    stopping = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    return stopping
