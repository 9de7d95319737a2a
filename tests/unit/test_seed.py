"""The made-up population: the same for the same seed, valid, and plainly nobody's."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from quality.functions import is_chi, is_scn
from quality.rule import Codes, Row, Shape, Steady, Unique
from schemas.fields import is_agency
from schemas.registry import BY_NAME, FAMILIES
from seed.days import AS_OF
from seed.faults import FAULTS
from seed.generate import generate
from seed.identifiers import Register, opaque
from seed.population import Household, councils, households
from seed.reference import fits, lines
from seed.sources import SOURCES, board_of, sources_of

Line = dict[str, Any]


@pytest.fixture(scope="module")
def population() -> list[Household]:
    return list(households(seed=11, children=6000))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seed")
    generate(folder, children=400, seed=7)
    return folder


def posted(folder: Path) -> Iterator[tuple[str, Line]]:
    """Every line of every source, with the source's name."""
    for path in sorted(folder.glob("*.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield path.stem, json.loads(line)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    generate(tmp_path / "one", children=150, seed=3, fault_rate=0.05)
    generate(tmp_path / "two", children=150, seed=3, fault_rate=0.05)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_gives_other_children(tmp_path: Path) -> None:
    generate(tmp_path / "one", children=60, seed=3)
    generate(tmp_path / "two", children=60, seed=4)
    given = [{_name(line) for _, line in posted(tmp_path / name)} for name in ("one", "two")]
    assert len(given[0] & given[1]) < len(given[0]) / 2


def _name(line: Line) -> tuple[str | None, str | None]:
    return line["record"].get("given_name"), line["record"].get("date_of_birth")


def test_every_line_holds_the_contract_of_its_family(out: Path) -> None:
    for source, line in posted(out):
        assert set(line) == {"family", "source_id", "record"}, source
        BY_NAME[line["family"]].contract.model_validate(line["record"])


def test_every_family_but_those_without_a_generator_is_there(out: Path) -> None:
    assert {line["family"] for _, line in posted(out)} == {family.name for family in FAMILIES}


def test_a_population_has_about_five_records_a_child(out: Path) -> None:
    keys = {(source, line["family"], line["source_id"]) for source, line in posted(out)}
    assert 4.2 < len(keys) / 400 < 5.8


def test_every_identifier_is_valid_and_no_two_children_share_one(population: list[Household]) -> None:
    persons = [member for household in population for member in household.members]
    chi = [person.chi for person in persons if person.chi]
    scn = [person.scn for person in persons if person.scn]
    assert all(map(is_chi, chi))
    assert all(map(is_scn, scn))
    assert len(set(chi)) == len(chi)
    assert len(set(scn)) == len(scn)


def test_a_chi_tells_the_birth_date_and_its_ninth_digit_the_sex(population: list[Household]) -> None:
    for person in (member for household in population for member in household.members if member.chi):
        assert person.chi and person.born_on
        assert person.chi[:6] == f"{person.born_on:%d%m%y}"
        assert int(person.chi[8]) % 2 == (person.sex == "male")


def test_only_school_children_have_an_scn(population: list[Household]) -> None:
    young = [member for household in population for member in household.members if member.age_on(AS_OF) < 4]
    assert young
    assert not any(person.scn for person in young)


def test_the_unborn_have_neither_name_nor_identifier(out: Path) -> None:
    unborn = [line["record"] for _, line in posted(out) if line["record"].get("sex") == "unborn"]
    assert unborn
    assert not any({"given_name", "date_of_birth", "chi", "scn"} & record.keys() for record in unborn)


def test_a_register_never_issues_a_number_twice() -> None:
    register = Register()
    issued = [register.scn(year) for year in (2019, 2020) for _ in range(3000)]
    assert len(set(issued)) == len(issued)
    assert all(number[:2] in ("19", "20") and is_scn(number) for number in issued)


def test_source_names_and_agencies_are_as_the_contract_says() -> None:
    assert all(re.fullmatch(r"[a-z0-9-]{3,64}", source.name) for source in SOURCES)
    assert all(is_agency(source.agency) for source in SOURCES)
    assert len({source.name for source in SOURCES}) == len(SOURCES)


def test_every_council_has_its_four_kinds_of_source() -> None:
    assert Counter(source.kind for source in SOURCES if source.council) == {"social_work": 32, "education": 32}
    for council in lines("councils"):
        (health,) = sources_of("health", council["code"])
        assert health.agency == board_of(council["code"])
        (police,) = sources_of("police", council["code"])
        assert police.agency == "POLICE"


def test_no_source_id_holds_a_name_or_an_identifier(out: Path) -> None:
    held = list(posted(out))
    children = [line["record"] for _, line in held if line["family"] == "children"]
    personal = {record.get(name) for record in children for name in ("given_name", "family_name", "chi", "scn")}
    ids = " ".join(line["source_id"] for _, line in held).lower()
    assert not [value for value in personal if value and value.lower() in ids]


def test_an_opaque_id_is_the_same_each_time_and_differs_by_source() -> None:
    assert opaque(1, "fife-social-work", "children", 9) == opaque(1, "fife-social-work", "children", 9)
    assert opaque(1, "fife-social-work", "children", 9) != opaque(1, "fife-education", "children", 9)
    assert re.fullmatch(r"[b-xz]{4}-\d{4}-[b-xz]{4}", opaque(1, "x"))


def test_councils_have_their_published_shares_of_children(population: list[Household]) -> None:
    everyone = [member for household in population for member in household.members]
    counted = Counter(person.council for person in everyone)
    total = sum(float(row["population_0_17"]) for row in lines("councils"))
    assert len(counted) == len(lines("councils")) == len(councils().things)
    for row in lines("councils"):
        share = float(row["population_0_17"]) / total
        assert counted[row["code"]] / len(everyone) == pytest.approx(share, abs=0.012), row["name"]


def test_under_fives_have_their_published_share(population: list[Household]) -> None:
    ages = [member.age_on(AS_OF) for household in population for member in household.members]
    children = [age for age in ages if 0 <= age < 18]
    assert sum(age < 5 for age in children) / len(children) == pytest.approx(0.246, abs=0.025)


def test_brothers_and_sisters_share_a_home_and_the_same_birthday_only_as_twins(population: list[Household]) -> None:
    several = [household for household in population if len(household.members) > 1]
    assert several
    for household in several:
        assert all(member.home is household.home for member in household.members)
        births = sorted(member.born_on or member.expected_on for member in household.members)
        assert all(not 0 < (later - sooner).days < 300 for sooner, later in pairwise(births))


def test_no_postcode_is_a_real_one(out: Path) -> None:
    postcodes = {line["record"]["home_postcode"] for _, line in posted(out) if "home_postcode" in line["record"]}
    assert postcodes
    assert all(re.fullmatch(r"ZZ99 \d[A-Y]{2}", postcode) for postcode in postcodes)


def test_everything_was_recorded_by_the_end_of_the_year_in_order(out: Path) -> None:
    for _, line in posted(out):
        assert line["record"]["recorded_at"][:10] <= AS_OF.isoformat()


def test_a_child_is_posted_before_what_is_about_it(out: Path) -> None:
    known: set[tuple[str, str]] = set()
    for source, line in posted(out):
        if line["family"] == "children":
            known.add((source, line["source_id"]))
        else:
            assert (source, line["record"]["child"]) in known


def test_references_stay_within_their_source(out: Path) -> None:
    held = {(source, line["family"], line["source_id"]) for source, line in posted(out)}
    families = {"referral": "referrals", "care_episode": "care_episodes", "supersedes": "plans"}
    families |= {"joined_to": "referrals", "corrects": "chronologies"}
    for source, line in posted(out):
        for field, family in families.items():
            if field in line["record"]:
                assert (source, family, line["record"][field]) in held


def test_some_records_come_in_several_versions_and_some_lines_twice(out: Path) -> None:
    lines_posted = [(source, json.dumps(line, sort_keys=True)) for source, line in posted(out)]
    keys = {(source, json.loads(text)["family"], json.loads(text)["source_id"]) for source, text in lines_posted}
    assert len(keys) < len(set(lines_posted)) < len(lines_posted)


def test_the_truth_knows_every_child_of_every_source_and_says_it_is_made_up(out: Path) -> None:
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    known = {(held["source"], held["source_id"]) for person in truth["persons"].values() for held in person}
    assert known == {(source, line["source_id"]) for source, line in posted(out) if line["family"] == "children"}
    assert truth["synthetic"] is True
    assert truth["notice"].startswith("MADE-UP DATA")
    assert (truth["children"], len(truth["persons"]), truth["faults"]) == (400, 400, [])


def test_a_care_episode_has_about_two_placements_and_three_legal_reasons(tmp_path: Path) -> None:
    generate(tmp_path, children=3000, seed=5)
    latest = {
        (source, line["source_id"]): line["record"]
        for source, line in posted(tmp_path)
        if line["family"] == "care_episodes"
    }
    episodes = list(latest.values())
    assert 0.12 < len({episode["child"] for episode in episodes}) / 3000 < 0.2
    assert sum(len(e["placements"]) for e in episodes) / len(episodes) == pytest.approx(2.1, abs=0.3)
    assert sum(len(e["legal_reasons"]) for e in episodes) / len(episodes) == pytest.approx(2.9, abs=0.35)


def test_a_child_of_every_age_has_a_path_through_care() -> None:
    ages = {"": range(18), "is_pre_birth": range(1), "is_unaccompanied": range(14, 18), "is_short_break": range(18)}
    for flag, of_age in ages.items():
        paths = [row for row in lines("care_paths") if row["reason_flag"] == flag]
        assert all(any(fits(path, age) for path in paths) for age in of_age), flag


def test_progress_is_told_and_the_summary_counts_what_was_written(tmp_path: Path) -> None:
    told: list[int] = []
    summary = generate(tmp_path, children=50, seed=2, progress=told.append)
    assert all(done > 0 for done in told)
    assert sum(told) == summary.children == 50
    assert summary.lines == sum(1 for _ in posted(tmp_path))
    assert set(summary.sources) == {source for source, _ in posted(tmp_path)}


def test_every_fault_is_of_a_rule_of_the_catalogue_and_of_its_family() -> None:
    from quality.catalogue import by_code

    for code, fault in FAULTS.items():
        rule = by_code()[code]
        assert rule.family in (fault.family, "every"), code


def test_every_rule_of_one_record_has_its_fault() -> None:
    from quality.catalogue import rules

    one_record = {rule.code for rule in rules() if isinstance(rule.logic, Row | Codes | Unique | Steady)}
    assert one_record - FAULTS.keys() == {"LA27"}, "three moves in a year come about by themselves"


def test_a_record_damaged_in_its_shape_is_refused_by_the_contract(tmp_path: Path) -> None:
    from quality.catalogue import by_code

    generate(tmp_path, children=600, seed=9, fault_rate=0.1)
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    shapes = {(f["source"], f["source_id"]) for f in truth["faults"] if isinstance(by_code()[f["rule"]].logic, Shape)}
    refused = {(source, line["source_id"]) for source, line in posted(tmp_path) if not _is_valid(line)}
    in_future = {(f["source"], f["source_id"]) for f in truth["faults"] if f["rule"] == "SH08"}
    assert shapes - in_future
    assert shapes - in_future <= refused


def _is_valid(line: Line) -> bool:
    try:
        record = BY_NAME[line["family"]].contract.model_validate(line["record"])
    except ValidationError:
        return False
    return not list(record.wrongly_absent())
