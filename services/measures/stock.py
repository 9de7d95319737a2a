"""Children looked after on 31 July: how many, at home and away, and where."""

import ibis
from ibis.expr.types import Table

from services.measures.areas import CHILDREN_MID_2022
from services.measures.breakdowns import IF_NOT_SAID, IN_ALL, NOT_SAID, Breakdown
from services.measures.episodes import FAMILIES, NO_SHORT_BREAKS, on_last_day
from services.measures.facts import facts
from services.measures.measure import Measure, Unit
from services.measures.released import Released, age_in_months

HOME, AWAY = "at_home", "away"
AGES = ((0, "under_1", "Under 1"), (1, "1_4", "1-4"), (5, "5_11", "5-11"), (12, "12_15", "12-15"), (16, "16", "16+"))
"""Bands of age on 31 July: from which year of age, code, label."""


def _looked_after(released: Released) -> Table:
    """Children by the years on whose 31 July they were looked after, with the `type` of placement they were in then.

    Of several placements open that day the one begun last counts, and of those the last in the record.
    """
    open_then = on_last_day(released)
    placements = released.table("care_episodes_placements")
    lived = placements.select("record_id", "position", "type", moved_in_on=placements.started_on)
    each = open_then.left_join(
        lived, [open_then.record_id == lived.record_id, lived.moved_in_on <= open_then.period_ends_on]
    )
    newest = ibis.row_number().over(
        group_by=[each.record_id, each.year], order_by=[each.moved_in_on.desc(), each.position.desc()]
    )
    return each.mutate(place=newest).filter(ibis._.place == 0)


def _at_home_or_away(released: Released) -> Table:
    each = _looked_after(released)
    at_home = each.type.isin(released.flagged("placement_types", "is_at_home"))
    where = ibis.ifelse(at_home.fill_null(False), HOME, AWAY)
    return facts(each, year=each.year, key=each.child, group=where)


def _by_placement(released: Released) -> Table:
    each = _looked_after(released)
    return facts(each, year=each.year, key=each.child, category=ibis.coalesce(each.type, NOT_SAID))


def _by_age(released: Released) -> Table:
    each = on_last_day(released).left_join(released.births(), "child_id")
    months = age_in_months(each.born, each.period_ends_on)
    bands = [(months >= years * 12, code) for years, code, _ in reversed(AGES)]
    return facts(each, year=each.year, key=each.child, category=ibis.cases(*bands, else_=NOT_SAID))


MEASURES = (
    Measure(
        name="looked_after_rate",
        title="Children looked after on 31 July",
        sentence="Children looked after on 31 July, at home or away from home, for every 1,000 children.",
        numerator="children with a care episode open at the end of 31 July",
        denominator="children aged 0-17 who live in the council area",
        exclusions=(*NO_SHORT_BREAKS, "young people in continuing care, who are no longer looked after"),
        unit=Unit.PER_THOUSAND,
        families=FAMILIES,
        facts=_at_home_or_away,
        groups=Breakdown("at home or away", own={HOME: "At home with parents", AWAY: "Away from home"} | dict(IN_ALL)),
        population=CHILDREN_MID_2022,
    ),
    Measure(
        name="looked_after_by_placement",
        title="Where looked-after children lived on 31 July",
        sentence="Of 100 children looked after on 31 July, how many lived in this kind of placement.",
        numerator="those whose last placement begun by then is of this type; home with parents is one",
        denominator="children with a care episode open at the end of 31 July",
        exclusions=NO_SHORT_BREAKS,
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_by_placement,
        categories=Breakdown("placement type", "placement_types", IF_NOT_SAID),
    ),
    Measure(
        name="looked_after_by_age",
        title="How old looked-after children were on 31 July",
        sentence="Of 100 children looked after on 31 July, how many were of this age on that day.",
        numerator="those of this age on 31 July, from the month of birth; never the age today",
        denominator="children with a care episode open at the end of 31 July",
        exclusions=NO_SHORT_BREAKS,
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_by_age,
        categories=Breakdown("age", own={code: label for _, code, label in AGES} | dict(IF_NOT_SAID)),
    ),
)
