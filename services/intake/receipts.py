"""A day's receipt: each change that a source's systems got in, and each line of a batch that was refused."""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from heapq import merge
from typing import Any, NamedTuple

from sqlalchemy import Connection

from quality.functions import LONDON
from schemas.fields import SOURCE_ID
from schemas.registry import BY_NAME
from services.intake.receive import REJECTED
from services.store import batches, receipts
from services.store.writing import Owner


class Receipt(NamedTuple):
    """One change received, or (`result` rejected, with its `rules`) one line refused; never what it said."""

    received_at: datetime
    batch: str | None = None
    line: int | None = None
    family: str | None = None
    source_id: str | None = None
    result: str = REJECTED
    version: int | None = None
    recorded_at: datetime | None = None
    sha256: str | None = None
    rules: str = ""


def day_receipts(connection: Connection, owner: Owner, day: date) -> Iterator[Receipt]:
    """What a source sent on a day in Europe/London, in the order of receipt.

    Refused lines are told of for as long as their batch's report is kept; what
    was only validated is no part of it.
    """
    start, end = (datetime.combine(on, time(), LONDON) for on in (day, day + timedelta(days=1)))
    taken = (_of_change(change) for change in receipts.changes(connection, owner, start, end))
    return merge(taken, _refused(connection, owner, start, end), key=lambda receipt: receipt.received_at)


def _of_change(change: receipts.Change) -> Receipt:
    named = change._asdict()
    return Receipt(result=named.pop("op"), **named)


def _refused(connection: Connection, owner: Owner, start: datetime, end: datetime) -> Iterator[Receipt]:
    for each in receipts.counted(connection, owner, start, end):
        if json.loads(each.counts)[REJECTED]:
            for line in (batches.results(connection, owner, each.batch) or "").splitlines():
                result = json.loads(line)
                if result["result"] == REJECTED:
                    yield _of_line(each, result)


def _of_line(batch: receipts.Counted, result: dict[str, Any]) -> Receipt:
    """A line refused; what it gave as its family or id only where that is one, for it might be anything."""
    family, source_id = result["family"], result["source_id"]
    return Receipt(
        batch.received_at,
        batch.batch,
        result["line"],
        family if family in BY_NAME else None,
        source_id if source_id and re.fullmatch(SOURCE_ID, source_id) else None,
        rules=" ".join(sorted({error["rule"] for error in result["errors"] if error["rule"]})),
    )
