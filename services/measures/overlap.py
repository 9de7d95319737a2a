"""Children looked after, children on the register, and children who are both, each counted once."""

import ibis
from ibis.expr.types import Table

from services.measures.breakdowns import Breakdown
from services.measures.episodes import NO_SHORT_BREAKS, on_last_day
from services.measures.facts import facts
from services.measures.measure import Measure, Unit
from services.measures.protection import RESPONSIBLE, processes
from services.measures.released import OF_COUNCIL, Released

LOOKED_AFTER, REGISTERED, BOTH, EITHER = "looked_after", "registered", "both", "either"


def _on_register(released: Released) -> Table:
    """Children by the years on whose 31 July their name was on the register."""
    each = processes(released).cross_join(released.calendar())
    return each.filter(
        each.registered_on <= each.period_ends_on,
        each.deregistered_on.isnull() | (each.deregistered_on > each.period_ends_on),
    )


def _overlap(released: Released) -> Table:
    """Each child once as looked after, once as registered, once as either, and once as both where both."""
    place = ("child", OF_COUNCIL, "year")
    looked_after = on_last_day(released).select(*place).distinct()
    registered = _on_register(released).select(*place).distinct()
    told = {
        LOOKED_AFTER: looked_after,
        REGISTERED: registered,
        BOTH: looked_after.semi_join(registered, place),
        EITHER: looked_after.union(registered),
    }
    return ibis.union(
        *(facts(each, year=each.year, key=each.child, category=category) for category, each in told.items())
    )


MEASURES = (
    Measure(
        name="looked_after_or_registered",
        title="Children looked after, on the child protection register, or both, on 31 July",
        sentence="How many children were looked after, were on the register, or were both; each child counted once.",
        numerator="children with a care episode open, a registration open, or both, at the end of 31 July",
        denominator="none: a count",
        exclusions=(*NO_SHORT_BREAKS, RESPONSIBLE),
        unit=Unit.CHILDREN,
        families=("care_episodes", "child_protection"),
        facts=_overlap,
        categories=Breakdown(
            "which",
            own={
                LOOKED_AFTER: "Looked after",
                REGISTERED: "On the child protection register",
                BOTH: "Both",
                EITHER: "One or the other",
            },
        ),
        headline=EITHER,
    ),
)
