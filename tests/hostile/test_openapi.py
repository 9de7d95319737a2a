"""The service answers as its own OpenAPI description says, whatever Schemathesis makes up from it.

KITH_TEST_EXAMPLES is how many requests are made up for each operation.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.settings import Settings
from tests.conftest import SOURCE, Service, migrated, serving
from tests.contract.asking import WORKER
from tests.examples import example

EXAMPLES = int(os.environ.get("KITH_TEST_EXAMPLES", "12"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
schemathesis.serializer.alias("application/x-ndjson", "text/plain")
QUIET = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CONFIG = SchemathesisConfig(
    projects=ProjectsConfig(
        default=ProjectConfig(generation=GenerationConfig(deterministic=True, modes=list(schemathesis.GenerationMode)))
    )
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(migrated(Settings(home=tmp_path_factory.mktemp("openapi"), database_url=""))) as found:
        yield found


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("logged_in", [True, False], ids=["logged in", "a stranger"])
def test_every_answer_is_as_described(running: Service, mode: schemathesis.GenerationMode, logged_in: bool) -> None:
    schema = schemathesis.openapi.from_url(f"{running.http.base_url}/openapi.json", config=CONFIG)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 30
    headers = running.headers() | WORKER if logged_in else {}
    child = running.put("children", "described", example("children")).json()["child"]
    assert [told for one in operations for told in departures(one, mode, headers, child)] == []


def departures(operation: Any, mode: schemathesis.GenerationMode, headers: dict[str, str], child: str) -> list[str]:
    """Where an operation departs from its description."""
    found: list[str] = []

    @QUIET
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        if "source" in case.path_parameters:
            case.path_parameters["source"] = SOURCE
        if "child" in case.path_parameters:
            case.path_parameters["child"] = child
        try:
            case.call_and_validate(headers=headers, checks=CHECKS)
        except (AssertionError, ExceptionGroup) as error:
            said = error.exceptions if isinstance(error, ExceptionGroup) else [error]
            found.extend(f"{operation.label}: {one}" for one in said)

    with suppress(Unsatisfiable):  # an operation that takes nothing has nothing to get wrong
        ask()
    return found[:2]
