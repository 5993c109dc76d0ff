"""Run every check of the project: `python3 tests/run.py`. Needs Python 3.11 or later and nothing else.

It makes a virtual environment in `.venv-test`, installs the project with what its tests need (PostgreSQL comes from PyPI),
looks for a Chromium or gets one, and runs ruff, mypy and pytest. Further arguments go to pytest. With `--coverage` pytest also
measures the branches of app/service and app/api and fails if one was not taken; what and how stands in pyproject.toml.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv-test"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> int:
    """Set up, run all checks, and return 0 only if every one passed."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--coverage"]
    measured = ["--cov"] if "--coverage" in sys.argv else []
    if not (BIN / "python").exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
    run("pip", "install", "--quiet", "--editable", ".[test]", required=True)
    environment = {**os.environ}
    if browser := find_or_get_browser():
        environment["CORDON_CHROMIUM"] = browser
    checks = {
        "ruff check": run("ruff", "check", "."),
        "ruff format": run("ruff", "format", "--check", "."),
        "mypy": run("mypy"),
        "pytest": run("pytest", *measured, "--numprocesses", "auto", *arguments, environment=environment),
    }
    if not browser:
        say("NO CHROMIUM COULD BE HAD: THE BROWSER TESTS WERE SKIPPED. Install one, or set CORDON_CHROMIUM to its path.")
    failed = [name for name, code in checks.items() if code]
    say(f"FAILED: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


def find_or_get_browser() -> str:
    """Return the path of a Chromium: one that is here, Debian's, or Playwright's own; empty if there is none to be had."""
    if given := os.environ.get("CORDON_CHROMIUM"):
        return given
    if not installed() and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in ("apt-get update -qq", "apt-get install -y -qq --no-install-recommends chromium"):
            subprocess.run(command.split(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if found := installed():
        return found
    if run("playwright", "install", "chromium") == 0:
        script = "from playwright.sync_api import sync_playwright as p; print(p().start().chromium.executable_path)"
        answer = subprocess.run([BIN / "python", "-c", script], capture_output=True, text=True, check=False)
        return answer.stdout.strip()
    return ""


def installed() -> str:
    """Return the path of a browser that this machine has, or nothing."""
    return next(filter(None, map(shutil.which, BROWSERS)), "")


def run(tool: str, *arguments: str, required: bool = False, environment: dict[str, str] | None = None) -> int:
    """Run a tool of the environment in the project's folder and return its exit code."""
    say(f"$ {tool} {' '.join(arguments)}")
    command = [BIN / "python", "-m", tool, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=required).returncode


def say(text: str) -> None:
    """Print at once, so that the order with the tools' own lines is kept."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
