"""kith erase: what was recorded of a child, or one record, goes for good; that it did, and why, stays."""

import argparse
from collections import Counter
from typing import Any

from schemas.codelists import code_list
from schemas.registry import BY_NAME
from services.cli.screen import FINE, CouldNotRun, print_json, print_table, say
from services.cli.service import ready_store
from services.intake import erasing
from services.store import everything, sources
from services.store.engine import Store
from services.store.erasure import Order
from services.store.writing import Key


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    erase = commands.add_parser("erase", help="erase all that is held of a child, or one record; a tombstone stays")
    erase.add_argument("what", nargs="+", metavar="CHILD | SOURCE FAMILY SOURCE_ID")
    erase.add_argument("--reason", required=True, metavar="CODE", choices=list(code_list("erasure_reasons").rows))
    erase.add_argument("--by", required=True, metavar="WORKER", help="who decided it: an opaque id, never a name")
    erase.add_argument("--dry-run", action="store_true", help="say what would be erased, and erase nothing")
    erase.add_argument("--json", action="store_true")
    erase.set_defaults(run=run_erase)


def run_erase(options: argparse.Namespace) -> int:
    store = ready_store()
    keys = _keys(store, options.what)
    if not keys:
        raise CouldNotRun("Nothing is held of that: it was never known, or it is erased already.")
    if options.dry_run:
        return _show(options, "To be erased", [_told(key) for key in keys])
    order = Order(options.reason, options.by)
    done = erasing.erase(store, keys, order)
    told = [_told(one.key) | {"tombstone": one.tombstone, "versions": one.versions} for one in done]
    _show(options, "Erased", told)
    say("Copies outside the store are not: backups, releases made before, what others took from it.")
    return FINE


def _keys(store: Store, what: list[str]) -> list[Key]:
    """The records that are meant and have anything left to erase."""
    with store.reading() as connection:
        if len(what) == 1:
            return everything.left(connection, everything.keys(connection, what[0]))
        if len(what) != 3 or what[1].replace("-", "_") not in BY_NAME:
            raise CouldNotRun("Name a child by its opaque id, or a record by its source, its family and its source_id.")
        source = sources.source(connection, what[0])
        if source is None:
            raise CouldNotRun("There is no such source.")
        return everything.left(connection, [Key(source.agency, source.name, what[1].replace("-", "_"), what[2])])


def _told(key: Key) -> dict[str, Any]:
    return {"agency": key.agency, "source": key.source, "family": key.family, "source_id": key.source_id}


def _show(options: argparse.Namespace, title: str, items: list[dict[str, Any]]) -> int:
    if options.json:
        print_json({"is_dry_run": options.dry_run, "items": items, "next": None})
        return FINE
    counted = Counter((one["agency"], one["source"], one["family"]) for one in items)
    print_table(title, ("agency", "source", "family", "records"), [(*of, n) for of, n in sorted(counted.items())])
    return FINE
