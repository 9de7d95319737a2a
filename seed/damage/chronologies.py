"""How to break each rule of chronologies."""

from collections.abc import Mapping
from datetime import date, timedelta

from schemas.codelists import code_list
from seed.damage.ways import (
    NO_CODE,
    Around,
    Damage,
    Effects,
    change,
    drop,
    dropping,
    effects_on,
    every,
    has,
    is_flagged,
    lacks,
    leaf,
    of_nobody,
    put,
    when,
)
from seed.postings import Record
from seed.reference import one

NEEDS_ACTION = is_flagged("event_types", "event_type", "needs_action")
IS_EXACT = is_flagged("precisions", "precision", "is_exact")


def _speaks_of_others(record: Record) -> bool:
    return not code_list("people").flagged("is_third_party").isdisjoint(record.get("people", []))


def _not_yet(record: Record) -> None:
    record["happened_on"] = record["recorded_at"].date() + timedelta(days=30)


def _over_before(field: str) -> Damage:
    def does(record: Record) -> None:
        record[field] = record["happened_on"] - timedelta(days=9)

    return when(IS_EXACT, change(does))


def _not_held(record: Record) -> None:
    record["draws_on"][0]["source_id"] = "ch-none-0000-none"


def _seen_by_two(record: Record, around: Around) -> Effects | None:
    """The same day and type as another agency's entry, with neither drawing on the other."""
    mine = around.posting
    others = [
        other
        for other in around.household
        if other.family == mine.family and other.person is mine.person and other.source.agency != mine.source.agency
    ]
    found = next((o for o in others if IS_EXACT(o.record) and "draws_on" not in o.record), None)
    if found is None or not IS_EXACT(record) or "draws_on" in record or _recorded_by(record, found.record):
        return None
    if NEEDS_ACTION(found.record) and "action_taken" not in record:
        return None
    told = {name: found.record[name] for name in ("event_type", "happened_on")}
    record |= told
    return effects_on("CH13", (other for other in others if told.items() <= other.record.items()))


def _recorded_by(record: Record, other: Record) -> bool:
    """Whether the entry was recorded before the other's event."""
    return bool(other["happened_on"] >= record["recorded_at"].date())


def _care_began(record: Record, around: Around) -> Effects | None:
    """The start of a care episode, typed a second time."""
    episodes = [p.record for p in around.others("care_episodes")]
    if not episodes or episodes[0]["started_on"] >= record["recorded_at"].date() or not around.is_leaf():
        return None
    record |= {"event_type": one("event_types", "is_care_start"), "happened_on": episodes[0]["started_on"]}
    dropping("contributed_at_meeting_on", "draws_on", "corrects")(record)
    return ()


def _before_birth(record: Record, around: Around) -> Effects | None:
    born_on = next((p.record.get("date_of_birth") for p in around.others("children")), None)
    if born_on is None or not IS_EXACT(record) or BEFORE_BIRTH(record) or _speaks_of_others(record):
        return None
    record["happened_on"] = born_on - timedelta(days=60)
    return ()


STAND_IN_END = date(2099, 12, 31)
BEFORE_BIRTH = is_flagged("event_types", "event_type", "before_birth_allowed")
ACTED = has("action_taken")
DAMAGES: Mapping[str, Damage] = {
    "CH01": leaf(when(every(IS_EXACT, lacks("draws_on")), change(_not_yet))),
    "CH03": when(NEEDS_ACTION, change(dropping("action_taken", "no_action_reason"))),
    "CH04": put(description="Seen today."),
    "CH09": when(has("draws_on"), change(_not_held)),
    "CH10": leaf(when(_speaks_of_others, put(third_party=False))),
    "CH13": _seen_by_two,
    "CH14": _care_began,
    "CH15": _before_birth,
    "CH16": leaf(put(event_type=NO_CODE)),
    "CH18": _over_before("ended_on"),
    "CH19": when(ACTED, put(event_type=one("event_types", "needs_text"))),
    "CH20": when(has("child_view"), drop("child_view_method")),
    "CH21": when(lacks("corrects"), put(corrects="ch-none-0000-none")),
    "CH22": when(ACTED, put(no_action_reason="No action was needed at this time.")),
    "CH23": _over_before("contributed_at_meeting_on"),
    "CH25": when(IS_EXACT, put(ended_on=STAND_IN_END)),
    "CH26": of_nobody(lacks("corrects", "draws_on")),
    "CH05": put(description="Mother was manipulative at the meeting."),
    "CH24": drop("significance"),
}
