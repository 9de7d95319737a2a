"""Children looked after at the start and the end of a year, and who came and went between."""

from collections.abc import Iterable, Iterator, Mapping

import ibis
from ibis.expr.types import Table

from services.measures.areas import SCOTLAND
from services.measures.arithmetic import StockAndFlow
from services.measures.breakdowns import Breakdown
from services.measures.episodes import FAMILIES, NO_SHORT_BREAKS, episodes, on_last_day
from services.measures.facts import facts
from services.measures.measure import Measure, Unit
from services.measures.released import Released
from services.measures.years import year_of

OPENING, STARTS, CEASES, CLOSING = "opening", "starts", "ceases", "closing"


def _flows(released: Released) -> Table:
    """Children at either end of the year, and episodes that started and ended in it."""
    before = on_last_day(Released(released.table, tuple(year - 1 for year in released.years)))
    after, every = on_last_day(released), episodes(released)
    ended = every.filter(every.ended_on.notnull())
    return ibis.union(
        facts(before, year=before.year + 1, key=before.child, category=OPENING),
        facts(every, year=year_of(every.started_on), key=every.record_id, category=STARTS),
        facts(ended, year=year_of(ended.ended_on), key=ended.record_id, category=CEASES),
        facts(after, year=after.year, key=after.child, category=CLOSING),
    )


def stock_and_flow(rows: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, StockAndFlow]]:
    """Scotland's years and whether their stocks and flows agree, from this measure's rows."""
    years: dict[str, dict[str, int]] = {}
    for row in rows:
        if row["area_code"] == SCOTLAND and isinstance(row["numerator"], int):
            years.setdefault(str(row["period"]), {})[str(row["category_code"])] = row["numerator"]
    return ((period, StockAndFlow(**counts)) for period, counts in sorted(years.items()))


MEASURES = (
    Measure(
        name="looked_after_flows",
        title="Children who began and ceased to be looked after",
        sentence="How many were looked after a year before, began to be, ceased to be, and are looked after now.",
        numerator="children with a care episode open at the end of 31 July of either year; episodes started and ended",
        denominator="none: a count",
        exclusions=NO_SHORT_BREAKS,
        unit=Unit.CHILDREN,
        families=FAMILIES,
        facts=_flows,
        categories=Breakdown(
            "stock and flow",
            own={
                OPENING: "Looked after on 31 July the year before",
                STARTS: "Began to be looked after",
                CEASES: "Ceased to be looked after",
                CLOSING: "Looked after on 31 July",
            },
        ),
        headline=CLOSING,
    ),
)
