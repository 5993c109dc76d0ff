"""The secrets of feeds as the database has them: each sealed, "" where none is set."""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from cryptography.fernet import InvalidToken

from app.db import db
from app.service.sealing import box

PURPOSE = "cordon feed"
_keys: WeakKeyDictionary[sa.Engine, str] = WeakKeyDictionary()


def seal_with(secret_key: str) -> None:
    """Say with which secret key the feeds of this database are sealed."""
    _keys[db.engine] = secret_key


def seal(clear: Mapping[str, str]) -> dict[str, str]:
    """Return secrets as they are kept."""
    its = box(_keys[db.engine], PURPOSE)
    return {name: its.encrypt(text.encode()).decode() if text else "" for name, text in clear.items()}


def opened(kept: Mapping[str, str]) -> dict[str, str | None]:
    """Return secrets in the clear, None for those that were sealed with another secret key."""
    its = box(_keys[db.engine], PURPOSE)
    found: dict[str, str | None] = {}
    for name, text in kept.items():
        try:
            found[name] = its.decrypt(text).decode() if text else ""
        except InvalidToken:
            found[name] = None
    return found
