"""The first schema: sources, journal, record families, links, findings; and PostgreSQL's roles.

kith_service writes and cannot change or delete what the journal holds; kith_matcher reads what
matching needs; kith_reader reads in bulk, credentials excepted. Whoever migrates owns the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = ("kith_service", "kith_matcher", "kith_reader")
MATCHED = ("children", "children_other_names", "children_siblings", "link", "child", "held")
SECRET = ("client", "signing_key")
GRANTS = (
    "CREATE SEQUENCE journal_seq OWNED BY journal.seq",
    "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO kith_service",
    "REVOKE UPDATE ON journal, payload FROM kith_service",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO kith_service",
    f"GRANT SELECT ON {', '.join(MATCHED)} TO kith_matcher",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO kith_reader",
    f"REVOKE SELECT ON {', '.join(SECRET)} FROM kith_reader",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE ON TABLES TO kith_service",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO kith_reader",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO kith_service",
)


def _roles() -> None:
    """Roles belong to the whole server, so another database of it may have made them already."""
    for role in ROLES:
        op.execute(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        op.execute(f"GRANT {role} TO CURRENT_USER")
    for grant in GRANTS:
        op.execute(grant)


def _no_defaults() -> None:
    for role, what in (
        ("kith_service", "ALL ON TABLES"),
        ("kith_reader", "ALL ON TABLES"),
        ("kith_service", "ALL ON SEQUENCES"),
    ):
        op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE {what} FROM {role}")


def upgrade() -> None:
    op.create_table(
        "about",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "batch",
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("source_agency", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("batch"),
    )
    op.create_table(
        "care_episodes",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("source_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_role", sa.Text(), nullable=True),
        sa.Column("restricted", sa.Text(), nullable=True),
        sa.Column("lawful_basis", sa.Text(), nullable=True),
        sa.Column("child", sa.Text(), nullable=False),
        sa.Column("responsible_authority", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("primary_reason", sa.Text(), nullable=False),
        sa.Column("primary_reason_text", sa.Text(), nullable=True),
        sa.Column("contributory_reasons_text", sa.Text(), nullable=True),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("decided_by_role", sa.Text(), nullable=True),
        sa.Column("child_view", sa.Text(), nullable=True),
        sa.Column("child_view_method", sa.Text(), nullable=True),
        sa.Column("home_data_zone", sa.Text(), nullable=True),
        sa.Column("short_breaks", sa.Boolean(), nullable=True),
        sa.Column("transferred_from", sa.Text(), nullable=True),
        sa.Column("transferred_to", sa.Text(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("end_reason_text", sa.Text(), nullable=True),
        sa.Column("destination", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency"),
    )
    with op.batch_alter_table("care_episodes", schema=None) as batch_op:
        batch_op.create_index(
            "care_episodes_by_child",
            ["child"],
            unique=False,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.create_index(
            "care_episodes_current",
            ["source_agency", "source", "source_id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "care_episodes_absent",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "care_episodes_contributory_reasons",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "care_episodes_legal_reasons",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("legal_reason", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("change_reason", sa.Text(), nullable=True),
        sa.Column("change_reason_text", sa.Text(), nullable=True),
        sa.Column("named_placement", sa.Text(), nullable=True),
        sa.Column("s25_basis", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "care_episodes_legal_reasons_measures",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "parent_position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "parent_position", "position"),
    )
    op.create_table(
        "care_episodes_legal_reasons_reviewed_on",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "parent_position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "parent_position", "position"),
    )
    op.create_table(
        "care_episodes_permanence",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("step_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "care_episodes_placements",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("foster_type", sa.Text(), nullable=True),
        sa.Column("kinship_relation", sa.Text(), nullable=True),
        sa.Column("carer", sa.Text(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("change_reason", sa.Text(), nullable=True),
        sa.Column("change_reason_text", sa.Text(), nullable=True),
        sa.Column("is_planned", sa.Boolean(), nullable=True),
        sa.Column("decided_by_role", sa.Text(), nullable=True),
        sa.Column("child_view", sa.Text(), nullable=True),
        sa.Column("child_view_method", sa.Text(), nullable=True),
        sa.Column("with_siblings", sa.Text(), nullable=True),
        sa.Column("with_siblings_reason", sa.Text(), nullable=True),
        sa.Column("with_siblings_reason_text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "care_episodes_reviews",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("late_reason", sa.Text(), nullable=True),
        sa.Column("late_reason_text", sa.Text(), nullable=True),
        sa.Column("child_took_part", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "child",
        sa.Column("child", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("child"),
    )
    op.create_table(
        "child_protection",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("source_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_role", sa.Text(), nullable=True),
        sa.Column("restricted", sa.Text(), nullable=True),
        sa.Column("lawful_basis", sa.Text(), nullable=True),
        sa.Column("child", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("concern_on", sa.Date(), nullable=False),
        sa.Column("referral", sa.Text(), nullable=True),
        sa.Column("investigation_started_on", sa.Date(), nullable=True),
        sa.Column("investigation_ended_on", sa.Date(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("deregistered_on", sa.Date(), nullable=True),
        sa.Column("deregistration_reason", sa.Text(), nullable=True),
        sa.Column("deregistration_reason_text", sa.Text(), nullable=True),
        sa.Column("child_view", sa.Text(), nullable=True),
        sa.Column("child_view_method", sa.Text(), nullable=True),
        sa.Column("family_view", sa.Text(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency"),
    )
    with op.batch_alter_table("child_protection", schema=None) as batch_op:
        batch_op.create_index(
            "child_protection_by_child",
            ["child"],
            unique=False,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.create_index(
            "child_protection_current",
            ["source_agency", "source", "source_id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "child_protection_absent",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "child_protection_concerns",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "child_protection_irds",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "child_protection_irds_agencies",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "parent_position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "parent_position", "position"),
    )
    op.create_table(
        "child_protection_meetings",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("quorate", sa.Boolean(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("record_sent_on", sa.Date(), nullable=True),
        sa.Column("late_reason", sa.Text(), nullable=True),
        sa.Column("late_reason_text", sa.Text(), nullable=True),
        sa.Column("child_took_part", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "children",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("source_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_role", sa.Text(), nullable=True),
        sa.Column("restricted", sa.Text(), nullable=True),
        sa.Column("lawful_basis", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("expected_date_of_birth", sa.Date(), nullable=True),
        sa.Column("date_of_birth_estimated", sa.Boolean(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("ethnic_group", sa.Text(), nullable=True),
        sa.Column("religion", sa.Text(), nullable=True),
        sa.Column("chi", sa.Text(), nullable=True),
        sa.Column("scn", sa.Text(), nullable=True),
        sa.Column("home_postcode", sa.Text(), nullable=True),
        sa.Column("home_data_zone", sa.Text(), nullable=True),
        sa.Column("local_authority", sa.Text(), nullable=False),
        sa.Column("date_of_death", sa.Date(), nullable=True),
        sa.Column("identity_change", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency"),
    )
    with op.batch_alter_table("children", schema=None) as batch_op:
        batch_op.create_index(
            "children_by_chi",
            ["chi"],
            unique=False,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.create_index(
            "children_by_scn",
            ["scn"],
            unique=False,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.create_index(
            "children_current",
            ["source_agency", "source", "source_id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "children_absent",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "children_additional_support_needs",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "children_communication_needs",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "children_disabilities",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "children_other_identifiers",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "children_other_names",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "children_siblings",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("child", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "chronologies",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("source_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_role", sa.Text(), nullable=False),
        sa.Column("restricted", sa.Text(), nullable=True),
        sa.Column("lawful_basis", sa.Text(), nullable=True),
        sa.Column("child", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("event_type_text", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("significance", sa.Text(), nullable=True),
        sa.Column("impact", sa.Text(), nullable=True),
        sa.Column("action_taken", sa.Text(), nullable=True),
        sa.Column("no_action_reason", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("child_view", sa.Text(), nullable=True),
        sa.Column("child_view_method", sa.Text(), nullable=True),
        sa.Column("family_view", sa.Text(), nullable=True),
        sa.Column("third_party", sa.Boolean(), nullable=True),
        sa.Column("disputed", sa.Boolean(), nullable=True),
        sa.Column("corrects", sa.Text(), nullable=True),
        sa.Column("contributed_at_meeting_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency"),
    )
    with op.batch_alter_table("chronologies", schema=None) as batch_op:
        batch_op.create_index(
            "chronologies_by_child",
            ["child"],
            unique=False,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.create_index(
            "chronologies_current",
            ["source_agency", "source", "source_id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "chronologies_absent",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "chronologies_draws_on",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "chronologies_people",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "finding",
        sa.Column("finding", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("source_agency", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("pointer", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("finding"),
        sa.UniqueConstraint("source_agency", "source", "family", "source_id", "rule", "pointer"),
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index("finding_by_agency", ["source_agency", "finding"], unique=False)

    op.create_table(
        "held",
        sa.Column("source_agency", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_retracted", sa.Boolean(), nullable=False),
        sa.Column("replaced_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("source_agency", "source", "family", "source_id"),
    )
    op.create_table(
        "journal",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("op", sa.String(), nullable=False),
        sa.Column("contract_version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("source_agency", "source", "family", "source_id", "version"),
    )
    op.create_table(
        "looked_after_events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("care_reason", sa.Text(), nullable=True),
        sa.Column("change_reason", sa.Text(), nullable=True),
        sa.Column("legal_change_reason", sa.Text(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("is_planned", sa.Boolean(), nullable=True),
        sa.Column("decided_by_role", sa.Text(), nullable=True),
        sa.Column("child_view", sa.Text(), nullable=True),
        sa.Column("child_view_method", sa.Text(), nullable=True),
        sa.Column("previous_placement_type", sa.Text(), nullable=True),
        sa.Column("placement_type", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "outbox",
        sa.Column("entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("source_agency", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("child", sa.String(), nullable=True),
        sa.Column("previous_child", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("entry"),
    )
    op.create_table(
        "plans",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("source_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_role", sa.Text(), nullable=True),
        sa.Column("restricted", sa.Text(), nullable=True),
        sa.Column("lawful_basis", sa.Text(), nullable=True),
        sa.Column("child", sa.Text(), nullable=False),
        sa.Column("plan_type", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("referral", sa.Text(), nullable=True),
        sa.Column("assessment", sa.Text(), nullable=True),
        sa.Column("care_episode", sa.Text(), nullable=True),
        sa.Column("lead_professional_worker", sa.Text(), nullable=True),
        sa.Column("lead_professional_role", sa.Text(), nullable=True),
        sa.Column("lead_professional_agency", sa.Text(), nullable=True),
        sa.Column("lead_professional_contact", sa.Text(), nullable=True),
        sa.Column("lead_professional_from_on", sa.Date(), nullable=True),
        sa.Column("named_person_role", sa.Text(), nullable=True),
        sa.Column("named_person_agency", sa.Text(), nullable=True),
        sa.Column("named_person_contact", sa.Text(), nullable=True),
        sa.Column("review_every_months", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("consent", sa.Text(), nullable=True),
        sa.Column("child_view", sa.Text(), nullable=True),
        sa.Column("child_view_method", sa.Text(), nullable=True),
        sa.Column("family_view", sa.Text(), nullable=True),
        sa.Column("advocacy", sa.Text(), nullable=True),
        sa.Column("transition_adult_service", sa.Text(), nullable=True),
        sa.Column("transition_referred_on", sa.Date(), nullable=True),
        sa.Column("transition_accepted_on", sa.Date(), nullable=True),
        sa.Column("transition_started_on", sa.Date(), nullable=True),
        sa.Column("supersedes", sa.Text(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("end_reason_text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency"),
    )
    with op.batch_alter_table("plans", schema=None) as batch_op:
        batch_op.create_index(
            "plans_by_child",
            ["child"],
            unique=False,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.create_index(
            "plans_current",
            ["source_agency", "source", "source_id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "plans_absent",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "plans_actions",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome_wanted", sa.Text(), nullable=True),
        sa.Column("owner_agency", sa.Text(), nullable=True),
        sa.Column("owner_role", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "plans_also_serves",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "plans_needs",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "plans_partners",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("was_lead", sa.Boolean(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "plans_reviews",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("late_reason", sa.Text(), nullable=True),
        sa.Column("late_reason_text", sa.Text(), nullable=True),
        sa.Column("child_took_part", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "quality_run",
        sa.Column("run", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("today", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_table(
        "referrals",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("source_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), autoincrement=False, nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_role", sa.Text(), nullable=True),
        sa.Column("restricted", sa.Text(), nullable=True),
        sa.Column("lawful_basis", sa.Text(), nullable=True),
        sa.Column("child", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contact_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("screened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_start", sa.Text(), nullable=False),
        sa.Column("received_via", sa.Text(), nullable=True),
        sa.Column("referral_source", sa.Text(), nullable=False),
        sa.Column("source_reference", sa.Text(), nullable=True),
        sa.Column("referred_to", sa.Text(), nullable=False),
        sa.Column("referral_group", sa.Text(), nullable=True),
        sa.Column("primary_reason", sa.Text(), nullable=False),
        sa.Column("primary_reason_text", sa.Text(), nullable=True),
        sa.Column("reasons_text", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("family_informed", sa.Boolean(), nullable=True),
        sa.Column("family_not_informed_reason", sa.Text(), nullable=True),
        sa.Column("family_not_informed_reason_text", sa.Text(), nullable=True),
        sa.Column("child_view", sa.Text(), nullable=True),
        sa.Column("child_view_method", sa.Text(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_role", sa.Text(), nullable=True),
        sa.Column("no_further_action_reason", sa.Text(), nullable=True),
        sa.Column("no_further_action_reason_text", sa.Text(), nullable=True),
        sa.Column("protection_threshold", sa.Text(), nullable=True),
        sa.Column("joined_to", sa.Text(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "source_agency"),
    )
    with op.batch_alter_table("referrals", schema=None) as batch_op:
        batch_op.create_index(
            "referrals_by_child",
            ["child"],
            unique=False,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.create_index(
            "referrals_current",
            ["source_agency", "source", "source_id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "referrals_absent",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "referrals_reasons",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "referrals_wellbeing_concerns",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.Text(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "source_agency", "position"),
    )
    op.create_table(
        "signing_key",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_table(
        "source",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("live_from", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_source_agency"), ["agency"], unique=False)

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
    op.create_table(
        "client",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["source"],
            ["source.name"],
        ),
        sa.PrimaryKeyConstraint("client_id"),
    )
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_source"), ["source"], unique=False)

    op.create_table(
        "link",
        sa.Column("link", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("source_agency", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("child", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["child"],
            ["child.child"],
        ),
        sa.PrimaryKeyConstraint("link"),
    )
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.create_index("link_child", ["child"], unique=False)
        batch_op.create_index(
            "link_current",
            ["source_agency", "source", "source_id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "payload",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source_agency", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["journal.seq"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "quality_result",
        sa.Column("run", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("denominator", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("failed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"],
            ["quality_run.run"],
        ),
        sa.PrimaryKeyConstraint("run", "rule"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _roles()


def downgrade() -> None:
    op.drop_table("quality_result")
    op.drop_table("payload")
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_index(
            "link_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index("link_child")

    op.drop_table("link")
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_client_source"))

    op.drop_table("client")
    op.drop_table("batch_result")
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_source_agency"))

    op.drop_table("source")
    op.drop_table("signing_key")
    op.drop_table("referrals_wellbeing_concerns")
    op.drop_table("referrals_reasons")
    op.drop_table("referrals_absent")
    with op.batch_alter_table("referrals", schema=None) as batch_op:
        batch_op.drop_index(
            "referrals_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index(
            "referrals_by_child",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.drop_table("referrals")
    op.drop_table("quality_run")
    op.drop_table("plans_reviews")
    op.drop_table("plans_partners")
    op.drop_table("plans_needs")
    op.drop_table("plans_also_serves")
    op.drop_table("plans_actions")
    op.drop_table("plans_absent")
    with op.batch_alter_table("plans", schema=None) as batch_op:
        batch_op.drop_index(
            "plans_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index(
            "plans_by_child",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.drop_table("plans")
    op.drop_table("outbox")
    op.drop_table("looked_after_events")
    op.drop_table("journal")
    op.drop_table("held")
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.drop_index("finding_by_agency")

    op.drop_table("finding")
    op.drop_table("chronologies_people")
    op.drop_table("chronologies_draws_on")
    op.drop_table("chronologies_absent")
    with op.batch_alter_table("chronologies", schema=None) as batch_op:
        batch_op.drop_index(
            "chronologies_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index(
            "chronologies_by_child",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.drop_table("chronologies")
    op.drop_table("children_siblings")
    op.drop_table("children_other_names")
    op.drop_table("children_other_identifiers")
    op.drop_table("children_disabilities")
    op.drop_table("children_communication_needs")
    op.drop_table("children_additional_support_needs")
    op.drop_table("children_absent")
    with op.batch_alter_table("children", schema=None) as batch_op:
        batch_op.drop_index(
            "children_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index(
            "children_by_scn",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index(
            "children_by_chi",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.drop_table("children")
    op.drop_table("child_protection_meetings")
    op.drop_table("child_protection_irds_agencies")
    op.drop_table("child_protection_irds")
    op.drop_table("child_protection_concerns")
    op.drop_table("child_protection_absent")
    with op.batch_alter_table("child_protection", schema=None) as batch_op:
        batch_op.drop_index(
            "child_protection_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index(
            "child_protection_by_child",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.drop_table("child_protection")
    op.drop_table("child")
    op.drop_table("care_episodes_reviews")
    op.drop_table("care_episodes_placements")
    op.drop_table("care_episodes_permanence")
    op.drop_table("care_episodes_legal_reasons_reviewed_on")
    op.drop_table("care_episodes_legal_reasons_measures")
    op.drop_table("care_episodes_legal_reasons")
    op.drop_table("care_episodes_contributory_reasons")
    op.drop_table("care_episodes_absent")
    with op.batch_alter_table("care_episodes", schema=None) as batch_op:
        batch_op.drop_index(
            "care_episodes_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index(
            "care_episodes_by_child",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.drop_table("care_episodes")
    op.drop_table("batch")
    op.drop_table("about")
    if op.get_bind().dialect.name == "postgresql":
        _no_defaults()
