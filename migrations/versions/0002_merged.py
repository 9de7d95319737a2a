"""Records merged into another are found by it, however many the store holds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MERGED = sa.text("replaced_by IS NOT NULL")


def upgrade() -> None:
    columns = ["source_agency", "source", "replaced_by"]
    op.create_index("held_merged", "held", columns, sqlite_where=MERGED, postgresql_where=MERGED)


def downgrade() -> None:
    op.drop_index("held_merged", "held")
