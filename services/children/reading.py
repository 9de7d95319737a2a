"""What every reading about a child has in common: what is asked, the page, and how an item is told."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from quality.functions import local_date
from schemas.codelists import code_list
from schemas.registry import BY_NAME
from services.access.asker import Asker
from services.access.redaction import redacted
from services.access.sight import Sight
from services.errors import BadRequest
from services.store import about_child
from services.store.about_child import Linked, Place, Said, Scope

CURSOR_LIFETIME = timedelta(days=1)
"""For how long a list can be read on as it was at its first page."""
Json = dict[str, Any]
"""What is answered as JSON; days and instants are still to be written as text."""


class Placed(Protocol):
    """What has a place in a list."""

    @property
    def place(self) -> Place: ...

    @property
    def received_at(self) -> datetime: ...


P = TypeVar("P", bound=Placed)


@dataclass(frozen=True)
class Cursor:
    """Where a page ended, and as at which instant the list was first read."""

    as_at: datetime
    after: Place

    def text(self) -> str:
        on, recorded_at, seq, number = self.after
        held = [self.as_at.isoformat(), on.isoformat(), recorded_at.isoformat(), seq, number]
        return base64.urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, now: datetime) -> "Cursor":
        """The cursor that a page gave out; raises BadRequest for another text, and for one of long ago."""
        try:
            as_at, on, recorded_at, seq, number = json.loads(
                base64.b64decode(text + "=" * (-len(text) % 4), b"-_", True)
            )
            after = Place(date.fromisoformat(on), _instant(recorded_at), _number(seq), _number(number))
            found = cls(_instant(as_at), after)
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise BadRequest("after is the `next` of the page before") from None
        if not now - CURSOR_LIFETIME <= found.as_at <= now + CURSOR_LIFETIME:
            raise BadRequest("This list was begun too long ago to be read on; begin again without `after`")
        return found


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError("not a number")
    return value


@dataclass(frozen=True)
class Asked:
    """What a request asks of a view: the page (of the access log, after which entry), and for a chronology whose."""

    limit: int = 100
    cursor: Cursor | None = None
    entry: int = 0
    view: str = "multi"
    agency: str | None = None


@dataclass(frozen=True)
class Reading:
    """One reading about a child: who asks, what they may see, what they ask, and when."""

    connection: Connection
    asker: Asker
    sight: Sight
    links: Sequence[Linked]
    asked: Asked
    at: datetime

    @property
    def today(self) -> date:
        return local_date(self.at)

    @property
    def scope(self) -> Scope:
        """Whose items are read: those in sight, or of those the one that is asked for."""
        return Scope(self._in_sight, self.asked.cursor.as_at if self.asked.cursor else None)

    @property
    def now(self) -> Scope:
        """The same as it is now, whatever page is asked for."""
        return Scope(self._in_sight)

    @property
    def _in_sight(self) -> list[Linked]:
        agencies = self.sight.agencies & {self.asked.agency} if self.asked.agency else self.sight.agencies
        return [one for one in self.links if one.agency in agencies]

    def page(self, items: Iterable[P]) -> tuple[list[P], str | None]:
        """Of all items the ones of the page, in order, and where to go on."""
        cursor = self.asked.cursor
        in_order = sorted(items, key=lambda one: one.place)
        rest = [one for one in in_order if one.place > cursor.after] if cursor else in_order
        some = rest[: self.asked.limit]
        if len(rest) == len(some):
            return some, None
        as_at = cursor.as_at if cursor else max(one.received_at for one in in_order)
        return some, Cursor(as_at, some[-1].place).text()

    def told(self, said: Said, record: Mapping[str, Any], **more: Any) -> Json:
        """An item: who says so, when it happened and was recorded, and the record as it may be shown."""
        shown = redacted(BY_NAME[said.family], record, self.sight)
        # The source's own id of the child is its own affair: the answer is about the opaque id.
        shown.pop("child", None)
        item = source_of(said)
        item.update(more, record=shown)
        return item


@dataclass(frozen=True)
class Shown:
    """What a view answers, the items in it, and the records told or drawn on where those are others."""

    body: Json
    items: Sequence[Json]
    drawn_on: Sequence[Json] = ()


def source_of(said: Said) -> Json:
    """Who says it, and when."""
    return {
        "agency": said.agency,
        "agency_name": agency_name(said.agency),
        "source": said.source,
        "family": said.family,
        "source_id": said.source_id,
        "version": said.version,
        "happened_on": said.happened_on,
        "recorded_at": said.recorded_at,
        "received_at": said.received_at,
    }


@cache
def agency_name(agency: str) -> str:
    """What an agency is called; its code where no list names it."""
    row = code_list("agencies").rows.get(agency)
    return row["label"] if row else agency


def listed(reading: Reading, family: str, happened: str | None) -> Shown:
    """A page of a family's records about the child, the earliest first."""
    page, after = reading.page(about_child.records(reading.connection, reading.scope, family, happened))
    bodies = about_child.bodies(reading.connection, reading.scope, page)
    items = [reading.told(one, bodies[one.seq]) for one in page]
    return Shown({"items": items, "next": after}, items)
