"""Many rows in one statement, on both databases.

PostgreSQL takes each column as an array, one round trip a table: 1.3 times the
cost of a raw COPY, where COPY itself would be refused under row-level security
and a temporary stage costs a file truncated at every commit (decision 12).
SQLite takes the rows one by one from a prepared statement.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, cast

from sqlalchemy import Column, Connection, Table, text
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]
_POSTGRESQL, _SQLITE = postgresql.dialect(), sqlite.dialect()  # type: ignore[no-untyped-call]


def together(connection: Connection) -> AbstractContextManager[Any]:
    """Statements within are sent to PostgreSQL without waiting for the answer of the one before."""
    return nullcontext() if _is_sqlite(connection) else connection.connection.driver_connection.pipeline()  # type: ignore[union-attr]


def insert(connection: Connection, into: Table, rows: Sequence[Row], same: Row | None = None) -> None:
    """Insert rows, all with the same columns; `same` are columns with one value for all of them."""
    if rows:
        _run(connection, _insert_sql(into, tuple(rows[0]), tuple(same or ()), _is_sqlite(connection)), into, rows, same)


def insert_new(connection: Connection, into: Table, rows: Sequence[Row]) -> int:
    """Insert the rows whose key is not there yet, in their order; how many were new."""
    if not rows:
        return 0
    statement = _insert_sql(into, tuple(rows[0]), (), _is_sqlite(connection))
    found: int = _run(connection, f"{statement} ON CONFLICT DO NOTHING", into, rows, None).rowcount
    return found


def update(
    connection: Connection, of: Table, keys: Sequence[str], rows: Sequence[Row], same: Row | None = None
) -> None:
    """Set, in the rows that have these `keys`, the other columns given; `same` for all of them alike."""
    if rows:
        names, alike = tuple(rows[0]), tuple(same or ())
        _run(connection, _update_sql(of, tuple(keys), names, alike, _is_sqlite(connection)), of, rows, same)


def select(
    connection: Connection, query: str, names: Sequence[str], rows: Sequence[tuple[str, ...]], *typed: Any
) -> Any:
    """The rows of a query that reads `{given}`: a relation of texts, of those names and rows.

    `typed` are the columns that the query's result is made of.
    """
    given = _given_json(names) if _is_sqlite(connection) else _given_texts(names)
    statement = text(query.format(given=given)).columns(*typed)
    return connection.execute(statement, _given_values(connection, names, rows))


def _given_values(connection: Connection, names: Sequence[str], rows: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    if _is_sqlite(connection):
        return {"given": json.dumps(rows)}
    return {f"given_{name}": [row[place] for row in rows] for place, name in enumerate(names)}


def _given_texts(names: Sequence[str]) -> str:
    arrays = ", ".join(f"CAST(:given_{name} AS text[])" for name in names)
    return f"unnest({arrays}) AS given ({', '.join(names)})"


def _given_json(names: Sequence[str]) -> str:
    members = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(names))
    return f"(SELECT {members} FROM json_each(:given)) AS given"


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _run(connection: Connection, statement: str, table: Table, rows: Sequence[Row], same: Row | None) -> Any:
    cursor = connection.connection.cursor()
    if _is_sqlite(connection):
        cursor.executemany(statement, cast(Any, _in_rows(table, rows, same or {})))
    else:
        cursor.execute(statement, [*(same or {}).values(), *_in_columns(rows)])
    return cursor


# --- PostgreSQL -------------------------------------------------------------


def _in_columns(rows: Sequence[Row]) -> Iterable[list[Any] | None]:
    """Each column's values as one array; a column without any is a null in its place."""
    for name in rows[0]:
        values = [row[name] for row in rows]
        yield values if any(value is not None for value in values) else None


def _given(table: Table, names: Sequence[str]) -> str:
    arrays = ", ".join(f"%b::{_type(table.c[name])}[]" for name in names)
    return f"unnest({arrays}) AS given ({_listed(names)})"


@cache
def _type(column: Column[Any]) -> str:
    return column.type.compile(_POSTGRESQL)


@cache
def _insert_sql(into: Table, names: tuple[str, ...], same: tuple[str, ...], is_sqlite: bool) -> str:
    inserting = f"INSERT INTO {into.name} ({_listed((*same, *names))})"
    if is_sqlite:
        return f"{inserting} VALUES ({', '.join(f':{name}' for name in (*same, *names))})"
    alike = [f"%b::{_type(into.c[name])}" for name in same]
    values = ", ".join([*alike, *(f'given."{name}"' for name in names)])
    return f"{inserting} SELECT {values} FROM {_given(into, names)}"


@cache
def _update_sql(
    of: Table, keys: tuple[str, ...], names: tuple[str, ...], same: tuple[str, ...], is_sqlite: bool
) -> str:
    values = [name for name in names if name not in keys]
    if is_sqlite:
        setting = ", ".join(f'"{name}" = :{name}' for name in (*same, *values))
        found = " AND ".join(f'"{name}" = :{name}' for name in keys)
        return f"UPDATE {of.name} SET {setting} WHERE {found}"
    alike = [f'"{name}" = %b::{_type(of.c[name])}' for name in same]
    setting = ", ".join([*alike, *(f'"{name}" = given."{name}"' for name in values)])
    found = " AND ".join(f'{of.name}."{name}" = given."{name}"' for name in keys)
    return f"UPDATE {of.name} SET {setting} FROM {_given(of, names)} WHERE {found}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


# --- SQLite -----------------------------------------------------------------


def _in_rows(table: Table, rows: Sequence[Row], same: Row) -> Iterable[dict[str, Any]]:
    """Each row as SQLite keeps it."""
    writers = _writers(table)
    alike = {name: _written(writers, name, value) for name, value in same.items()}
    to_write = [name for name in rows[0] if name in writers]
    for row in rows:
        kept = {**alike, **row}
        for name in to_write:
            if kept[name] is not None:
                kept[name] = writers[name](kept[name])
        yield kept


def _written(writers: Mapping[str, Callable[[Any], Any]], name: str, value: Any) -> Any:
    return value if value is None or name not in writers else writers[name](value)


@cache
def _writers(table: Table) -> Mapping[str, Callable[[Any], Any]]:
    """What turns a value into what SQLite keeps of it, for the columns that need it: days and instants."""
    made = {
        column.name: column.type.dialect_impl(_SQLITE).bind_processor(_SQLITE)
        for column in table.columns
        if column.type.python_type.__name__ in ("date", "datetime")
    }
    return {name: write for name, write in made.items() if write}
