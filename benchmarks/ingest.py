"""How fast records are taken, beside the least it could cost and beside what others do.

    python benchmarks/ingest.py [--json] [--rounds 5] [--rows 1000000] [--datasette PYTHON] [--only NAME ...]

Each round measures every side in turn with the same lines; medians of the
rounds. Read the ratios: these machines are shared. The sides:

- kith, on PostgreSQL and on SQLite, over HTTP, with everything it does;
- floor: a raw COPY of the very rows that Kith wrote, into the same tables;
- naive: FastAPI and SQLModel as a first attempt would have it (rivals/naive.py);
- echo: a bare Starlette that keeps nothing; the load client's own cost is within it;
- datasette: its JSON write API on SQLite, each record a row with the record as text;
- datasette, typed: the same API, each record as the rows that Kith keeps of it;
- kith full: Kith on PostgreSQL once it holds so many ROWS of the journal, each a record (measured by "flat" only).

PYTHON is the interpreter of an environment with Datasette in it
(pip install --require-hashes -r benchmarks/rivals/datasette.lock).
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

if str(Path(__file__).parent) in sys.path:  # beside this file is one of the name of a package that it needs
    sys.path.remove(str(Path(__file__).parent))

import psycopg
from sqlalchemy import text

from benchmarks import floor, load, sides
from benchmarks.people import People
from benchmarks.sides import Kith, Side
from services.store import links
from services.store.engine import Store
from tests.postgres import fresh_database, running_postgres

BATCHES_A_ROUND, SINGLES_A_ROUND, CONNECTIONS = 6, 1600, 16
SIZES = (500, 1000)


@dataclass
class Bench:
    """The servers under measurement and what was measured of each: records a second, round by round."""

    postgres: Kith
    kith_url: str
    floor_url: str
    others: Sequence[Side]
    full: Kith | None = None
    people: People = field(default_factory=People)
    measured: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    @property
    def every(self) -> list[Side]:
        return [self.postgres, *self.others]

    def note(self, what: str, side: str, value: float) -> None:
        self.measured.setdefault(what, {}).setdefault(side, []).append(value)


def batches(bench: Bench, size: int) -> None:
    """One round of batches of that size."""
    bodies, what = bench.people.bodies(BATCHES_A_ROUND, size), f"batch {size}"
    known = _batches(bench.kith_url)
    for side in _turned(bench, what):
        requests = [request for body in bodies for request in side.batch(body)]
        done = load.run(side.port, requests, 1)
        bench.note(what, side.name, done.a_second(size * BATCHES_A_ROUND))
    new = [batch for batch in _batches(bench.kith_url) if batch not in known]
    floor.make_way(bench.kith_url, bench.floor_url, new)
    seconds = floor.seconds(bench.floor_url, floor.written(bench.kith_url, new))
    bench.note(what, "floor", size * BATCHES_A_ROUND / seconds)


def singles(bench: Bench) -> None:
    """One round of single records, over 16 connections at a time."""
    lines, what = bench.people.lines(SINGLES_A_ROUND), f"single at {CONNECTIONS}"
    for side in _turned(bench, what):
        done = load.run(side.port, [side.single(line) for line in lines], CONNECTIONS)
        bench.note(what, side.name, done.a_second(len(lines)))
        bench.note("p50 ms", side.name, done.percentile(50))
        bench.note("p99 ms", side.name, done.percentile(99))


def flat(bench: Bench) -> None:
    """One round of batches, singles and look-ups by CHI, on a small store and on a full one."""
    assert bench.full, "give --rows"
    bodies, lines = bench.people.bodies(BATCHES_A_ROUND, 500), bench.people.lines(SINGLES_A_ROUND)
    for side in (bench.postgres, bench.full):
        posted = load.run(side.port, [request for body in bodies for request in side.batch(body)], 1)
        bench.note("flat: batch 500", side.name, posted.a_second(500 * BATCHES_A_ROUND))
        posted = load.run(side.port, [side.single(line) for line in lines], CONNECTIONS)
        bench.note(f"flat: single at {CONNECTIONS}", side.name, posted.a_second(len(lines)))
        bench.note("flat: look-ups by CHI a second", side.name, _look_ups_a_second(side))


def _look_ups_a_second(side: Kith) -> float:
    store = Store(side.settings.store_url)
    try:
        with store.reading() as connection:
            held = connection.execute(
                text("SELECT chi FROM children WHERE chi IS NOT NULL ORDER BY random() LIMIT 200")
            )
            numbers = list(held.scalars())
            started = time.perf_counter()
            for number in numbers:
                links.company_of(connection, [("chi", number)], [])
            return len(numbers) / (time.perf_counter() - started)
    finally:
        store.close()


def filled(side: Kith, people: People, rows: int) -> None:
    """Post until the journal has so many rows."""
    while (held := _rows(side)) < rows:
        print(f"{side.name}: {held:,} of {rows:,} rows", file=sys.stderr)
        bodies = people.bodies(4, 5000)
        load.run(side.port, [request for body in bodies for request in side.batch(body)], 2).a_second(1)


def _rows(side: Kith) -> int:
    """How many versions of records it holds."""
    store = Store(side.settings.store_url, role=None)
    try:
        with store.reading() as connection:
            return int(connection.execute(text("SELECT count(*) FROM journal")).scalar_one())
    finally:
        store.close()


def replayed(bench: Bench) -> None:
    """One round of a night's batches posted first, and then again unchanged."""
    bodies = bench.people.bodies(BATCHES_A_ROUND, 500)
    for what in ("night", "night again"):
        done = load.run(bench.postgres.port, [r for body in bodies for r in bench.postgres.batch(body)], 1)
        bench.note("replay", what, done.a_second(500 * BATCHES_A_ROUND))


def one_bad_line(bench: Bench) -> None:
    """One round of 10,000 lines with one that is refused, and of 10,000 that are all good."""
    for what, bad in (("clean", None), ("one bad line", "{}")):
        lines = bench.people.lines(10_000)
        body = "\n".join([*lines[:5000], bad, *lines[5001:]] if bad else lines).encode()
        done = load.run(bench.postgres.port, bench.postgres.batch(body), 1)
        bench.note("10,000 lines", what, done.a_second(10_000))


MEASUREMENTS: Mapping[str, Callable[[Bench], None]] = {
    **{f"batch{size}": partial(batches, size=size) for size in SIZES},
    "single": singles,
    "replay": replayed,
    "bad": one_bad_line,
    "flat": flat,
}


def _turned(bench: Bench, what: str) -> list[Side]:
    """Every side, in an order that turns with each round."""
    done = len(bench.measured.get(what, {}).get(bench.postgres.name, []))
    turn = done % len(bench.every)
    return bench.every[turn:] + bench.every[:turn]


def _batches(kith_url: str) -> list[str]:
    with psycopg.connect(kith_url) as connection:
        return [batch for (batch,) in connection.execute("SELECT batch FROM batch ORDER BY received_at")]


@contextmanager
def bench(datasette: Path | None, rows: int) -> Iterator[Bench]:
    """Every side, served from fresh stores; the databases wait for the disk."""
    with ExitStack() as opened:
        home = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        server = opened.enter_context(running_postgres(home, durable=True))
        urls = {name: opened.enter_context(fresh_database(server, name)) for name in ("kith", "floor", "naive")}
        postgres = opened.enter_context(sides.kith("kith", home / "kith", urls["kith"]))
        sides.migrated(home, urls["floor"])
        others: list[Side] = [
            opened.enter_context(sides.kith("kith on sqlite", home / "sqlite")),
            opened.enter_context(sides.naive(urls["naive"])),
            opened.enter_context(sides.echo()),
        ]
        if datasette:
            others += [opened.enter_context(sides.datasette(datasette, home, typed)) for typed in (False, True)]
        with psycopg.connect(urls["floor"], autocommit=True) as connection:
            connection.execute("ALTER TABLE link DROP CONSTRAINT link_child_fkey")
        running = Bench(postgres, urls["kith"], urls["floor"], others)
        if rows:
            url = opened.enter_context(fresh_database(server, "full"))
            running.full = opened.enter_context(sides.kith("kith full", home / "full", url))
            filled(running.full, running.people, rows)
        yield running


def told(measured: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, Any]:
    """Medians, and what they are beside one another."""
    medians = {what: {side: round(median(values), 2) for side, values in by.items()} for what, by in measured.items()}
    return {"medians": medians, "ratios": {what: _ratios(by) for what, by in medians.items()}}


def _ratios(by_side: Mapping[str, float]) -> dict[str, float]:
    first = next(iter(by_side))
    return {f"{first} / {side}": round(by_side[first] / value, 2) for side, value in by_side.items() if side != first}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--rows", type=int, default=0, help="how many rows the full store holds")
    options.add_argument("--datasette", type=Path, metavar="PYTHON")
    options.add_argument("--only", nargs="+", choices=MEASUREMENTS)
    given = options.parse_args()
    chosen = given.only or [name for name in MEASUREMENTS if name != "flat" or given.rows]
    with bench(given.datasette, given.rows) as running:
        for turn in range(given.rounds):
            for name in chosen:
                print(f"round {turn + 1} of {given.rounds}: {name}", file=sys.stderr)
                MEASUREMENTS[name](running)
        found = told(running.measured)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
