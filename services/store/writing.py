"""Writing records: what becomes of each change, then the journal, the tables and the outbox in one go.

A change is a put or a retraction. Changes of one key apply in the order given;
of those recorded at distinct instants the latest wins whatever the order of
arrival. At equal instants a retraction wins over a put.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Connection, Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from schemas.record import CONTRACT_VERSION, Family, Record
from schemas.tables import Row
from services.store.chunks import chunks
from services.store.engine import allot
from services.store.family_tables import table
from services.store.tables import Held, Journal, Outbox, Payload

HELD: Table = Held.__table__  # type: ignore[attr-defined]
JOURNAL: Table = Journal.__table__  # type: ignore[attr-defined]
PAYLOAD: Table = Payload.__table__  # type: ignore[attr-defined]
OUTBOX: Table = Outbox.__table__  # type: ignore[attr-defined]

LONG_AGO = datetime.min.replace(tzinfo=UTC)

Key = tuple[str, str]
"""A record's family and source_id, within one source."""


class Result(StrEnum):
    """What became of a change; UNKNOWN is a retraction of what was never held."""

    CREATED = "created"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    STALE = "stale"
    RETRACTED = "retracted"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Owner:
    """Whose records these are: a source and its agency."""

    source: str
    agency: str


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
    def key(self) -> Key:
        return self.family.name, self.source_id

    @property
    def recorded_at(self) -> datetime:
        return self.record.recorded_at


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

    @property
    def key(self) -> Key:
        return self.family.name, self.source_id


Change = Put | Retraction


@dataclass(frozen=True)
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
        return self.result in (Result.CREATED, Result.REPLACED, Result.RETRACTED)


@dataclass
class Head:
    """What is held under a key, as a transaction goes on: version 0 is nothing yet."""

    version: int = 0
    seq: int | None = None
    sha256: str | None = None
    recorded_at: datetime = LONG_AGO
    is_retracted: bool = False
    gave_way: set[str] = field(default_factory=set)
    """Contents that this transaction has already seen give way."""


@dataclass(frozen=True)
class _Accepted:
    change: Change
    version: int
    seq: int


def write_changes(
    connection: Connection,
    owner: Owner,
    changes: Sequence[Change],
    heads: Mapping[Key, Head],
    received_at: datetime,
    batch: str | None,
) -> list[Outcome]:
    """Write changes in their order, in the caller's transaction; one outcome each.

    `heads` are those of the changes' keys, locked (`lock_heads`) before `received_at` was read.
    """
    before = {key: head.seq for key, head in heads.items()}
    outcomes = [_decided(connection, owner, heads.get(change.key, Head()), change) for change in changes]
    taken = [(change, outcome) for change, outcome in zip(changes, outcomes, strict=True) if outcome.accepted]
    seqs = allot(connection, len(taken))
    accepted = [_Accepted(change, outcome.version, seq) for (change, outcome), seq in zip(taken, seqs, strict=True)]
    _write(connection, owner, accepted, received_at, batch, before)
    return outcomes


def held_versions(connection: Connection, owner: Owner, keys: Iterable[Key]) -> dict[Key, int]:
    """The version held under each key, for those that hold one."""
    return {key: head.version for key, head in _heads(connection, owner, list(keys)).items()}


def lock_heads(connection: Connection, owner: Owner, changes: Sequence[Change]) -> dict[Key, Head]:
    """The heads of the changes' keys, locked in their order; made where a put misses one."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(HELD).on_conflict_do_nothing()
    keys = sorted({change.key for change in changes if isinstance(change, Put)})
    if keys:
        nothing = {"version": 0, "is_retracted": False}
        connection.execute(insert, [_identity(owner, *key) | nothing for key in keys])
    return _heads(connection, owner, sorted({change.key for change in changes}))


def _heads(connection: Connection, owner: Owner, keys: Sequence[Key]) -> dict[Key, Head]:
    found: dict[Key, Head] = {}
    for family in dict.fromkeys(family for family, _ in keys):
        for some in chunks(source_id for name, source_id in keys if name == family):
            for row in connection.execute(_held_under(owner, family, some)):
                recorded_at = row.recorded_at or LONG_AGO
                found[family, row.source_id] = Head(row.version, row.seq, row.sha256, recorded_at, row.is_retracted)
    return found


def _held_under(owner: Owner, family: str, source_ids: Sequence[str]) -> Any:
    return (
        select(HELD)
        .where(HELD.c.source_agency == owner.agency, HELD.c.source == owner.source, HELD.c.family == family)
        .where(HELD.c.source_id.in_(source_ids))
        .order_by(HELD.c.source_id)
        .with_for_update()
    )


def _decided(connection: Connection, owner: Owner, head: Head, change: Change) -> Outcome:
    """What becomes of one change; moves the head on where it is accepted."""
    if isinstance(change, Retraction):
        return _retraction_decided(head, change)
    ties = head.version > 0 and change.recorded_at == head.recorded_at
    if change.sha256 == head.sha256 and not head.is_retracted:
        return Outcome(Result.UNCHANGED, head.version, change.sha256)
    lost = ties and (head.is_retracted or _superseded_before(connection, owner, head, change))
    if change.recorded_at < head.recorded_at or lost:
        return Outcome(Result.STALE, head.version, head.sha256 or "")
    result = Result.REPLACED if head.version and not head.is_retracted else Result.CREATED
    _move_on(head, change)
    return Outcome(result, head.version, change.sha256, same_instant=ties)


def _retraction_decided(head: Head, change: Retraction) -> Outcome:
    if head.version == 0:
        return Outcome(Result.UNKNOWN, 0, "")
    again = head.is_retracted
    if again and change.recorded_at <= head.recorded_at:
        return Outcome(Result.UNCHANGED, head.version, head.sha256 or "", again=True)
    if change.recorded_at < head.recorded_at:
        return Outcome(Result.STALE, head.version, head.sha256 or "")
    _move_on(head, change)
    return Outcome(Result.RETRACTED, head.version, change.sha256, again=again)


def _move_on(head: Head, change: Change) -> None:
    head.gave_way.add(head.sha256 or "")
    head.version, head.sha256, head.recorded_at = head.version + 1, change.sha256, change.recorded_at
    head.is_retracted = isinstance(change, Retraction)


def _superseded_before(connection: Connection, owner: Owner, head: Head, put: Put) -> bool:
    """Whether this very content was held under the key once and gave way to another."""
    if put.sha256 in head.gave_way:
        return True
    earlier = select(JOURNAL.c.seq).where(
        JOURNAL.c.source_agency == owner.agency,
        JOURNAL.c.source == owner.source,
        JOURNAL.c.family == put.family.name,
        JOURNAL.c.source_id == put.source_id,
        JOURNAL.c.sha256 == put.sha256,
    )
    return connection.execute(earlier.limit(1)).first() is not None


def _write(
    connection: Connection,
    owner: Owner,
    accepted: Sequence[_Accepted],
    received_at: datetime,
    batch: str | None,
    before: Mapping[Key, int | None],
) -> None:
    if not accepted:
        return
    last = {each.change.key: each for each in accepted}
    _insert(connection, JOURNAL, (_journal_row(owner, each, received_at, batch) for each in accepted))
    payloads = ({"seq": a.seq, "source_agency": owner.agency, "body": a.change.payload} for a in accepted)
    _insert(connection, PAYLOAD, payloads)
    _insert(connection, OUTBOX, (_outbox_row(owner, each.change) for each in accepted))
    _supersede(connection, {key: before[key] for key in last}, received_at)
    _insert_typed(connection, owner, list(last.values()), received_at)
    _move_heads(connection, owner, last.values())


def _journal_row(owner: Owner, each: _Accepted, received_at: datetime, batch: str | None) -> dict[str, Any]:
    return _identity(owner, *each.change.key) | {
        "seq": each.seq,
        "version": each.version,
        "op": each.change.op,
        "contract_version": CONTRACT_VERSION,
        "recorded_at": each.change.recorded_at,
        "received_at": received_at,
        "batch": batch,
        "sha256": each.change.sha256,
    }


def _outbox_row(owner: Owner, change: Change) -> dict[str, Any]:
    return _identity(owner, *change.key) | {"type": change.op}


def _identity(owner: Owner, family: str, source_id: str) -> dict[str, Any]:
    return {"source_agency": owner.agency, "source": owner.source, "family": family, "source_id": source_id}


def _supersede(connection: Connection, before: Mapping[Key, int | None], received_at: datetime) -> None:
    """The versions that gave way are current no more."""
    for family in dict.fromkeys(family for family, _ in before):
        seqs = [seq for (name, _), seq in before.items() if name == family and seq is not None]
        rows = table(family)
        for some in chunks(seqs):
            connection.execute(update(rows).where(rows.c.seq.in_(some)).values(superseded_at=received_at))


def _insert_typed(connection: Connection, owner: Owner, accepted: Sequence[_Accepted], received_at: datetime) -> None:
    gathered: dict[str, list[dict[str, Any]]] = {}
    for each in accepted:
        for name, row in _typed_rows(owner, each, received_at):
            gathered.setdefault(name, []).append(row)
    for name, rows in gathered.items():
        _insert(connection, table(name), rows)


def _typed_rows(owner: Owner, each: _Accepted, received_at: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    family = each.change.family
    part: dict[str, Any] = {"seq": each.seq, "source_agency": owner.agency}
    root = part | {
        "source": owner.source,
        "source_id": each.change.source_id,
        "version": each.version,
        "kept_at": received_at,
    }
    for name, rows in each.change.rows.items():
        yield from ((name, (root if name == family.name else part) | row) for row in rows)


def _move_heads(connection: Connection, owner: Owner, accepted: Iterable[_Accepted]) -> None:
    keyed = [HELD.c[name] == bindparam(f"at_{name}") for name in ("source_agency", "source", "family", "source_id")]
    statement = update(HELD).where(*keyed)
    rows = [
        {f"at_{name}": value for name, value in _identity(owner, *each.change.key).items()}
        | {
            "version": each.version,
            "seq": each.seq,
            "sha256": each.change.sha256,
            "recorded_at": each.change.recorded_at,
            "is_retracted": isinstance(each.change, Retraction),
            "replaced_by": each.change.replaced_by if isinstance(each.change, Retraction) else None,
        }
        for each in accepted
    ]
    connection.execute(statement, rows)


def _insert(connection: Connection, into: Table, rows: Iterable[dict[str, Any]]) -> None:
    listed = list(rows)
    if listed:
        connection.execute(into.insert(), listed)
