"""Small servers on this machine that answer as a test says, byte by byte."""

from __future__ import annotations

import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_network
from threading import Thread

from app.feeds.fetch import Fetcher

HERE = [ip_network("127.0.0.1/32")]
Play = Callable[[socket.socket, str], None]
connects: list[tuple[str, int]] = []
"""Where this process has tried to connect to, told by Python itself: no way around it."""


def _listen(event: str, args: tuple) -> None:
    if event == "socket.connect" and isinstance(args[1], tuple):
        connects.append(args[1][:2])


sys.addaudithook(_listen)


class Served:
    """A server: `heads` are the requests it got, as text with the bodies that came along."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heads: list[str] = []

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    return request.startswith(b"\x16") or (bool(end) and len(body) >= (int(length[1]) if length else 0))  # 0x16 begins TLS.


@contextmanager
def serving(play: Play | bytes, tls: ssl.SSLContext | None = None) -> Iterator[Served]:
    """Serve on a free port: bytes are the answer to every request, a function is given the connection and the request."""
    listener = socket.create_server(("127.0.0.1", 0))
    served = Served(listener.getsockname()[1])

    def one(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if tls:
                connection = tls.wrap_socket(connection, server_side=True)
            head = b""
            while not _is_whole(head) and (more := connection.recv(65536)):
                head += more
            served.heads.append(head.decode("latin-1"))
            if isinstance(play, bytes):
                connection.sendall(play)
            else:
                play(connection, served.heads[-1])
            connection.close()

    def all_of_them() -> None:
        with suppress(OSError):
            while True:
                Thread(target=one, args=[listener.accept()[0]], daemon=True).start()

    Thread(target=all_of_them, daemon=True).start()
    try:
        yield served
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def answer(content: bytes = b"hello", *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + content


def fetcher(**named: object) -> Fetcher:
    """Return a fetcher that may reach this machine, knows no names, and is in a hurry."""
    known = named.pop("names", {})

    def resolver(host: str) -> list[str]:
        if host not in known:
            raise OSError(host)
        return known[host]

    return Fetcher(**{"allowed": HERE, "timeout_s": 3, "silence_s": 1, "resolver": resolver} | named)
