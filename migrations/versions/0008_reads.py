"""A child is found by the birth date that sources hold now, however many children there are."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CURRENT = sa.text("superseded_at IS NULL")


def upgrade() -> None:
    name, columns = "children_by_date_of_birth", ["date_of_birth"]
    op.create_index(name, "children", columns, sqlite_where=CURRENT, postgresql_where=CURRENT)


def downgrade() -> None:
    op.drop_index("children_by_date_of_birth", "children")
