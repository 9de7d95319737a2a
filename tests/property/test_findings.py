"""Whatever runs see and people say: every finding is in the state that a plain account of it gives."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services.store import findings, runs
from services.store.engine import Store
from services.store.findings import EVENT, Explanation
from services.store.runs import CLOSED, EXPLAINED, FINDING, OPEN, Seen
from services.store.tables import Finding

FIRST_DAY = date(2026, 1, 1)
RULES, POINTERS, CONTENTS = ("ID02", "LA09"), ("/scn", "/placements/0"), ("one", "two")
PLACES = [(rule, pointer) for rule in RULES for pointer in POINTERS]
HERE, THERE = PLACES[:2]
NONE = frozenset[str]()
CRASHED = st.sampled_from((NONE, NONE, frozenset(RULES[:1])))
RECORDS = count()
"""Each example's record, so that all of them can share a store."""


@dataclass(frozen=True)
class Running:
    """A run: what it would see, and the rules that crash in it."""

    sight: dict[tuple[str, str], str]
    crashed: frozenset[str]

    @property
    def seen(self) -> dict[tuple[str, str], str]:
        return {place: content for place, content in self.sight.items() if place[0] not in self.crashed}


@dataclass(frozen=True)
class Explaining:
    """That a finding is explained, for so many days."""

    place: tuple[str, str]
    days: int


STEP = st.one_of(
    st.builds(Running, st.dictionaries(st.sampled_from(PLACES), st.sampled_from(CONTENTS)), CRASHED),
    st.builds(Explaining, st.sampled_from(PLACES), st.integers(0, 3)),
)


@dataclass(frozen=True)
class Account:
    """What a finding should be."""

    state: str
    content: str
    explained_until: date | None = None


class Plain:
    """The same life of the same findings, told the long way round."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], Account] = {}

    def run(self, today: date, seen: dict[tuple[str, str], str], crashed: frozenset[str]) -> None:
        self._follow(seen)
        for place, content in seen.items():
            before = self.held.get(place)
            until = before.explained_until if before and before.content == content else None
            holds = until is not None and until >= today
            self.held[place] = Account(EXPLAINED if holds else OPEN, content, until if holds else None)
        for place in self.held.keys() - seen.keys():
            if place[0] not in crashed:
                self.held[place] = replace(self.held[place], state=CLOSED)

    def _follow(self, seen: dict[tuple[str, str], str]) -> None:
        for rule in RULES:
            for content in CONTENTS:
                fresh = sorted(p for p, c in seen.items() if p[0] == rule and c == content and p not in self.held)
                gone = sorted(
                    place
                    for place, held in self.held.items()
                    if place[0] == rule and place not in seen and (held.state, held.content) == (EXPLAINED, content)
                )
                for old, new in zip(gone, fresh, strict=False):
                    self.held[new] = self.held.pop(old)

    def explain(self, place: tuple[str, str], until: date) -> bool:
        held = self.held.get(place)
        if held is None or held.state == CLOSED:
            return False
        self.held[place] = Account(EXPLAINED, held.content, until)
        return True


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@example(steps=[Running({HERE: "one"}, NONE), Explaining(HERE, 3), Running({THERE: "one"}, NONE)])
@example(steps=[Running({HERE: "one"}, NONE), Explaining(HERE, 0), Running({HERE: "one"}, NONE)])
@given(steps=st.lists(STEP, max_size=8))
def test_findings_are_as_a_plain_account_of_them(store: Store, steps: list[Running | Explaining]) -> None:
    plain, record = Plain(), f"c-{next(RECORDS)}"
    for number, step in enumerate(steps):
        today = FIRST_DAY + timedelta(days=number)
        _take(store, plain, step, today, record)
    assert _held(store, record) == plain.held
    with store.reading() as connection:
        last = {row.finding: row.state for row in connection.execute(select(EVENT).order_by(EVENT.c.event))}
        states = {row.finding: row.state for row in connection.execute(select(FINDING))}
    assert last == states


def _take(store: Store, plain: Plain, step: Running | Explaining, today: date, record: str) -> None:
    if isinstance(step, Running):
        _run(store, today, step, record)
        plain.run(today, step.seen, step.crashed)
        return
    until = today + timedelta(days=step.days)
    found = {(one.rule, one.pointer): one.finding for one in _findings(store, record)}
    number = found.get(step.place) or 0
    with store.writing() as connection:
        done = findings.explain(connection, number, Explanation("other", "because", None, None, until))
    assert done == plain.explain(step.place, until)


def _run(store: Store, today: date, step: Running, record: str) -> None:
    ran = {"status": "pass", "denominator": 0, "failed": 0, "why": ""}
    crashed = {"status": "crashed", "denominator": None, "failed": None, "why": "no such column"}
    results = [{"rule": rule} | (crashed if rule in step.crashed else ran) for rule in RULES]
    key = ("S12000038", "a-source", "children", record)
    rows = [Seen(*key, *place, "error", 1, content) for place, content in step.seen.items()]
    with store.writing() as connection:
        runs.keep_run(connection, today, datetime.now(UTC), results, rows)


def _findings(store: Store, record: str) -> list[Finding]:
    with store.reading() as connection:
        rows = connection.execute(select(FINDING).where(FINDING.c.source_id == record))
        return [Finding(**row._mapping) for row in rows]


def _held(store: Store, record: str) -> dict[tuple[str, str], Account]:
    return {
        (one.rule, one.pointer): Account(one.state, one.content, one.expires_on) for one in _findings(store, record)
    }
