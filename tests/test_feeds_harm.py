"""Files made to do harm are refused, or read without harm, in little time and memory, each measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile import FILES

ROOT = Path(__file__).parents[1]
SECONDS, MEGABYTES = 2.0, 50.0
"""Of the processor, and beyond the file itself. On a quiet machine each takes under a second; a busy one may take two."""


@pytest.fixture(scope="module")
def reader() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.measuring"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.stdin.close()


def measured(reader: subprocess.Popen[str], format_: str, path: Path) -> dict[str, object]:
    reader.stdin.write(f"{format_} {path}\n")
    reader.stdin.flush()
    return json.loads(reader.stdout.readline())


def test_there_are_many():
    assert len(FILES) >= 80


@pytest.mark.parametrize("name", FILES)
def test_a_file_made_to_do_harm_does_none(name, reader, tmp_path):
    format_, build = FILES[name]
    path = tmp_path / "file"
    path.write_bytes(build())
    took = measured(reader, format_, path)
    path.unlink()
    assert "FAILED" not in took["outcome"], took
    assert took["seconds"] < SECONDS, took
    assert took["mb"] < MEGABYTES, took


def test_the_measure_knows_what_is_too_much(reader, tmp_path):
    """A good file of many rows takes more of both than is allowed above, so that a figure of none would be noticed."""
    path = tmp_path / "file"
    path.write_bytes(b"title,lat,lng\n" + b"".join(b"Flood %d,1,2\n" % index for index in range(200_000)))
    took = measured(reader, "csv", path)
    assert took["outcome"] == "200000 Record"
    assert took["seconds"] > 0.1
    assert took["mb"] > MEGABYTES
