"""What befell each child, before any agency wrote it down: the thread that the histories hang on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from random import Random

from schemas.codelists import code_list
from seed.days import AS_OF, FIRST_EVENT, LAST_EVENT, between, days, later, working_day_from
from seed.identifiers import opaque
from seed.population import Household, Person
from seed.reference import Line, Weighted, chance, fits, grouped, happens, lines, pick_line, weighted

OLDEST_AT_CONCERN = 16
LATEST_CONCERN = AS_OF - days(25)


@dataclass(frozen=True)
class Story:
    """One child's thread: what kind it is, when the main concern arose and why.

    `care_on` is when the child came into care, None where it did not or not
    yet; `shared` names the brothers and sisters of whom the same is told.
    """

    kind: Line
    concern_on: date | None = None
    reason: str = ""
    care_on: date | None = None
    shared: tuple[int, ...] = ()
    in_care_together: tuple[int, ...] = ()
    is_together: bool = True

    def has(self, what: str) -> bool:
        """Whether the story has a plan, protection or care."""
        return self.kind[f"has_{what}"] == "true"

    @property
    def is_quiet(self) -> bool:
        return self.concern_on is None


@cache
def kinds(quintile: int, council: str) -> Weighted[Line]:
    """The kinds of story, with their weights for a home of that quintile and council."""
    factor = next(float(row["protection_factor"]) for row in lines("councils") if row["code"] == council)
    return weighted(
        lines("stories"),
        lambda row: float(row[f"weight_{quintile}"]) * (factor if row["has_protection"] == "true" else 1),
    )


def quiet() -> Story:
    """The story of a child whom only universal services know."""
    return Story(lines("stories")[0])


def stories(household: Household) -> list[Story]:
    """A story for each child of a household, those of brothers and sisters often the same one."""
    eldest = household.members[0]
    rng = eldest.rng("household story")
    first = _own(eldest, rng)
    told = [first, *(_follows(member, first) for member in household.members[1:])]
    told = [_with_care(member, story) for member, story in zip(household.members, told, strict=True)]
    return list(_joined(household.members, told, happens("siblings_apart", rng)))


def _own(person: Person, rng: Random) -> Story:
    if person.is_unaccompanied:
        return _arrival(person, rng)
    kind = kinds(person.home.quintile, person.council).pick(rng)
    concern_on = _concern_day(person, kind, rng)
    if concern_on is None:
        return quiet()
    reason = _reason(person, kind, concern_on, rng)
    return Story(kind, concern_on, reason) if reason else quiet()


def _concern_day(person: Person, kind: Line, rng: Random) -> date | None:
    """A day at an age that concern_ages.csv makes likely; None where nothing is told of that day.

    A child whose day falls outside the years told of stays quiet, so that each
    age and year has its share of concerns whatever the child's own birth.
    """
    line = pick_line(grouped("concern_ages", "story").get(kind["story"], ()), rng)
    if line is None:
        return None
    birth = person.born_on or person.expected_on
    on = working_day_from(birth + days(rng.randint(int(line["least_days"]), int(line["most_days"]))))
    is_told = FIRST_EVENT <= on <= LATEST_CONCERN and (kind["has_care"] == "false" or _came_then(on, rng))
    return on if is_told else None


def _came_then(on: date, rng: Random) -> bool:
    """Whether a child came into care then: fewer did each year (starts_by_year.csv)."""
    ends = on.year + (on.month > 7)
    return any(int(row["year_ending"]) == ends and chance(rng, float(row["share"])) for row in lines("starts_by_year"))


def _reason(person: Person, kind: Line, concern_on: date, rng: Random) -> str:
    """Why: a reason that fits the child's age; empty where none does."""
    before_birth = concern_on < (person.born_on or AS_OF + days(1))
    if before_birth:
        return next(iter(code_list("care_reasons").flagged("is_pre_birth")))
    grave = kind["has_protection"] == "true" or kind["has_care"] == "true"
    age = max(0, person.age_on(concern_on))
    fitting = [row for row in lines("reasons") if fits(row, age)]
    line = pick_line(fitting, rng, "concern_weight" if grave else "request_weight")
    return line["code"] if line else ""


def _arrival(person: Person, rng: Random) -> Story:
    """Arriving alone: in care from the day that the council met the young person."""
    kind = next(row for row in lines("stories") if row["story"] == "arrival")
    first, last = max(FIRST_EVENT, person.birthday(15)), min(LATEST_CONCERN, person.birthday(17))
    on = working_day_from(between(rng, first, last))
    return Story(kind, on, next(iter(code_list("care_reasons").flagged("is_unaccompanied"))), on)


def _follows(person: Person, first: Story) -> Story:
    """The first child's story where it can be this child's too; else one of its own."""
    rng = person.rng("story")
    if not happens("story_shared", rng):
        return _own(person, rng)
    born = person.born_on
    alive = first.concern_on is not None and born is not None and born <= first.concern_on
    if first.concern_on is None or (alive and person.age_on(first.concern_on) <= OLDEST_AT_CONCERN):
        return first if _fits(person, first) else _own(person, rng)
    return _own(person, rng)


def _fits(person: Person, story: Story) -> bool:
    """Whether the reason of a story can be given for a child of this age."""
    if story.concern_on is None:
        return True
    age = person.age_on(story.concern_on)
    given = [row for row in lines("reasons") if row["code"] == story.reason and float(row["request_weight"])]
    return any(fits(row, age) for row in given)


def _with_care(person: Person, story: Story) -> Story:
    """The story with the day that the child came into care."""
    if story.care_on or story.concern_on is None or not story.has("care"):
        return story
    rng = Random(f"{person.seed}:{story.concern_on}:{story.reason}:{person.home.number}")
    concern_on, birth = story.concern_on, person.born_on
    if birth is None or concern_on < birth:
        care_on = working_day_from(later(rng, birth or person.expected_on, 0, 6))
    else:
        care_on = working_day_from(later(rng, concern_on, *((30, 150) if story.has("protection") else (1, 45))))
    return replace(story, care_on=care_on) if care_on <= LAST_EVENT - days(10) else story


def _joined(members: Sequence[Person], told: Sequence[Story], apart: bool) -> Iterator[Story]:
    """Each story with the numbers of the brothers and sisters who share it."""
    for person, story in zip(members, told, strict=True):
        same = [
            (other, theirs)
            for other, theirs in zip(members, told, strict=True)
            if other is not person and not story.is_quiet and theirs.concern_on == story.concern_on
        ]
        in_care = tuple(other.number for other, theirs in same if story.care_on and theirs.care_on == story.care_on)
        shared = tuple(other.number for other, _ in same)
        yield replace(story, shared=shared, in_care_together=in_care, is_together=not apart)


def group_of(person: Person) -> str:
    """The id that brothers and sisters referred together share."""
    return f"g-{opaque(person.seed, 'group', person.home.number)}"
