"""What the rules cost at the door, beside what the contract alone costs.

    python benchmarks/door.py [--json] [--rounds 7]

Each round checks every example record often, with the contract alone and with
its rules, one after the other; medians of the rounds. Read the ratio: these
machines are shared.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

if str(Path(__file__).parent) in sys.path:  # beside this file is one of the name of a package that it needs
    sys.path.remove(str(Path(__file__).parent))

from quality.catalogue import door_rules
from quality.door import failures
from schemas.record import Family
from schemas.registry import FAMILIES

EXAMPLES = Path(__file__).parents[1] / "tests" / "examples"
TIMES = 300


def measured(family: Family, rounds: int) -> dict[str, Any]:
    """Microseconds a record: the contract, its rows, and its rules; and how many rules there are."""
    posted = json.loads((EXAMPLES / f"{family.name}.json").read_text(encoding="utf-8"))
    record = family.contract.model_validate(posted)
    rows = family.rows(record)
    today = date(2026, 1, 15)
    steps: dict[str, Callable[[], Any]] = {
        "contract": lambda: family.contract.model_validate(posted),
        "rows": lambda: family.rows(record),
        "rules": lambda: list(failures(family.name, rows, today)),
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(_microseconds(step))
    medians = {name: round(median(values), 1) for name, values in times.items()}
    ratio = round(medians["rules"] / medians["contract"], 2)
    return {"family": family.name, "rule_count": len(door_rules(family.name)), **medians, "rules_to_contract": ratio}


def _microseconds(step: Callable[[], Any]) -> float:
    started = time.perf_counter()
    for _ in range(TIMES):
        step()
    return (time.perf_counter() - started) / TIMES * 1e6


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    found = [measured(family, given.rounds) for family in FAMILIES]
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for one in found:
        print("  ".join(f"{name} {value}" for name, value in one.items()))


if __name__ == "__main__":
    main()
