"""kith retention: whose records have been kept for as long as they are to be; a dry run unless told to erase them."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from quality.functions import local_date
from schemas.codelists import code_list
from services.cli.screen import FINE, FOUND, CouldNotRun, print_json, print_table, progress, say
from services.cli.service import ready_store
from services.intake import erasing
from services.intake.retention import CLASSES, Kept, is_confirmed, kept
from services.store import everything
from services.store.engine import Store
from services.store.erasure import Order
from services.store.retention import lives

REASON = "retention"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = commands.add_parser("retention", help="whose records have been kept for long enough; --erase erases them")
    made.add_argument("--on", type=date.fromisoformat, metavar="DAY", help="as it will be on that day; default: today")
    made.add_argument("--erase", action="store_true", help="erase them; without it nothing is changed")
    made.add_argument("--by", metavar="WORKER", help="who decided it: an opaque id, never a name")
    made.add_argument("--json", action="store_true")
    made.set_defaults(run=run)


@dataclass(frozen=True)
class Class:
    """One retention class: how many children are in it, and those whose time is over."""

    code: str
    children: int
    born_unknown: int
    over: Sequence[str]
    next_until: date | None

    @property
    def told(self) -> dict[str, Any]:
        row = code_list(CLASSES).rows[self.code]
        told = {"class": self.code, "years": int(row["years"]), "counted_from": row["counted_from"]}
        counted = {"children": self.children, "birth_date_unknown": self.born_unknown, "over": self.over}
        return told | {"is_confirmed": is_confirmed(self.code)} | counted | {"next_until": self.next_until}


def run(options: argparse.Namespace) -> int:
    today = local_date(datetime.now(UTC))
    _check(options, today)
    store, day = ready_store(), options.on or today
    with store.reading() as connection:
        classes = _classes((kept(life) for life in lives(connection)), day)
    _show(options, day, classes)
    return _erase(store, classes, options.by) if options.erase else FINE


def _check(options: argparse.Namespace, today: date) -> None:
    if options.erase and not options.by:
        raise CouldNotRun("Say who decided it: --by WORKER.")
    if options.erase and options.on and options.on > today:
        raise CouldNotRun("Nothing is erased before its day has come: leave --on out.")


def _classes(every: Iterable[Kept], day: date) -> list[Class]:
    """Every class that anybody is in, in the order of the list."""
    order = list(code_list(CLASSES).rows)
    ranked = sorted(every, key=lambda one: (order.index(one.retention_class), one.child))
    grouped = groupby(ranked, key=lambda one: one.retention_class)
    return [_class(code, list(some), day) for code, some in grouped]


def _class(code: str, some: Sequence[Kept], day: date) -> Class:
    over = [one.child for one in some if one.is_over(day)]
    later = [one.until for one in some if one.until and not one.is_over(day)]
    return Class(code, len(some), sum(one.until is None for one in some), over, min(later, default=None))


def _show(options: argparse.Namespace, day: date, classes: Sequence[Class]) -> None:
    if options.json:
        print_json({"on": day, "is_dry_run": not options.erase, "items": [one.told for one in classes], "next": None})
        return
    columns = ("class", "years", "confirmed", "children", "birth date unknown", "over", "next")
    rows = [(one.code, *_row(one)) for one in classes]
    print_table(f"Kept for long enough on {day}", columns, rows, "Years from birth; unknown birth dates are kept.")


def _row(one: Class) -> tuple[Any, ...]:
    told = one.told
    confirmed = "yes" if told["is_confirmed"] else "no"
    return told["years"], confirmed, one.children, one.born_unknown, len(one.over), one.next_until


def _erase(store: Store, classes: Sequence[Class], by: str) -> int:
    """Erase what is over in the classes whose period was confirmed; the rest is left and told."""
    left = [one.code for one in classes if one.over and not is_confirmed(one.code)]
    children = [child for one in classes if is_confirmed(one.code) for child in one.over]
    with progress("Erasing", len(children)) as advance:
        for child in children:
            with store.reading() as connection:
                keys = everything.left(connection, everything.keys(connection, child))
            erasing.erase(store, keys, Order(REASON, by))
            advance(1)
    say(f"{len(children):,} children's records were erased.")
    if left:
        say(f"Left, since no source confirmed for how long they are kept: {', '.join(left)}. Confirm the period, then")
        say("set its status to verified in schemas/codes/retention_classes.csv, or erase one child with kith erase.")
    return FOUND if left else FINE
