"""How pages, data and files go over the wire: compressed, and files kept by the browser for as long as they stay the same."""

from __future__ import annotations

import gzip
import re
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request, send_from_directory, session

from app.web.guard import API_PREFIX

SMALLEST = 1_000
"""Fewer bytes are sent as they are."""
TEXTS = {"text/css", "text/javascript", "application/json", "image/svg+xml", "application/octet-stream"}
PAGE = "text/html"
OWN = {"same-origin", "none"}
"""What a browser says of a request that no other site made it send."""
YEAR = "public, max-age=31536000, immutable"
COMMENTS = re.compile(r"^[ \t]*(?:/\*\*.*?\*/|//[^\n]*)[ \t]*(?=\n)", re.DOTALL | re.MULTILINE)
"""Those of our scripts that stand on lines of their own; a third of their bytes."""


def init_app(app: Flask) -> None:
    """Have answers compressed, and the addresses of files carry a hash of all files, so that they can be kept for good."""
    app.after_request(_compress)
    app.view_functions["static"] = _file
    app.url_defaults(_with_version)


def _with_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static":
        values["filename"] = f"{_version(current_app.static_folder)}/{values['filename']}"


@cache
def _version(folder: str) -> str:
    """Return what stands for the files of a folder as they are when the first page is made."""
    total = blake2b(digest_size=8)
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            total.update(f"{path.relative_to(folder)}\0".encode() + blake2b(path.read_bytes()).digest())
    return f"v-{total.hexdigest()}"


def _file(filename: str) -> Response:
    """Answer a file, with or without a version in its address. Modules name each other relatively, so they share it.

    Another version is that of another release, which a worker may be asked for while one follows the other.
    """
    folder = current_app.static_folder or ""
    first, slash, rest = filename.partition("/")
    versioned = bool(slash) and first.startswith("v-")
    name = rest if versioned else filename
    response = send_from_directory(folder, name)
    response.headers["Cache-Control"] = YEAR if versioned and first == _version(folder) else "no-cache"
    if response.status_code == 200 and response.mimetype in TEXTS and _is_welcome():
        etag, _ = response.get_etag()
        response.direct_passthrough = False
        body = _compressed_file(str(Path(folder) / name), etag or "", is_ours=name.startswith("js/"))
        response.close()
        response.set_data(body)
        _mark(response)
    for name in ("Content-Disposition", "Last-Modified", "Date"):
        response.headers.pop(name, None)
    return response


@cache
def _compressed_file(path: str, _etag: str, *, is_ours: bool) -> bytes:
    body = Path(path).read_bytes()
    return gzip.compress(without_comments(body.decode()).encode() if is_ours else body, 9, mtime=0)


def without_comments(script: str) -> str:
    """Return a script of ours with empty lines in place of its comments, so that the others keep their numbers."""
    return COMMENTS.sub(lambda found: "\n" * found[0].count("\n"), script)


def _compress(response: Response) -> Response:
    """Compress what is worth it.

    A page carries the token of its forms beside words of its address. Who could have the browser ask for it again and again, and
    watch the lengths, could guess the token, so a page is compressed only where the browser says that no other site asked.
    """
    kind = response.mimetype
    if request.endpoint == "static" and response.status_code < 400:
        # The sign-in has looked at the session, but a file is the same for everyone, and kept whoever signs in next.
        session.accessed = False
        return response
    if request.path.startswith(API_PREFIX) or (kind not in TEXTS and kind != PAGE) or response.is_streamed:
        return response
    if kind == PAGE and request.headers.get("Sec-Fetch-Site") not in OWN:
        return response
    if "Content-Encoding" not in response.headers and _is_welcome() and len(response.get_data()) >= SMALLEST:
        response.set_data(gzip.compress(response.get_data(), 6 if kind == PAGE else 1, mtime=0))
        _mark(response)
    return response


def _is_welcome() -> bool:
    return request.accept_encodings["gzip"] > 0 and "Range" not in request.headers


def _mark(response: Response) -> None:
    """Say that the body is compressed; its ETag then stands for the same thing, not the same bytes."""
    response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    etag, _ = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)
