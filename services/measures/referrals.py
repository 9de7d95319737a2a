"""Referrals to social work: how many, by whom, how many below the threshold of protection, how many repeated."""

import ibis
from ibis.expr.types import Table

from schemas.codelists import code_list
from services.measures.areas import CHILDREN_MID_2022, councils
from services.measures.breakdowns import IF_NOT_SAID, IN_ALL, NOT_SAID, Breakdown
from services.measures.facts import counted_if, facts
from services.measures.measure import Measure, Unit
from services.measures.released import OF_COUNCIL, Released, age_in_months, child_of
from services.measures.years import year_of

SOCIAL_WORK = "social_work"
"""The value of `referred_to` that the contract's headline measure names."""
ADULT_MONTHS = 18 * 12
FAMILIES = ("referrals",)
(BELOW,) = code_list("protection_thresholds").flagged("is_met", "false")
NOT_COUNTED = (
    "referrals to services other than social work, and those held only by another agency's system",
    "young people who turned 18 before the month of the referral (age at the referral, from month of birth)",
)


def requests(released: Released) -> Table:
    """Referrals to social work that a council's source holds: each child of a family referred is one."""
    referrals = released.table("referrals")
    asked = referrals.filter(referrals.referred_to == SOCIAL_WORK, referrals[OF_COUNCIL].isin(list(councils())))
    known = asked.left_join(released.births(), "child_id")
    age = age_in_months(known.born, known.received_on)
    return known.filter(age.isnull() | (age <= ADULT_MONTHS))


def _all(released: Released) -> Table:
    asked = requests(released)
    return facts(asked, year=year_of(asked.received_on), key=asked.record_id, group=asked.referral_source)


def _by_threshold(released: Released) -> Table:
    asked = requests(released)
    said = ibis.coalesce(asked.protection_threshold, NOT_SAID)
    return facts(asked, year=year_of(asked.received_on), key=asked.record_id, category=said)


def _repeated(released: Released) -> Table:
    """New requests; counted where the same council had another about the same child in the 12 months before."""
    new = requests(released)
    joins_open = new.decision.isin(released.flagged("referral_decisions", "joins_open_record"))
    new = new.filter(new.joined_to.isnull(), ~joins_open.fill_null(False))
    new = new.mutate(child=child_of(new), day=_day_number(new.received_on))
    earlier = new.select("child", OF_COUNCIL, "day").view()
    same = [new.child == earlier.child, new[OF_COUNCIL] == earlier[OF_COUNCIL]]
    again = new.semi_join(earlier, [*same, earlier.day < new.day, earlier.day >= new.day - ONE_YEAR])
    return facts(
        new, year=year_of(new.received_on), key=new.record_id, category=counted_if(new.record_id.isin(again.record_id))
    )


ONE_YEAR = 10_000


def _day_number(on: ibis.Value) -> ibis.Value:
    """A day as 20240229: less ONE_YEAR it is the same day a year before, on every engine."""
    return on.year() * ONE_YEAR + on.month() * 100 + on.day()


MEASURES = (
    Measure(
        name="referral_rate",
        title="Referrals to social work",
        sentence="Requests for assistance and concerns about a child sent to social work, for every 1,000 children.",
        numerator="referrals to social work received in the year, a child in a request counted once",
        denominator="children aged 0-17 who live in the council area",
        exclusions=NOT_COUNTED,
        unit=Unit.PER_THOUSAND,
        families=FAMILIES,
        facts=_all,
        groups=Breakdown("who asked", "referral_sources", IN_ALL),
        population=CHILDREN_MID_2022,
    ),
    Measure(
        name="below_protection_threshold",
        title="Referrals by whether they met the threshold of protection",
        sentence="Of 100 referrals to social work, how many were found below the threshold of child protection.",
        numerator="those of which the council recorded this outcome",
        denominator="referrals to social work received in the year; those not considered or not said are in it too",
        exclusions=NOT_COUNTED,
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_by_threshold,
        categories=Breakdown("threshold", "protection_thresholds", IF_NOT_SAID),
        headline=BELOW,
    ),
    Measure(
        name="repeat_referrals",
        title="Referrals of a child referred in the 12 months before",
        sentence="Of 100 referrals to social work, how many were about a child referred in the 12 months before.",
        numerator="those that follow another on an earlier day, about the same child, to the same council, "
        "by 12 months or less",
        denominator="referrals to social work received in the year",
        exclusions=(*NOT_COUNTED, "requests added to a referral that was still open"),
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_repeated,
    ),
)
