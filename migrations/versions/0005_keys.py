"""Clients with a public key, or of an external issuer; assertions used once; former signing keys that end."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

GRANTS = (
    "GRANT DELETE ON used_assertion TO kith_service",
    "REVOKE SELECT ON used_assertion FROM kith_reader",
)
SECRET = ("salt", "secret_hash")


def upgrade() -> None:
    with op.batch_alter_table("client", schema=None) as batch_op:
        for name in SECRET:
            batch_op.alter_column(name, existing_type=sa.LargeBinary(), nullable=True)
        batch_op.add_column(sa.Column("public_key", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("issuer", sa.String(), nullable=True))
    op.add_column("signing_key", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "used_assertion",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "jti"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for grant in GRANTS:
            op.execute(grant)


def downgrade() -> None:
    op.drop_table("used_assertion")
    with op.batch_alter_table("signing_key", schema=None) as batch_op:
        batch_op.drop_column("expires_at")
    op.execute("DELETE FROM client WHERE secret_hash IS NULL")
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.drop_column("issuer")
        batch_op.drop_column("public_key")
        for name in SECRET:
            batch_op.alter_column(name, existing_type=sa.LargeBinary(), nullable=False)
