"""kith quality findings and explain: what was found, and why it stands as it is."""

import argparse
from datetime import date
from typing import Any

from schemas.codelists import code_list
from schemas.explanation import ExplanationBody
from services.cli.screen import FINE, FOUND, CouldNotRun, print_json, print_table, say
from services.cli.service import ready_store
from services.intake.bodies import said
from services.intake.explaining import explain
from services.store import findings
from services.store.engine import Store
from services.store.runs import OPEN, STATES

ANY = "any"
AT_ONCE = 10_000
COLUMNS = ("id", "agency", "rule", "severity", "source", "family", "source_id", "pointer", "state", "first_seen")


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    listing = actions.add_parser("findings", help="what the last run found, record by record")
    listing.add_argument("--agency", metavar="A", help="default: every agency")
    listing.add_argument("--rule", metavar="R")
    listing.add_argument("--state", choices=(*STATES, ANY), default=OPEN)
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=run_findings)
    explaining = actions.add_parser("explain", help="say why a finding stands as it is")
    explaining.add_argument("id", type=int)
    explaining.add_argument(
        "--reason", required=True, metavar="R", help=", ".join(code_list("explanation_reasons").rows)
    )
    explaining.add_argument("--note", help="more about it; some reasons want one")
    explaining.add_argument(
        "--expires", type=date.fromisoformat, metavar="DATE", help="its last day; default: a year on"
    )
    explaining.add_argument("--worker", metavar="W", help="who says so: an opaque id, never a name")
    explaining.set_defaults(run=run_explain)


def run_findings(options: argparse.Namespace) -> int:
    wanted = {
        "source_agency": options.agency,
        "rule": options.rule,
        "state": None if options.state == ANY else options.state,
    }
    rows = [_told(one) for one in _all(ready_store(), wanted)]
    if options.json:
        print_json({"items": rows, "next": None})
    else:
        print_table(f"{len(rows):,} findings", COLUMNS, [tuple(row[name] for name in COLUMNS) for row in rows])
    return FOUND if rows else FINE


def run_explain(options: argparse.Namespace) -> int:
    store = ready_store()
    with store.reading() as connection:
        if findings.finding(connection, options.id, agency=None) is None:
            raise CouldNotRun(f"There is no finding {options.id}: kith quality findings lists them.")
    given = {"reason": options.reason, "note": options.note, "worker": options.worker}
    given["expires_on"] = options.expires.isoformat() if options.expires else None
    explain(store, options.id, None, said(ExplanationBody, given))
    say(f"Finding {options.id} is explained.")
    return FINE


def _all(store: Store, wanted: dict[str, str | None]) -> list[findings.Found]:
    found: list[findings.Found] = []
    with store.reading() as connection:
        while some := findings.findings(connection, found[-1].finding.finding or 0 if found else 0, AT_ONCE, **wanted):
            found += some
    return found


def _told(found: findings.Found) -> dict[str, Any]:
    one = found.finding
    told = one.model_dump(include={*COLUMNS, "reason", "expires_on", "last_seen"})
    return {"id": one.finding, "agency": one.source_agency, **told, "changed_since_run": found.has_changed}
