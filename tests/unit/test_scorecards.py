"""Scorecards, gains and the reasons that are owed, over tables of a few rows whose answers are known by hand."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import duckdb
import pytest

from quality.catalogue import by_code
from quality.run import Result, Run, Status
from quality.workspace import create
from schemas.codelists import code_list
from schemas.registry import FAMILIES
from services.extracts.beside import event_day
from services.extracts.shape import release_tables
from services.inspection.reasons import ASKED, answers
from services.inspection.report_pages import ANSWERS, NOT_OWED, REASONS
from services.inspection.scorecards import Row, cards, day_of, gains, prepare

LATE, EARLY, TWICE, SLOW = "RF06", "RF04", "RF08", "RF17"
"""Rules of referrals: timeliness, consistency, uniqueness, and timeliness again but experimental."""
A, B, C, D = "S12000038", "S12000047", "S12000014", "S12000049"
"""Renfrewshire, Fife and Falkirk, of one benchmarking group, and Glasgow City, of another."""
OTHERS = ("S12000006", "S12000028", "S12000029", "S12000040")
SEQ = "SELECT coalesce(max(seq), 0) + 1 FROM referrals"


@pytest.fixture
def held() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    create(connection, FAMILIES)
    connection.execute("CREATE TABLE source (name VARCHAR, agency VARCHAR, live_from DATE)")
    connection.execute("CREATE TEMP TABLE failure (rule VARCHAR, record_key VARCHAR, pointer VARCHAR)")
    yield connection
    connection.close()


def receive(
    held: duckdb.DuckDBPyConnection, agency: str, on: str, *broken: str, child: str = "", recorded: str = "2025-08-01"
) -> None:
    """A referral of an agency, and the rules that it breaks."""
    ((seq,),) = held.execute(SEQ).fetchall()
    held.execute(
        "INSERT INTO referrals (seq, source_agency, source, source_id, child, received_at, recorded_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [seq, agency, f"{agency}-system", f"r-{seq}", child or f"c-{seq}", f"{on}T12:00:00Z", f"{recorded}T12:00:00Z"],
    )
    for code in broken:
        held.execute("INSERT INTO failure VALUES (?, ?, '/')", [code, str(seq)])


def year_of(held: duckdb.DuckDBPyConnection, agency: str, year: int, records: int, failed: int = 0) -> None:
    for place in range(records):
        receive(held, agency, f"{year}-09-01", *((EARLY,) if place < failed else ()))


def counted(held: duckdb.DuckDBPyConnection, *codes: str) -> None:
    run = [Result(by_code()[code], Status.FAIL, 1, 1) for code in (codes or (LATE, EARLY, TWICE, SLOW))]
    prepare(held, Run(date(2026, 1, 1), run))


def card(held: duckdb.DuckDBPyConnection, **wanted: Any) -> Row:
    (found,) = [one for one in cards(held) if wanted.items() <= one.items()]
    return found


def numbers(row: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def test_a_record_that_breaks_two_rules_fails_once(held: duckdb.DuckDBPyConnection) -> None:
    receive(held, A, "2024-09-01", EARLY, TWICE)
    receive(held, A, "2024-09-01")
    counted(held)
    assert numbers(card(held, dimension="all"), "tested", "failed") == (2, 1)
    assert numbers(card(held, dimension="uniqueness"), "tested", "failed") == (2, 1)
    assert numbers(card(held, dimension="timeliness"), "tested", "failed") == (2, 0)


def test_an_experimental_rule_is_outside_the_score(held: duckdb.DuckDBPyConnection) -> None:
    receive(held, A, "2024-09-01", SLOW)
    counted(held)
    assert by_code()[SLOW].is_experimental
    assert {one["failed"] for one in cards(held)} == {0}
    (gain,) = gains(held)
    assert numbers(gain, "rule", "records", "gained") == (SLOW, 1, 0)


def test_a_side_whose_rules_did_not_run_has_no_score(held: duckdb.DuckDBPyConnection) -> None:
    receive(held, A, "2024-09-01")
    counted(held, EARLY)
    assert {one["dimension"] for one in cards(held)} == {"consistency", "all"}


def test_records_from_before_a_source_went_live_are_outside_the_score(held: duckdb.DuckDBPyConnection) -> None:
    held.execute(f"INSERT INTO source VALUES ('{A}-system', '{A}', DATE '2025-06-01')")
    receive(held, A, "2024-09-01", EARLY, recorded="2025-05-31")
    receive(held, A, "2024-09-01", recorded="2025-06-01")
    counted(held)
    assert numbers(card(held, dimension="all"), "tested", "failed") == (1, 0)
    assert list(gains(held)) == []


def test_last_year_stands_beside_this_year_in_the_first_run(held: duckdb.DuckDBPyConnection) -> None:
    receive(held, A, "2024-07-31", EARLY)
    receive(held, A, "2024-08-01")
    counted(held)
    beside = ("tested", "failed", "last_tested", "last_failed")
    assert numbers(card(held, dimension="all", year="2024-25"), *beside) == (1, 0, 1, 1)
    assert numbers(card(held, dimension="all", year="2023-24"), *beside) == (1, 1, None, None)


def test_similar_councils_stand_beside_without_the_council_itself(held: duckdb.DuckDBPyConnection) -> None:
    for agency, records, failed in ((A, 1, 1), (B, 3, 1), (C, 4, 0), (D, 9, 9)):
        year_of(held, agency, 2024, records, failed)
    counted(held)
    assert numbers(card(held, source_agency=A, dimension="all"), "similar_tested", "similar_failed") == (7, 1)


def test_the_figure_of_one_other_council_is_not_told(held: duckdb.DuckDBPyConnection) -> None:
    for agency in (A, B, D):
        year_of(held, agency, 2024, 1)
    counted(held)
    assert card(held, source_agency=A, dimension="all")["similar_tested"] is None


def test_a_change_far_from_that_of_most_councils_is_larger_than_usual(held: duckdb.DuckDBPyConnection) -> None:
    for agency, failed in zip((A, B, C, *OTHERS), (10, 0, 1, 0, 1, 0, 1), strict=True):
        year_of(held, agency, 2023, 20)
        year_of(held, agency, 2024, 20, failed)
    counted(held)
    unusual = {one["source_agency"] for one in cards(held) if one["score_is_unusual"] and one["dimension"] == "all"}
    assert unusual == {A}
    assert not any(one["count_is_unusual"] for one in cards(held))


def test_a_fall_in_records_far_from_that_of_most_councils_is_larger_than_usual(
    held: duckdb.DuckDBPyConnection,
) -> None:
    for agency in (A, B, C, *OTHERS):
        year_of(held, agency, 2023, 50)
        year_of(held, agency, 2024, 25 if agency == A else 48)
    counted(held)
    assert {one["source_agency"] for one in cards(held) if one["count_is_unusual"]} == {A}
    assert not any(one["score_is_unusual"] for one in cards(held))


def test_fewer_than_twenty_records_are_not_judged(held: duckdb.DuckDBPyConnection) -> None:
    for agency in (A, B, C, *OTHERS):
        year_of(held, agency, 2023, 20)
        year_of(held, agency, 2024, 19 if agency == A else 20, 10 if agency == A else 0)
    counted(held)
    assert not any(one["score_is_unusual"] for one in cards(held))


def test_only_records_that_break_nothing_else_gain_by_a_rule_alone(held: duckdb.DuckDBPyConnection) -> None:
    receive(held, A, "2024-09-01", EARLY, child="one")
    receive(held, A, "2024-09-01", EARLY, TWICE, child="one")
    receive(held, A, "2024-09-01", EARLY, SLOW, child="two")
    counted(held)
    found = {one["rule"]: numbers(one, "records", "children", "gained") for one in gains(held)}
    assert found == {EARLY: (3, 2, 2), TWICE: (1, 1, 0), SLOW: (1, 1, 0), "all": (3, 2, 3)}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_record_is_of_the_year_that_the_coverage_of_a_release_says(family: Any) -> None:
    (table,) = [one for one in release_tables() if one.name == family.name]
    (column,) = [one for one in table.columns if one.name == event_day(table)]
    assert column.made_of in day_of(family)


PLACEMENTS = "care_episodes_placements (seq, position, started_on, ended_on, change_reason)"
LEGAL = "care_episodes_legal_reasons (seq, position, started_on, ended_on, change_reason)"


def episode(
    held: duckdb.DuckDBPyConnection, seq: int, reason: str, ended: str | None = None, end_reason: str | None = None
) -> None:
    columns = "seq, source_agency, responsible_authority, started_on, primary_reason, ended_on, end_reason"
    row = [seq, A, A, "2024-09-01", reason, ended, end_reason]
    held.execute(f"INSERT INTO care_episodes ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def spells(held: duckdb.DuckDBPyConnection, table: str, *rows: Sequence[Any]) -> None:
    held.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", [list(row) for row in rows])


def answered(held: duckdb.DuckDBPyConnection, reason: str) -> dict[str, int]:
    return {one["answer"]: one["answers"] for one in answers(held) if one["reason"] == reason}


def test_a_reason_not_yet_known_or_not_recorded_is_not_one_that_is_there(held: duckdb.DuckDBPyConnection) -> None:
    for seq, reason in enumerate(("R-NEG", "RX-NYK", "RX-NRC")):
        episode(held, seq, reason)
    assert answered(held, "entry") == {"given": 1, "not_yet_known": 1, "not_recorded": 1}


def test_a_refusal_stands_apart_from_a_reason_that_is_plainly_missing(held: duckdb.DuckDBPyConnection) -> None:
    for seq, why in enumerate(("refused", "not_asked", None)):
        episode(held, seq, "R-NEG", "2025-01-01")
        if why:
            held.execute("INSERT INTO care_episodes_absent VALUES (?, 0, 'end_reason', ?)", [seq, why])
    episode(held, 9, "R-NEG", "2025-01-01", "E-RHP")
    assert answered(held, "end") == {"refused": 1, "not_asked": 1, "missing": 1, "given": 1}


def test_only_a_spell_that_another_followed_owes_the_reason_of_a_change(held: duckdb.DuckDBPyConnection) -> None:
    episode(held, 1, "R-NEG", "2025-06-01", "E-RHP")
    first, last = ("2024-09-01", "2025-01-01"), ("2025-01-01", "2025-06-01")
    spells(held, PLACEMENTS, (1, 0, *first, None), (1, 1, *last, None))
    spells(held, LEGAL, (1, 0, *first, "L-VAR"), (1, 1, *last, None))
    assert answered(held, "placement_change") == {"missing": 1}
    assert answered(held, "legal_change") == {"given": 1}


def test_only_the_council_responsible_owes_reasons(held: duckdb.DuckDBPyConnection) -> None:
    episode(held, 1, "R-NEG")
    held.execute(f"UPDATE care_episodes SET responsible_authority = '{B}'")
    assert list(answers(held)) == []


def test_every_reason_and_every_answer_has_its_words() -> None:
    assert {asked.reason for asked in ASKED} == set(REASONS)
    assert {*code_list("absent_reasons").rows, "given", "missing"} == {*ANSWERS, NOT_OWED}
