"""Writing records: what becomes of each change, then the journal, the tables and the heads in one go.

A change is a put or a retraction. Changes of one key apply in the order given;
of those recorded at distinct instants the latest wins whatever the order of
arrival. At equal instants a retraction wins over a put.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

import orjson
from sqlalchemy import Connection, Table

from schemas.record import CONTRACT_VERSION, Family, Record
from schemas.registry import BY_NAME
from schemas.tables import Row
from services.store import bulk
from services.store.columns import read_instant
from services.store.engine import Overtaken, clock_and_places
from services.store.family_tables import table
from services.store.tables import Held, Journal, Payload

HELD: Table = Held.__table__  # type: ignore[attr-defined]
JOURNAL: Table = Journal.__table__  # type: ignore[attr-defined]
PAYLOAD: Table = Payload.__table__  # type: ignore[attr-defined]

VERSIONS_KNOWN = 8
"""So many versions of a record, its newest, are known again by the lines that brought them."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Owner(NamedTuple):
    """Whose records these are: a source and its agency."""

    source: str
    agency: str


class Key(NamedTuple):
    """A record's natural key, with its source's agency."""

    agency: str
    source: str
    family: str
    source_id: str

    def columns(self) -> dict[str, str]:
        return dict(zip(KEY, self, strict=True))


KEY = ("source_agency", "source", "family", "source_id")


class Result(StrEnum):
    """What became of a change.

    UNKNOWN is a retraction of what was never held, DIFFERS another version than
    asked, ERASED what was recorded before the record was erased.
    """

    CREATED = "created"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    STALE = "stale"
    RETRACTED = "retracted"
    UNKNOWN = "unknown"
    DIFFERS = "differs"
    ERASED = "erased"


ACCEPTED = frozenset((Result.CREATED, Result.REPLACED, Result.RETRACTED))


@dataclass(frozen=True)
class Put:
    """One record to be held: checked, with its rows, its RFC 8785 form and that form's SHA-256."""

    family: Family
    source_id: str
    record: Record
    rows: Mapping[str, Sequence[Row]]
    payload: str
    sha256: str

    op: ClassVar[str] = "put"

    @property
    def recorded_at(self) -> datetime:
        return self.record.recorded_at

    @property
    def child_id(self) -> str | None:
        """The source's own id of the child that the record is about."""
        return self.family.child_of(self.source_id, self.record)


@dataclass(frozen=True)
class Retraction:
    """That a record is taken back, why, and the id it was merged into where there is one."""

    family: Family
    source_id: str
    recorded_at: datetime
    replaced_by: str | None
    payload: str
    sha256: str

    op: ClassVar[str] = "retract"
    rows: ClassVar[Mapping[str, Sequence[Row]]] = {}


Change = Put | Retraction


@dataclass(frozen=True, slots=True)
class Sent:
    """A change as its owner sent it.

    `if_match`: only where that version is held. `line_sha256`: of the line of a
    batch that it came in.
    """

    owner: Owner
    change: Change
    key: Key
    if_match: int | None = None
    line_sha256: str | None = None

    @classmethod
    def by(cls, owner: Owner, change: Change, if_match: int | None = None, line_sha256: str | None = None) -> "Sent":
        key = Key(owner.agency, owner.source, change.family.name, change.source_id)
        return cls(owner, change, key, if_match, line_sha256)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change, and the version held after it; `same_instant`: it tied and won by being new.

    `again` is a retraction of what was retracted already.
    """

    result: Result
    version: int
    sha256: str
    same_instant: bool = False
    again: bool = False

    @property
    def accepted(self) -> bool:
        return self.result in ACCEPTED


@dataclass(slots=True)
class Head:
    """What is held under a key, as a transaction goes on: version 0 is nothing yet."""

    version: int = 0
    seq: int | None = None
    sha256: str | None = None
    recorded_at: datetime = LONG_AGO
    is_retracted: bool = False
    gave_way: set[str] = field(default_factory=set)
    """Contents that this transaction has already seen give way."""

    @property
    def is_erased(self) -> bool:
        """Whether what was held was erased, at `recorded_at`."""
        return self.version > 0 and self.sha256 is None


class _Accepted(NamedTuple):
    sent: Sent
    version: int
    seq: int


def lock_heads(connection: Connection, keys: Iterable[Key]) -> dict[Key, Head]:
    """The heads of these keys, those that are there locked, in one order for all."""
    wanted = sorted(set(keys))
    locking = "" if connection.dialect.name == "sqlite" else " FOR UPDATE OF held"
    found = bulk.select(connection, f"{_HEADS}{locking}", KEY, wanted, _keyed_head) if wanted else []
    return {key: Head() for key in wanted} | dict(found)


_HEADS = (
    f"SELECT {', '.join(KEY)}, version, seq, sha256, recorded_at, is_retracted"
    f" FROM {{given}} JOIN held USING ({', '.join(KEY)}) ORDER BY {', '.join(KEY)}"
)


def _keyed_head(*row: Any) -> tuple[Key, Head]:
    version, seq, sha256, recorded_at, is_retracted = row[4:]
    return Key(*row[:4]), Head(version, seq, sha256, read_instant(recorded_at) or LONG_AGO, bool(is_retracted))


@dataclass(frozen=True, slots=True)
class Known:
    """What is held where a line of a batch comes again, with the source's own id of the child the line is about.

    `is_current`: that line brought it, and not an earlier version.
    """

    version: int
    sha256: str
    child_id: str | None
    is_current: bool


KeyedLine = tuple[Key, str]
"""A key, and the SHA-256 of a line of a batch with a record under it."""


def brought_by_lines(connection: Connection, lines: Sequence[KeyedLine]) -> dict[KeyedLine, Known]:
    """Of these lines, those that brought what is held just now or one of a few versions before; nothing is locked."""
    asked = [(*key, line_sha256) for key, line_sha256 in lines]
    return dict(bulk.select(connection, _BROUGHT, (*KEY, "line_sha256"), asked, _known)) if asked else {}


_GIVEN = ", ".join(f"given.{name}" for name in (*KEY, "line_sha256"))
_BROUGHT = (
    f"SELECT {_GIVEN}, held.version, held.sha256, held.child,"
    " CASE WHEN journal.version < held.version THEN payload.body END"
    f" FROM {{given}} JOIN held USING ({', '.join(KEY)}) JOIN journal USING ({', '.join(KEY)})"
    " JOIN payload ON payload.seq = journal.seq AND payload.source_agency = journal.source_agency"
    f" WHERE payload.line_sha256 = given.line_sha256 AND journal.version > held.version - {VERSIONS_KNOWN}"
    " AND journal.op = 'put' AND NOT held.is_retracted"
)


def _known(*row: Any) -> tuple[KeyedLine, Known]:
    *names, line_sha256, version, sha256, held_child_id, earlier = row
    key = Key(*names)
    child_id = _child_in(key, earlier) if earlier else held_child_id
    return (key, line_sha256), Known(version, sha256, child_id, not earlier)


def _child_in(key: Key, body: str) -> str | None:
    """The source's own id of the child that an earlier version was about."""
    return key.source_id if BY_NAME[key.family].is_child else orjson.loads(body).get("child")


def write_changes(
    connection: Connection, sent: Sequence[Sent], heads: Mapping[Key, Head], batch: str | None
) -> tuple[datetime, list[Outcome]]:
    """Write changes in their order, in the caller's transaction: when they were received, and one outcome each.

    What is written may be on its way still: the caller works `together`.

    `heads` are those of the changes' keys, locked (`lock_heads`); every other lock
    that the transaction needs is held too, since the clock is read here. Raises
    Overtaken where another transaction has since made a head that was not there.
    """
    before = {key: (head.version, head.seq) for key, head in heads.items()}
    outcomes = [_decided(connection, heads[each.key], each) for each in sent]
    taken = [(each, outcome.version) for each, outcome in zip(sent, outcomes, strict=True) if outcome.accepted]
    received_at, seqs = clock_and_places(connection, len(taken))
    accepted = [_Accepted(each, version, seq) for (each, version), seq in zip(taken, seqs, strict=True)]
    if accepted:
        _write(connection, accepted, received_at, batch, before)
    return received_at, outcomes


def _decided(connection: Connection, head: Head, sent: Sent) -> Outcome:
    """What becomes of one change; moves the head on where it is accepted."""
    if sent.if_match is not None and sent.if_match != head.version:
        return Outcome(Result.DIFFERS, head.version, head.sha256 or "")
    if isinstance(sent.change, Retraction):
        return _retraction_decided(head, sent.change)
    return _put_decided(connection, head, sent.key, sent.change)


def _put_decided(connection: Connection, head: Head, key: Key, put: Put) -> Outcome:
    if head.is_erased and put.recorded_at <= head.recorded_at:
        return Outcome(Result.ERASED, head.version, "")
    ties = head.version > 0 and put.recorded_at == head.recorded_at
    if put.sha256 == head.sha256 and not head.is_retracted:
        return Outcome(Result.UNCHANGED, head.version, put.sha256)
    lost = ties and (head.is_retracted or _superseded_before(connection, head, key, put))
    if put.recorded_at < head.recorded_at or lost:
        return Outcome(Result.STALE, head.version, head.sha256 or "")
    result = Result.REPLACED if head.version and not head.is_retracted else Result.CREATED
    _move_on(head, put)
    return Outcome(result, head.version, put.sha256, same_instant=ties)


def _retraction_decided(head: Head, change: Retraction) -> Outcome:
    if head.version == 0:
        return Outcome(Result.UNKNOWN, 0, "")
    again = head.is_retracted
    if head.is_erased or (again and change.recorded_at <= head.recorded_at):
        return Outcome(Result.UNCHANGED, head.version, head.sha256 or "", again=True)
    if change.recorded_at < head.recorded_at:
        return Outcome(Result.STALE, head.version, head.sha256 or "")
    _move_on(head, change)
    return Outcome(Result.RETRACTED, head.version, change.sha256, again=again)


def _move_on(head: Head, change: Change) -> None:
    head.gave_way.add(head.sha256 or "")
    head.version, head.sha256, head.recorded_at = head.version + 1, change.sha256, change.recorded_at
    head.is_retracted = isinstance(change, Retraction)


def _superseded_before(connection: Connection, head: Head, key: Key, put: Put) -> bool:
    """Whether this very content was held under the key once and gave way to another."""
    if put.sha256 in head.gave_way:
        return True
    return bool(bulk.select(connection, _ACCEPTED, (*KEY, "sha256"), [(*key, put.sha256)], lambda seq: seq))


_ACCEPTED = f"SELECT seq FROM {{given}} JOIN journal USING ({', '.join(KEY)}, sha256) LIMIT 1"


def _write(
    connection: Connection,
    accepted: Sequence[_Accepted],
    received_at: datetime,
    batch: str | None,
    before: Mapping[Key, tuple[int, int | None]],
) -> None:
    last = {each.sent.key: each for each in accepted}
    typed_rows = _make_heads(connection, last.values(), before)
    _move_heads(connection, [each for key, each in last.items() if before[key][0]])
    _keep(connection, accepted, received_at, batch)
    _supersede(connection, {key: before[key][1] for key in last}, received_at)
    for name, rows in typed_rows.items():
        stamp = {} if table(name).c.get("kept_at") is None else {"kept_at": received_at}
        bulk.insert(connection, table(name), rows, same=stamp)


def _make_heads(
    connection: Connection, accepted: Collection[_Accepted], before: Mapping[Key, tuple[int, int | None]]
) -> dict[str, list[Row]]:
    """Make the heads that were not there; raises Overtaken. The typed rows, gathered while the database is at it."""
    new = [each for each in accepted if not before[each.sent.key][0]]
    if not new:
        return _typed_rows(accepted)
    rows = [_head_row(each) for each in sorted(new, key=lambda each: each.sent.key)]
    with bulk.together(connection):
        made = bulk.insert_new(connection, HELD, rows)
        typed_rows = _typed_rows(accepted)
    if made() < len(rows):
        raise Overtaken
    return typed_rows


def _move_heads(connection: Connection, accepted: Sequence[_Accepted]) -> None:
    bulk.update(connection, HELD, KEY, [_head_row(each) for each in accepted])


def _head_row(each: _Accepted) -> dict[str, Any]:
    change = each.sent.change
    return each.sent.key.columns() | {
        "version": each.version,
        "seq": each.seq,
        "sha256": change.sha256,
        "recorded_at": change.recorded_at,
        "is_retracted": isinstance(change, Retraction),
        "replaced_by": change.replaced_by if isinstance(change, Retraction) else None,
        "child": change.child_id if isinstance(change, Put) else None,
    }


def _keep(connection: Connection, accepted: Sequence[_Accepted], received_at: datetime, batch: str | None) -> None:
    """The journal's rows, and what was sent."""
    journal = [
        each.sent.key.columns()
        | {
            "seq": each.seq,
            "version": each.version,
            "op": each.sent.change.op,
            "recorded_at": each.sent.change.recorded_at,
            "sha256": each.sent.change.sha256,
        }
        for each in accepted
    ]
    same = {"contract_version": CONTRACT_VERSION, "received_at": received_at, "batch": batch}
    bulk.insert(connection, JOURNAL, journal, same)
    payloads = [
        {
            "seq": each.seq,
            "source_agency": each.sent.owner.agency,
            "body": each.sent.change.payload,
            "line_sha256": each.sent.line_sha256,
        }
        for each in accepted
    ]
    bulk.insert(connection, PAYLOAD, payloads)


def _supersede(connection: Connection, before: Mapping[Key, int | None], received_at: datetime) -> None:
    """The versions that gave way are current no more."""
    ended: dict[str, list[Row]] = {}
    for key, seq in before.items():
        if seq is not None:
            ended.setdefault(key.family, []).append({"source_agency": key.agency, "seq": seq})
    for family, rows in ended.items():
        bulk.update(connection, table(family), ("source_agency", "seq"), rows, same={"superseded_at": received_at})


def _typed_rows(accepted: Iterable[_Accepted]) -> dict[str, list[Row]]:
    """The rows of the record families' tables, by table."""
    gathered: dict[str, list[Row]] = {}
    for each in accepted:
        for name, rows in each.sent.change.rows.items():
            if rows:
                gathered.setdefault(name, []).extend(_stamped(each, name, rows))
    return gathered


def _stamped(each: _Accepted, name: str, rows: Sequence[Row]) -> Iterator[Row]:
    change, owner = each.sent.change, each.sent.owner
    stamp: Row = {"seq": each.seq, "source_agency": owner.agency}
    if name == change.family.name:
        stamp |= {"source": owner.source, "source_id": change.source_id, "version": each.version}
    return (stamp | row for row in rows)
