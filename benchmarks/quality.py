"""What a quality run over a store costs: CPU seconds and peak memory, each side in a process of its own.

    python benchmarks/quality.py [--json] [--rounds 3] [--rows 1000000] [--on postgresql]
        [--only NAME] [--sides SIDE ...]

Each round fills a store anew (bulk_store.py) and measures every side over it, in an order that turns. The sides:

- kith: the pass of `kith quality run`: the store read, every rule tested, findings and scorecards kept;
- by hand: plain SQL in DuckDB for the same rules over the same store, its findings and a scorecard kept
  (by_hand.py); the rules' SQL is written out before. PostgreSQL only;
- counted twice: kith with `--recount`: every rule once more by Great Expectations, the processes together;
- said by kith, pandera, gx: code lists, patterns, what is unique and never empty, in DuckDB and on pandas, over
  the same rows, read before (said.py).

What is measured (NAME):

- rows: so many care episodes, as many referrals, and a placement and a legal reason an episode;
- full: kith alone over 101,000 episodes with their placements and legal reasons, 518,880 rows in all, beside
  the 164 CPU seconds and 12.1 GB that are published of the English tool for as many.

The rules at the door are measured by door.py.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

if str(Path(__file__).parent) in sys.path:  # beside this file is one of the name of a package that it needs
    sys.path.remove(str(Path(__file__).parent))

from benchmarks.bulk_store import fill
from benchmarks.by_hand import KEPT
from quality.catalogue import before, rules
from quality.functions import local_date
from quality.rule import Rate
from quality.sql import failing_rows, runs_over_data
from quality.workspace import earlier_kinds
from schemas.registry import FAMILIES
from services.extracts.source import store_queries
from services.store.engine import Store, settled_now
from services.store.findings import EVENT
from services.store.runs import FINDING, RESULT, RUN
from services.store.schema import migrate
from services.store.scorecards import CARD, GAIN, REASON
from tests.postgres import fresh_database, running_postgres

EPISODES, PLACEMENTS, LEGAL_REASONS = 101_000, 202_000, 215_880
PUBLISHED: Mapping[str, float] = {"cpu_seconds": 164, "peak_mb": 12_100}
RUN_OVER = """
import sys
from pathlib import Path
from services.inspection.store_run import run_over_store
recount_in = Path(sys.argv[2]) if len(sys.argv) > 2 else None
print(run_over_store(sys.argv[1], recount_in=recount_in).findings)
"""
KITH, BY_HAND, TWICE = "kith", "by hand", "counted twice"
SAID = ("kith", "pandera", "gx")
Measured = Mapping[str, float]


def passed(words: Sequence[str], job: str = "") -> Measured:
    """One pass: its findings, CPU seconds (user and system), wall seconds and peak resident MB."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as given:
        given.write(job)
        given.seek(0)
        with subprocess.Popen([sys.executable, *words], stdin=given, stdout=subprocess.PIPE) as running:
            assert running.stdout
            findings = running.stdout.read().split()[-1]  # after the progress that DuckDB shows
            _, status, used = os.wait4(running.pid, 0)  # with what its own children used
            running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise RuntimeError(f"{words[0]} failed")
    cpu, wall = used.ru_utime + used.ru_stime, time.perf_counter() - started
    return {"findings": int(findings), "cpu_seconds": cpu, "wall_seconds": wall, "peak_mb": used.ru_maxrss / 1024}


def by_kith(url: str) -> Measured:
    return passed(["-c", RUN_OVER, url])


def by_kith_twice(url: str) -> Measured:
    with tempfile.TemporaryDirectory() as home:
        return passed(["-c", RUN_OVER, url, home])


def by_hand(url: str) -> Measured:
    return passed(["benchmarks/by_hand.py"], json.dumps(_typed(url)))


def _typed(url: str) -> dict[str, Any]:
    """What somebody who writes the pass by hand has typed."""
    store = Store(url)
    at, today = settled_now(store), local_date(datetime.now(UTC))
    store.close()
    able = [rule for rule in rules() if runs_over_data(rule)]
    within = [rule for rule in able if (rule.since or today) <= today <= (rule.until or today)]
    return {
        "url": url.replace("+psycopg", ""),
        "tables": store_queries(at) | dict(_beside(at)),
        "families": [family.name for family in FAMILIES],
        "rules": [
            (rule.code, rule.severity, rule.dimension, failing_rows(rule, today), isinstance(rule.logic, Rate))
            for rule in within
        ],
    }


def _beside(at: datetime) -> Iterator[tuple[str, str]]:
    """What rules read beside the families' tables."""
    yield "sealed", "SELECT DISTINCT child FROM link WHERE how = 'identity_change'"
    yield "source", "SELECT name, agency, live_from FROM source"
    for family in FAMILIES:
        columns = ", ".join(earlier_kinds(family))
        if columns:
            earlier = f"SELECT DISTINCT {columns} FROM {family.name} WHERE superseded_at <= '{at.isoformat()}'"
            yield before(family.name), earlier


def _said(side: str, url: str) -> Measured:
    words = [sys.executable, "-m", "benchmarks.said", side, url]
    found: Measured = json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)
    return found


def sides(on: str) -> Mapping[str, Callable[[str], Measured]]:
    """What can be measured on that database."""
    more = {BY_HAND: by_hand} if on == "postgresql" else {}
    return {KITH: by_kith, **more, TWICE: by_kith_twice, **{f"said by {side}": partial(_said, side) for side in SAID}}


@contextmanager
def store(on: str) -> Iterator[str]:
    """The URL of a new store on that database."""
    with ExitStack() as opened:
        home = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{home / 'kith.sqlite'}"
        if on == "postgresql":
            server = opened.enter_context(running_postgres(home, durable=True))
            url = opened.enter_context(fresh_database(server, "kith")).replace("postgresql:", "postgresql+psycopg:", 1)
        owner = Store(url, role=None)
        migrate(owner)
        owner.close()
        yield url


def measured(on: str, rounds: int, names: Sequence[str], *sizes: int) -> dict[str, Any]:
    """Medians by side of passes over a store of that size."""
    passes: dict[str, list[Measured]] = {name: [] for name in names}
    for turn in range(rounds):
        with store(on) as url:
            filled = fill(url, *sizes)
            for name in [*names[turn % len(names) :], *names[: turn % len(names)]]:
                print(f"round {turn + 1} of {rounds}: {sizes[0]:,} episodes on {on}, {name}", file=sys.stderr)
                _forget(url)
                passes[name].append(sides(on)[name](url))
    return {"rows": filled, "sides": {name: _medians(of) for name, of in passes.items()}}


def _forget(url: str) -> None:
    """Leave the store as if no run had been over it: every side writes its findings anew."""
    owner = Store(url, role=None)
    with owner.writing() as connection:
        for table in (EVENT, FINDING, RESULT, CARD, GAIN, REASON, RUN):
            connection.execute(table.delete())
        for name in KEPT:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
    owner.close()


def _medians(passes: Sequence[Measured]) -> Measured:
    return {name: round(median(one[name] for one in passes), 2) for name in passes[0]}


def rows(on: str, rounds: int, episodes: int, names: Sequence[str]) -> dict[str, Any]:
    found = measured(on, rounds, names, episodes)
    return found | {"ratios of CPU seconds": _ratios(found["sides"])}


def _ratios(found: Mapping[str, Measured]) -> dict[str, float]:
    """Of one side over another; raises where those that say the same did not find as much."""
    for same in ((KITH, BY_HAND), [f"said by {side}" for side in SAID]):
        if len({found[side].get("findings", found[side].get("failed")) for side in same if side in found}) > 1:
            raise RuntimeError(f"{' and '.join(same)} did not find the same: {found}")
    pairs = [(KITH, BY_HAND), (TWICE, KITH), ("said by pandera", "said by kith"), ("said by gx", "said by kith")]
    return {
        f"{one} / {other}": round(found[one]["cpu_seconds"] / found[other]["cpu_seconds"], 2)
        for one, other in pairs
        if one in found and other in found
    }


def full(on: str, rounds: int) -> dict[str, Any]:
    """The case that is published of the English tool, and what Kith needs as a share of what that needed."""
    found = measured(on, rounds, [KITH], EPISODES, PLACEMENTS, LEGAL_REASONS)
    kith = found["sides"][KITH]
    shares = {f"{name} / published": round(kith[name] / value, 3) for name, value in PUBLISHED.items()}
    return found | {"published": PUBLISHED} | shares


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--on", choices=("postgresql", "sqlite"), default="postgresql")
    options.add_argument("--only", choices=("rows", "full"))
    options.add_argument("--sides", nargs="+", metavar="SIDE", help="of rows; default: all")
    given = options.parse_args()
    found: dict[str, Any] = {"load_average": os.getloadavg()}
    if given.only != "full":
        found["rows"] = rows(given.on, given.rounds, given.rows, given.sides or list(sides(given.on)))
    if given.only != "rows":
        found["full"] = full(given.on, given.rounds)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
