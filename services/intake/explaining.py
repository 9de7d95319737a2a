"""Explaining a finding: why it stands as it is, and until when."""

from datetime import UTC, datetime

from quality.functions import local_date, months_after
from schemas.explanation import ExplanationBody
from services.errors import ClosedByData, Invalid
from services.intake import remarks
from services.intake.bodies import refused
from services.store import findings
from services.store.engine import Store
from services.store.findings import Explanation

LONGEST_YEARS = 2
A_YEAR = 12
"""How long an explanation may hold; a year, where it names no day."""


def explain(store: Store, number: int, source: str | None, body: ExplanationBody) -> None:
    """Explain a finding; raises Invalid for a day out of reach, ClosedByData where the data have closed the finding."""
    today = local_date(datetime.now(UTC))
    said = Explanation(body.reason, body.note, source, body.worker, body.expires_on or months_after(today, A_YEAR))
    if not today < said.expires_on <= months_after(today, LONGEST_YEARS * A_YEAR):
        raise _out_of_reach()
    with store.writing() as connection:
        if not findings.explain(connection, number, said):
            raise ClosedByData


def _out_of_reach() -> Invalid:
    detail = f"an explanation ends on a day to come, within {LONGEST_YEARS} years"
    return refused(remarks.of_rule("SH06", "/expires_on", "out-of-bounds", detail, "name a day, or none for a year"))
