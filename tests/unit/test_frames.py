"""The typed contract of tables in flight: derived, strict, and silent about values."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from quality.workspace import HELD, Held, add_records, create
from schemas.frames import Expected, broken, frame, frame_of, problems
from schemas.registry import BY_NAME, FAMILIES, TABLES
from schemas.tables import Table
from services.extracts.beside import BESIDE, CODES
from services.extracts.checks import check_parquet, schema_of
from services.extracts.in_flight import frame_problems
from services.extracts.refusal import NotReleased
from services.extracts.shape import release_tables
from tests.examples import example

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECRET = "Isla Madeup"


def table(name: str) -> Table:
    return next(held for held in TABLES if held.name == name)


@pytest.fixture
def workspace() -> duckdb.DuckDBPyConnection:
    """Every family's example, as files in flight are held."""
    connection = duckdb.connect()
    create(connection)
    for seq, family in enumerate(FAMILIES, 1):
        record = family.contract.model_validate(example(family.name))
        add_records(connection, family, [(Held(seq, "S12000038", "a-source", "x-1", 1, AT, None), record)])
    return connection


def needs(**changes: Any) -> pl.DataFrame:
    """Two needs of a plan, with columns changed."""
    rows = pl.DataFrame(
        {"seq": [1, 1], "position": [0, 1], "indicator": ["safe", "healthy"], "description": [None, "Breakfast."]}
    )
    return rows.with_columns(**changes)


def test_the_examples_keep_the_contract_of_every_table(workspace: duckdb.DuckDBPyConnection) -> None:
    assert frame_problems(workspace) == []


def test_sound_rows_have_no_problem() -> None:
    assert problems(table("plans_needs"), needs()) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"indicator": pl.lit(SECRET)}, "plans_needs.indicator: a code outside the list wellbeing_indicators"),
        ({"indicator": pl.lit(None, pl.String)}, "plans_needs.indicator: is empty where it is required"),
        ({"indicator": pl.lit(7)}, "plans_needs.indicator: is not of type String"),
        ({"position": pl.lit(0, pl.Int64)}, "plans_needs: two rows have the same key"),
        ({"name": pl.lit(SECRET)}, "plans_needs: has the unexpected column name"),
    ],
    ids=["foreign code", "gap", "type", "key", "column too many"],
)
def test_each_kind_of_problem_is_told_without_its_value(changes: dict[str, Any], told: str) -> None:
    found = problems(table("plans_needs"), needs(**changes))
    assert told in found
    assert SECRET not in " ".join(found)


def test_a_missing_column_is_told() -> None:
    assert problems(table("plans_needs"), needs().drop("description")) == ["plans_needs: lacks the column description"]


def test_a_foreign_code_names_the_rule_that_it_breaks() -> None:
    rules = {("plans_needs", "indicator"): "PL04"}
    found = problems(table("plans_needs"), needs(indicator=pl.lit("x")), rules=rules)
    assert found == ["plans_needs.indicator: PL04: a code outside the list wellbeing_indicators"]


def test_the_rule_is_found_in_the_catalogue(workspace: duckdb.DuckDBPyConnection) -> None:
    workspace.execute("UPDATE plans_needs SET indicator = 'x'")
    assert frame_problems(workspace) == ["plans_needs.indicator: PL04: a code outside the list wellbeing_indicators"]


def test_every_problem_of_a_table_is_told_at_once() -> None:
    found = problems(table("plans_needs"), needs(indicator=pl.lit("x"), position=pl.lit(0, pl.Int64)))
    assert len(found) == 2


@pytest.mark.parametrize(("agency", "taken"), [("S12000038", True), ("TS-young-futures", True), ("TS-!", False)])
def test_an_agency_may_be_of_the_third_sector(agency: str, taken: bool) -> None:
    schema = frame("partners", [Expected("agency", "text", False, "agencies")], ())
    assert (broken(schema, pl.DataFrame({"agency": [agency]})) == []) is taken


@pytest.mark.parametrize("held", TABLES, ids=lambda held: held.name)
def test_a_frame_has_the_columns_of_its_table_and_no_other(held: Table) -> None:
    stamps = {"seq", *held.keys} if held.is_part else set(HELD)
    schema = frame_of(held, HELD)
    assert schema.strict is True
    assert set(schema.columns) == stamps | {column.name for column in held.columns}
    assert schema.unique == ["seq", *held.keys]


def test_every_coded_column_is_checked_against_its_list() -> None:
    unchecked = [
        f"{held.name}.{column.name}"
        for held in TABLES
        for column in held.columns
        if column.codelist and not frame_of(held).columns[column.name].checks
    ]
    assert unchecked == []


def test_every_release_table_has_a_strict_schema_with_its_key() -> None:
    for made in release_tables():
        schema = schema_of(made)
        assert schema.strict is True
        assert schema.unique == list(made.key)
        assert list(schema.columns) == list(made.names)


def test_a_parquet_file_of_a_release_is_held_to_the_schema_of_its_table(tmp_path: Path) -> None:
    file = tmp_path / "parquet" / "codes" / "0.parquet"
    file.parent.mkdir(parents=True)
    kinds = {"text": pl.String, "date": pl.Date}
    sound = pl.DataFrame(schema={column.name: kinds[column.kind] for column in CODES.columns})
    sound.write_parquet(file)
    check_parquet(tmp_path, CODES)
    for wrong in (sound.drop("label"), sound.cast({"starts_on": pl.String})):
        wrong.write_parquet(file)
        with pytest.raises(NotReleased, match=r"label|starts_on"):
            check_parquet(tmp_path, CODES)


def test_every_table_beside_the_families_has_a_strict_schema_too() -> None:
    assert all(schema_of(made).strict and schema_of(made).unique == list(made.key) for made in BESIDE)


def test_a_family_is_not_needed_to_check_a_table_of_ones_own() -> None:
    schema = frame("mine", [Expected("id", "integer", False)], ("id",))
    assert broken(schema, pl.DataFrame({"id": [1, 2]})) == []
    assert broken(schema, pl.DataFrame({"id": [1, 1]})) == ["mine: two rows have the same key"]


def test_instants_in_flight_say_that_they_are_utc() -> None:
    referrals = BY_NAME["referrals"].tables[0]
    assert str(frame_of(referrals).columns["received_at"].dtype) == "Datetime(time_unit='us', time_zone='UTC')"
