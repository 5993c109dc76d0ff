"""Records as their sources wrote them, put into text only when it is asked for: JSON for rows and objects, XML for elements."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar
from xml.etree.ElementTree import Element, tostring

import orjson

from app.feeds.record import Item, Record

Raw = Callable[[], str]
AnItem = TypeVar("AnItem", bound=Item)


def of_cells(names: Sequence[str], cells: Sequence[str]) -> Raw:
    """Return what writes a row of a table as a JSON object, without its empty cells."""
    return partial(_row, names, cells)


def of(part: object) -> Raw:
    """Return what writes a part of a JSON file, an element of an XML file, or several of these in a list."""
    return partial(_written, part)


def told(item: AnItem, raw: Raw) -> AnItem:
    """Return a parser's new item; with its raw text, if it is a record."""
    if isinstance(item, Record):
        item.raw = raw
    return item


def _row(names: Sequence[str], cells: Sequence[str]) -> str:
    return _json({name: cell for name, cell in zip(names, cells, strict=False) if cell})


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # too long a number, half a surrogate pair, nested deep
        try:
            return json.dumps(value, ensure_ascii=False)
        except RecursionError:
            return ""


def _written(part: object) -> str:
    if isinstance(part, list) and any(isinstance(one, Element) for one in part):
        return "\n".join(map(_written, part))
    return _xml(part) if isinstance(part, Element) else _json(part)


def _xml(element: Element) -> str:
    try:
        return tostring(element, encoding="unicode").strip()
    except RecursionError:
        return ""
