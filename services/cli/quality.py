"""kith quality: run the catalogue over the store, report and see to what was found, or list the rules."""

import argparse
from collections import Counter

from quality.catalogue import rules
from quality.rule import Rule
from services.cli import data_docs, findings, reports, sign_offs
from services.cli.screen import (
    COULD_NOT_RUN,
    FINE,
    FOUND,
    CouldNotRun,
    print_counts,
    print_json,
    print_table,
    progress,
    say,
)
from services.cli.service import refuse_unready
from services.settings import Settings


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    quality = commands.add_parser("quality", help="run the rules over the store, list them, or see to what they found")
    actions = quality.add_subparsers(required=True, metavar="ACTION")
    running = actions.add_parser("run", help="test every rule over what is held now")
    running.add_argument(
        "--recount", action="store_true", help="count every rule a second time, by Great Expectations; for every night"
    )
    running.set_defaults(run=run_quality)
    listing = actions.add_parser("rules", help="the catalogue")
    listing.set_defaults(run=run_rules)
    findings.add(actions)
    sign_offs.add(actions)
    reports.add(actions)
    data_docs.add(actions)
    for action in (running, listing):
        action.add_argument("--json", action="store_true")


def run_quality(options: argparse.Namespace) -> int:
    from quality.run import Status
    from services.inspection.recounting import NotRecounted
    from services.inspection.store_run import run_over_store

    settings = Settings()
    refuse_unready(settings)
    with progress("Testing rules", None) as advance:
        try:
            done = run_over_store(
                settings.store_url, lambda step: advance(1), settings.home if options.recount else None
            )
        except NotRecounted as error:
            raise CouldNotRun(str(error)) from error
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
        say("Each agency reads its own findings, record by record, at /v1/quality/findings, its scores at")
        say("/v1/quality/scorecards; kith quality report writes both as pages, Excel, CSV and JSON.")
    if done.run.crashed:
        say("Crashed: " + "; ".join(f"{r.rule.code}: {r.why}" for r in done.run.crashed))
        return COULD_NOT_RUN
    return FOUND if any(result.status is Status.FAIL for result in results) else FINE


def run_rules(options: argparse.Namespace) -> int:
    if options.json:
        fields = ("code", "family", "severity", "says", "hint", "source", "dimension", "is_experimental")
        print_json({"items": [{name: getattr(rule, name) for name in fields} for rule in rules()], "next": None})
    else:
        rows = [(rule.code, rule.family, _severity(rule), rule.says) for rule in rules()]
        print_table(f"{len(rows)} rules", ("rule", "family", "severity", "what must be true"), rows)
        say("A running service has a page for each, at /rules/CODE.")
    return FINE


def _severity(rule: Rule) -> str:
    return f"{rule.severity.value}, experimental" if rule.is_experimental else rule.severity.value
