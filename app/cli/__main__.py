"""`python -m app.cli`: the console script without an installation."""

from __future__ import annotations

from app.cli import main

main()
