"""A line of a batch is known again where it brought an earlier version too: its digest goes with each version."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SECURED = ("held", "payload")
"""What the owner sees nothing of either, on PostgreSQL, as long as row-level security is forced."""


def upgrade() -> None:
    op.add_column("payload", sa.Column("line_sha256", sa.String(), nullable=True))
    _move("payload", "held")
    with op.batch_alter_table("held", schema=None) as batch_op:
        batch_op.drop_column("line_sha256")


def downgrade() -> None:
    op.add_column("held", sa.Column("line_sha256", sa.String(), nullable=True))
    _move("held", "payload")
    with op.batch_alter_table("payload", schema=None) as batch_op:
        batch_op.drop_column("line_sha256")


def _move(to: str, of: str) -> None:
    _force("NO FORCE")
    op.execute(
        f"UPDATE {to} SET line_sha256 = {of}.line_sha256 FROM {of}"
        f" WHERE {of}.seq = {to}.seq AND {of}.line_sha256 IS NOT NULL"
    )
    _force("FORCE")


def _force(how: str) -> None:
    if op.get_bind().dialect.name != "sqlite":
        for table in SECURED:
            op.execute(f"ALTER TABLE {table} {how} ROW LEVEL SECURITY")
