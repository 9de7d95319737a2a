"""Rules that set a record against the child's life: before birth, after death, too young, too old.

None refuses a record. Birth and death are those of the same source's children record.
"""

from functools import partial
from typing import Any

from quality.rule import Dimension, Patch, Query, Rule, Severity
from quality.rules.recurring import joined_person

_referrals = partial(Rule, family="referrals")
_plans = partial(Rule, family="plans")
_episodes = partial(Rule, family="care_episodes")
_protection = partial(Rule, family="child_protection")

_DIED: tuple[str, Patch] = ("children", {"date_of_death": "2025-06-02"})
_ALIVE: tuple[str, Patch] = ("children", {})
_REQUIRED_AGE = 12
"""The age of criminal responsibility since 17 December 2021 (Age of Criminal Responsibility (Scotland) Act 2019)."""


def _born(on: str) -> tuple[str, Patch]:
    return "children", {"chi": None, "scn": None, "date_of_birth": on}


def _after_death(family: str, *days: str) -> Query:
    """Records of which one of these days is after the child's death."""
    late = " OR ".join(f"{day.format('record')} > person.date_of_death" for day in days)
    return Query(f"SELECT record.$key AS record_key FROM {family} AS record {joined_person('record')} WHERE {late}")


def _death_without_day(family: str, codelist: str, reason: str) -> Query:
    """Records that ended as the child died, though no day of death was sent."""
    return Query(
        f"SELECT record.$key AS record_key FROM {family} AS record {joined_person('record')}"
        f" WHERE flag('{codelist}', record.{reason}, 'is_death') AND person.date_of_death IS NULL"
    )


def _too_young(part: str, on: str, condition: str) -> Query:
    """Items of a part of care episodes that only a child of the age of criminal responsibility can have."""
    return Query(
        f"SELECT item.$key AS record_key, item.position FROM care_episodes AS episode {joined_person('episode')}"
        f" JOIN care_episodes_{part} AS item ON item.$key = episode.$key WHERE {condition}"
        f" AND item.{on} >= DATE '2021-12-17' AND age_on(person.date_of_birth, item.{on}) < {_REQUIRED_AGE}"
    )


def _before_court(birth: str) -> list[tuple[str, Patch]]:
    legal = {"id": "lr-1", "legal_reason": "criminal_court", "started_on": "2023-09-11"}
    return [_born(birth), ("care_episodes", {"legal_reasons": [legal]})]


def _into_custody(birth: str) -> list[tuple[str, Patch]]:
    left = {"id": "pl-1", "type": "la_home", "started_on": "2023-09-11", "ended_on": "2024-02-05"}
    return [_born(birth), ("care_episodes", {"placements": [left | {"change_reason": "C-CUS"}]})]


_PLAN_OF_THE_DEAD: dict[str, Any] = {"ended_on": "2025-06-02", "end_reason": "died", "actions": []}
_DEREGISTERED_DEAD: dict[str, Any] = {"deregistration_reason": "died"}
_ADOPTED: dict[str, Any] = {"ended_on": "2025-05-30", "end_reason": "E-ADP", "destination": "adoption"}

RULES = (
    _referrals(
        code="RF33",
        severity=Severity.QUERY,
        says="A referral is made no sooner than 40 weeks before the child's birth, or the day it is expected.",
        hint="correct received_at, or the date of birth",
        source="England CIN census rule 8606, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            f"SELECT record.$key AS record_key FROM referrals AS record {joined_person('record')}"
            " WHERE local_date(record.received_at)"
            " < days_after(coalesce(person.date_of_birth, person.expected_date_of_birth), -280)"
        ),
        fields=("received_at",),
        passing=([_ALIVE, ("referrals", {})], [_born("2025-12-08"), ("referrals", {})]),
        failing=([_born("2025-12-09"), ("referrals", {})],),
    ),
    _referrals(
        code="RF34",
        severity=Severity.QUERY,
        says="A referral is made before the child's death.",
        hint="correct received_at or the date of death, or explain: a request after a death is for others",
        source="England CIN census rule 8555, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=_after_death("referrals", "local_date({}.received_at)"),
        fields=("received_at",),
        passing=([_ALIVE, ("referrals", {})], [_DIED, ("referrals", {})]),
        failing=([_DIED, ("referrals", {"received_at": "2025-06-03T09:20:00+01:00"})],),
    ),
    _plans(
        code="PL40",
        severity=Severity.QUERY,
        says="Of a child whose plan ended as the child died, the day of death is sent.",
        hint="send date_of_death in the children record, or correct the end reason",
        source="England CIN census rule 8585, logic only",
        dimension=Dimension.COMPLETENESS,
        logic=_death_without_day("plans", "plan_end_reasons", "end_reason"),
        fields=("end_reason",),
        passing=([_ALIVE, ("plans", {})], [_DIED, ("plans", _PLAN_OF_THE_DEAD)]),
        failing=([_ALIVE, ("plans", _PLAN_OF_THE_DEAD)],),
    ),
    _plans(
        code="PL41",
        severity=Severity.QUERY,
        says="A plan starts, is agreed and ends no later than the child's death.",
        hint="correct the plan's dates or the date of death",
        source="England CIN census rules 4008 and 4009, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=_after_death("plans", "{}.started_on", "{}.agreed_on", "{}.ended_on"),
        fields=("started_on", "agreed_on", "ended_on"),
        passing=([_ALIVE, ("plans", {})], [_DIED, ("plans", _PLAN_OF_THE_DEAD)]),
        failing=([_DIED, ("plans", _PLAN_OF_THE_DEAD | {"ended_on": "2025-06-03"})],),
    ),
    _episodes(
        code="LA71",
        severity=Severity.ERROR,
        says="A care episode starts and ends no later than the child's death.",
        hint="correct the episode's dates or the date of death",
        source="England SSDA903 rule 437, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=_after_death("care_episodes", "{}.started_on", "{}.ended_on"),
        fields=("started_on", "ended_on"),
        passing=([_ALIVE, ("care_episodes", {})], [_DIED, ("care_episodes", _ADOPTED | {"ended_on": "2025-06-02"})]),
        failing=([_DIED, ("care_episodes", _ADOPTED | {"ended_on": "2025-06-03"})],),
    ),
    _episodes(
        code="LA72",
        severity=Severity.ERROR,
        says="A child is adopted from care before the 18th birthday.",
        hint="correct the end reason or the date of birth; adulthood ends being looked after",
        source="England SSDA903 rule 386, logic only; Adoption and Children (Scotland) Act 2007: applied for before 18",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            f"SELECT record.$key AS record_key FROM care_episodes AS record {joined_person('record')}"
            " WHERE flag('end_reasons', record.end_reason, 'is_adoption')"
            " AND age_on(person.date_of_birth, record.ended_on) >= 18"
        ),
        fields=("end_reason", "ended_on"),
        passing=([_ALIVE, ("care_episodes", _ADOPTED)], [_born("2007-05-31"), ("care_episodes", _ADOPTED)]),
        failing=([_born("2007-05-30"), ("care_episodes", _ADOPTED)],),
    ),
    _episodes(
        code="LA73",
        severity=Severity.QUERY,
        says="A child looked after under a power of a criminal court is 12 or more.",
        hint="correct the legal reason or the date of birth",
        source="Age of Criminal Responsibility (Scotland) Act 2019; England SSDA903 rule 358, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=_too_young(
            "legal_reasons", "started_on", "flag('legal_reasons', item.legal_reason, 'minimum_age', '12')"
        ),
        fields=("legal_reason", "started_on"),
        table="care_episodes_legal_reasons",
        passing=([_ALIVE, ("care_episodes", {})], _before_court("2011-09-11")),
        failing=(_before_court("2011-09-12"),),
    ),
    _episodes(
        code="LA74",
        severity=Severity.QUERY,
        says="A child who leaves a placement for custody is 12 or more.",
        hint="correct change_reason or the date of birth",
        source="Age of Criminal Responsibility (Scotland) Act 2019; England SSDA903 rule 234, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=_too_young("placements", "ended_on", "flag('change_reasons', item.change_reason, 'is_custody')"),
        fields=("change_reason", "ended_on"),
        table="care_episodes_placements",
        passing=([_ALIVE, ("care_episodes", {})], _into_custody("2012-02-05")),
        failing=(_into_custody("2012-02-06"),),
    ),
    _protection(
        code="CP44",
        severity=Severity.QUERY,
        says="Of a child taken off the register because the child died, the day of death is sent.",
        hint="send date_of_death in the children record, or correct the reason",
        source="England CIN census rule 8585, logic only",
        dimension=Dimension.COMPLETENESS,
        logic=_death_without_day("child_protection", "deregistration_reasons", "deregistration_reason"),
        fields=("deregistration_reason",),
        passing=([_ALIVE, ("child_protection", {})], [_DIED, ("child_protection", _DEREGISTERED_DEAD)]),
        failing=([_ALIVE, ("child_protection", _DEREGISTERED_DEAD)],),
    ),
    _protection(
        code="CP45",
        severity=Severity.QUERY,
        says="A child is put on the register, and taken off it, no later than the child's death.",
        hint="correct the dates of the registration or the date of death",
        source="England CIN census rules 8915 and 8920, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=_after_death("child_protection", "{}.registered_on", "{}.deregistered_on"),
        fields=("registered_on", "deregistered_on"),
        passing=([_ALIVE, ("child_protection", {})], [_DIED, ("child_protection", {})]),
        failing=([("children", {"date_of_death": "2025-05-12"}), ("child_protection", {})],),
    ),
)
