"""What sources say about one child, read across them.

Every query here starts from the links in sight: those of the agencies whose
items may be shown (`Scope.agencies`). What is outside is never read, but for
how many records there are of it (`holdings`).

A list that is read page by page stays as it was when its first page was read
(`Scope.as_at`): a version that has been replaced since stands where it stood,
what came since is left out, and what was retracted or is out of sight now is
gone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    CursorResult,
    Date,
    FromClause,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
)

from quality.functions import local_date
from schemas.registry import BY_NAME
from services.store import bulk
from services.store.columns import UtcInstant
from services.store.family_tables import table
from services.store.tables import Journal, Link

LINK: Table = Link.__table__  # type: ignore[attr-defined]
JOURNAL: Table = Journal.__table__  # type: ignore[attr-defined]
STAMP = ("seq", "source_agency", "source", "source_id", "version", "recorded_at", "kept_at")
RECORD = ("source_agency", "source", "source_id")

CHILD = bindparam("child", type_=Text())
AGENCIES: Any = bindparam("agencies", expanding=True)
AS_AT = bindparam("as_at", type_=UtcInstant())


@dataclass(frozen=True)
class Scope:
    """A child, whose items are to be read, and as at which instant: None for now."""

    child: str
    agencies: frozenset[str]
    as_at: datetime | None = None

    @property
    def is_later(self) -> bool:
        return self.as_at is not None

    def parameters(self) -> dict[str, Any]:
        given: dict[str, Any] = {"child": self.child, "agencies": sorted(self.agencies)}
        return given | ({"as_at": self.as_at} if self.as_at else {})


class Place(NamedTuple):
    """Where something stands in a list about a child; what a cursor holds."""

    on: date
    recorded_at: datetime
    seq: int
    number: int


class Said(NamedTuple):
    """One thing that one version of a record says, and when that happened; `facts` are more of its columns."""

    family: str
    seq: int
    agency: str
    source: str
    source_id: str
    version: int
    recorded_at: datetime
    received_at: datetime
    happened_on: date | None
    number: int
    facts: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.agency, self.source, self.source_id

    @property
    def place(self) -> Place:
        return Place(self.happened_on or local_date(self.recorded_at), self.recorded_at, self.seq, self.number)


@dataclass(frozen=True)
class Holding:
    """How many records of a family an agency holds about a child, and, in sight, when it last sent one."""

    agency: str
    family: str
    count: int
    in_sight: bool
    received_at: datetime | None
    recorded_at: datetime | None


def records(
    connection: Connection, scope: Scope, family: str, happened: str | None, facts: tuple[str, ...] = ()
) -> list[Said]:
    """A family's records about the child; `happened` is the column that says when, `facts` are further ones."""
    return _said(connection, _records(family, happened, facts, scope.is_later), scope)


ENTRY_FACTS = ("event_type", "precision", "significance", "corrects", "disputed", "third_party")


def entries(connection: Connection, scope: Scope) -> list[Said]:
    """Chronology entries about the child; the fact `is_contributed`: made for others, at a meeting or out of others."""
    return _said(connection, _entries(scope.is_later), scope)


def looked_after_events(connection: Connection, scope: Scope) -> list[Said]:
    """Looked-after events of the child, every column a fact."""
    return _said(connection, _looked_after_events(scope.is_later), scope)


def bodies(connection: Connection, scope: Scope, said: Iterable[Said]) -> dict[int, dict[str, Any]]:
    """The records in sight as sent, by their place in the journal."""
    wanted = [(one.agency, str(one.seq)) for one in said if one.agency in scope.agencies]
    if not wanted:
        return {}
    return dict(bulk.select(connection, _BODIES, ("source_agency", "seq"), wanted, _body))


_BODIES = (
    "SELECT payload.seq, payload.body FROM {given} JOIN payload"
    " ON payload.seq = CAST(given.seq AS BIGINT) AND payload.source_agency = given.source_agency"
)


def _body(seq: int, body: str) -> tuple[int, dict[str, Any]]:
    return seq, orjson.loads(body)


def holdings(connection: Connection, scope: Scope, families: Sequence[str]) -> list[Holding]:
    """What each agency that knows the child holds of these families, those out of sight too: how many, no more."""
    found = connection.execute(_holdings(tuple(families)), scope.parameters())
    return [Holding(row[0], row[1], row[2], row[0] in scope.agencies, row[3], row[4]) for row in found]


class Candidate(NamedTuple):
    """What a current children record says that a search compares, and the child that it is linked to."""

    child: str
    given_name: str | None
    family_name: str | None
    date_of_birth: date | None
    sex: str | None
    chi: str | None
    scn: str | None
    home_postcode: str | None
    local_authority: str | None


def candidates(connection: Connection, column: str, value: Any) -> list[Candidate]:
    """Current, linked children records, of any agency, that hold a value: to be compared, never to be shown."""
    known = table("children")
    columns = (known.c[name] for name in Candidate._fields[1:])
    query = select(LINK.c.child, *columns).join(LINK, _same_record(known, LINK))
    current = known.c.superseded_at.is_(None), LINK.c.superseded_at.is_(None)
    return [Candidate(*row) for row in connection.execute(query.where(known.c[column] == value, *current))]


# --- the statements, each made once -------------------------------------------


@cache
def _links_in_sight(is_later: bool) -> CTE:
    """The links to the child in sight now; on a later page those of them that were there at the first."""
    links = select(*(LINK.c[name] for name in RECORD)).where(LINK.c.child == CHILD, LINK.c.superseded_at.is_(None))
    in_sight = links.where(LINK.c.source_agency.in_(AGENCIES))
    return (in_sight.where(LINK.c.received_at <= AS_AT) if is_later else in_sight).cte("in_sight")


def _said(connection: Connection, statement: Any, scope: Scope) -> list[Said]:
    found: CursorResult[Any] = connection.execute(statement, scope.parameters())
    fact_names = tuple(str(name) for name in found.keys())[len(STAMP) + 4 :]  # noqa: SIM118  (no mapping)
    return [_one(row, fact_names) for row in found.all()]


def _one(row: Any, fact_names: Sequence[str]) -> Said:
    family, number, on, at, *stamp = row[: 4 + len(STAMP)]
    facts = dict(zip(fact_names, row[4 + len(STAMP) :], strict=True))
    return Said._make((family, *stamp, local_date(at) if at else on, number, facts))


def _same_record(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    return and_(*(one.c[name] == other.c[name] for name in RECORD))


def _is_about(of: FromClause, family: str, link: FromClause) -> ColumnElement[bool]:
    """Whether a family's row is about the child of a link: its source's own id of the child is the link's."""
    own_id = of.c.source_id if BY_NAME[family].is_child else of.c.child
    return and_(of.c.source_agency == link.c.source_agency, of.c.source == link.c.source, own_id == link.c.source_id)


def _versions(family: str, columns: Sequence[str], is_later: bool) -> FromClause:
    """The current versions in sight of a family's records; on a later page, those of the first page's instant."""
    of, link = table(family), _links_in_sight(is_later)
    names = dict.fromkeys((*STAMP, *columns))
    wanted = [of.c[name] for name in names]
    current = select(*wanted).join(link, _is_about(of, family, link)).where(of.c.superseded_at.is_(None))
    if not is_later:
        return current.subquery()
    replaced = select(*wanted).select_from(_replaced_since(of, family, link)).where(of.c.superseded_at > AS_AT)
    return union_all(current.where(of.c.kept_at <= AS_AT), replaced.where(of.c.kept_at <= AS_AT)).subquery()


def _replaced_since(of: Table, family: str, link: CTE) -> FromClause:
    """Earlier versions, found by the journal, of records whose current version came after the first page."""
    now = of.alias("now")
    is_new = and_(_is_about(now, family, link), now.c.superseded_at.is_(None), now.c.kept_at > AS_AT)
    is_earlier = and_(_same_record(JOURNAL, now), JOURNAL.c.family == family, JOURNAL.c.version < now.c.version)
    is_it = and_(_is_about(of, family, link), of.c.seq == JOURNAL.c.seq)
    return link.join(now, is_new).join(JOURNAL, is_earlier).join(of, is_it)


def _row(family: str, of: FromClause, happened: ColumnElement[Any] | None, number: Any = 0) -> list[Any]:
    """The columns that every statement begins with: what `_one` reads."""
    on: ColumnElement[Any] = cast(null(), Date())
    at: ColumnElement[Any] = cast(null(), UtcInstant())
    if happened is not None and isinstance(happened.type, Date):
        on = happened
    elif happened is not None:
        at = happened
    told = literal(family).label("family"), cast(number, BigInteger()).label("number")
    return [*told, on.label("happened_on"), at.label("happened_at"), *(of.c[name] for name in STAMP)]


@cache
def _records(family: str, happened: str | None, facts: tuple[str, ...], is_later: bool) -> Select[Any]:
    of = _versions(family, [*facts, *([happened] if happened else [])], is_later)
    return select(*_row(family, of, of.c[happened] if happened else None), *(of.c[name] for name in facts))


@cache
def _entries(is_later: bool) -> Select[Any]:
    of = _versions("chronologies", [*ENTRY_FACTS, "happened_on", "contributed_at_meeting_on"], is_later)
    draws_on = table("chronologies_draws_on")
    draws = exists().where(draws_on.c.source_agency == of.c.source_agency, draws_on.c.seq == of.c.seq)
    contributed = case((of.c.contributed_at_meeting_on.is_not(None), True), else_=draws)
    facts = (of.c[name] for name in ENTRY_FACTS)
    return select(*_row("chronologies", of, of.c.happened_on), *facts, contributed.label("is_contributed"))


@cache
def _looked_after_events(is_later: bool) -> Select[Any]:
    of, part = _versions("care_episodes", (), is_later), table("looked_after_events")
    facts = [column for column in part.c if not column.primary_key and column.name != "happened_on"]
    head = _row("care_episodes", of, part.c.happened_on, part.c.position)
    return select(*head, *facts).join_from(of, part, _is_part(part, of))


def _is_part(part: Table, of: FromClause) -> ColumnElement[bool]:
    return and_(part.c.source_agency == of.c.source_agency, part.c.seq == of.c.seq)


@cache
def _holdings(families: tuple[str, ...]) -> Any:
    in_sight = LINK.c.source_agency.in_(AGENCIES).label("in_sight")
    links = select(*(LINK.c[name] for name in RECORD), in_sight)
    known = links.where(LINK.c.child == CHILD, LINK.c.superseded_at.is_(None)).cte("known")
    return union_all(*(_holding(family, known) for family in families))


def _holding(family: str, known: CTE) -> Select[Any]:
    """How much each agency that knows the child holds of a family; when it came only where that is in sight."""
    of = table(family)
    current = and_(_is_about(of, family, known), of.c.superseded_at.is_(None))
    last = [func.max(case((known.c.in_sight, of.c[name]))) for name in ("kept_at", "recorded_at")]
    counted = (known.c.source_agency, literal(family).label("family"), func.count(of.c.seq), *last)
    return select(*counted).select_from(known.outerjoin(of, current)).group_by(known.c.source_agency)
