"""The words of a form that can't be carried out: they are given back to be copied, where the form itself can't be shown again."""

from __future__ import annotations

from app.web.clash import LABELS, MINE, WAS
from app.web.reading import Pairs, first, printable

WORDS = {
    **LABELS,
    "body": "Comment",
    "new_title": "Title of the new incident",
    "reason": "Reason",
}
CHOSEN = {"scope", "started_at", "status"}
"""Fields that are chosen rather than written."""


def words_of(pairs: Pairs) -> list[tuple[str, str]]:
    """Return what a person wrote into the form, with labels: without fields that are empty or as the form was made."""
    found: dict[str, str] = {}
    for name, label in WORDS.items():
        if name in CHOSEN:
            continue
        was = printable(first(pairs, WAS + name)).strip()
        for field in (name, MINE + name):
            text = printable(first(pairs, field))
            if text.strip() and text.strip() != was and text not in found:
                found[text] = label
    return [(label, text) for text, label in found.items()]
