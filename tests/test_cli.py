"""The command line, as a person or a script runs it: real processes, what they print, and how they end."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

ROOT = Path(__file__).parents[1]
ROADS = "time,title,severity,lat,lon\n2026-04-18T09:00:00Z,Road closed,high,6.44,3.36\n2026-04-18T10:00:00Z,Far,low,95,3.37\n"


class Cordon:
    """Runs commands on a data folder of its own."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.url = url

    def environment(self, **settings: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CORDON_")}
        ours = {"CORDON_DATA_DIR": str(self.folder), "CORDON_DATABASE_URL": self.url, "CORDON_BUSY_TIMEOUT_MS": "500"}
        return {**kept, **ours, "PYTHONPATH": str(ROOT), **settings}

    def run(self, *arguments: str, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; a traceback is never right."""
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments], check=False,
            input=given, capture_output=True, text=True, env=self.environment(**settings), cwd=self.folder, timeout=60,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr
        return done

    def refused(self, *arguments: str, code: int = 1, **settings: str) -> str:
        """Run a command that has to fail with one line; return the line without its beginning."""
        done = self.run(*arguments, **settings)
        assert (done.returncode, done.stdout) == (code, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith("Error: ")
        return line.removeprefix("Error: ")


@pytest.fixture
def bare(tmp_path: Path) -> Cordon:
    return Cordon(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def cordon(request: pytest.FixtureRequest, tmp_path: Path) -> Cordon:
    """A Cordon with an empty database of the current schema."""
    url = ""
    if request.param == "postgresql":
        url = fresh_database(request.getfixturevalue("postgresql_url"))
    cordon = Cordon(tmp_path, url)
    assert cordon.run("db", "upgrade").stdout == "The schema is up to date now.\n"
    return cordon


def fresh_database(server: str) -> str:
    """Make a database beside the one of the other tests and return its address."""
    import psycopg

    name = f"cli_{os.urandom(4).hex()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return re.sub(r"/[^/?]*(\?|$)", rf"/{name}\1", server, count=1) if "?" in server else f"{server.rpartition('/')[0]}/{name}"


@pytest.fixture
def roads(tmp_path: Path) -> str:
    path = tmp_path / "roads.csv"
    path.write_text(ROADS)
    return str(path)


def test_help_shows_our_commands_and_no_others(bare: Cordon):
    text = bare.run("--help").stdout
    assert re.findall(r"^  ([a-z]+) ", text, re.MULTILINE) == ["db", "doctor", "import", "key", "serve", "user", "worker"]
    assert re.findall(r"^  ([a-z]+) ", bare.run("db", "--help").stdout, re.MULTILINE) == ["upgrade"]
    assert bare.run("--version").stdout.startswith("Cordon ")
    assert list(bare.folder.iterdir()) == []


def test_an_import_says_what_came_of_it_row_by_row(cordon: Cordon, roads: str):
    done = cordon.run("import", roads)
    assert done.returncode == 0
    assert done.stdout == (
        "roads.csv: 2 rows: 1 new, 1 not usable.\n  row 3: coordinates.lat: Latitude must be between -90 and 90.\n"
    )
    assert done.stderr == ""
    assert cordon.run("import", roads).stdout.startswith("roads.csv: 2 rows: 1 unchanged, 1 not usable. Nothing changed.\n")


def test_an_import_answers_a_script_in_json(cordon: Cordon, samples: Path):
    file = str(samples / "usgs/m1_1day.geojson")
    answer = json.loads(cordon.run("import", file, "--json").stdout)
    assert (answer["format"], answer["source"], answer["state"], answer["problems"]) == ("usgs_geojson", "usgs", "done", [])
    assert answer["seen"] == answer["new"] > 100
    again = json.loads(cordon.run("import", file, "--json").stdout)
    assert (again["new"], again["unchanged"]) == (0, answer["new"])


def test_an_import_that_is_stopped_says_what_is_kept_and_is_finished_by_importing_again(bare: Cordon):
    bare.run("db", "upgrade")
    file = bare.folder / "many.csv"
    file.write_text("id,title,lat,lon\n" + "".join(f"{i},Road {i},6.4,3.4\n" for i in range(30_000)))
    command = [sys.executable, "-m", "app.cli", "import", str(file)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=bare.environment(), cwd=bare.folder
    )
    connection = sqlite3.connect(bare.folder / "cordon.db")
    while not connection.execute("SELECT count(*) FROM threat").fetchone()[0]:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Error: Stopped. The rows read so far are kept; import the file again for the rest.\n" in said
    kept = connection.execute("SELECT count(*) FROM threat").fetchone()[0]
    connection.close()
    assert 0 < kept < 30_000
    answer = json.loads(bare.run("import", str(file), "--json").stdout)
    assert (answer["unchanged"], answer["new"]) == (kept, 30_000 - kept)


def test_an_import_that_a_worker_took_over_says_so(bare: Cordon):
    bare.run("db", "upgrade")
    file = bare.folder / "many.csv"
    file.write_text("id,title,lat,lon\n" + "".join(f"{i},Road {i},6.4,3.4\n" for i in range(30_000)))
    command = [sys.executable, "-m", "app.cli", "import", str(file)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=bare.environment(), cwd=bare.folder)
    connection = sqlite3.connect(bare.folder / "cordon.db", timeout=30)
    while not connection.execute("SELECT count(*) FROM threat").fetchone()[0]:
        assert process.poll() is None
    with connection:
        connection.execute("UPDATE job SET claim = randomblob(16)")
    connection.close()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, "Error: It took so long that a worker has taken it over, which goes on with it.\n")


def test_a_dry_run_shows_the_guess_and_imports_nothing(cordon: Cordon, roads: str):
    text = cordon.run("import", roads, "--dry-run", "--map", "description=severity", "--source", "desk").stdout
    assert "roads.csv is Table (CSV), of the source desk." in text
    assert re.search(r"^  description +severity$", text, re.MULTILINE)
    assert "row 2: high, Road closed" in text
    assert text.endswith("Nothing was imported.\n")
    answer = json.loads(cordon.run("import", roads, "--dry-run", "--json").stdout)
    assert (answer["records"], answer["columns"]["lat"], answer["head"][0]["title"]) == (2, "lat", "Road closed")
    assert json.loads(cordon.run("import", roads, "--json").stdout)["new"] == 1


def test_an_import_of_something_else_is_refused_in_the_services_own_words(cordon: Cordon, tmp_path: Path):
    picture, half = tmp_path / "picture.png", tmp_path / "half.geojson"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    half.write_text('{"type": "FeatureCollection", "features": [{"type": "Feat')
    assert cordon.refused("import", str(picture), code=2) == "“picture.png” is a picture. Nothing was imported."
    assert "cut off" in cordon.refused("import", str(half), code=2)
    assert "no column “nope”" in cordon.refused("import", roads_in(tmp_path), "--map", "title=nope", code=2)
    unknown = tmp_path / "unknown.csv"
    unknown.write_text("aa,bb\n1,2\n")
    assert "No column is known" in cordon.refused("import", str(unknown), code=2)
    missing = cordon.run("import", str(tmp_path / "missing.csv"))
    assert (missing.returncode, "does not exist" in missing.stderr) == (2, True)


def roads_in(folder: Path) -> str:
    path = folder / "r.csv"
    path.write_text(ROADS)
    return str(path)


def test_a_person_is_added_with_a_password_from_standard_input(cordon: Cordon):
    done = cordon.run("user", "add", "ada@example.org", "--role", "admin", "--password-stdin", given="correct horse battery\n")
    assert (done.returncode, done.stdout) == (0, "Added ada@example.org with the role admin.\n")
    assert "already" in cordon.refused("user", "add", "ada@example.org", "--link")
    assert cordon.run("user", "link", "ADA@example.org").stdout.count("/enter?token=") == 1
    assert cordon.refused("user", "link", "bob@example.org") == "There is no such person."


def test_a_person_can_be_let_in_by_a_link(cordon: Cordon):
    answer = json.loads(
        cordon.run("user", "add", "ada@example.org", "--link", "--json", "--address", "https://desk.example/").stdout
    )
    assert (answer["name"], answer["role"]) == ("ada", "analyst")
    assert answer["link"].startswith("https://desk.example/enter?token=")


def test_bad_input_is_told_all_at_once_in_one_line(cordon: Cordon):
    line = cordon.refused("user", "add", "nobody", "--role", "boss", "--link", code=2)
    assert line == "email: Write the address as name@example.org. role: Choose one of: viewer, analyst, admin."
    assert cordon.refused("key", "add", " ", code=2) == "name: Enter a name. scopes: Choose at least one scope."
    weak = cordon.run("user", "add", "ada@example.org", "--password-stdin", given="short\n")
    assert (weak.returncode, weak.stderr) == (2, "Error: password: Use 12 to 256 characters.\n")
    alone = cordon.run("user", "add", "ada@example.org")
    assert (alone.returncode, "--password-stdin or --link" in alone.stderr) == (2, True)


def test_a_key_is_printed_once_and_alone_on_its_stream(cordon: Cordon):
    done = cordon.run("key", "add", "playbook", "--scope", "threats:read", "--scope", "incidents:write", "--expires-in-days", "3")
    assert re.fullmatch(r"cordon_\w+\n", done.stdout)
    assert "can't be shown again" in done.stderr
    answer = json.loads(cordon.run("key", "add", "playbook", "--scope", "threats:read", "--json").stdout)
    assert (answer["scopes"], answer["expires_at"]) == (["threats:read"], None)


def test_keys_are_listed_rotated_and_revoked_by_how_they_begin(cordon: Cordon):
    for name in ("first", "second"):
        cordon.run("key", "add", name, "--scope", "threats:read", "--network", "192.0.2.0/24")
    second, first = json.loads(cordon.run("key", "list", "--json").stdout)["keys"]
    assert (first["name"], first["networks"], first["state"]) == ("first", ["192.0.2.0/24"], "unused")
    answer = json.loads(cordon.run("key", "rotate", first["prefix"], "--overlap-hours", "0", "--json").stdout)
    assert answer["key"].startswith(f"cordon_{answer['prefix']}")
    assert (answer["name"], answer["networks"]) == ("first", ["192.0.2.0/24"])
    assert cordon.run("key", "revoke", second["id"]).stdout == f"“second” ({second['prefix']}) is revoked.\n"
    listed = cordon.run("key", "list").stdout.splitlines()
    assert len(listed) == 1
    assert re.fullmatch(rf"{answer['prefix']}  unused +never used +without end +first \(threats:read\)", listed[0])
    states = {row["prefix"]: row["state"] for row in json.loads(cordon.run("key", "list", "--all", "--json").stdout)["keys"]}
    assert states == {answer["prefix"]: "unused", second["prefix"]: "revoked", first["prefix"]: "expired"}
    assert cordon.refused("key", "rotate", first["prefix"]) == "This key is expired. Make a new one."
    assert cordon.refused("key", "revoke", "nothing") == "There is no such key."
    assert "0<=x<=720" in cordon.run("key", "rotate", "x", "--overlap-hours", "721").stderr


def test_doctor_finds_a_good_installation_well(cordon: Cordon):
    empty = cordon.run("doctor")
    assert empty.returncode == 1
    assert [line.split()[1] for line in empty.stdout.splitlines() if line.startswith("wrong")] == ["people"]
    cordon.run("user", "add", "ada@example.org", "--link")
    well = cordon.run("doctor")
    assert (well.returncode, "wrong" in well.stdout) == (0, False)
    answer = json.loads(cordon.run("doctor", "--json").stdout)
    assert answer["ok"] is True
    assert {"data folder", "disk space", "secret key", "database", "writing", "schema", "people"} <= {
        check["name"] for check in answer["checks"]
    }


def test_doctor_says_how_to_mend_a_secret_that_others_can_read(cordon: Cordon):
    secret = cordon.folder / "secret-key"
    secret.chmod(0o644)
    assert f"Run: chmod 600 {secret}" in cordon.run("doctor").stdout


def test_a_schema_that_was_never_made_is_told_with_the_command_that_makes_it(bare: Cordon, roads: str):
    assert bare.refused("import", roads) == "The database has an old or empty schema. Run: cordon db upgrade"
    found = json.loads(bare.run("doctor", "--json").stdout)["checks"][-1]
    assert (found["name"], found["mend"]) == ("schema", "Run: cordon db upgrade")


def test_a_second_upgrade_has_nothing_to_do(cordon: Cordon):
    assert cordon.run("db", "upgrade").stdout == "The schema was up to date already.\n"


def test_a_database_of_a_newer_cordon_is_left_alone(bare: Cordon):
    bare.run("db", "upgrade")
    with sqlite3.connect(bare.folder / "cordon.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'later'")
    connection.close()
    for command in (["db", "upgrade"], ["serve", "--port", "0"]):
        assert bare.refused(*command) == "The database is of a newer Cordon than this one. Install that version again."
    assert "Install the newer Cordon again." in bare.run("doctor").stdout


def test_a_file_that_is_no_database_is_told(bare: Cordon, roads: str):
    (bare.folder / "cordon.db").write_bytes(b"not a database, " * 500)
    for command in (["db", "upgrade"], ["serve", "--port", "0"], ["import", roads], ["user", "add", "a@b.org", "--link"]):
        assert bare.refused(*command) == "The database file is damaged or is not a database."
    assert "damaged" in bare.run("doctor").stdout


def test_a_locked_database_is_told(bare: Cordon, roads: str):
    bare.run("user", "add", "a@b.org", "--link")
    bare.run("db", "upgrade")
    bare.run("key", "add", "first", "--scope", "admin")
    connection = sqlite3.connect(bare.folder / "cordon.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for command in (["import", roads], ["user", "add", "a@b.org", "--link"], ["key", "add", "k", "--scope", "admin"]):
            assert bare.refused(*command) == "The database is busy: another write is taking too long. Try again."
        assert "busy" in bare.run("doctor").stdout
    finally:
        connection.close()


def test_a_read_only_database_is_told(bare: Cordon, roads: str):
    bare.run("db", "upgrade")
    bare.run("key", "add", "first", "--scope", "admin")
    read_only = f"sqlite:///file:{quote(str(bare.folder))}/cordon.db?mode=ro&uri=true"
    for command in (["import", roads], ["user", "add", "a@b.org", "--link"]):
        assert bare.refused(*command, CORDON_DATABASE_URL=read_only) == "The database is read-only."
    assert "read-only" in bare.run("doctor", CORDON_DATABASE_URL=read_only).stdout


def test_a_database_server_that_is_down_is_told(bare: Cordon, roads: str):
    bare.url = "postgresql://nobody@127.0.0.1:1/nothing"
    for command in (["import", roads], ["serve", "--port", "0"], ["db", "upgrade"]):
        assert bare.refused(*command) == "The database does not answer."
    assert "See that PostgreSQL runs" in bare.run("doctor").stdout


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"CORDON_WORKERS": "many"}, 2, "CORDON_WORKERS must be a whole number, 0 or more."),
        ({"CORDON_DATA_DIR": "/dev/null/x"}, 1, "The data folder /dev/null/x can't be made: Not a directory."),
        ({"CORDON_DATABASE_URL": "banana"}, 2, "CORDON_DATABASE_URL must begin with postgresql:// or be empty."),
        ({"CORDON_DATABASE_URL": "oracle://x@127.0.0.1/x"}, 2, "CORDON_DATABASE_URL must begin with postgresql:// or be empty."),
    ],
)
def test_settings_that_can_not_be_are_told(bare: Cordon, settings: dict[str, str], code: int, words: str):
    assert words in bare.refused("doctor", code=code, **settings)
