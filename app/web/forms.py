"""The forms of the pages. They hold what was typed and no rules: those are the service's, the same at every edge."""

from __future__ import annotations

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import StringField, TextAreaField
from wtforms.validators import Optional

from app.models.incident import DESCRIPTION_MAX, TITLE_MAX
from app.terms import Scope


class IncidentForm(FlaskForm):  # type: ignore[misc]  # WTForms is untyped
    """The desk's form: a new incident without its threats, which are checkboxes of the list; and the name of a saved view."""

    title = StringField("Title", description="What is going on, and where.", render_kw={"maxlength": TITLE_MAX})
    description = TextAreaField(
        "Description", description="What is known, what is not, what is being done.", render_kw={"maxlength": DESCRIPTION_MAX}
    )
    scope = StringField("Scope", default=Scope.AGGREGATE.value)
    view_name = StringField("Save what is shown as")


class EditForm(FlaskForm):  # type: ignore[misc]  # WTForms is untyped
    """The facts of an incident that people write."""

    title = StringField("Title")
    description = TextAreaField("Description")
    scope = StringField("Scope")
    started_at = StringField("Began (UTC)", description="Left empty, it is when the earliest threat was observed.")


class CommentForm(FlaskForm):  # type: ignore[misc]  # WTForms is untyped
    """Something to be said in the timeline."""

    body = TextAreaField("Comment")


class GroupingForm(FlaskForm):  # type: ignore[misc]  # WTForms is untyped
    """Where threats of an incident go: to another one, or to a new one."""

    to_incident_id = StringField("Move to")
    new_title = StringField("Title of the new incident")


class MergeForm(FlaskForm):  # type: ignore[misc]  # WTForms is untyped
    """Why other incidents belong to this one."""

    reason = StringField("Reason", description="Why they are one. It stays in the timeline.")


class ThreatForm(FlaskForm):  # type: ignore[misc]  # WTForms is untyped
    """What a person says of a threat."""

    status = StringField("Status")
    dismissal_reason = StringField("Reason for dismissal", description="Why it is no threat. It stays with it.")


class UploadForm(FlaskForm):  # type: ignore[misc]  # WTForms is untyped
    """A file of threats."""

    file = FileField("File", validators=[Optional()])
