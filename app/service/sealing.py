"""Sealing what the database is not to hold in the clear, with keys derived from the application's secret key."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def box(secret_key: str, purpose: str) -> Fernet:
    """Return what seals and opens for one purpose; what was sealed for another one can't be opened with it."""
    derived = HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
