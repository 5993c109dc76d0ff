"""Every setting once: its name, environment variable, default and meaning."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from platformdirs import user_data_dir

from app.errors import Unavailable, Unreadable

SECRET_MIN = 32


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `read` turns the text of the environment into the value, raising ValueError with the reason."""

    name: str
    default: str
    meaning: str
    read: Callable[[str], Any] = str

    @property
    def variable(self) -> str:
        """Return the name of the environment variable."""
        return f"CORDON_{self.name}"


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("must be a whole number, 0 or more")
    return int(text)


def _switch(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("must be 0 or 1")
    return text == "1"


def _database(text: str) -> str:
    if text and not re.match(r"postgres(ql)?://|sqlite:///", text):
        raise ValueError("must begin with postgresql:// or be empty")
    return text


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _file(text: str) -> Path | None:
    path = Path(text).expanduser().absolute()
    if text and not os.access(path, os.R_OK):
        raise ValueError(f"names a file that can't be read: {path}")
    return path if text else None


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"must be networks such as 10.0.0.0/8, with commas between them: {error}") from None


def _contact(text: str) -> str:
    if not re.fullmatch(r"[\x20-\x27\x2a-\x7e]{0,200}", text):
        raise ValueError("must be at most 200 plain characters without brackets, such as an e-mail address")
    return text.strip()


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "DATA_DIR",
        user_data_dir("cordon", appauthor=False),
        "Folder for the database file and the secret key; made on the first run.",
        _folder,
    ),
    Setting(
        "DATABASE_URL",
        "",
        "`postgresql://user:password@host/database`; empty means the SQLite file `cordon.db` in the data folder.",
        _database,
    ),
    Setting(
        "SECRET_KEY",
        "",
        "Signs sessions and forms; empty means a random key kept in the data folder. Several hosts need the same one.",
    ),
    Setting(
        "SECURE_COOKIES",
        "0",
        "1 behind TLS: the session cookie is then sent over HTTPS only, and browsers are told to use nothing else (HSTS).",
        _switch,
    ),
    Setting(
        "PROXIES",
        "0",
        "How many reverse proxies of yours stand before the server, one after the other. What so many last ones say in "
        "`X-Forwarded-For`, `-Proto` and `-Host` is believed; with 0 nothing of it is.",
        _whole,
    ),
    Setting(
        "TILE_URL",
        "",
        "Raster tiles instead of the built-in map, such as `https://tiles.example/{z}/{x}/{y}.png`; its host is then allowed by "
        "the Content-Security-Policy.",
    ),
    Setting("TILE_ATTRIBUTION", "", "Plain text shown on the map for those tiles."),
    Setting(
        "PMTILES",
        "",
        "A local file of vector tiles (PMTiles, in the schema of Protomaps) instead of the built-in map.",
        _file,
    ),
    Setting(
        "SHARE_RESTRICTED",
        "0",
        "1 if your agreement with ACLED lets you share its data: they are then in the API and in exports too.",
        _switch,
    ),
    Setting("KEY_RATE", "6000", "Requests that one API key may send in a minute; 0 for any number.", _whole),
    Setting(
        "ADDRESS_RATE", "300", "Requests under `/v1` without a good key that one address may send in a minute; 0 for any.", _whole
    ),
    Setting(
        "SIGN_IN_RATE",
        "10",
        "Tries to sign in within 5 minutes, for each person and for each address; 0 for any number.",
        _whole,
    ),
    Setting("WORKERS", "0", "Web worker processes; 0 chooses by the machine's processors.", _whole),
    Setting("THREADS", "4", "Threads in each web worker.", _whole),
    Setting("BUSY_TIMEOUT_MS", "5000", "How long a write waits for another writer before it is given up with a 503.", _whole),
    Setting(
        "FEED_NETWORKS",
        "",
        "Private networks from which feeds may be fetched, such as `10.1.2.0/24,fd00::/8`; without it they come from public "
        "addresses only.",
        _networks,
    ),
    Setting(
        "FEED_CONTACT",
        "",
        "An e-mail or web address that is told to the sources of feeds; the US weather service asks for one.",
        _contact,
    ),
)


def load(overrides: dict[str, Any]) -> dict[str, Any]:
    """Read all settings from the environment, give precedence to `overrides`, and make the data folder and key.

    Raises Unreadable naming every variable that can't be read, and Unavailable when the data folder can't be made.
    """
    values: dict[str, Any] = {}
    wrong = []
    for setting in SETTINGS:
        text = os.environ.get(setting.variable, setting.default)
        try:
            values[setting.name] = setting.read(text)
        except ValueError as error:
            wrong.append(f"{setting.variable} {error}")
    if wrong:
        raise Unreadable("; ".join(wrong) + ".")
    values.update(overrides)
    if not values["DATABASE_URL"] or not values["SECRET_KEY"]:
        _make_folder(values["DATA_DIR"])
    if not values["SECRET_KEY"]:
        values["SECRET_KEY"] = _kept_secret(values["DATA_DIR"] / "secret-key")
    return values


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"The data folder {folder} can't be made: {error.strerror}.") from error


def _kept_secret(path: Path) -> str:
    """Return the key in the file, making it first if need be. Two processes that start together agree on one."""
    try:
        if not path.exists():
            draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
            draft.touch(mode=0o600)
            with draft.open("w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        secret = path.read_text().strip()
    except OSError as error:
        raise Unavailable(f"The secret key {path} can't be read or made: {error.strerror}.") from error
    if len(secret) < SECRET_MIN:
        raise Unavailable(f"The secret key {path} is empty or cut off. Delete the file; everyone then has to sign in again.")
    return secret
