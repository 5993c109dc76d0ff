"""The outside of a file, by which formats are told apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from app.feeds.csvfile import rows
from app.feeds.encoding import decode

_HEAD, _DIRECTORY = 65536, 1_000_000
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_NOT_CONTENT = re.compile(r"<\?.*?(?:\?>|\Z)|<!--.*?(?:-->|\Z)|<!DOCTYPE[^<>\[]*>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Look:
    """What a file looks like: `kind` is "xml", "json", "text", or "kmz" for a zip archive with KML in it.

    `text` is all of it and `begin` its first 65,536 characters; `root` is the name of an XML file's root without its
    prefix, "" when it has none. `header` are the cells of the first row, read as comma-separated, of what is "text".
    """

    kind: str
    text: str
    begin: str
    root: str = ""
    header: frozenset[str] = frozenset()


def look(data: bytes) -> Look:
    """Return what a file looks like. Raises Unreadable for an empty file and for what is no text."""
    if is_kmz(data):
        return Look("kmz", "", "")
    text, _ = decode(data, legacy=True)
    begin = text[:_HEAD].lstrip("\ufeff \t\r\n").removeprefix("ï»¿").lstrip()
    if begin.startswith("<"):
        root = _ROOT.search(_NOT_CONTENT.sub("", begin))
        return Look("xml", text, begin, root[1] if root else "")
    if begin.startswith(("{", "[")):
        return Look("json", text, begin)
    first = next(islice(rows(begin.partition("\n")[0] + "\n"), 1), (1, []))
    return Look("text", text, begin, header=frozenset(cell.strip() for cell in first[1]))


def is_kmz(data: bytes) -> bool:
    """Say whether this is a zip archive that names a KML file: at its beginning, or in the directory at its end."""
    names = data[:_HEAD] + data[-_DIRECTORY:]
    return data.startswith(b"PK\x03\x04") and re.search(rb"\.kml", names, re.IGNORECASE) is not None
