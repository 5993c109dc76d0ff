"""Two people at one form: what each wrote of every field, so that the second loses nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.web.reading import Pairs, first, printable

LABELS = {
    "title": "Title",
    "description": "Description",
    "scope": "Scope",
    "started_at": "Began (UTC)",
    "status": "Status",
    "dismissal_reason": "Reason for dismissal",
}
WAS = "was_"
"""Before a field's name: what it said when the form was made."""
MINE = "mine_"
"""Before a field's name: what the second editor wrote, while they choose."""

Texts = dict[str, str]
"""The fields of a form by name, in the order of LABELS, each as the form shows it."""


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that someone else changed meanwhile. `mine` is None where the second editor had not touched it."""

    name: str
    label: str
    mine: str | None
    theirs: str


@dataclass(slots=True)
class Draft:
    """A form to be shown: the version that it is about, what its fields said then, and where two people clash.

    `values` are the fields that say something else than what was sent.
    """

    version: str
    was: Texts
    values: Texts = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)


def written(pairs: Pairs, name: str) -> str | None:
    """Return what a field of the form says, fit to be compared and shown."""
    text = first(pairs, name)
    return None if text is None else printable(text).strip()


def changed(pairs: Pairs, name: str) -> bool:
    """Return whether a field of the form says something else than when the form was made."""
    return (text := written(pairs, name)) is not None and text != written(pairs, WAS + name)


def clashes(pairs: Pairs, now: Texts) -> list[Clash]:
    """Return the fields that the form and someone else say differently, without those that only the form changed."""
    found = []
    for name, theirs in now.items():
        mine, was = written(pairs, name), written(pairs, WAS + name)
        if mine in (None, theirs) or was == theirs:
            continue
        found.append(Clash(name, LABELS[name], None if mine == was else mine, theirs))
    return found


def too_late(pairs: Pairs, now: Texts, version: str) -> Draft:
    """Return the form that came too late: about the present version, with what both wrote, and one's own in the fields."""
    kept = {clash.name: clash for clash in _choosing(pairs, now) if clash.mine != clash.theirs}
    met = {clash.name: clash for clash in clashes(pairs, now)} | kept
    values = {name: theirs for name, theirs in now.items() if not changed(pairs, name)}
    return Draft(version, now, values, [met[name] for name in now if name in met])


def shown_again(pairs: Pairs, now: Texts, version: str) -> Draft:
    """Return the form as it was sent, still about the version that it was made from, where one is choosing still.

    If a button was pressed that chooses, the field says what was chosen: `keep` is "field mine" or "field theirs".
    """
    was = {name: theirs if (text := written(pairs, WAS + name)) is None else text for name, theirs in now.items()}
    draft = Draft(first(pairs, "version") or version, was, clashes=_choosing(pairs, now))
    name, _, whose = (first(pairs, "keep") or "").partition(" ")
    if name in now:
        draft.values[name] = now[name] if whose == "theirs" else written(pairs, MINE + name) or ""
    return draft


def _choosing(pairs: Pairs, now: Texts) -> list[Clash]:
    """Return the clashes of a form in which the second editor is choosing already."""
    texts = ((name, written(pairs, MINE + name)) for name in now)
    return [Clash(name, LABELS[name], mine, now[name]) for name, mine in texts if mine is not None]
