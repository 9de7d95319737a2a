"""What a measurement of posting sets side by side: each a running server, and how it takes a batch or a record."""

import base64
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks.load import Request
from schemas.registry import BY_NAME, TABLES
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
    """Datasette's JSON write API: upserts of 100 rows a request at most.

    `typed`: each record as the rows that Kith keeps of it, in tables of those
    names and columns; else one row a record, a key and the record as text.
    """

    name: str
    port: int
    pid: int
    token: str
    typed: bool
    most: int = 100

    def batch(self, body: bytes) -> Sequence[Request]:
        return list(self._upserts(body.decode().split("\n")))

    def single(self, line: str) -> Request:
        return next(self._upserts([line]))

    def _upserts(self, lines: Sequence[str]) -> Iterator[Request]:
        tables: dict[str, list[dict[str, Any]]] = {}
        for line in map(json.loads, lines):
            for table, row in self._rows(line):
                tables.setdefault(table, []).append(row)
        for table, rows in tables.items():
            for at in range(0, len(rows), self.most):
                yield self._upsert(table, rows[at : at + self.most])

    def _rows(self, line: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        key = {"record_id": line["source_id"]}
        if not self.typed:
            yield "record", {"family": line["family"], **key, "record": json.dumps(line["record"])}
            return
        family = BY_NAME[line["family"]]
        for table, rows in family.rows(family.contract.model_validate(line["record"])).items():
            yield from ((table, key | row) for row in rows)

    def _upsert(self, table: str, rows: Sequence[dict[str, Any]]) -> Request:
        headers = ("Authorization", f"Bearer {self.token}"), *JSON
        return Request("POST", f"/held/{table}/-/upsert", json.dumps({"rows": rows}, default=str).encode(), headers)


def _datasette_schema() -> str:
    """The tables that it posts to, keyed as Kith's are."""
    made = ["CREATE TABLE record (family TEXT, record_id TEXT, record TEXT, PRIMARY KEY (family, record_id))"]
    for table in TABLES:
        key = ", ".join(("record_id", *table.keys))
        columns = ", ".join(("record_id", *table.keys, *(f'"{column.name}"' for column in table.columns)))
        made.append(f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({key}))")
    return ";".join(made)


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
        yield Kith(name, port, pid, settings, token(port, made.client_id, made.client_secret))


@contextmanager
def kith_without(what: str, home: Path, database_url: str, agencies: Sequence[str]) -> Iterator[int]:
    """The port of Kith with something left out (rivals/reading.py), over a store that is there already."""
    environment = {"KITH_HOME": str(home), "KITH_DATABASE_URL": database_url}
    environment |= {"KITH_BENCH_WITHOUT": what, "KITH_BENCH_AGENCIES": ",".join(agencies)}
    with _served(_uvicorn("benchmarks.rivals.reading:app"), environment, "/readyz") as (port, _):
        yield port


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
def datasette(python: Path, home: Path, typed: bool) -> Iterator[Datasette]:
    """Datasette in its own environment, over a database keyed as Kith's records are."""
    run, secret = [str(python), "-m", "datasette"], "made-up-secret"
    database = home / f"typed_{typed}" / "held.db"
    database.parent.mkdir()
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_datasette_schema())
    making_token = [*run, "create-token", "root", "--secret", secret]
    made = subprocess.run(making_token, capture_output=True, text=True, check=True)
    command = [*run, "serve", str(database), "--secret", secret, "--root", "--port"]
    with _served(command, {}, "/-/versions.json") as (port, pid):
        yield Datasette("datasette, typed" if typed else "datasette", port, pid, made.stdout.strip(), typed)


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


def token(port: int, client_id: str, secret: str) -> str:
    """An access token of a client."""
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    url, form = f"http://127.0.0.1:{port}/oauth/token", b"grant_type=client_credentials"
    asked = urllib.request.Request(url, form, {"Authorization": f"Basic {basic}"})
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        found: str = json.load(answer)["access_token"]
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
