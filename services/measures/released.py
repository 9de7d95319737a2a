"""A release as the measures see it: its tables, whatever engine holds them, and the years to be told of."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis
from ibis.expr.types import Table

from services.measures import years
from services.measures.areas import current_codes

OF_COUNCIL = "source_agency"


@dataclass(frozen=True)
class Released:
    """`table` gives a release's table by its name; `years` are the calendar years that the years told of start in."""

    table: Callable[[str], Table]
    years: tuple[int, ...]

    def calendar(self) -> Table:
        """Rows of year, period, starts_on and period_ends_on."""
        return literal_table(years.rows(self.years))

    def flagged(self, codelist: str, flag: str, value: str = "true") -> Any:
        """The codes of which a list says so: a column for `isin`."""
        flags = self.table("code_flags")
        return flags.filter(flags.list == codelist, flags.flag == flag, flags.value == value).code

    def codes(self, codelist: str) -> Table:
        """Rows of code and label."""
        codes = self.table("codes")
        return codes.filter(codes.list == codelist).select("code", "label")

    def births(self) -> Table:
        """Rows of child_id and born, the first day of the month of birth; an unborn child's is empty."""
        children = self.table("children")
        return children.group_by("child_id").agg(born=children.month_of_birth.min())


def literal_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """A table written out in the query itself, so that its SQL runs anywhere."""
    made = ibis.array([ibis.struct(dict(row)) for row in rows])
    return made.unnest().name("row").as_table().unpack("row")


def held_by_responsible(table: Table, responsible: str) -> Table:
    """Records that the council responsible posted itself: only it counts the child, wherever the child lives."""
    return table.filter(table[responsible].substitute(dict(current_codes())) == table[OF_COUNCIL])


def child_of(table: Table) -> Any:
    """Who a record is about; a record that still waits for its child is counted as a child of its own."""
    return ibis.coalesce(table.child_id, table.record_id)


def age_in_months(born: Any, on: Any) -> Any:
    """Whole months from the month of birth to the month of a day: never the age today."""
    return (on.year() - born.year()) * 12 + on.month() - born.month()
