"""How fast the made-up population is written, beside the least that writing its records can cost.

    python benchmarks/seed.py [--json] [--rounds 3] [--children 1000 20000]

The floor is json.dumps of the same records, already in memory. Each round runs
the generator and the floor one after the other; medians of the rounds. Peak
memory is that of a process of its own which does nothing but generate. Read
the ratios: these machines are shared.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

if str(Path(__file__).parent) in sys.path:  # this file has the name of the package that it measures
    sys.path.remove(str(Path(__file__).parent))

from seed.generate import Summary, generate

SEED = 1
SLICE = 20_000
"""The floor writes so many records over and over: more would measure the memory."""


def measured(children: int, rounds: int, peak: int) -> dict[str, Any]:
    """Children and records a second, and what one record costs beside the floor; `peak` memory goes with them."""
    writing, floor = [], []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        summary = generate(out, children, SEED)
        held = _records(out)
        for _ in range(rounds):
            writing.append(_seconds(lambda: generate(out, children, SEED)))
            floor.append(_seconds(lambda: [json.dumps(record) for record in held]) / len(held) * summary.lines)
    return _told(summary, median(writing), median(floor)) | {"peak_mib": peak}


def _records(out: Path) -> list[Any]:
    lines = (line for path in sorted(out.glob("*.ndjson")) for line in path.open(encoding="utf-8"))
    return [json.loads(line) for line, _ in zip(lines, range(SLICE), strict=False)]


def _told(summary: Summary, seconds: float, floor: float) -> dict[str, Any]:
    return {
        "children": summary.children,
        "lines": summary.lines,
        "children_a_second": round(summary.children / seconds),
        "lines_a_second": round(summary.lines / seconds),
        "floor_lines_a_second": round(summary.lines / floor),
        "times_the_floor": round(seconds / floor, 1),
    }


def _seconds(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def _peak(children: int) -> int:
    """Peak memory in MiB of a fresh process that generates."""
    found = subprocess.run(
        [sys.executable, __file__, "--peak-of", str(children)], capture_output=True, text=True, check=True
    )
    return int(found.stdout)


def _generate_and_tell(children: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), children, SEED)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--children", type=int, nargs="+", default=[1000, 20_000])
    options.add_argument("--peak-of", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.peak_of:
        _generate_and_tell(given.peak_of)
        return
    peaks = [_peak(children) for children in given.children]  # first: a process counts what its parent held by then
    found = [measured(children, given.rounds, peak) for children, peak in zip(given.children, peaks, strict=True)]
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for one in found:
        print("  ".join(f"{name} {value}" for name, value in one.items()))


if __name__ == "__main__":
    main()
