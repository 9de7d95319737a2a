"""The gate of a release: what Great Expectations is to expect of the newest run's scorecards.

Thresholds and drift are data (gate_thresholds.csv); the shape follows from the families and the code lists. The
tables that all this is about are made by services.extracts.gate.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quality.expectations import Expectation
from quality.rule import Dimension
from schemas.codelists import code_list
from schemas.registry import FAMILIES

THRESHOLDS = Path(__file__).with_name("gate_thresholds.csv")
KEYS: Mapping[str, Sequence[str]] = {
    "standing": ("source_agency", "family", "state"),
    "agency_scores": ("source_agency", "family"),
    "family_scores": ("family",),
}
"""By what a row that fails is named: the figures are of agencies, and no child is in them."""
SCORED, NOTHING_HELD, NOT_LIVE, NOT_SUBMITTED = "scored", "submitted, nothing held", "not live yet", "not submitted"
STATES = (SCORED, NOTHING_HELD, NOT_LIVE, NOT_SUBMITTED)
"""How an agency may stand with a family; `posted, not scored` is none of them."""
NOT_SCORED = "posted, not scored"
ALL = "all"


@dataclass(frozen=True)
class Gate:
    """One expectation of the gate, in a sentence, and where it is from."""

    says: str
    status: str
    source: str
    expectation: Expectation


def gates(columns: Sequence[str]) -> list[Gate]:
    """All of them; `columns` are those of a scorecard."""
    return [*_shape(columns), *_thresholds()]


def councils() -> list[str]:
    """The codes of the councils there are now."""
    rows = code_list("local_authorities").rows
    return [code for code, row in rows.items() if row["is_council"] == "true" and not row["ends_on"]]


def _shape(columns: Sequence[str]) -> Iterator[Gate]:
    families = [family.name for family in FAMILIES]
    sides = [*(side.value for side in Dimension), ALL]
    for name, table, says, kind, arguments in (
        (
            "scorecard-columns",
            "scorecard",
            "A scorecard has its columns, none fewer and none more.",
            "ExpectTableColumnsToMatchSet",
            {"column_set": list(columns), "exact_match": True},
        ),
        (
            "scorecard-sides",
            "scorecard",
            "A scorecard is of a side of quality, or of all.",
            "ExpectColumnValuesToBeInSet",
            {"column": "dimension", "value_set": sides},
        ),
        (
            "no-more-failed-than-tested",
            "scorecard",
            "No more records failed than were tested.",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "tested", "column_B": "failed", "or_equal": True},
        ),
        (
            "every-council",
            "standing",
            "Every council is told of.",
            "ExpectColumnDistinctValuesToContainSet",
            {"column": "source_agency", "value_set": councils()},
        ),
        (
            "every-family",
            "standing",
            "Every record family is told of, and nothing else.",
            "ExpectColumnDistinctValuesToEqualSet",
            {"column": "family", "value_set": families},
        ),
        (
            "told-once",
            "standing",
            "An agency is told of once for a family.",
            "ExpectCompoundColumnsToBeUnique",
            {"column_list": ["source_agency", "family"]},
        ),
        (
            "scored-or-not-submitted",
            "standing",
            "An agency that posted a family is scored; one that did not is told as not submitted.",
            "ExpectColumnValuesToBeInSet",
            {"column": "state", "value_set": list(STATES)},
        ),
    ):
        source = "The contract, the families and the code lists"
        yield Gate(says, "verified", source, Expectation(name, table, kind, arguments, gate=True))


def _thresholds() -> Iterator[Gate]:
    with THRESHOLDS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            kind, arguments = "ExpectColumnValuesToBeBetween", _bounds(row)
            expectation = Expectation(row["name"], row["table"], kind, arguments, gate=True)
            yield Gate(row["says"], row["status"], row["source"], expectation)


def _bounds(row: Mapping[str, str]) -> dict[str, Any]:
    bounds: dict[str, Any] = {"column": row["column"]}
    for name, bound in (("min_value", row["least"]), ("max_value", row["most"])):
        if bound:
            bounds[name] = float(bound)
    if row["fewest_tested"]:
        asked = {"column": {"name": "most_tested"}, "operator": ">=", "parameter": int(row["fewest_tested"])}
        bounds["row_condition"] = {"type": "comparison"} | asked
    return bounds
