"""The addresses of documents: read once, strictly, so that all that follows speaks of the same host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote, urlsplit

from app.errors import CordonError

ADDRESS_MAX = 8_000
PORTS = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_NETLOC = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:%]+)(?::\d{1,5})?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_SAFE = "%/?:@!$&'()*+,;=~-._"


class FetchError(CordonError):
    """A document did not come; the message says why, without any key that stands in its address.

    `retry_after_s` says for how many seconds the source asks to be left alone, where it does; `status` is what it answered with,
    None if it did not.
    """

    def __init__(self, message: str, retry_after_s: float | None = None, status: int | None = None) -> None:
        self.retry_after_s = retry_after_s
        self.status = status
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was read: `host` in lower case and ASCII without brackets, `path` with the query, quoted."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Return the host as in the Host header, the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the whole address."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def shown(self) -> str:
        """Return as much of the address as may be told: sources have their keys in the query or, as FIRMS, in the path."""
        return f"{self.scheme}://{self.authority}{'/' if self.path == '/' else '/…'}"


def redacted(url: str) -> str:
    """Return as much of an address as may be told, which is the scheme, the host and the port."""
    try:
        return read(url).shown
    except FetchError:
        return "the address"


def read(url: str) -> Target:
    """Return the parts of an http or https address; a fragment is dropped. Raises FetchError, saying what is wrong with it.

    Of ports below 1024 only 80 and 443 are taken: what else listens there, such as mail, is never a feed.
    """
    clean = url.strip()
    if len(clean) > ADDRESS_MAX:
        raise FetchError(f"The address has more than {ADDRESS_MAX:,} characters.")
    if _FORBIDDEN.search(clean):
        raise FetchError("The address holds blanks, backslashes or control characters.")
    try:
        parts = urlsplit(clean)
        port = parts.port
    except ValueError:
        raise FetchError("This is not an address that can be read.") from None
    if parts.scheme not in PORTS:
        raise FetchError("The address must begin with https:// or http://.")
    if "@" in parts.netloc:
        raise FetchError("The address holds a user name or a password; they are not sent that way.")
    port = PORTS[parts.scheme] if port is None else port
    if port not in PORTS.values() and port < 1024:
        raise FetchError(f"Port {port} is not one for the web: 80, 443 and those from 1024 on are.")
    if not _NETLOC.fullmatch(parts.netloc):
        raise FetchError("The address has no host that can be read.")
    path = quote(parts.path or "/", safe=_SAFE.replace("?", ""))
    return Target(
        parts.scheme, _host(parts.hostname or ""), port, f"{path}?{quote(parts.query, safe=_SAFE)}" if parts.query else path
    )


def _host(word: str) -> str:
    """Return a host in ASCII. An IPv4 address must have its four plain numbers: other ways of writing only hide it."""
    try:
        if ":" in word:
            return str(IPv6Address(word))
        # Full-width digits and the full stops of other scripts become plain ones here, so this comes first.
        host = (word if word.isascii() or len(word) > 253 else word.encode("idna").decode()).lower().removesuffix(".")
        labels = host.split(".")
        if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
            raise ValueError(host)
        return str(IPv4Address(host)) if _NUMBER.fullmatch(labels[-1]) else host
    except ValueError:
        raise FetchError("The address has no host that can be read.") from None
