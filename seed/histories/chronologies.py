"""chronologies: what each kind of agency wrote down of the child's life, good things too.

The texts are declared in entries.csv, each with what was done about it, or why
nothing was. What other records already say (a registration, a move) is never
written down a second time.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from random import Random

from seed.days import FIRST_EVENT, LAST_EVENT, between, days, working_day_to
from seed.postings import Case, Posting, Record, posting
from seed.reference import Line, grouped, happens, lines, pick, pick_line
from seed.views import child_view

CONSOLIDATED, CORRECTION = 90, 95
"""Ordinals of the entries that are not from the declared texts."""


def records(case: Case, before: Sequence[Posting]) -> Iterator[Posting]:
    """The entries about a child; `before` are the postings that they go with."""
    rng = case.rng("chronology")
    entries = list(_entries(case, before, rng))
    yield from entries
    corrected = next((entry for entry in entries if happens("entry_corrected", rng)), None)
    if corrected:
        yield _correction(case, corrected, rng)
    process = next((p.record for p in before if p.family == "child_protection"), None)
    if process:
        yield from _consolidated(case, process, entries, rng)


def _entries(case: Case, before: Sequence[Posting], rng: Random) -> Iterator[Posting]:
    kind = case.story.kind
    told: set[object] = set()
    for ordinal in range(rng.randint(int(kind["entries_least"]), int(kind["entries_most"]))):
        line = pick_line(_fitting(case, told), rng)
        on = _day(case, line, before, rng) if line else None
        if line and on and (line["event_type"], on) not in told:
            told |= {line["description"], (line["event_type"], on)}
            yield posting(case, line["kind"], "chronologies", _entry(case, line, on, rng), rng, ordinal)


def _fitting(case: Case, told: set[object]) -> list[Line]:
    """The texts that this child's sources could have written and have not yet."""
    name = case.story.kind["story"]
    return [
        row
        for row in lines("entries")
        if row["kind"] in case.holders
        and row["description"] not in told
        and ((row["stories"] == "*" and name != "arrival") or name in row["stories"].split(";"))
    ]


def _day(case: Case, line: Line, before: Sequence[Posting], rng: Random) -> date | None:
    """A day on which it can have happened, by the child's age and the story; None where there is none."""
    if case.person.born_on is None:
        return None
    first = max(FIRST_EVENT, case.person.birthday(int(line["least_age"])), case.person.born_on)
    last = min(LAST_EVENT, case.person.birthday(int(line["most_age"]) + 1) - days(1))
    around = case.story.concern_on
    if around:
        first, last = max(first, around - days(400)), min(last, around + days(800))
    if line["during"]:
        first, last = _within(before, DURING[line["during"]], first, last)
    on = between(rng, first, last) if first <= last else None
    return on if on is None or line["kind"] == "police" else max(first, working_day_to(on))


def _within(before: Sequence[Posting], period: tuple[str, str, str], first: date, last: date) -> tuple[date, date]:
    """The part of those days in which the child was in care, or on the register; none where it never was."""
    family, starts, ends = period
    record = next((p.record for p in before if p.family == family and starts in p.record), None)
    if record is None:
        return date.max, date.min
    return max(first, record[starts]), min(last, record.get(ends, last))


DURING = {
    "care": ("care_episodes", "started_on", "ended_on"),
    "register": ("child_protection", "registered_on", "deregistered_on"),
}


def _entry(case: Case, line: Line, on: date, rng: Random) -> Record:
    texts = ("significance", "description", "impact", "action_taken", "no_action_reason", "outcome")
    entry: Record = {
        "recorded_by_role": line["role"],
        "happened_on": on,
        "precision": pick("precision", rng),
        "event_type": line["event_type"],
        "people": line["people"].split(";"),
        **{name: line[name] for name in texts},
    }
    if happens("entry_disputed", rng):
        entry["disputed"] = True
    return entry | (child_view("request", case.person.age_on(on), rng) if happens("view_in_entry", rng) else {})


def _correction(case: Case, wrong: Posting, rng: Random) -> Posting:
    """A later entry that puts an earlier one right; the earlier one stays as it was."""
    right = {name: value for name, value in wrong.record.items() if name not in ("recorded_at", "child")}
    right |= {"corrects": wrong.source_id, "outcome": "Corrected: the time was wrongly noted at first."}
    return posting(case, wrong.source.kind, "chronologies", right, rng, CORRECTION)


def _consolidated(case: Case, process: Record, entries: Sequence[Posting], rng: Random) -> Iterator[Posting]:
    """The lead professional's entry for the planning meeting, drawing on what single agencies wrote."""
    meeting = next((m for m in process.get("meetings", []) if "held_on" in m), None)
    drawn = [p for p in entries if p.source.kind != "social_work" and p.record["happened_on"] <= process["concern_on"]]
    if meeting is None or case.person.age_on(process["concern_on"]) < 0:
        return
    (text,) = grouped("consolidated", "kind")["social_work"]
    entry = {name: text[name] for name in ("event_type", "description", "significance", "impact", "action_taken")}
    yield posting(
        case,
        "social_work",
        "chronologies",
        entry
        | {"recorded_by_role": text["role"], "happened_on": process["concern_on"], "people": ["child", "parent"]}
        | {"draws_on": [{"source": p.source.name, "source_id": p.source_id} for p in drawn[:3]]}
        | {"contributed_at_meeting_on": meeting["held_on"]},
        rng,
        CONSOLIDATED,
    )
