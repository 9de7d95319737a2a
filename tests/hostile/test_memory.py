"""The memory of a real `kith serve` stays flat whatever is sent to it: limits hold while a body still comes."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services.access import credentials
from services.access.scopes import DEFAULT_SCOPES
from services.settings import Settings
from services.store.engine import Store
from tests.conftest import AGENCY, SOURCE, migrated, wait_until
from tests.hostile.wire import exchange, request

MIB = 1024 * 1024
MOST_MIB = 200
"""How much a batch of 32 MiB may add to a service at rest: the body twice, its lines, its report."""
PROBLEMS = b'{"family":"referrals","source_id":"x","record":{%b}}' % b",".join(b'"k%d":1' % n for n in range(330))
LARGE = b'{"family":"referrals","source_id":"x","record":{"a":["%b"]}}' % (b"x" * (MIB - 100))

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")


@dataclass(frozen=True)
class Serving:
    """A `kith serve` of its own process, and a token for it."""

    url: str
    token: str
    process: int

    def peak_mib(self) -> int:
        told = Path(f"/proc/{self.process}/status").read_text(encoding="ascii")
        return int(told.split("VmHWM:")[1].split()[0]) // 1024

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process}/clear_refs").write_text("5", encoding="ascii")


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    settings = migrated(Settings(home=tmp_path_factory.mktemp("memory"), database_url=""))
    store = Store(settings.store_url)
    client = credentials.add_source(store, SOURCE, AGENCY, DEFAULT_SCOPES)
    store.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "services.cli.main", "serve", "--port", str(port)]
    environment = os.environ | {"KITH_HOME": str(settings.home), "KITH_DATABASE_URL": ""}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: answers(url), 60)
            login = (client.client_id, client.client_secret)
            given = httpx.post(f"{url}/oauth/token", data={"grant_type": "client_credentials"}, auth=login)
            yield Serving(url, f"Bearer {given.json()['access_token']}", process.pid)
        finally:
            process.terminate()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def endless() -> Iterator[bytes]:
    return (b"10000\r\n" + b" " * 65_536 + b"\r\n" for _ in range(3_200))


BATCHES: dict[str, tuple[Callable[[], bytes], int]] = {
    "one byte too many": (lambda: b" " * (32 * MIB + 1), 413),
    "32 MiB of line ends": (lambda: b"\n" * (32 * MIB), 413),
    "one line of 32 MiB": (lambda: b"[" + b"[]," * (10 * MIB) + b"[]]", 200),
    "lines of 1 MiB": (lambda: b"\n".join([LARGE] * 31), 200),
    "a thousand lines of hundreds of problems": (lambda: b"\n".join([PROBLEMS] * 1_000), 200),
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_costs_a_bounded_memory(serving: Serving, name: str) -> None:
    body, status = BATCHES[name]
    headers = {"Authorization": serving.token, "Content-Type": "application/x-ndjson"}
    sent = request("POST", f"/v1/sources/{SOURCE}/batches", headers, body())
    serving.forget_peak()
    before = serving.peak_mib()
    assert exchange(serving.url, sent, patience=120).status == status
    assert serving.peak_mib() - before < MOST_MIB


def test_an_endless_batch_costs_a_bounded_memory(serving: Serving) -> None:
    headers = {"Authorization": serving.token, "Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"}
    start = request("POST", f"/v1/sources/{SOURCE}/batches", headers)
    serving.forget_peak()
    before = serving.peak_mib()
    answer = exchange(serving.url, (piece for pieces in ([start], endless()) for piece in pieces))
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert answer.sent < 48 * MIB and serving.peak_mib() - before < MOST_MIB
