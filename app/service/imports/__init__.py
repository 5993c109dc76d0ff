"""Files on their way in: kept as a draft, shown as they would be read, then read in batches.

An import goes from draft to running to done, or to failed if its file can't be read; one that is done may be undone. Every
batch is kept as soon as it is read, together with how far the run got; so an import that was cut off goes on there.
"""

from app.service.imports.draft import FILE_MAX, Preview, draft, look, preview
from app.service.imports.file import left_out
from app.service.imports.problem_file import problem_file
from app.service.imports.progress import Progress, progress, retry
from app.service.imports.read import get, problems, recent
from app.service.imports.undo import undo, work_undo
from app.service.imports.work import finish, read_in, start, work

__all__ = [
    "FILE_MAX",
    "Preview",
    "Progress",
    "draft",
    "finish",
    "get",
    "left_out",
    "look",
    "preview",
    "problem_file",
    "problems",
    "progress",
    "read_in",
    "recent",
    "retry",
    "start",
    "undo",
    "work",
    "work_undo",
]
