"""Findings with a life: what happened to each, explanations with an end, and sign-offs of a frozen snapshot."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
SAID = (("reason", sa.String()), ("note", sa.String()), ("by_source", sa.String()), ("by_worker", sa.String()))
OF_A_FINDING = (("seq", BIG), *SAID, ("explained_at", INSTANT), ("expires_on", sa.Date()))
FIRST_SEEN = (
    "INSERT INTO finding_event (finding, at, what, state) SELECT finding, first_seen, 'seen', 'open' FROM finding"
)
NEVER_CHANGED = "finding_event, sign_off_holding, sign_off_count"


def _add_to_findings() -> None:
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.drop_index("finding_by_agency")
        batch_op.create_index("finding_by_agency", ["source_agency", "state", "finding"], unique=False)
        batch_op.add_column(sa.Column("content", sa.String(), nullable=False, server_default=""))
        for name, kind in OF_A_FINDING:
            batch_op.add_column(sa.Column(name, kind, nullable=True))
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.alter_column("content", existing_type=sa.String(), existing_nullable=False, server_default=None)


def _make_events() -> None:
    op.create_table(
        "finding_event",
        sa.Column("event", BIG, autoincrement=True, nullable=False),
        sa.Column("finding", BIG, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        *(sa.Column(name, kind, nullable=True) for name, kind in SAID),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["finding"], ["finding.finding"]),
        sa.PrimaryKeyConstraint("event"),
    )
    with op.batch_alter_table("finding_event", schema=None) as batch_op:
        batch_op.create_index("finding_event_by_finding", ["finding", "event"], unique=False)
    op.execute(FIRST_SEEN)


def _make_sign_offs() -> None:
    op.create_table(
        "sign_off",
        sa.Column("sign_off", BIG, autoincrement=True, nullable=False),
        sa.Column("source_agency", sa.String(), nullable=False),
        sa.Column("run", BIG, nullable=False),
        sa.Column("as_at", INSTANT, nullable=False),
        sa.Column("covers_from", sa.Date(), nullable=False),
        sa.Column("covers_to", sa.Date(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("prepared_at", INSTANT, nullable=False),
        sa.Column("prepared_by", sa.String(), nullable=False),
        sa.Column("signed_at", INSTANT, nullable=True),
        sa.Column("signed_by", sa.String(), nullable=True),
        sa.Column("reopened_at", INSTANT, nullable=True),
        sa.Column("reopened_by", sa.String(), nullable=True),
        sa.Column("reopening_reason", sa.String(), nullable=True),
        sa.Column("reopening_note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["quality_run.run"]),
        sa.PrimaryKeyConstraint("sign_off"),
    )
    with op.batch_alter_table("sign_off", schema=None) as batch_op:
        batch_op.create_index("sign_off_by_agency", ["source_agency", "sign_off"], unique=False)
    op.create_table(
        "sign_off_holding",
        sa.Column("sign_off", BIG, nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("records", BIG, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["sign_off"], ["sign_off.sign_off"]),
        sa.PrimaryKeyConstraint("sign_off", "family", "source"),
    )
    op.create_table(
        "sign_off_count",
        sa.Column("sign_off", BIG, nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("findings", BIG, nullable=False),
        sa.ForeignKeyConstraint(["sign_off"], ["sign_off.sign_off"]),
        sa.PrimaryKeyConstraint("sign_off", "family", "severity", "state"),
    )


def upgrade() -> None:
    _add_to_findings()
    _make_events()
    _make_sign_offs()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"REVOKE UPDATE ON {NEVER_CHANGED} FROM kith_service")


def downgrade() -> None:
    op.drop_table("sign_off_count")
    op.drop_table("sign_off_holding")
    with op.batch_alter_table("sign_off", schema=None) as batch_op:
        batch_op.drop_index("sign_off_by_agency")

    op.drop_table("sign_off")
    with op.batch_alter_table("finding_event", schema=None) as batch_op:
        batch_op.drop_index("finding_event_by_finding")

    op.drop_table("finding_event")
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.drop_index("finding_by_agency")
        batch_op.create_index("finding_by_agency", ["source_agency", "finding"], unique=False)
        for name in ("content", *(name for name, _ in OF_A_FINDING)):
            batch_op.drop_column(name)
