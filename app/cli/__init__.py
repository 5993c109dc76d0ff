"""The command edge."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the commands to the application."""


def main() -> None:
    """Run the console script `cordon`."""
