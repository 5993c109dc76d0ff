"""Mutation testing of the incident service with mutmut, on SQLite: what it found is in tests/bench/mutants.md.

mutmut passes over functions with decorators, which every public function of the service has. So it works on a copy of the tree
in which `@guarded(...)` before a function is written as `name = guarded(...)(name)` after it, and `@property` likewise.

Run, from anywhere, after `pip install -e .[test,mutation]`:
    python tests/tools/mutate.py COPY                                  # those not tried yet, with two processes
    python tests/tools/mutate.py COPY "app.service.incidents.undo.*"   # those with such names, though tried
    python tests/tools/mutate.py COPY --list                           # all that were not killed, and the score

COPY is a folder outside the tree, made if it is not there. Its sources are brought up to date, and mutmut keeps in it what it
knows: a run goes on where the last one ended, and functions that were changed since are tried anew.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree

ROOT = Path(__file__).parents[2]
COPIED = ("app", "tests", "static", "templates", "pyproject.toml", "wsgi.py")
MUTATED = ("app/service/incidents/*.py", "app/service/idempotency.py")
MUTMUT = (sys.executable, "-m", "mutmut")


def undecorated(source: str) -> str:
    """Return the source with each function's decorator as a call after the function."""
    lines = source.split("\n")
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef) and node.decorator_list]
    for function in sorted(functions, key=lambda function: -function.lineno):
        (decorator,) = function.decorator_list
        indent = " " * function.col_offset
        lines.insert(function.end_lineno, f"{indent}{function.name} = {ast.unparse(decorator)}({function.name})")
        del lines[decorator.lineno - 1 : function.lineno - 1]
    return "\n".join(lines)


def copy(target: Path) -> None:
    """Bring the copy up to date."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            rmtree(target / name, ignore_errors=True)
            copytree(source, target / name, ignore=ignore_patterns("__pycache__"))
        else:
            (target / name).write_bytes(source.read_bytes())
    mutants = target / "mutants"
    for path in mutants.rglob("*.py"):
        if not (target / path.relative_to(mutants)).exists():
            path.unlink()
    for pattern in MUTATED:
        for path in target.glob(pattern):
            path.write_text(undecorated(path.read_text(encoding="utf-8")), encoding="utf-8")


def results(target: Path) -> None:
    """Print those that were not killed, and how many there are of each kind."""
    lines = subprocess.run([*MUTMUT, "results", "--all", "true"], cwd=target, check=True, capture_output=True, text=True).stdout
    outcomes = [line.strip().split(": ") for line in lines.splitlines() if ": " in line]
    print(*(f"{name}: {outcome}" for name, outcome in outcomes if outcome != "killed"), sep="\n")
    print(dict(Counter(outcome for _, outcome in outcomes)))


def main() -> None:
    """Do what the arguments say."""
    target, arguments = Path(sys.argv[1]), sys.argv[2:]
    if arguments == ["--list"]:
        results(target)
        return
    target.mkdir(parents=True, exist_ok=True)
    copy(target)
    command = [*MUTMUT, "run", "--max-children", "2", *arguments]
    sys.exit(subprocess.run(command, cwd=target, env={"PYTHONPATH": ".", **os.environ}, check=False).returncode)


if __name__ == "__main__":
    main()
