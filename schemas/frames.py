"""The typed contract of a table in flight, as Pandera schemas over Polars: derived, never written by hand.

Types, keys, nullability, codes and no column too many. Rules of the catalogue
are not repeated here; a caller hands in the code of the rule that a foreign
code breaks, and it is told in the problem. A problem names table, column and
check, never a value. Frames are checked collected: over a LazyFrame Pandera
would skip what it has to look into the data for.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from schemas.codelists import code_list
from schemas.fields import AGENCY_PATTERN
from schemas.tables import Table

POLARS_TYPES: Mapping[str, Any] = {
    "text": pl.String(),
    "boolean": pl.Boolean(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "instant": pl.Datetime("us", "UTC"),
    "date": pl.Date(),
}
NO_HELD: Mapping[str, str] = {"seq": "integer"}
AGENCIES = "agencies"

Rules = Mapping[tuple[str, str], str]
"""By table and column, the code of the rule that a code outside its list breaks."""


@dataclass(frozen=True)
class Expected:
    """One column as it must be; `rule` is the rule that a code outside `codelist` breaks."""

    name: str
    kind: str
    nullable: bool
    codelist: str | None = None
    rule: str = ""


def frame(
    name: str, columns: Sequence[Expected], unique: Sequence[str], types: Mapping[str, Any] = POLARS_TYPES
) -> pa.DataFrameSchema:
    """The schema of a table with exactly these columns, `unique` together; `types` by kind."""
    held = {column.name: pa.Column(types[column.kind], _checks(column), nullable=column.nullable) for column in columns}
    return pa.DataFrameSchema(held, name=name, strict=True, unique=list(unique) or None)


def frame_of(table: Table, held: Mapping[str, str] = NO_HELD, rules: Rules | None = None) -> pa.DataFrameSchema:
    """The schema of a family's table or part; `held` are further columns, with their kinds, of a record's own table."""
    stamps = NO_HELD if table.is_part else held
    known = {column.name for column in table.columns}
    columns = [Expected(name, kind, nullable=True) for name, kind in stamps.items() if name not in known | {"seq"}]
    columns += [Expected(name, "integer", nullable=False) for name in ("seq", *table.keys)]
    return frame(table.name, [*columns, *_expected(table, rules or {})], ("seq", *table.keys))


def problems(
    table: Table, rows: pl.DataFrame, held: Mapping[str, str] = NO_HELD, rules: Rules | None = None
) -> list[str]:
    """What is wrong with a table's rows in flight, a sentence each; empty when nothing is."""
    return broken(frame_of(table, held, rules), rows)


def broken(schema: pa.DataFrameSchema, rows: pl.DataFrame) -> list[str]:
    """How rows break a schema, a sentence for each column and check, without values."""
    try:
        schema.validate(rows, lazy=True)
    except SchemaErrors as errors:
        return sorted({_sentence(schema, error) for error in errors.schema_errors})
    return []


def _expected(table: Table, rules: Rules) -> Iterator[Expected]:
    for column in table.columns:
        rule = rules.get((table.name, column.name), "")
        yield Expected(column.name, column.kind, not column.required, column.codelist, rule)


def _checks(column: Expected) -> list[Any]:
    if column.codelist is None:
        return []
    told = f"{column.rule}: " if column.rule else ""
    return [pa.Check(_InList(column.codelist), error=f"{told}a code outside the list {column.codelist}")]


@dataclass(frozen=True)
class _InList:
    """Whether each value of a column is a code of the list; its name is what Pandera calls the check."""

    codelist: str
    __name__ = "in_code_list"

    def __call__(self, data: Any) -> pl.LazyFrame:
        value = pl.col(data.key)
        allowed = value.is_in(list(code_list(self.codelist).rows))
        if self.codelist == AGENCIES:
            allowed |= value.str.contains(f"^({AGENCY_PATTERN})$")
        held: pl.LazyFrame = data.lazyframe.select(allowed)
        return held


def _sentence(schema: pa.DataFrameSchema, error: Any) -> str:
    column = getattr(error.schema, "name", None)
    where = schema.name if column in (None, schema.name) else f"{schema.name}.{column}"
    return f"{where}: {_reason(error)}"


def _reason(error: Any) -> str:
    """Why, in words of ours: Pandera's own may quote values."""
    code = error.reason_code.name if error.reason_code else ""
    if code == "DATAFRAME_CHECK":
        return str(error.check.error)
    told = _REASONS.get(code)
    return told(error) if told else f"broke Pandera's check {code or 'without a name'}"


_QUOTED = re.compile(r"'(.+)'")
_REASONS: Mapping[str, Any] = {
    "WRONG_DATATYPE": lambda error: f"is not of type {_QUOTED.findall(error.check)[0]}",
    "SERIES_CONTAINS_NULLS": lambda error: "is empty where it is required",
    "DUPLICATES": lambda error: "two rows have the same key",
    "COLUMN_NOT_IN_SCHEMA": lambda error: f"has the unexpected column {error.failure_cases}",
    "COLUMN_NOT_IN_DATAFRAME": lambda error: f"lacks the column {error.failure_cases}",
    "CHECK_ERROR": lambda error: "a check could not be made",
}
