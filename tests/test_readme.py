"""The README names what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.cli.command import cordon
from app.config import SETTINGS

README = (Path(__file__).parents[1] / "README.md").read_text()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_in_the_table(setting):
    assert f"| `{setting.variable}` |" in README


def test_every_route_is_named(app):
    ours = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in {"static", "security.static"}]
    missing = []
    for rule in ours:
        path = re.sub(r"<id:written_(\w+)>", r"{\1}", rule.rule)
        missing += [f"{m} {path}" for m in rule.methods - {"HEAD", "OPTIONS"} if f"{m} {path}`" not in README]
    assert missing == []


def test_every_command_is_named():
    for name, command in cordon.commands.items():
        for line in [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]:
            assert re.search(rf"`cordon {line}( [A-Z]+)?`", README), line


def test_every_room_of_the_service_is_named():
    for path in (Path(__file__).parents[1] / "app" / "service").iterdir():
        if path.name not in {"__init__.py", "__pycache__"}:
            assert path.name in README, path.name
