"""referrals: requests for assistance about a child, the main one and those before and after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from schemas.codelists import code_list
from seed.days import (
    FIRST_EVENT,
    LAST_EVENT,
    between,
    days,
    instant,
    later,
    working_day_from,
    working_days_after,
    working_minute,
)
from seed.postings import Case, Posting, Record, id_of, posting
from seed.reference import fits, happens, lines, one, pick, pick_line, some
from seed.story import group_of
from seed.views import child_view

MAIN = 0
"""The ordinal of the request that began the main thread."""


@dataclass(frozen=True)
class Asked:
    """One request: its day, its reason, how it is decided, and what it joins."""

    ordinal: int
    on: date
    reason: str
    decision: str
    is_shared: bool = False
    joins: int | None = None
    stays_open_until: date | None = None


def records(case: Case) -> Iterator[Posting]:
    """The requests about a child that social work, and perhaps a third-sector service, received."""
    if case.story.is_quiet:
        return
    rng = case.rng("referrals")
    for asked in _asked(case, rng):
        fields = _request(case, asked, rng)
        if asked.joins is not None and "decision" in fields:
            fields["joined_to"] = main_referral(case)
        yield posting(case, "social_work", "referrals", fields, rng, asked.ordinal)
    if "third_sector" in case.holders and happens("request_elsewhere", rng):
        yield _elsewhere(case, rng)


def main_referral(case: Case) -> str:
    """The id of the request that began the main thread."""
    return id_of(case.person, case.holders["social_work"], "referrals", MAIN)


def _asked(case: Case, rng: Random) -> Iterator[Asked]:
    story = case.story
    assert story.concern_on is not None
    yield from _earlier(case, story.concern_on, rng)
    decision = pick(story.kind["decision"], rng)
    added_on = later(rng, story.concern_on, 4, 30)
    is_added_to = (
        story.kind["has_plan"] == "true" and added_on < LAST_EVENT - days(12) and happens("request_added", rng)
    )
    open_until = later(rng, added_on, 2, 10) if is_added_to else None
    yield Asked(MAIN, story.concern_on, story.reason, decision, bool(story.shared), None, open_until)
    if is_added_to:
        (joins,) = code_list("referral_decisions").flagged("joins_open_record")
        yield Asked(9, added_on, _reason(case, added_on, rng), joins, joins=MAIN)


def _earlier(case: Case, concern_on: date, rng: Random) -> Iterator[Asked]:
    """Requests before the main one, which led to less."""
    born = case.person.born_on
    first = max(FIRST_EVENT, born or concern_on)
    for ordinal, share in ((1, "request_before"), (2, "second_request_before")):
        if (concern_on - first).days > 90 and happens(share, rng):
            on = working_day_from(between(rng, first, concern_on - days(45)))
            yield Asked(ordinal, on, _reason(case, on, rng), pick("decision_request", rng))
            first = on + days(1)


def _reason(case: Case, on: date, rng: Random) -> str:
    age = max(0, case.person.age_on(on))
    line = pick_line([row for row in lines("reasons") if fits(row, age)], rng, "request_weight")
    return line["code"] if line else case.story.reason


def _request(case: Case, asked: Asked, rng: Random) -> Record:
    """One request as social work's system holds it."""
    source = _asker(case, asked, rng)
    received = _received(asked.on, source, rng)
    shared = {"referral_group": group_of(case.person)} if asked.is_shared else {}
    return (
        {"recorded_by_role": "social-worker"}
        | _clock(case, asked, received, rng)
        | _who_asked(source, rng)
        | {"referred_to": "social_work"}
        | shared
        | _why(case, asked, rng)
        | _family(case, asked, rng)
        | _decided(asked, received, rng)
    )


def _asker(case: Case, asked: Asked, rng: Random) -> str:
    """Who asked; the same for brothers and sisters of one request."""
    if case.person.is_unaccompanied:
        return pick("referral_source_unaccompanied", rng)
    born = case.person.born_on
    before_birth = born is None or asked.on < born
    shared = Random(f"{case.person.seed}:{case.person.home.number}:{asked.on}") if asked.is_shared else rng
    choice = "referral_source_unborn" if before_birth else "referral_source"
    return pick(choice, shared)


def _received(on: date, source: str, rng: Random) -> datetime:
    """The police and the public ask at any hour; offices in office hours of that day."""
    is_police = source in code_list("referral_sources").flagged("is_police")
    return instant(on, rng.randint(20, 20 * 60) if is_police else working_minute(rng))


def _clock(case: Case, asked: Asked, received: datetime, rng: Random) -> Record:
    return {
        "contact_at": received - timedelta(minutes=rng.randint(2, 18)),
        "received_at": received,
        "screened_at": received + timedelta(minutes=rng.randint(10, 90)),
        "clock_start": case.person.home.council["clock_start"],
    }


def _who_asked(source: str, rng: Random) -> Record:
    """Who asked, how, and the asker's own reference where it has one; nothing that names a person."""
    kind = code_list("referral_sources").rows[source]
    if kind["is_police"] == "true":
        reference = {"source_reference": f"CCR-{rng.randrange(10**5, 10**6)}", "received_via": "police_report"}
        return {"referral_source": source} | reference
    return {"referral_source": source, "received_via": pick("received_via", rng)}


def _why(case: Case, asked: Asked, rng: Random) -> Record:
    age = max(0, case.person.age_on(asked.on))
    given = [row for row in lines("reasons") if row["code"] == asked.reason]
    line = next((row for row in given if fits(row, age)), given[-1])
    further = [
        reason
        for reason in (_reason(case, asked.on, rng),)
        if reason != asked.reason and happens("further_reason", rng)
    ]
    return {
        "primary_reason": asked.reason,
        "primary_reason_text": line["text"],
        "reasons": [reason for reason in further if reason not in UNSAID],
        "wellbeing_concerns": some("wellbeing_indicator", rng, 3),
        "summary": _worded(line["summary"], case),
    }


UNSAID = code_list("referral_reasons").flagged("needs_text") | code_list("referral_reasons").flagged("is_not_yet_known")
"""Reasons that stand alone: they say nothing beside another."""


def _worded(text: str, case: Case) -> str:
    """A text with the child's pronouns."""
    he, his, himself = PRONOUNS.get(case.person.sex, ("the child", "the child's", "the child"))
    return text.format(He=he[0].upper() + he[1:], he=he, his=his, him=HIM.get(he, he), himself=himself)


PRONOUNS = {"male": ("he", "his", "himself"), "female": ("she", "her", "herself")}
HIM = {"he": "him", "she": "her"}


def _family(case: Case, asked: Asked, rng: Random) -> Record:
    """Whether the family knows, and what the child says."""
    informed = happens("family_informed", rng)
    known: Record = {"family_informed": informed}
    if not informed:
        known["family_not_informed_reason"] = pick("family_not_informed_reason", rng)
    return known | (child_view("request", case.person.age_on(asked.on), rng) if happens("view_at_request", rng) else {})


def _decided(asked: Asked, received: datetime, rng: Random, role: str = "team-leader") -> Record:
    """The decision, where there has been time for one."""
    decision = code_list("referral_decisions").rows[asked.decision]
    is_urgent = "true" in (decision["leads_to_ird"], decision["leads_to_investigation"])
    on = working_days_after(asked.on, 0 if is_urgent else int(pick("decision_delay_days", rng)))
    if on > LAST_EVENT:
        return {}
    at = max(received + timedelta(minutes=rng.randint(95, 200)), instant(on, working_minute(rng)))
    told: Record = {"decision": asked.decision, "decided_at": at, "decided_by_role": role}
    told["protection_threshold"] = one("protection_thresholds", "is_met") if is_urgent else pick("threshold_below", rng)
    if decision["is_no_further_action"] == "true":
        told["no_further_action_reason"] = pick("no_further_action_reason", rng)
    return told | _closed(asked, at.date(), rng)


def _closed(asked: Asked, decided_on: date, rng: Random) -> Record:
    closed_on = max(later(rng, decided_on, 0, 30), asked.stays_open_until or decided_on)
    return {"closed_on": closed_on} if closed_on <= LAST_EVENT else {}


def _elsewhere(case: Case, rng: Random) -> Posting:
    """A request that a third-sector service received."""
    assert case.story.concern_on is not None
    on = working_day_from(min(LAST_EVENT, later(rng, case.story.concern_on, 3, 60)))
    asked = Asked(MAIN, min(on, LAST_EVENT), _reason(case, on, rng), pick("decision_third_sector", rng))
    return posting(case, "third_sector", "referrals", _third_sector_request(case, asked, rng), rng)


def _third_sector_request(case: Case, asked: Asked, rng: Random) -> Record:
    received = instant(asked.on, working_minute(rng))
    return (
        {"recorded_by_role": "third-sector-worker"}
        | _clock(case, asked, received, rng)
        | {"referral_source": pick("referral_source_third_sector", rng), "received_via": pick("received_via", rng)}
        | {"referred_to": "third_sector"}
        | _why(case, asked, rng)
        | _decided(asked, received, rng, "third-sector-worker")
    )
