"""Both databases, and the real service over real HTTP, for every test that asks."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from services.access import credentials
from services.access.scopes import DEFAULT_SCOPES
from services.app import create_app
from services.settings import Settings
from services.store.engine import Store
from services.store.schema import migrate
from tests.canaries import listened, tells_of_the_canary, texts_that_left
from tests.postgres import fresh_database, running_postgres

AGENCY = "S12000038"
SOURCE = "renfrewshire-social-work"
ELSEWHERE = ("glasgow-city-social-work", "S12000049")


@dataclass
class Service:
    """A running service, and a client of one source of it."""

    settings: Settings
    http: httpx.Client
    owner: credentials.Credentials
    stranger: credentials.Credentials
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, client: credentials.Credentials | None = None, scope: str | None = None) -> str:
        held = client or self.owner
        form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        answer = self.http.post("/oauth/token", data=form, auth=(held.client_id, held.client_secret))
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def headers(self, client: credentials.Credentials | None = None, /, **more: str) -> dict[str, str]:
        """A good token's header, and more; a token is asked for once a client, since a secret is slow to check."""
        held = client or self.owner
        if held.client_id not in self.tokens:
            self.tokens[held.client_id] = self.token(held)
        token = self.tokens[held.client_id]
        return {"Authorization": f"Bearer {token}"} | {n.replace("_", "-"): v for n, v in more.items()}

    def put(self, segment: str, source_id: str, record: Any, **headers: str) -> httpx.Response:
        """Put a record (or raw bytes) under the service's own source."""
        body = {"content": record} if isinstance(record, bytes) else {"json": record}
        headers = {"Content_Type": "application/json"} | headers
        return self.http.put(self.url(segment, source_id), headers=self.headers(None, **headers), **body)

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path, headers=self.headers())

    def url(self, segment: str, source_id: str) -> str:
        return f"/v1/sources/{SOURCE}/{segment}/{source_id}"


@pytest.fixture(scope="session", autouse=True)
def canary_child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """After all tests of the process: the canary child is on no log, and in nothing that was written to leave.

    The child of the examples is the canary: most modules post it.
    """
    with listened() as lines:
        yield
    where = [name for name, text in texts_that_left(tmp_path_factory.getbasetemp()) if tells_of_the_canary(text)]
    assert where == [], "this tells of the canary child"
    assert [line for line in lines if tells_of_the_canary(line)] == []


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of the suite's own."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on: every one runs on both."""
    name: str = request.param
    return name


@contextmanager
def new_store(database: str, request: pytest.FixtureRequest, folder: Path, name: str) -> Iterator[Settings]:
    """Settings of a fresh, migrated store."""
    if database == "sqlite":
        yield migrated(Settings(home=folder, database_url=""))
        return
    with fresh_database(request.getfixturevalue("postgres"), name) as url:
        yield migrated(Settings(home=folder, database_url=url))


def migrated(settings: Settings) -> Settings:
    store = Store(settings.store_url, role=None)
    migrate(store)
    store.close()
    return settings


@pytest.fixture
def settings(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A store of the test's own."""
    with new_store(database, request, tmp_path, f"own_{abs(hash(request.node.name)):x}"[:40]) as made:
        yield made


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    held = Store(settings.store_url)
    yield held
    held.close()


@pytest.fixture(scope="module")
def service(
    database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service shared by the tests of a module: each uses keys of its own."""
    name = "module_" + request.module.__name__.replace(".", "_")[-40:]
    with new_store(database, request, tmp_path_factory.mktemp("service"), name) as made, serving(made) as running:
        yield running


@pytest.fixture
def held(service: Service) -> Iterator[Store]:
    """The store of the service that a module shares."""
    store = Store(service.settings.store_url)
    yield store
    store.close()


@contextmanager
def serving(settings: Settings) -> Iterator[Service]:
    """The service over HTTP, with a source of its own and one of another agency."""
    store = Store(settings.store_url)
    owner = credentials.add_source(store, SOURCE, AGENCY, DEFAULT_SCOPES)
    stranger = credentials.add_source(store, *ELSEWHERE, DEFAULT_SCOPES)
    store.close()
    with listening(settings) as address, httpx.Client(base_url=address, timeout=60) as http:
        yield Service(settings, http, owner, stranger)


@contextmanager
def listening(settings: Settings) -> Iterator[str]:
    """The address of a server running in a thread."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)
