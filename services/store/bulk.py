"""Many rows in one statement, on both databases.

PostgreSQL takes each column as an array, one round trip a table: 1.3 times the
cost of a raw COPY, where COPY itself would be refused under row-level security
and a temporary stage costs a file truncated at every commit. A few rows go as
one JSON text: a statement then costs a third (decision 12). SQLite takes the
rows one by one from a prepared statement.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar, cast

import orjson
from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import postgresql

from services.store.arrays import Array, array
from services.store.columns import kept_day, kept_instant

Row = Mapping[str, Any]
Made = TypeVar("Made")
FEW = 24
"""So many rows go to PostgreSQL as JSON."""
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


def together(connection: Connection) -> AbstractContextManager[Any]:
    """Statements within are sent to PostgreSQL without waiting for the answer of the one before."""
    return nullcontext() if _is_sqlite(connection) else connection.connection.driver_connection.pipeline()  # type: ignore[union-attr]


def insert(connection: Connection, into: Table, rows: Sequence[Row], same: Row | None = None) -> None:
    """Insert rows, all with the same columns; `same` are columns with one value for all of them."""
    if rows:
        _run(connection, _insert_sql(into, *_shape(connection, rows, same)), into, rows, same)


def insert_new(connection: Connection, into: Table, rows: Sequence[Row]) -> Callable[[], int]:
    """Insert the rows whose key is not there yet, in their order; what says, once it is done, how many were new."""
    if not rows:
        return lambda: 0
    statement = _insert_sql(into, *_shape(connection, rows, None))
    cursor = _run(connection, f"{statement} ON CONFLICT DO NOTHING", into, rows, None)
    return lambda: int(cursor.rowcount)


def update(
    connection: Connection,
    of: Table,
    keys: Sequence[str],
    rows: Sequence[Row],
    same: Row | None = None,
    where: str = "TRUE",
) -> None:
    """Set, in the rows that have these `keys`, the other columns given; `same` for all of them alike.

    `where`: only of those for which this holds.
    """
    if rows:
        statement = _update_sql(of, tuple(keys), *_shape(connection, rows, same))
        _run(connection, f"{statement} AND {where}", of, rows, same)


def select(
    connection: Connection, query: str, names: Sequence[str], rows: Sequence[Sequence[str]], made: Callable[..., Made]
) -> list[Made]:
    """What `made` makes of each row of a query that reads `{given}`: a relation of texts, of those names and rows.

    SQLite gives days and instants as it keeps them: `made` reads them (`read_day`, `read_instant`).
    """
    cursor = connection.connection.cursor()
    if _is_sqlite(connection):
        cursor.execute(query.format(given=_given_json(tuple(names))), (json.dumps(rows),))
    else:
        arrays = ", ".join("%b::text[]" for _ in names)
        given = f"unnest({arrays}) AS given ({', '.join(names)})"
        cursor.execute(query.format(given=given), [array("TEXT", column) for column in zip(*rows, strict=True)])
    return [made(*row) for row in cursor.fetchall()]


Way = str
"""How rows go to the database: to SQLite, or to PostgreSQL as JSON or as arrays."""
SQLITE, JSON, ARRAYS = "sqlite", "json", "arrays"


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _way(connection: Connection, rows: Sequence[Row]) -> Way:
    return SQLITE if _is_sqlite(connection) else JSON if len(rows) <= FEW else ARRAYS


def _shape(
    connection: Connection, rows: Sequence[Row], same: Row | None
) -> tuple[tuple[str, ...], tuple[str, ...], Way]:
    """What a statement is written for: the columns of its rows, those alike in all, and how the rows go."""
    return tuple(rows[0]), tuple(same or ()), _way(connection, rows)


def _run(connection: Connection, statement: str, table: Table, rows: Sequence[Row], same: Row | None) -> Any:
    cursor, way = connection.connection.cursor(), _way(connection, rows)
    if way == SQLITE:
        cursor.executemany(statement, cast(Any, _in_rows(table, rows, same or {})))
    else:
        given = [orjson.dumps(rows).decode()] if way == JSON else _in_columns(table, rows)
        cursor.execute(statement, [*(same or {}).values(), *given])
    return cursor


# --- PostgreSQL -------------------------------------------------------------


def _in_columns(table: Table, rows: Sequence[Row]) -> Iterable[Array | list[Any] | None]:
    """Each column's values as one array; a column without any is a null in its place."""
    for name in rows[0]:
        values = [row[name] for row in rows]
        yield array(_type(table.c[name]), values) if any(value is not None for value in values) else None


def _given(table: Table, names: Sequence[str], way: Way) -> str:
    if way == JSON:
        columns = ", ".join(f'"{name}" {_type(table.c[name])}' for name in names)
        return f"json_to_recordset(%b::json) AS given ({columns})"
    arrays = ", ".join(f"%b::{_type(table.c[name])}[]" for name in names)
    return f"unnest({arrays}) AS given ({_listed(names)})"


@cache
def _type(column: Column[Any]) -> str:
    return column.type.compile(_POSTGRESQL)


@cache
def _insert_sql(into: Table, names: tuple[str, ...], same: tuple[str, ...], way: Way) -> str:
    inserting = f"INSERT INTO {into.name} ({_listed((*same, *names))})"
    if way == SQLITE:
        return f"{inserting} VALUES ({', '.join(f':{name}' for name in (*same, *names))})"
    alike = [f"%b::{_type(into.c[name])}" for name in same]
    values = ", ".join([*alike, *(f'given."{name}"' for name in names)])
    return f"{inserting} SELECT {values} FROM {_given(into, names, way)}"


@cache
def _update_sql(of: Table, keys: tuple[str, ...], names: tuple[str, ...], same: tuple[str, ...], way: Way) -> str:
    values = [name for name in names if name not in keys]
    if way == SQLITE:
        setting = ", ".join(f'"{name}" = :{name}' for name in (*same, *values))
        found = " AND ".join(f'"{name}" = :{name}' for name in keys)
        return f"UPDATE {of.name} SET {setting} WHERE {found}"
    alike = [f'"{name}" = %b::{_type(of.c[name])}' for name in same]
    setting = ", ".join([*alike, *(f'"{name}" = given."{name}"' for name in values)])
    found = " AND ".join(f'{of.name}."{name}" = given."{name}"' for name in keys)
    return f"UPDATE {of.name} SET {setting} FROM {_given(of, names, way)} WHERE {found}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


# --- SQLite -----------------------------------------------------------------


@cache
def _given_json(names: tuple[str, ...]) -> str:
    members = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(names))
    return f"(SELECT {members} FROM json_each(?)) AS given"


def _in_rows(table: Table, rows: Sequence[Row], same: Row) -> Iterable[dict[str, Any]]:
    """Each row as SQLite keeps it."""
    writers = _writers(table)
    alike = {name: _written(writers, name, value) for name, value in same.items()}
    to_write = [(name, writers[name]) for name in rows[0] if name in writers]
    for row in rows:
        kept = {**alike, **row}
        for name, write in to_write:
            if kept[name] is not None:
                kept[name] = write(kept[name])
        yield kept


def _written(writers: Mapping[str, Callable[[Any], Any]], name: str, value: Any) -> Any:
    return value if value is None or name not in writers else writers[name](value)


_WRITERS: Mapping[type, Callable[[Any], str]] = {date: kept_day, datetime: kept_instant}


@cache
def _writers(table: Table) -> Mapping[str, Callable[[Any], str]]:
    """What turns a value into what SQLite keeps of it, for the columns that need it: days and instants."""
    kinds = ((column.name, column.type.python_type) for column in table.columns)
    return {name: _WRITERS[kind] for name, kind in kinds if kind in _WRITERS}
