"""kith quality: run the catalogue over the store, list it, or see to what it found."""

import argparse
from collections import Counter

from quality.catalogue import rules
from services.cli import findings, sign_offs
from services.cli.screen import COULD_NOT_RUN, FINE, FOUND, print_counts, print_json, print_table, progress, say
from services.cli.service import refuse_unready
from services.settings import Settings


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    quality = commands.add_parser("quality", help="run the rules over the store, list them, or see to what they found")
    actions = quality.add_subparsers(required=True, metavar="ACTION")
    running = actions.add_parser("run", help="test every rule over what is held now")
    running.set_defaults(run=run_quality)
    listing = actions.add_parser("rules", help="the catalogue")
    listing.set_defaults(run=run_rules)
    findings.add(actions)
    sign_offs.add(actions)
    for action in (running, listing):
        action.add_argument("--json", action="store_true")


def run_quality(options: argparse.Namespace) -> int:
    from quality.run import Status
    from services.inspection.store_run import run_over_store

    refuse_unready(Settings())
    with progress("Testing rules", None) as advance:
        done = run_over_store(Settings().store_url, lambda step: advance(1))
    results = done.run.results
    statuses = Counter(result.status.value for result in results)
    if options.json:
        rows = [
            {"rule": r.rule.code, "status": r.status, "denominator": r.denominator, "failed": r.failed, "why": r.why}
            for r in results
        ]
        print_json({"run": done.number, "findings": done.findings, "statuses": statuses, "results": rows})
    else:
        failed = [
            (r.rule.code, r.rule.severity.value, r.failed, r.denominator, r.rule.says) for r in results if r.failed
        ]
        print_table("Rules that failed", ("rule", "severity", "failed", "of", "what must be true"), failed)
        print_counts("Rules by what became of them", statuses)
        say("Each agency reads its own findings, record by record, at /v1/quality/findings.")
    if done.run.crashed:
        say("Crashed: " + "; ".join(f"{r.rule.code}: {r.why}" for r in done.run.crashed))
        return COULD_NOT_RUN
    return FOUND if any(result.status is Status.FAIL for result in results) else FINE


def run_rules(options: argparse.Namespace) -> int:
    if options.json:
        fields = ("code", "family", "severity", "says", "hint", "source", "dimension")
        print_json({"items": [{name: getattr(rule, name) for name in fields} for rule in rules()], "next": None})
    else:
        rows = [(rule.code, rule.family, rule.severity.value, rule.says) for rule in rules()]
        print_table(f"{len(rows)} rules", ("rule", "family", "severity", "what must be true"), rows)
    return FINE
