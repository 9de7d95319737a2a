"""Who may see what about a child: each condition of the decision, and that nobody lets itself in."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.fields import FieldClass, kind_of_agency
from services.access.policy import Grounds, decide, hides, is_findable, strictest
from services.access.purposes import bases_of, may_ask
from services.store.relationships import Facts, Naming

COUNCIL, HEALTH, POLICE, CHARITY, SCHOOL = "council", "health", "police", "charity", "school"
AGENCIES = (COUNCIL, HEALTH, POLICE, CHARITY, SCHOOL)
NOTHING = frozenset[str]()


def facts(holders: str, *namings: str, **more: object) -> Facts:
    """Facts from words: holders in order, namings as "council>health"."""
    said = frozenset(Naming(*one.split(">")) for one in namings)
    return replace(Facts(tuple(holders.split()), said), **more)  # type: ignore[arg-type]


def seen(agency: str, given_facts: Facts) -> frozenset[str]:
    allowed = decide(agency, given_facts)
    return allowed.agencies if allowed else NOTHING


# Who asks, the facts, and whose items are seen: nothing at all is a stranger.
CASES: tuple[tuple[str, Facts, str], ...] = (
    (COUNCIL, facts(""), ""),
    (COUNCIL, facts("health"), ""),
    (COUNCIL, facts("council"), "council"),
    (HEALTH, facts("council health"), "health"),
    (COUNCIL, facts("council health"), "council"),
    # What it says of itself, or of others, opens nothing to it.
    (HEALTH, facts("council health", "health>council"), "health"),
    (HEALTH, facts("council health", "health>health"), "health"),
    (HEALTH, facts("council", "health>health"), ""),
    (HEALTH, facts("council health", "health>police", "health>council"), "health"),
    (COUNCIL, facts("council health", "council>health"), "council"),
    # One that lets it in, and those that let that one in.
    (HEALTH, facts("council health", "council>health"), "council health"),
    (HEALTH, facts("council", "council>health"), "council health"),
    (COUNCIL, facts("council health", "health>council"), "council health"),
    (POLICE, facts("council health police", "council>health", "health>police"), "council health police"),
    (CHARITY, facts("council health charity", "health>charity"), "health charity"),
    # The circle: all that members name, seen by whoever belongs to it by what others say.
    (HEALTH, facts("council health police", "council>health", "council>police"), "council health police"),
    (HEALTH, facts("council health police", "council>health", "health>police"), "council health"),
    (SCHOOL, facts("council health school", "council>health", "council>school"), "council health school"),
    (CHARITY, facts("council health police charity", "council>police", "health>charity"), "health charity"),
    (HEALTH, facts("council health police", "police>health"), "health police"),
    (HEALTH, facts("council police health", "police>health", "police>charity"), "health police"),
    (POLICE, facts("council", "council>health", "health>council", "health>police"), "council health police"),
    # The founder belongs to the circle by what it says itself, which opens nothing.
    (COUNCIL, facts("council health police", "council>police", "council>health", "health>council"), "council health"),
    (COUNCIL, facts("council health police", "council>police", "council>health"), "council"),
    (COUNCIL, facts("council health police", "police>health", "health>council"), "council health police"),
    (CHARITY, facts("charity council police", "charity>police", "council>charity"), "charity council"),
    # Broken glass shows all that is held, to whoever broke it, while there is something.
    (CHARITY, facts("council health", broke_glass=True), "council health charity"),
    (CHARITY, facts("", broke_glass=True), ""),
    # Nobody sees a child whose identity changed but its agency's named officers, whatever else is true.
    (COUNCIL, facts("council", is_sealed=True), ""),
    (COUNCIL, facts("council", is_sealed=True, broke_glass=True), ""),
    (HEALTH, facts("council", "council>health", is_sealed=True), ""),
    (COUNCIL, facts("council", is_sealed=True, is_officer=True), "council"),
    (HEALTH, facts("council", is_sealed=True, is_officer=True), ""),
    (HEALTH, facts("council", is_sealed=True, is_officer=True, broke_glass=True), ""),
    (HEALTH, facts("council", "council>health", is_sealed=True, is_officer=True), "council health"),
    # An officer has no more to see of any other child.
    (HEALTH, facts("council", is_officer=True), ""),
    (HEALTH, facts("council health", is_officer=True), "health"),
)  # fmt: skip
GROUNDS: tuple[tuple[str, Facts, Grounds], ...] = (
    (COUNCIL, facts("council"), Grounds.OWN_RECORDS),
    (HEALTH, facts("council", "council>health"), Grounds.TEAM),
    (CHARITY, facts("council", broke_glass=True), Grounds.BREAK_GLASS),
    (HEALTH, facts("council", "council>health", broke_glass=True), Grounds.BREAK_GLASS),
    (COUNCIL, facts("council", is_sealed=True, is_officer=True), Grounds.NAMED_OFFICER),
)
RESTRICTIONS = (
    ((), "normal"),
    (("normal",), "normal"),
    (("normal", "restricted"), "restricted"),
    (("shielded", "restricted", "normal"), "shielded"),
)
FINDABLE = (
    (facts("council"), True),
    (facts("council", restrictions=frozenset({"restricted"})), True),
    (facts("council", restrictions=frozenset({"normal", "shielded"})), False),
    (facts("council", is_sealed=True), False),
)


@pytest.mark.parametrize(("agency", "given_facts", "expected"), CASES)
def test_an_agency_sees_just_what_others_let_it(agency: str, given_facts: Facts, expected: str) -> None:
    assert seen(agency, given_facts) == set(expected.split())
    assert (decide(agency, given_facts) is None) == (not expected)


@pytest.mark.parametrize(("agency", "given_facts", "grounds"), GROUNDS)
def test_the_decision_says_on_what_grounds(agency: str, given_facts: Facts, grounds: Grounds) -> None:
    allowed = decide(agency, given_facts)
    assert allowed and allowed.grounds is grounds


@pytest.mark.parametrize(("held", "governs"), RESTRICTIONS)
def test_the_strictest_restriction_governs_every_view(held: Iterable[str], governs: str) -> None:
    assert strictest(held) == governs
    allowed = decide(COUNCIL, facts("council", restrictions=frozenset(held)))
    assert allowed and allowed.restriction == governs


@pytest.mark.parametrize(("given_facts", "expected"), FINDABLE)
def test_a_search_finds_neither_the_shielded_nor_those_whose_identity_changed(
    given_facts: Facts, expected: bool
) -> None:
    assert is_findable(given_facts) is expected


def test_places_stay_behind_under_restriction_and_nothing_else_does() -> None:
    assert [hides(one, FieldClass.PLACE) for one in ("normal", "restricted", "shielded")] == [False, True, True]
    assert [hides(one, None) for one in ("normal", "restricted", "shielded")] == [False] * 3


NAMINGS = st.frozensets(st.builds(Naming, st.sampled_from(AGENCIES), st.sampled_from(AGENCIES)), max_size=12)
HOLDERS = st.lists(st.sampled_from(AGENCIES), unique=True).map(tuple)


@settings(max_examples=300, deadline=None)
@given(HOLDERS, NAMINGS, NAMINGS, st.sampled_from(AGENCIES))
def test_nothing_that_an_agency_says_shows_it_more(
    holders: tuple[str, ...], said: frozenset[Naming], more: frozenset[Naming], agency: str
) -> None:
    others = frozenset(one for one in said if one.by != agency)
    own = frozenset(Naming(agency, one.named) for one in more)
    assert seen(agency, Facts(holders, others | own)) == seen(agency, Facts(holders, others))


@settings(max_examples=300, deadline=None)
@given(HOLDERS, NAMINGS, st.frozensets(st.sampled_from(AGENCIES[1:]), min_size=1), st.sampled_from(AGENCIES))
def test_outsiders_open_nothing_but_their_own_to_one_another(
    holders: tuple[str, ...], said: frozenset[Naming], outsiders: frozenset[str], agency: str
) -> None:
    """Agencies that nobody else names, and that are not the founder, may say what they will among themselves."""
    holders = tuple(dict.fromkeys((COUNCIL, *holders)))
    said = frozenset(one for one in said if one.by in outsiders or one.named not in outsiders)
    quiet = frozenset(one for one in said if one.by not in outsiders)
    shown = seen(agency, Facts(holders, said)) - outsiders
    assert shown <= seen(agency, Facts(holders, quiet)) | {agency}


@settings(max_examples=200, deadline=None)
@given(HOLDERS, NAMINGS, NAMINGS, st.sampled_from(AGENCIES))
def test_more_said_by_others_never_shows_less(
    holders: tuple[str, ...], said: frozenset[Naming], more: frozenset[Naming], agency: str
) -> None:
    assert seen(agency, Facts(holders, said)) <= seen(agency, Facts(holders, said | more))


# Purpose, role, agency, and whether they go together.
ASKED = (
    ("child-wellbeing", "social-worker", "S12000038", True),
    ("health-care", "health-visitor", "S08000031", True),
    ("health-care", "police-officer", "POLICE", False),
    ("education-support", "sheriff", "COURTS", False),
    ("child-protection", "police-officer", "POLICE", True),
    ("child-protection", "system", "POLICE", False),
    ("quality-assurance", "service-manager", "S12000038", True),
    ("quality-assurance", "service-manager", "TS-young-futures", False),
    ("child-wellbeing", "third-sector-worker", "TS-young-futures", True),
    ("child-wellbeing", "social-worker", "nobody", False),
    ("curiosity", "social-worker", "S12000038", False),
    ("child-wellbeing", "stranger", "S12000038", False),
)


@pytest.mark.parametrize(("purpose", "role", "agency", "expected"), ASKED)
def test_purpose_role_and_lawful_basis_are_valid_in_combination_only(
    purpose: str, role: str, agency: str, expected: bool
) -> None:
    assert may_ask(purpose, role, agency) is expected


def test_a_purpose_has_the_bases_that_the_kind_of_agency_may_rely_on() -> None:
    agreed = {"consent", "explicit_consent"}
    assert bases_of("child-wellbeing", "S12000038") - agreed == {"public_task", "health_or_social_care"}
    assert bases_of("child-wellbeing", "TS-young-futures") - agreed == {"health_or_social_care", "legitimate_interests"}
    assert bases_of("child-protection", "TS-young-futures").isdisjoint(agreed)


def test_an_agency_that_no_list_holds_is_of_the_kind_that_its_code_says() -> None:
    kinds = {code: kind_of_agency(code) for code in ("TS-young-futures", "IP-a-home", "POLICE", "elsewhere")}
    assert list(kinds.values()) == ["third_sector", "independent", "police", ""]
