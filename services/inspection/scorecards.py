"""Scorecards: how much of what each agency posted has nothing to put right, worked out in the pass that runs the rules.

What is counted is whole records. A record *fails* on a side of quality (a
dimension) where it breaks at least one rule of that side that is in the score:
one that costs more than info and is not experimental. A score is
1 - records failed / records tested, of one agency, family, side and year; the
side `all` is any of them. Tested are the family's records held at the run, if
any rule of that side ran; those older than their source's going live are left
out. A record's year, 1 August to 31 July, is that of the first day that its
family requires (a release's `coverage` says the same), so that last year stands
beside this year in the very first run.

Beside a score stand last year's, and that of similar agencies together, the
agency's own left out: councils of its benchmarking group, or others of its kind.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from quality.run import Run
from quality.usual import DEVIATIONS, FEWEST_AGENCIES, FEWEST_RECORDS, LEAST_POINTS, LEAST_SHARE
from schemas.codelists import code_list
from schemas.record import Family
from schemas.registry import FAMILIES
from services.extracts.shape import child_column
from services.measures.years import FIRST_MONTH, name_of
from services.store.scorecards import ALL

FEWEST_SIMILAR = 2
"""Fewer other agencies than this are not told of: it would be one agency's own figure."""
Row = dict[str, Any]


def prepare(connection: duckdb.DuckDBPyConnection, done: Run) -> None:
    """Make the tables that scorecards are counted from: rules that ran, records in the score, who is like whom."""
    rules = (result.rule for result in done.results if result.failed is not None)
    ran = [(rule.code, rule.family, rule.dimension.value, rule.in_score) for rule in rules]
    _fill(connection, "ran (rule VARCHAR, family VARCHAR, dimension VARCHAR, in_score BOOLEAN)", ran)
    records = " UNION ALL ".join(_records(family) for family in FAMILIES)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE scored AS
        SELECT record.*, year(day) - CAST(month(day) < {FIRST_MONTH} AS BIGINT) AS year
        FROM ({records}) AS record LEFT JOIN source ON source.name = record.source
        WHERE coalesce(CAST(timezone('Europe/London', recorded_at) AS DATE) >= source.live_from, true)
    """)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE broken AS
        SELECT DISTINCT source_agency, scored.family, seq, child, rule, dimension, in_score
        FROM failure JOIN ran USING (rule) JOIN scored ON CAST(seq AS VARCHAR) = record_key
    """)
    agencies = [code for (code,) in connection.execute("SELECT DISTINCT source_agency FROM scored").fetchall()]
    likenesses = [(code, *alike(code)) for code in agencies]
    _fill(connection, "agency (source_agency VARCHAR, kind VARCHAR, alike VARCHAR)", likenesses)


def alike(agency: str) -> tuple[str, str]:
    """An agency's kind, and the group within it that it is compared with."""
    row = code_list("agencies").rows.get(agency)
    kind = row["kind"] if row else agency.partition("-")[0]
    area = code_list("local_authorities").rows.get(agency, {})
    return kind, f"{kind} {area.get('benchmarking_group', '')}"


def cards(connection: duckdb.DuckDBPyConnection) -> Iterator[Row]:
    """A row for every agency, family, side and year, with what stands beside it."""
    yield from _rows(connection, _CARDS)


def gains(connection: duckdb.DuckDBPyConnection) -> Iterator[Row]:
    """What each agency has to put right: records and children by rule, and the records that fail for that rule alone.

    `gained` of them would pass if the rule were kept. The rule `all` is every
    rule in the score together, each record and child counted once.
    """
    yield from _rows(connection, _GAINS)


def _records(family: Family) -> str:
    """SQL for a family's records: whose, which year's, about which child."""
    table = family.tables[0]
    own = child_column(table)
    child = f"coalesce(linked_child, source || '/' || {own})" if own else "CAST(NULL AS VARCHAR)"
    return (
        f"SELECT '{family.name}' AS family, seq, source_agency, source, recorded_at, {child} AS child, "
        f"{day_of(family)} AS day FROM {table.name}"
    )


def day_of(family: Family) -> str:
    """SQL for the day that says of which year a record tells: its first required one, else when it was recorded."""
    required = (c for c in family.tables[0].columns if c.required and c.kind in ("date", "instant"))
    column = next((c for c in required if c.name != "recorded_at"), family.tables[0].column("recorded_at"))
    return column.name if column.kind == "date" else f"CAST(timezone('Europe/London', {column.name}) AS DATE)"


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Make a small table."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}")
    if rows:
        places = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {table.split()[0]} VALUES ({places})", rows)


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[Row]:
    """A query's rows by column, a year by its name."""
    asked = connection.execute(query)
    names = [column[0] for column in asked.description or ()]
    for found in asked.fetchall():
        row = dict(zip(names, found, strict=True))
        yield row | {"year": name_of(row["year"])} if "year" in row else row


_CARDS = f"""
    WITH side AS (
        SELECT DISTINCT family, dimension FROM ran WHERE in_score
        UNION SELECT DISTINCT family, '{ALL}' FROM ran WHERE in_score
    ),
    fails AS (
        SELECT DISTINCT seq, dimension FROM broken WHERE in_score
        UNION SELECT DISTINCT seq, '{ALL}' FROM broken WHERE in_score
    ),
    card AS (
        SELECT source_agency, family, dimension, year, count(*) AS tested, count(fails.seq) AS failed
        FROM scored JOIN side USING (family) LEFT JOIN fails USING (seq, dimension)
        GROUP BY ALL
    ),
    beside AS (
        SELECT card.*, kind, last.tested AS last_tested, last.failed AS last_failed,
            count(*) OVER alike - 1 AS others,
            sum(card.tested) OVER alike - card.tested AS others_tested,
            sum(card.failed) OVER alike - card.failed AS others_failed,
            last.failed / last.tested - card.failed / card.tested AS change,
            card.tested / last.tested - 1 AS growth,
            least(card.tested, last.tested) >= {FEWEST_RECORDS} AS is_judged
        FROM card JOIN agency USING (source_agency)
        LEFT JOIN card AS last ON last.source_agency = card.source_agency AND last.family = card.family
            AND last.dimension = card.dimension AND last.year = card.year - 1
        WINDOW alike AS (PARTITION BY agency.alike, card.family, card.dimension, card.year)
    ),
    usual AS (
        SELECT kind, family, dimension, year, count(*) AS agencies,
            median(change) AS change, greatest({DEVIATIONS} * mad(change), {LEAST_POINTS}) AS change_reach,
            median(growth) AS growth, greatest({DEVIATIONS} * mad(growth), {LEAST_SHARE}) AS growth_reach
        FROM beside WHERE is_judged GROUP BY ALL
    )
    SELECT source_agency, beside.family, beside.dimension, beside.year, tested, failed, last_tested, last_failed,
        CASE WHEN others >= {FEWEST_SIMILAR} THEN CAST(others_tested AS BIGINT) END AS similar_tested,
        CASE WHEN others >= {FEWEST_SIMILAR} THEN CAST(others_failed AS BIGINT) END AS similar_failed,
        coalesce(is_judged AND agencies >= {FEWEST_AGENCIES}
            AND abs(beside.change - usual.change) > change_reach, false) AS score_is_unusual,
        coalesce(is_judged AND agencies >= {FEWEST_AGENCIES}
            AND abs(beside.growth - usual.growth) > growth_reach, false) AS count_is_unusual
    FROM beside LEFT JOIN usual ON usual.kind = beside.kind AND usual.family = beside.family
        AND usual.dimension = beside.dimension AND usual.year = beside.year
    ORDER BY source_agency, beside.family, beside.dimension, beside.year
"""
_GAINS = f"""
    WITH failing AS (
        SELECT *, count(*) FILTER (WHERE in_score) OVER (PARTITION BY seq) AS rules FROM broken
    )
    SELECT source_agency, family, rule, count(DISTINCT seq) AS records, count(DISTINCT child) AS children,
        count(*) FILTER (WHERE in_score AND rules = 1) AS gained
    FROM failing GROUP BY ALL
    UNION ALL
    SELECT source_agency, '{ALL}', '{ALL}', count(DISTINCT seq), count(DISTINCT child), count(DISTINCT seq)
    FROM failing WHERE in_score GROUP BY ALL
    ORDER BY ALL
"""
