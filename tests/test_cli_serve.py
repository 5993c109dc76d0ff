"""The server as the console script runs it: demonstration, sign-in address, curl, ports and stopping."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener, urlopen

import pytest

from tests.test_cli import Cordon, fresh_database


@contextmanager
def serving(cordon: Cordon, *options: str, until: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `cordon serve` on a free port; give the process and what it printed up to the line that matches `until`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve", "--port", "0", "--workers", "1", *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=cordon.environment(), cwd=cordon.folder,
    )  # fmt: skip
    try:
        printed = ""
        for line in process.stdout:
            printed += line
            if re.search(until, line):
                break
        yield process, printed
    finally:
        process.terminate()
        process.communicate(timeout=30)


def browser() -> OpenerDirector:
    return build_opener(HTTPCookieProcessor(CookieJar()))


@pytest.fixture(params=["sqlite", "postgresql"])
def cordon(request: pytest.FixtureRequest, tmp_path: Path) -> Cordon:
    """A Cordon with no schema yet."""
    url = fresh_database(request.getfixturevalue("postgresql_url")) if request.param == "postgresql" else ""
    return Cordon(tmp_path, url)


def test_the_demonstration_signs_a_person_in_once_and_lets_a_program_make_the_example_incident(cordon: Cordon):
    if cordon.url:
        cordon.run("db", "upgrade")
    with serving(cordon, "--demo", until="^ +-d ") as (_, printed):
        assert "Added 4,000 made-up threats and 3 incidents for demonstration." in printed
        address = re.search(r"http://\S+/enter\?token=\S+", printed)[0]
        with browser().open(address, timeout=20) as page:
            assert (page.status, page.url) == (200, address.partition("enter")[0])
        with pytest.raises(HTTPError) as used:
            browser().open(address, timeout=20)
        assert used.value.code == 404
        used.value.close()
        if not shutil.which("curl"):
            pytest.skip("there is no curl here to run the printed command with")
        command = printed[printed.index("    curl ") :]
        answer = json.loads(subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout)
        assert (answer["title"], len(answer["threat_links"])) == ("Port access disruption in Lagos", 2)
    with serving(cordon, "--demo", until="^ +-d ") as (_, printed):
        assert "There are threats already, so no demonstration data was added." in printed
        assert "/enter?token=" in printed


def test_a_real_database_gets_no_demonstration_and_no_way_in(cordon: Cordon, tmp_path: Path):
    cordon.run("db", "upgrade")
    file = tmp_path / "roads.csv"
    file.write_text("title,place\nRoad closed,Apapa\n")
    assert cordon.run("import", str(file)).returncode == 0
    with serving(cordon, "--demo", until="cordon user add") as (_, printed):
        assert "no demonstration data was added" in printed
        assert "token" not in printed
        assert "X-API-Key" not in printed


def test_the_first_start_says_how_to_add_a_person(tmp_path: Path):
    cordon = Cordon(tmp_path)
    with serving(cordon, until="cordon user add") as (_, printed):
        address = re.search(r"http://\S+", printed)[0]
        with urlopen(f"{address}/login", timeout=20) as page:
            assert page.status == 200
    assert cordon.run("user", "add", "ada@example.org", "--link").returncode == 0
    with serving(cordon, until="Cordon is at") as (_, printed):
        assert "user add" not in printed


def test_postgresql_is_not_upgraded_behind_the_operators_back(postgresql_url: str, tmp_path: Path):
    cordon = Cordon(tmp_path, fresh_database(postgresql_url))
    words = "The schema of the database is not made yet. Run: cordon db upgrade"
    assert cordon.refused("serve", "--port", "0") == words


def test_a_port_in_use_is_told_before_anything_is_written(tmp_path: Path):
    cordon = Cordon(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = cordon.refused("serve", "--port", str(port))
    assert line == f"Can't listen on 127.0.0.1: port {port} is in use. Choose another with --host or --port."
    assert not (tmp_path / "cordon.db").exists()


def test_an_address_of_another_machine_is_told(tmp_path: Path):
    assert "does not have that address" in Cordon(tmp_path).refused("serve", "--host", "192.0.2.1")


def test_ctrl_c_stops_the_server_cleanly(tmp_path: Path):
    with serving(Cordon(tmp_path), until="cordon user add") as (process, printed):
        urlopen(f"{re.search(r'http://[^ ]+', printed)[0]}/login", timeout=20).close()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
        assert (process.returncode, rest.strip()) == (0, "")
