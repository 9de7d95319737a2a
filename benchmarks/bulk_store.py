"""A store filled in bulk with made-up care episodes and referrals, as if posted: for measuring runs over it.

DuckDB makes the rows, PostgreSQL takes them by COPY and SQLite by its own driver;
the journal stays empty, since no run over the store reads it. One record in 100
has a fault. Every child has two episodes and two referrals, and is known to one
source of one of 32 councils.
"""

import csv
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
from sqlalchemy import make_url

from schemas.codelists import code_list

COUNCIL = "councils[1 + (i // 2) % 32]"
"""Whose a record is: of its child's."""
HELD = f"""{COUNCIL} AS source_agency, lower({COUNCIL}) || '-social-work' AS source, 1 AS version,
    TIMESTAMPTZ '2026-01-01 00:00:00+00' AS kept_at, recorded_at, 'social-worker' AS recorded_by_role"""
FAULTY = "hash(i, 7) % 100 = 0"
CHILDREN, EPISODES, REFERRALS = 0, 1, 2
"""The million million that the versions of a family are numbered from, so that none is another's."""


def _made(episodes: int, placements: int, legal_reasons: int) -> Iterator[tuple[str, str]]:
    """Each table of the store with the query that makes its rows; parts are as many in all as are given."""
    begun = "DATE '2014-01-01' + CAST(hash(i // 2, 3) % 3000 AS INTEGER)"
    place = f"SELECT i, {begun} + CAST(i % 2 * 700 AS INTEGER) AS began FROM range({episodes}) AS made (i)"
    yield (
        "children",
        f"""
        SELECT i AS seq, {HELD}, 'c-' || i AS source_id, 'Isla' AS given_name, 'Example' AS family_name,
            DATE '2010-01-01' + CAST(hash(i, 5) % 700 AS INTEGER) AS date_of_birth,
            CASE WHEN {FAULTY} THEN 'unborn' ELSE ['female', 'male'][1 + i % 2] END AS sex, {COUNCIL} AS local_authority
        FROM range({(episodes + 1) // 2}) AS made (i), councils, instant
        """.replace(COUNCIL, "councils[1 + i % 32]"),
    )
    yield (
        "care_episodes",
        f"""
        SELECT {EPISODES}000000000000 + i AS seq, {HELD}, 'e-' || i AS source_id, 'c-' || i // 2 AS child,
            {COUNCIL} AS responsible_authority, began AS started_on,
            ['R-NEG', 'R-PSU', 'R-DOM'][1 + CAST(hash(i, 9) % 3 AS INTEGER)] AS primary_reason,
            ['childrens_hearing', 's25_agreement'][1 + i % 2] AS route, 'childrens-hearing' AS decided_by_role,
            {_ENDED} AS ended_on,
            CASE WHEN i % 2 = 0 THEN 'E-RHP' END AS end_reason,
            CASE WHEN i % 2 = 0 AND NOT {FAULTY} THEN 'home_with_parents' END AS destination
        FROM ({place}), councils, instant
        """,
    )
    yield "care_episodes_placements", _parts("p-", placements, episodes, place, _PLACEMENT)
    yield "care_episodes_legal_reasons", _parts("l-", legal_reasons, episodes, place, _LEGAL_REASON)
    yield (
        "referrals",
        f"""
        SELECT {REFERRALS}000000000000 + i AS seq, {HELD}, 'r-' || i AS source_id, 'c-' || i // 2 AS child,
            received_at, received_at - INTERVAL 1 HOUR AS contact_at, 'referral' AS clock_start,
            'school' AS referral_source,
            'social_work' AS referred_to, ['R-NEG', 'R-PSU'][1 + i % 2] AS primary_reason, true AS family_informed,
            'The school asks for help for this child, whose needs it has written down here at some length.' AS summary,
            'assessment_s22' AS decision, 'below' AS protection_threshold, 'team-leader' AS decided_by_role,
            CASE WHEN {FAULTY} THEN received_at - INTERVAL 3 DAY ELSE received_at + INTERVAL 1 DAY END AS decided_at
        FROM (SELECT i, TIMESTAMPTZ '2013-01-01 10:00:00+00' + to_hours(CAST(hash(i) % 90000 AS INTEGER)) AS received_at
              FROM range({episodes}) AS made (i)), councils, instant
        """,
    )


_ENDED = "CASE WHEN i % 2 = 0 THEN began + 400 END"
_PLACEMENT = f"""'at_home' AS type, began + 30 * nth AS started_on,
    CASE WHEN is_last THEN {_ENDED} WHEN hash(i, nth) % 100 = 0 THEN began - 1 ELSE began + 30 * (nth + 1) END
        AS ended_on, CASE WHEN NOT is_last THEN 'C-HRG' END AS change_reason,
    CASE WHEN NOT is_last THEN true END AS is_planned, 'all' AS with_siblings"""
_LEGAL_REASON = f"""CASE WHEN hash(i, nth) % 100 = 0 THEN 'no_such' ELSE 'permanence_order' END
        AS legal_reason, began + 30 * nth AS started_on, CASE WHEN is_last THEN {_ENDED} ELSE began + 30 * (nth + 1) END
        AS ended_on, CASE WHEN NOT is_last THEN 'L-VAR' END AS change_reason"""


def _parts(ids: str, parts: int, episodes: int, place: str, columns: str) -> str:
    """So many parts, the same number of every episode but for what is over."""
    return f"""
        SELECT {EPISODES}000000000000 + i AS seq, {COUNCIL} AS source_agency, nth AS position, '{ids}' || nth AS id,
            {columns}
        FROM (SELECT *, nth + 1 = {parts // episodes} + CAST(i < {parts % episodes} AS INTEGER) AS is_last
              FROM ({place}), (SELECT CAST(nth AS INTEGER) AS nth FROM range({parts // episodes + 1}) AS made (nth))
              WHERE nth < {parts // episodes} OR i < {parts % episodes}), councils
    """


def fill(store_url: str, episodes: int, placements: int = 0, legal_reasons: int = 0) -> dict[str, int]:
    """Fill a migrated store; how many rows each table has. Of parts, one an episode unless more are asked for."""
    councils = [code for code in code_list("local_authorities").rows if code.startswith("S12")][:32]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE TABLE councils AS SELECT ? AS councils", [councils])
    connection.execute("CREATE TABLE instant AS SELECT TIMESTAMPTZ '2025-06-02 08:30:00+00' AS recorded_at")
    made = dict(_made(episodes, placements or episodes, legal_reasons or episodes))
    into = _into_sqlite if make_url(store_url).get_backend_name() == "sqlite" else _into_postgresql
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for table, query in (made | dict(_around(made["children"]))).items():
            file = Path(folder) / f"{table}.csv"
            connection.execute(f"COPY ({query}) TO '{file}' (HEADER, NULLSTR '\\N')")
            rows[table] = into(store_url, table, file)
    return rows


def _around(children: str) -> Iterator[tuple[str, str]]:
    """Sources, and the child behind each children record."""
    known = f"SELECT *, 'child-' || seq AS child FROM ({children})"
    yield "source", f"SELECT DISTINCT source AS name, source_agency AS agency, kept_at AS created_at FROM ({children})"
    yield "child", f"SELECT child, kept_at AS created_at FROM ({known})"
    yield (
        "link",
        (f"SELECT source_agency, source, source_id, child, 'new' AS how, kept_at AS received_at FROM ({known})"),
    )


def _into_postgresql(store_url: str, table: str, file: Path) -> int:
    url = make_url(store_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection, file.open("rb") as lines:
        columns = ", ".join(f'"{name}"' for name in lines.readline().decode().strip().split(","))
        copied = connection.cursor()
        with copied.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv, NULL '\\N')") as copy:
            while some := lines.read(1 << 20):
                copy.write(some)
        connection.execute(f"ANALYZE {table}")
        return copied.rowcount


def _into_sqlite(store_url: str, table: str, file: Path) -> int:
    """SQLite keeps days and instants as text, and true as 1."""
    connection = sqlite3.connect(make_url(store_url).database or "")
    with file.open(encoding="utf-8", newline="") as text, connection:
        lines = csv.reader(text)
        names = next(lines)
        statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        written = connection.executemany(statement, ([_kept(cell) for cell in line] for line in lines))
    connection.close()
    return written.rowcount


def _kept(cell: str) -> str | int | None:
    if cell == "\\N":
        return None
    if cell in ("true", "false"):
        return int(cell == "true")
    return cell.removesuffix("+00") + ("" if "." in cell else ".000000") if cell.endswith("+00") else cell
