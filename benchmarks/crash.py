"""Whether anything is lost, doubled or half done when the service or its database is killed under load.

    python benchmarks/crash.py [--kills 100] [--database sqlite|postgresql] [--seed 1] [--json]

Sources post single records, retractions and batches; at random moments `kith
serve` is killed, or PostgreSQL, and started again. What was not acknowledged is
sent again, and some of what was. Exit code 1 where anything is wrong in the end.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

if str(Path(__file__).parent) in sys.path:  # beside this file is one of the name of a package that it needs
    sys.path.remove(str(Path(__file__).parent))

from tests.crash.bringing_down import Summary, bring_down

DATABASES = ("sqlite", "postgresql")
SHOWN = 10
"""Of each kind of thing wrong."""


def told(summary: Summary) -> dict[str, Any]:
    """The summary with what is wrong counted, some of it told, and the times as median and longest."""
    found = {name: value for name, value in asdict(summary).items() if not isinstance(value, list)}
    kinds = {name: value for name, value in asdict(summary).items() if isinstance(value, list)}
    seconds = kinds.pop("seconds_to_recover")
    recovered = {"median": round(median(seconds), 2), "longest": round(max(seconds), 2)} if seconds else {}
    counts = {name: len(listed) for name, listed in kinds.items()}
    examples = {name: listed[:SHOWN] for name, listed in kinds.items() if listed}
    return found | counts | {"seconds_to_recover": recovered} | ({"examples": examples} if examples else {})


def show(summaries: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(summaries, indent=2))
        return
    for summary in summaries:
        print("\n".join(f"{name}: {value}" for name, value in summary.items()), end="\n\n")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--database", choices=DATABASES, help="only this one; both where it is left out")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    done = []
    for database in [given.database] if given.database else DATABASES:
        with tempfile.TemporaryDirectory() as folder:
            said = partial(print, f"{database}:", file=sys.stderr)
            done.append(bring_down(database, given.kills, given.seed, Path(folder), said))
    show([told(summary) for summary in done], given.json)
    return 0 if all(summary.is_good for summary in done) else 1


if __name__ == "__main__":
    sys.exit(main())
