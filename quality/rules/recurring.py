"""Rules that several families have in the same words, each family under its own code."""

from collections.abc import Sequence

from quality.rule import Codes, Dimension, Example, Query, Row, Rule, Severity
from schemas.record import Family
from schemas.tables import Table

SHORTEST = 10
"""Characters that "other" takes at least to say in words."""


def codes_of_lists(code: str, family: str, what: str) -> Rule:
    """The default code-list rule of a family; `what` is one record, in words."""
    return Rule(
        code=code,
        family=family,
        severity=Severity.REJECT,
        says=f"Every coded field of {what} holds a code of its list.",
        hint="see the code list, and map your system's own code to one of it",
        source="Kith code lists",
        dimension=Dimension.VALIDITY,
        logic=Codes(),
    )


def joined_person(record: str) -> str:
    """SQL that joins to a record, as `person`, the same source's children record of its child."""
    return f"JOIN children AS person ON person.source = {record}.source AND person.source_id = {record}.child"


def no_stand_in_dates(code: str, family: Family, failing: Sequence[Example]) -> Rule:
    """No date of a record, or of any of its parts, is one that systems write where none is known."""
    record, *parts = family.posted_tables
    counts = (f"item_count('{part.name.removeprefix(f'{family.name}_')}', {_stand_in(part)}) > 0" for part in parts)
    dated = [count for count, part in zip(counts, parts, strict=True) if _dates(part)]
    return Rule(
        code=code,
        family=family.name,
        severity=Severity.QUERY,
        says="A date is a real one, and not one such as 2 January 1900 that stands for a date not known.",
        hint="send the date, or leave it out where nobody knows it",
        source="Scottish Government statisticians' checks; the dates are in quality/stand_in_dates.csv",
        dimension=Dimension.VALIDITY,
        logic=Row(" OR ".join([_stand_in(record), *dated] if _dates(record) else dated)),
        fields=tuple(_dates(record)),
        failing=failing,
    )


def _dates(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.kind == "date"]


def _stand_in(table: Table) -> str:
    return " OR ".join(f"is_stand_in({name})" for name in _dates(table))


def child_is_held(code: str, family: str) -> Rule:
    """The child that a record names has been sent by the same source, where that sends children at all."""
    return Rule(
        code=code,
        family=family,
        severity=Severity.QUERY,
        says="The child whom a record names is one that its source has sent.",
        hint="send the children record; until it arrives nobody sees this one with the child",
        source="England CIN census, events of a child who is not in the register, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            f"SELECT record.$key AS record_key FROM {family} AS record LEFT JOIN children AS person"
            " ON person.source = record.source AND person.source_id = record.child WHERE person.$key IS NULL"
            " AND EXISTS (SELECT 1 FROM children AS any_of WHERE any_of.source = record.source)"
        ),
        fields=("child",),
        passing=({}, [("children", {}), (family, {})]),
        failing=([("children", {"held": {"source_id": "child-0009"}}), (family, {})],),
    )


def other_in_words(
    code: str,
    family: str,
    codelist: str,
    field: str,
    failing: Sequence[Example],
    passing: Sequence[Example],
    table: str = "",
    also: tuple[str, ...] = (),
) -> Rule:
    """Where `field` is a code that needs words, `<field>_text` has them."""
    return Rule(
        code=code,
        family=family,
        severity=Severity.ERROR,
        says=f'Where {field} is "other", {field}_text says what it was, in {SHORTEST} characters or more.',
        hint=f"choose a code that fits, or say in {field}_text what it was",
        source="Kith code lists: a coded reason that is not in the list is said in words",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            f"flag('{codelist}', {field}, 'needs_text')"
            f" AND ({field}_text IS NULL OR text_length({field}_text) < {SHORTEST})"
        ),
        fields=(f"{field}_text", field),
        table=table,
        also=also,
        passing=passing,
        failing=failing,
    )


def view_with_method(code: str, family: str, also: tuple[str, ...] = ()) -> Rule:
    """A child's view says how it was given."""
    return Rule(
        code=code,
        family=family,
        severity=Severity.QUERY,
        says="Beside a child's view stands how it was given.",
        hint="give child_view_method: spoken, drawn, through an advocate, ...",
        source="UN Convention on the Rights of the Child, article 12",
        dimension=Dimension.COMPLETENESS,
        logic=Row("child_view IS NOT NULL AND child_view_method IS NULL"),
        fields=("child_view_method", "child_view"),
        also=also,
        passing=({"child_view": "I like it here.", "child_view_method": "spoken"}, {"child_view": None}),
        failing=({"child_view": "I like it here.", "child_view_method": None},),
    )
