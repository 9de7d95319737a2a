"""Whether reasons are there: why care began, why it changed and why it ended, by the council responsible and year.

The answers stay apart. A code for "not yet known" or "not recorded" is no
reason; an absent field may say why it is absent; and one that says nothing is
plainly missing. A change is a placement, or a legal reason, that ended and was
followed by another of the same episode.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from schemas.codelists import code_list
from services.measures.areas import current_codes
from services.measures.years import FIRST_MONTH, name_of

GIVEN, MISSING, NOT_YET_KNOWN, NOT_RECORDED = "given", "missing", "not_yet_known", "not_recorded"


@dataclass(frozen=True)
class Asked:
    """One reason that a care episode owes: which, in what table and field, of what list, as of which day."""

    reason: str
    table: str
    field: str
    codelist: str
    day: str
    followed: bool = False


ASKED = (
    Asked("entry", "care_episodes", "primary_reason", "care_reasons", "started_on"),
    Asked("placement_change", "care_episodes_placements", "change_reason", "change_reasons", "ended_on", True),
    Asked("legal_change", "care_episodes_legal_reasons", "change_reason", "legal_change_reasons", "ended_on", True),
    Asked("end", "care_episodes", "end_reason", "end_reasons", "ended_on"),
)


def answers(connection: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    """How many of the reasons owed got which answer, by council, year and reason."""
    query = " UNION ALL ".join(_answers(asked) for asked in ASKED)
    counted = f"SELECT source_agency, year, reason, answer, count(*) FROM ({query}) GROUP BY ALL ORDER BY ALL"
    for agency, year, reason, answer, count in connection.execute(counted).fetchall():
        yield {"source_agency": agency, "year": name_of(year), "reason": reason, "answer": answer, "answers": count}


def _answers(asked: Asked) -> str:
    """Only the council responsible owes a reason; `absent` speaks of the record's own fields, not of its parts'."""
    day, field = f"item.{asked.day}", f"item.{asked.field}"
    same = "TRUE" if asked.table == "care_episodes" else "FALSE"
    followed = f"AND {day} <= (SELECT max(later.started_on) FROM {asked.table} AS later WHERE later.seq = item.seq)"
    return f"""
        SELECT episode.source_agency, year({day}) - CAST(month({day}) < {FIRST_MONTH} AS BIGINT) AS year,
            '{asked.reason}' AS reason,
            CASE WHEN {_is_one_of(field, asked.codelist, "is_not_yet_known")} THEN '{NOT_YET_KNOWN}'
                WHEN {_is_one_of(field, asked.codelist, "legacy_only")} THEN '{NOT_RECORDED}'
                WHEN {field} IS NOT NULL THEN '{GIVEN}'
                ELSE coalesce(absent.reason, '{MISSING}') END AS answer
        FROM {asked.table} AS item JOIN care_episodes AS episode ON episode.seq = item.seq
        LEFT JOIN care_episodes_absent AS absent
            ON absent.seq = item.seq AND absent.field = '{asked.field}' AND {same}
        WHERE {day} IS NOT NULL AND {_today("episode.responsible_authority")} = episode.source_agency
        {followed if asked.followed else ""}
    """


def _is_one_of(field: str, codelist: str, flag: str) -> str:
    """SQL for whether a field holds a code of which its list says so; a list without that column has none."""
    held = code_list(codelist)
    codes = sorted(held.flagged(flag)) if flag in held.columns else []
    listed = ", ".join(f"'{code}'" for code in codes)
    return f"{field} IN ({listed})" if codes else "FALSE"


def _today(column: str) -> str:
    """SQL for a council's code, its retired ones as today's."""
    retired = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in current_codes().items())
    return f"CASE {column} {retired} ELSE {column} END"
