"""Opening a release and counting its measures, on DuckDB or on Spark."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import ibis
from ibis.backends.sql import SQLBackend
from ibis.expr.types import Table

from services.measures import expression, years
from services.measures.measure import Measure
from services.measures.released import Released
from services.measures.sql import DUCKDB, SPARK

ENGINES = (DUCKDB, SPARK)
DATABASE, PARQUET = "kith.duckdb", "parquet"
HERE = ZoneInfo("Europe/London")
Row = Mapping[str, Any]


class EngineMissing(Exception):
    """An engine was asked for that is not installed; the message says what to do."""


@dataclass(frozen=True)
class Told:
    """A measure with its long rows: areas by years by groups by categories."""

    measure: Measure
    rows: Sequence[Row]


@dataclass(frozen=True)
class Reading:
    """An open release."""

    backend: SQLBackend
    released: Released
    as_at: datetime
    synthetic: bool

    def tell(self, measure: Measure) -> Told:
        """Count one measure."""
        found = self.backend.to_pyarrow(expression.rows(measure, self.released))
        return Told(measure, found.to_pylist())


@contextmanager
def opened(folder: Path, engine: str = DUCKDB, of_years: tuple[int, ...] = ()) -> Iterator[Reading]:
    """A release on an engine; `of_years` default to the last complete ones. Raises EngineMissing."""
    with {DUCKDB: _duckdb, SPARK: _spark}[engine](folder) as (backend, table):
        about = {row["name"]: row["value"] for row in backend.to_pyarrow(table("about")).to_pylist()}
        as_at = datetime.fromisoformat(about["as_at"])
        told_of = of_years or years.complete_by(_day(as_at))
        yield Reading(backend, Released(table, told_of), as_at, about.get("synthetic") == "true")


_Opened = tuple[SQLBackend, Callable[[str], Table]]


@contextmanager
def _duckdb(folder: Path) -> Iterator[_Opened]:
    with duckdb.connect(str(folder / DATABASE), read_only=True) as connection:
        backend = ibis.duckdb.from_connection(connection)
        yield backend, backend.table


@contextmanager
def _spark(folder: Path) -> Iterator[_Opened]:
    if find_spec("pyspark") is None:
        raise EngineMissing(
            "Spark is not installed here: pip install 'ibis-framework[pyspark]', or use --engine duckdb."
        )
    from pyspark.sql import SparkSession

    session = SparkSession.builder.appName("kith measures").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    backend = ibis.pyspark.connect(session)
    try:
        yield backend, lambda name: backend.read_parquet(str(folder / PARQUET / name), table_name=name)
    finally:
        session.stop()


def _day(instant: datetime) -> date:
    """The day it is in Scotland."""
    return instant.astimezone(HERE).date()
