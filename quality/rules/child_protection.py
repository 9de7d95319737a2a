"""Rules of child protection: one child's process, from the concern to its end.

Timescales are those of the guidance in force on the day that set the clock: the
National Guidance 2021 from September 2021, that of 2014 before. A breach is a
query, and quiet where the meeting says why it was late. Bank holidays are
Scotland's; a council's own local holidays are not known here.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from quality.rule import Dimension, Row, Rule, Severity, Shape
from quality.rules.recurring import (
    child_is_held,
    codes_of_lists,
    no_stand_in_dates,
    other_in_words,
    view_with_method,
)
from schemas.registry import BY_NAME

_rule = partial(Rule, family="child_protection")
_SINCE_2021 = "DATE '2021-09-01'"
_APPENDIX_D = "National Guidance 2021, Appendix D; before September 2021, National Guidance 2014, Appendix C"
_OPEN: dict[str, Any] = {"deregistered_on": None, "deregistration_reason": None, "ended_on": None}
_NOT_REGISTERED: dict[str, Any] = _OPEN | {"registered_on": None, "meetings": []}
_2020: dict[str, Any] = _OPEN | {
    "recorded_at": "2020-12-31T12:00:00+00:00",
    "concern_on": "2020-02-03",
    "irds": [{"id": "ird-1", "started_at": "2020-02-03T14:00:00+00:00"}],
    "investigation_started_on": None,
    "investigation_ended_on": None,
    "registered_on": "2020-02-20",
}


def _initial(**changes: Any) -> dict[str, Any]:
    """An initial planning meeting at which the child is registered."""
    return _given(
        {
            "id": "m-1",
            "type": "initial",
            "held_on": "2024-11-26",
            "quorate": True,
            "outcome": "registered",
            "record_sent_on": "2024-12-06",
            "child_took_part": "advocate",
        }
        | changes
    )


def _core_group(held_on: str | None, **changes: Any) -> dict[str, Any]:
    return _given({"id": "m-2", "type": "core_group", "held_on": held_on} | changes)


def _review(held_on: str | None, **changes: Any) -> dict[str, Any]:
    return _given({"id": "m-3", "type": "review", "held_on": held_on, "outcome": "stays_registered"} | changes)


def _ird(id: str) -> dict[str, Any]:
    return {"id": id, "started_at": "2024-11-04T14:00:00+00:00"}


def _meetings(*meetings: Mapping[str, Any]) -> dict[str, Any]:
    """Changes to the process: these meetings."""
    return {"meetings": list(meetings)}


def _given(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}


def _by_guidance(on: str, now: str, before: str) -> str:
    """`now` where the clock was set by the guidance of 2021, `before` where by that of 2014."""
    return f"({on} >= {_SINCE_2021} AND ({now}) OR {on} < {_SINCE_2021} AND ({before}))"


def _held_late(limit_days: int) -> str:
    limit = f"days_after(record.concern_on, {limit_days})"
    return f"held_on > {limit} OR held_on IS NULL AND record.ended_on IS NULL AND today() > {limit}"


def _first_of(flag: str) -> str:
    return (
        f"flag('meeting_types', type, '{flag}') AND late_reason IS NULL"
        f" AND item_count('meetings', flag('meeting_types', type, '{flag}') AND held_on < item.held_on) = 0"
        f" AND (held_on IS NOT NULL OR item_count('meetings', flag('meeting_types', type, '{flag}')"
        " AND held_on IS NOT NULL) = 0)"
    )


_STILL_REGISTERED = "record.deregistered_on IS NULL OR record.deregistered_on >"


def _no_core_group_by(within: str) -> str:
    """No core group met after the row's meeting, within the limit, nor is there one that says why it was late."""
    core_group = "flag('meeting_types', type, 'is_planning_meeting', 'false')"
    return (
        f"item_count('meetings', {core_group} AND held_on >= item.held_on AND {within}) = 0"
        f" AND item_count('meetings', {core_group} AND late_reason IS NOT NULL"
        " AND (held_on IS NULL OR held_on >= item.held_on)) = 0"
    )


def _no_review_within(months: int) -> str:
    limit = f"months_after(item.held_on, {months})"
    review = "flag('meeting_types', type, 'can_deregister')"
    return (
        f"today() > {limit} AND ({_STILL_REGISTERED} {limit})"
        f" AND item_count('meetings', {review} AND held_on > item.held_on AND held_on <= {limit}) = 0"
        f" AND item_count('meetings', {review} AND {_LATE_AND_AFTER}) = 0"
    )


_REGISTERS = "flag('meeting_types', type, 'can_register') AND flag('meeting_outcomes', outcome, 'registers')"
_LATE_AND_AFTER = "late_reason IS NOT NULL AND (held_on IS NULL OR held_on > item.held_on)"

RULES = (
    _rule(
        code="CP01",
        severity=Severity.QUERY,
        says=(
            "The initial planning meeting is held within 28 calendar days of the concern"
            " (21 before September 2021), or says why it was late."
        ),
        hint="give late_reason on the meeting",
        source=_APPENDIX_D,
        dimension=Dimension.TIMELINESS,
        logic=Row(f"{_first_of('is_initial')} AND {_by_guidance('record.concern_on', _held_late(28), _held_late(21))}"),
        fields=("held_on", "late_reason"),
        table="child_protection_meetings",
        passing=(
            {},
            _meetings(_initial(held_on="2024-12-02")),
            _meetings(_initial(held_on="2024-12-03", late_reason="agreed_exception")),
            _meetings(_initial(quorate=False), _initial(id="m-4", held_on="2024-12-10")),
            _2020 | _meetings(_initial(held_on="2020-02-24")),
        ),
        failing=(
            _meetings(_initial(held_on="2024-12-03")),
            _OPEN | _meetings(_initial(held_on=None, outcome=None)),
            _2020 | _meetings(_initial(held_on="2020-02-25")),
        ),
    ),
    _rule(
        code="CP02",
        severity=Severity.QUERY,
        says=(
            "A pre-birth planning meeting is held within 28 calendar days of the concern"
            " (21 before September 2021), or says why it was late, as where the pregnancy is very early."
        ),
        hint="give late_reason on the meeting",
        source=_APPENDIX_D,
        dimension=Dimension.TIMELINESS,
        logic=Row(
            f"{_first_of('is_pre_birth')} AND {_by_guidance('record.concern_on', _held_late(28), _held_late(21))}"
        ),
        fields=("held_on", "late_reason"),
        table="child_protection_meetings",
        passing=(
            {},
            _meetings(_initial(type="pre_birth", held_on="2024-12-02")),
            _meetings(_initial(type="pre_birth", held_on="2025-01-31", late_reason="awaiting_birth")),
        ),
        failing=(_meetings(_initial(type="pre_birth", held_on="2024-12-03")),),
    ),
    _rule(
        code="CP03",
        severity=Severity.QUERY,
        says=(
            "The core group meets within 15 working days of the meeting that registered the child"
            " (15 calendar days before September 2021), or says why it was late."
        ),
        hint="send the core group, or give its late_reason",
        source=_APPENDIX_D,
        dimension=Dimension.TIMELINESS,
        logic=Row(
            "flag('meeting_outcomes', outcome, 'registers') AND "
            + _by_guidance(
                "held_on",
                "working_days_between(held_on, today()) > 15"
                " AND (record.deregistered_on IS NULL OR working_days_between(held_on, record.deregistered_on) > 15)"
                f" AND {_no_core_group_by('working_days_between(item.held_on, held_on) <= 15')}",
                "today() > days_after(held_on, 15)"
                f" AND ({_STILL_REGISTERED} days_after(held_on, 15))"
                f" AND {_no_core_group_by('held_on <= days_after(item.held_on, 15)')}",
            )
        ),
        fields=("held_on", "outcome"),
        table="child_protection_meetings",
        passing=(
            {},
            _meetings(_initial(), _core_group("2024-12-18")),
            _meetings(_initial(), _core_group("2024-12-19", late_reason="worker_unavailable")),
            _meetings(_initial(outcome="not_registered")),
            _2020 | _meetings(_initial(held_on="2020-02-20"), _core_group("2020-03-06")),
        ),
        failing=(
            _meetings(_initial()),
            _meetings(_initial(), _core_group("2024-12-19")),
            _2020 | _meetings(_initial(held_on="2020-02-20"), _core_group("2020-03-09")),
        ),
    ),
    _rule(
        code="CP04",
        severity=Severity.QUERY,
        says=(
            "A registered child's plan is reviewed within six months of each planning meeting"
            " (three months of a pre-birth meeting, or of a registration before September 2021),"
            " or the review says why it was late."
        ),
        hint="send the review, or give its late_reason",
        source=_APPENDIX_D,
        dimension=Dimension.TIMELINESS,
        logic=Row(
            f"(flag('meeting_outcomes', outcome, 'registers') AND (held_on < {_SINCE_2021}"
            f" OR flag('meeting_types', type, 'is_pre_birth')) AND {_no_review_within(3)})"
            f" OR (flag('meeting_outcomes', outcome, 'registers') AND held_on >= {_SINCE_2021}"
            f" AND NOT flag('meeting_types', type, 'is_pre_birth') AND {_no_review_within(6)})"
            f" OR (flag('meeting_types', type, 'can_deregister') AND flag('meeting_outcomes', outcome, 'keeps')"
            f" AND {_no_review_within(6)})"
        ),
        fields=("held_on", "type"),
        table="child_protection_meetings",
        passing=(
            {},
            _OPEN | _meetings(_initial(held_on="2025-07-15")),
            _OPEN | _meetings(_initial(), _review("2025-05-26"), _review("2025-11-26", id="m-4")),
            _OPEN | _meetings(_initial(held_on="2025-07-01"), _review("2026-01-10", late_reason="capacity")),
            _meetings(_initial()) | {"deregistered_on": "2025-02-03"},
        ),
        failing=(
            _meetings(_initial(held_on="2024-11-12")),
            _OPEN | _meetings(_initial(), _review("2025-05-27"), _review("2025-11-26", id="m-4")),
            _OPEN | _meetings(_initial(type="pre_birth", held_on="2025-09-01")),
            _2020 | _meetings(_initial(held_on="2020-02-20"), _review("2020-05-21"), _review("2020-10-10", id="m-4")),
            _OPEN | _meetings(_initial(), _review("2025-05-26")),
        ),
    ),
    _rule(
        code="CP05",
        severity=Severity.ERROR,
        says="A child is registered by an initial, pre-birth or transfer planning meeting of the same council.",
        hint="send the meeting that registered the child, or correct registered_on",
        source="Scottish Government, child protection statistics, background notes",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "registered_on IS NOT NULL AND item_count('meetings', flag('meeting_types', type, 'can_register')"
            " AND flag('meeting_outcomes', outcome, 'registers') AND held_on <= item.registered_on) = 0"
        ),
        fields=("registered_on",),
        passing=({}, _NOT_REGISTERED, _meetings(_initial(type="transfer"))),
        failing=({"meetings": []}, {"registered_on": "2024-11-25"}, _meetings(_initial(outcome="not_registered"))),
    ),
    _rule(
        code="CP07",
        severity=Severity.ERROR,
        says="A child is taken off the register after being put on it, with a reason.",
        hint="give registered_on, deregistered_on and deregistration_reason in step",
        source="Scottish Government, child protection statistics",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "deregistered_on < registered_on OR deregistered_on IS NOT NULL AND registered_on IS NULL"
            " OR deregistered_on IS NOT NULL AND deregistration_reason IS NULL"
            " OR deregistered_on IS NULL AND deregistration_reason IS NOT NULL"
        ),
        fields=("deregistered_on", "registered_on", "deregistration_reason"),
        passing=({}, _OPEN),
        failing=(
            {"deregistered_on": "2024-11-25"},
            {"deregistration_reason": None},
            {"registered_on": None},
            {"deregistered_on": None},
        ),
    ),
    _rule(
        code="CP08",
        severity=Severity.ERROR,
        says="A registered child has one concern or several; there is no category of registration.",
        hint="give concerns",
        source="National Guidance 2021",
        dimension=Dimension.COMPLETENESS,
        logic=Row("registered_on IS NOT NULL AND item_count('concerns') = 0"),
        fields=("registered_on",),
        passing=({}, {"concerns": ["neglect"]}, _NOT_REGISTERED | {"concerns": []}),
        failing=({"concerns": []},),
    ),
    _rule(
        code="CP09",
        severity=Severity.QUERY,
        says=(
            "An initial or pre-birth planning meeting has an inter-agency referral discussion in the 28 days before it."
        ),
        hint="send the discussion, or give late_reason on the meeting",
        source="Scottish Government, child protection statistics 2023-24, table 1.3a",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "(flag('meeting_types', type, 'is_initial') OR flag('meeting_types', type, 'is_pre_birth'))"
            " AND held_on IS NOT NULL AND late_reason IS NULL"
            " AND item_count('meetings', flag('meeting_types', type, 'can_register') AND held_on < item.held_on) = 0"
            " AND item_count('irds', local_date(started_at) <= item.held_on"
            " AND local_date(started_at) >= days_after(item.held_on, -28)) = 0"
        ),
        fields=("held_on", "type"),
        table="child_protection_meetings",
        passing=({}, {"irds": [], "meetings": []}, _meetings(_initial(held_on="2024-12-02"))),
        failing=({"irds": []}, _meetings(_initial(held_on="2024-12-03")), _meetings(_initial(held_on="2024-11-03"))),
    ),
    _rule(
        code="CP10",
        severity=Severity.QUERY,
        says="A meeting that was not quorate is held again within ten working days, or says why it was late.",
        hint="send the meeting that was held again, or give late_reason",
        source="National Guidance 2021, Appendix D",
        dimension=Dimension.TIMELINESS,
        logic=Row(
            f"NOT quorate AND held_on >= {_SINCE_2021} AND working_days_between(held_on, today()) > 10"
            " AND late_reason IS NULL AND item_count('meetings', type = item.type"
            " AND held_on > item.held_on AND working_days_between(item.held_on, held_on) <= 10) = 0"
            f" AND item_count('meetings', type = item.type AND {_LATE_AND_AFTER}) = 0"
        ),
        fields=("held_on", "quorate"),
        table="child_protection_meetings",
        passing=(
            {},
            _meetings(_initial(quorate=False), _initial(id="m-4", held_on="2024-12-11")),
            _meetings(_initial(quorate=False), _initial(id="m-4", held_on="2024-12-12", late_reason="not_quorate")),
        ),
        failing=(
            _meetings(_initial(quorate=False)),
            _meetings(_initial(quorate=False), _initial(id="m-4", held_on="2024-12-12")),
        ),
    ),
    _rule(
        code="CP11",
        severity=Severity.INFO,
        says="How long since a child was last registered is worked out, never typed.",
        hint="nothing to do",
        source="Scottish Government statisticians' checks: a previous registration against the history",
        dimension=Dimension.CONSISTENCY,
        logic=Shape(
            "no field holds a count or a date to contradict the history: the linked child's earlier processes are it"
        ),
        passing=(),
    ),
    codes_of_lists("CP12", "child_protection", "a child protection process"),
    _rule(
        code="CP13",
        severity=Severity.QUERY,
        says="Where a discussion decided on a planning meeting, one is held or arranged within 28 days of the concern.",
        hint="send the meeting, with due_on if it is still to come",
        source=_APPENDIX_D,
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "item_count('irds', flag('ird_decisions', decision, 'needs_meeting')) > 0"
            " AND item_count('meetings', flag('meeting_types', type, 'is_planning_meeting')) = 0"
            " AND today() > days_after(concern_on, 28)"
        ),
        fields=("concern_on",),
        passing=({}, _NOT_REGISTERED | {"irds": []}, _NOT_REGISTERED | {"concern_on": "2025-12-18"}),
        failing=(_NOT_REGISTERED,),
    ),
    other_in_words(
        "CP15",
        "child_protection",
        "deregistration_reasons",
        "deregistration_reason",
        passing=({},),
        failing=({"deregistration_reason": "other"},),
    ),
    _rule(
        code="CP16",
        severity=Severity.QUERY,
        says=(
            "The record of a planning meeting is sent within ten working days"
            " (15 calendar days before September 2021), or the meeting says why it was late."
        ),
        hint="give record_sent_on, or late_reason",
        source=_APPENDIX_D,
        dimension=Dimension.TIMELINESS,
        logic=Row(
            "flag('meeting_types', type, 'is_planning_meeting') AND late_reason IS NULL AND "
            + _by_guidance(
                "held_on",
                "working_days_between(held_on, record_sent_on) > 10"
                " OR record_sent_on IS NULL AND working_days_between(held_on, today()) > 10",
                "record_sent_on > days_after(held_on, 15)"
                " OR record_sent_on IS NULL AND today() > days_after(held_on, 15)",
            )
        ),
        fields=("record_sent_on", "held_on"),
        table="child_protection_meetings",
        passing=({}, _meetings(_initial(record_sent_on="2024-12-11")), _meetings(_core_group("2024-12-10"))),
        failing=(
            _meetings(_initial(record_sent_on="2024-12-12")),
            _meetings(_initial(record_sent_on=None)),
            _2020 | _meetings(_initial(held_on="2020-02-20", record_sent_on="2020-03-07")),
        ),
    ),
    view_with_method("CP17", "child_protection"),
    other_in_words(
        "CP18",
        "child_protection",
        "late_reasons",
        "late_reason",
        table="child_protection_meetings",
        passing=({}, _meetings(_initial(late_reason="other", late_reason_text="The ferry did not sail"))),
        failing=(_meetings(_initial(late_reason="other")),),
    ),
    _rule(
        code="CP19",
        severity=Severity.ERROR,
        says="A process runs forwards: the concern first, and nothing ends before it starts or in the future.",
        hint="correct the dates",
        source="Kith contract",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "registered_on < concern_on OR investigation_started_on < concern_on"
            " OR investigation_ended_on < investigation_started_on OR ended_on < concern_on"
            " OR ended_on < deregistered_on OR concern_on > today() OR registered_on > today() OR ended_on > today()"
        ),
        fields=("concern_on", "registered_on", "investigation_started_on", "investigation_ended_on", "ended_on"),
        passing=({}, _OPEN, _NOT_REGISTERED),
        failing=(
            {"concern_on": "2024-11-27"},
            {"investigation_ended_on": "2024-11-03"},
            {"ended_on": "2025-05-12"},
            {"ended_on": "2026-01-16"},
        ),
    ),
    _rule(
        code="CP20",
        severity=Severity.ERROR,
        says="A meeting has the day it is due or was held, was not held in the future, and its record came after it.",
        hint="correct the meeting's dates; a meeting to come has due_on only",
        source="Kith contract",
        dimension=Dimension.VALIDITY,
        logic=Row("due_on IS NULL AND held_on IS NULL OR held_on > today() OR record_sent_on < held_on"),
        fields=("held_on", "due_on", "record_sent_on"),
        table="child_protection_meetings",
        passing=({}, _meetings(_core_group(None, due_on="2026-02-01"))),
        failing=(
            _meetings(_core_group(None)),
            _meetings(_core_group("2026-01-16")),
            _meetings(_initial(record_sent_on="2024-11-25")),
        ),
    ),
    _rule(
        code="CP21",
        severity=Severity.ERROR,
        says="An inter-agency referral discussion starts on or after the day of the concern, and ends after it starts.",
        hint="correct started_at, ended_at or concern_on",
        source="Kith contract",
        dimension=Dimension.CONSISTENCY,
        logic=Row("local_date(started_at) < record.concern_on OR ended_at < started_at"),
        fields=("started_at", "ended_at"),
        table="child_protection_irds",
        passing=({}, {"irds": [{"id": "ird-1", "started_at": "2024-11-04T00:00:00+00:00"}]}),
        failing=(
            {"irds": [{"id": "ird-1", "started_at": "2024-11-03T23:59:00+00:00"}]},
            {"irds": [{"id": "i", "started_at": "2024-11-05T10:00:00+00:00", "ended_at": "2024-11-05T10:30:00+01:00"}]},
        ),
    ),
    _rule(
        code="CP22",
        severity=Severity.QUERY,
        says="An inter-agency referral discussion is between two agencies or more.",
        hint="name every agency that took part",
        source="National Guidance 2021",
        dimension=Dimension.COMPLETENESS,
        logic=Row("item_count('irds_agencies', parent_position = item.position) < 2 AND ended_at IS NOT NULL"),
        fields=("ended_at",),
        table="child_protection_irds",
        passing=({}, {"irds": [{"id": "ird-1", "started_at": "2024-11-04T14:00:00+00:00"}]}),
        failing=(
            {
                "irds": [
                    {
                        "id": "ird-1",
                        "started_at": "2024-11-04T14:00:00+00:00",
                        "ended_at": "2024-11-04T15:00:00+00:00",
                        "agencies": ["POLICE"],
                    }
                ]
            },
        ),
    ),
    _rule(
        code="CP23",
        severity=Severity.QUERY,
        says="A planning meeting that was held says how the child took part.",
        hint="give child_took_part; declined and not invited are answers too",
        source="UN Convention on the Rights of the Child, article 12",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "flag('meeting_types', type, 'is_planning_meeting') AND NOT flag('meeting_types', type, 'is_pre_birth')"
            " AND held_on IS NOT NULL AND child_took_part IS NULL"
        ),
        fields=("child_took_part",),
        table="child_protection_meetings",
        passing=({}, _meetings(_initial(type="pre_birth", child_took_part=None))),
        failing=(_meetings(_initial(child_took_part=None)),),
    ),
    _rule(
        code="CP24",
        severity=Severity.ERROR,
        says="Only a meeting of a kind that can register a child, or take the name off the register, does so.",
        hint="correct the meeting's type or outcome",
        source="Scottish Government, child protection statistics, background notes",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "flag('meeting_outcomes', outcome, 'registers') AND NOT flag('meeting_types', type, 'can_register')"
            " OR flag('meeting_outcomes', outcome, 'deregisters') AND NOT flag('meeting_types', type, 'can_deregister')"
        ),
        fields=("outcome", "type"),
        table="child_protection_meetings",
        passing=({}, _meetings(_initial(type="transfer"))),
        failing=(_meetings(_initial(type="review")), _meetings(_initial(outcome="deregistered"))),
    ),
    _rule(
        code="CP25",
        severity=Severity.ERROR,
        says="Where a meeting registered the child, the day of registration is given.",
        hint="give registered_on",
        source="Scottish Government, child protection statistics",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "registered_on IS NULL AND item_count('meetings', flag('meeting_outcomes', outcome, 'registers')) > 0"
        ),
        fields=("registered_on",),
        passing=({}, _NOT_REGISTERED),
        failing=(_OPEN | {"registered_on": None},),
    ),
    _rule(
        code="CP27",
        severity=Severity.ERROR,
        says="No two meetings of a process have the same id.",
        hint="give each meeting an id of its own, and keep it from one post to the next",
        source="Kith contract",
        dimension=Dimension.UNIQUENESS,
        logic=Row("item_count('meetings', position <> item.position AND id = item.id) > 0"),
        fields=("id",),
        table="child_protection_meetings",
        passing=({}, _meetings(_initial(), _core_group("2024-12-10"))),
        failing=(_meetings(_initial(), _core_group("2024-12-10", id="m-1")),),
    ),
    _rule(
        code="CP28",
        severity=Severity.ERROR,
        says="No two inter-agency referral discussions of a process have the same id.",
        hint="give each discussion an id of its own, and keep it from one post to the next",
        source="Kith contract",
        dimension=Dimension.UNIQUENESS,
        logic=Row("item_count('irds', position <> item.position AND id = item.id) > 0"),
        fields=("id",),
        table="child_protection_irds",
        passing=({}, {"irds": [_ird("ird-1"), _ird("ird-2")]}),
        failing=({"irds": [_ird("ird-1"), _ird("ird-1")]},),
    ),
    _rule(
        code="CP29",
        severity=Severity.ERROR,
        says="The authority that holds a child protection process is one of Scotland's councils.",
        hint="send the council's GSS code, S12 and six digits",
        source="National Guidance 2021",
        dimension=Dimension.VALIDITY,
        logic=Row("flag('local_authorities', authority, 'is_council', 'false')"),
        fields=("authority",),
        passing=({}, {"authority": "S12000017"}),
        failing=({"authority": "outside_scotland"}, {"authority": "not_known"}),
    ),
    no_stand_in_dates(
        "CP30",
        BY_NAME["child_protection"],
        failing=({"concern_on": "1900-01-02"}, _meetings(_initial(due_on="2099-12-31"))),
    ),
    child_is_held("CP31", "child_protection"),
    _rule(
        code="CP32",
        severity=Severity.QUERY,
        says="An initial or pre-birth planning meeting follows an investigation.",
        hint="send the day that the investigation started",
        source="Scottish Government statisticians' checks: no investigation; England CIN census rule 8615, logic only",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "(flag('meeting_types', type, 'is_initial') OR flag('meeting_types', type, 'is_pre_birth'))"
            " AND held_on IS NOT NULL"
            " AND (record.investigation_started_on IS NULL OR record.investigation_started_on > held_on)"
        ),
        fields=("held_on", "type"),
        table="child_protection_meetings",
        passing=({}, {"investigation_started_on": None} | _meetings(_initial(type="transfer"))),
        failing=({"investigation_started_on": None}, {"investigation_started_on": "2024-11-27"}),
    ),
    _rule(
        code="CP33",
        severity=Severity.QUERY,
        says="The first planning meeting of a process is an initial, a pre-birth or a transfer meeting.",
        hint="send the first meeting, or correct the type",
        source="Scottish Government statisticians' checks: the first conference is not an initial one",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            "flag('meeting_types', type, 'is_planning_meeting') AND NOT flag('meeting_types', type, 'can_register')"
            " AND item_count('meetings', flag('meeting_types', type, 'can_register') AND held_on <= item.held_on) = 0"
            " AND item_count('meetings', flag('meeting_types', type, 'is_planning_meeting')"
            " AND held_on < item.held_on) = 0 AND held_on IS NOT NULL"
        ),
        fields=("type", "held_on"),
        table="child_protection_meetings",
        passing=({}, _meetings(_initial(), _review("2025-05-26")), _meetings(_core_group("2024-12-10"))),
        failing=(_meetings(_review("2025-05-26")), _meetings(_initial(), _review("2024-11-25"))),
    ),
    _rule(
        code="CP34",
        severity=Severity.QUERY,
        says="No planning meeting or core group is held after the process has ended.",
        hint="correct the meeting's day, or the day that the process ended",
        source="England CIN census rule 8565, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row("held_on > record.ended_on"),
        fields=("held_on",),
        table="child_protection_meetings",
        passing=({}, _OPEN),
        failing=(_meetings(_initial(), _review("2025-05-14")),),
    ),
    _rule(
        code="CP35",
        severity=Severity.ERROR,
        says="A process that has ended leaves no investigation and no registration open.",
        hint="send the day that each of them ended",
        source="England CIN census rule 8868, logic only",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            "ended_on IS NOT NULL AND (investigation_started_on IS NOT NULL AND investigation_ended_on IS NULL"
            " OR registered_on IS NOT NULL AND deregistered_on IS NULL)"
        ),
        fields=("ended_on", "investigation_ended_on", "deregistered_on"),
        passing=({}, _OPEN),
        failing=({"investigation_ended_on": None}, {"deregistered_on": None, "deregistration_reason": None}),
    ),
    _rule(
        code="CP36",
        severity=Severity.QUERY,
        says="A planning meeting is recorded once.",
        hint="take the second record of it away, or correct its day",
        source="England CIN census rule 2884, logic only",
        dimension=Dimension.UNIQUENESS,
        logic=Row(
            "item_count('meetings', position <> item.position AND type = item.type AND held_on = item.held_on) > 0"
        ),
        fields=("held_on", "type"),
        table="child_protection_meetings",
        passing=({}, _meetings(_initial(), _core_group("2024-11-26"))),
        failing=(_meetings(_initial(), _initial(id="m-9")),),
    ),
    _rule(
        code="CP37",
        severity=Severity.QUERY,
        says="A child is registered on the day of the meeting that decided it.",
        hint="correct registered_on, or the meeting's day",
        source="England CIN census rule 2885, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row(
            f"item_count('meetings', {_REGISTERS} AND held_on < item.registered_on) > 0"
            f" AND item_count('meetings', {_REGISTERS} AND held_on = item.registered_on) = 0"
        ),
        fields=("registered_on",),
        passing=({}, _NOT_REGISTERED),
        failing=({"registered_on": "2024-11-27"},),
    ),
    _rule(
        code="CP38",
        severity=Severity.QUERY,
        says="A planning meeting is held on a working day.",
        hint="correct held_on, or explain",
        source="England CIN census rule 8875, logic only",
        dimension=Dimension.ACCURACY,
        logic=Row(
            "flag('meeting_types', type, 'is_planning_meeting')"
            " AND working_days_between(days_after(held_on, -1), held_on) = 0"
        ),
        fields=("held_on",),
        table="child_protection_meetings",
        passing=({}, _meetings(_core_group("2024-11-30"))),
        failing=(_meetings(_initial(held_on="2024-11-30")), _meetings(_initial(held_on="2024-12-02"))),
    ),
    _rule(
        code="CP39",
        severity=Severity.QUERY,
        says="A registration lasts a day or more.",
        hint="correct the dates, or explain",
        source="England CIN census rule 8840, logic only",
        dimension=Dimension.ACCURACY,
        logic=Row("deregistered_on = registered_on"),
        fields=("deregistered_on", "registered_on"),
        passing=({}, _OPEN),
        failing=({"deregistered_on": "2024-11-26"},),
    ),
    _rule(
        code="CP40",
        severity=Severity.QUERY,
        says="A review planning meeting is held after the child was registered.",
        hint="correct the meeting's day or type",
        source="England CIN census rule 8841, logic only",
        dimension=Dimension.CONSISTENCY,
        logic=Row("flag('meeting_types', type, 'can_deregister') AND held_on < record.registered_on"),
        fields=("held_on", "type"),
        table="child_protection_meetings",
        passing=({}, _meetings(_initial(), _review("2025-05-26"))),
        failing=(_meetings(_review("2024-11-25"), _initial()),),
    ),
)
