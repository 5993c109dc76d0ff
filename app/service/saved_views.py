"""States of the desk that people saved under a name: their own, and those that others share."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import db, now, transaction
from app.errors import Conflict, Faults, NotFound
from app.models import DeskVisit, Person, SavedView
from app.models.desk import VIEW_NAME_MAX, VIEW_PLACE_MAX, VIEW_QUERY_MAX
from app.service import rules
from app.service.actor import Actor, guarded, owned, require
from app.terms import Permission

VIEWS_MAX = 100
"""So many views a person may have."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A view as a person sees it: with its owner's name, whether they may change it, and whether the desk opens with it."""

    view: SavedView
    owner: str
    may_change: bool
    is_default: bool


@guarded(Permission.THREATS_READ)
def visible(actor: Actor) -> list[Listed]:
    """Return the person's own views and those shared in the tenant, by name."""
    default = sa.select(DeskVisit.default_view_id).where(owned(actor, DeskVisit), DeskVisit.person_id == actor.id)
    rows = db.session.execute(
        sa.select(SavedView, Person.name, sa.func.coalesce(SavedView.id == default.scalar_subquery(), sa.false()))
        .join(Person, Person.id == SavedView.owner_id)
        .where(owned(actor, SavedView), _is_seen(actor))
    )
    found = [Listed(view, owner, _may_change(actor, view), bool(is_default)) for view, owner, is_default in rows]
    return sorted(found, key=lambda listed: (listed.view.name.casefold(), listed.view.id))


@guarded(Permission.THREATS_READ)
def save(actor: Actor, name: str | None, query: str, place: str, *, shared: bool, faults: Faults) -> SavedView:
    """Save a state of the desk. Raises Invalid, Denied for sharing by someone who may only look, and Conflict past VIEWS_MAX."""
    if shared:
        require(actor, Permission.INCIDENTS_WRITE)
    with transaction() as session:
        clean = _named(actor, session, name, faults)
        _check(query, place, faults)
        faults.raise_if_any()
        count = session.scalar(sa.select(sa.func.count()).where(owned(actor, SavedView), SavedView.owner_id == actor.id)) or 0
        if count >= VIEWS_MAX:
            raise Conflict("state_conflict", f"You have {count:,} saved views, and there is no room for more. Delete one first.")
        view = SavedView(tenant_id=actor.tenant_id, owner_id=actor.id, name=clean, query=query, place=place, shared=shared)
        session.add(view)
    return view


@guarded(Permission.THREATS_READ)
def rename(actor: Actor, view_id: UUID, name: str | None, faults: Faults) -> SavedView:
    """Give a view another name. Raises NotFound and Invalid."""
    with transaction() as session:
        view = _changeable(actor, session, view_id)
        clean = _named(actor, session, name, faults, view)
        faults.raise_if_any()
        view.name = clean or view.name
    return view


@guarded(Permission.THREATS_READ)
def replace(actor: Actor, view_id: UUID, query: str, place: str, faults: Faults) -> SavedView:
    """Have a view stand for another state of the desk. Raises NotFound and Invalid."""
    with transaction() as session:
        view = _changeable(actor, session, view_id)
        _check(query, place, faults)
        faults.raise_if_any()
        view.query, view.place = query, place
    return view


@guarded(Permission.THREATS_READ)
def share(actor: Actor, view_id: UUID, *, shared: bool) -> SavedView:
    """Let everyone in the tenant see a view, or only its owner. Raises NotFound, and Denied for someone who may only look."""
    require(actor, Permission.INCIDENTS_WRITE)
    with transaction() as session:
        view = _changeable(actor, session, view_id)
        view.shared = shared
    return view


@guarded(Permission.THREATS_READ)
def delete(actor: Actor, view_id: UUID) -> SavedView:
    """Delete a view; a desk that opened with it opens with everything again. Raises NotFound."""
    with transaction() as session:
        view = _changeable(actor, session, view_id)
        session.delete(view)
    return view


@guarded(Permission.THREATS_READ)
def open_with(actor: Actor, view_id: UUID) -> SavedView:
    """Have the person's desk open with a view. Raises NotFound for one that they don't see."""
    with transaction() as session:
        view = session.scalar(sa.select(SavedView).where(owned(actor, SavedView), SavedView.id == view_id, _is_seen(actor)))
        if view is None:
            raise NotFound("saved view")
        _open_with(actor, session, view_id)
    return view


@guarded(Permission.THREATS_READ)
def open_with_everything(actor: Actor) -> None:
    """Have the person's desk open with no view."""
    with transaction() as session:
        _open_with(actor, session, None)


def _open_with(actor: Actor, session: Session, view_id: UUID | None) -> None:
    visit = session.get(DeskVisit, (actor.tenant_id, actor.id), populate_existing=True)
    if visit is None:
        visit = DeskVisit(tenant_id=actor.tenant_id, person_id=actor.id, seen_at=now())
        session.add(visit)
    visit.default_view_id = view_id


def _is_seen(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.or_(SavedView.owner_id == actor.id, SavedView.shared)


def _may_change(actor: Actor, view: SavedView) -> bool:
    return view.owner_id == actor.id or (view.shared and Permission.ADMIN in actor.permissions)


def _changeable(actor: Actor, session: Session, view_id: UUID) -> SavedView:
    statement = sa.select(SavedView).where(owned(actor, SavedView), SavedView.id == view_id, _is_seen(actor))
    view = session.scalar(statement.execution_options(populate_existing=True))
    if view is None or not _may_change(actor, view):
        raise NotFound("saved view of yours")
    return view


def _named(actor: Actor, session: Session, name: str | None, faults: Faults, view: SavedView | None = None) -> str | None:
    """Return a clean name that no other view of the same owner has."""
    clean = rules.text(name, "view_name", faults, maximum=VIEW_NAME_MAX, required="Give the view a name.")
    same = sa.select(SavedView.id).where(
        owned(actor, SavedView), SavedView.owner_id == (view.owner_id if view else actor.id), SavedView.name == clean
    )
    taken = session.scalar(same) if clean else None
    if taken is not None and (view is None or taken != view.id):
        faults.add("view_name", "field_invalid", f"There is a saved view with the name “{clean}” already.")
    return clean


def _check(query: str, place: str, faults: Faults) -> None:
    rules.text(query, "view_query", faults, maximum=VIEW_QUERY_MAX)
    rules.text(place, "view_place", faults, maximum=VIEW_PLACE_MAX)
