"""kith demo: everything end to end, with made-up children, over real HTTP.

Migrate, make up a population, add its sources, let them post to a running
service, run the rules, let two made-up people of each agency sign off what it
sent, build and verify a release, print what it says; then serve, or with --once
stop.
"""

import argparse
import json
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from schemas.registry import BY_NAME
from schemas.sign_off import SignatureBody, SignOffBody
from services.access import credentials
from services.access.credentials import Credentials
from services.access.scopes import DEFAULT_SCOPES
from services.cli.extracts import built
from services.cli.measures import headline, print_sheet
from services.cli.screen import FINE, FOUND, CouldNotRun, out, print_counts, print_json, progress, say
from services.cli.service import bring_up_to_date, is_free
from services.errors import NotSigned
from services.intake import signing
from services.intake.bodies import said
from services.sender.client import SourceClient
from services.sender.post import How, post_file
from services.sender.receipt import Receipt
from services.settings import Settings
from services.store import reading, sources
from services.store.engine import Store

if TYPE_CHECKING:
    from services.measures.sheets import Sheet

NOTICE = "MADE-UP DATA: no person in it exists."
SEED = 1
POSTERS = 4
PORT = 8000
STARTS_WITHIN = 30


@dataclass
class Shown:
    """What the demonstration did, for its summary."""

    address: str
    home: Path
    results: Counter[str] = field(default_factory=Counter)
    records: int = 0
    sources: int = 0
    children: int = 0
    made_up_children: int = 0
    seconds_posting: float = 0.0
    rules: dict[str, int] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)
    signed_off: int = 0
    release: str = ""
    problems: list[str] = field(default_factory=list)
    headlines: "list[Sheet]" = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        shown = dict(vars(self)) | {"headlines": [vars(one) for one in self.headlines], "home": str(self.home)}
        return {"synthetic": True, "notice": NOTICE, **shown}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser("demo", help="everything end to end with made-up children, then serve")
    demo.add_argument("--children", type=int, default=20_000, metavar="N", help="how many to make up")
    demo.add_argument("--port", type=int, metavar="P", help=f"default {PORT}, or any free one with --once")
    demo.add_argument("--once", action="store_true", help="stop instead of serving")
    demo.add_argument("--json", action="store_true")
    demo.set_defaults(run=run_demo)


def run_demo(options: argparse.Namespace) -> int:
    settings = Settings()
    bring_up_to_date(settings)
    _only_made_up(settings)
    port = options.port or (_free_port() if options.once else PORT)
    shown = Shown(f"http://127.0.0.1:{port}", settings.home, made_up_children=options.children)
    files = _population(settings, options.children)
    clients = _clients(settings, files)
    with _service(port, shown.address) as process:
        _post(shown, files, clients)
        _inspect(shown, settings)
        _sign_off(shown, settings, files)
        _release(shown, settings)
        _print(options, shown)
        if not options.once:
            _invite(shown, files, clients)
            _serve_on(process)
    return FOUND if shown.problems or shown.results["rejected"] else FINE


def _only_made_up(settings: Settings) -> None:
    """Mark an empty store as made up; refuse to mix made-up children with real ones."""
    store = Store(settings.store_url)
    try:
        with store.writing() as connection:
            if sources.about(connection, "synthetic") != "true" and reading.any_record(connection):
                raise CouldNotRun("This store holds records that are not made up: set KITH_HOME to a new folder.")
            sources.set_about(connection, "synthetic", "true")
    finally:
        store.close()


def _population(settings: Settings, children: int) -> list[Path]:
    from seed.generate import generate

    folder = settings.home / "demo"
    with progress("Making up children", children) as advance:
        generate(folder, children, SEED, progress=advance)
    return sorted(folder.glob("*.ndjson"))


def _clients(settings: Settings, files: list[Path]) -> dict[str, Credentials]:
    """Credentials for every source that has something to post."""
    from seed.sources import SOURCES

    agencies = {source.name: source.agency for source in SOURCES}
    store = Store(settings.store_url)
    try:
        with store.reading() as connection:
            known = {source.name for source in sources.sources(connection)}
        return {file.stem: _credentials(store, file.stem, agencies[file.stem], file.stem in known) for file in files}
    finally:
        store.close()


def _credentials(store: Store, name: str, agency: str, known: bool) -> Credentials:
    return credentials.rotate(store, name) if known else credentials.add_source(store, name, agency, DEFAULT_SCOPES)


@contextmanager
def _service(port: int, address: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The service in a process of its own, ready for work."""
    command = [sys.executable, "-m", "services.cli.main", "serve", "--port", str(port)]
    if not is_free("127.0.0.1", port):
        raise CouldNotRun(f"Port {port} is taken: stop what listens there, or choose another with --port.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        _wait_until_ready(process, address)
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(process: "subprocess.Popen[bytes]", address: str) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{address}/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise CouldNotRun("The service did not start; run kith serve to see why.")


def _post(shown: Shown, files: list[Path], clients: dict[str, Credentials]) -> None:
    shown.records = sum(_lines(file) for file in files)
    shown.sources = len(files)
    started = time.monotonic()
    with (
        httpx.Client(base_url=shown.address, timeout=300) as http,
        progress(f"Posting from {len(files)} sources", shown.records) as advance,
        ThreadPoolExecutor(POSTERS) as posters,
    ):
        for counts in posters.map(lambda file: _post_one(http, file, clients[file.stem], advance), files):
            shown.results.update(counts)
    shown.seconds_posting = round(time.monotonic() - started, 1)


def _post_one(http: httpx.Client, file: Path, client: Credentials, advance: Any) -> Counter[str]:
    source = SourceClient(http, file.stem, client.client_id, client.client_secret)
    return post_file(source, file, Receipt(file.with_suffix(".receipt.csv")), How(anew=True), advance)


def _inspect(shown: Shown, settings: Settings) -> None:
    from services.inspection.store_run import run_over_store

    with progress("Testing rules", None) as advance:
        done = run_over_store(settings.store_url, lambda step: advance(1))
    shown.rules = dict(Counter(result.status.value for result in done.run.results))
    shown.findings = dict(done.by_severity)
    shown.problems += [f"rule {result.rule.code} crashed: {result.why}" for result in done.run.crashed]


def _sign_off(shown: Shown, settings: Settings, files: list[Path]) -> None:
    """Two made-up people of each agency vouch for all that it sent, of the years that are over."""
    from seed.days import AS_OF, FIRST_EVENT
    from seed.sources import SOURCES

    posting = {file.stem for file in files}
    period = {"covers_from": FIRST_EVENT.isoformat(), "covers_to": AS_OF.isoformat()}
    preparer = said(SignOffBody, {"families": list(BY_NAME), "worker": "made-up-preparer"} | period)
    store = Store(settings.store_url)
    try:
        for agency in sorted({source.agency for source in SOURCES if source.name in posting}):
            number = signing.prepare(store, agency, preparer)
            signing.sign(store, agency, number, SignatureBody(worker="made-up-approver"))
            shown.signed_off += 1
    except NotSigned as refusal:
        shown.problems.append(f"not signed off: {refusal.title}")
    finally:
        store.close()


def _release(shown: Shown, settings: Settings) -> None:
    from services.extracts.verify import verify

    release = built(settings)
    shown.release = str(release.folder)
    shown.problems += verify(release.folder)
    shown.children = _children(release.database)
    shown.headlines = headline(release.folder)


def _children(database: Path) -> int:
    """How many children a release's records were joined to."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        (children,) = connection.execute("SELECT count(DISTINCT child_id) FROM children").fetchall()[0]
        return int(children)


def _print(options: argparse.Namespace, shown: Shown) -> None:
    if options.json:
        print_json(shown.as_json())
        return
    out.rule(NOTICE)
    per_second = round(shown.records / max(shown.seconds_posting, 0.1))
    say(
        f"{shown.records:,} records posted over HTTP by {shown.sources} sources in {shown.seconds_posting} s "
        f"({per_second:,} a second), joined to {shown.children:,} children: by CHI or SCN and birth date only, "
        f"so that some of the {shown.made_up_children:,} made-up children have several ids."
    )
    print_counts("What became of the records", {name: count for name, count in shown.results.items() if count})
    print_counts("What became of the rules", shown.rules)
    print_counts("Findings by severity", shown.findings)
    say(f"{shown.signed_off} agencies signed off what they sent, two made-up people each: without that, no figures.")
    for one in shown.headlines:
        print_sheet(one, NOTICE)
    say(f"The release, verified, is in {shown.release}.")


def _invite(shown: Shown, files: list[Path], clients: dict[str, Credentials]) -> None:
    """Where the service is, and three lines that work as pasted."""
    name, council = _a_council(files)
    client = clients[name]
    child = {"recorded_at": "2025-03-04T10:15:00Z", "date_of_birth": "2015-01-01", "sex": "female"}
    example = json.dumps(child | {"local_authority": council})
    say(f"\nKith serves {shown.address} (documentation: {shown.address}/docs). Stop it with Ctrl-C.\n")
    say(f"Source {name}, client id {client.client_id}, secret {client.client_secret}\n")
    print(  # noqa: T201
        f"TOKEN=$(curl -s -u {client.client_id}:{client.client_secret} -d grant_type=client_credentials "
        f"{shown.address}/oauth/token | cut -d'\"' -f4)\n"
        f"curl -s -X PUT -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' -d '{example}' "
        f"{shown.address}/v1/sources/{name}/children/my-first-child\n"
        f'curl -s -H "Authorization: Bearer $TOKEN" "{shown.address}/v1/quality/findings?limit=3"\n',
        flush=True,
    )


def _a_council(files: list[Path]) -> tuple[str, str]:
    """A council's source that posted, and the council's code."""
    from seed.sources import SOURCES

    agencies = {source.name: source.agency for source in SOURCES}
    return next((file.stem, agencies[file.stem]) for file in files if file.stem.endswith("-social-work"))


def _serve_on(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait()
    except KeyboardInterrupt:
        say("Stopped.")


def _lines(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
