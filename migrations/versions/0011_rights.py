"""Tombstones, and what erases on PostgreSQL: the service may ask for it, and can delete nothing itself.

kith_erase works as the role kith_eraser and deletes what a tombstone stands for. Which tables that role may delete
from is kept up to date with every migration (services.store.schema).
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = ("source_agency", "source", "family", "source_id")
TOLD = "tombstone, source_agency, source, family, source_id, first_version, last_version, erased_at"
ROLE = """
DO $$ BEGIN CREATE ROLE kith_eraser NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$
"""
ERASE = """
CREATE FUNCTION kith_erase(which bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    agency text;
    seqs bigint[];
    held record;
BEGIN
    SELECT source_agency, array_agg(journal.seq) INTO agency, seqs
    FROM tombstone JOIN journal USING (source_agency, source, family, source_id)
    WHERE tombstone = which AND version BETWEEN first_version AND last_version GROUP BY source_agency;
    FOR held IN
        SELECT relname AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND has_table_privilege(oid, 'DELETE')
    LOOP
        EXECUTE format('DELETE FROM %I WHERE source_agency = $1 AND seq = ANY ($2)', held.name) USING agency, seqs;
    END LOOP;
END $$
"""
GRANTS = (
    "REVOKE UPDATE ON tombstone FROM kith_service",
    # Of what was erased the bulk reader counts records; who erased them is not for a release.
    "REVOKE SELECT ON tombstone FROM kith_reader",
    f"GRANT SELECT ({TOLD}) ON tombstone TO kith_reader",
    ROLE,
    "GRANT kith_eraser TO CURRENT_USER",
    "GRANT SELECT ON journal, tombstone TO kith_eraser",
    "CREATE POLICY erasing ON journal TO kith_eraser USING (true)",
    "CREATE POLICY erasing ON tombstone TO kith_eraser USING (true)",
    ERASE,
    "REVOKE ALL ON FUNCTION kith_erase(bigint) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION kith_erase(bigint) TO kith_service",
    # A function's owner needs, while it becomes that, to be let create in the schema.
    "GRANT CREATE ON SCHEMA public TO kith_eraser",
    "ALTER FUNCTION kith_erase(bigint) OWNER TO kith_eraser",
    "REVOKE CREATE ON SCHEMA public FROM kith_eraser",
)


def upgrade() -> None:
    op.create_table(
        "tombstone",
        sa.Column("tombstone", BIG, autoincrement=True, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in KEY),
        sa.Column("child", sa.String(), nullable=True),
        *(sa.Column(name, BIG, nullable=False) for name in ("first_version", "last_version", "first_seq", "last_seq")),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("reason", "legal_ground", "by_worker")),
        sa.PrimaryKeyConstraint("tombstone"),
    )
    op.create_index("tombstone_by_record", "tombstone", list(KEY))
    op.create_index("tombstone_by_child", "tombstone", ["child"])
    if op.get_bind().dialect.name == "postgresql":
        for grant in GRANTS:
            op.execute(grant)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION kith_erase(bigint)")
        op.execute("DROP POLICY erasing ON journal")
        op.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM kith_eraser")
    op.drop_index("tombstone_by_child", "tombstone")
    op.drop_index("tombstone_by_record", "tombstone")
    op.drop_table("tombstone")
