"""The audit, and the seals of audit and journal.

The service may add to either and change neither; the bulk reader, whose releases carry no worker ids, reads neither.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

GRANTS = (
    "REVOKE UPDATE ON audit, audit_seal FROM kith_service",
    "REVOKE SELECT ON audit, audit_seal FROM kith_reader",
)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("entry", BIG, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("child", sa.String(), nullable=True),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry"),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("audit_by_child", ["child", "entry"], unique=False)
        batch_op.create_index("audit_by_worker", ["worker", "at"], unique=False)
        batch_op.create_index("audit_by_source", ["source", "at"], unique=False)


def _seals() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("first_entry", BIG, nullable=False),
        sa.Column("last_entry", BIG, nullable=False),
        sa.Column("sealed_to", BIG, nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("lineage", sa.String(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("log", "agency", "number"),
    )
    with op.batch_alter_table("audit_seal", schema=None) as batch_op:
        batch_op.create_index("audit_seal_by_reach", ["log", "sealed_to"], unique=False)


def upgrade() -> None:
    _audit()
    _seals()
    if op.get_bind().dialect.name == "postgresql":
        for grant in GRANTS:
            op.execute(grant)


def downgrade() -> None:
    with op.batch_alter_table("audit_seal", schema=None) as batch_op:
        batch_op.drop_index("audit_seal_by_reach")

    op.drop_table("audit_seal")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("audit_by_source")
        batch_op.drop_index("audit_by_worker")
        batch_op.drop_index("audit_by_child")

    op.drop_table("audit")
