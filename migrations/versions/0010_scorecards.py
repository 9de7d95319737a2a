"""Scorecards of each run, what each agency has to put right, and whether reasons are there."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPEND_ONLY = ("scorecard", "rule_gain", "reason_count")


def _run() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["run"], ["quality_run.run"])


def _columns(kind: Any, *names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=nullable) for name in names]


def upgrade() -> None:
    op.create_table(
        "scorecard",
        sa.Column("scorecard", BIG, autoincrement=True, nullable=False),
        *_columns(BIG, "run"),
        *_columns(sa.String(), "source_agency", "family", "dimension", "year"),
        *_columns(BIG, "tested", "failed"),
        *_columns(BIG, "last_tested", "last_failed", "similar_tested", "similar_failed", nullable=True),
        *_columns(sa.Boolean(), "score_is_unusual", "count_is_unusual"),
        _run(),
        sa.PrimaryKeyConstraint("scorecard"),
    )
    op.create_index("scorecard_by_agency", "scorecard", ["run", "source_agency"])
    op.create_table(
        "rule_gain",
        *_columns(BIG, "run"),
        *_columns(sa.String(), "source_agency", "family", "rule"),
        *_columns(BIG, "records", "children", "gained"),
        _run(),
        sa.PrimaryKeyConstraint("run", "source_agency", "family", "rule"),
    )
    op.create_table(
        "reason_count",
        *_columns(BIG, "run"),
        *_columns(sa.String(), "source_agency", "year", "reason", "answer"),
        *_columns(BIG, "answers"),
        _run(),
        sa.PrimaryKeyConstraint("run", "source_agency", "year", "reason", "answer"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"REVOKE UPDATE ON {', '.join(APPEND_ONLY)} FROM kith_service")


def downgrade() -> None:
    op.drop_table("reason_count")
    op.drop_table("rule_gain")
    op.drop_index("scorecard_by_agency", "scorecard")
    op.drop_table("scorecard")
