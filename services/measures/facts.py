"""Facts: what measures are counted from, a row for each thing in the denominator.

`area_code` the council that counts it, `year` the calendar year its year starts
in, `key` what is told apart (a record, or a child, who counts once), `group_code`
the part of the denominator it is in, `category_code` what it counts as in the
numerator (empty: in the denominator only), `days` for a median.
"""

from typing import Any

import ibis
from ibis.expr.types import Table

from services.measures.breakdowns import ALL, COUNTED
from services.measures.released import OF_COUNCIL


def facts(of: Table, *, year: Any, key: Any, group: Any = ALL, category: Any = COUNTED, days: Any = None) -> Table:
    """Facts about rows that their council posted."""
    return of.select(
        area_code=of[OF_COUNCIL].cast("string"),
        year=year.cast("int64"),
        key=key.cast("string"),
        group_code=_text(group),
        category_code=_text(category),
        days=ibis.null("int64") if days is None else days.cast("int64"),
    )


def counted_if(condition: Any) -> Any:
    """The category of a plain share: counted where the condition holds; not where it is false or nobody knows."""
    return ibis.ifelse(condition, COUNTED, ibis.null("string"))


def _text(value: Any) -> Any:
    return ibis.literal(value, type="string") if isinstance(value, str) else value.cast("string")
