"""kith quality report: what each agency has to put right and how its score stands, as pages and files."""

import argparse
from pathlib import Path

from services.cli.screen import FINE, CouldNotRun, print_json, print_table, progress, say
from services.cli.service import refuse_unready
from services.settings import Settings
from services.store.engine import Store


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    report = actions.add_parser("report", help="pages, Excel, CSV and JSON of the latest run, a folder an agency")
    report.add_argument("--agency", metavar="CODE", help="one agency alone, without the page for all of them")
    report.add_argument("--out", type=Path, metavar="DIR", help="default: reports under KITH_HOME")
    report.add_argument("--json", action="store_true")
    report.set_defaults(run=run_report)


def run_report(options: argparse.Namespace) -> int:
    from services.inspection.report import NothingToReport
    from services.inspection.report_folder import write_report

    settings = Settings()
    refuse_unready(settings)
    out: Path = options.out or settings.reports
    store = Store(settings.store_url)
    try:
        with progress("Writing reports", None) as advance:
            told = write_report(store, out, options.agency, lambda: advance(1))
    except NothingToReport as error:
        raise CouldNotRun(str(error)) from error
    finally:
        store.close()
    counts = [(one.code, one.name, one.errors, one.queries, one.children) for one in told]
    columns = ("agency", "name", "errors", "queries", "children")
    if options.json:
        items = [dict(zip(columns, row, strict=True)) for row in counts]
        print_json({"folder": str(out), "items": items, "next": None})
    else:
        print_table("What is to be put right", columns, counts)
        say(f"The report is in {out}: open index.html there, or in an agency's folder.")
    return FINE
