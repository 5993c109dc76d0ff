"""KML out of a KMZ archive, which may be made to do harm."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO

from app.errors import Unreadable

UNPACKED_MAX = 32 * 1024 * 1024
"""Bytes of KML in an archive, as many as a file may have that is not packed."""
ENTRIES_MAX = 10_000
_CHUNK = 1024 * 1024
_END = b"PK\x05\x06"


def unpacked(data: bytes) -> bytes:
    """Return the KML of an archive: `doc.kml`, else the first file so named that lies nearest to the top.

    Nothing is written anywhere, and archives in the archive stay closed. Raises Unreadable for what is no zip archive, is
    encrypted, holds no KML, more than ENTRIES_MAX files, or a KML of more than UNPACKED_MAX bytes.
    """
    end = data.rfind(_END)
    if end >= 0 and len(data) >= end + 12 and struct.unpack_from("<H", data, end + 10)[0] > ENTRIES_MAX:
        raise Unreadable(f"The KMZ archive holds more than {ENTRIES_MAX:,} files.")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            inside = [entry for entry in archive.infolist() if entry.filename.casefold().endswith(".kml")]
            if not inside:
                raise Unreadable("The KMZ archive holds no KML.")
            best = min(inside, key=lambda entry: (entry.filename.casefold() != "doc.kml", entry.filename.count("/")))
            if best.file_size > UNPACKED_MAX:
                raise Unreadable(f"The KML in the archive has more than {UNPACKED_MAX // 1024**2} MB, the most that can be read.")
            if best.compress_type not in {
                zipfile.ZIP_STORED,
                zipfile.ZIP_DEFLATED,
            }:  # All that KMZ may use; others know no measure.
                raise NotImplementedError
            with archive.open(best) as packed:  # Little by little, since an entry may be larger than it says.
                whole = BytesIO()
                while part := packed.read(_CHUNK):
                    whole.write(part)
            return whole.getvalue()
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, OSError, ValueError, NotImplementedError):
        raise Unreadable("The KMZ archive can't be unpacked: it is damaged, encrypted or packed in an unusual way.") from None
