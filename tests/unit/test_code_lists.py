"""The code lists are data that a Scottish data manager would recognise."""

import csv
import re
from datetime import date
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "schemas" / "codes"
FIRST_COLUMNS = ["code", "label", "plain_label", "starts_on", "ends_on", "status", "source"]
NAMES = sorted(path.stem for path in FOLDER.glob("*.csv"))
FLAG_PREFIXES = (
    "is_",
    "has_",
    "needs_",
    "can_",
    "allows_",
    "leads_",
    "joins_",
    "counts_",
    "ends_order",
    "ends_plan",
    "hides_",
    "legacy_",
)

EXPECTED = {
    "absent_reasons", "action_statuses", "additional_support_needs", "advocacy_uses", "agencies",
    "care_reasons", "care_routes", "change_reasons", "child_view_methods", "clock_starts",
    "communication_needs", "cso_measures", "deregistration_reasons", "destinations",
    "disabilities", "end_reasons", "erasure_reasons", "ethnic_groups", "event_types", "explanation_reasons",
    "family_not_informed_reasons",
    "foster_types", "health_boards", "identity_changes", "ird_decisions", "kinship_relations",
    "late_reasons", "lawful_bases", "legal_change_reasons", "legal_reasons", "local_authorities",
    "meeting_outcomes", "meeting_types", "no_further_action_reasons", "participation",
    "partnerships", "people", "permanence_steps", "placement_types", "plan_consents",
    "plan_end_reasons", "plan_types", "practitioner_roles", "precisions", "protection_concerns",
    "protection_thresholds", "purposes", "received_via", "referral_decisions", "referral_reasons",
    "referral_sources", "referred_to", "religions", "reopening_reasons", "restrictions", "retraction_reasons",
    "review_outcomes", "s25_bases", "sexes", "sibling_relations", "siblings_apart_reasons",
    "significances", "system_events", "wellbeing_indicators", "with_siblings",
}  # fmt: skip

# (list, column, the list its codes are in)
CROSSWALKS = [
    ("care_reasons", "cppm_concerns", "protection_concerns"),
    ("referral_reasons", "cppm_concerns", "protection_concerns"),
    ("local_authorities", "maps_to", "local_authorities"),
    ("local_authorities", "health_board", "health_boards"),
    ("health_boards", "maps_to", "health_boards"),
    ("partnerships", "councils", "local_authorities"),
    ("partnerships", "health_board", "health_boards"),
    ("purposes", "lawful_bases", "lawful_bases"),
    ("purposes", "roles", "practitioner_roles"),
    ("system_events", "event_types", "event_types"),
    ("system_events", "kinds", "looked_after_event_kinds"),
]

# What the contract fixes: the whole list, neither more nor less.
FIXED = {
    "absent_reasons": "not_asked refused not_yet_known not_recorded not_applicable",
    "advocacy_uses": "used offered_declined not_offered",
    "child_view_methods": "spoken written drawing observed communication_aid sign_language interpreter advocate proxy",
    "clock_starts": "contact referral screened",
    "identity_changes": "adoption safety other",
    "meeting_types": "initial pre_birth review transfer core_group",
    "participation": "in_person online advocate written observed declined not_invited not_known",
    "people": "child parent sibling other",
    "plan_consents": "accepted refused compulsory not_asked",
    "plan_types": "girfec lac cp csp pathway",
    "precisions": "day month year circa",
    "protection_thresholds": "met below not_considered not_known",
    "purposes": "child-wellbeing child-protection care-planning children-hearing health-care"
    " education-support subject-access quality-assurance",
    "referred_to": "social_work health education third_sector reporter other",
    "restrictions": "normal restricted shielded",
    "retraction_reasons": "entered-in-error merged duplicate wrong-child withdrawn",
    "significances": "positive negative mixed neutral",
    "wellbeing_indicators": "safe healthy achieving nurtured active respected responsible included",
    "with_siblings": "all some none",
}

ENGLISH_WORDS = [
    r"section 47", r"section 20", r"(?<!kinship )care order", r"ICPC", r"IRO", r"SGO", r"EPO",
    r"UPN", r"Ofsted", r"CAFCASS", r"DfE", r"MASH", r"EHCP", r"looked[- ]after period", r"N[0-9]",
    r"local authority designated officer", r"special guardianship", r"emergency protection order",
]  # fmt: skip
OUTDATED_WORDS = [r"case conference", r"initial referral discussion", r"category of registration"]
DISLIKED_WORDS = [
    r"contact", r"respite", r"placements?", r"breakdown", r"absconded", r"looked[- ]after",
]  # fmt: skip


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by_code(name: str) -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in rows(name)}


def codes(name: str) -> set[str]:
    return set(by_code(name))


def current(name: str) -> list[dict[str, str]]:
    return [row for row in rows(name) if not row["ends_on"]]


def matches(patterns: list[str], text: str) -> list[str]:
    return [p for p in patterns if re.search(rf"\b(?:{p})\b", text, re.IGNORECASE)]


def test_no_list_is_missing() -> None:
    assert EXPECTED - set(NAMES) == set()


@pytest.mark.parametrize("name", NAMES)
class TestEveryList:
    def test_begins_with_the_seven_columns_in_order(self, name: str) -> None:
        header = (FOLDER / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
        assert header[:7] == FIRST_COLUMNS
        assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,31}", column) for column in header)

    def test_has_rows_that_fit_its_header_and_ends_lines_the_unix_way(self, name: str) -> None:
        text = (FOLDER / f"{name}.csv").read_bytes()
        assert rows(name) and b"\r" not in text and text.endswith(b"\n")
        assert all(None not in row and None not in row.values() for row in rows(name))

    def test_has_each_code_once(self, name: str) -> None:
        assert len(codes(name)) == len(rows(name))

    def test_has_codes_that_are_safe_anywhere(self, name: str) -> None:
        assert [c for c in codes(name) if not re.fullmatch(r"[A-Za-z0-9_-]+", c)] == []

    def test_says_what_each_code_means_and_where_it_is_from(self, name: str) -> None:
        wanted = ("label", "plain_label", "source")
        assert [row["code"] for row in rows(name) if not all(row[c] for c in wanted)] == []

    def test_names_no_file_or_address_as_a_source(self, name: str) -> None:
        assert [s for r in rows(name) if re.search(r"\.md|https?:|www\.", s := r["source"])] == []

    def test_has_dates_that_parse_and_run_forwards(self, name: str) -> None:
        for row in rows(name):
            starts = date.fromisoformat(row["starts_on"] or "0001-01-01")
            assert starts <= date.fromisoformat(row["ends_on"] or "9999-12-31")

    def test_says_whether_each_code_is_verified(self, name: str) -> None:
        assert {row["status"] for row in rows(name)} <= {"verified", "unverified"}

    def test_has_flags_that_are_true_false_or_not_settled(self, name: str) -> None:
        flags = [column for column in rows(name)[0] if column.startswith(FLAG_PREFIXES)]
        assert [f for f in flags if {row[f] for row in rows(name)} - {"true", "false", ""}] == []

    def test_invents_no_return_code(self, name: str) -> None:
        assert [row["code"] for row in rows(name) if row.get("clas_code")] == []

    def test_asks_for_text_wherever_a_code_means_other(self, name: str) -> None:
        others = [row for row in rows(name) if re.fullmatch(r"other|\w+-OTH", row["code"])]
        assert [row["code"] for row in others if row.get("needs_text") != "true"] == []

    def test_flags_a_code_that_means_not_yet_known(self, name: str) -> None:
        unknown = [r for r in rows(name) if re.fullmatch(r"not_yet_known|\w+-NYK", r["code"])]
        assert [r["code"] for r in unknown if r.get("is_not_yet_known") != "true"] == []

    def test_has_no_english_or_outdated_words(self, name: str) -> None:
        texts = [f"{row['label']} | {row['plain_label']}" for row in rows(name)]
        assert [text for text in texts if matches(ENGLISH_WORDS + OUTDATED_WORDS, text)] == []

    def test_has_plain_labels_without_the_words_that_children_dislike(self, name: str) -> None:
        plain = [row["plain_label"] for row in rows(name)]
        assert [text for text in plain if matches(DISLIKED_WORDS, text)] == []


@pytest.mark.parametrize("name", FIXED)
def test_a_list_that_the_contract_fixes_is_just_that(name: str) -> None:
    assert [row["code"] for row in rows(name)] == FIXED[name].split()
    assert {row["status"] for row in rows(name)} == {"verified"}


@pytest.mark.parametrize(("name", "column", "target"), CROSSWALKS)
def test_a_crosswalk_leads_to_codes_that_exist(name: str, column: str, target: str) -> None:
    used = {code for row in rows(name) for code in row[column].split(";") if code}
    assert used and used <= codes(target)


@pytest.mark.parametrize("name", ["care_reasons", "referral_reasons"])
def test_hearing_grounds_are_the_seventeen_from_a_to_q(name: str) -> None:
    letters = {g for row in rows(name) for g in row["s67_grounds"].split(";") if g}
    assert letters and letters <= set("abcdefghijklmnopq")


def test_every_care_reason_can_be_what_a_child_is_referred_for() -> None:
    shared = {r["code"] for r in rows("referral_reasons") if r["is_care_reason"] == "true"}
    assert shared == codes("care_reasons")
    for code in shared:
        care, referral = by_code("care_reasons")[code], by_code("referral_reasons")[code]
        assert {c: referral[c] for c in care if c != "source"} == {c: care[c] for c in care if c != "source"}


def test_there_are_32_current_councils() -> None:
    assert len([r for r in current("local_authorities") if r["is_council"] == "true"]) == 32


def test_there_are_14_current_health_boards_and_31_partnerships() -> None:
    assert len(current("health_boards")) == 14
    assert len(current("partnerships")) == 31


def test_the_partnerships_cover_every_council_once() -> None:
    covered = [c for row in current("partnerships") for c in row["councils"].split(";")]
    councils = [r["code"] for r in current("local_authorities") if r["is_council"] == "true"]
    assert sorted(covered) == sorted(councils)


def test_clackmannanshire_and_stirling_share_one_partnership() -> None:
    assert by_code("partnerships")["S37000005"]["councils"] == "S12000005;S12000030"


@pytest.mark.parametrize("name", ["local_authorities", "health_boards"])
def test_a_retired_code_has_ended_and_leads_to_a_current_one(name: str) -> None:
    still_used = {row["code"] for row in current(name)}
    retired = [row for row in rows(name) if row["maps_to"] or row["ends_on"]]
    assert len(retired) == 4
    assert all(row["ends_on"] and row["maps_to"] in still_used for row in retired)


def test_fife_perth_glasgow_and_north_lanarkshire_have_their_newest_codes() -> None:
    new = {r["code"]: r["maps_to"] for r in rows("local_authorities") if r["maps_to"]}
    assert new == {
        "S12000015": "S12000047",
        "S12000024": "S12000048",
        "S12000044": "S12000050",
        "S12000046": "S12000049",
    }


def test_councils_and_boards_are_spelt_as_they_spell_themselves() -> None:
    councils, boards = by_code("local_authorities"), by_code("health_boards")
    assert councils["S12000036"]["label"] == "City of Edinburgh"
    assert councils["S12000013"]["label"] == "Na h-Eileanan Siar"
    assert boards["S08000028"]["label"] == "NHS Western Isles"
    assert boards[councils["S12000035"]["health_board"]]["label"] == "NHS Highland"


def test_the_agencies_are_the_current_bodies_and_the_national_ones() -> None:
    places = ("local_authorities", "health_boards", "partnerships")
    bodies = {row["code"] for name in places for row in current(name)}
    bodies -= {"not_known", "outside_scotland"}
    national = {"POLICE", "SCRA", "CHS", "COURTS", "CARE-INSPECTORATE", "SCOTGOV"}
    assert codes("agencies") == bodies | national


@pytest.mark.parametrize("name", ["practitioner_roles", "lawful_bases"])
def test_a_role_and_a_lawful_basis_are_of_known_kinds_of_agency(name: str) -> None:
    known = {row["kind"] for row in rows("agencies")} | {"third_sector", "independent"}
    used = {kind for row in rows(name) for kind in row["agency_kind"].split(";") if kind}
    assert used and used <= known


def test_a_compulsory_supervision_order_begins_when_the_supervision_requirement_ends() -> None:
    reasons = by_code("legal_reasons")
    orders = [row for code, row in reasons.items() if code.startswith(("cso", "icso"))]
    assert {row["starts_on"] for row in orders} == {"2013-06-24"}
    assert reasons["supervision_requirement"]["ends_on"] == "2013-06-23"


def test_freeing_and_parental_responsibilities_orders_take_no_new_cases() -> None:
    reasons = by_code("legal_reasons")
    for code in ("freed_for_adoption", "pro_legacy"):
        assert reasons[code]["legacy_only"] == "true" and reasons[code]["ends_on"]


def test_secure_care_is_a_placement_and_not_a_legal_reason_of_its_own() -> None:
    assert by_code("placement_types")["secure"]["is_secure"] == "true"
    assert "secure" not in codes("legal_reasons")


def test_a_child_at_home_with_parents_is_in_a_community_placement() -> None:
    at_home = by_code("placement_types")["at_home"]
    assert (at_home["is_at_home"], at_home["setting"]) == ("true", "community")


def test_neither_section_25_nor_a_child_protection_order_allows_a_placement_at_home() -> None:
    reasons = by_code("legal_reasons")
    assert reasons["s25"]["allows_at_home"] == reasons["cpo"]["allows_at_home"] == "false"


def test_the_planning_meeting_has_its_present_name() -> None:
    meetings = [r for r in rows("meeting_types") if r["is_planning_meeting"] == "true"]
    assert all("child protection planning meeting" in row["label"] for row in meetings)
    assert by_code("ird_decisions") and "Inter-agency" in by_code("event_types")["ird"]["label"]


def test_a_girfec_plan_is_not_statutory_and_a_looked_after_plan_is() -> None:
    plans = by_code("plan_types")
    assert plans["girfec"]["is_statutory"] == "false"
    assert plans["lac"]["is_statutory"] == "true"


def test_only_a_move_with_the_same_carer_keeps_the_carer() -> None:
    same = [row["code"] for row in rows("change_reasons") if row["same_carer"] == "true"]
    assert same == ["C-ADM"]


def test_a_reason_that_is_not_yet_known_settles_nothing_about_planning() -> None:
    for name in ("change_reasons", "end_reasons"):
        unknown = [row for row in rows(name) if row["is_not_yet_known"] == "true"]
        assert unknown and all(row["is_planned"] == "" for row in unknown)


def test_restrictions_run_from_the_loosest_to_the_strictest() -> None:
    assert [row["rank"] for row in rows("restrictions")] == ["0", "1", "2"]
