"""What a rule failed on: a hash of the values that it speaks of, where it failed.

By it an explanation is known to be of the same thing still: it outlives whatever
else changes in a record, and not a change of these values. Of a rule that names
no field the content is empty, and so always the same.
"""

from collections.abc import Iterator, Sequence

import duckdb

from quality.catalogue import coded_fields, tables_of
from quality.rule import Codes, Rule
from quality.sql import alias_of, pointer, rows_of
from schemas.tables import Table

PARTED, NOTHING = "chr(31)", "chr(30)"
"""SQL for what parts two values, and for a value that is not there."""


def note_contents(connection: duckdb.DuckDBPyConnection, failed: Sequence[Rule]) -> None:
    """Fill a table `content` (rule, record_key, pointer, content) for what is in the table `failure`."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE content (rule VARCHAR, record_key VARCHAR, pointer VARCHAR, content VARCHAR)"
    )
    for rule in failed:
        for table, columns in _spoken_of(rule):
            connection.execute(f"INSERT INTO content {_contents(rule, table, columns)}")


def _spoken_of(rule: Rule) -> Iterator[tuple[Table, Sequence[str]]]:
    """The tables that a rule tests, each with the columns that it speaks of there."""
    if isinstance(rule.logic, Codes):
        yield from ((table, (column,)) for table, column in coded_fields(rule.code))
    elif rule.fields:
        yield from ((table, rule.fields) for table in tables_of(rule))


def _contents(rule: Rule, table: Table, columns: Sequence[str]) -> str:
    alias = alias_of(table)
    values = ", ".join(f"coalesce(CAST({alias}.{name} AS VARCHAR), {NOTHING})" for name in columns)
    failing = f"SELECT CAST(record_key AS BIGINT) FROM failure WHERE rule = '{rule.code}'"
    return f"""
        SELECT '{rule.code}', CAST(record.seq AS VARCHAR), {pointer(table, alias, columns[0])},
               sha256(concat_ws({PARTED}, {values}))
        FROM {rows_of(table, "seq")} WHERE record.seq IN ({failing})
    """
