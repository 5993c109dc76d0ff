"""What the browser is served from `static/` is whole, licensed, unchanged and asks no other host for anything."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

STATIC = Path(__file__).resolve().parents[1] / "static"
VENDOR = STATIC / "vendor"
SUMS = VENDOR / "SHA256SUMS"

# Every way in which a style sheet or script names something that the browser goes and gets.
FETCHED = {
    ".css": (
        re.compile(r"""url\(\s*["']?([^"')]+)"""),
        re.compile(r"""@import\s+["']([^"']+)"""),
        re.compile(r"[#@] sourceMappingURL=(\S+)"),
    ),
    ".js": (
        re.compile(r"""^\s*import\s+["']([^"']+)""", re.MULTILINE),
        re.compile(r"""^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)""", re.MULTILINE),
        re.compile(r"""\b(?:import|fetch|importScripts|Worker|EventSource|WebSocket)\(\s*["']([^"']+)"""),
        re.compile(r"""\bnew URL\(\s*["']([^"']+)"""),
        re.compile(r"^//[#@] sourceMappingURL=(\S+)", re.MULTILINE),
    ),
}


def vendored_files() -> list[Path]:
    return sorted(p for p in VENDOR.rglob("*") if p.is_file() and p != SUMS)


def listed_sums() -> dict[str, str]:
    rows = (line.split("  ", 1) for line in SUMS.read_text().splitlines())
    return {name: digest for digest, name in rows}


def readable_files() -> list[Path]:
    return sorted(p for p in STATIC.rglob("*") if p.suffix in FETCHED)


def named(path: Path) -> str:
    return path.relative_to(STATIC).as_posix()


def references(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [found.strip() for pattern in FETCHED[path.suffix] for found in pattern.findall(text)]


def test_every_vendored_file_is_listed_and_nothing_else_is() -> None:
    assert {p.relative_to(VENDOR).as_posix() for p in vendored_files()} == set(listed_sums())


@pytest.mark.parametrize("name", sorted(listed_sums()))
def test_a_vendored_file_is_byte_for_byte_what_was_taken(name: str) -> None:
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == listed_sums()[name]


@pytest.mark.parametrize("folder", sorted(p.name for p in VENDOR.iterdir() if p.is_dir()))
def test_a_vendored_package_names_its_version_and_brings_its_licence(folder: str) -> None:
    assert re.fullmatch(r"[a-z0-9.@_-]+-\d+(\.\d+)+([-.][a-z0-9.]+)?", folder)
    assert any(p.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")) for p in (VENDOR / folder).iterdir())


def test_the_basemap_names_its_origin_and_terms() -> None:
    text = (STATIC / "basemap" / "LICENCES.md").read_text(encoding="utf-8")
    data = [p.name for p in (STATIC / "basemap").iterdir() if p.suffix != ".md"]
    assert data
    assert [name for name in data if f"`{name}`" not in text] == []
    assert "GeoNames" in text
    assert "creativecommons.org/licenses/by/4.0" in text


@pytest.mark.parametrize("path", readable_files(), ids=named)
def test_a_served_file_refers_to_no_other_host(path: Path) -> None:
    elsewhere = [r for r in references(path) if urlsplit(r).netloc or urlsplit(r).scheme not in ("", "data")]
    assert elsewhere == []


@pytest.mark.parametrize("path", readable_files(), ids=named)
def test_what_a_served_file_refers_to_is_there(path: Path) -> None:
    local = [unquote(urlsplit(r).path) for r in references(path) if not r.startswith(("data:", "#", "/"))]
    missing = [r for r in local if r and not (path.parent / r).resolve().exists()]
    assert missing == []


def test_the_reading_of_references_notices_each_way_to_fetch(tmp_path: Path) -> None:
    style = tmp_path / "a.css"
    style.write_text("@import 'https://a.example/a.css'; b { background: url( \"//b.example/b.png\" ) }")
    script = tmp_path / "a.js"
    script.write_text(
        "import 'https://c.example/c.js';\nimport { d,\n e } from \"https://d.example/d.js\";\n"
        "export * from 'https://e.example/e.js';\nfetch('https://f.example/f');\n//# sourceMappingURL=gone.js.map\n"
    )
    assert {urlsplit(r).netloc or r for r in references(style) + references(script)} == {
        "a.example",
        "b.example",
        "c.example",
        "d.example",
        "e.example",
        "f.example",
        "gone.js.map",
    }
