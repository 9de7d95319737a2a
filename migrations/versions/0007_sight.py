"""Referrals may name agencies; officers, broken glass, the officers' notices; who sees whose items, for the feed.

kith_asker reads for whoever asks: what row-level security shows it, and never a secret.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TOLD = ("break_glass", "notice", "officer", "sharing_decision")
"""What holds reasons in words and workers' ids: no release has any of it."""
HIDDEN = (
    "audit",
    "audit_seal",
    "break_glass",
    "client",
    "feed",
    "notice",
    "officer",
    "outbox",
    "signing_key",
    "used_assertion",
    "visible",
    "visible_due",
)
ROLE = """
DO $$ BEGIN CREATE ROLE kith_asker NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$
"""
GRANTS = (
    "GRANT DELETE ON officer, visible, visible_due TO kith_service",
    "REVOKE UPDATE ON break_glass, officer, sharing_decision FROM kith_service",
    f"REVOKE SELECT ON {', '.join(TOLD)} FROM kith_reader",
    ROLE,
    "GRANT kith_asker TO CURRENT_USER",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO kith_asker",
    f"REVOKE SELECT ON {', '.join(HIDDEN)} FROM kith_asker",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO kith_asker",
)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMED = ("asked_by_agency", "referred_to_agency")


def _at(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _follow_others() -> None:
    """The feed is for an agency each: until now its own."""
    op.add_column("feed", sa.Column("for_agency", sa.String(), nullable=True))
    op.execute("UPDATE feed SET for_agency = source_agency")
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.alter_column("for_agency", existing_type=sa.String(), nullable=False)
        batch_op.drop_index("feed_by_agency")
        batch_op.create_index("feed_by_agency", ["for_agency", "seq"])
    op.create_table(
        "visible",
        *(_text(name) for name in ("child", "agency", "of_agency")),
        sa.Column("since_seq", BIG, nullable=False),
        sa.PrimaryKeyConstraint("child", "agency", "of_agency"),
    )
    op.create_table(
        "visible_due", _text("child"), sa.Column("due_on", sa.Date(), nullable=False), sa.PrimaryKeyConstraint("child")
    )
    op.create_index("visible_due_by_day", "visible_due", ["due_on"])
    # Who sees what already is worked out when the feed is next read.
    op.execute("INSERT INTO visible_due SELECT DISTINCT child, CURRENT_DATE FROM link WHERE superseded_at IS NULL")


def _follow_own_alone() -> None:
    op.drop_index("visible_due_by_day", "visible_due")
    op.drop_table("visible_due")
    op.drop_table("visible")
    op.execute("DELETE FROM feed WHERE for_agency <> source_agency OR type IN ('visible', 'hidden')")
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.drop_index("feed_by_agency")
        batch_op.drop_column("for_agency")
        batch_op.create_index("feed_by_agency", ["source_agency", "seq"])


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
    op.create_table(
        "sharing_decision",
        sa.Column("decision", BIG, autoincrement=True, nullable=False),
        *(_text(name) for name in ("child", "agency", "source", "client_id", "worker", "role", "purpose")),
        _at("at"),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        _text("shared_with"),
        _text("shared_with_role", nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("what", "reason")),
        _text("lawful_basis", nullable=True),
        _text("consent"),
        sa.ForeignKeyConstraint(["child"], ["child.child"]),
        sa.PrimaryKeyConstraint("decision"),
    )
    op.create_index("sharing_decision_by_child", "sharing_decision", ["child", "decision"])
    _follow_others()
    if op.get_bind().dialect.name == "postgresql":
        for grant in GRANTS:
            op.execute(grant)


def downgrade() -> None:
    _follow_own_alone()
    op.drop_index("sharing_decision_by_child", "sharing_decision")
    op.drop_table("sharing_decision")
    op.drop_index("notice_by_agency", "notice")
    op.drop_table("notice")
    op.drop_index("break_glass_by_child", "break_glass")
    op.drop_table("break_glass")
    op.drop_table("officer")
    for name in NAMED:
        op.drop_column("referrals", name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM kith_asker")
        op.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM kith_asker")
