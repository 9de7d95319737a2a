"""Checking files offline: the door's verdict on every line, then the catalogue over what would be held.

Lines go through the door one by one and into DuckDB some at a time, so that a
file of millions is never in memory. All that is given is taken as one source's.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import duckdb
import pyarrow as pa

from quality.catalogue import by_code, rules
from quality.functions import local_date
from quality.rule import Rule, Steady
from quality.run import Result, Run, Status, run
from quality.workspace import Held, add_records, create, opened
from schemas.registry import FAMILIES, TABLES
from services.errors import Remark
from services.extracts.in_flight import frame_problems
from services.inspection.pieces import Piece
from services.store.writing import Put

NOBODY = "this-file"
PIECES_AT_ONCE = 2_000
PIECE = pa.schema(
    {
        "seq": pa.int64(),
        "file": pa.string(),
        "number": pa.int64(),
        "family": pa.string(),
        "source_id": pa.string(),
        "recorded_at": pa.timestamp("us", tz="UTC"),
        "is_put": pa.bool_(),
    }
)
REFUSAL = pa.schema({"seq": pa.int64(), **dict.fromkeys(("rule", "pointer", "code", "detail", "hint"), pa.string())})


@dataclass(frozen=True)
class Told:
    """One thing wrong: where, by which rule, what and how to fix it; `number` is None of a figure of all records."""

    file: str
    number: int | None
    family: str
    source_id: str
    rule: str
    pointer: str
    code: str
    says: str
    hint: str

    @property
    def severity(self) -> str:
        return by_code()[self.rule].severity


@dataclass(frozen=True)
class FileCheck:
    """What was found; refusals and findings are read from the workspace as they are asked for."""

    connection: duckdb.DuckDBPyConnection
    run: Run
    departures: Sequence[str]
    """Where a table that the records make departs from its typed contract; a fault of Kith's, not of the file."""
    lines: int
    refused: int
    findings: int

    def refusals(self) -> Iterator[Told]:
        """What the door refused lines for, in their order."""
        query = f"SELECT {_PLACE}, rule, pointer, code, detail, hint FROM refusal JOIN piece USING (seq) ORDER BY ALL"
        return (Told(*row) for row in _rows(self.connection, query))

    def found(self) -> Iterator[Told]:
        """What the rules found in the other lines, in their order."""
        for file, number, family, source_id, code, pointer in _rows(self.connection, f"{_FOUND} ORDER BY ALL"):
            rule = by_code()[code]
            yield Told(file, number, family, source_id, code, pointer, "", rule.says, rule.hint)

    def by_rule(self) -> Iterator[tuple[Result, int]]:
        """What became of every rule, and how many lines the door refused by it; by one that did, it failed."""
        query = "SELECT rule, count(DISTINCT seq) FROM refusal GROUP BY rule"
        refused = dict(self.connection.execute(query).fetchall())
        return ((result, refused.get(result.rule.code, 0)) for result in self.run.results)


_PLACE = "file, number, coalesce(family, ''), coalesce(source_id, '')"
_FOUND = f"""
    SELECT {_PLACE}, rule, pointer FROM failure JOIN piece ON CAST(piece.seq AS VARCHAR) = failure.record_key
    UNION ALL SELECT '', NULL, '', about, rule, '' FROM figure_failure
"""


@contextmanager
def checked(
    pieces: Iterable[Piece],
    at: datetime,
    each: Callable[[int], None] = lambda lines: None,
    each_rule: Callable[[], None] = lambda: None,
) -> Iterator[FileCheck]:
    """Check pieces as of an instant; nothing is sent, and what is held meanwhile is gone afterwards."""
    with opened() as connection:
        _take(connection, pieces, at, each)
        _leave_what_is_held(connection)
        departures = frame_problems(connection)
        done = run(connection, rules(), local_date(at), skip=_looks_back, each=each_rule)
        counts = "SELECT (SELECT count(*) FROM piece), (SELECT count(DISTINCT seq) FROM refusal)"
        found = f"{counts}, (SELECT count(*) FROM ({_FOUND}))"
        yield FileCheck(connection, done, departures, *connection.execute(found).fetchall()[0])


def _looks_back(rule: Rule) -> str:
    return "a file holds no earlier versions" if isinstance(rule.logic, Steady) else ""


def _take(
    connection: duckdb.DuckDBPyConnection, pieces: Iterable[Piece], at: datetime, each: Callable[[int], None]
) -> None:
    create(connection)
    for name, schema in (("piece", PIECE), ("refusal", REFUSAL)):
        _append(connection, name, schema, [])
    numbered = enumerate(pieces, 1)
    while some := list(islice(numbered, PIECES_AT_ONCE)):
        _append(connection, "piece", PIECE, [_as_row(seq, piece) for seq, piece in some])
        _append(connection, "refusal", REFUSAL, [row for seq, piece in some for row in _refusals(seq, piece)])
        puts = [(seq, change) for seq, piece in some if isinstance(change := piece.line.checked.change, Put)]
        for family in FAMILIES:
            add_records(connection, family, ((_held(n, p, at), p.record) for n, p in puts if p.family is family))
        each(len(some))


def _as_row(seq: int, piece: Piece) -> dict[str, Any]:
    line, change = piece.line, piece.line.checked.change
    said: dict[str, Any] = {"family": line.family, "source_id": line.source_id}
    if isinstance(change, Put):
        said |= {"recorded_at": change.record.recorded_at, "is_put": True}
    elif change:
        said |= {"recorded_at": change.recorded_at, "is_put": False}
    return dict.fromkeys(PIECE.names) | {"seq": seq, "file": piece.file, "number": piece.number} | said


def _refusals(seq: int, piece: Piece) -> Iterator[dict[str, Any]]:
    errors: Sequence[Remark] = piece.line.checked.errors
    yield from ({name: getattr(error, name, seq) for name in REFUSAL.names} for error in errors)


def _held(seq: int, put: Put, at: datetime) -> Held:
    return Held(seq, NOBODY, NOBODY, put.source_id, 1, at, put.family.child_of(put.source_id, put.record))


def _leave_what_is_held(connection: duckdb.DuckDBPyConnection) -> None:
    """Of several lines under one key the one recorded last counts, as it would in the store."""
    connection.execute("""
        CREATE TEMP TABLE outdated AS SELECT seq FROM piece WHERE is_put IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY family, source_id ORDER BY recorded_at DESC, seq DESC) > 1 OR NOT is_put
    """)
    if connection.execute("SELECT count(*) FROM outdated").fetchall() != [(0,)]:
        for table in TABLES:
            connection.execute(f"DELETE FROM {table.name} WHERE seq IN (SELECT seq FROM outdated)")


def _append(
    connection: duckdb.DuckDBPyConnection, table: str, schema: pa.Schema, rows: Sequence[dict[str, Any]]
) -> None:
    """Add rows to a table, which is made when there is none."""
    connection.register("incoming", pa.Table.from_pylist(list(rows), schema=schema))
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table} AS SELECT * FROM incoming LIMIT 0")
    connection.execute(f"INSERT INTO {table} SELECT * FROM incoming")
    connection.unregister("incoming")


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[Any, ...]]:
    asked = connection.execute(query)
    while some := asked.fetchmany(PIECES_AT_ONCE):
        yield from some


def as_json(found: FileCheck) -> dict[str, Any]:
    """A check as the command line prints it."""
    by_line: dict[tuple[str, int | None], dict[str, Any]] = {}
    for told in found.refusals():
        one = {"file": told.file, "line": told.number, "family": told.family, "source_id": told.source_id}
        error = {"pointer": told.pointer, "code": told.code, "rule": told.rule, "detail": told.says, "hint": told.hint}
        by_line.setdefault((told.file, told.number), one | {"errors": []})["errors"].append(error)
    findings = [
        {"file": told.file, "line": told.number, "family": told.family, "source_id": told.source_id}
        | {"rule": told.rule, "severity": told.severity, "pointer": told.pointer}
        for told in found.found()
    ]
    ran = [_as_json(result, refused) for result, refused in found.by_rule()]
    return {"lines": found.lines, "refused": list(by_line.values()), "findings": findings, "rules": ran}


def status_of(result: Result, refused: int) -> Status:
    """What became of a rule, a line that was refused by it counted in."""
    return Status.FAIL if refused else result.status


def _as_json(result: Result, refused: int) -> dict[str, Any]:
    counts = {"tested": result.denominator, "failed": result.failed, "refused": refused}
    return {"rule": result.rule.code, "status": status_of(result, refused), **counts, "why": result.why}
