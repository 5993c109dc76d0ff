"""The summary of what is wrong with a form: one line for each field, with a link to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from app.errors import Fault


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence for a field, and the id of the element that it is about."""

    field: str
    target: str
    text: str


def messages(faults: Iterable[Fault], targets: dict[str, str]) -> list[Message]:
    """Return a message for each fault; those of single members of a list become one message with their number.

    `targets` maps a field to the id of its element; a field that is not in it is its own id.
    """
    fields: Counter[tuple[str, str]] = Counter()
    members: Counter[tuple[str, str]] = Counter()
    for fault in faults:
        name = fault.field.partition("[")[0]
        (members if fault.field.endswith("]") else fields)[name, fault.issue] += 1
    found = [Message(name, targets.get(name, name), issue) for name, issue in fields]
    for (name, issue), count in members.items():
        what = "1 was" if count == 1 else f"{count:,} were"
        found.append(Message(name, targets.get(name, name), f"{issue} {what} taken out of the selection."))
    order = list(targets)
    return sorted(found, key=lambda message: order.index(message.field) if message.field in order else len(order))
