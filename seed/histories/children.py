"""children: the same child as each source knows it, with that source's own gaps and spelling."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from random import Random

from seed.days import AS_OF, instant, later, working_day_from, working_minute
from seed.population import Household, Person, councils, in_council
from seed.postings import Case, Posting, Record, id_of, role_of
from seed.reference import Line, chance, fits, grouped, happens, lines, pick
from seed.sources import SourceSystem, sources_of
from seed.story import Story

VOWELS = "aeiou"


def holders(person: Person, story: Story) -> dict[str, SourceSystem]:
    """The sources that hold a child, one of a kind at most; never none."""
    rng = person.rng("holders")
    age = person.age_on(AS_OF)
    name = story.kind["story"]
    rows = [row for row in lines("holders") if row["story"] in ("*", name) and fits(row, age)]
    kinds = [row["kind"] for row in rows if chance(rng, float(row["share"]))]
    return {kind: rng.choice(sources_of(kind, person.council)) for kind in kinds or ["health"]}


def records(case: Case, cases: Mapping[int, Case]) -> Iterator[Posting]:
    """The child's record in each source that holds it; `cases` are the household's, by number."""
    for kind, source in case.holders.items():
        rng = case.rng(f"children {kind}")
        record = _record(case, kind, rng)
        record |= {"siblings": siblings} if (siblings := _siblings(case, source, cases, rng)) else {}
        yield Posting(source, "children", id_of(case.person, source, "children"), record, case.person)


def _record(case: Case, kind: str, rng: Random) -> Record:
    person, says = case.person, _kinds()[kind]
    record: Record = {
        "recorded_at": _recorded_at(case, rng),
        "recorded_by_role": role_of(kind, person.age_on(AS_OF), "records"),
        "restricted": person.home.restricted,
        "lawful_basis": says["lawful_basis"],
        "sex": person.sex,
    }
    record |= _names(person, says, rng) | _births(person, case.story, rng)
    record |= _identifiers(person, kind, says, rng) | _home(case, kind, says, rng)
    record |= _demographics(person, says, rng)
    absent = {name: pick("absent_reason", rng) for name in ("religion", "ethnic_group") if name not in record}
    return record | ({"absent": absent} if absent and happens("absence_explained", rng) else {})


def _recorded_at(case: Case, rng: Random) -> object:
    """When the source last brought its record of the child up to date."""
    born_on = case.person.born_on or later(rng, AS_OF, -60, -30)
    day = working_day_from(max(born_on, case.story.concern_on or born_on, AS_OF.replace(year=AS_OF.year - 2)))
    latest = (AS_OF - day).days
    return instant(min(AS_OF, working_day_from(later(rng, day, 0, max(0, latest)))), working_minute(rng))


def _names(person: Person, says: Line, rng: Random) -> Record:
    """The names as this source spells them; an unborn child has only a surname."""
    varies = chance(rng, float(says["variant_share"]))
    names: Record = {"family_name": person.family_name}
    if person.born_on:
        names["given_name"] = _variant(person.given_name, rng) if varies else person.given_name
    if person.former_family_name:
        names |= _former(person, person.former_family_name, rng)
    return names


def _former(person: Person, former: str, rng: Random) -> Record:
    """A changed surname: some sources still hold the old one, some hold both."""
    if happens("former_name_kept", rng):
        return {"family_name": former}
    return (
        {"other_names": [f"{person.given_name} {former}"]}
        if person.born_on and happens("former_name_beside", rng)
        else {}
    )


def _variant(name: str, rng: Random) -> str:
    """A name spelt a little differently: a letter doubled, dropped, swapped or another vowel."""
    place = rng.randrange(1, len(name) - 1)
    letter = name[place]
    changed = {
        0: name[:place] + letter + name[place:],
        1: name[:place] + name[place + 1 :],
        2: name[:place] + name[place + 1] + letter + name[place + 2 :],
        3: name[:place] + (rng.choice(VOWELS) if letter in VOWELS else letter) + name[place + 1 :],
    }
    return changed[rng.randrange(4)]


def _births(person: Person, story: Story, rng: Random) -> Record:
    if person.born_on is None:
        return {"expected_date_of_birth": person.expected_on}
    births: Record = {"date_of_birth": person.born_on}
    if story.concern_on and story.concern_on < person.born_on:
        births["expected_date_of_birth"] = person.expected_on
    if person.is_unaccompanied:
        births["date_of_birth_estimated"] = happens("age_assessed", rng)
    return births


def _identifiers(person: Person, kind: str, says: Line, rng: Random) -> Record:
    """CHI and SCN, where this source has them; social work's share of SCN is its council's."""
    council = float(person.home.council["scn_share"]) if kind == "social_work" else 1.0
    held = {
        "chi": person.chi if chance(rng, float(says["chi_share"])) else None,
        "scn": person.scn if chance(rng, float(says["scn_share"]) * council) else None,
    }
    return {name: value for name, value in held.items() if value}


def _home(case: Case, kind: str, says: Line, rng: Random) -> Record:
    """Where the family lives, or still lived as far as this source knows; nothing of one who arrived alone."""
    home = case.person.home
    if case.person.is_unaccompanied:
        return {"local_authority": home.council["code"]}
    former = home.former if kind != "social_work" and happens("former_address_kept", rng) else None
    home = former or home
    held = {
        "local_authority": home.council["code"],
        "home_postcode": home.postcode if chance(rng, float(says["postcode_share"])) else None,
        "home_data_zone": home.data_zone if chance(rng, float(says["zone_share"])) else None,
    }
    return {name: value for name, value in held.items() if value}


def _demographics(person: Person, says: Line, rng: Random) -> Record:
    ethnic_group = pick("ethnic_group_unaccompanied", person.rng("ethnic group"))
    held: Record = {}
    if chance(rng, float(says["ethnic_group_share"])):
        held["ethnic_group"] = ethnic_group if person.is_unaccompanied else person.home.ethnic_group
    if chance(rng, float(says["religion_share"])) and not person.is_unaccompanied:
        held["religion"] = person.home.religion
    if chance(rng, float(says["needs_share"])) and person.born_on:
        held["disabilities"] = list(person.disabilities) or ["none"]
        held["additional_support_needs"] = list(person.support_needs)
        held["communication_needs"] = list(person.communication_needs)
    return {name: value for name, value in held.items() if value}


def _siblings(case: Case, source: SourceSystem, cases: Mapping[int, Case], rng: Random) -> list[Record]:
    """The brothers and sisters whom this source holds, where it has linked them."""
    if not chance(rng, float(_kinds()[source.kind]["siblings_share"])):
        return []
    others = [other for number, other in cases.items() if number != case.person.number]
    return [
        {
            "child": id_of(other.person, source, "children"),
            "relation": case.household.relation(case.person, other.person),
        }
        for other in others
        if other.holders.get(source.kind) == source
    ]


@cache
def _kinds() -> Mapping[str, Line]:
    return {kind: rows[0] for kind, rows in grouped("kinds", "kind").items()}


def household_cases(household: Household, told: list[Story]) -> dict[int, Case]:
    """The children of a household with their stories and holders, by number."""
    pairs = zip(household.members, told, strict=True)
    cases = (Case(person, story, household, holders(person, story)) for person, story in pairs)
    return {case.person.number: replace(case, moved=moved(case)) for case in cases}


def moved(case: Case) -> Case | None:
    """The child as the council knows it to which the family of a looked-after child moved; None for most."""
    home = case.household.home
    rng = Random(f"{case.person.seed}:{home.number}:transfer")
    if case.story.care_on is None or not happens("care_transferred", rng):
        return None
    council = councils().pick(rng)
    if council == home.council:
        return None
    person = replace(case.person, home=in_council(home, council, rng))
    return replace(case, person=person, holders=_social_work(council["code"]), is_moved=True)


def _social_work(council: str) -> dict[str, SourceSystem]:
    (source,) = sources_of("social_work", council)
    return {"social_work": source}


def schooled_before(case: Case) -> Iterator[Posting]:
    """The record that the schools of a council still hold of a child whose family has left for another."""
    former = case.person.home.former
    if former and former.council != case.person.home.council and "education" in case.holders:
        there = {"education": sources_of("education", former.council["code"])[0]}
        yield from records(replace(case, person=replace(case.person, home=former), holders=there), {})
