"""Whether the reasons that nobody used to collect are there: why care began, why it changed, why it ended."""

from ibis.expr.types import Table

from services.measures.breakdowns import Breakdown
from services.measures.episodes import FAMILIES, RESPONSIBLE, every_episode
from services.measures.facts import counted_if, facts
from services.measures.measure import Measure, Unit
from services.measures.released import OF_COUNCIL, Released
from services.measures.years import year_of

ENTRY, CHANGE, END = "entry", "change", "end"


def _reasons(released: Released) -> Table:
    return _entries(released).union(_changes(released)).union(_ends(released))


def _entries(released: Released) -> Table:
    """Episodes by the year they started in; a reason that says that none was recorded is no reason."""
    every = every_episode(released)
    unknown = every.primary_reason.isin(released.flagged("care_reasons", "is_not_yet_known"))
    unrecorded = every.primary_reason.isin(released.flagged("care_reasons", "legacy_only"))
    known = counted_if(~unknown & ~unrecorded)
    return facts(every, year=year_of(every.started_on), key=every.record_id, group=ENTRY, category=known)


def _changes(released: Released) -> Table:
    """Placements that ended and were followed by another, by the year they ended in."""
    placements = released.table("care_episodes_placements")
    left = placements.select("record_id", "position", "change_reason", left_on=placements.ended_on)
    later = placements.select("record_id", followed_on=placements.started_on)
    held = every_episode(released).select("record_id", OF_COUNCIL)
    last = later.group_by("record_id").agg(last_on=later.followed_on.max())
    both = left.join(last, "record_id").join(held, "record_id")
    ended = both.filter(both.left_on <= both.last_on)
    unknown = ended.change_reason.isin(released.flagged("change_reasons", "is_not_yet_known"))
    key = ended.record_id + "/" + ended.position.cast("string")
    known = counted_if(ended.change_reason.notnull() & ~unknown)
    return facts(ended, year=year_of(ended.left_on), key=key, group=CHANGE, category=known)


def _ends(released: Released) -> Table:
    every = every_episode(released)
    ended = every.filter(every.ended_on.notnull())
    unknown = ended.end_reason.isin(released.flagged("end_reasons", "is_not_yet_known"))
    known = counted_if(ended.end_reason.notnull() & ~unknown)
    return facts(ended, year=year_of(ended.ended_on), key=ended.record_id, group=END, category=known)


MEASURES = (
    Measure(
        name="reasons_complete",
        title="Reasons that are there",
        sentence="Of 100 starts, changes and ends of care, how many say why.",
        numerator='those with a reason; "not yet known", "not recorded" and none at all are not one',
        denominator="care episodes that started, placements that ended and were followed by another, and care "
        "episodes that ended in the year; series of short breaks among them",
        exclusions=(RESPONSIBLE,),
        unit=Unit.PER_CENT,
        families=FAMILIES,
        facts=_reasons,
        groups=Breakdown(
            "which reason",
            own={
                ENTRY: "Why care began",
                CHANGE: "Why it changed",
                END: "Why it ended",
            },
        ),
    ),
)
