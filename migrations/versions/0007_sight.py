"""Referrals may name agencies; officers, broken glass, the officers' notices."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMED = ("asked_by_agency", "referred_to_agency")


def _at(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    for name in NAMED:
        op.add_column("referrals", sa.Column(name, sa.Text(), nullable=True))
    op.create_table(
        "officer", _text("agency"), _text("worker"), _at("added_at"), sa.PrimaryKeyConstraint("agency", "worker")
    )
    op.create_table(
        "break_glass",
        *(_text(name) for name in ("grant_id", "child", "agency", "source", "client_id", "worker", "role", "purpose")),
        sa.Column("reason", sa.Text(), nullable=False),
        _at("granted_at"),
        _at("expires_at"),
        sa.ForeignKeyConstraint(["child"], ["child.child"]),
        sa.PrimaryKeyConstraint("grant_id"),
    )
    op.create_index("break_glass_by_child", "break_glass", ["child", "agency", "worker"])
    op.create_table(
        "notice",
        sa.Column("notice", BIG, autoincrement=True, nullable=False),
        _text("agency"),
        _at("at"),
        *(_text(name) for name in ("kind", "child", "by_agency")),
        _text("grant_id", nullable=True),
        _text("state"),
        sa.Column("note", sa.Text(), nullable=True),
        _at("reviewed_at", nullable=True),
        _text("reviewed_by", nullable=True),
        sa.ForeignKeyConstraint(["grant_id"], ["break_glass.grant_id"]),
        sa.PrimaryKeyConstraint("notice"),
    )
    op.create_index("notice_by_agency", "notice", ["agency", "notice"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("GRANT DELETE ON officer TO kith_service")
        op.execute("REVOKE UPDATE ON break_glass, officer FROM kith_service")


def downgrade() -> None:
    op.drop_index("notice_by_agency", "notice")
    op.drop_table("notice")
    op.drop_index("break_glass_by_child", "break_glass")
    op.drop_table("break_glass")
    op.drop_table("officer")
    for name in NAMED:
        op.drop_column("referrals", name)
