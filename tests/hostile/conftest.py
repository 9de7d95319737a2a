"""What the hostile tests of a service share."""

from collections.abc import Iterator

import pytest

from tests.conftest import Service
from tests.examples import example


@pytest.fixture(scope="module")
def token(service: Service) -> str:
    return f"Bearer {service.token()}"


@pytest.fixture
def goes_on(service: Service) -> Iterator[None]:
    """After the test the service lives and takes a good record."""
    yield
    assert service.http.get("/healthz").status_code == 200
    assert service.put("referrals", "good", example("referrals")).status_code in (200, 201)
