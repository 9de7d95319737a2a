"""The made-up population's histories, written as each source would post them, with the truth beside them."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from seed.faults import Planted, Planter
from seed.histories import care_episodes, child_protection, children, chronologies, plans, referrals
from seed.population import Household, Person, households
from seed.postings import Case, Key, Posting
from seed.story import stories
from seed.versions import as_sent

NOTICE = "MADE-UP DATA: no child, family, worker or event in these files is real."
TRUTH = "truth.json"


@dataclass
class Summary:
    """What was written: children, lines, records by family, sources with lines, faults by rule."""

    children: int = 0
    lines: int = 0
    records: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)


def no_progress(children: int) -> None:
    """Tell nobody."""


def household_postings(household: Household) -> Iterator[tuple[Person, list[Posting]]]:
    """Each child of a household with all its records, as they are now."""
    cases = children.household_cases(household, stories(household))
    for case in cases.values():
        yield case.person, list(_postings(case, cases))


def _postings(case: Case, cases: Mapping[int, Case]) -> Iterator[Posting]:
    yield from children.records(case, cases)
    yield from children.schooled_before(case)
    before = list(events(case))
    if case.moved and any(posting.source == case.moved.holders["social_work"] for posting in before):
        yield from children.records(case.moved, {})
    yield from before
    yield from plans.records(case, before)
    yield from chronologies.records(case, before)


def events(case: Case) -> Iterator[Posting]:
    """The requests, protection processes and care episodes of a child, on which all else follows."""
    yield from referrals.records(case)
    yield from child_protection.records(case)
    yield from care_episodes.records(case)


def generate(
    out: Path,
    children: int,
    seed: int,
    fault_rate: float = 0.0,
    progress: Callable[[int], None] = no_progress,
) -> Summary:
    """Write `<source>.ndjson` for each source with lines, and truth.json; the same bytes for the same arguments.

    One household is in memory at a time. `fault_rate` is the share of records
    damaged, at most one a child; `progress` is called with the children done since.
    """
    out.mkdir(parents=True, exist_ok=True)
    planter, summary = Planter(fault_rate), Summary()
    with ExitStack() as files, _truth(out / TRUTH, seed, children) as truth:
        writer = Lines(out, files)
        for household in households(seed, children):
            sent = _sent(household, planter, truth, summary)
            for posting in sent:
                writer.write(posting)
                summary.lines += 1
                summary.sources[posting.source.name] += 1
            summary.children += len(household.members)
            progress(len(household.members))
    return summary


def _sent(household: Household, planter: Planter, truth: "Truth", summary: Summary) -> list[Posting]:
    """A household's lines in the order in which they are sent: children first, each child's records by time."""
    held = list(household_postings(household))
    faults = list(planter.plant([posting for _, found in held for posting in found]))
    damaged = {(fault.posting.source.name, fault.posting.family, fault.posting.source_id): fault for fault in faults}
    lines: list[Posting] = []
    for person, found in held:
        truth.person(person.person_id, [posting for posting in found if posting.family == "children"])
        summary.records.update(posting.family for posting in found)
        lines += _lines(person, found, damaged)
    for fault in faults:
        truth.fault(fault)
        summary.faults[fault.rule] += 1
    return sorted(lines, key=lambda posting: posting.family != "children")


def _lines(person: Person, found: Sequence[Posting], damaged: Mapping[Key, Planted]) -> list[Posting]:
    """One child's lines in order of time; a damaged record is sent as it is, after what it departs from."""
    rng = person.rng("versions")
    sent: list[Posting] = []
    for posting in found:
        fault = damaged.get(posting.key)
        sent += [*fault.before, fault.posting] if fault else as_sent(posting, rng)
    return sorted(sent, key=lambda posting: posting.recorded_at)


class Lines:
    """The sources' files, each opened when its first line is written."""

    def __init__(self, out: Path, files: ExitStack) -> None:
        self._out, self._files = out, files
        self._open: dict[str, IO[str]] = {}

    def write(self, posting: Posting) -> None:
        """Write one record as a batch line of its source."""
        line = {"family": posting.family, "source_id": posting.source_id, "record": posting.record}
        self._file(posting.source.name).write(_json(line) + "\n")

    def _file(self, source: str) -> IO[str]:
        if source not in self._open:
            path = self._out / f"{source}.ndjson"
            self._open[source] = self._files.enter_context(path.open("w", encoding="utf-8", newline="\n"))
        return self._open[source]


class Truth:
    """truth.json, written as it becomes known: the persons at once, the faults after them."""

    def __init__(self, file: IO[str], faults: IO[str]) -> None:
        self._file, self._faults = file, faults
        self._persons_count = self._faults_count = 0

    def begin(self, seed: int, children: int) -> None:
        head = {"synthetic": True, "notice": NOTICE, "seed": seed, "children": children}
        self._file.write(_json(head)[:-1] + ',\n"persons": {')

    def person(self, person_id: str, held: Iterable[Posting]) -> None:
        """Who a person is in each source that holds them."""
        comma = ",\n" if self._persons_count else "\n"
        self._persons_count += 1
        ids = [{"source": posting.source.name, "source_id": posting.source_id} for posting in held]
        self._file.write(f"{comma}{_json(person_id)}: {_json(ids)}")

    def fault(self, fault: Planted) -> None:
        """A fault that was planted, with what must follow from it."""
        self._faults.write(("," if self._faults_count else "") + "\n" + _json(fault.told()))
        self._faults_count += 1

    def end(self) -> None:
        self._faults.seek(0)
        self._file.write('},\n"faults": [')
        self._file.writelines(self._faults)
        self._file.write("]}\n")


@contextmanager
def _truth(path: Path, seed: int, children: int) -> Iterator[Truth]:
    with (
        path.open("w", encoding="utf-8", newline="\n") as file,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as faults,
    ):
        truth = Truth(file, faults)
        truth.begin(seed, children)
        yield truth
        truth.end()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_text)


def _text(value: date | datetime) -> str:
    return value.isoformat()
