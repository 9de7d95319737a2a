"""care_episodes: each whole period of being looked after, by the declared paths through care.

A path (care_paths.csv) is a run of steps (care_steps.csv): where the child
lives, and which powers begin and end, each after so many days. Moves that
nobody planned come between them. Powers are a timeline of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from random import Random

from schemas.codelists import code_list
from seed.days import LAST_EVENT, between, days, later, working_day_from, working_day_to
from seed.histories import transfers
from seed.identifiers import opaque
from seed.population import Person
from seed.postings import Case, Posting, Record, posting
from seed.reference import Line, fits, grouped, happens, lines, pick, pick_line
from seed.views import child_view

ADULT, MOST_PLACEMENTS, HALF_YEAR_DAYS = 18, 6, 182


@dataclass
class Course:
    """One child's way through care as it unfolds: mutable, alive only while an episode is made."""

    case: Case
    path: Line
    rng: Random
    told: Random
    """Chance for what is the child's alone; `rng` is shared by brothers and sisters who live together."""
    day: date
    started_on: date
    placements: list[Record] = field(default_factory=list)
    legal: list[Record] = field(default_factory=list)
    permanence: list[Record] = field(default_factory=list)
    end: Line | None = None
    is_unsettled: bool = False
    """Whether moves that nobody planned come often."""

    @property
    def last_day(self) -> date:
        """The last day that an episode may reach: the 18th birthday, or the last day told of."""
        return min(LAST_EVENT, self.case.person.birthday(ADULT))

    def age(self) -> int:
        return self.case.person.age_on(self.day)

    def in_force(self) -> list[Record]:
        return [legal for legal in self.legal if "ended_on" not in legal]


def records(case: Case) -> Iterator[Posting]:
    """The child's care episodes, a second one for some who went home."""
    start, reason, ordinal = case.story.care_on, case.story.reason, 0
    while start is not None:
        course = _course(case, start, reason, ordinal)
        episode = _episode(course, reason)
        passed_on = case.moved and transfers.passed_on(episode, case.moved, course.told)
        if case.moved and passed_on:
            yield posting(case, "social_work", "care_episodes", episode, course.told, ordinal)
            yield posting(case.moved, "social_work", "care_episodes", passed_on, course.told, ordinal)
            return
        yield posting(case, "social_work", "care_episodes", episode, course.told, ordinal)
        start, reason, ordinal = _again(course, episode), pick("second_care_reason", course.told), ordinal + 1


def _course(case: Case, start: date, reason: str, ordinal: int) -> Course:
    """Walk the child through a path, step by step, until its end, 18 or now."""
    told = case.rng(f"care {ordinal}")
    paths = _paths(case, _together(case) if ordinal == 0 else [case.person], start, reason)
    shares = len(paths) > 0 and ordinal == 0 and case.story.is_together and bool(case.story.in_care_together)
    rng = Random(f"{case.person.seed}:{case.person.home.number}:care") if shares else told
    path = pick_line(paths or _paths(case, [case.person], start, reason), rng)
    assert path is not None, reason
    course = Course(case, path, rng, told, start, start, is_unsettled=happens("unsettled", rng))
    leaves_on = start + days(_stay(path, rng))
    for step in grouped("care_steps", "path")[path["path"]]:
        day = later(rng, course.day, int(step["after_least"]), int(step["after_most"]))
        if path["may_leave_early"] == "true" and day >= leaves_on:
            return _left(course, leaves_on, ENDS[course.placements[-1][KIND]])
        if not _reached(course, day):
            return course
        _take(course, step)
    return _left(course, max(leaves_on, later(rng, course.day, 14, 60)), path["ends"])


def _stay(path: Line, rng: Random) -> int:
    """For how many days a child on that path is looked after, if all goes on until then."""
    line = pick_line(grouped("stays", "stay")[path["stay"]], rng)
    assert line is not None
    return rng.randint(int(line["least_days"]), int(line["most_days"]))


def _left(course: Course, day: date, ends: str) -> Course:
    """End the episode that day, unless 18 or now comes first."""
    if _reached(course, day):
        _finish(course, ends)
    return course


def _together(case: Case) -> list[Person]:
    """The child and the brothers and sisters who came into care on the same day and live together."""
    numbers = case.story.in_care_together if case.story.is_together else ()
    return [member for member in case.household.members if member is case.person or member.number in numbers]


def _paths(case: Case, persons: Sequence[Person], start: date, reason: str) -> list[Line]:
    """The paths that fit the reason and the age of each of these children."""
    row = code_list("care_reasons").rows[reason]
    flags = [flag for flag in ("is_pre_birth", "is_unaccompanied") if row[flag] == "true"] or [""]
    if _takes_breaks(case, reason):
        flags = ["is_short_break"]
    ages = [person.age_on(start) for person in persons]
    declared = (line for line in lines("care_paths") if line["reason_flag"] in flags)
    return [line for line in declared if all(fits(line, age) for age in ages)]


def _takes_breaks(case: Case, reason: str) -> bool:
    """Whether a disabled child comes to stay elsewhere for a series of short breaks, and lives at home."""
    named = any(row["code"] == reason and row["may_be_breaks"] == "true" for row in lines("reasons"))
    return named and happens("short_breaks", Random(f"{case.person.seed}:{case.person.home.number}:breaks"))


def _reached(course: Course, day: date) -> bool:
    """Go on to a day, with what moves come before it; False where 18 or now comes first."""
    day = working_day_from(day)
    until = min(day, course.last_day)
    while course.placements and (move_on := _next_move(course, until)):
        course.day = move_on
        _unplanned(course)
    if day <= course.last_day:
        course.day = day
        return True
    if course.case.person.birthday(ADULT) <= LAST_EVENT:
        course.day = course.case.person.birthday(ADULT)
        _finish(course, _at_eighteen(course))
    return False


def _next_move(course: Course, until: date) -> date | None:
    """The day of a move between now and then that nobody planned; None for none."""
    span = (until - course.day).days
    if span < 90 or len(course.placements) >= MOST_PLACEMENTS or not _may_move(course.placements[-1]):
        return None
    half_years = span // HALF_YEAR_DAYS + 1
    often = "move_in_half_year_unsettled" if course.is_unsettled else "move_in_half_year"
    moves = any(happens(often, course.rng) for _ in range(half_years))
    return between(course.rng, course.day + days(30), until - days(45)) if moves else None


def _may_move(placement: Record) -> bool:
    """Foster homes, kin and children's houses; home and the family who hope to adopt are left alone."""
    kind = code_list("placement_types").rows[placement["type"]]
    is_residential = kind["setting"] == "residential" and kind["is_secure"] == "false"
    return kind["is_foster"] == "true" or is_residential or (kind["is_kinship"] == "true" and placement[MAY_MOVE])


def _take(course: Course, step: Line) -> None:
    """One declared step: a move, powers that begin and end, a step towards permanence."""
    if step["placement"]:
        _move(course, step)
    for reason in filter(None, step["ends"].split(";")):
        _end_power(course, reason, step["legal_change"])
    for reason in filter(None, step["begins"].split(";")):
        _begin_power(course, reason, [m for m in step["measures"].split(";") if m])
    if step["permanence"]:
        course.permanence.append({"step": step["permanence"], "on": course.day})


def _move(course: Course, step: Line) -> None:
    """Leave where the child lives, for the place that a step declares."""
    if course.placements:
        _leave(course, pick(step["move_choice"], course.rng), step["decided_by_role"])
    course.placements.append(_placement(course, step["placement"]))


def _leave(course: Course, reason: str, decided_by_role: str = "social-worker") -> None:
    left, row = course.placements[-1], code_list("change_reasons").rows[reason]
    left |= {"ended_on": course.day, "change_reason": reason, "decided_by_role": decided_by_role}
    if row["is_planned"] == "":
        left["is_planned"] = happens("undeclared_move_planned", course.rng)
    if happens("view_of_care", course.told):
        left |= child_view("move", course.age(), course.told)


def _placement(course: Course, kind: str) -> Record:
    """A new place to live, and whether brothers and sisters live there too."""
    declared = grouped("placement_kinds", "kind")[kind][0]
    number = len(course.placements) + 1
    placement: Record = {
        "id": f"p-{number}",
        "type": declared["type"] or pick(declared["provider_choice"], course.rng),
        "foster_type": declared["foster_type"],
        "started_on": course.day,
        MAY_MOVE: happens("kinship_may_end", course.rng),
        KIND: kind,
    }
    row = code_list("placement_types").rows[placement["type"]]
    if row["is_kinship"] == "true":
        placement["kinship_relation"] = pick("kinship_relation", course.rng)
    if row["is_at_home"] == "false":
        placement["carer"] = f"carer-{_carer(course, number)}"
    return placement | _siblings(course)


def _carer(course: Course, number: int) -> str:
    """The carer's id; the same for brothers and sisters who live together."""
    person = course.case.person
    shares = course.rng is not course.told
    return opaque(person.seed, "carer", person.home.number, 0 if shares else person.number, course.started_on, number)


def _siblings(course: Course) -> Record:
    """With which of the brothers and sisters in care the child lives; nothing where none are in care."""
    others = course.case.story.in_care_together
    if course.rng is not course.told:
        return {"with_siblings": "all"}
    if not others or course.day > course.started_on + days(400):
        return {}
    apart = pick("with_siblings_apart", course.told) if len(others) > 1 else "none"
    return {"with_siblings": apart, "with_siblings_reason": pick("siblings_apart_reason", course.told)}


def _unplanned(course: Course) -> None:
    """A move that no step declares: to a place of the same kind, or the same carer under another name."""
    left = course.placements[-1]
    if left["foster_type"] == "interim" and happens("same_carer", course.rng):
        _leave(course, *sorted(code_list("change_reasons").flagged("same_carer")))
        same = _placement(course, "foster_long_term") | {"type": left["type"], "carer": left["carer"]}
        course.placements.append(same)
    else:
        _leave(course, pick("unplanned_move", course.rng))
        course.placements.append(_placement(course, _same_kind(left)))
    _vary_orders(course)


def _same_kind(left: Record) -> str:
    """The kind of place (placement_kinds.csv) that a child who cannot stay moves on to."""
    kind = code_list("placement_types").rows[left["type"]]
    if kind["is_kinship"] == "true":
        return "kinship"
    return "residential" if kind["setting"] == "residential" else "foster_long_term"


def _vary_orders(course: Course) -> None:
    """Orders that name where the child is to live are varied to name the new place."""
    for legal in [legal for legal in course.in_force() if "named_placement" in legal]:
        _end_power(course, legal["legal_reason"], pick("order_varied", course.rng))
        _begin_power(course, legal["legal_reason"], legal["measures"])


def _begin_power(course: Course, reason: str, measures: list[str]) -> None:
    legal: Record = {"id": f"l-{len(course.legal) + 1}", "legal_reason": reason, "started_on": course.day}
    legal["measures"] = measures
    if not code_list("cso_measures").flagged("names_residence").isdisjoint(measures):
        legal["named_placement"] = course.placements[-1]["id"]
    if code_list("legal_reasons").rows[reason]["is_s25"] == "true":
        own = course.age() >= 16 and not course.case.person.is_unaccompanied
        legal["s25_basis"] = _own_agreement() if own else course.path["s25_basis"]
    course.legal.append(legal)


@cache
def _own_agreement() -> str:
    (basis,) = code_list("s25_bases").flagged("has_child_agreement")
    return basis


def _end_power(course: Course, reason: str, change: str) -> None:
    """End a power, with the reviews that were held while it was in force."""
    for legal in course.in_force():
        if legal["legal_reason"] == reason:
            legal |= {"ended_on": course.day, "change_reason": change}
            _review_power(legal, course.day)


def _review_power(legal: Record, until: date) -> None:
    every = int(_endings()[legal["legal_reason"]]["review_every_days"])
    if every:
        held = range(every, (until - legal["started_on"]).days, every)
        legal["reviewed_on"] = [working_day_to(legal["started_on"] + days(count)) for count in held]


@cache
def _endings() -> Mapping[str, Line]:
    return {row["legal_reason"]: row for row in lines("legal_endings")}


def _at_eighteen(course: Course) -> str:
    """At 18 some stay on where they are."""
    stays = code_list("placement_types").flagged("allows_continuing_care")
    may_stay = course.placements[-1]["type"] in stays
    return "at_18_staying" if may_stay and happens("stays_at_eighteen", course.told) else "at_18"


def _finish(course: Course, ends: str) -> None:
    """End the episode that day, with its reason and destination."""
    stays = code_list("placement_types").flagged("allows_continuing_care")
    may_stay = course.placements[-1]["type"] in stays
    continuing = code_list("end_reasons").flagged("is_continuing_care")
    rows = [
        row
        for row in grouped("care_ends", "ends")[ends]
        if fits(row, course.age()) and (may_stay or row["end_reason"] not in continuing)
    ]
    course.end = pick_line(rows, course.rng)
    if course.end:
        _close(course, at_end="at_18" if ends in AT_EIGHTEEN else "at_end")


AT_EIGHTEEN = ("at_18", "at_18_staying")


def _close(course: Course, at_end: str) -> None:
    """End the last placement and every power still in force."""
    course.placements[-1]["ended_on"] = course.day
    for legal in course.in_force():
        _end_power(course, legal["legal_reason"], _endings()[legal["legal_reason"]][at_end])


def _episode(course: Course, reason: str) -> Record:
    """The episode as the council's system holds it."""
    for legal in course.in_force():
        _review_power(legal, LAST_EVENT)
    told, path = course.told, course.path
    episode: Record = {
        "recorded_by_role": "social-worker",
        "responsible_authority": course.case.person.council,
        "started_on": course.started_on,
        "primary_reason": reason,
        "contributory_reasons": _contributory(course, reason),
        "route": path["route"],
        "decided_by_role": path["decided_by_role"],
        "placements": [_given(placement) for placement in course.placements],
        "legal_reasons": [_given(legal) for legal in course.legal],
        "permanence": course.permanence,
    }
    if not course.case.person.is_unaccompanied:
        episode["home_data_zone"] = course.case.person.home.data_zone
    if code_list("care_routes").rows[path["route"]]["is_short_break"] == "true":
        episode["short_breaks"] = True
    if happens("view_of_care", told):
        episode |= child_view("care", course.case.person.age_on(course.started_on), told)
    return episode | _ending(course)


def _given(part: Record) -> Record:
    """A part without what is empty and what only the generator needs."""
    return {name: value for name, value in part.items() if value not in ("", None, []) and name not in (MAY_MOVE, KIND)}


MAY_MOVE, KIND = "_moves", "_kind"
"""Beside a placement while the course unfolds: whether a kinship home may come to an end, and its row's name."""
ENDS = {row["kind"]: row["ends"] for row in lines("placement_kinds")}
"""How an episode ends (care_ends.csv) from each kind of place, where it ends before its path does."""


def _contributory(course: Course, reason: str) -> list[str]:
    """Up to three further reasons that fit the child's age."""
    age = max(0, course.case.person.age_on(course.started_on))
    care = code_list("care_reasons")
    fitting = [row for row in lines("reasons") if fits(row, age) and row["code"] in care and row["code"] != reason]
    found = [pick_line(fitting, course.told, "concern_weight") for _ in range(course.told.randint(0, 3))]
    return list(dict.fromkeys(line["code"] for line in found if line))


def _ending(course: Course) -> Record:
    if course.end is None:
        return {}
    end = course.end
    if end["permanence"]:
        course.permanence.append({"step": end["permanence"], "on": course.day})
    return {"ended_on": course.day, "end_reason": end["end_reason"], "destination": end["destination"]}


def _again(course: Course, episode: Record) -> date | None:
    """When a child who went home came into care again; None for most."""
    home = code_list("destinations").flagged("is_at_home")
    if "short_breaks" in episode or episode.get("destination") not in home:
        return None
    if course.age() > 13 or not happens("care_again", course.told):
        return None
    start = working_day_from(later(course.told, course.day, 150, 700))
    return start if start <= LAST_EVENT - days(60) else None
