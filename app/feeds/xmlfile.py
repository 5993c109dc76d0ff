"""XML files read without any trust, and the few ways in which parsers look into them."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from app.errors import Unreadable

_DOUBLE_MARK = "\ufeff".encode().decode("cp1252").encode()
"""A byte order mark that was taken for Windows-1252 and written out as UTF-8 once more: "ï»¿"."""


MARKS_MAX = 800_000
"""Tags and attributes in one file; each takes some 300 bytes of memory whatever its size in the file."""
DEPTH_MAX = 100
"""Elements inside one another."""


def marks(data: bytes) -> int:
    """Return how many tags and attributes a file has, counted without reading it: never too few."""
    return data.count(b"<") + (data.count(b'"') + data.count(b"'")) // 2


def load(data: bytes, *, depth: int = DEPTH_MAX) -> Element:
    """Return the root of an XML file.

    Mended are blanks before the declaration, a copy that was encoded twice (known by its doubled byte order mark), and
    Windows-1252 that calls itself UTF-8. Raises Unreadable, saying where, for what is not well-formed XML, for any
    document type definition (so for entities of its own), and for more than MARKS_MAX marks or `depth` levels.
    """
    if marks(data) > MARKS_MAX:
        raise Unreadable(f"The XML has more than {MARKS_MAX:,} tags and attributes, the most that can be read.")
    try:
        root = _parsed(_once_encoded(data).lstrip(b" \t\r\n"))
    except ParseError as error:
        line, column = error.position
        raise Unreadable(f"This is not XML, or it is cut off: see line {line:,}, column {column + 1:,}.") from None
    except DefusedXmlException:
        raise Unreadable("The XML declares entities or a document type of its own, which no feed needs.") from None
    except (ValueError, LookupError):
        raise Unreadable("The XML declares an encoding that can't be read.") from None
    level = [root]
    for _ in range(depth):
        level = [child for element in level for child in element]
        if not level:
            return root
    raise Unreadable(f"The XML has more than {depth} elements inside one another.")


def _parsed(data: bytes) -> Element:
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except ParseError:
        text = _as_legacy(data)
        if text is None:
            raise
        root = fromstring(text, forbid_dtd=True)
    return root


def _as_legacy(data: bytes) -> str | None:
    """Return the text of a file in Windows-1252 that does not say so; None for any other."""
    if b"encoding" in data[:100] and b"utf-8" not in data[:100].lower():
        return None
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
    return None


def _once_encoded(data: bytes) -> bytes:
    if not data.startswith(_DOUBLE_MARK):
        return data
    try:
        return data.decode().encode("cp1252")
    except UnicodeError:
        return data.removeprefix(_DOUBLE_MARK)


def name(element: Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Element, wanted: str) -> list[Element]:
    """Return the children of a name, in whatever namespace."""
    return [child for child in element if name(child) == wanted]


def below(element: Element, wanted: str) -> Iterator[Element]:
    """Yield all descendants of a name, in whatever namespace, in the order of the file."""
    return (inner for inner in element.iter() if name(inner) == wanted)


def word(element: Element, *path: str) -> str:
    """Return the trimmed text of the first descendant along a path of names, "" when there is none."""
    for step in path:
        found = next(iter(children(element, step)), None)
        if found is None:
            return ""
        element = found
    return "".join(element.itertext()).strip() if len(element) else (element.text or "").strip()
