"""The question after a breach at a million acts on record: how long it takes to say who received what about whom.

    python benchmarks/received.py [--acts 1000000] [--sqlite-only] [--json]

One source in three acts, so that its answer counts a third of the log; a worker's is small. Sealing and
verification of the whole log are timed beside.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from services.access import verification
from services.settings import Settings
from services.store import audit, seals
from services.store.audit import Act
from services.store.engine import Store
from services.store.schema import migrate
from tests.acts import act
from tests.postgres import running_postgres

AT_ONCE = 10_000
CHILDREN, WORKERS, SOURCES = 50_000, 3_000, 60
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def acts(count: int) -> Iterator[Act]:
    """Reads by many workers of many children, a third of them through one source, half with addresses."""
    random = Random(1)
    for number in range(count):
        source = 0 if random.random() < 1 / 3 else random.randrange(1, SOURCES)
        yield act(
            agency=f"TS-agency-{source}",
            source=f"source-{source}",
            worker=f"w-{random.randrange(WORKERS)}",
            child=f"{random.randrange(CHILDREN):032x}",
            request_id=f"{number:032x}",
            detail={"shown": random.choice((["place"], [])), "items": {"S12000038": 3}},
        )


def measured(url: str, folder: Path, count: int) -> dict[str, Any]:
    """Seconds of filling, sealing, verifying and asking, on one database."""
    settings = Settings(home=folder, database_url=url)
    owner, made = Store(settings.store_url, role=None), acts(count)
    migrate(owner)
    owner.close()
    store = Store(settings.store_url)

    def fill() -> None:
        for _ in range(0, count, AT_ONCE):
            with store.writing() as connection:
                audit.record(connection, [next(made) for _ in range(AT_ONCE)])

    def asked(**whom: Any) -> int:
        with store.reading() as connection:
            return len(audit.received(connection, LONG_AGO, **whom))

    def verified() -> bool:
        with store.reading() as connection:
            return not verification.walked(connection).broken

    steps: dict[str, Callable[[], Any]] = {
        "fill": fill,
        "source": lambda: asked(source="source-0"),
        "source_again": lambda: asked(source="source-0"),
        "worker": lambda: asked(worker="w-7"),
        "seal": lambda: seals.seal(store),
        "verify": verified,
    }
    found = {name: _timed(step) for name, step in steps.items()}
    database = store.engine.dialect.name
    store.close()
    return {"database": database, "acts": count} | found


def _timed(step: Callable[[], Any]) -> dict[str, Any]:
    started = time.perf_counter()
    result = step()
    return {"seconds": round(time.perf_counter() - started, 2), "result": result}


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
        print(one.pop("database"), one.pop("acts"), {name: step["seconds"] for name, step in one.items()})


if __name__ == "__main__":
    main()
