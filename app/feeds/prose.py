"""Words for people, made to fit: cut to length, without markup, and addresses that may be followed."""

from __future__ import annotations

import re
from html import unescape

TITLE_MAX, TEXT_MAX, SHORT_MAX, URL_MAX = 500, 20_000, 200, 2_000
"""What the service keeps of a title or place, a text, a term and an address, in characters."""

# What has no end reaches to the end of the text, or else each of many beginnings would look for its own all the way.
_TAG = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|</?[A-Za-z][^<>]*>", re.DOTALL | re.IGNORECASE)
_BREAK = re.compile(r"<(br|/p|/div|/li|/tr|/h\d)\b[^<>]*>", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202d\u202e\ud800-\udfff]")


def shortened(words: str, maximum: int) -> str | None:
    """Return trimmed words of at most so many characters, an ellipsis for the rest; None for none.

    Characters that a source should not have sent, such as control characters, become U+FFFD.
    """
    clean = _UNFIT.sub("\ufffd", words).replace("\r\n", "\n").replace("\r", "\n").strip()
    return (clean if len(clean) <= maximum else clean[: maximum - 1].rstrip() + "…") or None


def title(words: str) -> str | None:
    """Return words as a title or the name of a place: on one line, and not too long."""
    return shortened(" ".join(words.split()), TITLE_MAX)


def term(words: str) -> str | None:
    """Return words as a short term: on one line, and not too long."""
    return shortened(" ".join(words.split()), SHORT_MAX)


def text(words: str) -> str | None:
    """Return a text that is not too long."""
    return shortened(words, TEXT_MAX)


def plain(markup: str) -> str:
    """Return HTML as plain text: tags are gone, ends of paragraphs are new lines, character references are read."""
    words = unescape(_TAG.sub("", _BREAK.sub("\n", markup)))
    lines = [" ".join(line.split()) for line in words.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def web(word: str | None) -> str | None:
    """Return an http or https address; None for anything else that stands where an address should."""
    clean = (word or "").strip()
    return clean if len(clean) <= URL_MAX and _WEB.fullmatch(clean) and not _UNFIT.search(clean) else None
