"""What a measurement of posting sets side by side: each a running server, and how it takes a batch or a record."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from benchmarks.load import Request
from schemas.registry import BY_NAME
from services.access.credentials import add_source
from services.access.scopes import DEFAULT_SCOPES
from services.settings import Settings
from services.store.engine import Store
from services.store.schema import migrate

SOURCE, AGENCY = "glasgow-city-social-work", "S12000049"
ROOT = Path(__file__).parents[1]


class Side(Protocol):
    """A server that takes lines, and how it wants them."""

    @property
    def name(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def pid(self) -> int: ...

    def batch(self, body: bytes) -> Sequence[Request]:
        """What posts these lines."""
        ...

    def single(self, line: str) -> Request:
        """What posts this line by itself."""
        ...


@dataclass(frozen=True)
class Kith:
    """Kith itself."""

    name: str
    port: int
    pid: int
    settings: Settings
    token: str

    def batch(self, body: bytes) -> Sequence[Request]:
        return [Request("POST", f"/v1/sources/{SOURCE}/batches", body, self._headers("application/x-ndjson"))]

    def single(self, line: str) -> Request:
        posted = json.loads(line)
        path = f"/v1/sources/{SOURCE}/{BY_NAME[posted['family']].segment}/{posted['source_id']}"
        return Request("PUT", path, json.dumps(posted["record"]).encode(), self._headers("application/json"))

    def _headers(self, kind: str) -> tuple[tuple[str, str], ...]:
        return ("Authorization", f"Bearer {self.token}"), ("Content-Type", kind)


@dataclass(frozen=True)
class Naive:
    """A first attempt at such a service (rivals/naive.py)."""

    name: str
    port: int
    pid: int

    def batch(self, body: bytes) -> Sequence[Request]:
        return [Request("POST", f"/{SOURCE}/batches", body, JSON)]

    def single(self, line: str) -> Request:
        posted = json.loads(line)
        path = f"/{SOURCE}/{BY_NAME[posted['family']].segment}/{posted['source_id']}"
        return Request("PUT", path, json.dumps(posted["record"]).encode(), JSON)


@dataclass(frozen=True)
class Echo:
    """A bare Starlette that keeps nothing (rivals/echo.py)."""

    name: str
    port: int
    pid: int

    def batch(self, body: bytes) -> Sequence[Request]:
        return [Request("POST", "/batches", body)]

    def single(self, line: str) -> Request:
        return Request("PUT", "/single", line.encode())


@dataclass(frozen=True)
class Datasette:
    """Datasette's JSON write API: upserts of 100 rows a request at most, each a key and the record as text."""

    name: str
    port: int
    pid: int
    token: str
    most: int = field(default=100)

    def batch(self, body: bytes) -> Sequence[Request]:
        lines = body.decode().split("\n")
        return [self._upsert(lines[at : at + self.most]) for at in range(0, len(lines), self.most)]

    def single(self, line: str) -> Request:
        return self._upsert([line])

    def _upsert(self, lines: Sequence[str]) -> Request:
        rows = [
            {"family": one["family"], "source_id": one["source_id"], "record": json.dumps(one["record"])}
            for one in map(json.loads, lines)
        ]
        headers = ("Authorization", f"Bearer {self.token}"), *JSON
        return Request("POST", "/held/record/-/upsert", json.dumps({"rows": rows}).encode(), headers)


JSON = (("Content-Type", "application/json"),)


@contextmanager
def kith(name: str, home: Path, database_url: str = "") -> Iterator[Kith]:
    """Kith served from a fresh store, with a source to post as."""
    settings = migrated(home, database_url)
    store = Store(settings.store_url)
    made = add_source(store, SOURCE, AGENCY, DEFAULT_SCOPES)
    store.close()
    environment = {"KITH_HOME": str(home), "KITH_DATABASE_URL": database_url}
    command = [sys.executable, "-m", "services.cli.main", "serve", "--port"]
    with _served(command, environment, "/readyz") as (port, pid):
        yield Kith(name, port, pid, settings, _token(port, made.client_id, made.client_secret))


def migrated(home: Path, database_url: str) -> Settings:
    """Settings of a store with Kith's schema."""
    settings = Settings(home=home, database_url=database_url)
    owned = Store(settings.store_url, role=None)
    migrate(owned)
    owned.close()
    return settings


@contextmanager
def naive(database_url: str) -> Iterator[Naive]:
    url = database_url.replace("postgresql://", "postgresql+psycopg://")
    with _served(_uvicorn("benchmarks.rivals.naive:app"), {"NAIVE_DATABASE_URL": url}, "/docs") as (port, pid):
        yield Naive("naive", port, pid)


@contextmanager
def echo() -> Iterator[Echo]:
    with _served(_uvicorn("benchmarks.rivals.echo:app"), {}, "/") as (port, pid):
        yield Echo("echo", port, pid)


@contextmanager
def datasette(python: Path, home: Path) -> Iterator[Datasette]:
    """Datasette in its own environment, over a database with one table keyed as Kith's records are."""
    run = [str(python), "-m", "datasette"]
    secret, database = "made-up-secret", home / "held.db"
    making = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA journal_mode = WAL');"
        "c.execute('CREATE TABLE record (family TEXT, source_id TEXT, record TEXT, PRIMARY KEY (family, source_id))')"
    )
    subprocess.run([str(python), "-c", making, str(database)], check=True)
    made = subprocess.run(
        [*run, "create-token", "root", "--secret", secret], capture_output=True, text=True, check=True
    )
    command = [*run, "serve", str(database), "--secret", secret, "--root", "--port"]
    with _served(command, {}, "/-/versions.json") as (port, pid):
        yield Datasette("datasette", port, pid, made.stdout.strip())


def _uvicorn(app: str) -> list[str]:
    return [sys.executable, "-m", "uvicorn", app, "--log-level", "warning", "--no-access-log", "--port"]


@contextmanager
def _served(command: Sequence[str], environment: dict[str, str], path: str) -> Iterator[tuple[int, int]]:
    """The port and the process id of a server, once it answers."""
    port = _free_port()
    nowhere = subprocess.DEVNULL
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    with subprocess.Popen([*command, str(port)], env=surroundings, cwd=ROOT, stdout=nowhere, stderr=nowhere) as process:
        try:
            _wait_until_it_answers(process, f"http://127.0.0.1:{port}{path}")
            yield port, process.pid
        finally:
            process.terminate()


def _wait_until_it_answers(process: "subprocess.Popen[Any]", url: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(url):  # noqa: S310  (an address of this machine's own)
                return
        except urllib.error.HTTPError:
            return
        except OSError as error:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args!r} ended before it answered") from error
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer")


def _token(port: int, client_id: str, secret: str) -> str:
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    url, form = f"http://127.0.0.1:{port}/oauth/token", b"grant_type=client_credentials"
    asked = urllib.request.Request(url, form, {"Authorization": f"Basic {basic}"})
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        token: str = json.load(answer)["access_token"]
    return token


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
