"""What an HTTP answer holds, unpacked no further than it may be."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO

from urllib3 import BaseHTTPResponse

from app.feeds.webaddress import FetchError

_CHUNK = 65536
_GZIP, _ZLIB, _RAW = 31, 15, -15
"""How zlib is told the three ways in which "gzip" and "deflate" are written."""


def content(response: BaseHTTPResponse, shown: str, max_bytes: int) -> bytes:
    """Return the body, unpacked if it is gzip or deflate.

    Raises FetchError, which speaks of the address as `shown`, as soon as more than `max_bytes` have come or been unpacked, for
    what was packed in another way or twice, and for what is cut off; urllib3's and zlib's errors for what is broken.
    """
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if packing not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise FetchError(f"{shown} packs its answer in a way that was not asked for.")
    said = response.headers.get("Content-Length", "")
    if said.isascii() and said.isdigit() and (len(said) > 18 or int(said) > max_bytes):
        raise _too_large(shown, max_bytes)
    chunks = iter(lambda: response.read(_CHUNK, decode_content=False), b"")
    whole = BytesIO()
    for part in chunks if packing in {"", "identity"} else _unpacked(chunks, shown, max_bytes, is_gzip="gzip" in packing):
        whole.write(part)
        if whole.tell() > max_bytes:
            raise _too_large(shown, max_bytes)
    return whole.getvalue()


def _unpacked(chunks: Iterator[bytes], shown: str, max_bytes: int, *, is_gzip: bool) -> Iterator[bytes]:
    """Yield what chunks hold, little by little however small they were packed."""
    came, unpack = 0, zlib.decompressobj(_GZIP)
    for chunk in chunks:
        if not came and not is_gzip:
            is_zlib = chunk[0] & 15 == 8 and int.from_bytes(chunk[:2], "big") % 31 == 0
            unpack = zlib.decompressobj(_ZLIB if is_zlib else _RAW)
        came += len(chunk)
        if came > max_bytes:
            raise _too_large(shown, max_bytes)
        left = chunk
        while part := unpack.decompress(left, _CHUNK):
            yield part
            left = unpack.unconsumed_tail
        if unpack.unused_data:
            break
    if came and (not unpack.eof or unpack.unused_data):
        raise FetchError(f"{shown} sent an answer that is not packed as it should be, or is cut off.")


def _too_large(shown: str, max_bytes: int) -> FetchError:
    size = f"{max_bytes // 1024**2:,} MB" if max_bytes >= 1024**2 else f"{max_bytes:,} bytes"
    return FetchError(f"{shown} sends more than {size}, the most that can be read.", status=200)


def retry_after(word: str) -> float | None:
    """Return for how many seconds a Retry-After header asks to wait, written as a number or a date; None if it is neither."""
    clean = word.strip()
    if clean.isascii() and clean.isdigit():
        return float(clean[:10])
    try:
        until = parsedate_to_datetime(clean)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, ((until if until.tzinfo else until.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
