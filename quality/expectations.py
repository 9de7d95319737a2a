"""What Great Expectations is asked: the failing rows of rules counted a second time, and whatever else is expected.

Kith's own pass has counted failing rows already; `recount` is the independent check that it counted
right. Great Expectations runs in a process of its own (quality.validation: a job as JSON on stdin, the
answers as JSON on stdout), so that whoever asks never loads it, and so that a DuckDB file is opened
with one configuration only: to read.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Expectation:
    """One expectation of a table: Great Expectations' own class `kind`, with its `arguments`.

    `rule` is what the answer goes by; `gate` says that a failing row stops the release.
    """

    rule: str
    table: str
    kind: str
    arguments: Mapping[str, Any]
    gate: bool = False


@dataclass(frozen=True)
class Data:
    """A database, and what is expected of it.

    `address` is a DuckDB file or the SQLAlchemy URL of a PostgreSQL database, there to be read as `role`.
    `queries` are what to read, by table, where it is not the table itself. `keys` are columns, by table,
    that name a failing row in its answer; of other tables no value ever leaves the database.
    """

    name: str
    address: str
    expectations: Sequence[Expectation]
    queries: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    role: str = ""


@dataclass(frozen=True)
class Recount:
    """A rule to count again.

    `table` is the table that the rule is about, `failing_rows_sql` a SELECT of its failing rows
    over any tables of the file; `gate` says that a failing row stops the release.
    """

    rule: str
    table: str
    failing_rows_sql: str
    gate: bool

    @property
    def expectation(self) -> Expectation:
        query = {"unexpected_rows_query": _query(self)}
        return Expectation(self.rule, self.table, "UnexpectedRowsExpectation", query, self.gate)


@dataclass(frozen=True)
class Recounted:
    """An answer: `failed` rows (1 where it is of a table as a whole), or None and the `problem` that stopped the count.

    `rows` are the keys of the first of them, where Data.keys asks for them.
    """

    rule: str
    failed: int | None
    problem: str | None
    rows: Sequence[Mapping[str, Any]] = field(default_factory=list)


class RecountCrashed(RuntimeError):
    """The process that recounts ended without an answer for any rule."""


def recount(database: Path, recounts: Sequence[Recount], docs: Path | None = None) -> list[Recounted]:
    """One answer for each recount over a DuckDB file, in their order; raises what `validate` does."""
    return validate([recounting(database, recounts)], docs)[0]


def recounting(database: Path, recounts: Sequence[Recount]) -> Data:
    """A DuckDB file with what is to be counted again of it."""
    return Data("", str(database.absolute()), [each.expectation for each in recounts])


def validate(
    asked: Sequence[Data], docs: Path | None = None, kept: Path | None = None, notice: str = ""
) -> list[list[Recounted]]:
    """One answer for each expectation of each database, in their order.

    With `docs`, Data Docs are made in that new folder, each page under the `notice`; with `kept`, what they are
    made of is kept in that file, for `write_docs`. Raises FileExistsError when `docs` already has something in it, and
    RecountCrashed when Great Expectations could not run at all, as when a file is not of DuckDB, or
    when someone (whoever asks included) still has it open for writing.
    """
    job = {
        "data": [asdict(each) for each in asked],
        "docs": _new(docs),
        "kept": None if kept is None else str(kept.absolute()),
        "notice": notice,
    }
    answers = json.loads(_in_its_own_process("quality.validation", job))
    return [[Recounted(**answer) for answer in of_one] for of_one in answers]


def write_docs(kept: Path, docs: Path) -> None:
    """Data Docs of what `validate` kept, in a new folder; raises what `validate` does."""
    _in_its_own_process("quality.data_docs", {"kept": str(kept.absolute()), "docs": _new(docs)})


def _new(docs: Path | None) -> str | None:
    if docs is not None and docs.exists() and any(docs.iterdir()):
        raise FileExistsError(f"Data Docs are built in a new folder, and {docs} is not empty.")
    return None if docs is None else str(docs.absolute())


def _in_its_own_process(module: str, job: Mapping[str, Any]) -> str:
    child = subprocess.run(  # noqa: S603 (one of this package's own two modules)
        [sys.executable, "-m", module],
        input=json.dumps(job),
        capture_output=True,
        encoding="utf-8",
        cwd=Path(__file__).parents[1],  # where `quality` is found, installed or not
        env=os.environ | {"GX_ANALYTICS_ENABLED": "false", "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    if child.returncode != 0:
        raise RecountCrashed(sentence(child.stderr.strip().rpartition("\n")[2]))
    return child.stdout


def _query(each: Recount) -> str:
    """The rule's query as Great Expectations must be told it.

    It selects no column, so that no failing row's values leave DuckDB: only their number does.
    The rule's code tells a reader of Data Docs which rule it is, and makes every query unlike
    the others, as two alike would be taken for one.
    """
    rows = each.failing_rows_sql.rstrip().rstrip(";")
    code = f"{each.rule}, a gate" if each.gate else each.rule
    sql = f"/* {code} */ SELECT 1 AS failing FROM (\n{rows}\n) AS failing_rows"
    return _TAKEN_FOR_A_PARAMETER.sub(r"\\\g<0>", sql).replace("{", "{{").replace("}", "}}")


# SQLAlchemy reads ` :word` as a parameter, even in a literal, unless a backslash comes before it,
# and takes one backslash from before a colon. These are its own two patterns.
_TAKEN_FOR_A_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w+(?![:\w]))|\\(?=:\w*(?![:\w]))")

_DUCKDB_ERROR = re.compile(r"\b(?P<kind>[A-Z]\w*(?: \w+)*) Error: (?P<says>.*)")
_TELLS_NO_RECORD = {"Binder", "Catalog", "IO", "Parser"}
_QUOTES_ITS_VALUES = {"Conversion", "Out of Range"}
_VALUE = re.compile(r"""['"].*['"]|\b\d[\d.:+-]*""")


def sentence(message: str) -> str:
    """The first line from DuckDB's own words on, without what they may quote from a record."""
    first_line = message.partition("\n")[0]
    found = _DUCKDB_ERROR.search(first_line)
    if found is None:
        return first_line
    if found["kind"] in _TELLS_NO_RECORD:
        return found[0]
    if found["kind"] in _QUOTES_ITS_VALUES:
        return f"{found['kind']} Error: {_VALUE.sub('(withheld)', found['says'])}"
    return f"{found['kind']} Error: its words are withheld, as they may tell a record."
