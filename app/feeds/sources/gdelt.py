"""Events of GDELT 2.0: every 15 minutes a zip archive, named in `lastupdate.txt` with its size and MD5.

Only the newest archive is asked for; those of a time when the feed was off are not made up for.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from io import BytesIO

from app.errors import Unreadable
from app.feeds.fetch import Request
from app.feeds.gdelt import ATTRIBUTION
from app.feeds.sources.source import Ask, Documents, Plan, Source

_LAST = "http://data.gdeltproject.org/gdeltv2/lastupdate.txt"
_EXPORT = re.compile(r"(\d+) ([0-9a-f]{32}) (https?://data\.gdeltproject\.org/\S+\.export\.CSV\.zip)", re.IGNORECASE)
UNPACKED_MAX = 32 * 1024 * 1024


def plan(ask: Ask) -> Plan:
    """Ask which archive is the newest, and for it unless it is the one that came before."""
    listed = yield Request(url=_LAST, max_bytes=10_000)
    found = _EXPORT.search(listed.content.decode("utf-8", "replace"))
    if not found:
        raise Unreadable("GDELT’s list of its latest files names no archive of events.")
    digest = found[2].lower()
    if ask.cursor.get("md5") == digest:
        return None
    answer = yield Request(url=found[3])
    if hashlib.md5(answer.content, usedforsecurity=False).hexdigest() != digest:
        raise Unreadable("GDELT’s archive is not the one that its list announces, or is cut off.")
    return Documents(
        content=unpacked(answer.content),
        format="gdelt",
        cursor={"md5": digest},
        etag=listed.etag,
        last_modified=listed.last_modified,
    )


def unpacked(data: bytes) -> bytes:
    """Return the one table in an archive. Raises Unreadable for anything else, and for more than UNPACKED_MAX bytes."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            inside = [entry for entry in archive.infolist() if entry.filename.casefold().endswith(".csv")]
            if len(inside) != 1:
                raise Unreadable("GDELT’s archive does not hold exactly one table.")
            with archive.open(inside[0]) as table:
                content = table.read(UNPACKED_MAX + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError, NotImplementedError):
        raise Unreadable("GDELT’s archive can’t be unpacked: it is damaged.") from None
    if len(content) > UNPACKED_MAX:
        raise Unreadable(f"The table in GDELT’s archive has more than {UNPACKED_MAX // 1024**2} MB, the most that can be read.")
    return content


SOURCE = Source(
    name="gdelt",
    label="GDELT 2.0 events",
    brings="Protests and material conflict that machines find in the news of the world, every 15 minutes; with many errors.",
    licence=ATTRIBUTION,
    terms="https://www.gdeltproject.org/about.html#termsofuse",
    interval_s=600,  # At just the pace of the archives one would be missed now and then.
    interval_min_s=300,
    plan=plan,
)
