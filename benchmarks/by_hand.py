"""A quality pass as one would write it by hand for one store: plain SQL in DuckDB, and nothing of Kith's.

    python benchmarks/by_hand.py < JOB

The job, as JSON, is what somebody would have typed: the store's `url`, a SELECT for each of its `tables`, and
`rules`: code, severity, dimension and a SELECT of the failing rows (`record_key`, `pointer`), or of the
failing figures (`source_agency`, `about`). Tables are read over ADBC, every rule is one statement, findings
and a scorecard by agency, family, dimension and year are copied into tables of their own in the store.
"""

import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

import duckdb
import psycopg
from adbc_driver_postgresql import dbapi

MEMORY = "384MB"
FINDINGS = "SELECT source_agency, source, family, source_id, rule, severity, pointer, seq"
KEPT = {
    "finding_by_hand": "source_agency text, source text, family text, source_id text, rule text, severity text,"
    " pointer text, seq bigint",
    "card_by_hand": "source_agency text, family text, dimension text, year int, tested bigint, failed bigint",
}


def loaded(connection: duckdb.DuckDBPyConnection, url: str, tables: dict[str, str]) -> None:
    """Read every table as it is."""
    with dbapi.connect(url) as store, store.cursor() as cursor:
        for name, query in tables.items():
            cursor.execute(query)
            rows = cursor.fetch_record_batch()
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM rows')
            del rows


def tested(connection: duckdb.DuckDBPyConnection, rules: Iterable[Sequence[Any]]) -> None:
    """Run every rule: what fails goes into `failure` or, of a figure, into `figure_failure`."""
    connection.execute("CREATE TABLE failure (rule VARCHAR, severity VARCHAR, record_key BIGINT, pointer VARCHAR)")
    connection.execute("CREATE TABLE figure_failure (rule VARCHAR, severity VARCHAR, agency VARCHAR, about VARCHAR)")
    connection.execute("CREATE TABLE rule (rule VARCHAR, dimension VARCHAR)")
    for code, severity, dimension, query, is_rate in rules:
        into = "figure_failure" if is_rate else "failure"
        connection.execute(f"INSERT INTO {into} SELECT '{code}', '{severity}', * FROM ({query})")
        connection.execute("INSERT INTO rule VALUES (?, ?)", [code, dimension])


def findings(connection: duckdb.DuckDBPyConnection, families: Iterable[str]) -> Sequence[Sequence[Any]]:
    records = " UNION ALL ".join(
        f"SELECT '{f}' AS family, seq, source_agency, source, source_id FROM {f}" for f in families
    )
    found = connection.execute(f"{FINDINGS} FROM failure JOIN ({records}) ON seq = record_key").fetchall()
    figures = "SELECT agency, '', '', about, rule, severity, '', 0 FROM figure_failure"
    return [*found, *connection.execute(figures).fetchall()]


def cards(connection: duckdb.DuckDBPyConnection, families: Iterable[str]) -> Sequence[Sequence[Any]]:
    records = " UNION ALL ".join(
        f"SELECT '{f}' AS family, seq, source_agency, year(recorded_at) AS year FROM {f}" for f in families
    )
    return connection.execute(f"""
        WITH failed AS (SELECT DISTINCT record_key AS seq, dimension FROM failure JOIN rule USING (rule))
        SELECT source_agency, family, side.dimension, year, count(*), count(failed.seq)
        FROM ({records}) AS record CROSS JOIN (SELECT DISTINCT dimension FROM rule) AS side
        LEFT JOIN failed ON failed.seq = record.seq AND failed.dimension = side.dimension GROUP BY ALL
    """).fetchall()


def keep(url: str, rows: dict[str, Sequence[Sequence[Any]]]) -> None:
    with psycopg.connect(url) as store, store.cursor() as cursor:
        for name, columns in KEPT.items():
            cursor.execute(f"CREATE TABLE {name} ({columns})")
            with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                for row in rows[name]:
                    copy.write_row(row)


def main() -> None:
    job = json.load(sys.stdin)
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(f"{folder}/by_hand.duckdb", config={"memory_limit": MEMORY}) as connection,
    ):
        loaded(connection, job["url"], job["tables"])
        tested(connection, job["rules"])
        found = findings(connection, job["families"])
        keep(job["url"], {"finding_by_hand": found, "card_by_hand": cards(connection, job["families"])})
    print(len(found))


if __name__ == "__main__":
    main()
