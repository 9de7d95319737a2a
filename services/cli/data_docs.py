"""kith quality docs: Great Expectations' own pages of what it expected and what it last counted over the store."""

import argparse
import shutil
from pathlib import Path

from services.cli.screen import FINE, CouldNotRun, print_json, say
from services.settings import Settings


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    docs = actions.add_parser("docs", help="Data Docs of the last run that was counted twice, to be read offline")
    docs.add_argument("--out", type=Path, metavar="DIR", help="a new folder; default: data-docs under KITH_HOME")
    docs.add_argument("--json", action="store_true")
    docs.set_defaults(run=run_docs)


def run_docs(options: argparse.Namespace) -> int:
    from quality.expectations import write_docs
    from services.inspection.recounting import VALIDATION

    settings = Settings()
    kept = settings.home / VALIDATION
    if not kept.is_file():
        raise CouldNotRun("Nothing has been counted twice yet: make a run with kith quality run --recount.")
    out: Path = options.out or settings.data_docs
    if options.out is None:
        shutil.rmtree(out, ignore_errors=True)
    try:
        write_docs(kept, out)
    except FileExistsError as error:
        raise CouldNotRun(str(error)) from error
    pages = sorted(path.name for path in out.glob("*.html"))
    if options.json:
        print_json({"folder": str(out), "items": pages, "next": None})
    say(f"{len(pages)} pages are in {out}: open index.html there.")
    return FINE
