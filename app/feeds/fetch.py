"""The only code of Cordon that asks other hosts for anything: one document by HTTP, whatever the other side does.

Whoever may set up a feed, or answers one, must not reach hosts that only this machine can. So a host's name is looked up once,
all its addresses must be public (or in networks that the operator has named), and the connection goes to just those addresses.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from threading import Event, Timer
from time import monotonic
from urllib.parse import urljoin

from urllib3.connection import HTTPConnection, HTTPException, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProtocolError, ReadTimeoutError

from app.feeds.body import content, retry_after
from app.feeds.networks import Network, Resolver, may_be_reached, resolve
from app.feeds.webaddress import FetchError, Target, read, redacted

__all__ = ["Answer", "FetchError", "Fetcher", "Request", "redacted"]

MAX_BYTES = 32 * 1024 * 1024
REDIRECTS_MAX = 5
ADDRESSES_MAX = 4
"""Addresses of one host that are tried when the first do not answer."""
_REDIRECTS = {301, 302, 303, 307, 308}
_ANYWHERE = {"accept", "accept-encoding", "accept-language", "if-modified-since", "if-none-match", "user-agent"}
"""Headers that another host than the one asked may see; all others may hold keys."""
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)  # Its warnings show addresses with their keys.
_PLAIN = re.compile(r"[\x20-\x7e]+")
_WORDS = {
    400: "does not understand the request",
    401: "asks for a key or password, or does not accept the one it was sent",
    403: "refuses the request: is a key missing or no longer valid?",
    404: "has nothing at this address",
    410: "has nothing at this address any more",
    429: "is asked too often",
    503: "is not available just now",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for: `etag` and `last_modified` of the last answer make it conditional; `max_bytes` count unpacked."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: bytes | None = None
    etag: str | None = None
    last_modified: str | None = None
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: `url` is where it came from in the end, `content` is unpacked, and empty for status 304, not modified."""

    url: str
    status: int
    content: bytes
    media_type: str
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request on the way to the answer."""

    target: Target
    method: str
    headers: Mapping[str, str]
    body: bytes | None


class Fetcher:
    """Fetches documents.

    `allowed` are networks that may be reached although they are not public; `contact` is told to the sources, as some ask for.
    A document may take `timeout_s` seconds in all, and the other side may be silent for `silence_s`. `trust` says whose
    certificates are good, the system's own if not given.
    """

    def __init__(
        self,
        *,
        allowed: Sequence[Network] = (),
        contact: str = "",
        timeout_s: float = 60.0,
        silence_s: float = 10.0,
        resolver: Resolver = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = allowed
        self._agent = f"Cordon/{_version()} (+self-hosted security desk{f'; contact: {contact}' if contact else ''})"
        self._timeout_s = timeout_s
        self._silence_s = silence_s
        self._resolver = resolver
        self._trust = trust or _system_trust()

    def fetch(self, request: Request) -> Answer:
        """Return the answer with status 2xx or, to a conditional request, 304.

        Up to REDIRECTS_MAX redirects are followed, each to be checked as the first address was, never from https to http, and
        without headers that may hold keys to another host. Raises FetchError for everything else.
        """
        ends = monotonic() + self._timeout_s
        hop = _Hop(read(request.url), request.method, self._headers(request), request.body)
        for _ in range(REDIRECTS_MAX + 1):
            outcome = self._ask(hop, request, ends)
            if isinstance(outcome, Answer):
                return outcome
            hop = outcome
        raise FetchError(f"{redacted(request.url)} leads to more than {REDIRECTS_MAX} other addresses, one after the other.")

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"User-Agent": self._agent, "Accept-Encoding": "gzip", **request.headers}
        if request.etag:
            headers["If-None-Match"] = request.etag
        if request.last_modified:
            headers["If-Modified-Since"] = request.last_modified
        for name, value in headers.items():
            if not _PLAIN.fullmatch(value):
                raise FetchError(f"The header {name} can't be sent: it is empty or holds other than plain characters.")
        return headers

    def _ask(self, hop: _Hop, request: Request, ends: float) -> Answer | _Hop:
        """Return the answer, or the request that a redirect asks for."""
        shown, fault = hop.target.shown, None
        with closing(self._connection(hop.target, ends)) as connection, _cut_off(connection, ends - monotonic()) as is_over:
            try:
                outcome = _exchange(connection, hop, request)
            except FetchError as error:
                fault = error
            except (HTTPError, HTTPException, OSError, ValueError, zlib.error) as error:
                fault = FetchError(f"{shown} {_in_words(error, self._silence_s)}.")
            if is_over.is_set():  # What ends with its connection looks whole, or cut off by the other side.
                fault = FetchError(f"{shown} took longer than {self._timeout_s:g} seconds.")
        if fault:
            raise fault
        return outcome

    def _connection(self, target: Target, ends: float) -> HTTPConnection:
        """Return a connection to one of the addresses that the host has now, all of which have been checked."""
        for address in self._addresses(target):
            left = min(ends - monotonic(), self._silence_s)
            if left <= 0:
                break
            connection = (
                HTTPSConnection(address, target.port, timeout=left, ssl_context=self._trust, server_hostname=target.host)
                if target.scheme == "https"
                else HTTPConnection(address, target.port, timeout=left)
            )
            try:
                connection.connect()
            except (NewConnectionError, ConnectTimeoutError):
                continue
            except (HTTPError, OSError, ValueError) as error:
                connection.close()
                raise FetchError(f"{target.shown} {_in_words(error, self._silence_s)}.") from None
            return connection
        raise FetchError(f"{target.shown} can't be reached: nothing answers there.")

    def _addresses(self, target: Target) -> list[str]:
        """Look a host up. Raises FetchError when it has no address, or any that may not be reached."""
        if re.fullmatch(r"[\d.]+|.*:.*", target.host):
            found: Sequence[str] = [target.host]
        else:
            try:
                found = self._resolver(target.host)
            except (OSError, UnicodeError):
                found = []
        if not found:
            raise FetchError(f"{target.shown} can't be reached: the host’s name is not known.")
        if not all(may_be_reached(address, self._allowed) for address in found):
            raise FetchError(
                f"{target.shown} is inside a private or reserved network, from which Cordon fetches nothing unless "
                "CORDON_FEED_NETWORKS names that network."
            )
        return list(found[:ADDRESSES_MAX])


@cache
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _version() -> str:
    try:
        return version("cordon")
    except PackageNotFoundError:
        return "0"


@contextmanager
def _cut_off(connection: HTTPConnection, after_s: float) -> Iterator[Event]:
    """End a connection after so many seconds, whatever is being read just then; the event says that it was."""
    is_over, sock = Event(), connection.sock

    def cut() -> None:
        is_over.set()
        with suppress(OSError):
            socket.socket.shutdown(
                sock, socket.SHUT_RDWR
            )  # Not the method of a TLS socket, which would pull TLS from under a read.

    timer = Timer(max(after_s, 0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield is_over
    finally:
        timer.cancel()


def _exchange(connection: HTTPConnection, hop: _Hop, request: Request) -> Answer | _Hop:
    headers = {"Host": hop.target.authority, "Connection": "close", **hop.headers}
    connection.request(hop.method, hop.target.path, body=hop.body, headers=headers, preload_content=False, decode_content=False)
    with closing(connection.getresponse()) as response:
        status, told = response.status, response.headers
        if status in _REDIRECTS and told.get("Location"):
            return _redirected(hop, status, told["Location"])
        is_unchanged = status == 304 and bool(request.etag or request.last_modified)
        if not is_unchanged and (not 200 <= status < 300 or status == 206):
            words = _WORDS.get(status, "has a fault of its own" if status >= 500 else "gives no document")
            wait = retry_after(told.get("Retry-After", "")) if status in {429, 503} else None
            raise FetchError(f"{hop.target.shown} {words} (HTTP {status}).", wait, status)
        return Answer(
            url=hop.target.url,
            status=status,
            content=b"" if is_unchanged else content(response, hop.target.shown, request.max_bytes),
            media_type=told.get("Content-Type", "").partition(";")[0].strip().lower()[:100],
            etag=_stamp(told.get("ETag", ""), 500),
            last_modified=_stamp(told.get("Last-Modified", ""), 100),
        )


def _stamp(word: str, maximum: int) -> str | None:
    """Return what can be sent back another time; a stamp that can't be is as good as none."""
    return word if len(word) <= maximum and _PLAIN.fullmatch(word) else None


def _redirected(hop: _Hop, status: int, location: str) -> _Hop:
    """Return the request that a redirect asks for. Raises FetchError for one that is not followed."""
    old = hop.target
    try:
        new = read(urljoin(old.url, location))
    except (FetchError, ValueError):
        raise FetchError(f"{old.shown} leads to an address that can’t be used.") from None
    if old.scheme == "https" and new.scheme == "http":
        raise FetchError(f"{old.shown} leads from https to http, which is not followed.")
    method, body = (hop.method, hop.body) if status in {307, 308} or hop.method == "GET" else ("GET", None)
    headers = {name: value for name, value in hop.headers.items() if body or name.lower() != "content-type"}
    is_same = old.host == new.host and (old.port == new.port or (old.port, new.port) == (80, 443))
    if not is_same:
        if body:  # It may hold a password, as that of ACLED's sign-in does.
            raise FetchError(f"{old.shown} leads to another host, to which what was sent here is not sent.")
        headers = {name: value for name, value in headers.items() if name.lower() in _ANYWHERE}
    return _Hop(new, method, headers, body)


def _in_words(error: Exception, silence_s: float) -> str:
    """Say what went wrong with a connection, to follow the address in a sentence."""
    reasons = [error, *error.args, error.__cause__, error.__context__]
    if any(isinstance(reason, ssl.SSLCertVerificationError) for reason in reasons):
        told = next(reason.verify_message for reason in reasons if isinstance(reason, ssl.SSLCertVerificationError))
        return f"has a certificate that can’t be trusted ({told})"
    if any(isinstance(reason, ssl.SSLError) for reason in reasons):
        return "does not speak TLS as it should"
    if any(isinstance(reason, TimeoutError | ReadTimeoutError) for reason in reasons):
        return f"was silent for {silence_s:g} seconds"
    if any(isinstance(reason, ProtocolError | OSError) for reason in reasons):
        return "ended the connection before the whole answer had come"
    return "does not answer as a web server should"
