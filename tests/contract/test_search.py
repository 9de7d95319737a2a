"""Searching for a child over HTTP: one match gives the opaque id, and nothing more."""

from itertools import count
from typing import Any

import pytest

from tests.conftest import AGENCY, Service
from tests.contract.asking import WORKER, Known, a_child

_DAYS = count(1)


@pytest.fixture
def known(service: Service) -> Known:
    """A child with a birth date of its own."""
    day = next(_DAYS)
    return a_child(service, date_of_birth=f"2014-{day // 28 + 1:02}-{day % 28 + 1:02}", given_name="Zoë Mae")


def asked(known: Known, **wanted: Any) -> dict[str, Any]:
    headers = known.service.headers() | WORKER
    answer = known.service.http.post("/v1/children/search", json=wanted, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def born_on(known: Known) -> str:
    found: str = known.seen()["items"][0]["record"]["date_of_birth"]
    return found


def named(known: Known, **more: Any) -> dict[str, Any]:
    return {"given_name": "Zoë Mae", "family_name": "Madeup-Rowan", "date_of_birth": born_on(known), **more}


MATCH, REVIEW, NONE = "match", {"status": "review", "child": None}, {"status": "none", "child": None}


def test_an_identifier_finds_the_child(known: Known) -> None:
    assert asked(known, chi=known.chi) == {"status": MATCH, "child": known.child}
    assert asked(known, chi=known.chi, date_of_birth=born_on(known))["status"] == MATCH


def test_an_identifier_with_something_that_speaks_against_it_is_for_people_to_review(known: Known) -> None:
    assert asked(known, chi=known.chi, date_of_birth="2013-01-01") == REVIEW
    assert asked(known, chi=known.chi, given_name="Otherwise", family_name="Named") == REVIEW


def test_a_name_and_a_birth_date_need_one_thing_more_to_be_a_match(known: Known) -> None:
    assert asked(known, **named(known)) == REVIEW
    assert asked(known, **named(known, home_postcode="zz991zz")) == {"status": MATCH, "child": known.child}
    assert asked(known, **named(known, home_postcode="ZZ99 9ZZ")) == REVIEW
    assert asked(known, **named(known, home_postcode="ZZ99 1ZZ", sex="male")) == REVIEW


def test_case_accents_spaces_and_punctuation_of_a_name_do_not_matter(known: Known) -> None:
    written = {"given_name": "ZOE-MAE", "family_name": "madeup rowan", "sex": "female"}
    assert asked(known, **named(known, **written))["status"] == MATCH
    assert asked(known, **named(known, given_name="Zo Mae", sex="female")) == NONE


def test_names_the_wrong_way_round_are_for_people_to_review(known: Known) -> None:
    swapped = {"given_name": "Madeup-Rowan", "family_name": "Zoë Mae", "sex": "female"}
    assert asked(known, **named(known, **swapped)) == REVIEW


def test_several_children_are_many_and_none_is_none(known: Known) -> None:
    a_child(known.service, date_of_birth=born_on(known), given_name="Zoe Mae")
    assert asked(known, **named(known, sex="female")) == {"status": "many", "child": None}
    assert asked(known, chi=known.chi)["status"] == MATCH
    assert asked(known, given_name="No", family_name="Body", date_of_birth="2014-01-01") == NONE


@pytest.mark.parametrize("hidden", [{"restricted": "shielded"}, {"identity_change": "safety"}])
def test_a_child_that_none_may_find_is_as_one_that_is_not_there(known: Known, hidden: dict[str, str]) -> None:
    when, before = born_on(known), named(known, sex="female")
    gone = a_child(known.service, date_of_birth=when, given_name="Ada", **hidden)
    for wanted in ({"chi": gone.chi}, {**before, "given_name": "Ada"}, {"chi": gone.chi, "date_of_birth": when}):
        assert asked(known, **wanted) == NONE
    assert asked(known, **{**before, "chi": gone.chi}) == asked(known, **{**before, "chi": "0101010001"})


def test_a_search_is_on_the_log_without_what_was_searched(known: Known) -> None:
    asked(known, chi=known.chi)
    (found,) = [one for one in known.seen("/access-log")["items"] if one["act"] == "search"]
    assert (found["agency"], found["what"], found["worker"]) == (AGENCY, "search", "w-7")
    assert known.chi not in known.ask("/access-log").text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"chi": "0101157509", "name": "x"}, "/name"),
        ({"chi": "0101157509", "religion": "none"}, "/religion"),
        ({"given_name": "Isla", "family_name": "Madeup-Rowan"}, ""),
        ({"chi": "0101157509", "sex": "femle"}, "/sex"),
        ({"date_of_birth": "2014-02-30", "chi": "0101157509"}, "/date_of_birth"),
        ([], ""),
    ],
)
def test_a_search_that_is_none_is_refused(service: Service, body: Any, pointer: str) -> None:
    answer = service.http.post("/v1/children/search", json=body, headers=service.headers() | WORKER)
    assert answer.status_code == 422 and pointer in {one["pointer"] for one in answer.json()["errors"]}


def test_a_search_needs_who_asks_and_why(service: Service) -> None:
    answer = service.http.post("/v1/children/search", json={"chi": "1"}, headers=service.headers())
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/purpose-required")
