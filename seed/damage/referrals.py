"""How to break each rule of referrals."""

from collections.abc import Mapping
from datetime import timedelta

from schemas.codelists import code_list
from seed.damage.ways import (
    FAR,
    NO_CODE,
    STAND_IN,
    Around,
    Damage,
    Effects,
    SideEffect,
    both,
    change,
    drop,
    dropping,
    every,
    has,
    is_flagged,
    lacks,
    leaf,
    of_nobody,
    put,
    when,
    without_words,
)
from seed.days import AS_OF, instant
from seed.postings import Record
from seed.reference import one

DECISION = ("decision", "decided_at", "decided_by_role", "no_further_action_reason", "protection_threshold")
IS_NOTHING_FURTHER = is_flagged("referral_decisions", "decision", "is_no_further_action")


def _shifted(field: str, by: str, hours: int) -> Damage:
    """A field a number of hours after another."""

    def does(record: Record) -> None:
        record[field] = record[by] + timedelta(hours=hours)

    return when(has(field, by), change(does))


def _posted_twice(record: Record, around: Around) -> Effects | None:
    """The same request as another of the child's, under an id of its own."""
    others = [other for other in around.others("referrals") if "joined_to" not in other.record]
    if not others or not around.is_leaf():
        return None
    record.clear()
    record.update(others[0].record)
    return [SideEffect("RF08", others[0])]


def _older_than(count: int) -> Damage:
    return when(lambda record: record["received_at"].date() < AS_OF - timedelta(days=count), put())


def _no_clock(record: Record) -> None:
    row = code_list("clock_starts").rows[record["clock_start"]]
    record.pop("contact_at" if row["needs_contact_at"] == "true" else "screened_at")


def _has_other_clock(record: Record) -> bool:
    row = code_list("clock_starts").rows[record["clock_start"]]
    return "decision" in record and "true" in (row["needs_contact_at"], row["needs_screened_at"])


def _closed_too_soon(record: Record) -> None:
    record["closed_on"] = record["received_at"].date() - timedelta(days=3)


def _same_again(record: Record) -> None:
    record["reasons"] = [record["primary_reason"]]


def _weeks_before(record: Record) -> None:
    """A request that came three weeks before the discussion that followed it."""
    for name in ("contact_at", "received_at", "screened_at"):
        record[name] -= timedelta(days=21)


def _closed_when_nobody_knows(record: Record, around: Around) -> Effects:
    record["closed_on"] = STAND_IN
    return [SideEffect("RF19", around.posting)]


def _nothing_followed(record: Record, around: Around) -> Effects | None:
    """Nothing further is said to have been done, though a plan or a process rests on the request."""
    rests = [*around.others("plans"), *around.others("child_protection")]
    if not any(other.record.get("referral") == around.posting.source_id for other in rests):
        return None
    decision = one("referral_decisions", "is_no_further_action")
    record |= {"decision": decision, "no_further_action_reason": "below_threshold"}
    dropping("joined_to", "protection_threshold")(record)
    return ()


def _year_before_birth(record: Record, around: Around) -> Effects | None:
    """A request made a year before the child was born."""
    born_on = next((p.record.get("date_of_birth") for p in around.others("children")), None)
    if born_on is None or not around.is_leaf() or "joined_to" in record:
        return None
    sooner = record["received_at"].date() - born_on + timedelta(days=400)
    for name in ("contact_at", "received_at", "screened_at"):
        if name in record:
            record[name] -= sooner
    return ()


DAMAGES: Mapping[str, Damage] = {
    "RF01": leaf(put(received_at=instant(FAR, 600))),
    "RF03": leaf(put(referral_source=NO_CODE)),
    "RF04": _shifted("decided_at", "received_at", -2),
    "RF05": when(has("closed_on", "decision"), change(dropping(*DECISION, "joined_to"))),
    "RF06": when(is_flagged("referral_decisions", "decision", "leads_to_ird"), change(_weeks_before)),
    "RF08": _posted_twice,
    "RF09": both(_older_than(60), put(primary_reason=one("referral_reasons", "is_not_yet_known"))),
    "RF11": drop("source_reference"),
    "RF12": without_words("referral_reasons", "primary_reason"),
    "RF13": both(put(family_informed=False), change(dropping("family_not_informed_reason"))),
    "RF14": both(
        when(has("decision"), put(decision=one("referral_decisions", "joins_open_record"))),
        change(dropping("joined_to", "no_further_action_reason")),
    ),
    "RF15": when(_has_other_clock, change(_no_clock)),
    "RF17": both(_older_than(60), change(dropping(*DECISION, "joined_to", "closed_on"))),
    "RF18": _shifted("contact_at", "received_at", 1),
    "RF19": leaf(when(has("closed_on"), change(_closed_too_soon))),
    "RF20": when(IS_NOTHING_FURTHER, without_words("no_further_action_reasons", "no_further_action_reason")),
    "RF21": put(reasons=[one("referral_reasons", "needs_text")]),
    "RF22": when(IS_NOTHING_FURTHER, drop("no_further_action_reason")),
    "RF23": when(has("child_view"), drop("child_view_method")),
    "RF24": when(
        is_flagged("referral_decisions", "decision", "is_below_threshold"),
        put(protection_threshold=one("protection_thresholds", "is_met")),
    ),
    "RF25": when(
        lambda record: record["received_at"].date() > AS_OF - timedelta(days=200),
        put(primary_reason=one("referral_reasons", "legacy_only")),
    ),
    "RF26": change(_same_again),
    "RF28": without_words("family_not_informed_reasons", "family_not_informed_reason"),
    "RF27": when(every(has("decision"), lacks("joined_to")), drop("decided_at")),
    "RF30": when(has("closed_on"), _closed_when_nobody_knows),
    "RF31": of_nobody(lacks("joined_to")),
    "RF32": _nothing_followed,
    "RF33": _year_before_birth,
    "RF29": when(has("decided_at"), put(decided_at=instant(FAR, 600))),
}
