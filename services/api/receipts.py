"""A source's receipt of a day, for its data team to read in the morning."""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from quality.cells import safe_cell
from services.access.tokens import Caller
from services.api.answers import spooled
from services.api.described import PROBLEMS
from services.api.requests import SourceName, StoreOf, readable, requires
from services.errors import BadRequest
from services.intake.receipts import Receipt, day_receipts
from services.store.scope import reading_for

router = APIRouter(tags=["receipts"])
CSV = "text/csv"


def _day(request: Request) -> date:
    """The day asked for; raises BadRequest."""
    day = request.path_params["day"]
    try:
        found = date.fromisoformat(day)
    except ValueError:
        found = date.min
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII) or not 1900 <= found.year <= 2199:
        raise BadRequest("A receipt is of a day written YYYY-MM-DD")
    return found


MayRead = Annotated[Caller, Depends(requires("records.read", checks=(_day,)))]
Day = Annotated[str, Path(description="A day in Europe/London, YYYY-MM-DD")]


@router.get("/v1/sources/{source}/receipts/{day}", responses=PROBLEMS | {200: {"content": {CSV: {}}}})
def day_receipt(request: Request, source: SourceName, day: Day, caller: MayRead, store: StoreOf) -> Response:
    """A row for each change received from the source that day, and for each line of a batch that was refused.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    owner = readable(store, caller, source)
    with reading_for(store, owner.agency) as connection:
        headers = {"Content-Disposition": f'attachment; filename="{owner.source}-{day}.csv"'}
        return spooled(_csv(day_receipts(connection, owner, _day(request))), CSV, headers)


class _Lines:
    """What a CSV writer writes, handed back."""

    def write(self, line: str) -> str:
        return line


def _csv(receipts: Iterable[Receipt]) -> Iterator[str]:
    writer: Any = csv.writer(_Lines())
    yield writer.writerow(Receipt._fields)
    yield from (writer.writerow([_cell(value) for value in receipt]) for receipt in receipts)


def _cell(value: object) -> object:
    """A value as a cell."""
    if isinstance(value, datetime):
        return value.isoformat()
    return safe_cell(value) if isinstance(value, str) else value
