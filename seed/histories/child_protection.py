"""child_protection: from the concern through discussion, investigation and meetings to the end of registration."""

from collections.abc import Iterator
from datetime import date
from random import Random

from schemas.codelists import code_list
from seed.days import (
    LAST_EVENT,
    days,
    due,
    instant,
    later,
    working_day_from,
    working_day_to,
    working_days_after,
    working_minute,
)
from seed.histories.referrals import main_referral
from seed.postings import Case, Posting, Record, posting
from seed.reference import chance, happens, lines, one, pick, pick_line
from seed.sources import board_of
from seed.story import LATEST_CONCERN, OLDEST_AT_CONCERN
from seed.views import child_view, family_view, took_part

MOST_PROCESSES, SOONEST_REVIEW_DAYS = 3, 45


def records(case: Case) -> Iterator[Posting]:
    """The child's protection processes, where the story has one: a second for some whose name came off."""
    concern_on = case.story.concern_on if case.story.has("protection") else None
    for place in range(MOST_PROCESSES):
        if concern_on is None:
            return
        rng = case.rng(f"child protection {place}")
        process = _process(case, concern_on, rng, is_again=place > 0)
        yield posting(case, "social_work", "child_protection", process, rng, place)
        concern_on = _again(case, process, rng)


def _again(case: Case, process: Record, rng: Random) -> date | None:
    """The day of a new concern after the name came off the register; None for most."""
    off = process.get("deregistered_on")
    if off is None or not happens("registered_again", rng):
        return None
    line = pick_line(lines("registered_again_after"), rng)
    assert line is not None
    on = working_day_from(later(rng, off, int(line["least_days"]), int(line["most_days"])))
    return on if on <= LATEST_CONCERN and case.person.age_on(on) < OLDEST_AT_CONCERN else None


def _process(case: Case, concern_on: date, rng: Random, is_again: bool) -> Record:
    outcome = pick("protection_outcome_again" if is_again else "protection_outcome", rng)
    decision = pick("ird_decision" if outcome != "no_meeting" else "ird_decision_ends", rng)
    process: Record = {
        "recorded_by_role": "social-worker",
        "authority": case.person.council,
        "concern_on": concern_on,
        "referral": None if is_again else main_referral(case),
        "irds": [_discussion(case, concern_on, decision, rng)],
        "concerns": _concerns(case, rng),
    }
    process |= _investigation(concern_on, decision, rng)
    if code_list("ird_decisions").rows[decision]["needs_meeting"] == "true":
        _meet(case, process, outcome, rng)
    else:
        process |= _ended(process.get("investigation_ended_on") or later(rng, concern_on, 2, 6))
    age = case.person.age_on(min(LAST_EVENT, later(rng, concern_on, 20, 30)))
    return process | child_view("protection", age, rng) | family_view("protection", rng)


def _discussion(case: Case, concern_on: date, decision: str, rng: Random) -> Record:
    """The inter-agency referral discussion: the same day, completed by the next working day."""
    agencies = [case.person.council, board_of(case.person.council), "POLICE"]
    started_at = instant(concern_on, 17 * 60 + rng.randint(5, 150))
    ended_on = working_days_after(concern_on, 1)
    ended: Record = {}
    if ended_on <= LAST_EVENT:
        ended = {"ended_at": instant(ended_on, working_minute(rng)), "decision": decision}
    return {"id": "ird-1", "started_at": started_at, "agencies": agencies} | ended


def _concerns(case: Case, rng: Random) -> list[str]:
    """The reason's own concerns first, then others commonly found with them."""
    own = code_list("referral_reasons").rows[case.story.reason]["cppm_concerns"]
    known = code_list("protection_concerns")
    found = [concern for concern in own.split(";")[:1] if concern in known and not _needs_text(concern)]
    found += [row["concern"] for row in lines("further_concerns") if chance(rng, float(row["share"]))]
    return list(dict.fromkeys(found)) or [pick("sole_concern", rng)]


def _needs_text(concern: str) -> bool:
    return concern in code_list("protection_concerns").flagged("needs_text")


def _investigation(concern_on: date, decision: str, rng: Random) -> Record:
    if code_list("ird_decisions").rows[decision]["needs_investigation"] != "true":
        return {}
    started_on = working_days_after(concern_on, 1)
    ended_on = working_day_from(later(rng, started_on, 6, 15))
    told: Record = {"investigation_started_on": started_on} if started_on <= LAST_EVENT else {}
    return told | ({"investigation_ended_on": ended_on} if ended_on <= LAST_EVENT else {})


def _meet(case: Case, process: Record, outcome: str, rng: Random) -> None:
    """Add the first meeting and what followed from it."""
    concern_on = process["concern_on"]
    unborn = case.person.born_on is None or concern_on < case.person.born_on
    first = _meeting(
        case,
        one("meeting_types", "is_pre_birth" if unborn else "is_initial"),
        concern_on,
        due("planning_meeting", concern_on),
        rng,
    )
    process["meetings"] = [first | {"id": "m-1"}]
    held_on = first.get("held_on")
    if held_on is None:
        return
    first["outcome"] = process["meetings"][0]["outcome"] = outcome
    if outcome in code_list("meeting_outcomes").flagged("registers"):
        process["registered_on"] = held_on
        _while_registered(case, process, held_on, rng)
    else:
        process |= _ended(held_on)


def _meeting(case: Case, kind: str, clock_from: date, due_on: date, rng: Random, early: int = 0) -> Record:
    """A meeting by the day it is due, or so many days early, or late with a reason; only due where still to come."""
    is_late = not early and happens("meeting_late", rng)
    held_on = due_on + days(rng.randint(1, 12)) if is_late else due_on - days(early or rng.randint(0, 6))
    held_on = working_day_from(held_on) if is_late else working_day_to(max(held_on, clock_from + days(3)))
    if held_on > LAST_EVENT:
        return {"type": kind, "due_on": due_on}
    age = case.person.age_on(held_on)
    meeting: Record = {"type": kind, "due_on": due_on, "held_on": held_on, "quorate": True}
    if held_on > due_on:
        meeting["late_reason"] = pick("late_reason", rng)
    meeting["child_took_part"] = pick(took_part(age, rng) if age >= 0 else "took_part_unborn", rng)
    sent_on = min(working_days_after(held_on, rng.randint(3, 10)), due("meeting_record", held_on))
    return meeting | ({"record_sent_on": sent_on} if sent_on <= LAST_EVENT else {})


def _while_registered(case: Case, process: Record, registered_on: date, rng: Random) -> None:
    """Core groups and reviews until the name comes off the register, or until now."""
    meetings = process["meetings"]
    _core_group(case, meetings, registered_on, rng)
    stays = int(pick("registration_reviews", rng))
    is_pre_birth = code_list("meeting_types").rows[meetings[0]["type"]]["is_pre_birth"] == "true"
    step = "pre_birth_review" if is_pre_birth else "first_review"
    last = registered_on
    for count in range(stays + 1):
        due_on = due(step if count == 0 else "next_review", last)
        early = min(int(pick("review_days_early", rng)), (due_on - last).days - SOONEST_REVIEW_DAYS)
        review = _meeting(case, "review", last, due_on, rng, early)
        meetings.append(review | {"id": f"m-{len(meetings) + 1}"})
        if "held_on" not in review:
            return
        last = review["held_on"]
        meetings[-1]["outcome"] = one("meeting_outcomes", "keeps" if count < stays else "deregisters")
        if count < stays and happens("core_group_between", rng):
            _core_group(case, meetings, last, rng)
    _deregister(case, process, registered_on, last, rng)


def _core_group(case: Case, meetings: list[Record], after: date, rng: Random) -> None:
    """A core group within its timescale; it has no quorum and decides on the plan only."""
    group = _meeting(case, "core_group", after, due("core_group", after), rng)
    group.pop("quorate", None)
    group.pop("record_sent_on", None)
    if "held_on" in group:
        group["outcome"] = pick("core_group_outcome", rng)
    meetings.append(group | {"id": f"m-{len(meetings) + 1}"})


def _deregister(case: Case, process: Record, registered_on: date, on: date, rng: Random) -> None:
    care_on = case.story.care_on
    came_into_care = care_on is not None and registered_on <= care_on <= on
    (into_care,) = code_list("deregistration_reasons").flagged("is_into_care")
    process["deregistered_on"] = on
    process["deregistration_reason"] = into_care if came_into_care else pick("deregistration_reason", rng)
    process |= _ended(on)


def _ended(on: date) -> Record:
    return {"ended_on": on} if on <= LAST_EVENT else {}
