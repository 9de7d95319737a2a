"""The SQL of a measure, as text for whoever runs it elsewhere: it reads nothing but a release's own tables."""

import ibis
from ibis.config import Config, options

from services.measures import expression
from services.measures.measure import Measure
from services.measures.released import Released

DUCKDB, SPARK = "duckdb", "spark"
_DIALECTS = {DUCKDB: "duckdb", SPARK: "pyspark"}


class _SparkOptions(Config):  # type: ignore[misc]  # Ibis says nothing of its types
    """What Ibis asks of Spark while it writes SQL; it sets this itself only where pyspark is installed."""

    treat_nan_as_null: bool = False


def sql_of(measure: Measure, released: Released, engine: str = DUCKDB) -> str:
    """One SELECT in the dialect of the engine."""
    if engine == SPARK and options.pyspark is None:
        options.pyspark = _SparkOptions()
    return str(ibis.to_sql(expression.rows(measure, released), dialect=_DIALECTS[engine]))
