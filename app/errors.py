"""What can go wrong, in the subject's own terms. No HTTP, nothing of ours imported.

An edge turns each of these into its own form: a status and a JSON body, a page with messages beside the fields, or a line
on the command line and an exit code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


class CordonError(Exception):
    """Anything that Cordon itself can say went wrong. `str()` of it is fit to be shown to a person."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one field of an input.

    `field` is a path as JavaScript would write it: `title`, `threat_ids[3]`, `threats[0].coordinates.lat`; empty for the
    input as a whole. `code` is one of the machine-readable codes of the API; `issue` is a sentence for a person.
    """

    field: str
    code: str
    issue: str


class Faults:
    """Collects the faults of one input, so that all of them are reported at once.

    An edge adds what is wrong with the shape (text where a number belongs), hands the collector to the service, and the
    service adds what is wrong with the values. Only the first fault of a field is kept: a title that is not text need not
    also be called empty.
    """

    def __init__(self) -> None:
        self._by_field: dict[str, Fault] = {}
        self._holders: set[str] = set()

    def add(self, field: str, code: str, issue: str) -> None:
        """Remember a fault unless the field, or one that contains it, has one already."""
        if not self.has(field):
            self._by_field[field] = Fault(field, code, issue)
            self._holders.update(_holders(field))

    def has(self, field: str) -> bool:
        """Say whether this field, or one that contains it, is at fault already."""
        return field in self._by_field or any(holder in self._by_field for holder in _holders(field))

    def within(self, field: str) -> bool:
        """Say whether the field, or anything in it, is at fault already."""
        return field in self._by_field or field in self._holders

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._by_field.values())

    def __len__(self) -> int:
        return len(self._by_field)

    def raise_if_any(self) -> None:
        """Raise `Invalid` with all faults found so far, if there are any."""
        if self._by_field:
            raise Invalid(list(self))


def _holders(field: str) -> list[str]:
    """Return the fields that contain a field, the outermost first."""
    return [field[:i] for i, char in enumerate(field) if char in ".[" and i]


class Invalid(CordonError):
    """An input breaks one or more rules; nothing was written."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        count = len(faults)
        super().__init__(f"{count} field{'s need' if count != 1 else ' needs'} attention.")


class NotFound(CordonError):
    """There is no such thing, or it belongs to someone else: the two are never told apart."""

    def __init__(self, what: str = "resource") -> None:
        super().__init__(f"There is no such {what}.")


class Denied(CordonError):
    """The actor is known and lacks the permission."""

    def __init__(self, permission: str) -> None:
        self.permission = permission
        super().__init__(f"This needs the permission {permission}.")


class Conflict(CordonError):
    """The act does not fit the state that the thing is in."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class VersionMismatch(CordonError):
    """Someone changed the thing since the caller saw it; `current` is its version now."""

    def __init__(self, current: int) -> None:
        self.current = current
        super().__init__("This was changed by someone else since you saw it.")


class Unreadable(CordonError):
    """A file or a body can't be read at all; the message says where and why."""


class RateLimited(CordonError):
    """The client asks too often; in `wait_s` seconds it may again."""

    def __init__(self, message: str, wait_s: int) -> None:
        self.wait_s = wait_s
        super().__init__(message)


class Unavailable(CordonError):
    """The database can't serve just now: missing, locked, read-only, full, or at another schema version."""


class Warming(Unavailable):
    """The threats are being read into memory; `done` of `of` are there. Ask again in a moment."""

    def __init__(self, done: int, of: int) -> None:
        self.done = done
        self.of = of
        super().__init__(f"Counting: {done:,} of {of:,} threats so far.")
