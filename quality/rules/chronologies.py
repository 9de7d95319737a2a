"""Rules of chronologies: one entry is a fact, what was done about it, what it means for the child."""

from functools import partial

from quality.rule import Dimension, NoData, Query, Row, Rule, Severity, Shape
from quality.rules.recurring import (
    child_is_held,
    codes_of_lists,
    no_stand_in_dates,
    other_in_words,
    view_with_method,
)
from schemas.registry import BY_NAME

_rule = partial(Rule, family="chronologies")
_CI17 = "Care Inspectorate, Practice guide to chronologies, 2017"
_SHORTEST, _LONGEST = 20, 600
_OPINIONS = ("inappropriate", "manipulative", "disengaged")
_NO_ACTION = {"action_taken": None}


RULES = (
    _rule(
        code="CH01",
        severity=Severity.REJECT,
        says=(
            "An event is recorded on or after the day it happened; where only the month or year"
            " is known, the year counts."
        ),
        hint="correct happened_on; what is to come belongs in the plan",
        source=_CI17,
        dimension=Dimension.TIMELINESS,
        logic=Row(
            "happened_on > local_date(recorded_at) AND (flag('precisions', precision, 'is_exact')"
            " OR year_of(happened_on) > year_of(local_date(recorded_at)))"
        ),
        fields=("happened_on", "precision"),
        passing=({}, {"happened_on": "2025-03-03"}, {"happened_on": "2025-12-31", "precision": "year"}),
        failing=({"happened_on": "2025-03-04"}, {"happened_on": "2026-01-01", "precision": "year"}),
    ),
    _rule(
        code="CH02",
        severity=Severity.REJECT,
        says="An entry has its source agency, its author's role and its source's own id.",
        hint="give recorded_by_role",
        source="National Guidance 2021",
        dimension=Dimension.COMPLETENESS,
        logic=Shape("the agency is the client's, the id stands in the URL, and recorded_by_role is required"),
        passing=(),
    ),
    _rule(
        code="CH03",
        severity=Severity.ERROR,
        says="Of an event that calls for it, the entry says what was done about it, or why nothing was.",
        hint="give action_taken, or no_action_reason",
        source=_CI17,
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "flag('event_types', event_type, 'needs_action') AND action_taken IS NULL AND no_action_reason IS NULL"
        ),
        fields=("action_taken", "no_action_reason"),
        passing=(
            {},
            _NO_ACTION | {"no_action_reason": "The school had already acted."},
            _NO_ACTION | {"event_type": "achievement"},
        ),
        failing=(_NO_ACTION,),
    ),
    _rule(
        code="CH04",
        severity=Severity.QUERY,
        says=f"An entry is brief: {_SHORTEST} to {_LONGEST} characters.",
        hint="say the event in a sentence or two; the case note stays in your own system",
        source="National Risk Framework: succinct, simple, standardised",
        dimension=Dimension.VALIDITY,
        logic=Row(f"text_length(description) NOT BETWEEN {_SHORTEST} AND {_LONGEST}"),
        fields=("description",),
        passing=({}, {"description": "x" * _SHORTEST}, {"description": "x" * _LONGEST}),
        failing=({"description": "Behaved badly."}, {"description": "x" * (_LONGEST + 1)}),
    ),
    _rule(
        code="CH05",
        severity=Severity.INFO,
        says="An entry says what happened, not what somebody thinks of the person.",
        hint="put the fact in place of the word: what was seen, heard or done",
        source=_CI17,
        dimension=Dimension.ACCURACY,
        logic=Row(" OR ".join(f"mentions(description, '{word}')" for word in _OPINIONS)),
        fields=("description",),
        failing=({"description": "Mother was MANIPULATIVE at the meeting."},),
    ),
    _rule(
        code="CH07",
        severity=Severity.REJECT,
        says="Analysis is kept apart from the entry of fact.",
        hint="send what the events mean together as an assessment",
        source=_CI17,
        dimension=Dimension.VALIDITY,
        logic=Shape("an entry has no field for analysis; needs.analysis holds it"),
        passing=(),
    ),
    _rule(
        code="CH08",
        severity=Severity.REJECT,
        says="A correction is a further entry or version: nothing is overwritten.",
        hint="post the correction under its own id, with `corrects`",
        source="Practice; data protection law",
        dimension=Dimension.CONSISTENCY,
        logic=Shape("`corrects`, and the journal, which keeps every version as it was sent"),
        passing=(),
    ),
    _rule(
        code="CH10",
        severity=Severity.REJECT,
        says="An entry that concerns anybody but the child is marked as speaking of others.",
        hint="leave third_party out, or send true",
        source="Data Protection Act 2018",
        dimension=Dimension.CONSISTENCY,
        logic=Row("NOT third_party AND item_count('people', flag('people', value, 'is_third_party')) > 0"),
        fields=("third_party",),
        passing=({}, {"people": ["child", "parent"]}, {"people": ["parent"], "third_party": True}),
        failing=({"people": ["child", "parent"], "third_party": False},),
    ),
    _rule(
        code="CH11",
        severity=Severity.QUERY,
        says="The lead professional consolidates the chronology before each child protection planning meeting.",
        hint="nothing to do",
        source="National Guidance 2021, 3.177",
        dimension=Dimension.TIMELINESS,
        logic=NoData("no family holds when a chronology was consolidated"),
        passing=(),
    ),
    codes_of_lists("CH16", "chronologies", "a chronology entry"),
    _rule(
        code="CH18",
        severity=Severity.ERROR,
        says="An event ends on or after the day it began.",
        hint="correct happened_on or ended_on",
        source="Kith contract",
        dimension=Dimension.CONSISTENCY,
        logic=Row("ended_on < happened_on AND flag('precisions', precision, 'is_exact')"),
        fields=("ended_on", "happened_on"),
        passing=({}, {"ended_on": "2025-02-24"}, {"ended_on": "2025-02-01", "precision": "month"}),
        failing=({"ended_on": "2025-02-23"},),
    ),
    other_in_words(
        "CH19",
        "chronologies",
        "event_types",
        "event_type",
        passing=({}, {"event_type": "other", "event_type_text": "A fire next door"}),
        failing=({"event_type": "other"},),
    ),
    view_with_method("CH20", "chronologies"),
    _rule(
        code="CH21",
        severity=Severity.ERROR,
        says="The entry that a correction corrects is held, and is the same child's.",
        hint="post that entry first, or correct the id in `corrects`",
        source="Kith contract",
        dimension=Dimension.CONSISTENCY,
        logic=Query(
            "SELECT correction.$key AS record_key FROM chronologies AS correction"
            " LEFT JOIN chronologies AS corrected ON corrected.source = correction.source"
            " AND corrected.source_id = correction.corrects AND corrected.child = correction.child"
            " AND corrected.source_id <> correction.source_id"
            " WHERE correction.corrects IS NOT NULL AND corrected.$key IS NULL"
        ),
        fields=("corrects",),
        passing=({}, [("chronologies", {}), ("chronologies", {"corrects": "chronologies-1"})]),
        failing=(
            {"corrects": "chronologies-9"},
            [("chronologies", {"child": "child-0002"}), ("chronologies", {"corrects": "chronologies-1"})],
        ),
    ),
    _rule(
        code="CH22",
        severity=Severity.QUERY,
        says="An entry says what was done, or why nothing was, not both.",
        hint="keep the one that is true",
        source=_CI17,
        dimension=Dimension.CONSISTENCY,
        logic=Row("action_taken IS NOT NULL AND no_action_reason IS NOT NULL"),
        fields=("no_action_reason", "action_taken"),
        passing=({}, _NO_ACTION | {"no_action_reason": "The school had already acted."}),
        failing=({"no_action_reason": "The school had already acted."},),
    ),
    _rule(
        code="CH23",
        severity=Severity.ERROR,
        says="An entry was contributed at a meeting after the event, and not in the future.",
        hint="correct contributed_at_meeting_on",
        source="National Guidance 2021, 3.175",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "contributed_at_meeting_on > today() OR contributed_at_meeting_on < happened_on"
            " AND flag('precisions', precision, 'is_exact')"
        ),
        fields=("contributed_at_meeting_on", "happened_on"),
        passing=({}, {"contributed_at_meeting_on": "2025-02-24"}),
        failing=({"contributed_at_meeting_on": "2025-02-23"}, {"contributed_at_meeting_on": "2026-01-16"}),
    ),
    _rule(
        code="CH24",
        severity=Severity.INFO,
        says="An entry says what the event means for the child: positive, negative, mixed or neutral.",
        hint="give significance",
        source="National Guidance 2021, 3.172 to 3.177: strengths as well as concerns",
        dimension=Dimension.COMPLETENESS,
        logic=Row("significance IS NULL"),
        fields=("significance",),
        failing=({"significance": None},),
    ),
    no_stand_in_dates("CH25", BY_NAME["chronologies"], failing=({"happened_on": "1900-01-02"},)),
    child_is_held("CH26", "chronologies"),
)
