"""What is derived from the families: shapes that every database and file can hold."""

import re

import pytest
from pydantic import ValidationError

from schemas.codelists import names
from schemas.fields import Release
from schemas.record import Record
from schemas.registry import FAMILIES, TABLES
from schemas.tables import Table, Undeclarable, derive
from tests.examples import example


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_names_are_short_and_plain(table: Table) -> None:
    for column in table.columns:
        assert re.fullmatch(r"[a-z0-9_]{1,32}", column.name)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_is_described_and_its_code_list_exists(table: Table) -> None:
    for column in table.columns:
        assert column.description, f"{table.name}.{column.name}"
        assert column.codelist is None or column.codelist in names()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_instants_and_dates_are_named_for_what_they_are(table: Table) -> None:
    for column in table.columns:
        if column.kind == "instant":
            assert column.name.endswith("_at")
        if column.name.endswith("_on"):
            assert column.kind == "date"


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_an_unknown_field_is_refused_at_every_depth(family: object) -> None:
    record = example(family.name)  # type: ignore[attr-defined]
    lists = [name for name, value in record.items() if isinstance(value, list) and value and isinstance(value[0], dict)]
    for name in lists:
        broken = {**record, name: [{**record[name][0], "nonsense": 1}, *record[name][1:]]}
        with pytest.raises(ValidationError):
            family.contract.model_validate(broken)  # type: ignore[attr-defined]


def test_names_contacts_identifiers_and_text_never_leave() -> None:
    leaving = {
        f"{table.name}.{column.name}"
        for table in TABLES
        for column in table.columns
        if column.release is Release.KEEP and column.kind == "text" and column.codelist is None
    }
    assert leaving == {
        "children_other_identifiers.system",
        "chronologies_draws_on.source",
        "children_absent.field",
        "referrals_absent.field",
        "plans_absent.field",
        "chronologies_absent.field",
        "care_episodes_absent.field",
        "child_protection_absent.field",
    }


def test_a_field_may_not_take_the_name_of_how_a_record_is_held() -> None:
    class Clashes(Record):
        """A contract that would hide when it was kept."""

        kept_at: int = 0
        """A clash."""

    with pytest.raises(Undeclarable, match="kept_at"):
        derive("clashes", Clashes, family="clashes")
