"""`cordon serve`: the server for one machine, gunicorn with settings that fit it."""

from __future__ import annotations

import errno
import os
import shlex
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import orjson
from flask import Flask, current_app
from flask.cli import with_appcontext
from gunicorn.app.base import BaseApplication

from app.cli.access import sign_in_address
from app.cli.care import ready_schema
from app.cli.command import cordon, fail, the_operator
from app.cli.worker import keep_beside
from app.db import now, release, transaction
from app.service import demo, health, keys, people
from app.service.actor import Actor
from app.terms import Permission, Role

WORKERS_MAX = 8
DEMO_EMAIL = "demo@cordon.example"
DEMO_KEY = "Demonstration"
DEMO_KEY_LIFE = timedelta(days=7)


@cordon.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all of this machine.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one.")
@click.option("--demo", "with_demo", is_flag=True, help="Fill an empty database with made-up threats, and let you in.")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes, whatever CORDON_WORKERS says.")
@with_appcontext
def serve(*, host: str, port: int, with_demo: bool, workers: int | None) -> None:
    """Start the server, and a worker beside it. On SQLite the schema is brought up to date first. Ctrl-C stops both."""
    listener = _listen(host, port)
    ready_schema()
    address = f"http://{_shown(host)}:{listener.getsockname()[1]}"
    actor = the_operator()
    click.echo(f"Cordon is at {address} (Ctrl-C stops it)\n")
    if not (with_demo and _welcome_to_demo(actor, address)) and not health.people_count():
        click.echo(f"Nobody can sign in yet. Add yourself, in another window:\n\n    {health.MEND_PEOPLE} --address {address}\n")
    config = _settings(current_app.config, workers)
    release()  # no process may inherit a connection
    keep_beside(current_app._get_current_object(), listener)  # type: ignore[attr-defined]  # noqa: SLF001 - how Flask documents it
    _Server({**config, "bind": f"fd://{listener.detach()}"}).run()


def _listen(host: str, port: int) -> socket.socket:
    """Take the port now, so that it is known to be free before anything is written."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        in_use = getattr(error, "errno", None) == errno.EADDRINUSE
        reason = f"port {port} is in use" if in_use else "this machine does not have that address or port for you"
        fail(f"Can't listen on {host}: {reason}. Choose another with --host or --port.")


def _shown(host: str) -> str:
    """Return the host as it stands in an address to be opened on this machine."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{near}]" if ":" in near else near


def _welcome_to_demo(actor: Actor, address: str) -> bool:
    """Fill an empty database and print how to come in, as a person and as a program; False if it is a real one."""
    with transaction():  # data and person come together, or, if this is cut off, not at all
        filled = demo.fill(actor)
        person = people.find(DEMO_EMAIL)
        if filled.threats and person is None:
            person = people.add(actor, DEMO_EMAIL, Role.ADMIN, name="Demo")
    click.echo(f"{filled}\n")
    if person is None:
        return False
    keys.revoke_named(actor, DEMO_KEY)
    scopes = [scope for scope in Permission if scope is not Permission.ADMIN]
    _, key = keys.create(actor, DEMO_KEY, scopes, now() + DEMO_KEY_LIFE)
    click.echo(f"Sign in, once, with this address:\n\n    {sign_in_address(person, address)}\n")
    click.echo(f"Make an incident as a program does:\n\n{_curl(address, key)}\n")
    return True


def _curl(address: str, key: str) -> str:
    body = orjson.dumps(demo.EXAMPLE).decode()
    return (
        f"    curl {address}/v1/incidents \\\n"
        f"      -H 'X-API-Key: {key}' -H 'Content-Type: application/json' \\\n"
        f"      -d {shlex.quote(body)}"
    )


def _settings(settings: dict[str, Any], workers: int | None) -> dict[str, Any]:
    """Return gunicorn's settings for this machine."""
    memory = Path("/dev/shm")  # noqa: S108 - gunicorn's heartbeat file, made privately; a disk could stall it
    return {
        "workers": workers or settings["WORKERS"] or min(_processors(), WORKERS_MAX),
        "worker_class": "gthread",
        "threads": max(settings["THREADS"], 1),
        "timeout": 60,
        "graceful_timeout": 20,
        "keepalive": 30,
        "limit_request_line": 8190,
        "limit_request_fields": 64,
        "limit_request_field_size": 8190,
        "worker_tmp_dir": str(memory) if os.access(memory, os.W_OK) else None,
        "control_socket_disable": True,
        "forwarded_allow_ips": "",  # CORDON_PROXIES says whom to believe, not gunicorn's own guess
        "loglevel": "warning",
        "proc_name": "cordon",
    }


def _processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn is untyped
    """Gunicorn with settings given here; no file and no variable of its own is read."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Take the settings over."""
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application; each worker makes its own."""
        from app import create_app  # noqa: PLC0415 - the application joins all edges, this one too

        return create_app()
