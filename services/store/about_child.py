"""What sources say about one child, read across them.

Every query here is of the links in sight (`Scope.links`): those of the agencies
whose items may be shown. What is outside is never read, but for how many records
there are of it (`holdings`). The links are looked up first, so that each query is
of one table by its index, whatever the database knows of its contents.

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
    BigInteger,
    ColumnElement,
    Connection,
    CursorResult,
    Date,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    tuple_,
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

LINKS: Any = bindparam("links", expanding=True)
OWN_IDS: Any = bindparam("own_ids", expanding=True)
AGENCIES: Any = bindparam("agencies", expanding=True)
AS_AT = bindparam("as_at", type_=UtcInstant())


class Linked(NamedTuple):
    """A source's own id of a child, and since when it is linked to the child."""

    agency: str
    source: str
    source_id: str
    received_at: datetime


@dataclass(frozen=True)
class Scope:
    """The links whose items are to be read, and as at which instant: None for now."""

    links: Sequence[Linked]
    as_at: datetime | None = None

    @property
    def is_later(self) -> bool:
        return self.as_at is not None

    @property
    def agencies(self) -> frozenset[str]:
        return frozenset(one.agency for one in self.links)

    def parameters(self) -> dict[str, Any]:
        """On a later page without the links that were made since the first."""
        links = [one for one in self.links if self.as_at is None or one.received_at <= self.as_at]
        given: dict[str, Any] = {"links": [one[:3] for one in links], "own_ids": sorted({one[2] for one in links})}
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
    in_sight: bool
    count: int
    received_at: datetime | None
    recorded_at: datetime | None


def links_to(connection: Connection, child: str) -> list[Linked]:
    """Every source's own id of a child now, in sight or not."""
    columns = (LINK.c[name] for name in (*RECORD, "received_at"))
    query = select(*columns).where(LINK.c.child == child, LINK.c.superseded_at.is_(None))
    return [Linked(*row) for row in connection.execute(query)]


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
    return dict(bulk.select(connection, BODIES, ("source_agency", "seq"), wanted, _body))


BODIES = (
    "WITH wanted AS MATERIALIZED (SELECT source_agency, CAST(seq AS BIGINT) AS seq FROM {given})"
    " SELECT payload.seq, payload.body FROM wanted JOIN payload"
    " ON payload.seq = wanted.seq AND payload.source_agency = wanted.source_agency"
)
"""Cast apart: a cast of text may fail, and under row-level security PostgreSQL would do it after reading every row."""


def _body(seq: int, body: str) -> tuple[int, dict[str, Any]]:
    return seq, orjson.loads(body)


def holdings(
    connection: Connection, links: Sequence[Linked], agencies: frozenset[str], families: Sequence[str]
) -> list[Holding]:
    """What each agency that knows the child holds of these families, those out of sight too: how many, no more."""
    given = Scope(links).parameters() | {"agencies": sorted(agencies)}
    found = {row[:2]: row[2:] for row in connection.execute(_holdings(tuple(families)), given)}
    known = sorted({one.agency for one in links})
    nothing = (0, None, None)
    return [Holding(one, name, one in agencies, *found.get((one, name), nothing)) for one in known for name in families]


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


def _is_about(of: FromClause, family: str) -> ColumnElement[bool]:
    """Whether a family's row is about the child of one of the links: its source's own id of the child is the link's."""
    own_id = of.c.source_id if BY_NAME[family].is_child else of.c.child
    return and_(own_id.in_(OWN_IDS), tuple_(of.c.source_agency, of.c.source, own_id).in_(LINKS))


def _versions(family: str, columns: Sequence[str], is_later: bool) -> FromClause:
    """The current versions in sight of a family's records; on a later page, those of the first page's instant."""
    of = table(family)
    wanted = [of.c[name] for name in dict.fromkeys((*STAMP, *columns))]
    current = select(*wanted).where(_is_about(of, family), of.c.superseded_at.is_(None))
    if not is_later:
        return current.subquery()
    replaced = select(*wanted).select_from(_replaced_since(of, family)).where(of.c.superseded_at > AS_AT)
    return union_all(current.where(of.c.kept_at <= AS_AT), replaced.where(of.c.kept_at <= AS_AT)).subquery()


def _replaced_since(of: Table, family: str) -> FromClause:
    """Earlier versions, found by the journal, of records whose current version came after the first page."""
    now = of.alias("now")
    is_new = and_(_is_about(now, family), now.c.superseded_at.is_(None), now.c.kept_at > AS_AT)
    is_earlier = and_(_same_record(JOURNAL, now), JOURNAL.c.family == family, JOURNAL.c.version < now.c.version)
    is_it = and_(_is_about(of, family), of.c.source_agency == JOURNAL.c.source_agency, of.c.seq == JOURNAL.c.seq)
    return now.join(JOURNAL, and_(is_new, is_earlier)).join(of, is_it)


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
    return union_all(*(_holding(family) for family in families))


def _holding(family: str) -> Select[Any]:
    """How much each agency holds of a family; when it came only where that is in sight."""
    of = table(family)
    in_sight = of.c.source_agency.in_(AGENCIES)
    last = [func.max(case((in_sight, of.c[name]))) for name in ("kept_at", "recorded_at")]
    counted = select(of.c.source_agency, literal(family).label("family"), func.count(of.c.seq), *last)
    return counted.where(_is_about(of, family), of.c.superseded_at.is_(None)).group_by(of.c.source_agency)
