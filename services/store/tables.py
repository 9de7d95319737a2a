"""The store's own tables: who posts, the journal, what is held, links and findings.

The record families' tables are derived in services.store.family_tables.
"""

from datetime import date, datetime

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from services.store.columns import BIG, UtcInstant


def _instant(nullable: bool = False) -> Column[datetime]:
    return Column(UtcInstant, nullable=nullable)


class About(SQLModel, table=True):
    """What is true of this store as a whole, such as that its people are made up."""

    __tablename__ = "about"
    name: str = Field(primary_key=True)
    value: str


class Source(SQLModel, table=True):
    """One posting system of one agency."""

    __tablename__ = "source"
    name: str = Field(primary_key=True, max_length=64)
    agency: str = Field(index=True)
    live_from: date | None = None
    created_at: datetime = Field(sa_column=_instant())


class Client(SQLModel, table=True):
    """Credentials of a source; several may be good at once while a secret is rotated."""

    __tablename__ = "client"
    client_id: str = Field(primary_key=True)
    source: str = Field(foreign_key="source.name", index=True)
    salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    secret_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    scopes: str
    created_at: datetime = Field(sa_column=_instant())
    expires_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class SigningKey(SQLModel, table=True):
    """The key that tokens are signed with, kept so that they survive a restart."""

    __tablename__ = "signing_key"
    key_id: str = Field(primary_key=True)
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(sa_column=_instant())


class Journal(SQLModel, table=True):
    """One row for each accepted version of a record: the evidence, never changed."""

    __tablename__ = "journal"
    __table_args__ = (
        UniqueConstraint("source_agency", "source", "family", "source_id", "version"),
        # Nearly free on PostgreSQL, for the journal is written in the order of receipt; SQLite makes it a plain one.
        Index("journal_by_receipt", "received_at", postgresql_using="brin"),
    )
    seq: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    source_agency: str
    source: str
    family: str
    source_id: str
    version: int = Field(sa_column=Column(BIG, nullable=False))
    op: str
    contract_version: int
    recorded_at: datetime = Field(sa_column=_instant())
    received_at: datetime = Field(sa_column=_instant())
    batch: str | None = None
    sha256: str


class Payload(SQLModel, table=True):
    """A version's record as sent, in its RFC 8785 form; apart from the journal, so that it can be erased."""

    __tablename__ = "payload"
    seq: int = Field(sa_column=Column(BIG, ForeignKey("journal.seq"), primary_key=True, autoincrement=False))
    source_agency: str
    body: str = Field(sa_column=Column(Text, nullable=False))


class Held(SQLModel, table=True):
    """What is held now under each natural key: one row a record, locked while it is written.

    A retracted record keeps its row: `replaced_by` is the id of the same source
    that it was merged into, where the source named one. `child` is the source's
    own id of the child that the record is about. `line_sha256` is that of the
    line of a batch that brought it, None where no batch did.
    """

    __tablename__ = "held"
    __table_args__ = (
        Index(
            "held_merged",
            "source_agency",
            "source",
            "replaced_by",
            sqlite_where=text("replaced_by IS NOT NULL"),
            postgresql_where=text("replaced_by IS NOT NULL"),
        ),
    )
    source_agency: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    family: str = Field(primary_key=True)
    source_id: str = Field(primary_key=True)
    version: int
    seq: int | None = Field(default=None, sa_column=Column(BIG))
    sha256: str | None = None
    recorded_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    is_retracted: bool = False
    replaced_by: str | None = None
    child: str | None = None
    line_sha256: str | None = None


class Child(SQLModel, table=True):
    """A child: an opaque id that only holds links."""

    __tablename__ = "child"
    child: str = Field(primary_key=True)
    created_at: datetime = Field(sa_column=_instant())


class Link(SQLModel, table=True):
    """That a source's children record is about a child, from one instant until another."""

    __tablename__ = "link"
    __table_args__ = (
        Index(
            "link_current",
            "source_agency",
            "source",
            "source_id",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index("link_child", "child"),
    )
    link: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))
    source_agency: str
    source: str
    source_id: str
    child: str = Field(foreign_key="child.child")
    how: str
    received_at: datetime = Field(sa_column=_instant())
    superseded_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class Entry(SQLModel):
    """What the changes feed says: what became of a record, and the child it was then about."""

    type: str
    source_agency: str
    source: str
    family: str
    source_id: str
    child: str | None = None
    previous_child: str | None = None


class Outbox(Entry, table=True):
    """What the changes feed has yet to number: one row for each accepted version and each link changed."""

    __tablename__ = "outbox"
    entry: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))


class Feed(Entry, table=True):
    """The changes feed: what was in the outbox, numbered once it was committed; `entry` was its place there."""

    __tablename__ = "feed"
    __table_args__ = (Index("feed_by_agency", "source_agency", "seq"),)
    seq: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    entry: int = Field(sa_column=Column(BIG, nullable=False))


class Batch(SQLModel, table=True):
    """One batch as it was answered: its counts as JSON, its lines' results as NDJSON, kept until an instant.

    `is_validation`: it was only to be seen what would become of it.
    """

    __tablename__ = "batch"
    __table_args__ = (
        Index("batch_by_receipt", "source_agency", "source", "received_at"),
        Index("batch_by_end", "source_agency", "source", "kept_until"),
    )
    batch: str = Field(primary_key=True)
    source_agency: str
    source: str
    received_at: datetime = Field(sa_column=_instant())
    kept_until: datetime = Field(sa_column=_instant())
    is_validation: bool
    counts: str
    results: str = Field(sa_column=Column(Text, nullable=False))


class IdempotencyKey(SQLModel, table=True):
    """A key that a source sent with a batch, until an instant: what was asked, and the batch that it was."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("idempotency_key_by_end", "source_agency", "source", "kept_until"),)
    source_agency: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_sha256: str
    batch: str
    kept_until: datetime = Field(sa_column=_instant())


class QualityRun(SQLModel, table=True):
    """One pass of the catalogue over the store."""

    __tablename__ = "quality_run"
    run: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))
    started_at: datetime = Field(sa_column=_instant())
    today: date


class QualityResult(SQLModel, table=True):
    """What became of one rule in one run."""

    __tablename__ = "quality_result"
    run: int = Field(sa_column=Column(BIG, ForeignKey("quality_run.run"), primary_key=True))
    rule: str = Field(primary_key=True)
    status: str
    denominator: int | None = Field(default=None, sa_column=Column(BIG))
    failed: int | None = Field(default=None, sa_column=Column(BIG))
    why: str = ""


class Finding(SQLModel, table=True):
    """One rule broken at one place of one record, or by one figure of an agency, from when it was first seen."""

    __tablename__ = "finding"
    __table_args__ = (
        UniqueConstraint("source_agency", "source", "family", "source_id", "rule", "pointer"),
        Index("finding_by_agency", "source_agency", "finding"),
    )
    finding: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))
    rule: str
    severity: str
    source_agency: str
    source: str
    family: str
    source_id: str
    pointer: str
    state: str
    first_seen: datetime = Field(sa_column=_instant())
    last_seen: datetime = Field(sa_column=_instant())
