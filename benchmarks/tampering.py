"""A thousand tamperings with audit and journal, done by the database's owner: how many a verification sees.

    python benchmarks/tampering.py [--times 1000] [--entries 3000] [--seed 1] [--sqlite-only] [--json]

Each is undone before the next. The suite does a hundred.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from services.access import checkpoint_keys, checkpoints, verification
from services.settings import Settings
from services.store.engine import Store
from services.store.schema import migrate
from tests.postgres import running_postgres
from tests.tampering import fill, tamper


def measured(url: str, folder: Path, times: int, entries: int, seed: int) -> dict[str, Any]:
    """What was done to one store and what was not seen of it."""
    settings = Settings(home=folder, database_url=url)
    store = Store(settings.store_url, role=None)
    migrate(store)
    fill(store, entries)
    keys = checkpoint_keys.public_keys([checkpoint_keys.make_key(settings.signing_key)])
    checkpoints.export(store, settings.exports, checkpoint_keys.private_key(settings.signing_key))
    random, done, unseen = Random(seed), Counter[str](), []
    started = time.perf_counter()
    for _ in range(times):
        with store.writing(undo=True) as connection:
            what = tamper(connection, random)
            done[what.partition(":")[0]] += 1
            if verification.seen_by(connection, settings.exports, keys).is_fine:
                unseen.append(what)
    seconds = time.perf_counter() - started
    database = store.engine.dialect.name
    assert verification.of_store(store, settings.exports, keys).is_fine
    store.close()
    return {"database": database, "done": dict(sorted(done.items())), "unseen": unseen, "seconds": round(seconds, 1)}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=1000)
    options.add_argument("--entries", type=int, default=3000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--sqlite-only", action="store_true")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    asked = given.times, given.entries, given.seed
    with tempfile.TemporaryDirectory() as folder:
        found = [measured("", Path(folder), *asked)]
    if not given.sqlite_only:
        with tempfile.TemporaryDirectory() as folder, running_postgres(Path(folder)) as url:
            found.append(measured(url, Path(folder), *asked))
    if given.json:
        print(json.dumps(found, indent=2))
    else:
        for one in found:
            print(f"{one['database']}: {sum(one['done'].values())} done in {one['seconds']} s, unseen: {one['unseen']}")
    return 1 if any(one["unseen"] for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
