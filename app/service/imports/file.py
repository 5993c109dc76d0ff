"""What drafting and working share: the file's format, the choice of columns and source, and its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.errors import Faults
from app.feeds.formats import FORMATS, Format
from app.feeds.record import Item
from app.models import ImportRun
from app.models.threat import SHORT_TEXT_MAX
from app.service import rules


def choice(run: ImportRun, columns: Mapping[str, str] | None, source: str) -> tuple[dict[str, str], str]:
    """Return columns and source as chosen now or before. Raises Invalid where the format leaves no choice."""
    faults = Faults()
    chosen = dict(run.columns if columns is None else columns)
    name = rules.text(source, "source", faults, maximum=SHORT_TEXT_MAX) or run.source
    if not FORMATS[run.format].takes_columns:
        if chosen:
            faults.add("columns", "field_invalid", "The columns of this format are known; there is none to choose.")
        if name != run.source:
            faults.add("source", "field_invalid", f"Files of this format are always of the source {run.source}.")
    faults.raise_if_any()
    return chosen, name


def items(kind: Format, content: bytes, columns: Mapping[str, str], source: str) -> Iterator[Item]:
    """Return what the file holds. Raises Unreadable at once, before the first row."""
    return kind.parse(content, columns, source) if kind.takes_columns else kind.parse(content)


def fit(text: str) -> str:
    """Replace what no database can keep."""
    return rules.UNFIT.sub("\ufffd", text)


def left_out(reasons: Mapping[str, int]) -> str:
    """Say in a sentence, with a space before it, which rows are no threats of their own; nothing when there are none."""
    told = ", ".join(f"{reason} ({count:,})" for reason, count in sorted(reasons.items()) if count)
    return f" Left out: {told}." if told else ""
