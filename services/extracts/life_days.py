"""The days of a birth or a death that a record tells of, and what is released instead.

Such a day leaves as the first of its month, or, where the record tells of an
earlier day in that month (a last placement begun), as the last such day: the
record's days keep their order, so that rules mean in a release what they meant
in the store. What is told depends on no day that is hidden.
"""

from collections.abc import Iterator, Mapping

import duckdb

from schemas.codelists import code_list
from schemas.fields import Release
from schemas.registry import TABLES
from schemas.tables import Column, Table

TOLD_BY: Mapping[str, tuple[str, str]] = {
    "deregistration_reasons": ("is_death", "deregistered_on"),
    "destinations": ("is_death", "ended_on"),
    "end_reasons": ("is_death", "ended_on"),
    "event_types": ("is_birth_or_death", "happened_on"),
    "plan_end_reasons": ("is_death", "ended_on"),
}
"""By code list: which of its codes tell of a birth or a death, and of which day of their record."""
LEFT = (
    "as it is, but for a day of birth or death: its month, as the first day (or the last other day told of before it)"
)
Telling = tuple[Table, str, str]


def tells(table: Table) -> bool:
    """Whether the records that a table belongs to may tell of a birth or a death."""
    return any(found.family == table.family for found, _, _ in _telling())


def hidden(value: str) -> str:
    """SQL for a date of a row, with the `spine` of its record at hand."""
    return f"CASE WHEN {value} BETWEEN spine.life_on AND last_day(spine.life_on) THEN spine.told_on ELSE {value} END"


def make(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `life_day` (seq, life_on, told_on) of a filled workspace."""
    exact = " UNION ALL ".join(f"SELECT seq, {day} AS day FROM {t.name} WHERE {said}" for t, said, day in _telling())
    others = " UNION ALL ".join(_days(table) for table in TABLES if tells(table) and days_of(table))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE life_day AS"
        f" WITH life AS (SELECT seq, min(day) AS life_on FROM ({exact}) WHERE day IS NOT NULL GROUP BY seq)"
        " SELECT life.seq, life_on, greatest(CAST(date_trunc('month', life_on) AS DATE), max(other.day)) AS told_on"
        f" FROM life LEFT JOIN ({others}) AS other ON other.seq = life.seq AND other.day < life_on"
        " GROUP BY life.seq, life_on"
    )


def _telling() -> Iterator[Telling]:
    """The tables whose rows may tell of a birth or a death, with SQL for whether one does, and for the day."""
    for table in TABLES:
        for column in table.columns:
            if column.codelist and column.codelist in TOLD_BY and not table.is_part:
                flag, day = TOLD_BY[column.codelist]
                codes = ", ".join(f"'{code}'" for code in sorted(code_list(column.codelist).flagged(flag)))
                yield table, f"{column.name} IN ({codes})", day


def _days(table: Table) -> str:
    """SQL for every day that a table's rows tell of."""
    return " UNION ALL ".join(f"SELECT seq, {column.name} AS day FROM {table.name}" for column in days_of(table))


def days_of(table: Table) -> list[Column]:
    """A table's days that leave as they are, but for births and deaths."""
    return [column for column in table.columns if column.kind == "date" and column.release is Release.KEEP]
