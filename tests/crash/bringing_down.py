"""Sources post while the service, or its database, is brought down again and again; then everything is counted."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import httpx

from services.access.credentials import add_source
from services.access.scopes import DEFAULT_SCOPES
from services.settings import Settings
from services.store.engine import Store
from services.store.schema import migrate
from tests.crash import checking
from tests.crash.calls import Drawn, people
from tests.crash.posting import Client, Follower, Poster
from tests.crash.served import Served, served
from tests.postgres import Postgres, fresh_database, own_postgres

AGENCY, SOURCES = "S12000049", 5
SERVER, KILLED, AT_ONCE, FAST = "server killed", "database killed", "database at once", "database fast"
SIGNALS = {KILLED: signal.SIGKILL, AT_ONCE: signal.SIGQUIT, FAST: signal.SIGINT}
LONGEST_AWAY_SECONDS, LONGEST_BETWEEN_SECONDS = 1.0, 1.0


@dataclass
class Summary:
    """What became of it all: `wrong` are answers that should never be given, and the rest as checking has it."""

    database: str
    seed: int
    kills: Mapping[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    resent: int = 0
    statuses: Mapping[int, int] = field(default_factory=dict)
    seconds_to_recover: Sequence[float] = ()
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.partial or self.wrong)


@dataclass
class Scene:
    """A server under load, and what brings it down."""

    server: Served
    postgres: Postgres | None
    random: Random

    def bring_down(self, what: str) -> float:
        """Bring it down and up again; the seconds from its end (or its database's return) until it was ready."""
        if what == SERVER:
            began = time.monotonic()
            self.server.kill()
            self.server.start()
        else:
            assert self.postgres is not None
            self.postgres.bring_down(SIGNALS[what], self.random.uniform(0, LONGEST_AWAY_SECONDS))
            began = time.monotonic()
            self.server.wait_until_ready()
        return time.monotonic() - began


def bring_down(
    database: str, kills: int, seed: int, folder: Path, said: Callable[[str], None] = lambda text: None
) -> Summary:
    """Bring a server on that database down so many times under load; what is wrong in the end."""
    with ExitStack() as opened:
        random, summary = Random(seed), Summary(database, seed)  # noqa: S311
        postgres = opened.enter_context(own_postgres(folder)) if database == "postgresql" else None
        url = opened.enter_context(fresh_database(postgres.url, "crashed")) if postgres else ""
        settings = _migrated(Settings(home=folder / "kith", database_url=url))
        server = opened.enter_context(served(settings))
        clients = _clients(server, settings, opened)
        with _load(clients, seed) as (posters, follower):
            _kill(Scene(server, postgres, random), kills, summary, said)
        _count(summary, posters)
        said("checking")
        _check(summary, settings, posters, follower)
    return summary


def _kill(scene: Scene, kills: int, summary: Summary, said: Callable[[str], None]) -> None:
    ways = [SERVER, KILLED, AT_ONCE, SERVER, FAST] if scene.postgres else [SERVER]
    done, seconds = Counter[str](), list[float]()
    for number in range(kills):
        time.sleep(scene.random.uniform(0.05, LONGEST_BETWEEN_SECONDS))
        what = ways[number % len(ways)]
        seconds.append(scene.bring_down(what))
        done[what] += 1
        said(f"{number + 1} of {kills}: {what}, ready after {seconds[-1]:.2f} s")
    time.sleep(LONGEST_BETWEEN_SECONDS)
    summary.kills, summary.seconds_to_recover = dict(done), seconds


@contextmanager
def _load(clients: Mapping[str, httpx.Client], seed: int) -> Iterator[tuple[list[Poster], Follower]]:
    """Posters and a follower, until the block ends and everything is acknowledged."""
    chis = people(seed)
    posters = [Poster(http, name, Drawn(seed * 100 + n, chis)) for n, (name, http) in enumerate(clients.items())]
    follower = Follower(next(iter(clients.values())))
    threads: list[Client] = [*posters, follower]
    for client in threads:
        client.start()
    try:
        yield posters, follower
    finally:
        for client in threads:
            client.stop()


def _clients(server: Served, settings: Settings, opened: ExitStack) -> dict[str, httpx.Client]:
    """A client of each source, with a token that outlives every restart."""
    store = Store(settings.store_url)
    made = {name: add_source(store, name, AGENCY, DEFAULT_SCOPES) for name in (f"source-{n}" for n in range(SOURCES))}
    store.close()
    clients = {}
    for name, given in made.items():
        http = opened.enter_context(httpx.Client(base_url=server.address, timeout=60))
        form, basic = {"grant_type": "client_credentials"}, (given.client_id, given.client_secret)
        token = http.post("/oauth/token", data=form, auth=basic).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        clients[name] = http
    return clients


def _migrated(settings: Settings) -> Settings:
    store = Store(settings.store_url, role=None)
    migrate(store)
    store.close()
    return settings


def _count(summary: Summary, posters: Sequence[Poster]) -> None:
    summary.acknowledged = sum(len(call.changes) for poster in posters for call in poster.calls if call.answers)
    summary.resent = sum(poster.resent for poster in posters)
    summary.statuses = dict(sorted(sum((poster.statuses for poster in posters), Counter[int]()).items()))
    summary.wrong += chain.from_iterable(poster.wrong for poster in posters)


def _check(summary: Summary, settings: Settings, posters: Sequence[Poster], follower: Follower) -> None:
    held = Store(settings.store_url, role=None)
    found: list[tuple[str, str]] = list(checking.feed(posters[0].http, follower.entries, held.reading))
    with held.reading() as connection:
        store = checking.Store(connection)
        found += checking.whole(store)
        for poster in posters:
            found += checking.sources_told(poster.http, poster, store)
    held.close()
    for kind, what in found:
        listed: Any = getattr(summary, kind)
        listed.append(what)
