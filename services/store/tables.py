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
    """Credentials of a source; several may be good at once while they are rotated.

    A client has a secret, of which the salted hash is kept, or a public key as PEM,
    or is known to an external issuer, whose `iss` is kept.
    """

    __tablename__ = "client"
    client_id: str = Field(primary_key=True)
    source: str = Field(foreign_key="source.name", index=True)
    salt: bytes | None = Field(default=None, sa_column=Column(LargeBinary), repr=False)
    secret_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary), repr=False)
    public_key: str | None = Field(default=None, sa_column=Column(Text))
    issuer: str | None = None
    scopes: str
    created_at: datetime = Field(sa_column=_instant())
    expires_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class SigningKey(SQLModel, table=True):
    """A key that tokens are signed with, kept so that they survive a restart; a former one has an end."""

    __tablename__ = "signing_key"
    key_id: str = Field(primary_key=True)
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False), repr=False)
    created_at: datetime = Field(sa_column=_instant())
    expires_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class UsedAssertion(SQLModel, table=True):
    """A client assertion that was used, until it could not be used anyhow."""

    __tablename__ = "used_assertion"
    client_id: str = Field(primary_key=True)
    jti: str = Field(primary_key=True)
    kept_until: datetime = Field(sa_column=_instant())


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
    """A version's record as sent, in its RFC 8785 form; apart from the journal, so that it can be erased.

    `line_sha256` is that of the line of a batch that brought it, None where no batch did.
    """

    __tablename__ = "payload"
    seq: int = Field(sa_column=Column(BIG, ForeignKey("journal.seq"), primary_key=True, autoincrement=False))
    source_agency: str
    body: str = Field(sa_column=Column(Text, nullable=False))
    line_sha256: str | None = None


class Audit(SQLModel, table=True):
    """One row for each act that must be on record: who asked or did what, as whom, what for; never changed.

    `detail` is the RFC 8785 form of what else is told, never personal data.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_by_child", "child", "entry"),
        Index("audit_by_worker", "worker", "at"),
        Index("audit_by_source", "source", "at"),
    )
    entry: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))
    at: datetime = Field(sa_column=_instant())
    agency: str
    source: str
    client_id: str
    act: str
    what: str
    child: str | None = None
    worker: str | None = None
    role: str | None = None
    purpose: str | None = None
    request_id: str
    detail: str = Field(sa_column=Column(Text, nullable=False))


class AuditSeal(SQLModel, table=True):
    """Entries of one agency in a log (audit, journal) sealed together, chained to the seal before.

    No entry of the agency up to `sealed_to` is outside this seal and those before
    it. `lineage` tells a database from one restored from it.
    """

    __tablename__ = "audit_seal"
    __table_args__ = (Index("audit_seal_by_reach", "log", "sealed_to"),)
    log: str = Field(primary_key=True)
    agency: str = Field(primary_key=True)
    number: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    first_entry: int = Field(sa_column=Column(BIG, nullable=False))
    last_entry: int = Field(sa_column=Column(BIG, nullable=False))
    sealed_to: int = Field(sa_column=Column(BIG, nullable=False))
    entry_count: int
    root: str
    previous: str
    lineage: str
    sealed_at: datetime = Field(sa_column=_instant())
    hash: str


class Tombstone(SQLModel, table=True):
    """That versions of a record were erased: what they said is gone, their rows in the journal stay; never changed.

    `digest` is the SHA-256 over `seq`, tab, `sha256`, newline of those rows: by it,
    and by the audit, which has the tombstone's own SHA-256, it is proved. `child`
    is the opaque id.
    """

    __tablename__ = "tombstone"
    __table_args__ = (
        Index("tombstone_by_record", "source_agency", "source", "family", "source_id"),
        Index("tombstone_by_child", "child"),
    )
    tombstone: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))
    source_agency: str
    source: str
    family: str
    source_id: str
    child: str | None = None
    first_version: int = Field(sa_column=Column(BIG, nullable=False))
    last_version: int = Field(sa_column=Column(BIG, nullable=False))
    first_seq: int = Field(sa_column=Column(BIG, nullable=False))
    last_seq: int = Field(sa_column=Column(BIG, nullable=False))
    digest: str
    erased_at: datetime = Field(sa_column=_instant())
    reason: str
    legal_ground: str
    by_worker: str


class Held(SQLModel, table=True):
    """What is held now under each natural key: one row a record, locked while it is written.

    A retracted record keeps its row: `replaced_by` is the id of the same source
    that it was merged into, where the source named one. So does an erased one,
    which is retracted and has no `sha256`; it was erased at `recorded_at`. `child` is the source's
    own id of the child that the record is about.
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
        Index(
            "link_changed",
            "source_agency",
            "source",
            "source_id",
            sqlite_where=text("how = 'identity_change'"),
            postgresql_where=text("how = 'identity_change'"),
        ),
    )
    link: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))
    source_agency: str
    source: str
    source_id: str
    child: str = Field(foreign_key="child.child")
    how: str
    received_at: datetime = Field(sa_column=_instant())
    superseded_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class Officer(SQLModel, table=True):
    """One of the named officers of an agency who alone may see children whose identity changed."""

    __tablename__ = "officer"
    agency: str = Field(primary_key=True)
    worker: str = Field(primary_key=True)
    added_at: datetime = Field(sa_column=_instant())


class Asked(SQLModel):
    """About which child, by whom and what for."""

    child: str = Field(foreign_key="child.child")
    agency: str
    source: str
    client_id: str
    worker: str
    role: str
    purpose: str


class BreakGlass(Asked, table=True):
    """That a worker was let see a child for a time on a reason of their own, whatever else forbade it."""

    __tablename__ = "break_glass"
    __table_args__ = (Index("break_glass_by_child", "child", "agency", "worker"),)
    grant_id: str = Field(primary_key=True)
    reason: str = Field(sa_column=Column(Text, nullable=False))
    granted_at: datetime = Field(sa_column=_instant())
    expires_at: datetime = Field(sa_column=_instant())


class Notice(SQLModel, table=True):
    """What an agency's officers are to look into, and what they made of it; `by_agency`: whose worker it was."""

    __tablename__ = "notice"
    __table_args__ = (Index("notice_by_agency", "agency", "notice"),)
    notice: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))
    agency: str
    at: datetime = Field(sa_column=_instant())
    kind: str
    child: str
    by_agency: str
    grant_id: str | None = Field(default=None, foreign_key="break_glass.grant_id")
    state: str
    note: str | None = Field(default=None, sa_column=Column(Text))
    reviewed_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    reviewed_by: str | None = None


class SharingDecision(Asked, table=True):
    """That an agency shared something about a child, or decided not to: with whom, what, why and on what basis."""

    __tablename__ = "sharing_decision"
    __table_args__ = (Index("sharing_decision_by_child", "child", "decision"),)
    decision: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))
    at: datetime = Field(sa_column=_instant())
    is_shared: bool
    shared_with: str
    shared_with_role: str | None = None
    what: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    lawful_basis: str | None = None
    consent: str


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
    """The changes feed: what was in the outbox, numbered once it was committed; `entry` was its place there.

    `for_agency` is who follows it: the source's own agency, and in a copy of its
    own each other one that saw that agency's items about the child by then.
    """

    __tablename__ = "feed"
    __table_args__ = (Index("feed_by_agency", "for_agency", "seq"),)
    seq: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    entry: int = Field(sa_column=Column(BIG, nullable=False))
    for_agency: str


class Visible(SQLModel, table=True):
    """That an agency sees another's items about a child, as the feed told it last: from which number on."""

    __tablename__ = "visible"
    child: str = Field(primary_key=True)
    agency: str = Field(primary_key=True)
    of_agency: str = Field(primary_key=True)
    since_seq: int = Field(sa_column=Column(BIG, nullable=False))


class VisibleDue(SQLModel, table=True):
    """A child of whom a day to come changes who sees what: as a plan begins or ends on it."""

    __tablename__ = "visible_due"
    __table_args__ = (Index("visible_due_by_day", "due_on"),)
    child: str = Field(primary_key=True)
    due_on: date


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


class Scorecard(SQLModel, table=True):
    """What one run said of one agency's records of a family and year, on one side of quality.

    Beside it what was said of last year's, and of similar agencies' together (empty where there are too few).
    """

    __tablename__ = "scorecard"
    __table_args__ = (Index("scorecard_by_agency", "run", "source_agency"),)
    scorecard: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))
    run: int = Field(sa_column=Column(BIG, ForeignKey("quality_run.run"), nullable=False))
    source_agency: str
    family: str
    dimension: str
    year: str
    tested: int = Field(sa_column=Column(BIG, nullable=False))
    failed: int = Field(sa_column=Column(BIG, nullable=False))
    last_tested: int | None = Field(default=None, sa_column=Column(BIG))
    last_failed: int | None = Field(default=None, sa_column=Column(BIG))
    similar_tested: int | None = Field(default=None, sa_column=Column(BIG))
    similar_failed: int | None = Field(default=None, sa_column=Column(BIG))
    score_is_unusual: bool
    count_is_unusual: bool


class RuleGain(SQLModel, table=True):
    """What one run said an agency has to put right: by rule, whose records and children, and how many would pass."""

    __tablename__ = "rule_gain"
    run: int = Field(sa_column=Column(BIG, ForeignKey("quality_run.run"), primary_key=True))
    source_agency: str = Field(primary_key=True)
    family: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    records: int = Field(sa_column=Column(BIG, nullable=False))
    children: int = Field(sa_column=Column(BIG, nullable=False))
    gained: int = Field(sa_column=Column(BIG, nullable=False))


class ReasonCount(SQLModel, table=True):
    """How many of the reasons that a council owes got one answer, of one year, in one run."""

    __tablename__ = "reason_count"
    run: int = Field(sa_column=Column(BIG, ForeignKey("quality_run.run"), primary_key=True))
    source_agency: str = Field(primary_key=True)
    year: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    answer: str = Field(primary_key=True)
    answers: int = Field(sa_column=Column(BIG, nullable=False))


class Finding(SQLModel, table=True):
    """One rule broken at one place of one record, or by one figure of an agency, from when it was first seen.

    `seq` is the version that it was last seen in (0: of a figure), `content` a hash of the values that the
    rule speaks of there. The last columns are the explanation in force, where there is one.
    """

    __tablename__ = "finding"
    __table_args__ = (
        UniqueConstraint("source_agency", "source", "family", "source_id", "rule", "pointer"),
        Index("finding_by_agency", "source_agency", "state", "finding"),
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
    seq: int | None = Field(default=None, sa_column=Column(BIG))
    content: str = ""
    reason: str | None = None
    note: str | None = None
    by_source: str | None = None
    by_worker: str | None = None
    explained_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    expires_on: date | None = None


class FindingEvent(SQLModel, table=True):
    """What happened to a finding, never changed: the state that it came to, and who said why where a person did."""

    __tablename__ = "finding_event"
    __table_args__ = (Index("finding_event_by_finding", "finding", "event"),)
    event: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))
    finding: int = Field(sa_column=Column(BIG, ForeignKey("finding.finding"), nullable=False))
    at: datetime = Field(sa_column=_instant())
    what: str
    state: str
    reason: str | None = None
    note: str | None = None
    by_source: str | None = None
    by_worker: str | None = None
    expires_on: date | None = None


class SignOff(SQLModel, table=True):
    """That an agency vouches for what it had sent by an instant, of a period; one person prepares it, another signs.

    `digest` is the SHA-256 over what its holdings and counts say; nothing of it changes but the last columns.
    """

    __tablename__ = "sign_off"
    __table_args__ = (Index("sign_off_by_agency", "source_agency", "sign_off"),)
    sign_off: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))
    source_agency: str
    run: int = Field(sa_column=Column(BIG, ForeignKey("quality_run.run"), nullable=False))
    as_at: datetime = Field(sa_column=_instant())
    covers_from: date
    covers_to: date
    digest: str
    prepared_at: datetime = Field(sa_column=_instant())
    prepared_by: str
    signed_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    signed_by: str | None = None
    reopened_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    reopened_by: str | None = None
    reopening_reason: str | None = None
    reopening_note: str | None = None


class SignOffHolding(SQLModel, table=True):
    """What a sign-off covers of one family of one source: how many records, and their digest."""

    __tablename__ = "sign_off_holding"
    sign_off: int = Field(sa_column=Column(BIG, ForeignKey("sign_off.sign_off"), primary_key=True))
    family: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    records: int = Field(sa_column=Column(BIG, nullable=False))
    digest: str


class SignOffCount(SQLModel, table=True):
    """How many findings a sign-off was made with, by family, severity and state."""

    __tablename__ = "sign_off_count"
    sign_off: int = Field(sa_column=Column(BIG, ForeignKey("sign_off.sign_off"), primary_key=True))
    family: str = Field(primary_key=True)
    severity: str = Field(primary_key=True)
    state: str = Field(primary_key=True)
    findings: int = Field(sa_column=Column(BIG, nullable=False))
