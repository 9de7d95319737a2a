"""Worked queries: how to ask a release what people ask first, and not count anybody twice."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Worked:
    """One question, and the SQL that answers it in DuckDB."""

    asks: str
    sql: str


QUERIES = (
    Worked(
        "How many children are there, each counted once?",
        """\
SELECT count(DISTINCT child_id) AS children, count(*) AS records
FROM children;""",
    ),
    Worked(
        "How many requests came to social work, by council and by who asked?",
        """\
SELECT council.label AS council, asker.label AS asked_by, count(*) AS requests
FROM referrals
LEFT JOIN codes AS council ON council.list = 'agencies' AND council.code = referrals.source_agency
LEFT JOIN codes AS asker ON asker.list = 'referral_sources' AND asker.code = referrals.referral_source
WHERE referrals.referred_to = 'social_work'
GROUP BY ALL
ORDER BY ALL;""",
    ),
    Worked(
        "How many children were looked after on 31 July 2024, by the council responsible, short breaks apart?",
        """\
SELECT council.label AS council, count(DISTINCT coalesce(episode.child_id, episode.record_id)) AS children
FROM care_episodes AS episode
LEFT JOIN codes AS council
    ON council.list = 'local_authorities' AND council.code = episode.responsible_authority
LEFT JOIN code_flags AS short_break
    ON short_break.list = 'care_routes' AND short_break.code = episode.route AND short_break.flag = 'is_short_break'
WHERE episode.started_on <= DATE '2024-07-31'
    AND (episode.ended_on IS NULL OR episode.ended_on > DATE '2024-07-31')
    AND episode.source_agency = episode.responsible_authority
    AND episode.short_breaks IS NOT TRUE
    AND short_break.value IS DISTINCT FROM 'true'
GROUP BY ALL
ORDER BY ALL;""",
    ),
    Worked(
        "How many moves were planned, and how many not, by why?",
        """\
SELECT reason.label AS why, event.is_planned, count(*) AS moves
FROM looked_after_events AS event
LEFT JOIN code_flags AS kind ON kind.list = 'looked_after_event_kinds' AND kind.code = event.kind
    AND kind.flag = 'placement_changed'
LEFT JOIN codes AS reason ON reason.list = 'change_reasons' AND reason.code = event.change_reason
WHERE kind.value = 'true'
GROUP BY ALL
ORDER BY ALL;""",
    ),
    Worked(
        "Which legal reasons were in force on 31 July 2024? (One child may have several.)",
        """\
SELECT power.label AS legal_reason, count(DISTINCT coalesce(episode.child_id, episode.record_id)) AS children
FROM care_episodes_legal_reasons AS held
JOIN care_episodes AS episode USING (record_id)
LEFT JOIN codes AS power ON power.list = 'legal_reasons' AND power.code = held.legal_reason
WHERE held.started_on <= DATE '2024-07-31'
    AND (held.ended_on IS NULL OR held.ended_on > DATE '2024-07-31')
    AND episode.source_agency = episode.responsible_authority
GROUP BY ALL
ORDER BY ALL;""",
    ),
)
"""An empty `is_planned` is an answer too: neither the reason nor the source says."""


def as_markdown() -> str:
    """The queries as they stand on a page."""
    return "\n\n".join(_shown())


def _shown() -> Iterator[str]:
    for query in QUERIES:
        yield f"{query.asks}\n\n```sql\n{query.sql}\n```"
