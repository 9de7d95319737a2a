"""How fast records are taken, beside the least it could cost and beside what others do.

    python benchmarks/ingest.py [--json] [--rounds 5] [--datasette PYTHON] [--only NAME ...]

Each round measures every side in turn with the same lines; medians of the
rounds. Read the ratios: these machines are shared. The sides:

- kith, on PostgreSQL and on SQLite, over HTTP, with everything it does;
- floor: a raw COPY of the very rows that Kith wrote, into the same tables;
- naive: FastAPI and SQLModel as a first attempt would have it (rivals/naive.py);
- echo: a bare Starlette that keeps nothing; the load client's own cost is within it;
- datasette: its JSON write API on SQLite (rivals/datasette.lock has what it needs).

PYTHON is the interpreter of an environment with Datasette in it.
"""

import argparse
import json
import sys
import tempfile
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

from benchmarks import floor, load, sides
from benchmarks.people import People
from benchmarks.sides import Side
from tests.postgres import fresh_database, running_postgres

BATCHES_A_ROUND, SINGLES_A_ROUND, CONNECTIONS = 6, 1600, 16
SIZES = (500, 1000)


@dataclass
class Bench:
    """The servers under measurement and what was measured of each: records a second, round by round."""

    postgres: Side
    kith_url: str
    floor_url: str
    others: Sequence[Side]
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
def bench(datasette: Path | None) -> Iterator[Bench]:
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
            others.append(opened.enter_context(sides.datasette(datasette, home)))
        with psycopg.connect(urls["floor"], autocommit=True) as connection:
            connection.execute("ALTER TABLE link DROP CONSTRAINT link_child_fkey")
        yield Bench(postgres, urls["kith"], urls["floor"], others)


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
    options.add_argument("--datasette", type=Path, metavar="PYTHON")
    options.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    given = options.parse_args()
    with bench(given.datasette) as running:
        for turn in range(given.rounds):
            for name in given.only:
                print(f"round {turn + 1} of {given.rounds}: {name}", file=sys.stderr)
                MEASUREMENTS[name](running)
        found = told(running.measured)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
