"""How to break each rule of child protection."""

from collections.abc import Mapping
from datetime import date, timedelta

from quality.functions import age_on
from schemas.codelists import code_list
from seed.damage.ways import (
    NO_CODE,
    NOTHING_ELSE,
    OUTSIDE,
    STAND_IN,
    Around,
    Damage,
    Effects,
    SideEffect,
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
    of_nobody,
    put,
    same_ids,
    setting,
    when,
    without_words,
)
from seed.days import AS_OF, days
from seed.postings import Posting, Record
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


def _any(record: Record, kind: Test) -> bool:
    """Whether a meeting of a kind was held."""
    return any(kind(meeting) and "held_on" in meeting for meeting in record.get("meetings", []))


def _further(record: Record, kind: str, held_on: date) -> None:
    """A further meeting of a kind, with nothing late about it."""
    meeting = {"id": "m-further", "type": kind, "held_on": held_on, "record_sent_on": held_on}
    record["meetings"] = [*record["meetings"], meeting | {"child_took_part": one("participation", "took_part")}]


def _reviewed_first(record: Record) -> None:
    _further(record, one("meeting_types", "can_deregister"), record["concern_on"])


def _met_after(record: Record) -> None:
    kind = next(iter(code_list("meeting_types").flagged("is_planning_meeting", "false")))
    _further(record, kind, record["ended_on"] + timedelta(days=1))


def _met_twice(record: Record) -> None:
    again = next(each for each in record["meetings"] if IS_PLANNING(each) and HELD(each))
    record["meetings"] = [*record["meetings"], again | {"id": "m-again"}]


def _registered_a_day_late(record: Record) -> None:
    record["registered_on"] += timedelta(days=1)


def _on_a_saturday(meeting: Record) -> None:
    meeting["held_on"] -= timedelta(days=(meeting["held_on"].weekday() + 2) % 7)


def _off_at_once(record: Record) -> None:
    record["deregistered_on"] = record["registered_on"]


def _reviewed_too_soon(record: Record) -> None:
    review = next(each for each in record["meetings"] if CAN_DEREGISTER(each) and HELD(each))
    review["held_on"] = record["concern_on"]


def _registered_beside(record: Record, around: Around) -> Effects | None:
    """A registration that ends two days after the next has begun."""
    after = _next_process(record, around)
    if after is None or "registered_on" not in after.record or "deregistered_on" not in record:
        return None
    record["deregistered_on"] = record["ended_on"] = after.record["registered_on"] + days(2)
    return [SideEffect("CP41", after)] if record["ended_on"] < AS_OF else None


def _processes_overlap(record: Record, around: Around) -> Effects | None:
    """A process that ends two days after the next has begun."""
    after = _next_process(record, around)
    if after is None or "ended_on" not in record:
        return None
    record["ended_on"] = after.record["concern_on"] + days(2)
    return NOTHING_ELSE if record["ended_on"] < AS_OF else None


def _next_process(record: Record, around: Around) -> Posting | None:
    """The child's next process in the same source."""
    later = [p for p in around.others("child_protection") if p.record["concern_on"] > record["concern_on"]]
    return min(later, key=lambda posting: posting.record["concern_on"], default=None)


def _concern_too_soon(record: Record) -> None:
    record["concern_on"] -= timedelta(days=4)


def _discussed_twice(record: Record) -> None:
    record["irds"] = [*record["irds"], record["irds"][0]]


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
    "CP30": item("meetings", HELD, setting(due_on=STAND_IN)),
    "CP31": _has_no_plan(of_nobody(lambda record: True)),
    "CP32": when(lambda record: _any(record, IS_INITIAL), drop("investigation_started_on", "investigation_ended_on")),
    "CP33": when(lambda record: _any(record, IS_INITIAL), change(_reviewed_first)),
    "CP34": when(has("ended_on", "meetings"), change(_met_after)),
    "CP35": when(has("ended_on"), drop("investigation_ended_on")),
    "CP36": when(lambda record: _any(record, IS_PLANNING), change(_met_twice)),
    "CP37": when(every(DEREGISTERED, _registered_long_ago), change(_registered_a_day_late)),
    "CP38": item("meetings", every(CAN_DEREGISTER, HELD), _on_a_saturday),
    "CP39": when(DEREGISTERED, change(_off_at_once)),
    "CP40": when(lambda record: REGISTERED(record) and _any(record, CAN_DEREGISTER), change(_reviewed_too_soon)),
    "CP41": _registered_beside,
    "CP42": when(has("referral"), change(_concern_too_soon)),
    "CP43": _processes_overlap,
    "CP44": when(DEREGISTERED, put(deregistration_reason=one("deregistration_reasons", "is_death"))),
    "CP27": same_ids("meetings"),
    "CP28": change(_discussed_twice),
    "CP29": _has_no_plan(put(authority=OUTSIDE)),
}
