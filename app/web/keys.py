"""API keys: what there is, making one, which is shown once, rotating and revoking it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue

from app.db import now
from app.errors import Conflict, CordonError, Fault, Faults, Invalid
from app.models import ApiKey
from app.service import keys
from app.terms import Permission
from app.web.access import actor, pages
from app.web.acting import Done, carry_out, perform
from app.web.reading import Pairs, first, form_pairs, printable
from app.web.summary import messages

DAYS_MAX = 3650
DAYS_OFFERED = "365"
ENDED_SHOWN = 50
LIVE_SHOWN = 1000
OVERLAPS = ((0, "at once"), (1, "after 1 hour"), (24, "after 1 day"), (168, "after 7 days"), (720, "after 30 days"))
SCOPES = {
    Permission.THREATS_READ: "Read threats, and select among them.",
    Permission.THREATS_WRITE: "Put threats in, and change them.",
    Permission.INCIDENTS_READ: "Read incidents and their timelines.",
    Permission.INCIDENTS_WRITE: "Make, change and group incidents.",
    Permission.ADMIN: "Make, rotate and revoke API keys, with any scope.",
}

blueprint = pages("keys")


@blueprint.get("/keys")
def index() -> ResponseReturnValue:
    """Show all keys and the form for a new one."""
    return _page([("days", DAYS_OFFERED)])


@blueprint.post("/keys")
def create() -> ResponseReturnValue:
    """Make a key and show it."""
    pairs = form_pairs()

    def work() -> tuple[ApiKey, str]:
        faults = Faults()
        days = _days(first(pairs, "days") or "", faults)
        expires_at = None if days is None else now() + timedelta(days=days)
        scopes = [value for name, value in pairs if name == "scope"]
        return keys.create(actor(), first(pairs, "name") or "", scopes, expires_at, _lines(pairs), faults)

    return _show_once(pairs, work)


@blueprint.post("/keys/<uuid:key_id>/rotate")
def rotate(key_id: UUID) -> ResponseReturnValue:
    """Make a key in the place of another, and show it."""
    pairs = form_pairs()
    hours = first(pairs, "overlap") or ""
    return _show_once(pairs, lambda: keys.rotate(actor(), key_id, int(hours) if hours in map(str, dict(OVERLAPS)) else -1))


@blueprint.get("/keys/<uuid:key_id>/revoke")
def confirm(key_id: UUID) -> ResponseReturnValue:
    """Ask whether a key is to be revoked."""
    return render_template("keys/revoke.html", key=keys.find(actor(), str(key_id)))


@blueprint.post("/keys/<uuid:key_id>/revoke")
def revoke(key_id: UUID) -> ResponseReturnValue:
    """Revoke a key."""

    def work() -> Done:
        return Done(f"“{keys.revoke(actor(), key_id).name}” is revoked. Nothing can use it any more.", "/keys")

    return perform(form_pairs(), work)


def _show_once(pairs: Pairs, work: Callable[[], tuple[ApiKey, str]]) -> ResponseReturnValue:
    """Make a key and show it on the answer itself: it is kept nowhere, so the form sent again finds the key's name alone."""
    made: list[tuple[ApiKey, str]] = []

    def once() -> Done:
        made.append(work())
        name = made[0][0].name
        return Done(
            f"The key “{name}” was made when this form was sent before. It was shown then; if it is lost, rotate it.", "/keys"
        )

    try:
        came = carry_out(pairs, once)
    except (Invalid, Conflict) as error:
        return _page(pairs, error), 422 if isinstance(error, Invalid) else 409
    if not made:
        flash(came)  # type: ignore[arg-type]  # the session keeps any JSON
        return redirect("/keys", 303)
    row, key = made[0]
    return render_template("keys/made.html", row=row, key=key)


def _days(written: str, faults: Faults) -> int | None:
    """Return after how many days the key expires; None for never."""
    text = written.strip()
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= DAYS_MAX:
        return int(text)
    faults.add("days", "field_invalid", f"Give a whole number of days from 1 to {DAYS_MAX:,}, or nothing.")
    return None


def _lines(pairs: Pairs) -> list[str]:
    """Return the networks, of which the form has one on each line."""
    return [line for line in (first(pairs, "networks") or "").replace(",", "\n").splitlines() if line.strip()]


def _page(pairs: Pairs, error: CordonError | None = None) -> str:
    """Return the page, with the form as it was sent and what is wrong with it."""
    who, faults = actor(), []
    if error:
        faults = list(error.faults) if isinstance(error, Invalid) else [Fault("", "state_conflict", str(error))]
    # Of several lines or scopes that are wrong, each says so in its own words, at the one field that holds them.
    said = [Fault(fault.field.partition("[")[0], fault.code, fault.issue) for fault in faults]
    targets = {"": "keys", "name": "name", "scopes": "scope-0", "days": "days", "networks": "networks", "overlap_hours": "keys"}
    return render_template(
        "keys/index.html",
        live=keys.listed(who, limit=LIVE_SHOWN, ended=False),
        ended=keys.listed(who, limit=ENDED_SHOWN, ended=True),
        state_of=lambda row: keys.state(row, now()),
        values={name: printable(value) for name, value in reversed(pairs)},
        chosen={value for name, value in pairs if name == "scope"},
        errors=messages(said, targets),
        scopes=SCOPES,
        overlaps=OVERLAPS,
        pattern=keys.PATTERN,
        days_max=DAYS_MAX,
    )
