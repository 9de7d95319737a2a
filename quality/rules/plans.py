"""Rules of plans: one child's plan with its partners, needs, actions and reviews.

A girfec plan is voluntary: nothing here refuses one because the family said no.
The clocks of a looked-after child's reviews run from placements: see across.py.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from quality.rule import Codes, Dimension, Query, Row, Rule, Severity
from quality.rules.recurring import (
    child_is_held,
    codes_of_lists,
    no_stand_in_dates,
    other_in_words,
    view_with_method,
)
from schemas.registry import BY_NAME

_rule = partial(Rule, family="plans")
_ENDED: dict[str, Any] = {"ended_on": "2025-11-28", "end_reason": "outcomes_achieved", "actions": []}
_EARLIER: dict[str, Any] = _ENDED | {"started_on": "2024-02-01", "agreed_on": "2024-03-01", "end_reason": "replaced"}
_LATER: dict[str, Any] = {"started_on": "2025-12-01", "agreed_on": None, "supersedes": "plans-1"}
_NO_LEAD: dict[str, Any] = {"lead_professional": None}


def _action(**changes: Any) -> dict[str, Any]:
    """Changes to the plan: one action, changed."""
    action = {
        "action": "Breakfast club on school days",
        "outcome_wanted": "A calm start to the school day",
        "owner_agency": "S12000038",
        "owner_role": "headteacher",
        "due_on": "2025-04-30",
        "status": "in_progress",
    }
    return {"actions": [_given(action | changes)]}


def _review(**changes: Any) -> dict[str, Any]:
    """Changes to the plan: one review, changed."""
    review = {"due_on": "2025-07-02", "held_on": "2025-07-01", "child_took_part": "in_person"}
    return {"reviews": [_given(review | changes)]}


def _given(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}


RULES = (
    _rule(
        code="PL02",
        severity=Severity.QUERY,
        says="A plan that two or more agencies take part in has a lead professional.",
        hint="agree who coordinates the plan; any discipline may",
        source="GIRFEC practice statement, child's plan",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "lead_professional_worker IS NULL AND lead_professional_role IS NULL"
            " AND lead_professional_agency IS NULL AND ended_on IS NULL"
            " AND item_count('partners', to_on IS NULL"
            " AND item_count('partners', to_on IS NULL AND agency <> item.agency) > 0) > 0"
        ),
        fields=("lead_professional_worker", "lead_professional_role", "lead_professional_agency"),
        passing=(
            {},
            _NO_LEAD | {"partners": [{"agency": "S12000038"}, {"agency": "S12000038", "role": "teacher"}]},
            _NO_LEAD | {"partners": [{"agency": "S12000038"}, {"agency": "S08000031", "to_on": "2025-06-01"}]},
        ),
        failing=(_NO_LEAD,),
    ),
    _rule(
        code="PL03",
        severity=Severity.ERROR,
        says=(
            "An agreed plan names a wellbeing need, an action with its owner and the outcome wanted,"
            " and when it is reviewed."
        ),
        hint="complete the plan in your system; why it was made is already required",
        source="GIRFEC practice statement, content of the child's plan",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "agreed_on IS NOT NULL AND (item_count('needs') = 0"
            " OR item_count('actions', owner_agency IS NOT NULL AND outcome_wanted IS NOT NULL) = 0"
            " AND ended_on IS NULL"
            " OR review_every_months IS NULL AND item_count('reviews') = 0)"
        ),
        fields=("agreed_on",),
        passing=({}, {"agreed_on": None, "needs": []}, {"reviews": []}),
        failing=(
            {"needs": []},
            {"actions": []},
            _action(outcome_wanted=None),
            {"reviews": [], "review_every_months": None},
        ),
    ),
    _rule(
        code="PL04",
        severity=Severity.REJECT,
        says="A need is under one of the eight wellbeing indicators.",
        hint="safe, healthy, achieving, nurtured, active, respected, responsible or included",
        source="GIRFEC, SHANARRI",
        dimension=Dimension.VALIDITY,
        logic=Codes(("plans_needs.indicator",)),
        fields=("indicator",),
        table="plans_needs",
    ),
    _rule(
        code="PL05",
        severity=Severity.QUERY,
        says="The plan holds the child's view, or why there is none.",
        hint="give child_view, or say under `absent` why child_view is not there",
        source="UN Convention on the Rights of the Child, article 12",
        dimension=Dimension.COMPLETENESS,
        logic=Row("child_view IS NULL AND item_count('absent', field = 'child_view') = 0"),
        fields=("child_view",),
        passing=({}, {"child_view": None, "absent": {"child_view": "refused"}}),
        failing=({"child_view": None},),
    ),
    _rule(
        code="PL06",
        severity=Severity.QUERY,
        says="No action is open on a plan that the family has refused.",
        hint="close the actions, or explain; where an order compels them, consent is `compulsory`",
        source="GIRFEC practice statement 3",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "flag('plan_consents', consent, 'allows_actions', 'false')"
            " AND item_count('actions', flag('action_statuses', status, 'is_open')) > 0"
        ),
        fields=("consent",),
        passing=({}, {"consent": "compulsory"}, {"consent": "refused", "actions": []}),
        failing=({"consent": "refused"},),
    ),
    _rule(
        code="PL07",
        severity=Severity.ERROR,
        says="An action has an owner (agency and role), a date not before the plan's start, and a status.",
        hint="give owner_agency, owner_role, due_on and status",
        source="Practice",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "owner_agency IS NULL OR owner_role IS NULL OR due_on IS NULL OR status IS NULL"
            " OR due_on < record.started_on"
        ),
        fields=("due_on", "owner_agency", "owner_role", "status"),
        table="plans_actions",
        passing=({}, _action(), {"actions": []}),
        failing=(_action(owner_role=None), _action(due_on="2025-03-19"), _action(status=None)),
    ),
    _rule(
        code="PL08",
        severity=Severity.ERROR,
        says="No action stays open on a plan that has ended.",
        hint="say what became of the action: done, not done, or no longer needed",
        source="Practice",
        dimension=Dimension.CONSISTENCY,
        logic=Row("record.ended_on IS NOT NULL AND flag('action_statuses', status, 'is_open')"),
        fields=("status",),
        table="plans_actions",
        passing=({}, _ENDED, _ENDED | _action(status="done", done_on="2025-04-28")),
        failing=(_ENDED | _action(status="not_started"),),
    ),
    _rule(
        code="PL17",
        severity=Severity.ERROR,
        says="A plan that takes the place of another names it, and that one has ended.",
        hint="end the earlier plan (replaced by a later plan), or correct `supersedes`",
        source="Practice",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT later.$key AS record_key FROM plans AS later"
            " LEFT JOIN plans AS earlier ON earlier.source = later.source AND earlier.source_id = later.supersedes"
            " AND earlier.child = later.child AND earlier.source_id <> later.source_id"
            " WHERE later.supersedes IS NOT NULL AND earlier.ended_on IS NULL"
        ),
        fields=("supersedes",),
        passing=({}, [("plans", _EARLIER), ("plans", _LATER)]),
        failing=({"supersedes": "plans-9"}, [("plans", {}), ("plans", _LATER)]),
    ),
    codes_of_lists("PL19", "plans", "a plan"),
    other_in_words(
        "PL20",
        "plans",
        "plan_end_reasons",
        "end_reason",
        passing=({}, _ENDED),
        failing=(_ENDED | {"end_reason": "other"},),
    ),
    other_in_words(
        "PL21",
        "plans",
        "late_reasons",
        "late_reason",
        table="plans_reviews",
        passing=(_review(), _review(late_reason="other", late_reason_text="The hall had no heating")),
        failing=(_review(late_reason="other"),),
    ),
    _rule(
        code="PL22",
        severity=Severity.ERROR,
        says="A plan is agreed and ends on or after the day that work on it started, and none of that is to come.",
        hint="correct started_on, agreed_on or ended_on",
        source="Kith contract",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "ended_on < started_on OR agreed_on < started_on OR started_on > today()"
            " OR ended_on > today() OR agreed_on > today()"
        ),
        fields=("started_on", "agreed_on", "ended_on"),
        passing=({}, _ENDED),
        failing=({"agreed_on": "2025-03-19"}, _ENDED | {"ended_on": "2025-03-01"}, _ENDED | {"ended_on": "2026-02-01"}),
    ),
    _rule(
        code="PL23",
        severity=Severity.ERROR,
        says="A plan that has ended says why.",
        hint="give end_reason",
        source="Practice",
        dimension=Dimension.COMPLETENESS,
        logic=Row("ended_on IS NOT NULL AND end_reason IS NULL OR ended_on IS NULL AND end_reason IS NOT NULL"),
        fields=("end_reason", "ended_on"),
        passing=({}, _ENDED),
        failing=(_ENDED | {"end_reason": None}, {"end_reason": "outcomes_achieved"}),
    ),
    view_with_method("PL24", "plans"),
    _rule(
        code="PL25",
        severity=Severity.ERROR,
        says="A review has the day it is due or was held, and was not held in the future or before the plan.",
        hint="correct the review's dates; a review to come has due_on only",
        source="Kith contract",
        dimension=Dimension.VALIDITY,
        logic=Row("due_on IS NULL AND held_on IS NULL OR held_on > today() OR held_on < record.started_on"),
        fields=("held_on", "due_on"),
        table="plans_reviews",
        passing=({}, _review()),
        failing=(
            _review(due_on=None, held_on=None),
            _review(held_on="2026-01-16"),
            _review(held_on="2025-03-19"),
        ),
    ),
    _rule(
        code="PL26",
        severity=Severity.QUERY,
        says="An action that is done has the day it was done, which is not in the future.",
        hint="give done_on",
        source="Practice",
        dimension=Dimension.COMPLETENESS,
        logic=Row("flag('action_statuses', status, 'is_done') AND done_on IS NULL OR done_on > today()"),
        fields=("done_on", "status"),
        table="plans_actions",
        passing=({}, _action(status="done", done_on="2025-04-28")),
        failing=(_action(status="done"), _action(status="done", done_on="2026-01-16")),
    ),
    _rule(
        code="PL27",
        severity=Severity.QUERY,
        says=(
            "A review is held by the day it was due (or, not held, was not yet due when"
            " recorded), or says why it was late."
        ),
        hint="give late_reason",
        source="GIRFEC practice statement; Looked After Children (Scotland) Regulations 2009",
        dimension=Dimension.TIMELINESS,
        logic=Row(
            "late_reason IS NULL AND (held_on > due_on OR held_on IS NULL AND due_on < local_date(record.recorded_at)"
            " AND record.ended_on IS NULL AND item_count('reviews', held_on >= item.due_on) = 0)"
        ),
        fields=("held_on", "due_on", "late_reason"),
        table="plans_reviews",
        passing=(
            _review(),
            _review(held_on="2025-07-09", late_reason="child_unwell"),
            _review(held_on=None),
        ),
        failing=(_review(held_on="2025-07-03"), {"recorded_at": "2025-07-03T00:30:00+01:00"}),
    ),
    _rule(
        code="PL28",
        severity=Severity.QUERY,
        says="A review that was held says how the child took part.",
        hint="give child_took_part; declined and not invited are answers too",
        source="UN Convention on the Rights of the Child, article 12",
        dimension=Dimension.COMPLETENESS,
        logic=Row("held_on IS NOT NULL AND child_took_part IS NULL"),
        fields=("child_took_part",),
        table="plans_reviews",
        passing=({}, _review(child_took_part="declined")),
        failing=(_review(child_took_part=None),),
    ),
    _rule(
        code="PL29",
        severity=Severity.ERROR,
        says="A partner's part in the plan ends on or after the day it began.",
        hint="correct from_on or to_on",
        source="Kith contract",
        dimension=Dimension.CONSISTENCY,
        logic=Row("to_on < from_on"),
        fields=("to_on", "from_on"),
        table="plans_partners",
        passing=({}, {"partners": [{"agency": "POLICE", "from_on": "2025-04-01", "to_on": "2025-04-01"}]}),
        failing=({"partners": [{"agency": "POLICE", "from_on": "2025-04-01", "to_on": "2025-03-31"}]},),
    ),
    _rule(
        code="PL30",
        severity=Severity.QUERY,
        says="A move to adult services is accepted after the referral, and starts after it is accepted.",
        hint="correct the dates of the transition",
        source="Kith contract",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "transition_accepted_on < transition_referred_on OR transition_started_on < transition_accepted_on"
            " OR transition_started_on < transition_referred_on"
        ),
        fields=("transition_accepted_on", "transition_referred_on", "transition_started_on"),
        passing=({}, {"transition": {"referred_on": "2025-05-01", "started_on": "2025-08-01"}}),
        failing=({"transition": {"referred_on": "2025-05-01", "accepted_on": "2025-04-01"}},),
    ),
    _rule(
        code="PL31",
        severity=Severity.QUERY,
        says="The plan's main duty is not repeated among the other duties it answers.",
        hint="take it away from also_serves",
        source="Kith contract",
        dimension=Dimension.UNIQUENESS,
        logic=Row("item_count('also_serves', value = item.plan_type) > 0"),
        fields=("plan_type",),
        passing=({}, {"also_serves": ["csp"]}),
        failing=({"also_serves": ["girfec"]},),
    ),
    _rule(
        code="PL32",
        severity=Severity.QUERY,
        says="A plan says how the family took it, and a statutory plan is never held up by that.",
        hint="give consent: accepted, refused, compulsory or not asked",
        source="GIRFEC practice statement 3",
        dimension=Dimension.COMPLETENESS,
        logic=Row("agreed_on IS NOT NULL AND consent IS NULL"),
        fields=("consent",),
        passing=({}, {"consent": "refused"}),
        failing=({"consent": None},),
    ),
    no_stand_in_dates("PL33", BY_NAME["plans"], failing=({"agreed_on": "2099-12-31"}, _review(held_on="1900-01-02"))),
    child_is_held("PL34", "plans"),
    _rule(
        code="PL35",
        severity=Severity.QUERY,
        says="No review of a plan is held after the plan has ended.",
        hint="correct the review's day, or the day that the plan ended",
        source="England CIN census rule 8565, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row("held_on > record.ended_on"),
        fields=("held_on",),
        table="plans_reviews",
        passing=(_review(), _ENDED | _review()),
        failing=(_ENDED | _review(held_on="2025-11-29"),),
    ),
    _rule(
        code="PL36",
        severity=Severity.QUERY,
        says="A plan lasts a day or more.",
        hint="retract a plan that was made in error, or correct its dates",
        source="England CIN census rule 4012, logic only",
        dimension=Dimension.ACCURACY,
        logic=Row("ended_on = started_on"),
        fields=("ended_on", "started_on"),
        passing=({}, _ENDED),
        failing=(_ENDED | {"ended_on": "2025-03-20", "started_on": "2025-03-20"},),
    ),
    _rule(
        code="PL37",
        severity=Severity.QUERY,
        says="A child has one plan of a kind at a time.",
        hint="end the one that the other takes the place of, with `supersedes` on the later one",
        source="England CIN census rules 4004 and 4014, logic only; GIRFEC: one child's plan",
        dimension=Dimension.UNIQUENESS,
        logic=Query(
            "SELECT DISTINCT plan.$key AS record_key FROM plans AS plan"
            " JOIN plans AS other ON other.linked_child = plan.linked_child AND other.plan_type = plan.plan_type"
            " AND other.$key <> plan.$key AND (other.ended_on IS NULL OR other.ended_on > plan.started_on)"
            " AND (plan.ended_on IS NULL OR plan.ended_on > other.started_on)"
        ),
        fields=("started_on", "ended_on", "plan_type"),
        passing=(
            {},
            [("plans", _EARLIER | {"ended_on": "2025-12-01"}), ("plans", _LATER)],
            [("plans", {}), ("plans", {"plan_type": "csp"})],
        ),
        failing=([("plans", {}), ("plans", {})],),
    ),
    _rule(
        code="PL38",
        severity=Severity.INFO,
        says="What several duties ask of a child's plan stands in one plan.",
        hint="for information: one plan may say its further duties in also_serves",
        source="England CIN census rules 4001, 4016 and 4017, logic only; GIRFEC: one child's plan",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT $key AS record_key FROM plans WHERE ended_on IS NULL"
            " QUALIFY count(*) OVER (PARTITION BY source, child) > 1"
        ),
        fields=("plan_type",),
        passing=({}, [("plans", {}), ("plans", {"child": "child-0002"})]),
        failing=([("plans", {}), ("plans", {"plan_type": "csp"})],),
    ),
    _rule(
        code="PL39",
        severity=Severity.QUERY,
        says="A plan starts on or after the day of the referral that led to it.",
        hint="correct started_on, or the referral that the plan names",
        source="England CIN census rule 4015, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT plan.$key AS record_key FROM plans AS plan JOIN referrals AS asked"
            " ON asked.source = plan.source AND asked.source_id = plan.referral"
            " WHERE plan.started_on < local_date(asked.received_at)"
        ),
        fields=("started_on", "referral"),
        passing=({}, [("referrals", {}), ("plans", {"referral": "referrals-1"})]),
        failing=([("referrals", {}), ("plans", {"referral": "referrals-1", "started_on": "2025-03-02"})],),
    ),
)
