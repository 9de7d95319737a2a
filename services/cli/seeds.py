"""kith seed: a made-up population, as files that its sources would post."""

import argparse
from pathlib import Path

from services.cli.screen import FINE, print_json, progress, say


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    seed = commands.add_parser("seed", help="make up a population")
    actions = seed.add_subparsers(required=True, metavar="ACTION")
    generate = actions.add_parser("generate", help="write <source>.ndjson for every source, and truth.json")
    generate.add_argument("--children", type=int, required=True, metavar="N")
    generate.add_argument("--seed", type=int, default=1, metavar="S")
    generate.add_argument("--faults", type=float, default=0.0, metavar="RATE", help="share of records damaged, 0 to 1")
    generate.add_argument("--out", type=Path, required=True, metavar="DIR")
    generate.add_argument("--json", action="store_true")
    generate.set_defaults(run=run_generate)


def run_generate(options: argparse.Namespace) -> int:
    from seed.generate import NOTICE, generate

    with progress("Making up children", options.children) as advance:
        summary = generate(options.out, options.children, options.seed, options.faults, advance)
    if options.json:
        print_json({"synthetic": True, "notice": NOTICE, **vars(summary)})
    else:
        say(f"{NOTICE}\n{summary.lines:,} lines of {summary.children:,} children are in {options.out}.")
    return FINE
