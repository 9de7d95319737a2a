"""kith subject-access: all that is held of a child, who received it and who looked, for the person who asks."""

import argparse
import json
from pathlib import Path
from typing import Any

from services.children import subject_access, subject_access_page
from services.children.others import read_decisions
from services.cli.screen import FINE, print_json, say
from services.cli.service import ready_store
from services.settings import Settings
from services.store.relationships import Who

PAGE, DATA, QUEUE = "subject-access.html", "subject-access.json", "redaction-queue.json"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = commands.add_parser(
        "subject-access", help="what is held of a child, who received it and who looked, to hand over"
    )
    made.add_argument("child", metavar="CHILD", help="the opaque id")
    made.add_argument("--out", type=Path, metavar="DIR", help="default: subject-access/CHILD under KITH_HOME")
    made.add_argument("--decisions", type=Path, metavar="FILE", help=f"a {QUEUE} with keep or redact for each entry")
    made.add_argument("--agency", default="", metavar="CODE", help="whose worker makes it")
    made.add_argument("--worker", default="", metavar="W", help="who makes it: an opaque id, never a name")
    made.add_argument("--json", action="store_true")
    made.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    decided = read_decisions(options.decisions.read_text(encoding="utf-8")) if options.decisions else {}
    package = subject_access.make(ready_store(), options.child, Who(options.agency, options.worker), decided)
    folder = options.out or Settings().home / "subject-access" / options.child
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(folder / PAGE, subject_access_page.write(package.body))
    _write(folder / DATA, _text(package.body))
    _write(folder / QUEUE, _text(package.queue))
    if options.json:
        print_json(json.loads(_text(package.body)) | {"folder": str(folder)})
    say(f"{folder}: {PAGE} and {DATA} are for the person who asked; {QUEUE} is not.")
    if package.waiting:
        say(f"{package.waiting} places may be about other people and are kept back. Decide each in {QUEUE}, then make")
        say("the package again with --decisions.")
    return FINE


def _text(told: Any) -> str:
    return json.dumps(told, indent=1, ensure_ascii=False, default=_written) + "\n"


def _written(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
