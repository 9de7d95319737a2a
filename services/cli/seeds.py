"""kith seed: a made-up population, as files that its sources would post."""

import argparse
from pathlib import Path

from services.cli.screen import FINE, print_json, print_table, progress, say


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
    report = actions.add_parser("report", help="the made-up population beside the published figures")
    report.add_argument("--children", type=int, default=20_000, metavar="N", help="how many to make up")
    report.add_argument("--seed", type=int, default=1, metavar="S")
    report.add_argument("--out", type=Path, metavar="FILE", help="write the report as a page")
    report.add_argument("--json", action="store_true")
    report.set_defaults(run=run_report)


def run_report(options: argparse.Namespace) -> int:
    from seed.calibration import report
    from seed.calibration_page import page
    from seed.generate import NOTICE

    with progress("Making up children", options.children) as advance:
        items = report(options.children, options.seed, advance)
    if options.out:
        options.out.write_text(page(items), encoding="utf-8")
    if options.json:
        print_json({"synthetic": True, "notice": NOTICE, "items": [vars(item) for item in items], "next": None})
    else:
        columns = ("figure", "made up", "published", "status", "why it is off")
        shown = [
            (item.label, _rounded(item.made_up), _rounded(item.published), item.status, item.note) for item in items
        ]
        print_table(f"{options.children:,} made-up children", columns, shown, NOTICE)
    return FINE


def _rounded(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def run_generate(options: argparse.Namespace) -> int:
    from seed.generate import NOTICE, generate

    with progress("Making up children", options.children) as advance:
        summary = generate(options.out, options.children, options.seed, options.faults, advance)
    if options.json:
        print_json({"synthetic": True, "notice": NOTICE, **vars(summary)})
    else:
        say(f"{NOTICE}\n{summary.lines:,} lines of {summary.children:,} children are in {options.out}.")
    return FINE
