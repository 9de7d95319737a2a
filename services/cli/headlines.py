"""The demonstration's headline tables, read from a release as any statistician would."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

QUERIES = (
    (
        "Requests for assistance to social work, by who asked",
        """
        SELECT label AS asked_by, count(*) AS referrals,
               round(100.0 * count(*) FILTER (protection_threshold = 'below') / count(*), 1) AS percent_below_threshold
        FROM referrals JOIN codes ON list = 'referral_sources' AND code = referral_source
        WHERE referred_to = 'social_work' GROUP BY ALL ORDER BY referrals DESC, asked_by LIMIT 8
        """,
    ),
    (
        "Why children came into care",
        """
        SELECT label AS reason, count(*) AS episodes
        FROM care_episodes JOIN codes ON list = 'care_reasons' AND code = primary_reason
        GROUP BY ALL ORDER BY episodes DESC, reason LIMIT 8
        """,
    ),
    (
        "Why where they are cared for changed, planned or not",
        """
        SELECT label AS reason, count(*) FILTER (is_planned) AS planned, count(*) FILTER (NOT is_planned) AS unplanned,
               count(*) FILTER (is_planned IS NULL) AS not_said
        FROM looked_after_events JOIN codes ON list = 'change_reasons' AND code = change_reason
        GROUP BY ALL ORDER BY count(*) DESC, reason LIMIT 8
        """,
    ),
)


@dataclass(frozen=True)
class Headline:
    """One table."""

    title: str
    columns: list[str]
    rows: list[tuple[Any, ...]]


def headlines(release: Path) -> tuple[list[Headline], int]:
    """The headline tables of a release, and how many children it holds."""
    with duckdb.connect(str(release / "kith.duckdb"), read_only=True) as connection:
        (children,) = connection.execute("SELECT count(DISTINCT child_id) FROM children").fetchall()[0]
        return [_headline(connection, title, query) for title, query in QUERIES], children


def _headline(connection: duckdb.DuckDBPyConnection, title: str, query: str) -> Headline:
    found = connection.execute(query)
    return Headline(title, [column[0] for column in found.description], found.fetchall())
