"""A real gunicorn on a free port, for the tests that talk to one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
NO_LIMITS = {"CORDON_KEY_RATE": "0", "CORDON_ADDRESS_RATE": "0", "CORDON_SIGN_IN_RATE": "0"}
"""Most who talk to a server here ask as fast as they can."""


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(environment: dict[str, str], workers: int = 2) -> Iterator[str]:
    """Serve `wsgi:app` on loopback while the block runs, and yield its address. The schema must be there already."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", f"127.0.0.1:{port}", "--workers", str(workers)]
    command += ["--worker-class", "gthread", "--threads", "4", "--no-control-socket", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **NO_LIMITS, **environment})
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/v1/openapi.json", process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(url: str, process: subprocess.Popen, seconds: float = 30) -> None:
    """Return once the address answers; fail if the process ends first or the time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            with urlopen(url, timeout=2):
                return
        except (URLError, TimeoutError):
            time.sleep(0.05)
    raise AssertionError(f"nothing answered at {url} within {seconds} s")
