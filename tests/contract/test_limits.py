"""How often: requests of a source, and wrong secrets of a client."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.access import authentication
from services.access.buckets import Buckets
from services.errors import TooManyRequests
from services.settings import Settings
from tests.conftest import Service, migrated, serving
from tests.examples import example

FORM = {"grant_type": "client_credentials"}


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def taken(buckets: Buckets, name: str = "a", of: int = 100) -> int:
    """How many of so many attempts found something in the bucket."""
    return sum(not is_empty(buckets, name) for _ in range(of))


def is_empty(buckets: Buckets, name: str) -> bool:
    try:
        buckets.take(name)
    except TooManyRequests:
        return True
    return False


def test_a_bucket_gives_so_many_at_once_and_then_so_many_a_second() -> None:
    clock = Clock()
    buckets = Buckets(10, 20, clock=clock)
    assert taken(buckets) == 20
    clock.now += 1
    assert taken(buckets) == 10
    clock.now += 3600
    assert taken(buckets) == 20


def test_each_name_has_its_own_bucket() -> None:
    buckets = Buckets(10, 20, clock=Clock())
    assert (taken(buckets, "a"), taken(buckets, "b")) == (20, 20)


def test_what_is_put_back_can_be_taken_again() -> None:
    buckets = Buckets(1, 5, clock=Clock())
    assert taken(buckets) == 5
    buckets.put_back("a")
    assert taken(buckets) == 1


def test_who_waits_as_long_as_is_said_finds_something() -> None:
    clock = Clock()
    buckets = Buckets(0.2, 3, clock=clock)
    taken(buckets)
    with pytest.raises(TooManyRequests) as told:
        buckets.take("a")
    clock.now += int(told.value.headers["Retry-After"])
    assert taken(buckets) == 1


def test_a_source_may_make_500_requests_a_second_and_more_unless_less_is_set() -> None:
    assert Settings.model_fields["rate_limit"].default >= 500


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that takes two requests at once from a source, and one a second."""
    folder = tmp_path_factory.mktemp("limited")
    with serving(migrated(Settings(home=folder, database_url="", rate_limit=1))) as service:
        yield service


def test_a_source_over_its_limit_is_told_to_wait_and_others_are_not(limited: Service) -> None:
    headers = limited.headers()
    answers = [limited.http.get("/v1/changes", headers=headers) for _ in range(6)]
    refused = answers[-1]
    assert [answer.status_code for answer in answers].count(429) >= 3
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert (refused.headers["Retry-After"], refused.json()["retryable"]) == ("1", True)
    assert limited.http.get(refused.json()["type"]).status_code == 200
    assert limited.http.get("/v1/changes", headers=limited.headers(limited.stranger)).status_code == 200
    counted = 'kith_requests_total{method="GET",route="/v1/changes",status="429"}'
    assert counted in limited.http.get("/metrics").text


def test_nothing_of_a_put_over_the_limit_is_kept(limited: Service) -> None:
    answers = [limited.put("children", f"fast-{number}", example("children")) for number in range(6)]
    (first, last), refused = (answers[0], answers[-1]), [one for one in answers if one.status_code == 429]
    assert refused and last.status_code == 429 and first.headers["X-Request-ID"] != last.headers["X-Request-ID"]


def ask(service: Service, secret: str, client_id: str = "") -> httpx.Response:
    return service.http.post("/oauth/token", data=FORM, auth=(client_id or service.owner.client_id, secret))


@pytest.fixture
def guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service that allows five wrong secrets, and one more a second."""
    monkeypatch.setattr(authentication, "WRONG_SECRETS", 5)
    monkeypatch.setattr(authentication, "SECONDS_A_WRONG_SECRET", 1)
    with serving(migrated(Settings(home=tmp_path, database_url=""))) as service:
        yield service


def test_who_guesses_at_a_secret_is_told_to_wait(guessed: Service) -> None:
    answers = [ask(guessed, f"guess-{number}") for number in range(12)]
    assert [answer.status_code for answer in answers[:5]] == [401] * 5
    assert [answer.status_code for answer in answers].count(429) >= 4
    assert answers[-1].headers["Retry-After"].isdigit()


def test_a_client_that_was_right_before_is_not_kept_out_by_who_guesses(guessed: Service) -> None:
    assert ask(guessed, guessed.owner.client_secret).status_code == 200
    assert 429 in [ask(guessed, "guess").status_code for _ in range(12)]
    assert ask(guessed, guessed.owner.client_secret).status_code == 200
    assert ask(guessed, "guess").status_code == 429


def test_a_client_that_was_not_is_let_in_soon_and_others_at_once(guessed: Service) -> None:
    refused = [ask(guessed, "guess") for _ in range(12)][-1]
    assert ask(guessed, guessed.stranger.client_secret, guessed.stranger.client_id).status_code == 200
    assert int(refused.headers["Retry-After"]) <= authentication.SECONDS_A_WRONG_SECRET


def test_right_secrets_are_not_counted(guessed: Service) -> None:
    assert {ask(guessed, guessed.owner.client_secret).status_code for _ in range(12)} == {200}
