"""Files on their way in: kept as a draft, shown as they would be read, then read in batches.

An import goes from draft to running to done, or to failed if its file can't be read. Every batch is kept as soon as it
is read, and putting threats in is idempotent; so an import that was cut off is started from the beginning again.
"""

from app.service.imports.draft import FILE_MAX, Preview, draft, look, preview
from app.service.imports.file import left_out
from app.service.imports.read import get, is_cut_off, problems, recent
from app.service.imports.work import start, work

__all__ = [
    "FILE_MAX",
    "Preview",
    "draft",
    "get",
    "is_cut_off",
    "left_out",
    "look",
    "preview",
    "problems",
    "recent",
    "start",
    "work",
]
