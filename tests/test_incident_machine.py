"""Random sequences of every verb and undo by several people, compared with a plain model after each step.

MACHINE_RUNS says how many sequences; the long run is in tests/bench/README.md.
"""

from __future__ import annotations

import os
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from app.db import db
from app.errors import Conflict, Invalid, NotFound
from app.models import Activity, Incident, ThreatLink
from app.service import incidents
from app.service.incidents import Changes, NewIncident
from tests import make

THREATS = 6
STATUSES = ("open", "closed", "resolved")


@dataclass
class Plain:
    """An incident as a person would note it down."""

    title: str = ""
    status: str = "open"
    links: set[int] = field(default_factory=set)
    deleted: bool = False
    merged_into: int | None = None
    start: int | None = None

    @property
    def usable(self) -> bool:
        return not self.deleted and self.merged_into is None


@dataclass
class Done:
    """An act with what the incidents were before and after it."""

    act_id: object
    on: int
    before: dict[int, Plain]
    after: dict[int, Plain]
    made: int | None = None
    undone: bool = False


class Life(RuleBasedStateMachine):
    app = None

    def __init__(self) -> None:
        super().__init__()
        self.context = self.app.app_context()
        self.context.push()
        self.people = [make.actor(self.app), replace(make.actor(self.app), name="Second")]
        self.threats = make.put_threats(self.app, self.people[0], THREATS)
        self.ids: list = []
        self.plain: list[Plain] = []
        self.done: list[Done] = []
        self.commented: set[int] = set()

    def teardown(self) -> None:
        from tests.conftest import empty

        db.session.remove()
        empty(db.engine)
        self.context.pop()

    # What the service is told, in its own terms.

    def written(self, numbers) -> list[str]:
        return [str(self.threats[n]) for n in numbers]

    def latest_act(self, number: int):
        return db.session.scalar(
            sa.select(Activity.id).where(Activity.incident_id == self.ids[number]).order_by(Activity.id.desc()).limit(1)
        )

    def attempt(self, number: int, expected: dict[int, Plain], call, refused=(Conflict, Invalid, NotFound)) -> None:
        """Do it; the model follows if the service agrees, and must have foreseen a refusal as an empty `expected`."""
        before = deepcopy({n: self.plain[n] for n in expected})
        last = self.latest_act(number)
        try:
            call()
        except refused:
            assert not expected, "the service refused what the model allows"
            return
        assert expected or self.latest_act(number) == last, "the service allowed what the model refuses"
        for n, plain in expected.items():
            self.plain[n] = plain
        if self.latest_act(number) != last:
            self.done.append(Done(self.latest_act(number), number, before, deepcopy(expected)))

    numbers = st.lists(st.integers(0, THREATS - 1), max_size=4, unique=True)
    which = st.integers(0, 30)
    who = st.integers(0, 1)

    def pick(self, which: int) -> int:
        return which % len(self.ids)

    @rule(who=who, numbers=numbers)
    def create(self, who, numbers):
        view = incidents.create(self.people[who], NewIncident("Made", threat_ids=self.written(numbers)))
        self.ids.append(view.incident.id)
        self.plain.append(Plain("Made", links=set(numbers)))
        n = len(self.ids) - 1
        before = {n: Plain("Made", links=set(numbers), deleted=True)}  # undone, it keeps its links, as when it is deleted
        self.done.append(Done(self.latest_act(n), n, before, {n: deepcopy(self.plain[n])}, made=n))

    @precondition(lambda self: self.ids)
    @rule(who=who, which=which, numbers=numbers)
    def link(self, who, which, numbers):
        n = self.pick(which)
        it = self.plain[n]
        allowed = it.usable and it.status == "open" and numbers
        expected = {n: replace(it, links=it.links | set(numbers))} if allowed else {}
        self.attempt(n, expected, lambda: incidents.link(self.people[who], self.ids[n], self.written(numbers)))

    @precondition(lambda self: self.ids)
    @rule(who=who, which=which, numbers=numbers)
    def unlink(self, who, which, numbers):
        n = self.pick(which)
        it = self.plain[n]
        allowed = it.usable and numbers and set(numbers) <= it.links
        expected = {n: replace(it, links=it.links - set(numbers))} if allowed else {}
        self.attempt(n, expected, lambda: incidents.unlink(self.people[who], self.ids[n], self.written(numbers)))

    @precondition(lambda self: self.ids)
    @rule(who=who, which=which, to=which, numbers=numbers)
    def move(self, who, which, to, numbers):
        n, t = self.pick(which), self.pick(to)
        it, target = self.plain[n], self.plain[t]
        allowed = n != t and it.usable and target.usable and target.status == "open" and numbers and set(numbers) <= it.links
        expected = {}
        if allowed:
            expected = {n: replace(it, links=it.links - set(numbers)), t: replace(target, links=target.links | set(numbers))}
        self.attempt(n, expected, lambda: incidents.move(self.people[who], self.ids[n], self.written(numbers), str(self.ids[t])))

    @precondition(lambda self: self.ids)
    @rule(who=who, which=which, numbers=numbers)
    def split(self, who, which, numbers):
        n = self.pick(which)
        it = self.plain[n]
        if not (it.usable and numbers and set(numbers) <= it.links):
            self.attempt(
                n,
                {},
                lambda: incidents.split(self.people[who], self.ids[n], NewIncident("Part", threat_ids=self.written(numbers))),
            )
            return
        _, new = incidents.split(self.people[who], self.ids[n], NewIncident("Part", threat_ids=self.written(numbers)))
        self.ids.append(new.incident.id)
        self.plain.append(Plain("Part", deleted=True))
        before = deepcopy({n: it, len(self.ids) - 1: self.plain[-1]})
        after = {n: replace(it, links=it.links - set(numbers)), len(self.ids) - 1: Plain("Part", links=set(numbers))}
        for i, plain in after.items():
            self.plain[i] = plain
        self.done.append(Done(self.latest_act(n), n, before, deepcopy(after), made=len(self.ids) - 1))

    @precondition(lambda self: self.ids)
    @rule(who=who, which=which, others=st.lists(which, min_size=1, max_size=3))
    def merge(self, who, which, others):
        n = self.pick(which)
        sources = sorted({self.pick(o) for o in others})
        target = self.plain[n]
        allowed = n not in sources and target.usable and target.status == "open" and all(self.plain[s].usable for s in sources)
        expected = {}
        if allowed:
            links = target.links.union(*(self.plain[s].links for s in sources))
            expected = {n: replace(target, links=links)}
            expected |= {s: replace(self.plain[s], status="closed", merged_into=n) for s in sources}
        written = [str(self.ids[s]) for s in sources]
        self.attempt(n, expected, lambda: incidents.merge(self.people[who], self.ids[n], written, "The same"))

    @precondition(lambda self: self.ids)
    @rule(who=who, which=which, status=st.sampled_from(STATUSES))
    def set_status(self, who, which, status):
        n = self.pick(which)
        it = self.plain[n]
        expected = {n: replace(it, status=status)} if it.usable else {}
        self.attempt(n, expected, lambda: incidents.change(self.people[who], self.ids[n], Changes(status=status)))

    @precondition(lambda self: self.ids)
    @rule(who=who, which=which, title=st.sampled_from(["Red", "Blue"]))
    def rename(self, who, which, title):
        n = self.pick(which)
        it = self.plain[n]
        expected = {n: replace(it, title=title)} if it.usable else {}
        self.attempt(n, expected, lambda: incidents.change(self.people[who], self.ids[n], Changes(title=title)))

    @precondition(lambda self: self.ids)
    @rule(who=who, which=which, start=st.sampled_from([None, 1, 2]))
    def set_start(self, who, which, start):
        n = self.pick(which)
        it = self.plain[n]
        expected = {n: replace(it, start=start)} if it.usable else {}
        changes = Changes(started_at=start and make.WHEN - timedelta(days=start))
        self.attempt(n, expected, lambda: incidents.change(self.people[who], self.ids[n], changes))

    @precondition(lambda self: self.ids)
    @rule(who=who, which=which)
    def delete(self, who, which):
        n = self.pick(which)
        it = self.plain[n]
        expected = {n: replace(it, deleted=True)} if it.usable else {}
        self.attempt(n, expected, lambda: incidents.delete(self.people[who], self.ids[n]))

    @precondition(lambda self: self.ids)
    @rule(who=who, which=which)
    def restore(self, who, which):
        n = self.pick(which)
        it = self.plain[n]
        expected = {n: replace(it, deleted=False)} if it.deleted else {}
        self.attempt(n, expected, lambda: incidents.restore(self.people[who], self.ids[n]))

    @precondition(lambda self: self.ids)
    @rule(who=who, which=which)
    def comment(self, who, which):
        n = self.pick(which)
        if self.plain[n].usable:
            incidents.comment(self.people[who], self.ids[n], "Noted.")
            self.commented.add(n)

    @precondition(lambda self: self.done)
    @rule(who=who, back=st.integers(0, 5))
    def undo(self, who, back):
        done = self.done[-1 - back % len(self.done)]
        try:
            incidents.undo(self.people[who], self.ids[done.on], done.act_id)
        except Conflict:
            untouched = all(self.plain[n] == plain for n, plain in done.after.items())
            is_last = done is self.done[-1]
            spoken_of = done.made in self.commented  # undoing would take the comment away
            assert done.undone or spoken_of or not (is_last and untouched), "the last act can always be undone"
            return
        assert not done.undone, "an act is undone once"
        if done.made is not None:
            assert self.plain[done.made] == done.after[done.made], "an undo took away what others did with the new incident"
        before = deepcopy({n: self.plain[n] for n in done.before})
        for n in done.before:
            was, became, now = done.before[n], done.after[n], self.plain[n]
            self.plain[n] = Plain(
                was.title if was.title != became.title else now.title,
                was.status if was.status != became.status else now.status,
                (now.links - (became.links - was.links)) | (was.links - became.links),
                was.deleted if was.deleted != became.deleted else now.deleted,
                was.merged_into if was.merged_into != became.merged_into else now.merged_into,
                was.start if was.start != became.start else now.start,
            )
        done.undone = True
        self.done.append(Done(self.latest_act(done.on), done.on, before, deepcopy({n: self.plain[n] for n in done.before})))

    @invariant()
    def everything_agrees(self):
        db.session.rollback()
        rows = {i.id: i for i in db.session.scalars(sa.select(Incident).execution_options(populate_existing=True))}
        links: dict = {}
        for incident_id, threat_id in db.session.execute(
            sa.select(ThreatLink.incident_id, ThreatLink.threat_id).where(ThreatLink.removed_at.is_(None))
        ):
            links.setdefault(incident_id, []).append(self.threats.index(threat_id))
        assert len(rows) == len(self.ids)
        for incident_id, plain in zip(self.ids, self.plain, strict=True):
            row = rows[incident_id]
            held = links.get(incident_id, [])
            assert len(held) == len(set(held)), "a threat is linked twice"
            merged_into = self.ids[plain.merged_into] if plain.merged_into is not None else None
            assert (row.title, row.status, set(held)) == (plain.title, plain.status, plain.links)
            assert row.link_count == len(held)
            assert (row.deleted_at is not None, row.merged_into_id) == (plain.deleted, merged_into)
            assert (row.resolved_at is not None) == (row.status == "resolved")
            earliest = min((make.record(n).observed_at for n in held), default=None)
            assert row.started_at_is_set == (plain.start is not None)
            assert row.started_at == (make.WHEN - timedelta(days=plain.start) if plain.start else earliest)

    @invariant()
    def timelines_add_up(self):
        for incident_id, plain in zip(self.ids, self.plain, strict=True):
            if plain.deleted:
                continue
            page = incidents.timeline(self.people[0], incident_id, limit=1000)
            assert page.total == len(page.items)
            balance = dict.fromkeys(range(THREATS), 0)
            for item in page.items:
                if item.kind == "threat_linked":
                    balance[self.threats.index(item.threat_id)] += 1
                elif item.kind == "threat_unlinked":
                    balance[self.threats.index(item.threat_id)] -= 1
            assert {n for n, count in balance.items() if count} == plain.links
            assert set(balance.values()) <= {0, 1}
            assert page.items[0].kind in {"incident_created", "split"}


def test_the_service_agrees_with_a_plain_model(app):
    class Here(Life):
        pass

    Here.app = app
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=int(os.environ.get("MACHINE_RUNS", "25")),
            stateful_step_count=int(os.environ.get("MACHINE_STEPS", "30")),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
