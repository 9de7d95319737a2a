"""The bare query under a chronology."""

from sqlalchemy import text

BARE = text(
    "SELECT t.source_agency, t.source, t.source_id, t.happened_on, t.recorded_at, p.body FROM link l"
    " JOIN chronologies t ON t.source_agency = l.source_agency AND t.source = l.source AND t.child = l.source_id"
    " JOIN payload p ON p.seq = t.seq"
    " WHERE l.child = :child AND l.superseded_at IS NULL AND t.superseded_at IS NULL"
    " ORDER BY t.happened_on, t.recorded_at"
)
"""Every chronology entry about a child, as sent."""
