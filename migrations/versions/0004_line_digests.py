"""A line of a batch that comes again as it was is known by its digest; what is held says which child it is about."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ABOUT_A_CHILD = ("care_episodes", "child_protection", "chronologies", "plans", "referrals")


def upgrade() -> None:
    op.add_column("held", sa.Column("child", sa.String(), nullable=True))
    op.add_column("held", sa.Column("line_sha256", sa.String(), nullable=True))
    op.execute("DELETE FROM held WHERE version = 0")
    op.execute("UPDATE held SET child = source_id WHERE family = 'children' AND NOT is_retracted")
    for family in ABOUT_A_CHILD:
        child = f"SELECT child FROM {family} WHERE {family}.seq = held.seq"
        op.execute(f"UPDATE held SET child = ({child}) WHERE family = '{family}' AND NOT is_retracted")


def downgrade() -> None:
    with op.batch_alter_table("held", schema=None) as batch_op:
        batch_op.drop_column("line_sha256")
        batch_op.drop_column("child")
