"""The rules of the house, read from the source: which way imports run, who commits, what is read laxly."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APP = ROOT / "app"

# Room -> the rooms it may import from, besides itself. `app` is the file that joins the parts.
MAY_IMPORT = {
    "app": {"api", "web", "cli", "config", "db"},
    "cli": {"service", "models", "db", "errors", "terms", "config", "feeds", "app"},
    "api": {"service", "models", "db", "errors", "terms", "geo", "feeds"},
    "web": {"service", "models", "db", "errors", "terms", "geo", "feeds", "index"},
    "service": {"models", "db", "errors", "terms", "geo", "feeds", "index"},
    "models": {"db", "terms"},
    "db": {"errors", "terms"},
    "feeds": {"geo", "errors", "terms"},
    "config": {"errors"},
    "errors": set(),
    "terms": set(),
    "geo": set(),
    "index": {"geo"},
    "migrations": {"db", "models"},
}
# Outside packages that a room must not know of: the core has no web in it.
CORE = ("service", "models", "feeds", "geo", "index", "errors", "terms", "db")
NOT_IN_CORE = {"wtforms", "flask_wtf", "pydantic", "werkzeug", "http"}
TOP_LEVEL = {"pyproject.toml", "README.md", "app", "templates", "static", "tests", "wsgi.py"}


def files() -> list[Path]:
    return [path for path in sorted(APP.rglob("*.py")) if "versions" not in path.parts]


def room(path: Path) -> str:
    parts = path.relative_to(APP).with_suffix("").parts
    return "app" if parts == ("__init__",) else parts[0]


def imported(path: Path) -> Iterator[str]:
    """Yield the full names of the modules that a file imports, `from app import db` counting as `app.db`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide which way they run"
            if node.module == "app":
                yield from (f"app.{alias.name}" for alias in node.names)
            elif node.module:
                yield node.module


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(APP)))
def test_imports_run_one_way(path: Path):
    here = room(path)
    for name in imported(path):
        if name.startswith("app."):
            there = name.split(".")[1]
            if not (APP / there).is_dir() and not (APP / f"{there}.py").is_file():
                there = "app"  # a name of app/__init__.py, such as create_app
            assert there == here or there in MAY_IMPORT[here], f"{here} may not import {name}"
        elif here in CORE:
            assert name.split(".")[0] not in NOT_IN_CORE, f"{here} may not know of {name}"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(APP)))
def test_the_core_never_looks_at_a_request(path: Path):
    if room(path) not in CORE:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "flask":
            raise AssertionError(f"{path} imports {[alias.name for alias in node.names]} from flask")


def test_only_the_one_helper_commits():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert {place.split(":")[0] for place in found} == {"app/db.py"}, found


def test_nothing_is_read_laxly():
    for path in files():
        text = path.read_text()
        assert "get_json(" not in text, path
        assert "type=int" not in text, path


def test_edges_never_touch_the_session():
    for path in files():
        if room(path) in {"api", "web"}:
            assert "db.session" not in path.read_text(), path


def test_every_statement_of_the_service_is_scoped_to_a_tenant():
    """Each select, update or delete of a table with a tenant stands in a function that also says whose rows."""
    # They find out who the tenant is, look at the whole machine, put scoped statements together, serve workers of all tenants,
    # count requests, which come before any tenant is known, or are about oneself, who may belong to several.
    exempt = {"people.py", "keys.py", "health.py", "commit_order.py", "jobs.py", "schedule.py", "limits.py"}
    exempt |= {"profile.py", "second_factor.py"}
    for path in files():
        if room(path) != "service" or path.name in exempt:
            continue
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            text = ast.unparse(function)
            if any(f"sa.{verb}(" in text for verb in ("select", "update", "delete")):
                scoped = "owned(" in text or "versions_of(" in text or "matching(" in text or ".tenant_id == tenant_id" in text
                scoped = scoped or "actor.tenant_id" in text
                assert scoped, f"{path.name}: {function.name} has a statement that names no tenant"


def test_the_top_level_is_fixed():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    top = {name.split("/")[0] for name in tracked if name}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(APP)))
def test_files_stay_small(path: Path):
    assert len(path.read_text().splitlines()) <= 350
