"""Rules that compare records: a child's records of several families, sources or agencies.

None refuses a record. A child's age is reckoned from the same source's children
record; what another source holds of the child is found by linked_child.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from quality.rule import Dimension, Patch, Query, Rule, Severity
from quality.rules.recurring import joined_person

_children = partial(Rule, family="children")
_referrals = partial(Rule, family="referrals")
_plans = partial(Rule, family="plans")
_chronologies = partial(Rule, family="chronologies")
_episodes = partial(Rule, family="care_episodes")
_protection = partial(Rule, family="child_protection")

Several = list[tuple[str, Patch]]

_REGULATIONS = "Looked After Children (Scotland) Regulations 2009"
_IN_FORCE = "DATE '2009-09-28'"
_HEALTH = {"held": {"source": "nhs-ggc", "source_agency": "S08000031"}}
_HIGHLAND = {"held": {"source": "highland-social-work", "source_agency": "S12000017"}}
_CHILD: tuple[str, Patch] = ("children", {})
_LAC: dict[str, Any] = {"plan_type": "lac", "started_on": "2023-09-20", "care_episode": "care_episodes-1"}
_OPEN_REGISTRATION: dict[str, Any] = {"deregistered_on": None, "deregistration_reason": None, "ended_on": None}
_ENDED: dict[str, Any] = {"ended_on": "2025-05-30", "end_reason": "E-RHP", "destination": "home_with_parents"}
_INFANT: dict[str, Any] = {"chi": None, "scn": None}


def _born(on: str) -> tuple[str, Patch]:
    """The child's record, with that date of birth."""
    return "children", _INFANT | {"date_of_birth": on}


def _episode(**changes: Any) -> tuple[str, Patch]:
    return "care_episodes", changes


def _fostered(started_on: str, **changes: Any) -> tuple[str, Patch]:
    """An episode with one placement, in long-term foster care."""
    placement = {"id": "pl-1", "type": "foster_la", "foster_type": "long_term", "started_on": started_on} | changes
    legal = {"id": "lr-1", "legal_reason": "cso_away", "started_on": started_on}
    return "care_episodes", {"started_on": started_on, "placements": [placement], "legal_reasons": [legal]}


def _reviewed(*reviews: Mapping[str, Any], **changes: Any) -> tuple[str, Patch]:
    """A looked-after child's plan with these reviews."""
    return "plans", _LAC | {"reviews": list(reviews)} | changes


def _held(*days: str, **changes: Any) -> tuple[str, Patch]:
    return _reviewed(*({"held_on": day} for day in days), **changes)


def _concerned_again(on: str) -> Several:
    """A process that has ended, and another from that day on."""
    return [("child_protection", {}), ("child_protection", _OPEN_REGISTRATION | {"concern_on": on})]


def _serves(flag: str, plan: str = "plan") -> str:
    """Whether a plan answers, first or among others, a duty that the list flags."""
    return (
        f"(flag('plan_types', {plan}.plan_type, '{flag}') OR EXISTS (SELECT 1 FROM plans_also_serves AS duty"
        f" WHERE duty.$key = {plan}.$key AND flag('plan_types', duty.value, '{flag}')))"
    )


def _posts(family: str, record: str) -> str:
    """Whether the agency that posted a record posts that family at all."""
    return f"EXISTS (SELECT 1 FROM {family} AS any_of WHERE any_of.source_agency = {record}.source_agency)"


_LOOKED_AFTER_REVIEWS = (
    "(SELECT plan.linked_child, review.held_on, review.due_on, review.late_reason"
    f" FROM plans AS plan JOIN plans_reviews AS review USING ($key) WHERE {_serves('needs_open_care_episode')}"
    " UNION ALL SELECT episode.linked_child, review.held_on, review.due_on, review.late_reason"
    " FROM care_episodes AS episode JOIN care_episodes_reviews AS review USING ($key))"
)

_SHORT_TERM = (
    "(flag('foster_types', placement.foster_type, 'is_emergency') IS TRUE"
    " OR flag('foster_types', placement.foster_type, 'is_short_break') IS TRUE)"
)


def _first_review_after(limit: str, which: str) -> Query:
    """Away placements, `which` of them, that outlasted the limit with no review by then, nor one that says why late."""
    return Query(
        "SELECT placement.$key AS record_key, placement.position"
        " FROM care_episodes_placements AS placement JOIN care_episodes AS episode ON episode.$key = placement.$key"
        f" WHERE flag('placement_types', placement.type, 'is_at_home', 'false') AND {which}"
        f" AND placement.started_on >= {_IN_FORCE} AND episode.short_breaks IS NOT TRUE"
        " AND episode.linked_child IS NOT NULL"
        f" AND today() > {limit} AND (placement.ended_on IS NULL OR placement.ended_on > {limit})"
        " AND NOT EXISTS (SELECT 1 FROM care_episodes_placements AS before WHERE before.$key = placement.$key"
        " AND before.ended_on = placement.started_on AND flag('change_reasons', before.change_reason, 'same_carer'))"
        f" AND NOT EXISTS (SELECT 1 FROM {_LOOKED_AFTER_REVIEWS} AS review"
        " WHERE review.linked_child = episode.linked_child"
        " AND coalesce(review.held_on, review.due_on) >= placement.started_on"
        f" AND (review.held_on <= {limit} OR review.late_reason IS NOT NULL))"
    )


def _interval(at_home: str, too_long: str) -> Query:
    """Reviews of a looked-after child's plan that came too long after the one before, within one placement."""
    return Query(
        "SELECT numbered.record_key, numbered.position FROM ("
        "SELECT plan.$key AS record_key, review.position, review.held_on, review.late_reason,"
        " plan.review_every_months, lag(review.held_on) OVER one_by_one AS previous_on,"
        " row_number() OVER one_by_one AS number"
        " FROM plans AS plan JOIN plans_reviews AS review ON review.$key = plan.$key"
        " JOIN care_episodes AS episode ON episode.linked_child = plan.linked_child"
        " JOIN care_episodes_placements AS placement ON placement.$key = episode.$key"
        " AND review.held_on >= placement.started_on"
        " AND (placement.ended_on IS NULL OR review.held_on < placement.ended_on)"
        f" WHERE {_serves('needs_open_care_episode')}"
        f" AND flag('placement_types', placement.type, 'is_at_home', '{at_home}')"
        " WINDOW one_by_one AS (PARTITION BY plan.source, placement.$key, placement.position"
        " ORDER BY review.held_on, review.position)"
        f") AS numbered WHERE numbered.late_reason IS NULL AND {too_long}"
    )


def _silent(family: str, record: str, since: str, days: int, open_now: str) -> Query:
    """Records open for longer than that many days whose child has no chronology entry recorded in that time."""
    return Query(
        f"SELECT {record}.$key AS record_key FROM {family} AS {record}"
        f" WHERE {open_now} AND {record}.linked_child IS NOT NULL AND {record}.{since} < days_after(today(), -{days})"
        f" AND {_posts('chronologies', record)} AND NOT EXISTS (SELECT 1 FROM chronologies AS entry"
        f" WHERE entry.linked_child = {record}.linked_child"
        f" AND local_date(entry.recorded_at) >= days_after(today(), -{days}))"
    )


def _same_as(flag: str, event: str) -> str:
    return f"(flag('event_types', entry.event_type, '{flag}') AND EXISTS (SELECT 1 FROM {event}))"


_SYSTEM_EVENTS = " OR ".join(
    (
        _same_as(
            "is_registration",
            "child_protection AS process WHERE process.linked_child = entry.linked_child"
            " AND process.registered_on = entry.happened_on",
        ),
        _same_as(
            "is_deregistration",
            "child_protection AS process WHERE process.linked_child = entry.linked_child"
            " AND process.deregistered_on = entry.happened_on",
        ),
        _same_as(
            "is_care_start",
            "care_episodes AS episode WHERE episode.linked_child = entry.linked_child"
            " AND episode.started_on = entry.happened_on",
        ),
        _same_as(
            "is_care_end",
            "care_episodes AS episode WHERE episode.linked_child = entry.linked_child"
            " AND episode.ended_on = entry.happened_on",
        ),
        _same_as(
            "is_care_move",
            "care_episodes AS episode JOIN care_episodes_placements AS placement ON placement.$key = episode.$key"
            " WHERE episode.linked_child = entry.linked_child AND placement.started_on > episode.started_on"
            " AND placement.started_on = entry.happened_on",
        ),
    )
)

_ALL_BAD: Several = [("chronologies", {"happened_on": f"2025-01-{day:02}"}) for day in range(1, 12)]
_DAYS_42 = "days_after(placement.started_on, 42)"
_MONTHS_3 = "months_after(placement.started_on, 3)"

RULES = (
    _children(
        code="ID26",
        severity=Severity.QUERY,
        says="The sources that know a child agree on the date of birth.",
        hint="check the date with the family; if these are two children, ask for the link to be undone",
        source="Child protection dataset, Research Data Scotland: a corrected copy beside the raw value",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT $key AS record_key FROM children WHERE linked_child IS NOT NULL"
            " WINDOW same_child AS (PARTITION BY linked_child)"
            " QUALIFY min(date_of_birth) OVER same_child <> max(date_of_birth) OVER same_child"
        ),
        fields=("date_of_birth",),
        passing=({}, [_CHILD, ("children", _HEALTH)]),
        failing=([_CHILD, ("children", _HEALTH | {"date_of_birth": "2015-10-01"})],),
    ),
    _referrals(
        code="RF06",
        severity=Severity.QUERY,
        says="An inter-agency referral discussion that was decided on starts within one working day of the request.",
        hint="send the child protection process with the discussion, or explain",
        source="National Guidance 2021, Appendix D",
        dimension=Dimension.TIMELINESS,
        logic=Query(
            "SELECT referral.$key AS record_key FROM referrals AS referral"
            " WHERE flag('referral_decisions', referral.decision, 'leads_to_ird')"
            f" AND referral.linked_child IS NOT NULL AND {_posts('child_protection', 'referral')}"
            " AND working_days_between(local_date(referral.received_at), today()) > 1"
            " AND NOT EXISTS (SELECT 1 FROM child_protection AS process"
            " JOIN child_protection_irds AS ird ON ird.$key = process.$key"
            " WHERE process.linked_child = referral.linked_child"
            " AND local_date(ird.started_at) >= local_date(referral.received_at)"
            " AND working_days_between(local_date(referral.received_at), local_date(ird.started_at)) <= 1)"
        ),
        fields=("decision", "received_at"),
        passing=(
            {"decision": "ird"},
            [
                ("referrals", {"decision": "ird", "received_at": "2024-11-01T17:00:00+00:00"}),
                ("child_protection", {}),
            ],
        ),
        failing=(
            [
                ("referrals", {"decision": "ird", "received_at": "2024-10-31T17:00:00+00:00"}),
                ("child_protection", {}),
            ],
        ),
    ),
    _plans(
        code="PL01",
        severity=Severity.ERROR,
        says=(
            "An open looked-after child's plan goes with an open care episode,"
            " an open child protection plan with an open registration."
        ),
        hint="end the plan, correct its type, or send the episode or registration",
        source=f"{_REGULATIONS}; GIRFEC",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT plan.$key AS record_key FROM plans AS plan"
            " WHERE plan.ended_on IS NULL AND plan.linked_child IS NOT NULL"
            f" AND ({_serves('needs_open_care_episode')} AND NOT EXISTS (SELECT 1 FROM care_episodes AS episode"
            " WHERE episode.linked_child = plan.linked_child AND episode.ended_on IS NULL)"
            f" OR {_serves('needs_open_registration')} AND NOT EXISTS (SELECT 1 FROM child_protection AS process"
            " WHERE process.linked_child = plan.linked_child AND process.registered_on IS NOT NULL"
            " AND process.deregistered_on IS NULL))"
        ),
        fields=("plan_type",),
        passing=(
            {},
            [_episode(), ("plans", _LAC)],
            [("child_protection", _OPEN_REGISTRATION), ("plans", {"plan_type": "cp"})],
            {"plan_type": "lac", "ended_on": "2025-05-30", "end_reason": "no_longer_looked_after"},
        ),
        failing=(
            {"plan_type": "lac"},
            {"also_serves": ["cp"]},
            [_episode(**_ENDED), ("plans", _LAC)],
            [("child_protection", {}), ("plans", {"plan_type": "cp"})],
        ),
    ),
    _episodes(
        code="PL09",
        severity=Severity.QUERY,
        says="A child placed away from home has a first review within six weeks of the placement, or it says why late.",
        hint="send the review in the looked-after child's plan, or give its late_reason",
        source=f"{_REGULATIONS}, reg 45(2)(a)",
        dimension=Dimension.TIMELINESS,
        logic=_first_review_after(_DAYS_42, f"NOT {_SHORT_TERM}"),
        fields=("started_on",),
        table="care_episodes_placements",
        passing=(
            [_fostered("2025-06-02"), _held("2025-07-14")],
            [_fostered("2025-06-02"), _reviewed({"held_on": "2025-07-15", "late_reason": "child_unwell"})],
            [_fostered("2025-12-04")],
            [_fostered("2025-06-02", type="at_home", foster_type=None)],
        ),
        failing=({}, [_fostered("2025-06-02"), _held("2025-07-15")], [_fostered("2025-06-02"), _held("2025-06-01")]),
    ),
    _plans(
        code="PL10",
        severity=Severity.QUERY,
        says=(
            "Away from home, the second review of a placement is within three months of the first,"
            " and each later one within six months of the one before, or it says why it was late."
        ),
        hint="give late_reason on the review",
        source=f"{_REGULATIONS}, reg 45(2)(b) and (c)",
        dimension=Dimension.TIMELINESS,
        logic=_interval(
            "false",
            "numbered.held_on > months_after(numbered.previous_on, CASE WHEN numbered.number = 2 THEN 3 ELSE 6 END)",
        ),
        fields=("held_on",),
        table="plans_reviews",
        passing=(
            {},
            [_fostered("2024-11-30"), _held("2024-11-30", "2025-02-28", "2025-08-28")],
            [
                _fostered("2025-01-06"),
                _reviewed({"held_on": "2025-02-03"}, {"held_on": "2025-06-02", "late_reason": "capacity"}),
            ],
        ),
        failing=(
            [_fostered("2024-11-30"), _held("2024-11-30", "2025-03-01")],
            [_fostered("2024-11-30"), _held("2024-11-30", "2025-02-28", "2025-08-29")],
        ),
    ),
    _episodes(
        code="PL11",
        severity=Severity.QUERY,
        says="A short-term or emergency placement that goes on is reviewed within three months, or it says why late.",
        hint="send the review in the looked-after child's plan, or give its late_reason",
        source=f"{_REGULATIONS}, reg 45(3)",
        dimension=Dimension.TIMELINESS,
        logic=_first_review_after(_MONTHS_3, _SHORT_TERM),
        fields=("started_on",),
        table="care_episodes_placements",
        passing=(
            [_fostered("2025-10-15", foster_type="emergency")],
            [_fostered("2025-06-02", foster_type="emergency"), _held("2025-09-02")],
        ),
        failing=(
            [_fostered("2025-10-14", foster_type="emergency")],
            [_fostered("2025-06-02", foster_type="short_break"), _held("2025-09-03")],
        ),
    ),
    _plans(
        code="PL12",
        severity=Severity.INFO,
        says="At home, a plan is reviewed as often as was agreed with the child and the parents.",
        hint="for information: no interval is laid down at home but the agreed one",
        source=f"{_REGULATIONS}, reg 44",
        dimension=Dimension.TIMELINESS,
        logic=_interval("true", "numbered.held_on > months_after(numbered.previous_on, numbered.review_every_months)"),
        fields=("held_on",),
        table="plans_reviews",
        passing=({}, [_fostered("2025-01-06", type="at_home"), _held("2025-02-03", "2025-05-03")]),
        failing=([_fostered("2025-01-06", type="at_home"), _held("2025-02-03", "2025-05-04")],),
    ),
    _episodes(
        code="PL13",
        severity=Severity.QUERY,
        says="A review is held before a permanence order is applied for.",
        hint="send the review that recommended it",
        source=f"{_REGULATIONS}, reg 45(4)",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT applied.$key AS record_key, applied.position FROM care_episodes_permanence AS applied"
            " JOIN care_episodes AS episode ON episode.$key = applied.$key"
            " WHERE flag('permanence_steps', applied.step, 'is_permanence_order')"
            " AND NOT flag('permanence_steps', applied.step, 'is_order') AND episode.linked_child IS NOT NULL"
            f" AND NOT EXISTS (SELECT 1 FROM {_LOOKED_AFTER_REVIEWS} AS review"
            " WHERE review.linked_child = episode.linked_child"
            " AND review.held_on BETWEEN episode.started_on AND applied.step_on)"
        ),
        fields=("step_on", "step"),
        table="care_episodes_permanence",
        passing=(
            {},
            [_episode(permanence=[{"step": "po_applied", "on": "2025-03-03"}]), _held("2025-02-03")],
            {"permanence": [{"step": "po_applied", "on": "2025-03-03"}], "reviews": [{"held_on": "2025-03-03"}]},
        ),
        failing=(
            {"permanence": [{"step": "po_applied", "on": "2025-03-03"}]},
            [_episode(permanence=[{"step": "po_applied", "on": "2025-03-03"}]), _held("2025-03-04")],
        ),
    ),
    _episodes(
        code="PL14",
        severity=Severity.ERROR,
        says="A child looked after for more than six weeks has a looked-after child's plan.",
        hint="send the plan: where another agency keeps it, plan_type or also_serves says that it is one",
        source="CLAS: current care plan",
        dimension=Dimension.COMPLETENESS,
        logic=Query(
            "SELECT episode.$key AS record_key FROM care_episodes AS episode"
            " WHERE episode.ended_on IS NULL AND episode.short_breaks IS NOT TRUE AND episode.linked_child IS NOT NULL"
            f" AND today() > days_after(episode.started_on, 42) AND {_posts('plans', 'episode')}"
            " AND NOT EXISTS (SELECT 1 FROM plans AS plan WHERE plan.linked_child = episode.linked_child"
            f" AND plan.ended_on IS NULL AND {_serves('needs_open_care_episode')})"
        ),
        fields=("started_on",),
        passing=(
            {},
            [_episode(), ("plans", _LAC)],
            [_episode(), ("plans", {"also_serves": ["lac"]} | _HEALTH), ("plans", {})],
            [_fostered("2025-12-04"), ("plans", {})],
            [_episode(), ("plans", _HEALTH)],
        ),
        failing=(
            [_episode(), ("plans", {})],
            [_episode(), ("plans", _LAC | {"child": "child-0002"})],
            [_episode(), ("plans", _LAC | {"ended_on": "2025-06-02", "end_reason": "replaced"})],
        ),
    ),
    _plans(
        code="PL15",
        severity=Severity.QUERY,
        says="When a looked-after child moves, the next review is dated anew, from the new placement.",
        hint="give the review's new due_on: within six weeks, or three months of a short-term placement",
        source=f"{_REGULATIONS}, reg 45: the clock runs from the placement",
        dimension=Dimension.TIMELINESS,
        logic=Query(
            "SELECT DISTINCT plan.$key AS record_key FROM plans AS plan"
            " JOIN care_episodes AS episode ON episode.linked_child = plan.linked_child AND episode.ended_on IS NULL"
            " JOIN care_episodes_placements AS placement ON placement.$key = episode.$key"
            f" WHERE plan.ended_on IS NULL AND {_serves('needs_open_care_episode')}"
            " AND placement.ended_on IS NULL AND placement.started_on > plan.started_on"
            " AND flag('placement_types', placement.type, 'is_at_home', 'false')"
            " AND NOT EXISTS (SELECT 1 FROM plans_reviews AS review WHERE review.$key = plan.$key"
            " AND (review.held_on >= placement.started_on"
            " OR review.due_on BETWEEN placement.started_on"
            f" AND CASE WHEN {_SHORT_TERM} THEN {_MONTHS_3} ELSE {_DAYS_42} END))"
        ),
        fields=("started_on",),
        passing=(
            {},
            [_episode(), _held("2024-03-11")],
            [_episode(), _reviewed({"due_on": "2024-03-18"})],
            [_fostered("2023-09-11"), _reviewed({"due_on": "2025-07-02"})],
        ),
        failing=([_episode(), _reviewed({"held_on": "2023-10-16"}, {"due_on": "2024-04-16"})],),
    ),
    _episodes(
        code="PL16",
        severity=Severity.QUERY,
        says="A young person of 16 or more who ceases to be looked after has a pathway plan with a named co-ordinator.",
        hint="send the pathway plan, with its lead professional",
        source="CLAS: pathway plan and co-ordinator at the point of ceasing",
        dimension=Dimension.COMPLETENESS,
        logic=Query(
            f"SELECT episode.$key AS record_key FROM care_episodes AS episode {joined_person('episode')}"
            " WHERE age_on(person.date_of_birth, episode.ended_on) >= 16 AND episode.linked_child IS NOT NULL"
            " AND flag('end_reasons', episode.end_reason, 'is_death', 'false')"
            " AND flag('end_reasons', episode.end_reason, 'is_transfer', 'false')"
            f" AND {_posts('plans', 'episode')}"
            " AND NOT EXISTS (SELECT 1 FROM plans AS plan WHERE plan.linked_child = episode.linked_child"
            f" AND {_serves('is_pathway')} AND plan.started_on <= episode.ended_on"
            " AND (plan.lead_professional_worker IS NOT NULL OR plan.lead_professional_role IS NOT NULL))"
        ),
        fields=("ended_on",),
        passing=(
            {},
            [_born("2009-05-30"), _episode(**_ENDED), ("plans", {"plan_type": "pathway"})],
            [_born("2009-05-31"), _episode(**_ENDED), ("plans", {})],
        ),
        failing=(
            [_born("2009-05-30"), _episode(**_ENDED), ("plans", {})],
            [_born("2009-05-30"), _episode(**_ENDED), ("plans", {"plan_type": "pathway", "lead_professional": None})],
        ),
    ),
    _plans(
        code="PL18",
        severity=Severity.ERROR,
        says="A looked-after child's plan names the care episode, whose main reason is why the child is looked after.",
        hint="give care_episode: the source_id of the child's episode",
        source=f"{_REGULATIONS}, schedule 1(5)",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT DISTINCT plan.$key AS record_key FROM plans AS plan"
            " JOIN care_episodes AS episode ON episode.source = plan.source AND episode.child = plan.child"
            " AND (episode.ended_on IS NULL OR episode.ended_on >= plan.started_on)"
            " AND (plan.ended_on IS NULL OR plan.ended_on >= episode.started_on)"
            f" WHERE {_serves('needs_open_care_episode')}"
            " AND NOT EXISTS (SELECT 1 FROM care_episodes AS named WHERE named.source = plan.source"
            " AND named.child = plan.child AND named.source_id = plan.care_episode)"
        ),
        fields=("care_episode",),
        passing=({"plan_type": "lac"}, [_episode(), ("plans", _LAC)], [_episode(), ("plans", {})]),
        failing=(
            [_episode(), ("plans", _LAC | {"care_episode": None})],
            [_episode(), ("plans", _LAC | {"care_episode": "care_episodes-9"})],
        ),
    ),
    _chronologies(
        code="CH06",
        severity=Severity.QUERY,
        says="A chronology holds strengths too: of more than ten entries about a child, one at least is positive.",
        hint="add what went well: achievements, support that worked, relationships",
        source="National Guidance 2021, 3.176: not only adverse events",
        dimension=Dimension.COMPLETENESS,
        logic=Query(
            "SELECT counted.record_key FROM (SELECT $key AS record_key, count(*) OVER of_child AS entries,"
            " count(*) FILTER (WHERE flag('significances', significance, 'is_positive')) OVER of_child AS positive,"
            " row_number() OVER (PARTITION BY linked_child ORDER BY happened_on DESC, $key DESC) AS place"
            " FROM chronologies WHERE linked_child IS NOT NULL WINDOW of_child AS (PARTITION BY linked_child)"
            ") AS counted WHERE counted.entries > 10 AND counted.positive = 0 AND counted.place = 1"
        ),
        fields=("significance",),
        passing=({}, _ALL_BAD[:10], [*_ALL_BAD, ("chronologies", {"significance": "mixed"})]),
        failing=(_ALL_BAD,),
    ),
    _chronologies(
        code="CH09",
        severity=Severity.ERROR,
        says="An entry that draws on another source's chronology names an entry which that source holds.",
        hint="correct draws_on; what was only said at a meeting has contributed_at_meeting_on instead",
        source="National Guidance 2021, 3.175: a synthesis drawing on single-agency chronologies",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT drawn.$key AS record_key, drawn.position FROM chronologies_draws_on AS drawn"
            " WHERE EXISTS (SELECT 1 FROM chronologies AS entry WHERE entry.source = drawn.source)"
            " AND NOT EXISTS (SELECT 1 FROM chronologies AS entry"
            " WHERE entry.source = drawn.source AND entry.source_id = drawn.source_id)"
        ),
        fields=("source_id",),
        table="chronologies_draws_on",
        passing=(
            {"draws_on": [{"source": "not-yet-here", "source_id": "e-1"}]},
            [
                ("chronologies", _HEALTH),
                ("chronologies", {"draws_on": [{"source": "nhs-ggc", "source_id": "chronologies-1"}]}),
            ],
        ),
        failing=(
            [
                ("chronologies", _HEALTH),
                ("chronologies", {"draws_on": [{"source": "nhs-ggc", "source_id": "chronologies-9"}]}),
            ],
        ),
    ),
    _protection(
        code="CH12",
        severity=Severity.QUERY,
        says="A registered child's chronology has an entry recorded in the last 90 days.",
        hint="bring the chronology up to date; what is going well counts",
        source="Care Inspectorate, Practice guide to chronologies, 2017, point 7: reviewed regularly",
        dimension=Dimension.TIMELINESS,
        logic=_silent(
            "child_protection",
            "process",
            "registered_on",
            90,
            "process.registered_on IS NOT NULL AND process.deregistered_on IS NULL",
        ),
        fields=("registered_on",),
        passing=(
            _OPEN_REGISTRATION,
            [("child_protection", {}), ("chronologies", {})],
            [
                ("child_protection", _OPEN_REGISTRATION),
                ("chronologies", {"recorded_at": "2025-10-17T12:00:00+01:00"}),
            ],
        ),
        failing=(
            [
                ("child_protection", _OPEN_REGISTRATION),
                ("chronologies", {"recorded_at": "2025-10-16T12:00:00+01:00"}),
            ],
        ),
    ),
    _chronologies(
        code="CH13",
        severity=Severity.ERROR,
        says="Two agencies' entries of one day and type about one child draw on one another, or are two events.",
        hint="let one draw on the other (draws_on): both sources are kept",
        source="National Risk Framework: simple",
        dimension=Dimension.UNIQUENESS,
        logic=Query(
            "SELECT DISTINCT entry.$key AS record_key FROM chronologies AS entry"
            " JOIN chronologies AS other ON other.linked_child = entry.linked_child"
            " AND other.happened_on = entry.happened_on AND other.event_type = entry.event_type"
            " AND other.source_agency <> entry.source_agency"
            " WHERE flag('precisions', entry.precision, 'is_exact') AND flag('precisions', other.precision, 'is_exact')"
            " AND NOT flag('event_types', entry.event_type, 'needs_text')"
            " AND NOT EXISTS (SELECT 1 FROM chronologies_draws_on AS drawn WHERE drawn.$key = entry.$key"
            " AND drawn.source = other.source AND drawn.source_id = other.source_id"
            " OR drawn.$key = other.$key AND drawn.source = entry.source AND drawn.source_id = entry.source_id)"
        ),
        fields=("happened_on", "event_type"),
        passing=(
            {},
            [("chronologies", {}), ("chronologies", {})],
            [("chronologies", _HEALTH), ("chronologies", {"event_type": "police_concern"})],
            [
                ("chronologies", _HEALTH),
                ("chronologies", {"draws_on": [{"source": "nhs-ggc", "source_id": "chronologies-1"}]}),
            ],
        ),
        failing=([("chronologies", _HEALTH), ("chronologies", {})],),
    ),
    _chronologies(
        code="CH14",
        severity=Severity.ERROR,
        says="What another family already holds (a registration, a care start, a move) is not typed again as an entry.",
        hint="retract the entry: the event stands in the child's chronology from its own record",
        source="Practice: no double entry",
        dimension=Dimension.UNIQUENESS,
        logic=Query(f"SELECT entry.$key AS record_key FROM chronologies AS entry WHERE {_SYSTEM_EVENTS}"),
        fields=("event_type", "happened_on"),
        passing=(
            {"event_type": "registration"},
            [_episode(), ("chronologies", {"event_type": "care_start"})],
            [_episode(), ("chronologies", {"event_type": "care_move", "happened_on": "2023-09-11"})],
        ),
        failing=(
            [_episode(), ("chronologies", {"event_type": "care_start", "happened_on": "2023-09-11"})],
            [_episode(), ("chronologies", {"event_type": "care_move", "happened_on": "2024-02-05"})],
            [_episode(**_ENDED), ("chronologies", {"event_type": "care_end", "happened_on": "2025-05-30"})],
            [
                ("child_protection", _HEALTH),
                ("chronologies", {"event_type": "registration", "happened_on": "2024-11-26"}),
            ],
            [("child_protection", {}), ("chronologies", {"event_type": "deregistration", "happened_on": "2025-05-13"})],
        ),
    ),
    _chronologies(
        code="CH15",
        severity=Severity.ERROR,
        says="What happened before the child was born is of the family or the pregnancy, or names whom it concerns.",
        hint="correct happened_on or event_type, or name the parent in `people`",
        source="Practice",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            f"SELECT entry.$key AS record_key FROM chronologies AS entry {joined_person('entry')}"
            " WHERE entry.happened_on < person.date_of_birth"
            " AND (flag('precisions', entry.precision, 'is_exact')"
            " OR year_of(entry.happened_on) < year_of(person.date_of_birth))"
            " AND NOT flag('event_types', entry.event_type, 'before_birth_allowed')"
            " AND NOT EXISTS (SELECT 1 FROM chronologies_people AS concerned WHERE concerned.$key = entry.$key"
            " AND flag('people', concerned.value, 'is_third_party'))"
        ),
        fields=("happened_on", "event_type"),
        passing=(
            [_CHILD, ("chronologies", {})],
            [_CHILD, ("chronologies", {"happened_on": "2014-12-31", "event_type": "pregnancy"})],
            [_CHILD, ("chronologies", {"happened_on": "2014-12-31", "people": ["sibling"]})],
            [_born("2025-02-25"), ("chronologies", {"precision": "month"})],
        ),
        failing=([_CHILD, ("chronologies", {"happened_on": "2014-12-31"})],),
    ),
    _episodes(
        code="CH17",
        severity=Severity.QUERY,
        says="A looked-after child's chronology has an entry recorded in the last 180 days.",
        hint="bring the chronology up to date; what is going well counts",
        source="Care Inspectorate, Practice guide to chronologies, 2017, point 7: reviewed regularly",
        dimension=Dimension.TIMELINESS,
        logic=_silent(
            "care_episodes",
            "episode",
            "started_on",
            180,
            "episode.ended_on IS NULL AND episode.short_breaks IS NOT TRUE",
        ),
        fields=("started_on",),
        passing=(
            {},
            [_episode(), ("chronologies", _HEALTH)],
            [_episode(), ("chronologies", {"recorded_at": "2025-07-19T12:00:00+01:00"})],
        ),
        failing=([_episode(), ("chronologies", {"recorded_at": "2025-07-18T12:00:00+01:00"})],),
    ),
    _episodes(
        code="LA02",
        severity=Severity.ERROR,
        says="A child is looked after from birth at the earliest: an unborn child is not.",
        hint="correct the episode's start or the date of birth",
        source="England SSDA903 rule 302, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            f"SELECT episode.$key AS record_key FROM care_episodes AS episode {joined_person('episode')}"
            " WHERE episode.started_on < person.date_of_birth OR person.date_of_birth IS NULL"
        ),
        fields=("started_on",),
        passing=({}, [_born("2023-09-11"), _episode()]),
        failing=(
            [_born("2023-09-12"), _episode()],
            [
                (
                    "children",
                    _INFANT | {"date_of_birth": None, "expected_date_of_birth": "2026-02-01", "sex": "unborn"},
                ),
                _episode(),
            ],
        ),
    ),
    _episodes(
        code="LA17",
        severity=Severity.ERROR,
        says="An episode that ends as the child died ends on the day of death.",
        hint="send date_of_death in the children record, or correct ended_on",
        source="England SSDA903 reason episode ceased E2, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            f"SELECT episode.$key AS record_key FROM care_episodes AS episode {joined_person('episode')}"
            " WHERE flag('end_reasons', episode.end_reason, 'is_death')"
            " AND (person.date_of_death IS NULL OR person.date_of_death <> episode.ended_on)"
        ),
        fields=("ended_on", "end_reason"),
        passing=(
            [_CHILD, _episode(**_ENDED)],
            [("children", {"date_of_death": "2025-05-30"}), _episode(**_ENDED | {"end_reason": "E-DIE"})],
        ),
        failing=(
            [_CHILD, _episode(**_ENDED | {"end_reason": "E-DIE"})],
            [("children", {"date_of_death": "2025-05-29"}), _episode(**_ENDED | {"end_reason": "E-DIE"})],
        ),
    ),
    _episodes(
        code="LA18",
        severity=Severity.QUERY,
        says="A child ceases to be looked after at 18: continuing care after that is not being looked after.",
        hint="end the episode, or explain; published tables hold a few of 18 to 21",
        source="Children (Scotland) Act 1995; Scottish Government, children looked after statistics",
        dimension=Dimension.TIMELINESS,
        logic=Query(
            f"SELECT episode.$key AS record_key FROM care_episodes AS episode {joined_person('episode')}"
            " WHERE coalesce(episode.ended_on, today()) > months_after(person.date_of_birth, 216)"
        ),
        fields=("ended_on", "started_on"),
        passing=([_CHILD, _episode()], [_born("2008-01-15"), _episode()], [_born("2007-05-30"), _episode(**_ENDED)]),
        failing=([_born("2008-01-14"), _episode()], [_born("2007-05-29"), _episode(**_ENDED)]),
    ),
    _episodes(
        code="LA24",
        severity=Severity.ERROR,
        says="A child has one open care episode in all Scotland, planned short breaks apart.",
        hint="agree which authority is responsible; the other ends its episode, with the transfer",
        source="CLAS: only the responsible authority returns the child",
        dimension=Dimension.UNIQUENESS,
        logic=Query(
            "SELECT $key AS record_key FROM care_episodes"
            " WHERE ended_on IS NULL AND short_breaks IS NOT TRUE AND linked_child IS NOT NULL"
            " QUALIFY count(*) OVER (PARTITION BY linked_child) > 1"
        ),
        fields=("started_on", "responsible_authority"),
        passing=(
            {},
            [_episode(), _episode(**_ENDED | _HIGHLAND)],
            [_episode(), _episode(short_breaks=True)],
            [_episode(), _episode(child="child-0002")],
        ),
        failing=([_episode(), _episode(responsible_authority="S12000017", **_HIGHLAND)], [_episode(), _episode()]),
    ),
    _episodes(
        code="LA32",
        severity=Severity.ERROR,
        says="Pre-birth or newborn risk is the reason of an episode that starts within 90 days of birth.",
        hint="choose the reason at the time of this episode",
        source="Kith code lists: pre-birth or newborn risk",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            f"SELECT episode.$key AS record_key FROM care_episodes AS episode {joined_person('episode')}"
            " WHERE flag('care_reasons', episode.primary_reason, 'is_pre_birth')"
            " AND days_between(person.date_of_birth, episode.started_on) > 90"
        ),
        fields=("primary_reason", "started_on"),
        passing=([_CHILD, _episode()], [_born("2023-06-13"), _episode(primary_reason="R-PRB")]),
        failing=([_born("2023-06-12"), _episode(primary_reason="R-PRB")],),
    ),
    _episodes(
        code="LA54",
        severity=Severity.ERROR,
        says="Continuing care, or leaving of one's own accord, is from 16; reaching 18 is at 18.",
        hint="correct the end reason, ended_on or the date of birth",
        source="Children and Young People (Scotland) Act 2014, section 67",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            f"SELECT episode.$key AS record_key FROM care_episodes AS episode {joined_person('episode')}"
            " WHERE flag('end_reasons', episode.end_reason, 'minimum_age', '16')"
            " AND age_on(person.date_of_birth, episode.ended_on) < 16"
            " OR flag('end_reasons', episode.end_reason, 'minimum_age', '18')"
            " AND age_on(person.date_of_birth, episode.ended_on) < 18"
        ),
        fields=("end_reason", "ended_on"),
        passing=(
            [_CHILD, _episode(**_ENDED)],
            [_born("2009-05-30"), _episode(**_ENDED | {"end_reason": "E-CNT"})],
            [_born("2007-05-30"), _episode(**_ENDED | {"end_reason": "E-18"})],
        ),
        failing=(
            [_born("2009-05-31"), _episode(**_ENDED | {"end_reason": "E-CNT"})],
            [_born("2007-05-31"), _episode(**_ENDED | {"end_reason": "E-18"})],
        ),
    ),
    _episodes(
        code="LA55",
        severity=Severity.ERROR,
        says="Responsibility passes on one day: the episode in the next authority starts when this one ends.",
        hint="agree the day of transfer with the other authority",
        source="CLAS scope",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT DISTINCT episode.$key AS record_key FROM care_episodes AS episode"
            " JOIN care_episodes AS later ON later.linked_child = episode.linked_child"
            " AND later.responsible_authority = episode.transferred_to"
            " AND later.transferred_from = episode.responsible_authority AND later.started_on >= episode.started_on"
            " WHERE flag('end_reasons', episode.end_reason, 'is_transfer')"
            " AND NOT EXISTS (SELECT 1 FROM care_episodes AS next WHERE next.linked_child = episode.linked_child"
            " AND next.responsible_authority = episode.transferred_to AND next.started_on = episode.ended_on)"
        ),
        fields=("ended_on", "transferred_to"),
        passing=(
            {},
            [
                _episode(**_ENDED | {"end_reason": "E-LAT", "transferred_to": "S12000017"}),
                _episode(
                    responsible_authority="S12000017",
                    transferred_from="S12000038",
                    started_on="2025-05-30",
                    **_HIGHLAND,
                ),
            ],
        ),
        failing=(
            [
                _episode(**_ENDED | {"end_reason": "E-LAT", "transferred_to": "S12000017"}),
                _episode(
                    responsible_authority="S12000017",
                    transferred_from="S12000038",
                    started_on="2025-06-02",
                    **_HIGHLAND,
                ),
            ],
        ),
    ),
    _episodes(
        code="LA56",
        severity=Severity.QUERY,
        says="Where a brother or sister is in care too, the placement says whether they live together.",
        hint="give with_siblings: all, some or none",
        source="The Promise, Plan 24-30: relationships of brothers and sisters",
        dimension=Dimension.COMPLETENESS,
        logic=Query(
            "SELECT DISTINCT placement.$key AS record_key, placement.position"
            f" FROM care_episodes AS episode {joined_person('episode')}"
            " JOIN care_episodes_placements AS placement ON placement.$key = episode.$key"
            " JOIN children_siblings AS sibling ON sibling.$key = person.$key"
            " JOIN care_episodes AS theirs ON theirs.source = episode.source AND theirs.child = sibling.child"
            " WHERE episode.ended_on IS NULL AND placement.ended_on IS NULL AND theirs.ended_on IS NULL"
            " AND placement.with_siblings IS NULL AND episode.short_breaks IS NOT TRUE"
        ),
        fields=("with_siblings",),
        table="care_episodes_placements",
        passing=(
            [_CHILD, _episode(), _episode(child="child-0002")],
            [_CHILD, _fostered("2023-09-11"), _episode(child="child-0003")],
        ),
        failing=([_CHILD, _fostered("2023-09-11"), _episode(child="child-0002")],),
    ),
    _episodes(
        code="LA57",
        severity=Severity.ERROR,
        says="A young person's own agreement to accommodation under section 25 is from the 16th birthday.",
        hint="correct s25_basis or the date of birth",
        source="Children (Scotland) Act 1995, section 25",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT legal.$key AS record_key, legal.position"
            f" FROM care_episodes AS episode {joined_person('episode')}"
            " JOIN care_episodes_legal_reasons AS legal ON legal.$key = episode.$key"
            " WHERE flag('s25_bases', legal.s25_basis, 'has_child_agreement')"
            " AND age_on(person.date_of_birth, legal.started_on) < 16"
        ),
        fields=("s25_basis",),
        table="care_episodes_legal_reasons",
        passing=(
            [_CHILD, _episode()],
            [
                _born("2007-09-11"),
                _episode(
                    legal_reasons=[
                        {
                            "id": "lr-1",
                            "legal_reason": "s25",
                            "started_on": "2023-09-11",
                            "s25_basis": "own_agreement_16",
                        }
                    ]
                ),
            ],
        ),
        failing=(
            [
                _born("2007-09-12"),
                _episode(
                    legal_reasons=[
                        {
                            "id": "lr-1",
                            "legal_reason": "s25",
                            "started_on": "2023-09-11",
                            "s25_basis": "own_agreement_16",
                        }
                    ]
                ),
            ],
        ),
    ),
    _episodes(
        code="LA58",
        severity=Severity.QUERY,
        says="Of an unaccompanied child it is said whether the date of birth is an estimate.",
        hint="give date_of_birth_estimated in the children record",
        source="Practice: age assessment",
        dimension=Dimension.COMPLETENESS,
        logic=Query(
            f"SELECT episode.$key AS record_key FROM care_episodes AS episode {joined_person('episode')}"
            " WHERE flag('care_reasons', episode.primary_reason, 'is_unaccompanied')"
            " AND person.date_of_birth_estimated IS NULL"
        ),
        fields=("primary_reason",),
        passing=([_CHILD, _episode()], [_CHILD, _episode(primary_reason="R-UAS")]),
        failing=([("children", {"date_of_birth_estimated": None}), _episode(primary_reason="R-UAS")],),
    ),
    _protection(
        code="CP06",
        severity=Severity.ERROR,
        says="A child is on a council's child protection register once.",
        hint="one of the two is a duplicate, or its de-registration has not been sent",
        source="Scottish Government, child protection statistics",
        dimension=Dimension.UNIQUENESS,
        logic=Query(
            "SELECT $key AS record_key FROM child_protection WHERE registered_on IS NOT NULL"
            " AND deregistered_on IS NULL AND linked_child IS NOT NULL"
            " QUALIFY count(*) OVER (PARTITION BY linked_child, authority) > 1"
        ),
        fields=("registered_on", "authority"),
        passing=(
            {},
            [("child_protection", {}), ("child_protection", _OPEN_REGISTRATION)],
            [
                ("child_protection", _OPEN_REGISTRATION),
                ("child_protection", _OPEN_REGISTRATION | {"authority": "S12000017"}),
            ],
        ),
        failing=([("child_protection", _OPEN_REGISTRATION), ("child_protection", _OPEN_REGISTRATION)],),
    ),
    _protection(
        code="CP14",
        severity=Severity.QUERY,
        says="A pre-birth planning meeting is held by the 28th week of the pregnancy, or says why it was late.",
        hint="give late_reason on the meeting",
        source="National Guidance 2021, Appendix D",
        dimension=Dimension.TIMELINESS,
        logic=Query(
            "SELECT meeting.$key AS record_key, meeting.position"
            f" FROM child_protection AS process {joined_person('process')}"
            " JOIN child_protection_meetings AS meeting ON meeting.$key = process.$key"
            " WHERE flag('meeting_types', meeting.type, 'is_pre_birth') AND meeting.late_reason IS NULL"
            " AND meeting.held_on > days_after(person.expected_date_of_birth, -84)"
            " AND process.concern_on <= days_after(person.expected_date_of_birth, -84)"
        ),
        fields=("held_on", "type"),
        table="child_protection_meetings",
        passing=(
            {},
            [
                ("children", {"expected_date_of_birth": "2025-02-18"}),
                ("child_protection", {"meetings": [{"id": "m-1", "type": "pre_birth", "held_on": "2024-11-26"}]}),
            ],
        ),
        failing=(
            [
                ("children", {"expected_date_of_birth": "2025-02-17"}),
                ("child_protection", {"meetings": [{"id": "m-1", "type": "pre_birth", "held_on": "2024-11-26"}]}),
            ],
        ),
    ),
    _protection(
        code="CP26",
        severity=Severity.ERROR,
        says="A child taken off the register because of age is 16 or more.",
        hint="correct the reason, or the date of birth",
        source="Scottish Government, child protection statistics",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            f"SELECT process.$key AS record_key FROM child_protection AS process {joined_person('process')}"
            " WHERE flag('deregistration_reasons', process.deregistration_reason, 'is_age')"
            " AND age_on(person.date_of_birth, process.deregistered_on) < 16"
        ),
        fields=("deregistration_reason", "deregistered_on"),
        passing=(
            [_CHILD, ("child_protection", {})],
            [_born("2009-05-13"), ("child_protection", {"deregistration_reason": "age"})],
        ),
        failing=([_born("2009-05-14"), ("child_protection", {"deregistration_reason": "age"})],),
    ),
    _episodes(
        code="LA68",
        severity=Severity.ERROR,
        says="A child's care episodes follow one another: none starts before another has ended, short breaks apart.",
        hint="correct the dates; where both are open, agree which authority is responsible",
        source="England SSDA903 rule 501, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT DISTINCT episode.$key AS record_key FROM care_episodes AS episode"
            " JOIN care_episodes AS other ON other.linked_child = episode.linked_child AND other.$key <> episode.$key"
            " AND (other.ended_on IS NULL OR other.ended_on > episode.started_on)"
            " AND (episode.ended_on IS NULL OR episode.ended_on > other.started_on)"
            " WHERE episode.short_breaks IS NOT TRUE AND other.short_breaks IS NOT TRUE"
            " AND (episode.ended_on IS NOT NULL OR other.ended_on IS NOT NULL)"
        ),
        fields=("started_on", "ended_on"),
        passing=(
            {},
            [_episode(**_ENDED), _episode(started_on="2025-05-30")],
            [_episode(), _episode()],
            [_episode(**_ENDED), _episode(short_breaks=True)],
        ),
        failing=([_episode(**_ENDED), _episode(started_on="2025-05-29")],),
    ),
    _episodes(
        code="LA69",
        severity=Severity.QUERY,
        says="A child who moves stays in one episode: none starts in a council on the day that another there ended.",
        hint="send one episode with two placements; a move does not end being looked after",
        source="England SSDA903 rule 431, logic only; CLAS: whole episodes",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT episode.$key AS record_key FROM care_episodes AS episode"
            " WHERE episode.short_breaks IS NOT TRUE AND EXISTS (SELECT 1 FROM care_episodes AS other"
            " WHERE other.linked_child = episode.linked_child AND other.ended_on = episode.started_on"
            " AND other.responsible_authority = episode.responsible_authority AND other.short_breaks IS NOT TRUE"
            " AND other.$key <> episode.$key)"
        ),
        fields=("started_on",),
        passing=(
            {},
            [_episode(**_ENDED), _episode(started_on="2025-06-02")],
            [_episode(**_ENDED), _episode(started_on="2025-05-30", responsible_authority="S12000017")],
        ),
        failing=([_episode(**_ENDED), _episode(started_on="2025-05-30")],),
    ),
    _episodes(
        code="LA70",
        severity=Severity.QUERY,
        says="A child adopted does not become looked after again as the child they were.",
        hint="send the child's new identity with identity_change, as another child; or correct the end reason",
        source="England SSDA903 rule 199, logic only; Adoption and Children (Scotland) Act 2007",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT episode.$key AS record_key FROM care_episodes AS episode WHERE EXISTS (SELECT 1"
            " FROM care_episodes AS other WHERE other.linked_child = episode.linked_child"
            " AND flag('end_reasons', other.end_reason, 'is_adoption') AND other.ended_on <= episode.started_on"
            " AND other.$key <> episode.$key)"
        ),
        fields=("started_on",),
        passing=({}, [_episode(**_ENDED), _episode(started_on="2025-06-02")]),
        failing=([_episode(**_ENDED | {"end_reason": "E-ADP"}), _episode(started_on="2025-06-02")],),
    ),
    _protection(
        code="CP41",
        severity=Severity.ERROR,
        says="A child's registrations by one council follow one another.",
        hint="correct the dates; one of the two may be a duplicate",
        source="England CIN census rule 8940, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT DISTINCT process.$key AS record_key FROM child_protection AS process"
            " JOIN child_protection AS other ON other.linked_child = process.linked_child"
            " AND other.authority = process.authority AND other.$key <> process.$key"
            " AND other.registered_on <= coalesce(process.deregistered_on, today())"
            " AND process.registered_on <= coalesce(other.deregistered_on, today())"
            " WHERE process.deregistered_on IS NOT NULL OR other.deregistered_on IS NOT NULL"
        ),
        fields=("registered_on", "deregistered_on"),
        passing=(
            {},
            [("child_protection", {}), ("child_protection", _OPEN_REGISTRATION | {"registered_on": "2025-05-14"})],
            [("child_protection", {}), ("child_protection", {"authority": "S12000017"})],
        ),
        failing=([("child_protection", {}), ("child_protection", {})],),
    ),
    _protection(
        code="CP42",
        severity=Severity.QUERY,
        says="A protection process begins on or after the day of the referral that raised it.",
        hint="correct concern_on, or the referral that the process names",
        source="England CIN census rules 2889, 1104 and 1105, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT process.$key AS record_key FROM child_protection AS process JOIN referrals AS asked"
            " ON asked.source = process.source AND asked.source_id = process.referral"
            " WHERE process.concern_on < local_date(asked.received_at)"
            " OR process.investigation_started_on < local_date(asked.received_at)"
        ),
        fields=("concern_on", "investigation_started_on", "referral"),
        passing=(
            {},
            [
                ("referrals", {"received_at": "2024-11-04T09:00:00+00:00"}),
                ("child_protection", {"referral": "referrals-1"}),
            ],
        ),
        failing=([("referrals", {}), ("child_protection", {"referral": "referrals-1"})],),
    ),
    _protection(
        code="CP43",
        severity=Severity.QUERY,
        says="A child has one protection process of a council at a time.",
        hint="send the further concern as part of the process that is open",
        source="England CIN census rules 8839 and 8890, logic only",
        dimension=Dimension.UNIQUENESS,
        logic=Query(
            "SELECT DISTINCT process.$key AS record_key FROM child_protection AS process"
            " JOIN child_protection AS other ON other.linked_child = process.linked_child"
            " AND other.authority = process.authority AND other.$key <> process.$key"
            " AND (other.ended_on IS NULL OR other.ended_on > process.concern_on)"
            " AND (process.ended_on IS NULL OR process.ended_on > other.concern_on)"
        ),
        fields=("concern_on", "ended_on"),
        passing=({}, _concerned_again("2025-06-02")),
        failing=(_concerned_again("2025-02-03"),),
    ),
)
