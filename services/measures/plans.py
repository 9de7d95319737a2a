"""From a referral to social work to the child's plan: how long it took."""

from ibis.expr.types import Table

from services.measures.facts import counted_if, facts
from services.measures.measure import Measure, Unit
from services.measures.referrals import NOT_COUNTED, requests
from services.measures.released import Released
from services.measures.years import year_of

WITHIN_DAYS = 42
"""Six weeks. No national standard says how long it may take; Kith's own choice."""
FAMILIES = ("referrals", "plans")
EXCLUSIONS = (
    *NOT_COUNTED,
    "referrals without a plan that names them, and plans not agreed",
    "plans agreed before their referral was received",
)
DENOMINATOR = "referrals to social work whose first plan was agreed in the year, whatever the year of the referral"


def _planned(released: Released) -> Table:
    """Referrals with the day their first plan was agreed and how many days after the referral that was."""
    asked, plans = requests(released), released.table("plans")
    agreed = plans.filter(plans.agreed_on.notnull(), plans.referral.notnull())
    first = agreed.group_by("referral").agg(plan_agreed_on=agreed.agreed_on.min())
    both = asked.join(first, asked.record_id == first.referral)
    timed = both.mutate(days=both.plan_agreed_on.delta(both.received_on, unit="day"))
    return timed.filter(timed.days >= 0)


def _median(released: Released) -> Table:
    planned = _planned(released)
    return facts(planned, year=year_of(planned.plan_agreed_on), key=planned.record_id, days=planned.days)


def _in_time(released: Released) -> Table:
    planned = _planned(released)
    in_time = counted_if(planned.days <= WITHIN_DAYS)
    return facts(planned, year=year_of(planned.plan_agreed_on), key=planned.record_id, category=in_time)


MEASURES = (
    Measure(
        name="days_to_plan",
        title="Days from referral to plan",
        sentence="Half of the children who got a plan waited no more than this many days from the referral.",
        numerator="none: the middle value of the days from the day received to the day the first plan was agreed",
        denominator=DENOMINATOR,
        exclusions=EXCLUSIONS,
        unit=Unit.DAYS,
        families=FAMILIES,
        facts=_median,
    ),
    Measure(
        name="plan_within_42_days",
        title="Plans agreed within 42 days of the referral",
        sentence="Of 100 referrals that led to a plan, how many had it agreed within 42 days.",
        numerator="those agreed 42 days or less after the day received (six weeks: Kith's choice, not a standard)",
        denominator=DENOMINATOR,
        exclusions=EXCLUSIONS,
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_in_time,
    ),
)
