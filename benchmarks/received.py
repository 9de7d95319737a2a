"""The question after a breach at a million acts on record: how long it takes to say who received what about whom.

    python benchmarks/received.py [--acts 1000000] [--sqlite-only] [--json]

Every third act is one source's, so that its answer counts a third of the log; a worker's is small. Half of the acts
showed addresses.
"""

import argparse
import json
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from services.settings import Settings
from services.store import audit
from services.store.engine import Store
from services.store.schema import migrate
from tests.postgres import running_postgres

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
NUMBERS = {
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) SELECT i FROM n)",
    "postgresql": "(SELECT generate_series(CAST(1 AS bigint), CAST(:count AS bigint)) AS i)",
}
FILLING = """
INSERT INTO audit (at, agency, source, client_id, act, what, child, worker, role, purpose, request_id, detail)
SELECT {at}, 'TS-' || (i % 3), 'source-' || (CASE WHEN i % 3 = 0 THEN 0 ELSE i % 59 + 1 END), 'a-client', 'read',
    'plan', 'child-' || (i * 104729 % 50000), 'w-' || (i * 7919 % 3001), 'social-worker', 'child-wellbeing',
    'request-' || i, CASE WHEN i / 3 % 2 = 0 THEN '{{"shown": ["place"], "withheld": []}}' ELSE '{{"shown": []}}' END
FROM {numbers} AS numbers
"""
AT = {"sqlite": "strftime('%Y-%m-%d %H:%M:%S', 'now') || '.000000'", "postgresql": "clock_timestamp()"}


def measured(url: str, folder: Path, count: int) -> dict[str, Any]:
    """Seconds that each question takes on one database, twice, and how many children it names."""
    store = Store(Settings(home=folder, database_url=url).store_url, role=None)
    migrate(store)
    kind = store.engine.dialect.name
    with store.writing() as connection:
        connection.execute(text(FILLING.format(at=AT[kind], numbers=NUMBERS[kind])), {"count": count})
    asked = {"source": "source-0"}, {"source": "source-0"}, {"worker": "w-7"}, {"worker": "w-7"}
    found = {"database": kind, "acts": count, "asked": [_timed(store, **whom) for whom in asked]}
    store.close()
    return found


def _timed(store: Store, **whom: Any) -> dict[str, Any]:
    started, began = time.perf_counter(), time.process_time()
    with store.reading() as connection:
        children = len(audit.received(connection, LONG_AGO, **whom))
    seconds, busy = time.perf_counter() - started, time.process_time() - began
    return whom | {"seconds": round(seconds, 2), "own_cpu_seconds": round(busy, 2), "children": children}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--acts", type=int, default=1_000_000)
    options.add_argument("--sqlite-only", action="store_true")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = [measured("", Path(folder), given.acts)]
    if not given.sqlite_only:
        with tempfile.TemporaryDirectory() as folder, running_postgres(Path(folder)) as url:
            found.append(measured(url, Path(folder), given.acts))
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for one in found:
        print(one["database"], one["acts"], *one["asked"], sep="\n  ")


if __name__ == "__main__":
    main()
