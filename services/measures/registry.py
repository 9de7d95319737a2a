"""Every measure, by name."""

from collections.abc import Mapping

from services.measures import care, completeness, flows, moves, overlap, plans, protection, referrals, stock
from services.measures.measure import Measure

MEASURES: tuple[Measure, ...] = (
    *referrals.MEASURES,
    *plans.MEASURES,
    *care.MEASURES,
    *moves.MEASURES,
    *stock.MEASURES,
    *flows.MEASURES,
    *protection.MEASURES,
    *overlap.MEASURES,
    *completeness.MEASURES,
)
BY_NAME: Mapping[str, Measure] = {measure.name: measure for measure in MEASURES}
