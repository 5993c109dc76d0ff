"""The words that a search looked for, marked in the texts that it found."""

from __future__ import annotations

from flask import Flask
from markupsafe import Markup, escape

from app.service.threats.wording import asked, places


def init_app(app: Flask) -> None:
    """Make the filters known to the templates."""
    app.jinja_env.filters.update(marked=marked, has_words=lambda query: bool(asked(query)))


def marked(text: str, query: str) -> Markup:
    """Return a text, escaped, with the words that begin with one of the query's as `mark` elements."""
    pieces, end = [], 0
    for start, stop in places(text, asked(query)):
        pieces += [escape(text[end:start]), Markup("<mark>{}</mark>").format(text[start:stop])]
        end = stop
    return Markup("").join([*pieces, escape(text[end:])])
