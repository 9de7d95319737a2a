"""The rules over the made-up population: nothing wrong where nothing is planted, each fault found where one is."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError

from quality import door, workspace
from quality.catalogue import by_code, rules
from quality.rule import Severity, Shape
from quality.run import Run, run
from schemas.record import Record
from schemas.registry import BY_NAME, FAMILIES
from seed.days import AS_OF
from seed.faults import FAULTS
from seed.generate import generate
from seed.sources import SOURCES

Key = tuple[str, str, str]
BLOCKING = (Severity.REJECT, Severity.ERROR)
CHILDREN = 1500
FAULT_RATE = 0.03
"""Enough for most kinds of fault among so many children's records."""
AGENCIES = {source.name: source.agency for source in SOURCES}


@dataclass
class Outcome:
    """What became of a population: refusals at the door, findings at rest, by record and rule code."""

    truth: dict[str, Any]
    kept: dict[Key, Record] = field(default_factory=dict)
    earlier: list[tuple[Key, Record]] = field(default_factory=list)
    refused: dict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    found: dict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    run: Run | None = None

    def blocking(self) -> dict[Key, set[str]]:
        """The findings of a level that refuses a record or blocks sign-off."""
        blocking = {code for code, rule in by_code().items() if rule.severity in BLOCKING}
        return {key: codes & blocking for key, codes in self.found.items() if codes & blocking}


def outcome_of(folder: Path) -> Outcome:
    """Every line at the door, then the whole catalogue over the last version of what was kept."""
    outcome = Outcome(json.loads((folder / "truth.json").read_text(encoding="utf-8")))
    for key, posted in _lines(folder):
        record = _at_the_door(key, posted, outcome)
        if record and (key not in outcome.kept or outcome.kept[key].recorded_at <= record.recorded_at):
            outcome.earlier += [(key, outcome.kept[key])] if key in outcome.kept else []
            outcome.kept[key] = record
    _at_rest(outcome)
    return outcome


def _lines(folder: Path) -> Iterator[tuple[Key, dict[str, Any]]]:
    for path in sorted(folder.glob("*.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines():
            posted = json.loads(line)
            yield (path.stem, posted["family"], posted["source_id"]), posted["record"]


def _at_the_door(key: Key, posted: dict[str, Any], outcome: Outcome) -> Record | None:
    family = BY_NAME[key[1]]
    try:
        record = family.contract.model_validate(posted)
    except ValidationError as error:
        outcome.refused[key] |= {_kind_of(problem["type"]) for problem in error.errors()}
        return None
    if any(record.wrongly_absent()):
        outcome.refused[key].add("the shape")
        return None
    failed = {each.rule.code for each in door.failures(family.name, family.rows(record), AS_OF)}
    failed = {code for code in failed if by_code()[code].severity is Severity.REJECT}
    if record.recorded_at.date() > AS_OF:
        failed.add("SH08")
    if failed:
        outcome.refused[key] |= failed
    return None if failed else record


def _kind_of(problem: str) -> str:
    """What a refusal by the contract stands for: a rule of a code list, or one of shape."""
    return "a code list" if problem == "not-in-codelist" else "the shape"


def _at_rest(outcome: Outcome) -> None:
    person = {(h["source"], h["source_id"]): p for p, held in outcome.truth["persons"].items() for h in held}
    keys = dict(enumerate(outcome.kept, start=1))
    connection = duckdb.connect()
    workspace.create(connection)
    for family in FAMILIES:
        of_family = {seq: key for seq, key in keys.items() if key[1] == family.name}
        held = [(_held(seq, key, outcome.kept[key], person), outcome.kept[key]) for seq, key in of_family.items()]
        workspace.add_records(connection, family, held)
        before = [(_held(0, key, record, person), record) for key, record in outcome.earlier if key[1] == family.name]
        workspace.add_earlier(connection, family, before)
    outcome.run = run(connection, rules(), AS_OF)
    for code, seq in connection.execute("SELECT rule, record_key FROM failure").fetchall():
        outcome.found[keys[int(seq)]].add(code)


def _held(seq: int, key: Key, record: Record, person: dict[tuple[str, str], str]) -> workspace.Held:
    source, family, source_id = key
    child = source_id if family == "children" else record.model_dump(include={"child"})["child"]
    return workspace.Held(seq, AGENCIES[source], source, source_id, 1, record.recorded_at, person.get((source, child)))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("clean")
    generate(folder, children=CHILDREN, seed=1)
    return outcome_of(folder)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("faulty")
    generate(folder, children=CHILDREN, seed=1, fault_rate=FAULT_RATE)
    return outcome_of(folder)


def _key(held: dict[str, Any]) -> Key:
    return held["source"], held["family"], held["source_id"]


def test_no_rule_crashes_over_the_population(clean: Outcome, faulty: Outcome) -> None:
    for outcome in (clean, faulty):
        assert outcome.run is not None
        assert outcome.run.crashed == []


def test_without_faults_nothing_is_refused(clean: Outcome) -> None:
    assert dict(clean.refused) == {}


def test_without_faults_nothing_blocks_sign_off(clean: Outcome) -> None:
    assert clean.blocking() == {}


def test_about_the_share_asked_for_is_damaged_one_record_a_child(faulty: Outcome) -> None:
    damaged = [_key(fault) for fault in faulty.truth["faults"]]
    records = len(faulty.kept.keys() | faulty.refused.keys())
    assert len(set(damaged)) == len(damaged)
    assert len(damaged) / records == pytest.approx(FAULT_RATE, abs=0.002)


def test_every_fault_is_found_by_its_own_rule_on_its_own_record(faulty: Outcome) -> None:
    missed = [fault for fault in faulty.truth["faults"] if not _is_found(fault, faulty)]
    assert missed == []


def _is_found(fault: dict[str, Any], outcome: Outcome) -> bool:
    rule = by_code()[fault["rule"]]
    refused = outcome.refused.get(_key(fault), set())
    if rule.severity is not Severity.REJECT or fault["rule"] in refused:
        return fault["rule"] in refused | outcome.found.get(_key(fault), set())
    return ("the shape" if isinstance(rule.logic, Shape) else "a code list") in refused


def test_only_records_with_a_fault_are_refused(faulty: Outcome) -> None:
    planted = {_key(f) for f in faulty.truth["faults"] if by_code()[f["rule"]].severity is Severity.REJECT}
    assert set(faulty.refused) == planted


def test_every_other_blocking_finding_is_one_that_a_fault_names(faulty: Outcome) -> None:
    named: dict[Key, set[str]] = defaultdict(set)
    for fault in faulty.truth["faults"]:
        for effect in ({"rule": fault["rule"]} | fault, *fault["side_effects"]):
            named[_key(effect)].add(effect["rule"])
    unnamed = {key: codes - named[key] for key, codes in faulty.blocking().items() if codes - named[key]}
    assert unnamed == {}


def test_a_small_population_has_most_kinds_of_fault(faulty: Outcome) -> None:
    planted = {fault["rule"] for fault in faulty.truth["faults"]}
    assert len(planted) > 0.85 * len(FAULTS)
