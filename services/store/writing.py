"""Writing records: what becomes of each put, then the journal, the tables and the outbox in one go.

Puts of one key apply in the order given. Of versions recorded at distinct
instants the latest wins whatever the order of arrival.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

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
    """What became of a put."""

    CREATED = "created"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    STALE = "stale"


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

    @property
    def key(self) -> Key:
        return self.family.name, self.source_id


@dataclass(frozen=True)
class Outcome:
    """What became of a put, and the version held after it; `same_instant`: it tied and won by being new."""

    result: Result
    version: int
    sha256: str
    same_instant: bool = False

    @property
    def accepted(self) -> bool:
        return self.result in (Result.CREATED, Result.REPLACED)


@dataclass
class Head:
    """What is held under a key, as a transaction goes on: version 0 is nothing yet."""

    version: int = 0
    seq: int | None = None
    sha256: str | None = None
    recorded_at: datetime = LONG_AGO


@dataclass(frozen=True)
class _Accepted:
    put: Put
    version: int
    seq: int


def put_records(
    connection: Connection, owner: Owner, puts: Sequence[Put], received_at: datetime, batch: str | None
) -> list[Outcome]:
    """Write puts in their order, in the caller's transaction; one outcome each."""
    heads = _locked_heads(connection, owner, sorted({put.key for put in puts}))
    before = {key: head.seq for key, head in heads.items()}
    outcomes = [_decided(connection, owner, heads[put.key], put) for put in puts]
    changed = [(put, outcome) for put, outcome in zip(puts, outcomes, strict=True) if outcome.accepted]
    seqs = allot(connection, len(changed))
    accepted = [_Accepted(put, outcome.version, seq) for (put, outcome), seq in zip(changed, seqs, strict=True)]
    _write(connection, owner, accepted, received_at, batch, before)
    return outcomes


def held_versions(connection: Connection, owner: Owner, keys: Iterable[Key]) -> dict[Key, int]:
    """The version held under each key, for those that hold one."""
    return {key: head.version for key, head in _heads(connection, owner, list(keys)).items()}


def _locked_heads(connection: Connection, owner: Owner, keys: Sequence[Key]) -> dict[Key, Head]:
    """The heads of these keys, made where they are missing, locked in the order of the keys."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(HELD).on_conflict_do_nothing()
    rows = [_identity(owner, family, source_id) | {"version": 0} for family, source_id in keys]
    if rows:
        connection.execute(insert, rows)
    return _heads(connection, owner, keys)


def _heads(connection: Connection, owner: Owner, keys: Sequence[Key]) -> dict[Key, Head]:
    found: dict[Key, Head] = {}
    for family in dict.fromkeys(family for family, _ in keys):
        for some in chunks(source_id for name, source_id in keys if name == family):
            for row in connection.execute(_held_under(owner, family, some)):
                known = {} if row.recorded_at is None else {"recorded_at": row.recorded_at}
                found[family, row.source_id] = Head(row.version, row.seq, row.sha256, **known)
    return found


def _held_under(owner: Owner, family: str, source_ids: Sequence[str]) -> Any:
    return (
        select(HELD)
        .where(HELD.c.source_agency == owner.agency, HELD.c.source == owner.source, HELD.c.family == family)
        .where(HELD.c.source_id.in_(source_ids))
        .order_by(HELD.c.source_id)
        .with_for_update()
    )


def _decided(connection: Connection, owner: Owner, head: Head, put: Put) -> Outcome:
    """What becomes of one put; moves the head on where it is accepted."""
    recorded_at = put.record.recorded_at
    ties = head.version > 0 and recorded_at == head.recorded_at
    if put.sha256 == head.sha256:
        return Outcome(Result.UNCHANGED, head.version, put.sha256)
    if recorded_at < head.recorded_at or (ties and _superseded_before(connection, owner, put)):
        return Outcome(Result.STALE, head.version, head.sha256 or "")
    result = Result.REPLACED if head.version else Result.CREATED
    head.version, head.sha256, head.recorded_at = head.version + 1, put.sha256, recorded_at
    return Outcome(result, head.version, put.sha256, same_instant=ties)


def _superseded_before(connection: Connection, owner: Owner, put: Put) -> bool:
    """Whether this very content was held under the key once and gave way to another."""
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
    last = {each.put.key: each for each in accepted}
    _insert(connection, JOURNAL, (_journal_row(owner, each, received_at, batch) for each in accepted))
    payloads = ({"seq": a.seq, "source_agency": owner.agency, "body": a.put.payload} for a in accepted)
    _insert(connection, PAYLOAD, payloads)
    _insert(connection, OUTBOX, (_outbox_row(owner, each.put) for each in accepted))
    _supersede(connection, {key: before[key] for key in last}, received_at)
    _insert_typed(connection, owner, list(last.values()), received_at)
    _move_heads(connection, owner, last.values())


def _journal_row(owner: Owner, each: _Accepted, received_at: datetime, batch: str | None) -> dict[str, Any]:
    return _identity(owner, *each.put.key) | {
        "seq": each.seq,
        "version": each.version,
        "op": "put",
        "contract_version": CONTRACT_VERSION,
        "recorded_at": each.put.record.recorded_at,
        "received_at": received_at,
        "batch": batch,
        "sha256": each.put.sha256,
    }


def _outbox_row(owner: Owner, put: Put) -> dict[str, Any]:
    return _identity(owner, *put.key) | {"type": "put"}


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
    family = each.put.family
    part: dict[str, Any] = {"seq": each.seq, "source_agency": owner.agency}
    root = part | {
        "source": owner.source,
        "source_id": each.put.source_id,
        "version": each.version,
        "kept_at": received_at,
    }
    for name, rows in each.put.rows.items():
        yield from ((name, (root if name == family.name else part) | row) for row in rows)


def _move_heads(connection: Connection, owner: Owner, accepted: Iterable[_Accepted]) -> None:
    keyed = [HELD.c[name] == bindparam(f"at_{name}") for name in ("source_agency", "source", "family", "source_id")]
    statement = update(HELD).where(*keyed)
    rows = [
        {f"at_{name}": value for name, value in _identity(owner, *each.put.key).items()}
        | {
            "version": each.version,
            "seq": each.seq,
            "sha256": each.put.sha256,
            "recorded_at": each.put.record.recorded_at,
        }
        for each in accepted
    ]
    connection.execute(statement, rows)


def _insert(connection: Connection, into: Table, rows: Iterable[dict[str, Any]]) -> None:
    listed = list(rows)
    if listed:
        connection.execute(into.insert(), listed)
