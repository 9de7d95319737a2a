"""What anyone may read: code lists, schemas, rules, the description of the service, its health."""

import re
from html import escape

import pytest
from openapi_spec_validator import validate

from quality.catalogue import rules
from quality.rule_page import EXPERIMENTAL
from schemas.codelists import names
from schemas.registry import FAMILIES
from tests.conftest import Service


@pytest.fixture(scope="module", params=["sqlite"])
def database(request: pytest.FixtureRequest) -> str:
    """Nothing here depends on the database."""
    name: str = request.param
    return name


def test_every_code_list_is_published_whole(service: Service) -> None:
    listed = service.http.get("/v1/codelists").json()
    assert [one["name"] for one in listed["items"]] == list(names())
    for name in names():
        codes = service.http.get(f"/v1/codelists/{name}").json()["items"]
        assert all({"code", "label", "plain_label", "starts_on", "ends_on", "status"} <= code.keys() for code in codes)


def test_every_schema_is_published_by_name_and_by_segment(service: Service) -> None:
    for family in FAMILIES:
        by_name = service.http.get(f"/v1/schemas/{family.name}").json()
        assert by_name == service.http.get(f"/v1/schemas/{family.segment}").json()
        assert "recorded_at" in by_name["required"]


def test_every_rule_is_published(service: Service) -> None:
    listed = service.http.get("/v1/rules").json()["items"]
    assert [one["code"] for one in listed] == [rule.code for rule in rules()]
    assert service.http.get("/v1/rules/RF03").json()["severity"] == "reject"


def test_every_rule_has_a_page_that_loads_nothing(service: Service) -> None:
    for rule in rules():
        answer = service.http.get(f"/rules/{rule.code}")
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
        assert escape(rule.says) in answer.text and escape(rule.hint) in answer.text
        assert not any(word in answer.text for word in ("<script", "<link", "<img", "src=", "@import", "url("))


def test_the_page_of_an_experimental_rule_says_that_it_is_not_in_the_score(service: Service) -> None:
    (experimental, *_), (adopted, *_) = (
        [rule for rule in rules() if rule.is_experimental is wanted] for wanted in (True, False)
    )
    assert EXPERIMENTAL in service.http.get(f"/rules/{experimental.code}").text
    assert EXPERIMENTAL not in service.http.get(f"/rules/{adopted.code}").text
    assert service.http.get(f"/v1/rules/{experimental.code}").json()["is_experimental"] is True


@pytest.mark.parametrize(
    "path", ["/rules/XX99", "/v1/codelists/nonsense", "/v1/schemas/nonsense", "/v1/rules/XX99", "/nonsense"]
)
def test_what_is_not_there_is_a_problem(service: Service, path: str) -> None:
    answer = service.http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_a_method_not_taken_is_a_problem(service: Service) -> None:
    answer = service.http.delete("/v1/codelists")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")


def test_the_description_is_openapi_3_1_and_valid(service: Service) -> None:
    document = service.http.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    validate(document)
    for family in FAMILIES:
        put = document["paths"][f"/v1/sources/{{source}}/{family.segment}/{{source_id}}"]["put"]
        assert put["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith(family.contract.__name__)


def test_the_docs_page_loads_nothing_from_outside(service: Service) -> None:
    page = service.http.get("/docs")
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
    assert loaded
    assert all(address.startswith("/") for address in loaded)
    assert all(service.http.get(address).status_code == 200 for address in loaded)


def test_it_says_that_it_lives_and_is_ready_and_counts(service: Service) -> None:
    assert service.http.get("/healthz").json() == {"status": "alive"}
    assert service.http.get("/readyz").json()["status"] == "ready"
    assert "kith_requests_total" in service.http.get("/metrics").text


def test_a_problems_type_leads_to_its_explanation(service: Service) -> None:
    kind = service.http.get("/nonsense").json()["type"]
    assert "404" in service.http.get(kind).text
