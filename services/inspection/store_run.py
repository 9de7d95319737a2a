"""A quality run over the store: every rule over what is held now, its findings kept for the agencies."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from quality.catalogue import by_code, rules
from quality.content import note_contents
from quality.functions import local_date
from quality.rule import Severity
from quality.run import Result, Run, run
from quality.workspace import opened
from schemas.registry import FAMILIES
from services.extracts.source import about, load, load_earlier, load_sources, reader_of
from services.inspection.reasons import answers
from services.inspection.recounting import recounted
from services.inspection.scorecards import cards, gains, prepare
from services.store import runs, scorecards
from services.store.engine import Store, settled_now
from services.store.runs import Seen

RECORD = "source_agency, source, source_id, recorded_at"


@dataclass(frozen=True)
class StoreRun:
    """A run as it was kept: what became of the rules, and how many places were found wrong."""

    number: int
    run: Run
    by_severity: Counter[str]

    @property
    def findings(self) -> int:
        return self.by_severity.total()


def run_over_store(
    store_url: str, each: Callable[[str], None] = lambda step: None, recount_in: Path | None = None
) -> StoreRun:
    """Load the store, test every rule, keep results and findings; `each` is told of every step.

    With `recount_in`, a folder of Kith's own, every rule is counted a second time before anything is kept.
    """
    store = Store(store_url)
    try:
        with opened() as connection:
            return _run_over(store, store_url, connection, each, recount_in)
    finally:
        store.close()


def _run_over(
    store: Store,
    store_url: str,
    connection: duckdb.DuckDBPyConnection,
    each: Callable[[str], None],
    recount_in: Path | None,
) -> StoreRun:
    at = settled_now(store)
    with reader_of(store_url) as reader:
        load(reader, connection, at, lambda table: each(table.name))
        load_earlier(reader, connection, at)
        load_sources(reader, connection)
        synthetic = about(reader, "synthetic") == "true"
    done = run(connection, rules(), local_date(datetime.now(UTC)), each=lambda: each("rule"))
    if recount_in is not None:
        done = recounted(connection, done, store_url, at, recount_in, synthetic)
    note_contents(connection, [result.rule for result in done.results if result.failed])
    seen = [*_seen(connection), *_seen_of_agencies(connection)]
    prepare(connection, done)
    told = [list(each_of(connection)) for each_of in (cards, gains, answers)]
    with store.writing() as writing:
        number = runs.keep_run(writing, done.today, at, [_kept(result) for result in done.results], seen)
        scorecards.keep(writing, number, *told)
    return StoreRun(number, done, Counter(str(one.severity) for one in seen))


def _seen(connection: duckdb.DuckDBPyConnection) -> Iterator[Seen]:
    """Each failure with its record; info where the record is older than its source's going live."""
    records = " UNION ALL ".join(f"SELECT '{f.name}' AS family, seq, {RECORD} FROM {f.name}" for f in FAMILIES)
    query = f"""
        SELECT source_agency, record.source, family, source_id, rule, pointer, seq, coalesce(min(content), ''),
               coalesce(CAST(timezone('Europe/London', recorded_at) AS DATE) < source.live_from, false)
        FROM failure LEFT JOIN content USING (rule, record_key, pointer)
        JOIN ({records}) AS record ON CAST(record.seq AS VARCHAR) = failure.record_key
        LEFT JOIN source ON source.name = record.source
        GROUP BY ALL ORDER BY ALL
    """
    for agency, source, family, source_id, code, place, seq, content, before_live in connection.execute(
        query
    ).fetchall():
        severity = Severity.INFO if before_live else by_code()[code].severity
        yield Seen(agency, source, family, source_id, code, place, severity, seq, content)


def _seen_of_agencies(connection: duckdb.DuckDBPyConnection) -> Iterator[Seen]:
    """Each figure that failed: an agency's, of no source and no record; its source_id says what the figure is of."""
    query = "SELECT source_agency, about, rule FROM figure_failure ORDER BY ALL"
    for agency, figure, code in connection.execute(query).fetchall():
        yield Seen(agency, "", by_code()[code].family, figure, code, "", by_code()[code].severity)


def _kept(result: Result) -> dict[str, object]:
    return {
        "rule": result.rule.code,
        "status": result.status,
        "denominator": result.denominator,
        "failed": result.failed,
        "why": result.why,
    }
