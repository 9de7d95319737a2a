"""What a quality run over a store costs: CPU seconds and peak memory of the whole pass, in a process of its own.

    python benchmarks/quality.py [--json] [--rounds 3] [--rows 1000000] [--on postgresql]

The pass is that of `kith quality run`: the store is read, every rule tested, findings and scorecards kept.
The sides, each over a store filled anew (bulk_store.py) for every round:

- rows: so many care episodes, as many referrals, and a placement and a legal reason an episode;
- full: 101,000 episodes with their placements and legal reasons, 518,880 rows in all, beside the 164 CPU
  seconds and 12.1 GB that are published of the English tool for as many.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

if str(Path(__file__).parent) in sys.path:  # beside this file is one of the name of a package that it needs
    sys.path.remove(str(Path(__file__).parent))

from benchmarks.bulk_store import fill
from services.store.engine import Store
from services.store.schema import migrate
from tests.postgres import fresh_database, running_postgres

EPISODES, PLACEMENTS, LEGAL_REASONS = 101_000, 202_000, 215_880
PUBLISHED: Mapping[str, float] = {"cpu_seconds": 164, "peak_mb": 12_100}
RUN = """
import sys
from services.inspection.store_run import run_over_store
print(run_over_store(sys.argv[1]).findings)
"""


def passed(store_url: str) -> dict[str, float]:
    """One pass over a store: its findings, CPU seconds (user and system), wall seconds and peak resident MB."""
    started = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", RUN, store_url], stdout=subprocess.PIPE) as running:
        assert running.stdout
        findings = int(running.stdout.read())
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise RuntimeError("the pass failed")
    cpu, wall = used.ru_utime + used.ru_stime, time.perf_counter() - started
    return {"findings": findings, "cpu_seconds": cpu, "wall_seconds": wall, "peak_mb": used.ru_maxrss / 1024}


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


def measured(on: str, rounds: int, *sizes: int) -> dict[str, Any]:
    """Medians of passes, each over a store of that size filled anew."""
    passes = []
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}: {sizes[0]:,} episodes on {on}", file=sys.stderr)
        with store(on) as url:
            rows = fill(url, *sizes)
            passes.append(passed(url))
    return {"rows": rows} | {name: round(median(one[name] for one in passes), 1) for name in passes[0]}


def full(on: str, rounds: int) -> dict[str, Any]:
    """The case that is published of the English tool, and what Kith needs as a share of what that needed."""
    found = measured(on, rounds, EPISODES, PLACEMENTS, LEGAL_REASONS)
    shares = {f"{name} / published": round(found[name] / value, 3) for name, value in PUBLISHED.items()}
    return found | {"published": PUBLISHED} | shares


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--on", choices=("postgresql", "sqlite"), default="postgresql")
    options.add_argument("--only", choices=("rows", "full"))
    given = options.parse_args()
    found: dict[str, Any] = {"load_average": os.getloadavg()}
    if given.only != "full":
        found["rows"] = measured(given.on, given.rounds, given.rows)
    if given.only != "rows":
        found["full"] = full(given.on, given.rounds)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
