"""How to break each rule of plans."""

from collections.abc import Mapping
from datetime import timedelta

from schemas.codelists import code_list
from seed.damage.ways import (
    NO_CODE,
    STAND_IN,
    Around,
    Damage,
    Effects,
    change,
    drop,
    dropping,
    every,
    has,
    is_flagged,
    item,
    lacks,
    leaf,
    of_nobody,
    put,
    setting,
    when,
    without_words,
)
from seed.days import LAST_EVENT
from seed.postings import Record
from seed.reference import one

OPEN_ACTION = is_flagged("action_statuses", "status", "is_open")
HELD = has("held_on")


def stands_alone(record: Record) -> bool:
    """Whether no other record needs this plan: neither a care episode nor a registration."""
    row = code_list("plan_types").rows[record["plan_type"]]
    return "true" not in (row["needs_open_care_episode"], row["needs_open_registration"])


def _no_parts(record: Record) -> bool:
    agencies = {partner["agency"] for partner in record.get("partners", []) if "to_on" not in partner}
    return len(agencies) >= 2 and "ended_on" not in record


def _has_open_action(record: Record) -> bool:
    return any(OPEN_ACTION(action) for action in record.get("actions", []))


def _agreed_too_soon(record: Record) -> None:
    record["agreed_on"] = record["started_on"] - timedelta(days=5)


def _ends_too_soon(partner: Record) -> None:
    partner["to_on"] = partner["from_on"] - timedelta(days=2)


def _accepted_too_soon(record: Record) -> None:
    record["transition"]["accepted_on"] = record["transition"]["referred_on"] - timedelta(days=4)


def _its_own_duty(record: Record) -> None:
    record["also_serves"] = [record["plan_type"]]


def _late_without_reason(review: Record) -> object:
    return "late_reason" in review and review["held_on"] > review["due_on"]


def _goes_on(record: Record, around: Around) -> Effects | None:
    """A plan without its end, where what it rested on has ended."""
    row = code_list("plan_types").rows[record["plan_type"]]
    rests_on = "care_episodes" if row["needs_open_care_episode"] == "true" else "child_protection"
    ends = "ended_on" if rests_on == "care_episodes" else "deregistered_on"
    still = any(ends not in other.record for other in around.anywhere(rests_on))
    if "ended_on" not in record or stands_alone(record) or still or not around.is_leaf():
        return None
    dropping("ended_on", "end_reason")(record)
    return ()


def _reviewed_after(record: Record, around: Around) -> Effects | None:
    """A review a week after the plan ended."""
    on = record["ended_on"] + timedelta(days=7)
    if on > LAST_EVENT or not record.get("reviews"):
        return None
    record["reviews"][-1] |= {"due_on": on, "held_on": on, "child_took_part": one("participation", "took_part")}
    return ()


def _one_day(record: Record) -> None:
    record["ended_on"] = record["started_on"]
    dropping("agreed_on", "reviews")(record)


def _goes_on_beside(record: Record, around: Around) -> Effects | None:
    """A plan that ends ten days after the one of its kind that took its place began."""
    mine = around.posting.source_id
    later = [p for p in around.others("plans") if p.record.get("supersedes") == mine]
    same = [p for p in later if p.record["plan_type"] == record["plan_type"]]
    if "ended_on" not in record or not same or same[0].record["started_on"] > LAST_EVENT - timedelta(days=10):
        return None
    record["ended_on"] = same[0].record["started_on"] + timedelta(days=10)
    return ()


def _before_it_was_asked(record: Record, around: Around) -> Effects | None:
    """A plan that started ten days before the referral that led to it."""
    asked = next((p for p in around.others("referrals") if p.source_id == record.get("referral")), None)
    if asked is None or not stands_alone(record) or "supersedes" in record:
        return None
    record["started_on"] = asked.record["received_at"].date() - timedelta(days=10)
    return ()


DAMAGES: Mapping[str, Damage] = {
    "PL01": _goes_on,
    "PL02": when(_no_parts, drop("lead_professional")),
    "PL03": when(has("agreed_on"), drop("needs")),
    "PL04": leaf(when(stands_alone, item("needs", has("indicator"), setting(indicator=NO_CODE)))),
    "PL05": when(has("child_view"), change(dropping("child_view", "child_view_method", "absent"))),
    "PL06": when(
        _has_open_action, put(consent=next(iter(code_list("plan_consents").flagged("allows_actions", "false"))))
    ),
    "PL07": item("actions", has("owner_role"), dropping("owner_role")),
    "PL08": when(
        has("ended_on"),
        item("actions", has("status"), setting(status=one("action_statuses", "is_open"))),
    ),
    "PL17": when(lacks("supersedes"), put(supersedes="pl-none-0000-none")),
    "PL18": when(is_flagged("plan_types", "plan_type", "needs_open_care_episode"), drop("care_episode")),
    "PL19": leaf(when(stands_alone, put(plan_type=NO_CODE))),
    "PL20": when(has("ended_on"), without_words("plan_end_reasons", "end_reason")),
    "PL21": item("reviews", HELD, setting(late_reason=one("late_reasons", "needs_text"))),
    "PL22": when(has("agreed_on"), change(_agreed_too_soon)),
    "PL23": when(has("ended_on"), drop("end_reason")),
    "PL24": when(has("child_view"), drop("child_view_method")),
    "PL25": item("reviews", HELD, dropping("due_on", "held_on")),
    "PL26": item("actions", is_flagged("action_statuses", "status", "is_done"), dropping("done_on")),
    "PL27": item("reviews", _late_without_reason, dropping("late_reason")),
    "PL28": item("reviews", HELD, dropping("child_took_part")),
    "PL29": item("partners", has("from_on"), _ends_too_soon),
    "PL30": when(has("transition"), change(_accepted_too_soon)),
    "PL31": change(_its_own_duty),
    "PL32": when(every(has("agreed_on"), has("consent")), drop("consent")),
    "PL33": item("reviews", HELD, setting(due_on=STAND_IN)),
    "PL34": of_nobody(every(stands_alone, lacks("supersedes"))),
    "PL35": when(has("ended_on"), _reviewed_after),
    "PL36": when(has("ended_on"), change(_one_day)),
    "PL37": _goes_on_beside,
    "PL39": _before_it_was_asked,
    "PL40": when(has("ended_on"), put(end_reason=one("plan_end_reasons", "is_death"))),
}
