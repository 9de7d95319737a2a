"""Whether a record's identity ever changed is asked of every children record: an index of the few that did."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CHANGED = sa.text("how = 'identity_change'")


def upgrade() -> None:
    op.create_index(
        "link_changed",
        "link",
        ["source_agency", "source", "source_id"],
        sqlite_where=CHANGED,
        postgresql_where=CHANGED,
    )


def downgrade() -> None:
    op.drop_index("link_changed", table_name="link")
