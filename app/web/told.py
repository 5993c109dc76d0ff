"""The timeline in words: one sentence for each entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from flask import Flask
from markupsafe import Markup

from app.service.incidents.history import Entry
from app.service.threats.versions import differences
from app.web.text import counted, moment_words, term

KIND_WORDS = {
    "incident_created": "Created",
    "incident_updated": "Edits",
    "status_changed": "Status",
    "threat_linked": "Linked",
    "threat_unlinked": "Taken out",
    "threat_version": "Threat updates",
    "merged": "Merges",
    "split": "Splits",
    "moved": "Moves",
    "comment_added": "Comments",
    "undone": "Undone",
    "restored": "Restored",
    "deleted": "Deleted",
}
STATUS_WORDS = {"open": "reopened the incident", "closed": "closed the incident", "resolved": "resolved the incident"}
UNDONE_WORDS = {
    "incident_created": "the creation",
    "threat_linked": "linking",
    "threat_unlinked": "taking out",
    "moved": "a move",
    "split": "a split",
    "merged": "a merge",
    "status_changed": "a change of status",
    "incident_updated": "an edit",
    "deleted": "the deletion",
    "restored": "the restoration",
    "undone": "an undo",
}
LABELS = {"title": "Title", "description": "Description", "scope": "Scope", "started_at": "Began"}


def init_app(app: Flask) -> None:
    """Make the words known to the templates."""
    app.jinja_env.filters.update(told=told, told_changes=told_changes)
    app.jinja_env.globals.update(KIND_WORDS=KIND_WORDS)


def told(entry: Entry) -> Markup:
    """Return what was done, to follow the name of who did it."""
    say = SENTENCES.get(entry.kind)
    return say(entry) if say else Markup("{}").format(entry.kind.replace("_", " "))


def told_changes(entry: Entry) -> list[tuple[str, str, str]]:
    """Return the label of each changed field, with its value before and after in words."""
    if entry.version:
        return [(one.label, one.before, one.after) for one in differences(entry.version.changes)]
    kept = [(name, *entry.changes[name]) for name in LABELS if name in entry.changes]
    return [(LABELS[name], _words(name, before), _words(name, after)) for name, before, after in kept]


def _words(name: str, value: str | None) -> str:
    if not value:
        return "nothing"
    if name == "started_at":
        return moment_words(datetime.fromisoformat(value))
    return term(value) if name == "scope" else value


def _incidents(entry: Entry) -> Markup:
    return _links("/incidents/", entry.others)


def _links(prefix: str, things: Iterable[tuple[UUID, str]]) -> Markup:
    return Markup(", ").join(Markup('<a href="{}{}">{}</a>').format(prefix, thing_id, title) for thing_id, title in things)


def _created(entry: Entry) -> Markup:
    return Markup("created the incident with {}").format(counted(entry.linked.count, "threat"))


def _status(entry: Entry) -> Markup:
    after = entry.changes.get("status", [None, "open"])[1]
    return Markup("{}").format(STATUS_WORDS[after])


def _linked(entry: Entry) -> Markup:
    return Markup("linked {}").format(counted(entry.linked.count, "threat"))


def _unlinked(entry: Entry) -> Markup:
    return Markup("took {} out").format(counted(entry.unlinked.count, "threat"))


def _moved(entry: Entry) -> Markup:
    if entry.unlinked.count:
        return Markup("moved {} to {}").format(counted(entry.unlinked.count, "threat"), _incidents(entry))
    return Markup("moved {} here from {}").format(_came(entry), _incidents(entry))


def _split(entry: Entry) -> Markup:
    if entry.unlinked.count:
        return Markup("split {} into {}").format(counted(entry.unlinked.count, "threat"), _incidents(entry))
    return Markup("made this of {} split from {}").format(_came(entry), _incidents(entry))


def _came(entry: Entry) -> str:
    """Return how many came in; threats that were here already are not linked again, so it may say fewer than were sent."""
    return counted(entry.linked.count, "threat")


def _merged(entry: Entry) -> Markup:
    into = [other for other in entry.others if other[0] == entry.act.incident_id]
    if into:
        return Markup("merged this into {}").format(_links("/incidents/", into))
    return Markup("merged {} into this, which brought {}").format(_incidents(entry), _came(entry))


def _undone(entry: Entry) -> Markup:
    what = UNDONE_WORDS.get(entry.act.data.get("undone_kind", ""), "an act")
    return Markup('undid <a href="?act={0}#act-{0}">{1}</a>').format(entry.act.undoes_id, what)


def _version(entry: Entry) -> Markup:
    done = "brought in" if entry.version and entry.version.number == 1 else "updated"
    return Markup("{} {}").format(done, _links("/threats/", [entry.threat] if entry.threat else []))


SENTENCES: dict[str, Callable[[Entry], Markup]] = {
    "incident_created": _created,
    "incident_updated": lambda _entry: Markup("edited the incident"),
    "status_changed": _status,
    "threat_linked": _linked,
    "threat_unlinked": _unlinked,
    "threat_version": _version,
    "merged": _merged,
    "split": _split,
    "moved": _moved,
    "comment_added": lambda _entry: Markup("commented"),
    "undone": _undone,
    "restored": lambda _entry: Markup("restored the incident"),
    "deleted": lambda _entry: Markup("deleted the incident"),
}
