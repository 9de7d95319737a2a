"""Made-up children in made-up households, in the published proportions of councils and ages."""

from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from random import Random

from quality.functions import age_on
from schemas.codelists import code_list
from seed.days import AS_OF, days, later
from seed.identifiers import Register, postcode
from seed.reference import Line, Weighted, chance, grouped, happens, lines, one, pick, some, weighted

UNBORN_LEAST_DAYS, UNBORN_MOST_DAYS = 150, 222
"""How long after AS_OF an unborn child is expected: late enough for the clock, early enough to be known of."""


@dataclass(frozen=True)
class Home:
    """What the children of one household share; `former` is where the family lived before, where it moved."""

    number: int
    council: Line
    postcode: str
    data_zone: str
    quintile: int
    family_name: str
    ethnic_group: str
    religion: str
    restricted: str
    former: "Home | None" = None


@dataclass(frozen=True)
class Person:
    """One made-up child, as nobody but the generator knows them."""

    seed: int
    number: int
    home: Home
    given_name: str
    family_name: str
    former_family_name: str | None
    sex: str
    born_on: date | None
    expected_on: date
    disabilities: tuple[str, ...]
    support_needs: tuple[str, ...]
    communication_needs: tuple[str, ...]
    chi: str | None
    scn: str | None
    is_unaccompanied: bool

    @property
    def person_id(self) -> str:
        return f"person-{self.number:07}"

    @property
    def council(self) -> str:
        return self.home.council["code"]

    def rng(self, purpose: str) -> Random:
        """The child's own run of chance for one purpose, the same whatever else is made."""
        return Random(f"{self.seed}:{self.number}:{purpose}")

    def age_on(self, day: date) -> int:
        """Age in years on a day; -1 before birth."""
        return age_on(self.born_on, day) if self.born_on and day >= self.born_on else -1

    def birthday(self, age: int) -> date:
        """The day of that birthday; for the unborn, counted from the expected birth."""
        born = self.born_on or self.expected_on
        return date(born.year + age, born.month, min(born.day, 28))


@dataclass(frozen=True)
class Household:
    """The children of one home, and how they are related: by pair of numbers, the lower first."""

    home: Home
    members: tuple[Person, ...]
    relations: Mapping[tuple[int, int], str]

    def relation(self, one: Person, other: Person) -> str:
        return self.relations[min(one.number, other.number), max(one.number, other.number)]


def households(seed: int, children: int) -> Iterator[Household]:
    """Households one after another, until there are so many children in all."""
    register, number, made = Register(), 0, 0
    while made < children:
        rng = Random(f"{seed}:home:{number}")
        household = _household(seed, number, made, children - made, rng, register)
        yield household
        made += len(household.members)
        number += 1


def _household(seed: int, number: int, first: int, room: int, rng: Random, register: Register) -> Household:
    home = _home(number, rng)
    alone = happens("unaccompanied", rng)
    size = 1 if alone else min(room, int(pick("household_size", rng)))
    births = [_arrival_birth(rng)] if alone else _births(rng, home, size)
    members = tuple(_person(seed, first + place, home, birth, alone, register) for place, birth in enumerate(births))
    pairs = [(one.number, other.number) for one in members for other in members if one.number < other.number]
    twins = {(a.number, b.number) for a in members for b in members if a.born_on and a.born_on == b.born_on}
    relations = {pair: "full" if pair in twins else pick("sibling_relation", rng) for pair in pairs}
    return Household(home, members, relations)


def _home(number: int, rng: Random) -> Home:
    council = councils().pick(rng)
    quintile = int(pick("home_quintile", rng))
    ethnic_group = pick("ethnic_group", rng)
    heading = code_list("ethnic_groups").rows[ethnic_group]["ethnic_heading"]
    home = Home(
        number=number,
        council=council,
        postcode=postcode(rng),
        data_zone=_data_zone(council, quintile, rng),
        quintile=quintile,
        family_name=_family_name(rng),
        ethnic_group=ethnic_group,
        religion=pick(f"religion_{heading or 'not_known'}", rng),
        restricted=pick("restriction", rng),
    )
    return replace(home, former=elsewhere(home, rng)) if happens("moved_home", rng) else home


def elsewhere(home: Home, rng: Random) -> Home:
    """The same family in another home, for some in another council."""
    return in_council(home, councils().pick(rng) if happens("moved_council", rng) else home.council, rng)


def in_council(home: Home, council: Line, rng: Random) -> Home:
    """The same family in a home in that council."""
    quintile = int(pick("home_quintile", rng))
    zone = _data_zone(council, quintile, rng)
    return replace(home, council=council, postcode=postcode(rng), data_zone=zone, quintile=quintile, former=None)


def _data_zone(council: Line, quintile: int, rng: Random) -> str:
    row = _zones()[council["code"], quintile]
    return f"S01{rng.randint(int(row['first_zone']), int(row['last_zone'])):06}"


@cache
def councils() -> Weighted[Line]:
    """The councils, as likely as their share of Scotland's children."""
    return weighted(lines("councils"), lambda row: float(row["population_0_17"]))


@cache
def _zones() -> Mapping[tuple[str, int], Line]:
    """The run of data zones of a council and quintile; both are made up (data_zones.csv)."""
    return {(row["council"], int(row["quintile"])): row for row in lines("data_zones")}


def quintile_of(data_zone: str) -> int | None:
    """The made-up deprivation quintile of a data zone, 1 the most deprived; None for a zone of no council."""
    number = int(data_zone[3:])
    rows = lines("data_zones")
    place = bisect(_first_zones(), number) - 1
    within = place >= 0 and number <= int(rows[place]["last_zone"])
    return int(rows[place]["quintile"]) if within else None


@cache
def _first_zones() -> tuple[int, ...]:
    return tuple(int(row["first_zone"]) for row in lines("data_zones"))


def _births(rng: Random, home: Home, size: int) -> list[date]:
    """The children's births, born or expected, in no order of age."""
    births = [_birth(rng, home.council)]
    for _ in range(size - 1):
        if happens("twin", rng) and births[-1] <= AS_OF:
            births.append(births[-1])
        else:
            births.append(_spaced(rng, births))
    return births


def _birth(rng: Random, council: Line) -> date:
    if happens("unborn", rng):
        return later(rng, AS_OF, UNBORN_LEAST_DAYS, UNBORN_MOST_DAYS)
    return _back(rng, _age(rng, council))


def _age(rng: Random, council: Line) -> int:
    """An age in years: under 18 by the council's published share of under fives, with some young adults."""
    if happens("young_adult", rng):
        return rng.randint(18, 20)
    young = int(council["population_0_4"]) / int(council["population_0_17"])
    return rng.randint(0, 4) if chance(rng, young) else rng.randint(5, 17)


def _back(rng: Random, age: int) -> date:
    return date(AS_OF.year - age, AS_OF.month, AS_OF.day) - days(rng.randint(14, 364))


def _spaced(rng: Random, births: list[date]) -> date:
    """A birth at least eleven months from each other one, and so that nobody is over 20."""
    for _ in range(20):
        birth = rng.choice(births) + days(rng.choice((-1, 1)) * rng.randint(340, 1900))
        apart = all(abs((birth - other).days) >= 335 for other in births)
        if apart and date(AS_OF.year - 20, 1, 1) < birth <= AS_OF - days(14):
            return birth
    return births[0] if births[0] <= AS_OF else min(births) - days(700)


def _arrival_birth(rng: Random) -> date:
    return _back(rng, rng.randint(16, 19))


def _person(seed: int, number: int, home: Home, birth: date, alone: bool, register: Register) -> Person:
    rng = Random(f"{seed}:{number}")
    born = birth if birth <= AS_OF else None
    sex = pick("sex_unaccompanied" if alone else "sex", rng)
    names = _family_names(rng, home)
    starts_school = birth.year + (5 if birth.month >= 3 else 4)
    at_school = birth.year + 16 if alone else starts_school
    return Person(
        seed=seed,
        number=number,
        home=home,
        given_name=_given_names()[sex].pick(rng)["name"],
        family_name=names[0],
        former_family_name=names[1],
        sex=sex if born else one("sexes", "is_unborn"),
        born_on=born,
        expected_on=birth + timedelta(days=rng.randint(-12, 16)) if born else birth,
        disabilities=tuple(some("disability", rng, 2)) if happens("disabled", rng) else (),
        support_needs=tuple(some("support_need", rng, 2)) if happens("support_needed", rng) else (),
        communication_needs=tuple(some("communication_need", rng, 1)) if happens("communication_needed", rng) else (),
        chi=register.chi(born, sex, rng) if born else None,
        scn=register.scn(min(at_school + 1, AS_OF.year)) if at_school < AS_OF.year else None,
        is_unaccompanied=alone,
    )


def _family_names(rng: Random, home: Home) -> tuple[str, str | None]:
    """The child's surname, and the one before it if it changed."""
    if happens("renamed", rng):
        return _family_name(rng), home.family_name
    return home.family_name, None


def _family_name(rng: Random) -> str:
    parts = grouped("family_name_parts", "part")
    return rng.choice(parts["first"])["text"] + rng.choice(parts["second"])["text"]


@cache
def _given_names() -> Mapping[str, Weighted[Line]]:
    return {
        sex: weighted(rows, lambda row: float(row["weight"])) for sex, rows in grouped("given_names", "sex").items()
    }
