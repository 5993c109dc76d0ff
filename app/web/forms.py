"""The forms of the pages. They hold what was typed and no rules: those are the service's, the same at every edge."""

from __future__ import annotations

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import StringField, TextAreaField
from wtforms.validators import Optional

from app.models.incident import DESCRIPTION_MAX, TITLE_MAX
from app.terms import Scope


class IncidentForm(FlaskForm):  # type: ignore[misc]  # WTForms is untyped
    """A new incident, without its threats: those are checkboxes of the list."""

    title = StringField("Title", description="What is going on, and where.", render_kw={"maxlength": TITLE_MAX})
    description = TextAreaField(
        "Description", description="What is known, what is not, what is being done.", render_kw={"maxlength": DESCRIPTION_MAX}
    )
    scope = StringField("Scope", default=Scope.AGGREGATE.value)


class UploadForm(FlaskForm):  # type: ignore[misc]  # WTForms is untyped
    """A file of threats."""

    file = FileField("File", validators=[Optional()])
