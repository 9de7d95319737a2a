"""Under restriction a record is shown without what tells where the child is: fields say themselves that they do."""

import json
from typing import Any

import pytest

from schemas.fields import FieldClass, Release
from schemas.record import Family
from schemas.registry import BY_NAME, FAMILIES
from services.access.redaction import redacted, withheld
from services.access.sight import Sight
from tests.examples import changed, example

# Every field of the class "place". A new field that tells where a child is, lives or can be met joins them; one that
# does not joins OTHERS_OF_THE_KIND below, if it is text of the source's own or an identifier.
PLACES = {
    "children.other_identifiers.system",
    "children.other_identifiers.value",
    "children.home_postcode",
    "children.home_data_zone",
    "plans.lead_professional.contact",
    "plans.named_person.contact",
    "plans.partners.contact",
    "plans.transition.adult_service",
    "care_episodes.home_data_zone",
    "care_episodes.placements.carer",
    "care_episodes.legal_reasons.named_placement",
}
OTHERS_OF_THE_KIND = {
    "children.given_name", "children.family_name", "children.other_names", "children.chi", "children.scn",
    "referrals.source_reference", "referrals.referral_group", "plans.lead_professional.worker", "plans.partners.worker",
    "chronologies.draws_on.source", "chronologies.draws_on.source_id",
}  # fmt: skip
"""Text of the source's own, not free text, that tells no place: names, numbers, workers, references."""
RESTRICTED = Sight("a-child", frozenset(), "restricted", "team")


def test_every_field_that_may_tell_a_place_was_considered() -> None:
    told = {name: column for family in FAMILIES for name, column in columns(family)}
    assert {name for name, column in told.items() if column.field_class is FieldClass.PLACE} == PLACES
    plain = {
        name
        for name, column in told.items()
        if column.kind == "text" and column.codelist is None and column.refers_to is None
        if column.release is not Release.SAID
    }
    words = {name for name in plain if name.endswith(("_text", ".id")) or ".absent" in name}
    assert plain - words - PLACES == OTHERS_OF_THE_KIND


def columns(family: Family) -> Any:
    for table in family.posted_tables:
        for column in table.columns:
            yield ".".join((family.name, *table.path, *column.path)), column


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_an_unrestricted_record_is_shown_whole(family: Family) -> None:
    record = example(family.name)
    assert redacted(family, record, Sight("a-child", frozenset(), "normal", "team")) == record
    assert withheld(family, "normal") == ()


@pytest.mark.parametrize("restriction", ["restricted", "shielded"])
def test_no_place_is_left_however_deep_it_stands(restriction: str) -> None:
    canary = "canary"
    record = changed("plans", {
        "lead_professional": {"role": "social-worker", "contact": canary},
        "named_person": {"contact": canary},
        "partners": [{"agency": "POLICE", "contact": canary}, {"agency": "SCRA"}],
        "transition": {"adult_service": canary, "referred_on": "2025-01-01"},
    })  # fmt: skip
    shown = redacted(BY_NAME["plans"], record, Sight("a-child", frozenset(), restriction, "team"))
    assert canary not in json.dumps(shown)
    assert shown["lead_professional"] == {"role": "social-worker"}
    assert "named_person" not in shown
    assert shown["partners"] == [{"agency": "POLICE"}, {"agency": "SCRA"}]
    assert shown["transition"] == {"referred_on": "2025-01-01"}
    assert shown["needs"] == record["needs"] and record["partners"][0]["contact"] == canary


def test_a_child_is_shown_without_home_and_other_systems() -> None:
    shown = redacted(BY_NAME["children"], example("children"), RESTRICTED)
    gone = {"other_identifiers", "home_postcode", "home_data_zone"}
    assert example("children").keys() - shown.keys() == gone


def test_a_care_episode_is_shown_without_carer_and_named_placement() -> None:
    shown = redacted(BY_NAME["care_episodes"], example("care_episodes"), RESTRICTED)
    assert "carer" in json.dumps(example("care_episodes")) and "carer" not in json.dumps(shown)
    assert [one["id"] for one in shown["placements"]] == [one["id"] for one in example("care_episodes")["placements"]]
