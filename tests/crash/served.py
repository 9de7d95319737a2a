"""`kith serve` as a process of its own, that can be killed and started again on its port."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.request import urlopen

from services.settings import Settings
from tests.crash.posting import wait_for

ROOT = Path(__file__).parents[2]


@dataclass
class Served:
    """A server over a store; `limit` is done in its process before it starts, to ration what it may use."""

    settings: Settings
    log: IO[str]
    limit: Callable[[], None] | None = None
    port: int = field(default_factory=lambda: _free_port())
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        command = [sys.executable, "-m", "services.cli.main", "serve", "--port", str(self.port)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
        own = {"KITH_HOME": str(self.settings.home), "KITH_DATABASE_URL": self.settings.database_url}
        environment = kept | own | {"PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=self.log, stderr=self.log, preexec_fn=self.limit
        )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        wait_for(self.is_ready)

    def is_ready(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise RuntimeError("the server ended")
        try:
            with urlopen(f"{self.address}/readyz"):  # noqa: S310  (an address of this machine's own)
                return True
        except OSError:
            return False

    def kill(self) -> None:
        """End it with SIGKILL: it does nothing more."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def served(settings: Settings, limit: Callable[[], None] | None = None) -> Iterator[Served]:
    """A running server; what it says of itself is in server.log of its home."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / "server.log").open("w") as log:
        server = Served(settings, log, limit)
        try:
            server.start()
            yield server
        finally:
            server.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
