"""How to break each rule of child protection."""

from collections.abc import Mapping
from datetime import date, timedelta

from quality.functions import age_on
from schemas.codelists import code_list
from seed.damage.ways import (
    NO_CODE,
    Around,
    Damage,
    Effects,
    Test,
    both,
    change,
    drop,
    dropping,
    every,
    has,
    is_flagged,
    item,
    lacks,
    put,
    setting,
    when,
    without_words,
)
from seed.days import AS_OF, days
from seed.postings import Record
from seed.reference import one

REGISTERED, DEREGISTERED = has("registered_on"), has("deregistered_on")
NEVER_REGISTERED = lacks("registered_on")
REGISTERS = is_flagged("meeting_outcomes", "outcome", "registers")
IS_PLANNING = is_flagged("meeting_types", "type", "is_planning_meeting")
IS_CORE_GROUP = is_flagged("meeting_types", "type", "is_planning_meeting", "false")
IS_INITIAL = is_flagged("meeting_types", "type", "is_initial")
IS_PRE_BIRTH = is_flagged("meeting_types", "type", "is_pre_birth")
CAN_DEREGISTER = is_flagged("meeting_types", "type", "can_deregister")
HELD = has("held_on")
NOT_REGISTERED = next(
    code
    for code, row in code_list("meeting_outcomes").rows.items()
    if {row["registers"], row["deregisters"], row["keeps"], row["needs_text"]} == {"false"}
)
SINCE_2021, LONG_AGO = date(2021, 9, 1), AS_OF - days(60)


def _late(kind: Test) -> Damage:
    """A late meeting without its reason."""
    return item("meetings", every(has("late_reason"), kind), dropping("late_reason"))


def _late_once(record: Record) -> bool:
    """Whether one review alone was late: a later late one would excuse it."""
    return sum("late_reason" in each and bool(CAN_DEREGISTER(each)) for each in record.get("meetings", [])) == 1


def _held_long_ago(meeting: Record) -> object:
    return IS_PLANNING(meeting) and HELD(meeting) and SINCE_2021 <= meeting["held_on"] < LONG_AGO


def _no_core_group(record: Record) -> None:
    record["meetings"] = [meeting for meeting in record["meetings"] if not IS_CORE_GROUP(meeting)]


def _registered_long_ago(record: Record) -> bool:
    return bool("registered_on" in record and record["registered_on"] < LONG_AGO)


def _ends_before_it_starts(record: Record) -> None:
    record["investigation_ended_on"] = record["investigation_started_on"] - timedelta(days=2)


def _discussed_backwards(discussion: Record) -> None:
    discussion["ended_at"] = discussion["started_at"] - timedelta(hours=3)


def _never_met(record: Record, around: Around) -> Effects | None:
    """A meeting was decided on, long ago, and none is recorded."""
    decided = is_flagged("ird_decisions", "decision", "needs_meeting")
    if "registered_on" in record or record["concern_on"] > LONG_AGO or not any(map(decided, record["irds"])):
        return None
    return drop("meetings")(record, around)


def _has_no_plan(then: Damage) -> Damage:
    """A damage only where the child has no plan that rests on the registration."""

    def damage(record: Record, around: Around) -> Effects | None:
        rests = is_flagged("plan_types", "plan_type", "needs_open_registration")
        return None if any(rests(plan.record) for plan in around.others("plans")) else then(record, around)

    return damage


def _under_16(then: Damage) -> Damage:
    """A damage only for children who were under 16 at the latest day that the process could end."""

    def damage(record: Record, around: Around) -> Effects | None:
        born_on = next((p.record.get("date_of_birth") for p in around.others("children")), None)
        return then(record, around) if born_on and age_on(born_on, AS_OF) < 16 else None

    return damage


DAMAGES: Mapping[str, Damage] = {
    "CP01": _late(IS_INITIAL),
    "CP02": _late(IS_PRE_BIRTH),
    "CP03": when(_registered_long_ago, change(_no_core_group)),
    "CP04": when(_late_once, _late(CAN_DEREGISTER)),
    "CP05": item("meetings", REGISTERS, setting(outcome=NOT_REGISTERED)),
    "CP07": when(DEREGISTERED, drop("deregistration_reason")),
    "CP08": when(REGISTERED, drop("concerns")),
    "CP09": when(
        lambda record: any(IS_INITIAL(m) and HELD(m) and "late_reason" not in m for m in record.get("meetings", [])),
        drop("irds"),
    ),
    "CP10": item("meetings", lambda m: _held_long_ago(m) and "late_reason" not in m, setting(quorate=False)),
    "CP12": _has_no_plan(put(authority=NO_CODE)),
    "CP13": _never_met,
    "CP15": when(DEREGISTERED, without_words("deregistration_reasons", "deregistration_reason")),
    "CP16": item("meetings", lambda m: _held_long_ago(m) and "late_reason" not in m, dropping("record_sent_on")),
    "CP17": when(has("child_view"), drop("child_view_method")),
    "CP18": item("meetings", HELD, setting(late_reason=one("late_reasons", "needs_text"))),
    "CP19": when(has("investigation_started_on", "investigation_ended_on"), change(_ends_before_it_starts)),
    "CP20": item("meetings", every(IS_CORE_GROUP, HELD), dropping("due_on", "held_on")),
    "CP21": item("irds", has("ended_at"), _discussed_backwards),
    "CP22": item("irds", has("ended_at"), setting(agencies=["POLICE"])),
    "CP23": item("meetings", lambda m: _held_long_ago(m) and not IS_PRE_BIRTH(m), dropping("child_took_part")),
    "CP24": item("meetings", every(IS_CORE_GROUP, HELD), setting(outcome=one("meeting_outcomes", "deregisters"))),
    "CP25": both(
        when(NEVER_REGISTERED, put()),
        item("meetings", HELD, setting(outcome=one("meeting_outcomes", "registers"))),
    ),
    "CP26": _under_16(
        when(DEREGISTERED, put(deregistration_reason=one("deregistration_reasons", "is_age"))),
    ),
}
