"""Who received what about which children: answered to the agency itself, and put on record."""

from collections.abc import Iterator

import pytest

from services.access import credentials
from services.access.credentials import Credentials
from services.store import audit
from services.store.engine import Store
from tests.acts import act
from tests.conftest import AGENCY, ELSEWHERE, SOURCE, Service

PATH = "/v1/audit/received"


@pytest.fixture(scope="module")
def auditor(service: Service) -> Iterator[Credentials]:
    """A client of the service's agency that may read the audit, and acts of that agency and of another."""
    store = Store(service.settings.store_url)
    acts = [act(child=f"child-{number}") for number in range(3)]
    elsewhere = act(child="child-9", agency=ELSEWHERE[1], source=ELSEWHERE[0])
    with store.writing() as connection:
        audit.record(connection, [*acts, acts[0], elsewhere])
    yield credentials.add_source(store, "renfrewshire-audit", AGENCY, ["audit.read"])
    store.close()


def asked(service: Service, auditor: Credentials, **parameters: str) -> tuple[int, object]:
    given = {"since": "2020-01-01T00:00:00Z"} | parameters
    answer = service.http.get(PATH, params=given, headers=service.headers(auditor))
    if answer.status_code != 200:
        return answer.status_code, answer.json()["title"]
    return 200, [(one["child"], one["times"]) for one in answer.json()["items"]]


@pytest.mark.parametrize("whom", [{"worker": "w-1"}, {"source": SOURCE}])
def test_the_children_whose_addresses_were_received_are_told(
    service: Service, auditor: Credentials, whom: dict[str, str]
) -> None:
    assert asked(service, auditor, **whom) == (200, [("child-0", 2), ("child-1", 1), ("child-2", 1)])
    assert asked(service, auditor, since="2999-01-01T00:00:00Z", **whom) == (400, SINCE)
    assert asked(service, auditor, since="2190-01-01T00:00:00+01:00", **whom) == (200, [])


SINCE = "since is an instant with its offset, as in 2026-03-01T00:00:00Z"


def test_the_list_goes_on_after_next(service: Service, auditor: Credentials) -> None:
    given = {"since": "2020-01-01T00:00:00Z", "worker": "w-1", "limit": "2"}
    first = service.http.get(PATH, params=given, headers=service.headers(auditor)).json()
    rest = service.http.get(PATH, params=given | {"after": first["next"]}, headers=service.headers(auditor)).json()
    assert [one["child"] for one in first["items"] + rest["items"]] == ["child-0", "child-1", "child-2"]
    assert rest["next"] is None


def test_another_agencys_source_is_not_there(service: Service, auditor: Credentials) -> None:
    assert asked(service, auditor, source=ELSEWHERE[0])[0] == 404
    assert asked(service, auditor, source="no-such-source")[0] == 404


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "Name one of worker and source"),
        ({"worker": "w-1", "source": SOURCE}, "Name one of worker and source"),
        ({"worker": "w-1", "since": "2026-01-01T00:00:00"}, SINCE),
        ({"worker": "w-1", "since": "yesterday"}, SINCE),
    ],
)
def test_a_question_that_is_not_whole_is_refused(
    service: Service, auditor: Credentials, parameters: dict[str, str], said: str
) -> None:
    assert asked(service, auditor, **parameters) == (400, said)


def test_the_question_needs_its_scope(service: Service) -> None:
    asked_well = {"since": "2020-01-01T00:00:00Z", "worker": "w-1"}
    assert service.http.get(PATH, params=asked_well, headers=service.headers()).status_code == 403
    assert service.http.get(PATH).status_code == 401


def test_the_question_itself_is_on_record(service: Service, auditor: Credentials) -> None:
    request_id = f"asked-by-{auditor.client_id}"
    given = {"since": "2020-01-01T00:00:00Z", "worker": "w-1"}
    service.http.get(PATH, params=given, headers=service.headers(auditor, X_Request_ID=request_id))
    store = Store(service.settings.store_url)
    with store.reading() as connection:
        row = connection.execute(audit.AUDIT.select().where(audit.AUDIT.c.request_id == request_id)).one()
    store.close()
    assert (row.act, row.what, row.client_id, row.child) == ("read", "received", auditor.client_id, None)
