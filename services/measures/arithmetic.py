"""The arithmetic of every measure, the same for numbers and for columns of a table (Ibis).

Published figures are reproduced with these very functions
(tests/unit/test_published_figures.py).
"""

from dataclasses import dataclass
from typing import Any

TOLERANCE_PERCENT = 1.0
"""How far a stock may be from what flows make of it before somebody should look: revisions alone do that much."""


def per_thousand(count: Any, population: Any) -> Any:
    """Per 1,000 of a population."""
    return count * 1000 / population


def percent(part: Any, whole: Any) -> Any:
    """Per cent of a whole."""
    return part * 100 / whole


def either(first: Any, second: Any, both: Any) -> Any:
    """How many are in one group or the other, each counted once."""
    return first + second - both


@dataclass(frozen=True)
class StockAndFlow:
    """Children at the end of a year against those at its start with who came and went: a warning, never an error."""

    opening: int
    starts: int
    ceases: int
    closing: int

    @property
    def expected(self) -> int:
        return self.opening + self.starts - self.ceases

    @property
    def residual(self) -> int:
        """Children at the end whom the flows do not explain."""
        return self.closing - self.expected

    @property
    def residual_percent(self) -> float:
        """The residual as per cent of those at the end; 0 where nobody is."""
        return float(percent(self.residual, self.closing)) if self.closing else 0.0

    @property
    def is_within_tolerance(self) -> bool:
        return abs(self.residual_percent) <= TOLERANCE_PERCENT
