"""Why children came into care, and a series of short breaks apart."""

from ibis.expr.types import Table

from services.measures.breakdowns import Breakdown
from services.measures.episodes import FAMILIES, NO_SHORT_BREAKS, RESPONSIBLE, episodes, every_episode
from services.measures.facts import facts
from services.measures.measure import Measure, Unit
from services.measures.released import Released
from services.measures.years import year_of

REASONS = Breakdown("main reason", "care_reasons")


def _started(released: Released) -> Table:
    started = episodes(released)
    return facts(started, year=year_of(started.started_on), key=started.record_id, category=started.primary_reason)


def _breaks_started(released: Released) -> Table:
    every = every_episode(released)
    series = every.filter(every.breaks)
    return facts(series, year=year_of(series.started_on), key=series.record_id, category=series.primary_reason)


MEASURES = (
    Measure(
        name="care_reasons",
        title="Why children came into care",
        sentence="Of 100 children who began to be looked after, how many did so mainly for this reason.",
        numerator="those whose main reason this is, as their council recorded it (never a Reporter's ground)",
        denominator="care episodes that started in the year, transfers from another council among them",
        exclusions=NO_SHORT_BREAKS,
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_started,
        categories=REASONS,
    ),
    Measure(
        name="short_break_reasons",
        title="Why children began a series of short breaks",
        sentence="Of 100 planned series of short breaks that began, how many did so mainly for this reason.",
        numerator="those whose main reason this is",
        denominator="planned series of short breaks that started in the year",
        exclusions=(RESPONSIBLE,),
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_breaks_started,
        categories=REASONS,
    ),
)
