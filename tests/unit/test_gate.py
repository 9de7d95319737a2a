"""The gate of a release: what it expects of scorecards, asked of Great Expectations in one process for all cases."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from quality.expectations import validate
from quality.gate import THRESHOLDS, councils, gates
from schemas.registry import FAMILIES
from services.extracts.gate import COLUMNS, FAILED, NOT_JUDGED, PASSED, Told, Verdict, make, verdict
from services.store.runs import Kept

AS_AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
HERE = councils()[0]
AGENCIES = councils()[:6]
Cards = list[dict[str, Any]]


def card(agency: str, tested: int = 100, failed: int = 10, **changes: Any) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(COLUMNS)
    told = {"source_agency": agency, "family": "referrals", "dimension": "all", "year": "2024-25"}
    flags = {"score_is_unusual": False, "count_is_unusual": False}
    return empty | told | flags | {"tested": tested, "failed": failed} | changes


def cards(**of_here: Any) -> Cards:
    """Six agencies alike, but for the first."""
    return [card(agency, **(of_here if agency == HERE else {})) for agency in AGENCIES]


def kept(run: int, hours: float = 2, **statuses: int) -> Kept:
    return Kept(run, AS_AT - timedelta(hours=hours), date(2026, 1, 15), {"pass": 200} | statuses)


def told(now: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]] | None = None, **run: Any) -> Told:
    return Told(kept(2, **run), kept(1, 26), now, cards() if before is None else before)


CASES: Mapping[str, tuple[Callable[[], Told], set[str]]] = {
    "sound": (lambda: told(cards()), set()),
    "first-run": (lambda: Told(kept(1), None, cards()), set()),
    "old-and-crashed": (lambda: told(cards(), hours=49, crashed=1), {"run-is-fresh", "no-rule-crashed"}),
    "bad": (lambda: told([card(a, failed=60) for a in AGENCIES], []), {"family-score"}),
    "worse": (lambda: told([card(a, failed=20) for a in AGENCIES]), {"family-score-drift"}),
    "one-worse": (lambda: told(cards(failed=14)), {"agency-score-unusual"}),
    "one-lost": (
        lambda: told(cards()[1:]),
        {"family-count-drift", "agency-count-drift", "agency-count-unusual", "scored-or-not-submitted"},
    ),
    "fewer": (lambda: told(cards(tested=80, failed=8)), {"agency-count-unusual"}),
    "impossible": (
        lambda: told([*cards(), card(HERE, 1, 2, dimension="beauty")]),
        {"scorecard-sides", "no-more-failed-than-tested"},
    ),
    "column-gone": (lambda: told([without(one, "last_tested") for one in cards()]), {"scorecard-columns"}),
}


def without(one: Mapping[str, Any], column: str) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != column}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Verdict]:
    folder = tmp_path_factory.mktemp("gate")
    told_of = {name: case() for name, (case, _) in CASES.items()}
    with duckdb.connect() as connection:
        covered(connection)
        asked = [replace(made(connection, folder, name, one), name=name) for name, one in told_of.items()]
    answers = validate(asked)
    return {name: verdict(told_of[name], given) for name, given in zip(told_of, answers, strict=True)}


def made(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, one: Told) -> Any:
    return make(connection, folder / f"{name}.duckdb", one, AS_AT)


def covered(connection: duckdb.DuckDBPyConnection) -> None:
    """A release's coverage: the six posted referrals, and no other council anything."""
    connection.execute("ATTACH ':memory:' AS release")
    columns = "source_agency VARCHAR, family VARCHAR, records BIGINT, is_submitted BOOLEAN"
    connection.execute(f"CREATE TABLE release.main.coverage ({columns})")
    rows = [[code, "referrals", 100 if code in AGENCIES else None, False] for code in councils()]
    connection.executemany("INSERT INTO release.main.coverage VALUES (?, ?, ?, ?)", rows)


@pytest.mark.parametrize("case", CASES)
def test_the_gate_fails_for_what_is_wrong_and_for_nothing_else(verdicts: Mapping[str, Verdict], case: str) -> None:
    wanted = CASES[case][1]
    assert {each["name"] for each in verdicts[case].failed} == wanted
    assert verdicts[case].state == (FAILED if wanted else PASSED)
    assert all(name in verdicts[case].sentence for name in wanted)


def test_who_failed_is_named(verdicts: Mapping[str, Verdict]) -> None:
    (worse,) = verdicts["one-worse"].failed
    assert [(row["source_agency"], row["family"]) for row in worse["where"]] == [(HERE, "referrals")]
    lost = next(each for each in verdicts["one-lost"].failed if each["name"] == "scored-or-not-submitted")
    assert [(row["source_agency"], row["state"]) for row in lost["where"]] == [(HERE, "posted, not scored")]


def test_without_a_run_nothing_is_judged() -> None:
    assert verdict(Told(None), []).state == NOT_JUDGED


def test_a_column_that_figures_are_made_of_cannot_be_missed(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        covered(connection)
        with pytest.raises(duckdb.Error, match="failed"):
            make(connection, tmp_path / "gate.duckdb", told([without(one, "failed") for one in cards()]), AS_AT)


def test_a_threshold_says_where_it_is_from() -> None:
    with THRESHOLDS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 8
    assert all(row["source"] and row["says"] and row["status"] in ("verified", "unverified") for row in rows)
    assert all(row["least"] or row["most"] for row in rows)


def test_the_shape_of_the_gate_follows_from_families_and_councils() -> None:
    arguments = {each.expectation.rule: each.expectation.arguments for each in gates(COLUMNS)}
    assert arguments["every-family"]["value_set"] == [family.name for family in FAMILIES]
    assert len(arguments["every-council"]["value_set"]) == 32
