"""How fast a chronology is read, beside the least it could cost: the bare query of the same rows.

    python benchmarks/read.py [--json] [--rounds 5] [--rows 1000000]

A child of whom 8 agencies tell 500 entries is read whole by 16 readers at a time, on PostgreSQL. Each round
measures every side in turn; medians of the rounds. Read the ratios: these machines are shared. The sides:

- query: the bare query of the rows with the records as sent, by as many threads, without HTTP;
- bare: the same over HTTP, its rows sent as they come;
- unscoped: the chronology as Kith makes it, with everybody's items in sight of anybody, and no log;
- scoped: with what the asker may see decided and counted, and no log;
- kith: with the read on the access log before it is answered.

ROWS: the same once more when the store holds so many rows of the journal.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Lock, Thread
from time import perf_counter
from typing import Any

if str(Path(__file__).parent) in sys.path:  # beside this file is one of the name of a package that it needs
    sys.path.remove(str(Path(__file__).parent))

from benchmarks import load, sides
from benchmarks.bare import BARE
from benchmarks.ingest import filled
from benchmarks.load import Load, Request
from benchmarks.people import People
from benchmarks.sides import Kith
from schemas.codelists import code_list
from services.access.credentials import add_source
from services.access.scopes import DEFAULT_SCOPES
from services.store.engine import Store
from tests.examples import changed
from tests.postgres import fresh_database, running_postgres

READERS, READS_A_ROUND, ENTRIES = 16, 320, 500
CHILD, CHI = "a-child", "0101157509"
AGENCIES = (sides.AGENCY, *[code for code in code_list("agencies").rows if code != sides.AGENCY][:7])
"""The first has known the child for longest; its plan names the others, so that each of them sees everything."""
WORKER = (("Kith-Purpose", "child-wellbeing"), ("Kith-Worker", "w-1; role=social-worker"))


@dataclass
class Bench:
    """The servers under measurement, and what was measured: milliseconds, round by round."""

    kith: Kith
    child: str
    token: str
    ports: Mapping[str, int]
    measured: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def note(self, store: str, side: str, done: Load) -> None:
        done.a_second(1)
        for percent in (50, 99):
            by_side = self.measured.setdefault(f"{store} p{percent} ms", {})
            by_side.setdefault(side, []).append(done.percentile(percent))

    def request(self, side: str) -> Request:
        path = (
            f"/bare/{self.child}" if side == "bare" else f"/v1/children/{self.child}/chronology?view=multi&limit=1000"
        )
        return Request("GET", path, b"", (("Authorization", f"Bearer {self.token}"), *WORKER))


def one_round(bench: Bench, store: str, turn: int) -> None:
    """Every side once, in an order that turns."""
    names = ["query", *bench.ports]
    for name in names[turn % len(names) :] + names[: turn % len(names)]:
        if name == "query":
            bench.note(store, name, queried(bench))
        else:
            bench.note(store, name, load.run(bench.ports[name], [bench.request(name)] * READS_A_ROUND, READERS))


def queried(bench: Bench) -> Load:
    """The bare query, by as many threads as there are readers."""
    store, latencies, turn = Store(bench.kith.settings.store_url, pool=READERS), list[float](), Lock()
    waiting = iter(range(READS_A_ROUND))

    def read() -> None:
        while True:
            with turn:
                if next(waiting, None) is None:
                    return
            began = perf_counter()
            with store.reading() as connection:
                connection.execute(BARE, {"child": bench.child}).all()
            latencies.append(perf_counter() - began)

    threads = [Thread(target=read) for _ in range(READERS)]
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    return Load(perf_counter() - began, {200: len(latencies)}, latencies)


def known_to_all(kith: Kith) -> tuple[str, str]:
    """Post the child and what each agency says of it: its opaque id, and a token of a partner in its plan."""
    store = Store(kith.settings.store_url)
    tokens: dict[str, str] = {}
    for number, agency in enumerate(AGENCIES):
        made = add_source(store, f"reader-{number}", agency, DEFAULT_SCOPES)
        tokens[agency] = sides.token(kith.port, made.client_id, made.client_secret)
        headers = (("Authorization", f"Bearer {tokens[agency]}"), ("Content-Type", "application/x-ndjson"))
        body = "\n".join(json.dumps(line) for line in _lines(number)).encode()
        load.run(kith.port, [Request("POST", f"/v1/sources/reader-{number}/batches", body, headers)], 1).a_second(1)
    child = _child(store)
    store.close()
    return child, tokens[AGENCIES[-1]]


def _lines(number: int) -> Iterator[dict[str, Any]]:
    yield {"family": "children", "source_id": CHILD, "record": changed("children", {"chi": CHI, "siblings": None})}
    if number == 0:
        partners = [{"agency": agency} for agency in AGENCIES[1:]]
        yield {
            "family": "plans",
            "source_id": "plan",
            "record": changed("plans", {"child": CHILD, "partners": partners}),
        }
    for entry in range(number, ENTRIES, len(AGENCIES)):
        on = f"20{14 + entry // 60:02}-{entry % 12 + 1:02}-{entry % 28 + 1:02}"
        record = changed("chronologies", {"child": CHILD, "happened_on": on})
        yield {"family": "chronologies", "source_id": f"entry-{entry}", "record": record}


def _child(store: Store) -> str:
    with store.reading() as connection:
        query = "SELECT child FROM link WHERE source = 'reader-0' AND superseded_at IS NULL"
        return str(connection.exec_driver_sql(query).scalar_one())


@contextmanager
def bench() -> Iterator[Bench]:
    """Every side over one store that waits for the disk."""
    with ExitStack() as opened:
        home = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        server = opened.enter_context(running_postgres(home, durable=True))
        url = opened.enter_context(fresh_database(server, "read"))
        kith = opened.enter_context(sides.kith("kith", home / "kith", url))
        child, token = known_to_all(kith)
        ports = {"kith": kith.port}
        for name, without in (("bare", "log,sight"), ("unscoped", "log,sight"), ("scoped", "log")):
            ports[name] = opened.enter_context(sides.kith_without(without, home / "kith", url, AGENCIES))
        yield Bench(kith, child, token, ports)


def told(measured: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, Any]:
    """Medians, and how many times the one before each side costs, and the bare query."""
    medians = {what: {side: round(median(values), 2) for side, values in by.items()} for what, by in measured.items()}
    return {"medians": medians, "ratios": {what: _ratios(by) for what, by in medians.items()}}


def _ratios(by_side: Mapping[str, float]) -> dict[str, float]:
    pairs = [("kith", "query"), ("kith", "bare"), ("scoped", "unscoped"), ("kith", "scoped")]
    return {f"{one} / {other}": round(by_side[one] / by_side[other], 2) for one, other in pairs}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--rows", type=int, default=0, help="measure again when the store holds so many rows")
    given = options.parse_args()
    with bench() as running:
        for store in ("small", "full")[: 1 + bool(given.rows)]:
            if store == "full":
                filled(running.kith, People(), given.rows)
            for turn in range(given.rounds):
                print(f"{store}: round {turn + 1} of {given.rounds}", file=sys.stderr)
                one_round(running, store, turn)
        found = told(running.measured)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
