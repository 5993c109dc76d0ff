"""From bytes to text."""

from __future__ import annotations

from app.errors import Unreadable

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decode(data: bytes, *, legacy: bool) -> tuple[str, str]:
    """Return the text of a file and the name of its encoding.

    That is UTF-8 or UTF-16, with a byte order mark or without. With `legacy`, what is neither is read as Windows-1252
    ("cp1252"). Raises Unreadable for other bytes, for an empty file and for text that holds a NUL character.
    """
    if not data.strip():
        raise Unreadable("The file is empty.")
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None) or _without_mark(data)
    try:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            if encoding != "utf-8" or not legacy:
                raise
            encoding = "cp1252"
            text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(f"This is not a text file: byte {error.start + 1:,} is not valid {encoding}.") from None
    if "\0" in text:
        raise Unreadable(f"This is not a text file: character {text.index(chr(0)) + 1:,} is NUL.")
    if not text.strip():
        raise Unreadable("The file is empty.")
    return text, encoding


def _without_mark(data: bytes) -> str:
    """Tell UTF-16 from UTF-8 by the zero bytes that plain letters have in it."""
    sample = data[:400]
    half = len(sample) // 2
    if half and sample[1::2].count(0) > 0.4 * half and not sample[::2].count(0):
        return "utf-16-le"
    if half and sample[::2].count(0) > 0.4 * half and not sample[1::2].count(0):
        return "utf-16-be"
    return "utf-8"
