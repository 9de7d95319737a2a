"""Batches are kept whole and for a time, with a key under which one is applied once only; the changes feed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

GRANTS = (
    "GRANT DELETE ON batch, idempotency_key, outbox TO kith_service",
    "REVOKE UPDATE ON feed FROM kith_service",
)
RESULTS = {
    "postgresql": "SELECT string_agg(body || chr(10), '' ORDER BY line) FROM batch_result AS one "
    "WHERE one.batch = batch.batch",
    "sqlite": "SELECT group_concat(body, char(10)) || char(10) FROM "
    "(SELECT body FROM batch_result AS one WHERE one.batch = batch.batch ORDER BY line)",
}
NINETY_DAYS_ON = {
    "postgresql": "received_at + interval '90 days'",
    "sqlite": "datetime(received_at, '+90 days') || '.000000'",
}


def _keep_batches_whole() -> None:
    op.add_column("batch", sa.Column("kept_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("batch", sa.Column("is_validation", sa.Boolean(), nullable=True))
    op.add_column("batch", sa.Column("results", sa.Text(), nullable=True))
    kind = op.get_bind().dialect.name
    op.execute(
        f"UPDATE batch SET is_validation = false, kept_until = {NINETY_DAYS_ON[kind]}, "
        f"results = coalesce(({RESULTS[kind]}), '')"
    )
    op.drop_table("batch_result")
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.alter_column("kept_until", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.alter_column("is_validation", existing_type=sa.Boolean(), nullable=False)
        batch_op.alter_column("results", existing_type=sa.Text(), nullable=False)
        batch_op.create_index("batch_by_receipt", ["source_agency", "source", "received_at"], unique=False)
        batch_op.create_index("batch_by_end", ["source_agency", "source", "kept_until"], unique=False)


def upgrade() -> None:
    op.create_index("journal_by_receipt", "journal", ["received_at"], unique=False, postgresql_using="brin")
    _keep_batches_whole()
    op.create_table(
        "idempotency_key",
        sa.Column("source_agency", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_sha256", sa.String(), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source_agency", "source", "key"),
    )
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.create_index("idempotency_key_by_end", ["source_agency", "source", "kept_until"], unique=False)

    op.create_table(
        "feed",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("source_agency", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("child", sa.String(), nullable=True),
        sa.Column("previous_child", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.create_index("feed_by_agency", ["source_agency", "seq"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        for grant in GRANTS:
            op.execute(grant)


def downgrade() -> None:
    op.drop_index("journal_by_receipt", "journal", postgresql_using="brin")
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.drop_index("feed_by_agency")

    op.drop_table("feed")
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.drop_index("idempotency_key_by_end")

    op.drop_table("idempotency_key")
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.drop_index("batch_by_end")
        batch_op.drop_index("batch_by_receipt")
        batch_op.drop_column("results")
        batch_op.drop_column("is_validation")
        batch_op.drop_column("kept_until")

    op.create_table(
        "batch_result",
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("source_agency", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch"],
            ["batch.batch"],
        ),
        sa.PrimaryKeyConstraint("batch", "line"),
    )
