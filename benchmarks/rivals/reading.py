"""Kith with something left out, to see what that costs: KITH_BENCH_WITHOUT is `log`, or `log,sight`.

Beside its own routes it has /bare/{child}: the rows of a chronology, from the one query that finds them,
unscoped, and sent as they come.
"""

import os

from starlette.requests import Request
from starlette.responses import Response

from benchmarks.bare import BARE
from services.access.sight import Sight
from services.app import create_app
from services.children import looking
from services.store.audit import Act

WITHOUT = os.environ.get("KITH_BENCH_WITHOUT", "").split(",")
AGENCIES = frozenset(os.environ.get("KITH_BENCH_AGENCIES", "").split(","))

app = create_app()


async def _no_log(act: Act) -> None:
    """Nothing is put on record."""


@app.get("/bare/{child}")
def bare(request: Request, child: str) -> Response:
    with request.app.state.store.reading() as connection:
        rows = connection.execute(BARE, {"child": child}).all()
    return Response("[" + ",".join(row.body for row in rows) + "]", media_type="application/json")


if "log" in WITHOUT:
    app.state.logbook.close()
    _no_log.close = lambda: None  # type: ignore[attr-defined]
    app.state.logbook = _no_log
if "sight" in WITHOUT:
    looking.sight_of = lambda *_: Sight(_[2], AGENCIES, "normal", "own_records")  # type: ignore[attr-defined]
